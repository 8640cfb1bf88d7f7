package checkout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// renew runs the sweep that follows the deadlines of memberships.
func (s *shop) renew() {
	s.t.Helper()
	if err := s.flow.Renew(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.handOver()
}

func (s *shop) shown(order id.Order) orders.View {
	s.t.Helper()
	return decode[orders.View](s.call("staff", "GET", "/admin/orders/"+order.String(), "").want(200))
}

// captured says that the money of an order has come by bank transfer.
func (s *shop) captured(order orders.View) {
	s.t.Helper()
	path := "/admin/payments/" + order.Payments[0].ID.String() + "/capture"
	s.call("staff", "POST", path, "", "Idempotency-Key", id.New[id.Event]().String()).want(200, `"captured"`)
	s.handOver()
}

func (s *shop) takesTransfers() {
	s.t.Helper()
	s.exec(`INSERT INTO settings (key, value) VALUES ('payments.transfer_instructions', '"UPI: market@bank"')`, nil)
}

// sent counts the events of a name.
func (s *shop) raised(name string) int {
	s.t.Helper()
	return s.count(`SELECT count(*)::int FROM events WHERE name = @name`, pgx.NamedArgs{"name": name})
}

func TestAShopWithoutCardsSellsPlansByTransfer(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.customer().String()
	body := fmt.Sprintf(`{"plan_id": %q, "payment_method": "bank_transfer", %s}`, gold.ID, billing)
	s.call(who, "POST", "/me/membership", body).want(422, "payment_method")
	s = openOn(t, s.db) // settings are remembered for a second
	s.takesTransfers()
	joined := s.join(who, gold.ID, "bank_transfer", "")
	next := joined.Payment.Next
	if next == nil || next.Text != "UPI: market@bank" || next.Reference != joined.Order.Number {
		t.Fatalf("next: %+v", next)
	}
	s.call(who, "GET", "/me/orders/"+joined.Order.ID.String(), "").want(200, `"text":"UPI: market@bank"`)
	if left := joined.Order.ExpiresAt.Sub(joined.Order.PlacedAt); left != 7*24*time.Hour {
		t.Errorf("the order waits for %v", left)
	}
	s.captured(*joined.Order)
	s.captured(*joined.Order) // again
	m := s.membership(who)
	if m.Status != memberships.Active || m.Method != "bank_transfer" || len(m.Periods) != 1 {
		t.Fatalf("membership: %+v", m)
	}
	s.sound()

	s.renew() // too early
	if m = s.membership(who); !m.Renewal.IsZero() {
		t.Fatalf("renewed %v ahead", time.Until(m.EndsAt))
	}
	s.later(m.ID, "26 days")
	s.renew()
	s.renew()
	m = s.membership(who)
	if m.Renewal.IsZero() || s.raised("memberships.renewal_due") != 1 {
		t.Fatalf("renewal %v, told %d times", m.Renewal, s.raised("memberships.renewal_due"))
	}
	renewal := s.shown(m.Renewal)
	if renewal.Status != orders.StatusPending || renewal.GrandTotal != usd(999) || renewal.Next == nil {
		t.Errorf("renewal: %+v", renewal)
	}
	s.captured(renewal)
	m = s.membership(who)
	if len(m.Periods) != 2 || !m.Periods[1].Starts.Equal(m.Periods[0].Ends) || !m.Renewal.IsZero() {
		t.Errorf("periods: %+v", m.Periods)
	}
	s.sound()
}

func TestWhoDoesNotPayIsRemindedAndLosesTheMembership(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.member(gold.ID)
	m := s.membership(who)
	s.later(m.ID, "26 days")
	s.renew()
	renewal := s.membership(who).Renewal
	for _, step := range []struct {
		pass     string
		status   memberships.Status
		reminded int
	}{
		{"3 days", memberships.Active, 0},
		{"1 day", memberships.PastDue, 0},
		{"1 day", memberships.PastDue, 1},
		{"1 day", memberships.PastDue, 1},
		{"1 day", memberships.PastDue, 2},
		{"6 days", memberships.PastDue, 2},
		{"1 day", memberships.Lapsed, 2},
	} {
		s.later(m.ID, step.pass)
		s.renew()
		if now := s.membership(who); now.Status != step.status || s.raised("memberships.reminded") != step.reminded {
			t.Errorf("%s later: %s, reminded %d times; want %s, %d", step.pass, now.Status, s.raised("memberships.reminded"), step.status, step.reminded)
		}
	}
	if s.raised("memberships.ended") != 1 {
		t.Errorf("told %d times that it is over", s.raised("memberships.ended"))
	}
	s.exec(`UPDATE orders SET expires_at = now() - interval '1 minute' WHERE id = @o`, pgx.NamedArgs{"o": renewal})
	if _, err := s.flow.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o := s.shown(renewal); o.Status != orders.StatusCancelled {
		t.Errorf("the order is %s", o.Status)
	}
	s.sound()
	s.pay(s.join(who, gold.ID, "stripe", "")) // and may come back
	if back := s.membership(who); back.Status != memberships.Active || back.ID == m.ID {
		t.Errorf("back: %+v", back)
	}
	s.sound()
}

// The order for the next period waits exactly as long as the membership does.
func TestARenewalWaitsAsLongAsTheGrace(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.member(gold.ID)
	m := s.membership(who)
	s.later(m.ID, "26 days")
	s.renew()
	m = s.membership(who)
	if o := s.shown(m.Renewal); !o.ExpiresAt.Equal(m.BenefitsUntil) {
		t.Errorf("the order waits until %v, the membership until %v", o.ExpiresAt, m.BenefitsUntil)
	}
}

func TestAPlanForNothingRenewsByItself(t *testing.T) {
	t.Parallel()
	s := open(t)
	club := s.plan("Club", 0, "")
	who := s.customer().String()
	s.join(who, club.ID, "free", "")
	s.handOver()
	m := s.membership(who)
	s.later(m.ID, "26 days")
	s.renew()
	if m = s.membership(who); len(m.Periods) != 2 || m.Status != memberships.Active {
		t.Errorf("membership: %+v", m)
	}
	s.sound()
}

// Who has paid nothing for a period, or all of it with a gift card, has said no way to
// pay, and some ways are offered no more: the next one can be paid all the same.
func TestARenewalIsPaidInAWayThatIsOffered(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	for name, joins := range map[string]func(plan memberships.Kept) string{
		"for nothing": func(plan memberships.Kept) string {
			s.exec(`UPDATE prices SET amount_minor = 0 WHERE variant_id = @v`, pgx.NamedArgs{"v": plan.Variant})
			who := s.customer().String()
			if joined := s.join(who, plan.ID, "bank_transfer", ""); joined.Payment.Method != "free" { // of what costs nothing nothing is sent
				t.Errorf("what costs nothing is paid by %s", joined.Payment.Method)
			}
			s.exec(`UPDATE prices SET amount_minor = 999 WHERE variant_id = @v`, pgx.NamedArgs{"v": plan.Variant})
			return who
		},
		"by gift card": func(plan memberships.Kept) string {
			who := s.customer().String()
			s.order(who, s.payWith(who, s.fill(who, 1, plan.Variant), s.giftCard(usd(5000))), "free")
			return who
		},
		"in a way that is gone": func(plan memberships.Kept) string {
			who := s.member(plan.ID)
			s.exec(`UPDATE memberships SET payment_method = 'paypal' WHERE id = @m`, pgx.NamedArgs{"m": s.membership(who).ID})
			return who
		},
	} {
		plan := s.plan(name, 999, goldBenefits)
		who := joins(plan)
		s.handOver()
		m := s.membership(who)
		s.later(m.ID, "26 days")
		s.renew()
		if m = s.membership(who); m.Renewal.IsZero() {
			t.Errorf("%s: not ordered: %+v", name, m.History)
			continue
		}
		if o := s.shown(m.Renewal); o.Status != orders.StatusPending || o.GrandTotal != usd(999) || o.Payments[0].Provider != "stripe" {
			t.Errorf("%s: the renewal is %s for %v by %s", name, o.Status, o.GrandTotal, o.Payments[0].Provider)
		}
	}
	s.sound()
}

func TestATrialTurnsIntoAPaidPeriod(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, `, "trial_days": 14, "grace_days": 3`)
	who := s.customer().String()
	m := s.join(who, gold.ID, "stripe", `, "trial": true`).Membership
	s.later(m.ID, "10 days")
	s.renew()
	renewal := s.shown(s.membership(who).Renewal)
	if renewal.GrandTotal != usd(999) {
		t.Fatalf("ordered: %+v", renewal)
	}
	s.inTx(func(tx pgx.Tx) error {
		_, err := s.flow.Settle(t.Context(), tx, payments.Fact{Payment: renewal.Payments[0].ID, Kind: payments.Capture, Amount: usd(999), Cause: "paid"})
		return err
	})
	s.handOver()
	after := s.membership(who)
	if after.Status != memberships.Active || len(after.Periods) != 2 || !after.Periods[1].Starts.Equal(after.Periods[0].Ends) {
		t.Errorf("membership: %+v", after)
	}
	s.sound()
}

func TestARenewalThatCannotBeOrderedIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold := s.plan("Gold", 999, goldBenefits)
	who := s.member(gold.ID)
	s.exec(`DELETE FROM prices WHERE variant_id = @v`, pgx.NamedArgs{"v": gold.Variant})
	m := s.membership(who)
	s.later(m.ID, "26 days")
	s.renew()
	s.call(who, "GET", "/me/membership", "").want(200, "renewal_refused", "not_purchasable").lacks("renewal_order_id")
	s.exec(`INSERT INTO prices (variant_id, currency, amount_minor) VALUES (@v, 'USD', 999)`, pgx.NamedArgs{"v": gold.Variant})
	s.renew()
	if again := s.membership(who); !again.Renewal.IsZero() {
		t.Error("tried again at once")
	}
	s.later(m.ID, "1 day")
	s.renew()
	if again := s.membership(who); again.Renewal.IsZero() {
		t.Error("not tried again")
	}
}

// However many nodes follow the deadlines at once, a period is ordered once.
func TestTwoNodesOrderAPeriodOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	gold := s.plan("Gold", 999, goldBenefits)
	var members []string
	for range 4 {
		members = append(members, s.member(gold.ID))
	}
	for _, who := range members {
		s.later(s.membership(who).ID, "26 days")
	}
	sweep := func() error { return s.flow.Renew(t.Context()) }
	for _, err := range race(sweep, sweep, sweep) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := s.count(`SELECT count(*)::int FROM orders WHERE status = 'pending'`, nil); n != len(members) {
		t.Errorf("%d orders for %d members", n, len(members))
	}
	s.sound()
	// Whoever holds a membership that was renewed in the meantime is refused.
	user, err := id.Parse[id.User](members[0])
	if err != nil {
		t.Fatal(err)
	}
	err = postgres.InTx(t.Context(), s.db, func(tx pgx.Tx) error {
		is, _, err := s.flow.Memberships.Live(t.Context(), tx, user)
		if err != nil {
			return err
		}
		return s.flow.Memberships.Ordered(t.Context(), tx, &is, is.Renewal)
	})
	if got := code(t, err); got != "renewal_ordered" {
		t.Errorf("code %q", got)
	}
}

