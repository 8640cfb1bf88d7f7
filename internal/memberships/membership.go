package memberships

import (
	"slices"
	"time"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
)

// Status is how a membership stands.
type Status string

// The statuses.
const (
	Trialing  Status = "trialing"
	Active    Status = "active"
	PastDue   Status = "past_due" // its period has ended unpaid; the grace of its plan runs
	Paused    Status = "paused"
	Cancelled Status = "cancelled"
	Lapsed    Status = "lapsed" // nobody paid for the next period
)

// moves is every move that a membership may make. The trigger memberships_moves
// states the same in the database, and a test compares them.
var moves = map[Status][]Status{
	Trialing:  {Active, PastDue, Cancelled, Lapsed},
	Active:    {PastDue, Paused, Cancelled, Lapsed},
	PastDue:   {Active, Cancelled, Lapsed},
	Paused:    {Active, Cancelled},
	Cancelled: {},
	Lapsed:    {},
}

// May reports whether a membership may move from s to another status.
func (s Status) May(to Status) bool { return slices.Contains(moves[s], to) }

// Over reports whether s is an end.
func (s Status) Over() bool { return s == Cancelled || s == Lapsed }

// Membership is one user's, from the day they joined until it is over. Whoever
// joins again has another one.
type Membership struct {
	ID            id.Membership           `db:"id"`
	User          id.User                 `db:"user_id"`
	Customer      []byte                  `db:"customer"` // a keyed hash of their mailbox
	Status        Status                  `db:"status"`
	Trialed       bool                    `db:"trialed"`
	NextPlan      id.Plan                 `db:"next_plan_id"` // of the next period, where it is another
	EndsAt        time.Time               `db:"ends_at"`      // of the last period
	BenefitsUntil time.Time               `db:"benefits_until"`
	CancelAtEnd   bool                    `db:"cancel_at_period_end"`
	PausedAt      *time.Time              `db:"paused_at"`
	PausedUntil   *time.Time              `db:"paused_until"`
	WithheldBy    id.Order                `db:"withheld_by"` // whose payment is disputed: paused until that is decided
	Method        string                  `db:"payment_method"`
	Currency      money.Currency          `db:"currency"`
	Billing       *accounts.PostalAddress `db:"billing_address"`
	Reminded      int                     `db:"reminded"`
	RetryAt       *time.Time              `db:"retry_at"`
	DueAt         *time.Time              `db:"due_at"`
	Version       int64                   `db:"version"`
	CreatedAt     time.Time               `db:"created_at"`

	Periods []Period      `db:"-"` // one after the other
	Plan    Plan          `db:"-"` // of the last period
	Renewal id.Order      `db:"-"` // that was placed for the next period; zero while none was
	Lead    time.Duration `db:"-"` // the next period is ordered so long before

	history []Event
}

// PeriodKind says where a piece of time comes from.
type PeriodKind string

// The kinds of periods.
const (
	TrialPeriod PeriodKind = "trial"
	Paid        PeriodKind = "paid"
	Granted     PeriodKind = "granted"
	Carried     PeriodKind = "carried" // the rest of one that was paused, or given up for a better plan
)

// Period is a piece of time in which somebody is a member.
type Period struct {
	Membership id.Membership `db:"membership_id" json:"-"`
	Number     int           `db:"number" json:"number"`
	Plan       id.Plan       `db:"plan_id" json:"plan_id"`
	Kind       PeriodKind    `db:"kind" json:"kind" enum:"trial,paid,granted,carried"`
	Order      id.Order      `db:"order_id" json:"order_id,omitzero"`
	Starts     time.Time     `db:"starts_at" json:"starts_at"`
	Ends       time.Time     `db:"ends_at" json:"ends_at"`
	Paid       money.Amount  `db:"paid" json:"paid"`
	SetOff     money.Amount  `db:"set_off" json:"set_off" doc:"What periods before it have paid of its price"`
	Credited   money.Amount  `db:"credited" json:"credited" doc:"What was not used of it, and went into a later period"`
	Value      money.Amount  `db:"value" json:"-"`    // its price before tax on top, paid or set off
	Refunded   money.Amount  `db:"refunded" json:"-"` // of what was paid, or went into it

	changed bool
}

