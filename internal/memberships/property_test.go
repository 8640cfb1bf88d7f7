package memberships

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"souk/internal/id"
	"souk/internal/money"
)

// a life is a membership, or the one after it, with all that was paid and all
// that the clock has shown.
type life struct {
	is     Membership
	past   []Membership // those that are over
	now    time.Time
	plans  []Plan
	orders map[id.Order]money.Amount // paid
	back   map[id.Order]money.Amount // refunded
	open   *Purchase                 // an upgrade that is ordered and not paid for
}

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

func (l *life) buy(t *rapid.T, plan Plan) {
	l.pay(l.purchase(plan, SetOff{Amount: usd(0)}))
}

// purchase orders a period, of whose price so much is set off.
func (l *life) purchase(plan Plan, off SetOff) Purchase {
	price, _ := plan.Price("USD")
	setOff := usd(min(off.Amount.Minor, price.Minor))
	return Purchase{Plan: plan, Order: id.New[id.Order](), Paid: price.Minus(setOff), Value: price, SetOff: setOff, AsOf: off.At, Method: "stripe"}
}

// upgrade orders a better plan, and pays for it then or later.
func (l *life) upgrade(t *rapid.T, to Plan) {
	if l.is.Status.Over() || to.Rank <= l.is.Plan.Rank || l.open != nil {
		return
	}
	off := l.is.Unused(l.now, "USD")
	for _, p := range l.is.Periods {
		if got := p.unused(l.now); got.Minor > p.Value.Minor || p.Kind == TrialPeriod && !got.IsZero() {
			t.Fatalf("%v is unused of %+v", got, p)
		}
	}
	bought := l.purchase(to, off)
	l.open = &bought
	if rapid.Bool().Draw(t, "paid at once") {
		l.payUpgrade(t)
	}
}

func (l *life) payUpgrade(*rapid.T) {
	if l.open != nil {
		l.pay(*l.open)
		l.open = nil
	}
}

func (l *life) pay(bought Purchase) {
	l.orders[bought.Order] = bought.Paid
	if l.is.Status.Over() {
		l.past = append(l.past, l.is)
		l.is = Join(l.is.User, nil, l.now, bought)
		return
	}
	l.is.Extend(l.now, bought)
}

// refund gives something back of an order for a period that is not forgotten, as it
// is read from the database then.
func (l *life) refund(t *rapid.T) {
	of := rapid.SampledFrom(l.is.Periods).Draw(t, "refund")
	if of.Kind != Paid {
		return
	}
	back := usd(rapid.Int64Range(l.back[of.Order].Minor, of.Paid.Minor).Draw(t, "back"))
	l.back[of.Order] = back
	if back == of.Paid {
		l.is.Revoke(l.now, of.Order)
	}
	for i := range l.is.Periods {
		p := &l.is.Periods[i]
		p.Refunded = usd(l.back[p.Order].Minor)
	}
	l.is.spread()
}

// someOrder is one that has paid for a period, or none.
func (l *life) someOrder(t *rapid.T) id.Order {
	return rapid.SampledFrom(l.is.Periods).Draw(t, "order").Order
}

// pass lets time go by, with a job that runs or one that does not.
func (l *life) pass(t *rapid.T) {
	l.now = l.now.Add(time.Duration(rapid.Int64Range(1, int64(20*24*time.Hour/time.Microsecond)).Draw(t, "pass")) * time.Microsecond)
	if rapid.Bool().Draw(t, "worker") || !l.now.Before(l.is.BenefitsUntil) && l.is.Status != Paused {
		l.tick(t)
	}
}

func (l *life) tick(t *rapid.T) {
	for range 100 {
		switch l.is.Tick(l.now) {
		case Nothing:
			return
		case Renew:
			order := id.New[id.Order]()
			l.is.Ordered(order)
			if rapid.Bool().Draw(t, "paid at once") {
				at := plan(l.plans, l.is.Renews())
				renewed := l.purchase(at, SetOff{Amount: usd(0)})
				renewed.Order = order
				l.pay(renewed)
			}
		case Changed, Remind:
		}
	}
	t.Fatalf("the clock never comes to rest: %+v at %v", l.is, l.now)
}

func plan(plans []Plan, wanted id.Plan) Plan {
	for _, p := range plans {
		if p.ID == wanted {
			return p
		}
	}
	panic("no such plan")
}

