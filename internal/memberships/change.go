package memberships

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
)

// upgrade cuts what is left of the time so far for the first period of a better
// plan. What the order for it has set off is paid with it, as it was counted then,
// and the rest is added as the time that it is worth.
func (m *Membership) upgrade(now time.Time, bought Purchase) {
	share := func(p Period, rest time.Duration) money.Amount { return p.share(rest) }
	if !bought.SetOff.IsZero() {
		share = func(p Period, _ time.Duration) money.Amount {
			if p.Starts.After(bought.AsOf) { // it has begun while the order waited
				return p.unused(now)
			}
			return p.unused(bought.AsOf)
		}
	}
	unused, left := m.cut(now, share)
	setOff := money.Of(min(unused.Minor, bought.SetOff.Minor), unused.Currency)
	first, rest := bought.period(now, now.Day(), setOff), unused.Minus(setOff)
	m.append(first)
	if more := worth(rest, left, first.Ends.Sub(now), bought.Value); more > 0 {
		m.append(Period{Plan: bought.Plan.ID, Kind: Carried, Starts: first.Ends, Ends: first.Ends.Add(more), Paid: rest})
	}
	m.note("upgraded", bought.Plan.ID, bought.Order, "")
}

// SetOff is what unused time pays of the price of a better plan.
type SetOff struct {
	Amount money.Amount `json:"amount"`
	Plan   string       `json:"plan" doc:"Whose time it is"`
	Unused int64        `json:"unused_days" doc:"A day that has begun is used"`
	Days   int64        `json:"days" doc:"Of all periods that are not over"`
	At     time.Time    `json:"-"` // when it was counted
}

// Text is a set-off as carts and orders tell it.
func (o SetOff) Text() string {
	return fmt.Sprintf("Unused time of %s: %d of %d days", o.Plan, o.Unused, o.Days)
}

// Unused is what could be set off now against a price in a currency: of each
// period what its unused days have cost. A day that has begun is used.
func (m *Membership) Unused(now time.Time, c money.Currency) SetOff {
	off := SetOff{Amount: money.Zero(c), Plan: m.Plan.Name, At: now}
	if m.paidIn(now, c) && m.Status != Paused {
		for _, p := range m.Periods {
			if p.Ends.After(now) {
				used, unused := p.days(now)
				off.Amount, off.Unused, off.Days = off.Amount.Plus(p.unused(now)), off.Unused+unused, off.Days+used+unused
			}
		}
	}
	return off
}

// unused is what the days of a period have cost that were not used at a moment,
// less what has been given back: by largest remainder.
func (p *Period) unused(at time.Time) money.Amount {
	used, unused := p.days(at)
	if unused == 0 {
		return money.Zero(p.Value.Currency)
	}
	return p.kept().Split([]int64{used, unused})[1]
}

// kept is what a period is worth that has not been given back.
func (p *Period) kept() money.Amount {
	return money.Of(max(p.Value.Minor-p.Refunded.Minor, 0), p.Value.Currency)
}

// days counts those of a period that were used at a moment, and the others.
func (p *Period) days(at time.Time) (used, unused int64) {
	const day = 24 * time.Hour
	begun := func(d time.Duration) int64 { return int64((max(d, 0) + day - 1) / day) }
	whole := begun(p.Ends.Sub(p.Starts))
	used = min(begun(at.Sub(p.Starts)), whole)
	return used, whole - used
}

// worth is the time of a new plan that unused money pays for, by what a period
// of it costs: ten years at most, however little that is. Where it is nothing,
// time is kept as it is.
func worth(unused money.Amount, left, period time.Duration, price money.Amount) time.Duration {
	const most = 10 * 365 * 24 * time.Hour
	if price.IsZero() {
		return left
	}
	micros := min(portion(unused.Minor, int64(period/time.Microsecond), price.Minor), int64(most/time.Microsecond))
	return time.Duration(micros) * time.Microsecond
}