// A lower plan that was given up after it was chosen is not ordered, and the present
// one a day later: its member may say what they want instead.
func TestALowerPlanThatIsGoneIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := open(t)
	gold, silver := s.plan("Gold", 999, goldBenefits), s.plan("Silver", 500, `, "rank": 1`)
	who := s.member(gold.ID)
	s.call(who, "POST", "/me/membership/downgrade", fmt.Sprintf(`{"plan_id": %q}`, silver.ID)).want(200)
	s.exec(`UPDATE plans SET archived_at = now() WHERE id = @id`, pgx.NamedArgs{"id": silver.ID}) // and nobody has heard of it
	m := s.membership(who)
	s.later(m.ID, "26 days")
	s.renew()
	if m = s.membership(who); !m.NextPlan.IsZero() || !m.Renewal.IsZero() || s.raised("memberships.downgrade_dropped") != 1 {
		t.Errorf("next %v, renewal %v, told %d times", m.NextPlan, m.Renewal, s.raised("memberships.downgrade_dropped"))
	}
	s.later(m.ID, "1 day")
	s.renew()
	if m = s.membership(who); m.Renewal.IsZero() || s.shown(m.Renewal).GrandTotal != usd(999) {
		t.Errorf("the next period is ordered by %v", m.Renewal)
	}
	s.sound()
}
