package checkout_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
)

const billing = `"billing": {"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}`

// plan makes a plan of 30 days by what is told of it.
func (s *shop) plan(name string, price int, more string) memberships.Kept {
	s.t.Helper()
	return decode[memberships.Kept](s.call("staff", "POST", "/admin/plans", fmt.Sprintf(
		`{"name": %q, "interval": {"unit": "day", "count": 30}, "prices": [{"amount": %d, "currency": "USD"}] %s}`, name, price, more)).want(201))
}

const goldBenefits = `, "rank": 2, "grace_days": 10, "dunning_days": [1, 3], "pause_days": 30,
	"benefits": {"percent_off": {"percent_ppm": 100000}, "free_shipping_above": {"USD": 2000}}`

// join orders a period of a plan.
func (s *shop) join(who string, plan id.Plan, method, more string) checkout.Joined {
	s.t.Helper()
	return decode[checkout.Joined](s.call(who, "POST", "/me/membership", fmt.Sprintf(`{"plan_id": %q, "payment_method": %q, %s %s}`, plan, method, billing, more)).want(201))
}

// pay says that the money of an order has come, and hands over what it was for.
func (s *shop) pay(joined checkout.Joined) {
	s.t.Helper()
	s.comesFor(joined)
	s.handOver()
}

// comesFor says that the money of an order has come.
func (s *shop) comesFor(joined checkout.Joined) {
	s.t.Helper()
	s.inTx(func(tx pgx.Tx) error {
		_, err := s.flow.Settle(s.t.Context(), tx, payments.Fact{
			Payment: joined.Payment.ID, Kind: payments.Capture, Amount: joined.Order.GrandTotal, Cause: "paid",
		})
		return err
	})
}

// member makes somebody a member who has paid.
func (s *shop) member(plan id.Plan) string {
	s.t.Helper()
	who := s.customer().String()
	s.pay(s.join(who, plan, "stripe", ""))
	return who
}

func (s *shop) membership(who string) memberships.View {
	s.t.Helper()
	return decode[memberships.View](s.call(who, "GET", "/me/membership", "").want(200))
}

// later lets time pass for a membership: all its moments were so much earlier.
func (s *shop) later(m id.Membership, by string) {
	s.t.Helper()
	args := pgx.NamedArgs{"m": m, "by": by}
	s.exec(`UPDATE membership_periods SET starts_at = starts_at - @by::interval, ends_at = ends_at - @by::interval WHERE membership_id = @m`, args)
	s.exec(`UPDATE memberships SET ends_at = ends_at - @by::interval, benefits_until = benefits_until - @by::interval, due_at = due_at - @by::interval,
	        paused_at = paused_at - @by::interval, paused_until = paused_until - @by::interval, retry_at = retry_at - @by::interval WHERE id = @m`, args)
}

func TestAPlanIsBoughtAndItsBenefitsLowerPrices(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	mug := s.sell(goods{price: 1500})
	who := s.customer().String()
	s.call(who, "GET", "/me/membership", "").want(404, "membership_not_found")

	joined := s.join(who, gold.ID, "stripe", "")
	if joined.Membership != nil || joined.Order.GrandTotal != usd(999) || string(joined.Order.Status) != "pending" {
		t.Fatalf("joined: %+v", joined)
	}
	s.call(who, "GET", "/me/membership", "").want(404)
	s.pay(joined)
	m := s.membership(who)
	if m.Status != memberships.Active || m.Plan.Name != "Gold" || len(m.Periods) != 1 || m.Periods[0].Paid != usd(999) || m.Benefits == nil {
		t.Fatalf("membership: %+v", m)
	}
	s.handOver() // again
	if again := s.membership(who); len(again.Periods) != 1 {
		t.Errorf("an order was told twice: %+v", again.Periods)
	}

	c := s.fill(who, 2, mug)
	if c.Totals.Discount != usd(800) || c.Totals.GrandTotal != usd(2700) || c.MembershipSavings != usd(800) {
		t.Errorf("totals: %+v, saved %v", c.Totals, c.MembershipSavings)
	}
	s.call(who, "GET", "/carts/"+c.ID.String()+"?expand=trace", "").want(200, `Gold: 10 % off`, `Gold: free shipping`)
	placed := decode[checkout.Placed](s.checkout(who, c, "cod").want(201))
	s.call(who, "GET", "/me/orders/"+placed.Order.ID.String()+"?expand=trace", "").want(200, `Gold: 10 % off`, `"membership_savings":{"amount":800,"currency":"USD"}`)
	s.sound()

	s.later(m.ID, "39 days") // within grace, and no job has run
	if c := s.fill(who, 2, mug); c.Totals.Discount != usd(800) {
		t.Errorf("in grace: %+v", c.Totals)
	}
	s.later(m.ID, "1 day")
	if c := s.fill(who, 2, mug); c.Totals.Discount != usd(0) || c.MembershipSavings != usd(0) {
		t.Errorf("after grace: %+v", c.Totals)
	}
	s.call(who, "GET", "/me/membership", "").want(200, `"status":"lapsed"`, `"benefits":null`)
}

