package checkout_test

import (
	"fmt"
	"testing"
	"time"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/orders"
	"souk/internal/platform/pgtest"
)

func (s *shop) upgrade(who string, to id.Plan, method string) answer {
	s.t.Helper()
	return s.call(who, "POST", "/me/membership/upgrade", fmt.Sprintf(`{"plan_id": %q, "payment_method": %q}`, to, method))
}

// giveBack refunds a part of an order, as staff do.
func (s *shop) giveBack(of orders.View, minor int) {
	s.t.Helper()
	s.refund(checkout.Placed{Order: of}, fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "reason": "goodwill"}`, minor)).want(201)
}

// cost is what going up to a plan would cost now.
func (s *shop) cost(who string, to id.Plan) checkout.Upgrade {
	s.t.Helper()
	return decode[checkout.Upgrade](s.call(who, "GET", "/me/membership/upgrade?payment_method=stripe&plan="+to.String(), "").want(200))
}

// Of 30 days at 9.00, 19 are unused: 5.70 of the 18.00. The order says so, one at
// a time is open, and one that is cancelled leaves everything as it was.
func TestUnusedDaysLowerTheOrderForABetterPlan(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // plans make the shop's own vendor, on which transactions of other tests wait
	gold, silver := s.plan("Ruby", 1800, goldBenefits), s.plan("Opal", 900, `, "rank": 1, "pause_days": 20`)
	best := s.plan("Jade", 500, `, "rank": 3`)
	who := s.member(silver.ID)
	m := s.membership(who)
	s.later(m.ID, "10 days 1 hour")

	written := func() int {
		return s.count(`SELECT (SELECT count(*) FROM carts)::int + (SELECT count(*) FROM membership_upgrades)::int`, nil)
	}
	before := written()
	cost := s.cost(who, gold.ID)
	if cost.Totals.Items != usd(1800) || cost.Totals.GrandTotal != usd(1230) || cost.SetOff.Amount != usd(570) || cost.SetOff.Unused != 19 ||
		cost.SetOff.Days != 30 || cost.SetOff.Plan != "Opal" || written() != before {
		t.Errorf("it would cost %+v; %d rows were written", cost, written()-before)
	}
	s.call("", "GET", "/me/membership/upgrade?plan="+gold.ID.String(), "").want(401)
	s.call(s.customer().String(), "GET", "/me/membership/upgrade?plan="+gold.ID.String(), "").want(404, "membership_not_found")
	s.call(who, "GET", "/me/membership/upgrade?plan="+silver.ID.String(), "").want(409, "plan_not_higher")
	s.call(who, "GET", "/me/membership/upgrade?currency=EUR&plan="+gold.ID.String(), "").want(409, "not_purchasable")

	first := decode[checkout.Joined](s.upgrade(who, gold.ID, "stripe").want(201))
	if first.Order.GrandTotal != usd(1230) || first.Order.Discount != usd(570) {
		t.Fatalf("totals: %+v", first.Order.Totals)
	}
	s.call(who, "GET", "/me/orders/"+first.Order.ID.String()+"?expand=trace", "").want(200, `"kind":"set_off"`, "Ruby: Unused time of Opal: 19 of 30 days", `"membership_savings":{"amount":0`)
	s.upgrade(who, gold.ID, "stripe").want(409, "upgrade_ordered", first.Order.ID.String())
	s.call(who, "GET", "/me/membership/upgrade?plan="+gold.ID.String(), "").want(409, "upgrade_ordered", first.Order.ID.String())
	s.call(who, "POST", "/orders/"+first.Order.ID.String()+"/cancel", `{}`).want(200)
	if is := s.membership(who); is.Plan.Name != "Opal" || is.EndsAt.IsZero() || !is.Periods[0].Credited.IsZero() {
		t.Errorf("cancelled: %+v", is)
	}

	// Neither does one wait any more whose money has gone back before it was handed over.
	refunded := decode[checkout.Joined](s.upgrade(who, gold.ID, "stripe").want(201))
	s.comesFor(refunded)
	s.giveBack(*refunded.Order, 1230)
	s.handOver()

	second := decode[checkout.Joined](s.upgrade(who, gold.ID, "stripe").want(201))
	s.pay(second)
	m = s.membership(who)
	if len(m.Periods) != 2 || m.Plan.Name != "Ruby" || m.Periods[0].Credited != usd(570) || m.Periods[1].Paid != usd(1230) || m.Periods[1].SetOff != usd(570) {
		t.Fatalf("upgraded: %+v", m.Periods)
	}
	s.sound()

	// 4.00 of the 9.00 go back: 3.30 of that are the days that were used, and 0.70 is
	// set off no more. Paused and resumed, the rest of the price goes on, not of what was paid. It is more
	// than the best plan costs: nothing is left to pay, and the rest is time.
	s.giveBack(s.shown(m.Periods[0].Order), 400)
	s.call(who, "POST", "/me/membership/pause", "").want(200)
	s.call(who, "POST", "/me/membership/resume", "").want(200)
	cost = s.cost(who, best.ID)
	third := decode[checkout.Joined](s.upgrade(who, best.ID, "stripe").want(201))
	if !third.Order.GrandTotal.IsZero() || third.Payment.Method != "free" || third.Order.Status != orders.StatusConfirmed {
		t.Fatalf("nothing to pay: %+v, %+v", third.Order.Totals, third.Payment)
	}
	s.handOver()
	m = s.membership(who)
	last := m.Periods[len(m.Periods)-1]
	if m.Plan.Name != "Jade" || m.Method != "stripe" || last.Kind != memberships.Carried || last.Paid.Minor < 1170 || last.Paid.Minor > 1230 {
		t.Errorf("the best: %s by %q, %+v", m.Plan.Name, m.Method, last)
	}
	if !cost.Totals.GrandTotal.IsZero() || cost.SetOff.Amount != usd(500) || m.EndsAt.Sub(cost.EndsAt).Abs() > time.Hour {
		t.Errorf("it would last until %v, and does until %v: %+v", cost.EndsAt, m.EndsAt, cost)
	}
	s.sound()
}
