package memberships

import (
	"souk/internal/id"
	"souk/internal/platform/events"
)

// Started says that somebody is a member from now on.
type Started struct {
	MembershipID id.Membership `json:"membership_id"`
	UserID       id.User       `json:"user_id"`
}

// RenewalDue says that the next period of a membership has been ordered, and is
// to be paid for where it costs something; once more where the way to pay that its
// member keeps was declined.
type RenewalDue struct {
	MembershipID id.Membership `json:"membership_id"`
	UserID       id.User       `json:"user_id"`
	OrderID      id.Order      `json:"order_id"`
}

// Reminded says that a period has ended and the next one is still not paid for.
type Reminded struct {
	MembershipID id.Membership `json:"membership_id"`
	UserID       id.User       `json:"user_id"`
	OrderID      id.Order      `json:"order_id"`
}

// Ended says that somebody is no member any more.
type Ended struct {
	MembershipID id.Membership `json:"membership_id"`
	UserID       id.User       `json:"user_id"`
}

// PlanArchived says that a plan is not offered any more.
type PlanArchived struct {
	PlanID id.Plan `json:"plan_id"`
}

// DowngradeDropped says that the next period of a membership is of its present plan
// after all: the lower one that its member had chosen is not offered any more.
type DowngradeDropped struct {
	MembershipID id.Membership `json:"membership_id"`
	UserID       id.User       `json:"user_id"`
}

// GatesChanged says that others may buy products than before, or that plans
// whose members may are called otherwise.
type GatesChanged struct {
	ProductIDs []id.Product `json:"product_ids"`
}

// The names of the events.
func (Started) EventName() string          { return "memberships.started" }
func (GatesChanged) EventName() string     { return "memberships.gates_changed" }
func (RenewalDue) EventName() string       { return "memberships.renewal_due" }
func (Reminded) EventName() string         { return "memberships.reminded" }
func (Ended) EventName() string            { return "memberships.ended" }
func (PlanArchived) EventName() string     { return "memberships.plan_archived" }
func (DowngradeDropped) EventName() string { return "memberships.downgrade_dropped" }

// told is what others are told of a line of history; nil is nothing.
func (m *Membership) told(line Event) events.Event {
	switch line.Kind {
	case "joined", "trial_started", "granted":
		return Started{m.ID, m.User}
	case "renewal_ordered":
		return RenewalDue{m.ID, m.User, line.Order}
	case "reminded":
		return Reminded{m.ID, m.User, line.Order}
	case "downgrade_dropped":
		return DowngradeDropped{m.ID, m.User}
	case "lapsed", "cancelled":
		return Ended{m.ID, m.User}
	}
	return nil
}