// cut ends all periods now. It tells what was paid for the time after it, by each
// period's share, and how long that is.
func (m *Membership) cut(now time.Time, shareOf func(p Period, rest time.Duration) money.Amount) (unused money.Amount, left time.Duration) {
	unused = money.Zero(m.Currency)
	for i := range m.Periods {
		p := &m.Periods[i]
		whole := *p
		if rest := p.stop(now); rest > 0 {
			share := shareOf(whole, rest)
			p.Credited = p.Credited.Plus(share)
			unused, left = unused.Plus(share), left+rest
		}
	}
	return unused, left
}

// stop ends a period now, if it has not ended, and tells how long it would have
// lasted; one that has not begun is left with no time at all.
func (p *Period) stop(now time.Time) (rest time.Duration) {
	now = now.Truncate(time.Microsecond)
	switch {
	case !p.Ends.After(now):
		return 0
	case p.Starts.After(now):
		rest, p.Starts = p.Ends.Sub(p.Starts), now
	default:
		rest = p.Ends.Sub(now)
	}
	p.Ends, p.changed = now, true
	return rest
}

// share is what some of a period's time is worth, rounded down.
func (p *Period) share(of time.Duration) money.Amount {
	kept := p.kept()
	return money.Of(portion(kept.Minor, int64(of), int64(p.Ends.Sub(p.Starts))), kept.Currency)
}

// portion is n × of / whole, rounded down. The product of money and microseconds
// may pass 64 bits.
func portion(n, of, whole int64) int64 {
	product := new(big.Int).Mul(big.NewInt(n), big.NewInt(of))
	if product.Quo(product, big.NewInt(whole)); !product.IsInt64() {
		return math.MaxInt64
	}
	return product.Int64()
}

// Downgrade has the next period be of a lower plan.
func (m *Membership) Downgrade(to Plan) error {
	switch {
	case m.Status != Active && m.Status != Trialing && m.Status != PastDue, m.given():
		return ErrState.With("status", m.Status)
	case to.Archived():
		return ErrPlanArchived
	case to.ID == m.Plan.ID: // as it was
		m.NextPlan = id.Plan{}
	case to.Rank >= m.Plan.Rank:
		return ErrNotLower
	default:
		m.NextPlan = to.ID
	}
	m.CancelAtEnd = false
	m.note("downgrade_planned", to.ID, id.Order{}, "")
	m.settle()
	return nil
}

// DropDowngrade has the next period be of the present plan, where the lower one that
// was chosen is not offered any more.
func (m *Membership) DropDowngrade() {
	m.note("downgrade_dropped", m.NextPlan, id.Order{}, "it is not offered any more")
	m.NextPlan = id.Plan{}
	m.settle()
}

// Cancel ends a membership with its period. Until then nothing changes.
func (m *Membership) Cancel(now time.Time) error {
	switch {
	case m.Status.Over():
		return ErrState.With("status", m.Status)
	case m.Status == Paused || m.Status == PastDue: // nothing is left that could run out
		m.end(now, "")
		return nil
	case m.CancelAtEnd:
		return nil
	}
	m.CancelAtEnd, m.NextPlan = true, id.Plan{}
	m.note("cancel_planned", m.Plan.ID, id.Order{}, "")
	m.settle()
	return nil
}

// CancelNow ends a membership at once: staff do, who say why.
func (m *Membership) CancelNow(now time.Time, reason string) error {
	if m.Status.Over() {
		return ErrState.With("status", m.Status)
	}
	m.end(now, reason)
	return nil
}

func (m *Membership) end(now time.Time, reason string) {
	now = m.until(now)
	for i := range m.Periods {
		m.Periods[i].stop(now)
	}
	m.Status, m.PausedAt, m.PausedUntil, m.WithheldBy = Cancelled, nil, nil, id.Order{}
	m.note("cancelled", m.Plan.ID, id.Order{}, reason)
	m.settle()
}

// until is the moment up to which time has passed: a pause stops it.
func (m *Membership) until(now time.Time) time.Time {
	if m.PausedAt != nil {
		return *m.PausedAt
	}
	return now
}

