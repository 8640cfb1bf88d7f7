// Package memberships is who is a member of what, until when, and what they
// have of it.
//
// Owns: plans and what they give ([Plan], [Benefits]), memberships and the time
// that they cover ([Membership]), the rules of joining, going on, changing,
// pausing and leaving (membership.go, change.go), products that are for members
// (gate.go).
// Tables: plans, memberships, membership_periods, membership_renewals,
// membership_upgrades, membership_events, product_gates, product_gate_plans.
// Raises: [Started], [RenewalDue], [Reminded], [Ended], [GatesChanged].
// Calls: vendors (the house sells plans), catalog and pricing (as what, and for
// how much), promotions (what plans take off).
//
// A plan is sold as a variant of the marketplace's own shop, so that carts, tax,
// checkout, ledger and history know nothing of plans; when an order is paid for,
// checkout, a floor above, tells [Memberships.Extend] what was bought.
//
// # Time
//
// A membership is a row of pieces of time, one after the other. Whether somebody
// is a member now, and of which plan, is read off the pieces by the clock of the
// database (the view buyer_plans): benefits begin and end at their moment, whether a job runs
// or not. The sweep that follows the deadlines only orders renewals, reminds,
// and writes down what the clock has done.
package memberships

import (
	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/vendors"
)

// What staff may be permitted to do with plans and memberships.
const (
	CanRead  auth.Permission = "memberships.read"
	CanWrite auth.Permission = "memberships.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Memberships is every plan of the shop and everybody who is a member.
type Memberships struct {
	DB         postgres.DB
	Settings   *settings.Settings
	Users      *accounts.Users
	Vendors    *vendors.Vendors
	Catalog    *catalog.Catalog
	Prices     *pricing.Prices
	Promotions *promotions.Promotions

	cursors httpapi.Cursors
}

// RenewDaysSetting is how long before a period ends the next one is ordered.
var RenewDaysSetting = settings.Value[int]{
	Key: "memberships.renew_days", Help: "How many days before a membership's period ends its renewal is ordered, or half the period before where that is shorter.",
	Default: 5, Check: func(n int) bool { return 0 <= n && n <= 60 }, Rule: "Give a number from 0 to 60.",
}

// UpgradeSetting is what becomes of unused time when somebody goes up.
var UpgradeSetting = settings.Value[string]{
	Key: "memberships.upgrade", Help: "What unused time of a plan is worth when its member goes up to a better one: `credit` lowers the price of the order, `time` makes the new period longer.",
	Default: "credit", Choices: []string{"credit", "time"},
}

// Settings lists what this module declares.
func Settings() []settings.Declared { return []settings.Declared{RenewDaysSetting, UpgradeSetting} }

var (
	// ErrNoPlan says that there is no such plan.
	ErrNoPlan = errs.New(errs.NotFound, "plan_not_found", "There is no such plan.")
	// ErrPlanName says that another plan is called so.
	ErrPlanName = errs.New(errs.Conflict, "plan_name_taken", "Another plan has this name.")
	// ErrPlanArchived keeps new members from a plan that is not offered any more.
	ErrPlanArchived = errs.New(errs.Conflict, "plan_archived", "This plan is not offered any more.")
	// ErrNoMembership says that somebody is no member, or that there is no such membership.
	ErrNoMembership = errs.New(errs.NotFound, "membership_not_found", "There is no such membership.")
	// ErrMember says that somebody is a member already.
	ErrMember = errs.New(errs.Conflict, "already_member", "You are a member already. Change your plan instead.")
	// ErrState says that a membership does not allow this as it is now.
	ErrState = errs.New(errs.Conflict, "membership_state", "Your membership does not allow this as it is now.")
	// ErrWithheld says that the payment of a membership is disputed.
	ErrWithheld = errs.New(errs.Conflict, "membership_withheld", "The payment of your membership is disputed. It goes on when that is decided for the shop.")
	// ErrNotHigher says that a plan is no upgrade.
	ErrNotHigher = errs.New(errs.Conflict, "plan_not_higher", "This plan is not above yours. Downgrade to it: it begins when your period ends.")
	// ErrNotLower says that a plan is no downgrade.
	ErrNotLower = errs.New(errs.Conflict, "plan_not_lower", "This plan is not below yours. Upgrade to it: it begins at once.")
	// ErrNoPause says that a plan is not paused.
	ErrNoPause = errs.New(errs.Conflict, "plan_without_pause", "This plan cannot be paused.")
	// ErrNoTrial says that a plan has no trial, or that this person had one.
	ErrNoTrial = errs.New(errs.Conflict, "no_trial", "A trial is for a first membership, on plans that have one.")
	// ErrOrdered says that the next period has an order already.
	ErrOrdered = errs.New(errs.Conflict, "renewal_ordered", "The next period has been ordered already. Pay for that order.")
	// ErrUpgrading says that an order for a better plan counts on the unused time already.
	ErrUpgrading = errs.New(errs.Conflict, "upgrade_ordered", "An upgrade has been ordered already. Pay for that order, or cancel it.")
	// ErrChanged says that a membership changed in between.
	ErrChanged = errs.New(errs.Conflict, "membership_changed", "The membership has changed in the meantime. Look at it again.")
)

func init() {
	postgres.Name("plans_name_key", ErrPlanName)
	postgres.Name("memberships_live", ErrMember)
	postgres.Name("memberships_one_trial", ErrNoTrial)
	postgres.Name("membership_renewals_once", ErrOrdered)
	postgres.Name("memberships_moves", ErrChanged)
}

// Routes mounts what everybody sees of plans, members of their membership and
// staff of both. What makes an order is checkout's.
func (m *Memberships) Routes(r *httpapi.Router) {
	m.cursors = r.Cursors
	m.planRoutes(r)
	m.memberRoutes(r)
	m.staffRoutes(r)
	m.gateRoutes(r)
}