// Event is a line of a membership's history.
type Event struct {
	Seq    int64     `db:"seq" json:"-"`
	Kind   string    `db:"kind" json:"kind"`
	Plan   id.Plan   `db:"plan_id" json:"plan_id,omitzero"`
	Order  id.Order  `db:"order_id" json:"order_id,omitzero"`
	Reason string    `db:"reason" json:"reason,omitempty"`
	Actor  string    `db:"actor" json:"actor"`
	At     time.Time `db:"at" json:"at"`
}

// A Purchase is a period of a plan that was paid for.
type Purchase struct {
	Plan    Plan
	Order   id.Order
	Paid    money.Amount
	Value   money.Amount // its price before tax on top, with what was set off
	SetOff  money.Amount // what unused time was to pay of it
	AsOf    time.Time    // the moment at which that was counted
	Method  string
	Billing *accounts.PostalAddress
}

// period is the time that a purchase pays for from a moment on, where so much is
// set off: whatever was to be and is gone meanwhile makes it as much shorter.
func (b Purchase) period(starts time.Time, anchor int, setOff money.Amount) Period {
	p := Period{Plan: b.Plan.ID, Kind: Paid, Order: b.Order, Starts: starts, Ends: b.Plan.Interval.After(starts, anchor), Paid: b.Paid, SetOff: setOff}
	if p.Value = b.Value.Minus(b.SetOff).Plus(setOff); p.Value.Minor < b.Value.Minor {
		whole := int64(p.Ends.Sub(starts) / time.Microsecond)
		p.Ends = starts.Add(time.Duration(portion(whole, p.Value.Minor, b.Value.Minor)) * time.Microsecond)
	}
	return p
}

// Join makes the membership of a first purchase.
func Join(user id.User, customer []byte, now time.Time, bought Purchase) Membership {
	m := Membership{ID: id.New[id.Membership](), User: user, Customer: customer, Status: Active, CreatedAt: now, Plan: bought.Plan}
	m.agree(bought)
	m.append(bought.period(now, now.Day(), money.Zero(m.Currency)))
	m.note("joined", bought.Plan.ID, bought.Order, "")
	m.settle()
	return m
}

// Try makes a membership that begins with the trial of its plan. A purchase in
// advance says how the first period is to be paid.
func Try(user id.User, customer []byte, now time.Time, bought Purchase) Membership {
	m := Membership{
		ID: id.New[id.Membership](), User: user, Customer: customer, Status: Trialing, Trialed: true, CreatedAt: now, Plan: bought.Plan,
	}
	m.agree(bought)
	m.append(Period{Plan: bought.Plan.ID, Kind: TrialPeriod, Starts: now, Ends: now.AddDate(0, 0, bought.Plan.TrialDays), Paid: money.Zero(m.Currency)})
	m.note("trial_started", bought.Plan.ID, id.Order{}, "")
	m.settle()
	return m
}

// Grant makes a membership that the shop gives away until a day; it is not
// renewed.
func Grant(user id.User, customer []byte, now, until time.Time, plan Plan, c money.Currency, reason string) Membership {
	m := Membership{
		ID: id.New[id.Membership](), User: user, Customer: customer, Status: Active, Currency: c, CancelAtEnd: true, CreatedAt: now, Plan: plan,
	}
	m.append(Period{Plan: plan.ID, Kind: Granted, Starts: now, Ends: until, Paid: money.Zero(c)})
	m.note("granted", plan.ID, id.Order{}, reason)
	m.settle()
	return m
}

// agree takes over how the member pays from now on.
func (m *Membership) agree(bought Purchase) {
	m.Currency = bought.Paid.Currency
	if bought.Method != "" { // else it was paid for with what the shop owed
		m.Method = bought.Method
	}
	if bought.Billing != nil {
		m.Billing = bought.Billing
	}
}