// check is what must hold after whatever has happened.
func (l *life) check(t *rapid.T) {
	paid := usd(0)
	for _, m := range append(l.past, l.is) {
		credited, carried := usd(0), usd(0)
		for i, p := range m.Periods {
			if p.Number != i+1 || p.Ends.Before(p.Starts) {
				t.Fatalf("period %+v is number %d", p, i+1)
			}
			for _, q := range m.Periods[:i] {
				if p.Starts.Before(q.Ends) && q.Starts.Before(p.Ends) && p.Starts.Before(p.Ends) && q.Starts.Before(q.Ends) {
					t.Fatalf("periods overlap: %+v and %+v", q, p)
				}
			}
			credited = credited.Plus(p.Credited)
			went := int64(0)
			for _, minor := range m.flows(i) {
				went += minor
			}
			if went != p.Credited.Minor {
				t.Fatalf("%d of %v went into later periods: %+v", went, p.Credited, m.Periods)
			}
			switch p.Kind {
			case Paid:
				if l.orders[p.Order] != p.Paid {
					t.Fatalf("%v was paid for order %s, not %v", l.orders[p.Order], p.Order, p.Paid)
				}
				paid = paid.Plus(p.Paid)
				carried = carried.Plus(p.SetOff)
				if price := p.Paid.Plus(p.SetOff); p.Value != price {
					t.Fatalf("%v was paid and set off, and it is worth %v", price, p.Value)
				}
			case Carried:
				carried = carried.Plus(p.Paid)
			case TrialPeriod, Granted:
			}
			if p.Credited.Minor > p.Value.Minor {
				t.Fatalf("more was credited than paid: %+v", p)
			}
		}
		if credited != carried {
			t.Fatalf("%v was not used, and %v carried on: %+v", credited, carried, m.Periods)
		}
	}
	total, back := usd(0), usd(0)
	for order, a := range l.orders {
		total, back = total.Plus(a), back.Plus(usd(l.back[order].Minor))
	}
	if paid != total {
		t.Fatalf("orders come to %v, periods to %v", total, paid)
	}
	if off := l.is.Unused(l.now, "USD").Amount; off.Minor > total.Minus(back).Minor {
		t.Fatalf("%v would be set off, and %v was paid, of which %v was given back: %+v", off, total, back, l.is.Periods)
	}
	l.checkBenefits(t)
}

// checkBenefits looks at moments around now: there are benefits in a period and
// in the grace after the last one, and nowhere else.
func (l *life) checkBenefits(t *rapid.T) {
	m := &l.is
	for _, at := range []time.Time{l.now, m.EndsAt.Add(-time.Microsecond), m.EndsAt, m.BenefitsUntil.Add(-time.Microsecond), m.BenefitsUntil, m.BenefitsUntil.Add(time.Hour)} {
		if at.Before(l.now) {
			continue
		}
		_, has := m.At(at)
		within, begun := false, false
		for _, p := range m.Periods {
			within = within || !at.Before(p.Starts) && at.Before(p.Ends)
			begun = begun || !at.Before(p.Starts) && p.Starts.Before(p.Ends)
		}
		grace := begun && !at.Before(m.EndsAt) && at.Before(m.BenefitsUntil) && !m.CancelAtEnd
		live := !m.Status.Over() && m.Status != Paused
		if has != (live && (within || grace)) {
			t.Fatalf("benefits at %v: %v, within a period %v, in grace %v, %s: %+v", at, has, within, grace, m.Status, m.Periods)
		}
	}
}

// Whatever people and the clock do, and in whatever order: periods never overlap,
// there are no benefits outside them, and what was paid is what orders came to.
func TestAnyLifeOfAMembershipAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := &life{now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), orders: map[id.Order]money.Amount{}, back: map[id.Order]money.Amount{}}
		for i := range 3 {
			l.plans = append(l.plans, Plan{
				ID: id.New[id.Plan](), Rank: i, PauseDays: rapid.IntRange(0, 40).Draw(t, "pause"), GraceDays: rapid.IntRange(0, 20).Draw(t, "grace"),
				TrialDays: 14, Interval: Interval{rapid.SampledFrom([]string{"day", "week", "month", "year"}).Draw(t, "unit"), rapid.IntRange(1, 4).Draw(t, "units")},
				Prices: []money.Amount{usd(rapid.Int64Range(0, 10_000).Draw(t, "price"))}, DunningDays: []int{1, 3},
			})
		}
		user, lead := id.New[id.User](), 5*24*time.Hour
		if rapid.Bool().Draw(t, "trial") {
			l.is = Try(user, nil, l.now, Purchase{Plan: l.plans[0], Paid: usd(0), Value: usd(0), SetOff: usd(0), Method: "stripe"})
		} else {
			l.is = Grant(user, nil, l.now, l.now.AddDate(0, 0, 9), l.plans[1], "USD", "a gift")
		}
		l.is.Lead = lead
		one := func(t *rapid.T) Plan { return rapid.SampledFrom(l.plans).Draw(t, "plan") }
		refused := func(error) {} // what may not be done now changes nothing
		t.Repeat(map[string]func(*rapid.T){
			"":          l.check,
			"buy":       func(t *rapid.T) { l.buy(t, one(t)); l.is.Lead = lead },
			"upgrade":   func(t *rapid.T) { l.upgrade(t, one(t)); l.is.Lead = lead },
			"paid":      l.payUpgrade,
			"refund":    l.refund,
			"downgrade": func(t *rapid.T) { refused(l.is.Downgrade(one(t))) },
			"pause":     func(*rapid.T) { refused(l.is.Pause(l.now)) },
			"resume":    func(*rapid.T) { refused(l.is.Resume(l.now)) },
			"cancel":    func(*rapid.T) { refused(l.is.Cancel(l.now)) },
			"disputed":  func(t *rapid.T) { l.is.Withhold(l.now, l.someOrder(t)) },
			"won":       func(t *rapid.T) { l.is.GiveBack(l.now, l.someOrder(t)) },
			"lost":      func(t *rapid.T) { l.is.Revoke(l.now, l.someOrder(t)) },
			"end":       func(*rapid.T) { refused(l.is.CancelNow(l.now, "asked for")) },
			"time":      l.pass,
			"work":      l.tick,
		})
	})
}
