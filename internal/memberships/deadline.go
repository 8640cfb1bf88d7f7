package memberships

import (
	"time"

	"souk/internal/id"
)

// settle writes down what follows from the rest: when the time ends, until when
// there are benefits, and when to look again.
func (m *Membership) settle() {
	m.EndsAt = m.Periods[0].Ends
	for _, p := range m.Periods {
		if p.Ends.After(m.EndsAt) {
			m.EndsAt = p.Ends
		}
	}
	m.BenefitsUntil = m.EndsAt
	if !m.CancelAtEnd && !m.Status.Over() {
		m.BenefitsUntil = m.EndsAt.AddDate(0, 0, m.Plan.GraceDays)
	}
	m.DueAt = m.deadline()
}

// deadline is the next moment at which the clock changes something; nil is never.
func (m *Membership) deadline() *time.Time {
	switch {
	case m.Status.Over():
		return nil
	case m.Status == Paused:
		return m.PausedUntil
	}
	next := m.BenefitsUntil
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if m.Status != PastDue {
		sooner(m.EndsAt)
	}
	if !m.CancelAtEnd && m.Renewal.IsZero() {
		sooner(m.renewalAt())
	}
	if at, due := m.reminderAt(); due {
		sooner(at)
	}
	return &next
}

// renewalAt is when the next period is ordered. It is not ordered more than half
// a period ahead.
func (m *Membership) renewalAt() time.Time {
	last := m.Periods[len(m.Periods)-1]
	at := m.EndsAt.Add(-min(m.Lead, last.Ends.Sub(last.Starts)/2))
	if m.RetryAt != nil && m.RetryAt.After(at) {
		return *m.RetryAt
	}
	return at
}

// reminderAt is when the member is next reminded of an order to pay.
func (m *Membership) reminderAt() (time.Time, bool) {
	if m.Status != PastDue || m.Renewal.IsZero() || m.Reminded >= len(m.Plan.DunningDays) {
		return time.Time{}, false
	}
	return m.EndsAt.AddDate(0, 0, m.Plan.DunningDays[m.Reminded]), true
}

// A Turn is what the clock asks for.
type Turn int

// The turns. One that is not made by [Membership.Tick] itself is the caller's.
const (
	Nothing Turn = iota
	Changed      // the membership itself has moved
	Renew        // the next period is to be ordered
	Remind       // the member is to be told of the order to pay
)

// Tick does one thing that the clock asks for, or says that the caller has to.
func (m *Membership) Tick(now time.Time) Turn {
	if m.DueAt == nil || now.Before(*m.DueAt) {
		return Nothing
	}
	defer m.settle()
	switch {
	case m.Status == Paused:
		m.resume(now)
	case !now.Before(m.BenefitsUntil) && m.CancelAtEnd:
		m.Status = Cancelled
		m.note("cancelled", m.Plan.ID, id.Order{}, "")
	case !now.Before(m.BenefitsUntil):
		m.Status = Lapsed
		m.note("lapsed", m.Plan.ID, m.Renewal, "")
	case m.Status != PastDue && !now.Before(m.EndsAt):
		m.Status = PastDue
		m.note("past_due", m.Plan.ID, m.Renewal, "")
	case m.Renewal.IsZero():
		return Renew
	default:
		m.Reminded++
		m.note("reminded", m.Plan.ID, m.Renewal, "")
		return Remind
	}
	return Changed
}

// Ordered notes the order of the next period.
func (m *Membership) Ordered(order id.Order) {
	m.Renewal, m.RetryAt = order, nil
	m.note("renewal_ordered", m.Renews(), order, "")
	m.settle()
}

// PutOff notes that the next period could not be ordered, and when to try again.
func (m *Membership) PutOff(until time.Time, reason string) {
	m.RetryAt = &until
	m.note("renewal_refused", m.Renews(), id.Order{}, reason)
	m.settle()
}