// Revoke ends a membership at once where an order whose money went back has paid
// for time that is not over: for a period, or for one of which something went
// into a later one that lasts. It reports whether it did.
func (m *Membership) Revoke(now time.Time, order id.Order) bool {
	if !m.livesOn(now, order) {
		return false
	}
	m.end(now, "its order was refunded")
	return true
}

// livesOn reports whether an order has paid for time of a membership that is not
// over.
func (m *Membership) livesOn(now time.Time, order id.Order) bool {
	at := slices.IndexFunc(m.Periods, func(p Period) bool { return p.Order == order })
	return at >= 0 && !m.Status.Over() && m.lasts(at, m.until(now))
}

// Withhold stops the time of a membership, and its benefits, where Revoke would end
// it, until a dispute about the order is decided. Nothing but [Membership.GiveBack]
// and another purchase lets it run on. One that another dispute withholds already
// ends: so many are no mistake. It reports whether it did anything.
func (m *Membership) Withhold(now time.Time, order id.Order) bool {
	switch {
	case m.WithheldBy == order || !m.livesOn(now, order):
		return false
	case !m.WithheldBy.IsZero() || m.Status != Active && m.Status != Paused:
		return m.Revoke(now, order)
	}
	stopped := m.until(now)
	m.Status, m.PausedAt, m.PausedUntil, m.WithheldBy = Paused, &stopped, nil, order
	m.note("withheld", m.Plan.ID, order, "its payment is disputed")
	m.settle()
	return true
}

// GiveBack lets a membership run on that was withheld for an order, whose dispute
// was won. It reports whether it did.
func (m *Membership) GiveBack(now time.Time, order id.Order) bool {
	if m.WithheldBy.IsZero() || m.WithheldBy != order {
		return false
	}
	m.resume(now)
	m.settle()
	return true
}

// Pause stops the time of a membership, and its benefits.
func (m *Membership) Pause(now time.Time) error {
	switch {
	case m.Status != Active || m.CancelAtEnd || !now.Before(m.EndsAt):
		return ErrState.With("status", m.Status)
	case m.Plan.PauseDays == 0:
		return ErrNoPause
	}
	until := now.AddDate(0, 0, m.Plan.PauseDays)
	m.Status, m.PausedAt, m.PausedUntil = Paused, &now, &until
	m.note("paused", m.Plan.ID, id.Order{}, "")
	m.settle()
	return nil
}

// given reports that the last period was given away: it is not renewed.
func (m *Membership) given() bool { return m.Periods[len(m.Periods)-1].Kind == Granted }

// Resume lets the time of a paused membership run on, and takes back that it
// was to be cancelled. One that runs anyhow stays as it is.
func (m *Membership) Resume(now time.Time) error {
	switch {
	case !m.WithheldBy.IsZero():
		return ErrWithheld
	case m.Status == Paused:
		m.resume(now)
	case m.Status.Over(), m.given():
		return ErrState.With("status", m.Status)
	case m.CancelAtEnd && now.Before(m.EndsAt):
		m.CancelAtEnd = false
		m.note("cancel_withdrawn", m.Plan.ID, id.Order{}, "")
	}
	m.settle()
	return nil
}

// resume moves what was left when the time stopped to now: the rest of the
// period that ran, with its share of what was paid, and the periods after it.
func (m *Membership) resume(now time.Time) {
	now = now.Truncate(time.Microsecond)
	stopped := m.PausedAt.Truncate(time.Microsecond)
	var rest []Period
	for i := range m.Periods {
		p := &m.Periods[i]
		whole := *p
		left := p.stop(stopped)
		if left == 0 {
			continue
		}
		share := whole.share(left)
		rest = append(rest, Period{Plan: p.Plan, Kind: Carried, Starts: now, Ends: now.Add(left), Paid: share})
		p.Credited = p.Credited.Plus(share)
		now = now.Add(left)
	}
	for _, p := range rest {
		m.append(p)
	}
	m.Status, m.PausedAt, m.PausedUntil, m.WithheldBy = Active, nil, nil, id.Order{}
	m.note("resumed", m.Plan.ID, id.Order{}, "")
}