// Extend adds a period that was paid for: a better plan begins at once, and
// what was not used of the time that is left goes into it; all others follow
// what is paid for already. A renewal that is late begins where its period
// ended, so that grace is not free time. Who buys anew goes on; a renewal that was
// ordered before its member cancelled, or chose a lower plan, changes neither.
func (m *Membership) Extend(now time.Time, bought Purchase) {
	renewal := m.Renewal == bought.Order && !bought.Order.IsZero()
	if m.Status == Paused {
		m.resume(now)
		m.settle()
	}
	next := m.Plan.ID == bought.Plan.ID || m.NextPlan == bought.Plan.ID
	better := bought.Plan.Rank > m.Plan.Rank && m.paidIn(now, bought.Paid.Currency)
	if better && !next {
		m.Currency = bought.Paid.Currency
		m.upgrade(now, bought)
	} else {
		m.follow(now, bought, next)
	}
	m.Plan, m.Status = bought.Plan, Active
	m.agree(bought)
	m.Renewal, m.Reminded, m.RetryAt = id.Order{}, 0, nil
	if !renewal || m.NextPlan == bought.Plan.ID {
		m.NextPlan = id.Plan{}
	}
	m.CancelAtEnd = m.CancelAtEnd && renewal
	m.settle()
}

// paidIn reports whether all time that is left was paid for in a currency: only
// then it can be set off against a price in it.
func (m *Membership) paidIn(now time.Time, c money.Currency) bool {
	return !slices.ContainsFunc(m.Periods, func(p Period) bool { return p.Ends.After(now) && p.Paid.Currency != c })
}

func (m *Membership) follow(now time.Time, bought Purchase, next bool) {
	kind, none := "renewed", money.Zero(bought.Paid.Currency)
	period := bought.period(m.EndsAt, m.anchor(bought.Plan.ID), none)
	if !period.Ends.After(now) || !next && m.EndsAt.Before(now) { // the grace was longer than a period, or another plan's
		period = bought.period(now, now.Day(), none)
	}
	if bought.Plan.ID != m.Plan.ID {
		kind = "downgraded"
	}
	m.append(period)
	m.note(kind, bought.Plan.ID, bought.Order, "")
}

// anchor is the day of the month on which the last periods of a plan began, as
// long as they followed each other.
func (m *Membership) anchor(plan id.Plan) int {
	last := len(m.Periods) - 1
	day := m.Periods[last].Ends.Day()
	for i := last; i >= 0; i-- {
		p := m.Periods[i]
		if p.Plan != plan || p.Kind != Paid || i < last && !p.Ends.Equal(m.Periods[i+1].Starts) {
			break
		}
		day = p.Starts.Day()
	}
	return day
}

func (m *Membership) append(p Period) {
	p.Membership, p.Number, p.changed = m.ID, len(m.Periods)+1, true
	p.Starts, p.Ends = p.Starts.Truncate(time.Microsecond), p.Ends.Truncate(time.Microsecond) // as the database keeps them
	p.Credited, p.Refunded = money.Zero(p.Paid.Currency), money.Zero(p.Paid.Currency)
	if p.Kind != Paid { // of those, the price is set off and paid
		p.Value, p.SetOff = p.Paid, money.Zero(p.Paid.Currency)
	}
	m.Periods = append(m.Periods, p)
}

func (m *Membership) note(kind string, plan id.Plan, order id.Order, reason string) {
	m.history = append(m.history, Event{Kind: kind, Plan: plan, Order: order, Reason: reason})
}

// Next is the number of the period that is still to come.
func (m *Membership) Next() int { return len(m.Periods) + 1 }

// Renews is the plan of the next period.
func (m *Membership) Renews() id.Plan {
	if !m.NextPlan.IsZero() {
		return m.NextPlan
	}
	return m.Plan.ID
}

// At is the period that covers a moment, or the one whose grace does.
func (m *Membership) At(now time.Time) (Period, bool) {
	if m.Status.Over() || m.Status == Paused || !now.Before(m.BenefitsUntil) {
		return Period{}, false
	}
	for i := len(m.Periods) - 1; i >= 0; i-- {
		if p := m.Periods[i]; !p.Starts.After(now) && p.Ends.After(p.Starts) {
			return p, true
		}
	}
	return Period{}, false
}