func TestMembersDoNotPayLessForPlans(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.member(gold.ID)
	if c := s.fill(who, 1, gold.Variant, s.sell(goods{price: 1000})); c.Totals.Discount != usd(100) {
		t.Errorf("discount of %v, want 10 %% of the goods alone", c.Totals.Discount)
	}
}

// What a plan costs in currencies that follow the main one follows it still when the
// plan is edited, also where its prices are sent back as they were read.
func TestAPlanThatIsEditedFollowsTheMainCurrency(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.exec(`INSERT INTO currencies (currency, base, rate_ppb, decimals, base_decimals, settled) VALUES ('EUR', 'USD', 500000000, 2, 2, true)`, nil)
	gold := s.plan("Gold", 1000, "")
	at := "/admin/plans/" + gold.ID.String()
	for _, edit := range []struct {
		body string
		euro int
	}{
		{`{"name": "Golden"}`, 500},
		{`{"prices": [{"amount": 500, "currency": "EUR"}, {"amount": 3000, "currency": "USD"}]}`, 1500},
		{`{"prices": [{"amount": 1400, "currency": "EUR"}, {"amount": 3000, "currency": "USD"}]}`, 1400},
		{`{"prices": [{"amount": 1400, "currency": "EUR"}, {"amount": 4000, "currency": "USD"}]}`, 1400},
	} {
		etag := s.call("staff", "GET", at, "").want(200).Header().Get("ETag")
		s.call("staff", "PATCH", at, edit.body, "If-Match", etag).want(200, fmt.Sprintf(`{"amount":%d,"currency":"EUR"}`, edit.euro))
	}
	s.sound()
}

func TestAGuestCannotBuyAPlan(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, "")
	s.call("", "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}]}`, gold.Variant)).want(409, "account_required")
	s.call("", "GET", "/plans", "").want(200, gold.ID.String(), `"amount":999`)
	s.call("", "POST", "/me/membership", `{}`).want(401)
}

func TestAPlanIsBoughtOnlyOnceAtATime(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, "")
	who := s.customer().String()
	s.call(who, "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 2}]}`, gold.Variant)).want(422, "quantity_limit")

	silver := s.plan("Silver", 499, "")
	c := s.fill(who, 1, gold.Variant)
	s.call(who, "POST", "/carts/"+c.ID.String()+"/items", fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, silver.Variant)).want(422, "quantity_limit")
	s.call(who, "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}, {"variant_id": %q, "quantity": 1}]}`, gold.Variant, silver.Variant)).want(422, "quantity_limit")
	s.exec(`INSERT INTO cart_items (id, cart_id, variant_id, quantity) VALUES (@id, @cart, @variant, 1)`, pgx.NamedArgs{"id": id.New[id.CartItem](), "cart": c.ID, "variant": silver.Variant})
	s.checkout(who, c, "stripe").want(422, "quantity_limit", silver.Variant.String()) // as it was put in before
}

func TestWhoPaysTwiceIsAMemberForTwiceAsLong(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, "")
	who := s.member(gold.ID)
	s.pay(s.join(who, gold.ID, "stripe", ""))
	m := s.membership(who)
	if len(m.Periods) != 2 || !m.Periods[1].Starts.Equal(m.Periods[0].Ends) || !m.EndsAt.Equal(m.Periods[1].Ends) {
		t.Errorf("periods: %+v", m.Periods)
	}
	s.sound()
}

func TestAPlanInTheCartIsBoughtLikeAnything(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, "")
	who := s.customer().String()
	c := s.fill(who, 1, gold.Variant, s.sell(goods{price: 1000}))
	placed := decode[checkout.Placed](s.checkout(who, c, "stripe").want(201))
	s.pay(checkout.Joined{Order: &placed.Order, Payment: &placed.Payment})
	if m := s.membership(who); m.Status != memberships.Active || m.Periods[0].Paid != usd(999) {
		t.Errorf("membership: %+v", m)
	}
	s.checkout(who, s.fill(who, 1, gold.Variant), "cod").want(422, "payment_method")
	s.sound()
}

func TestATrialIsForAFirstMembershipOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold, silver := s.plan("Gold", 999, `, "trial_days": 14`), s.plan("Silver", 499, `, "trial_days": 7`)
	who, other := s.customer(), s.customer()
	s.call(who.String(), "POST", "/me/membership", fmt.Sprintf(`{"plan_id": %q, "payment_method": "stripe", "trial": true}`, gold.ID)).want(409, "billing_address")
	joined := s.join(who.String(), gold.ID, "stripe", `, "trial": true`)
	if joined.Order != nil || joined.Membership.Status != memberships.Trialing || joined.Membership.Benefits == nil {
		t.Fatalf("joined: %+v", joined)
	}
	body := fmt.Sprintf(`{"plan_id": %q, "payment_method": "stripe", "trial": true, %s}`, silver.ID, billing)
	s.call(who.String(), "POST", "/me/membership", body).want(409, "already_member")
	s.call(who.String(), "POST", "/me/membership/cancel", "").want(200)
	s.later(joined.Membership.ID, "14 days")
	s.call(who.String(), "POST", "/me/membership", body).want(409, "no_trial")

	// The same mailbox under another account.
	s.exec(`UPDATE users SET email = 'A.d.a+2@gmail.com' WHERE id = @u`, pgx.NamedArgs{"u": other})
	third := s.customer()
	s.exec(`UPDATE users SET email = 'ada@gmail.com' WHERE id = @u`, pgx.NamedArgs{"u": third})
	s.join(other.String(), gold.ID, "stripe", `, "trial": true`)
	s.call(third.String(), "POST", "/me/membership", body).want(409, "no_trial")
	s.call(third.String(), "POST", "/me/membership", fmt.Sprintf(`{"plan_id": %q, "payment_method": "cod", %s}`, silver.ID, billing)).want(422)
	s.sound()
}

func TestAnArchivedPlanIsForItsMembers(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, "")
	who, other := s.member(gold.ID), s.customer().String()
	s.call("staff", "POST", "/admin/plans/"+gold.ID.String()+"/archive", "").want(200, "archived_at")
	s.call("", "GET", "/plans", "").want(200).lacks(gold.ID.String())
	s.call(other, "POST", "/me/membership", fmt.Sprintf(`{"plan_id": %q, "payment_method": "stripe", %s}`, gold.ID, billing)).want(409, "plan_archived")
	s.call(other, "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}]}`, gold.Variant)).want(409, "not_purchasable")
	s.pay(s.join(who, gold.ID, "stripe", ""))
}

func TestMoneyBackEndsTheMembership(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.customer().String()
	joined := s.join(who, gold.ID, "stripe", "")
	s.pay(joined)
	s.inTx(func(tx pgx.Tx) error {
		_, err := s.flow.Settle(t.Context(), tx, payments.Fact{Payment: joined.Payment.ID, Kind: payments.Refund, Amount: money.Of(999, "USD"), Cause: "sorry"})
		return err
	})
	if m := s.membership(who); m.Status != memberships.Cancelled || m.Benefits != nil {
		t.Errorf("membership: %+v", m)
	}
	if c := decode[cart.View](s.call(who, "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}]}`, s.sell(goods{}))).want(201)); !c.Totals.Discount.IsZero() {
		t.Errorf("discount of %v", c.Totals.Discount)
	}
}

// Staff who give the money for a plan back, by hand as it came, end the membership;
// while some of it has not gone back, it goes on.
func TestARefundByStaffEndsTheMembership(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.customer().String()
	c := s.payWith(who, s.fill(who, 1, gold.Variant), s.giftCard(usd(400)))
	placed := s.order(who, c, "bank_transfer")
	transfer := placed.Payment.ID
	s.call("staff", "POST", "/admin/payments/"+transfer.String()+"/capture", "", "Idempotency-Key", "seen").want(200, `"captured"`)
	s.handOver()

	s.refund(placed, `{"amount": {"amount": 500, "currency": "USD"}, "reason": "half of it"}`).want(201)
	if m := s.membership(who); m.Status != memberships.Active {
		t.Fatalf("after a part of the money: %s", m.Status)
	}
	s.refund(placed, `{"amount": {"amount": 499, "currency": "USD"}, "reason": "the rest"}`).want(201)
	if m := s.membership(who); m.Status != memberships.Cancelled || m.Benefits != nil {
		t.Errorf("after all of the money: %s", m.Status)
	}
	s.wantPayments(s.show(placed), "gift_card 400 captured", "bank_transfer 599 captured")
	for _, p := range s.show(placed).Payments {
		if p.Refunded != p.Amount {
			t.Errorf("%s has given back %s of %s", p.Provider, p.Refunded, p.Amount)
		}
	}
	s.sound()
}

// What one payment of several gives back is not all of the money.
func TestAPaymentOfSeveralThatIsGivenBackEndsNothing(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	gold := s.plan("Gold", 999, "")
	who := s.customer().String()
	placed := s.order(who, s.payWith(who, s.fill(who, 1, gold.Variant), s.giftCard(usd(400))), "stripe")
	for _, fact := range []payments.Fact{{Kind: payments.Capture, Cause: "paid"}, {Kind: payments.Refund, Cause: "sorry"}} {
		fact.Payment, fact.Amount = placed.Payment.ID, usd(599)
		s.inTx(func(tx pgx.Tx) error { _, err := s.flow.Settle(t.Context(), tx, fact); return err })
		s.handOver()
	}
	if m := s.membership(who); m.Status != memberships.Active {
		t.Errorf("%s, though 4.00 of it are paid", m.Status)
	}
}
