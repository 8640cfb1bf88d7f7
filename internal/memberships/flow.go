package memberships

import "time"

// What is not used of periods pays for later ones: for those that carry their time
// on, and for a part of a better plan. No row says which of them a period went
// into, because the amounts do: to go up, or to go on after a pause, credits all
// time that is left at once, and the periods that are added with it take as much.
// So what periods have credited, one after the other, and what periods have taken
// is one row of money, and stands in the same order.

// flows tells how much of a period went into each of all: none before it.
func (m *Membership) flows(from int) []int64 {
	starts := int64(0)
	for _, p := range m.Periods[:from] {
		starts += p.Credited.Minor
	}
	ends, at := starts+m.Periods[from].Credited.Minor, int64(0)
	into := make([]int64, len(m.Periods))
	for i, p := range m.Periods {
		begins := at
		at += p.taken()
		if i > from {
			into[i] = max(0, min(at, ends)-max(begins, starts))
		}
	}
	return into
}

// taken is what periods before a period have paid of it.
func (p *Period) taken() int64 {
	if p.Kind == Carried {
		return p.Paid.Minor
	}
	return p.SetOff.Minor
}

// spread has periods know what was given back of the money that went into them:
// what a period has credited and what was refunded of it are its price at most, and
// all beyond that has gone back out of later ones.
func (m *Membership) spread() {
	for i := range m.Periods {
		p := &m.Periods[i]
		beyond := p.Credited.Minor + p.Refunded.Minor - p.Value.Minor
		for to, minor := range m.flows(i) {
			back := max(0, min(minor, beyond))
			m.Periods[to].Refunded.Minor += back
			beyond -= back
		}
	}
}

// lasts reports whether a period is not over, or one that something of it went into.
func (m *Membership) lasts(period int, now time.Time) bool {
	if m.Periods[period].Ends.After(now) {
		return true
	}
	for i, minor := range m.flows(period) {
		if minor > 0 && m.lasts(i, now) {
			return true
		}
	}
	return false
}
