package stripe

import (
	"errors"
	"slices"
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// promised is a payment of 100 dollars that waits to be captured.
func (d *desk) promised() payments.Known {
	d.Helper()
	s := d.startOf(money.Of(100_00, "USD"))
	s.Capture = payments.CaptureOnShipment
	k := d.begin(s)
	d.pay(k, fakes.Pays)
	return k
}

func (d *desk) move(k payments.Known, minor int64, key string) payments.Move {
	d.Helper()
	r := d.look(k)
	m := payments.Move{
		Payment: k.Payment, Ref: k.Ref, Refs: r.Refs, Amount: money.Of(minor, k.Amount.Currency), All: true, Cause: key, Key: key + k.Payment.String(),
	}
	if at := slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture }); at >= 0 {
		m.Taken = r.Facts[at].Cause
	}
	return m
}

// toldAs is what facts come to, in the order in which they are told.
func toldAs(facts []payments.Fact) (list []string) {
	for _, f := range facts {
		list = append(list, string(f.Kind)+" "+f.Amount.String())
	}
	return list
}

func (d *desk) wantFacts(k payments.Known, want ...string) {
	d.Helper()
	if got := toldAs(d.look(k).Facts); !slices.Equal(got, want) {
		d.Errorf("facts are\n%q, want\n%q", got, want)
	}
}

// Stripe writes a partial capture as a charge in full and a refund of the rest.
// It is neither here.
func TestAPartialCaptureIsNoRefund(t *testing.T) {
	d := open(t)
	k := d.promised()
	d.wantFacts(k, "authorize 100.00 USD")
	f, err := d.Capture(t.Context(), d.move(k, 40_00, "capture"))
	if err != nil || f.Amount != money.Of(40_00, "USD") {
		t.Fatalf("captured %+v, %v", f, err)
	}
	d.wantFacts(k, "authorize 100.00 USD", "capture 40.00 USD", "fee 1.16 USD", "void 60.00 USD")
	d.clock.Advance(time.Minute)
	if _, err := d.Refund(t.Context(), d.move(k, 15_00, "refund")); err != nil {
		t.Fatal(err)
	}
	d.wantFacts(k, "authorize 100.00 USD", "capture 40.00 USD", "fee 1.16 USD", "void 60.00 USD", "refund 15.00 USD")
	if _, err := d.Refund(t.Context(), d.move(k, 25_01, "too much")); reason(err) == "" {
		t.Errorf("more than was captured: %v", err)
	}
	list, err := d.Statement(t.Context(), d.clock.Now().Add(-time.Hour), d.clock.Now().Add(time.Second))
	if err != nil || len(list) != 2 || list[0].Kind != payments.Capture || list[0].Amount != money.Of(40_00, "USD") || list[0].Fee != money.Of(1_16, "USD") ||
		list[1].Kind != payments.Refund || list[1].Amount != money.Of(-15_00, "USD") {
		t.Errorf("statement %+v, %v", list, err)
	}
}

func TestAnAuthorisedPaymentIsTakenOnce(t *testing.T) {
	d := open(t)
	k := d.promised()
	part := d.move(k, 40_00, "part")
	part.All = false
	if _, err := d.Capture(t.Context(), part); reason(err) != "one_capture" {
		t.Errorf("a part, the rest later: %v, want a refusal", err)
	}
	d.wantFacts(k, "authorize 100.00 USD")
	all := d.move(k, 100_00, "all")
	all.All, all.Refs = false, nil
	if _, err := d.Capture(t.Context(), all); err != nil {
		t.Errorf("all of it: %v", err)
	}
	if _, err := d.Capture(t.Context(), d.move(k, 60_00, "another part")); !errors.Is(err, errPaid) {
		t.Errorf("a part of it: %v, want %v", err, errPaid)
	}
	d.clock.Advance(25 * time.Hour) // Stripe has forgotten the key
	f, err := d.Capture(t.Context(), all)
	if err != nil || !slices.Contains(d.look(k).Facts, f) || len(d.server.Book.Of(k.Payment)) != 1 {
		t.Errorf("all of it, again: %+v, %v, and the books have %+v", f, err, d.server.Book.Of(k.Payment))
	}
}

func TestAPromiseThatIsGivenUp(t *testing.T) {
	d := open(t)
	k := d.promised()
	for range 2 {
		f, err := d.Void(t.Context(), d.move(k, 100_00, "void"))
		r := d.look(k)
		if err != nil || f != r.Facts[1] {
			t.Errorf("gave up %+v, %v, and Stripe says %+v", f, err, r.Facts)
		}
	}
	d.wantFacts(k, "authorize 100.00 USD", "void 100.00 USD")
	if r := d.look(k); r.Open || r.Approved {
		t.Errorf("it is %+v", r)
	}
	if _, err := d.Capture(t.Context(), d.move(k, 100_00, "capture")); !errors.Is(err, errPaid) {
		t.Errorf("captured after all: %v", err)
	}
	taken := d.promised()
	if _, err := d.Capture(t.Context(), d.move(taken, 100_00, "capture")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Void(t.Context(), d.move(taken, 100_00, "void")); !errors.Is(err, errPaid) {
		t.Errorf("gave up what was taken: %v, want %v", err, errPaid)
	}
}

// A bank's promise lasts a week.
func TestAPromiseThatRunsOut(t *testing.T) {
	d := open(t)
	k := d.promised()
	d.clock.Advance(8 * 24 * time.Hour)
	d.wantFacts(k, "authorize 100.00 USD", "void 100.00 USD")
}

// Stripe forgets keys, and an answer can be lost for longer than that.
func TestARefundIsOneWhateverStripeForgets(t *testing.T) {
	d := open(t)
	k := d.begin(d.startOf(money.Of(100_00, "USD")))
	d.pay(k, fakes.Pays)
	move := d.move(k, 30_00, "refund")
	d.server.Faults.Plan("refund", fakes.ServerError)
	if _, err := d.Refund(t.Context(), move); err == nil || reason(err) != "" {
		t.Fatalf("%v, want an unknown outcome", err)
	}
	d.clock.Advance(25 * time.Hour)
	f, err := d.Refund(t.Context(), move)
	if r := d.look(k); err != nil || f != r.Facts[len(r.Facts)-1] {
		t.Errorf("gave back %+v, %v, and Stripe says %+v", f, err, r.Facts)
	}
	if n := len(d.server.Book.Of(k.Payment)); n != 2 { // the capture and the refund
		t.Errorf("the books have %+v", d.server.Book.Of(k.Payment))
	}
}

func TestNobodyPaysAnyMore(t *testing.T) {
	d := open(t)
	late := d.begin(d.startOf(money.Of(10_00, "USD")))
	d.clock.Advance(46 * time.Minute) // the order's 15 minutes, and the half hour that Stripe adds
	if r := d.look(late); r.Open {
		t.Errorf("a session that has run out is %+v", r)
	}
	d.wantFacts(late, "fail 0.00 USD")
	if _, err := d.Void(t.Context(), d.move(late, 0, "void")); err != nil {
		t.Errorf("ended twice: %v", err)
	}
	declined := d.begin(d.startOf(money.Of(10_00, "USD")))
	d.pay(declined, fakes.Declined)
	d.wantFacts(declined)
	d.clock.Advance(46 * time.Minute)
	d.wantFacts(declined, "fail 0.00 USD")
	k := d.promised()
	if _, err := d.Void(t.Context(), d.move(k, 0, "void")); !errors.Is(err, errPaid) {
		t.Errorf("what is promised: %v, want %v", err, errPaid)
	}
	pending := d.begin(d.startOf(money.Of(10_00, "USD")))
	d.pay(pending, fakes.PaysLater)
	if _, err := d.Void(t.Context(), d.move(pending, 0, "void")); err != nil { // the bank cannot be stopped
		t.Errorf("what takes its time: %v", err)
	}
	if r := d.look(pending); !r.Open || len(r.Facts) != 0 {
		t.Errorf("what may still come is %+v", r)
	}
}

// The facts are told as they can be applied, whatever list they are read from.
func TestFactsAreToldInOrder(t *testing.T) {
	d := open(t)
	k := d.begin(d.startOf(money.Of(100_00, "USD")))
	d.pay(k, fakes.Pays)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		d.clock.Advance(time.Minute)
	}
	d.clock.Advance(time.Minute)
	do(d.server.RefundHere(t.Context(), k.Payment, money.Of(30_00, "USD")))
	do(d.server.FailRefunds(t.Context(), k.Payment))
	do(d.server.Dispute(t.Context(), k.Payment))
	if _, err := d.Refund(t.Context(), d.move(k, 1_00, "refund")); reason(err) != "charge_disputed" {
		t.Errorf("gave back what the bank has taken: %v", err)
	}
	do(d.server.Decide(t.Context(), k.Payment, true))
	do(d.server.RefundHere(t.Context(), k.Payment, money.Of(100_00, "USD")))
	d.wantFacts(k, "authorize 100.00 USD", "capture 100.00 USD", "fee 2.90 USD", "refund 30.00 USD", "refund_failed 30.00 USD",
		"chargeback 100.00 USD", "fee 15.00 USD", "chargeback_reversed 100.00 USD", "refund 100.00 USD")
	r := d.look(k)
	if len(r.Disputes) != 1 || r.Disputes[0].Status != "won" || r.Disputes[0].Reason != "fraudulent" || r.Disputes[0].DueBy == nil {
		t.Errorf("disputes %+v", r.Disputes)
	}
}

func TestDisputesAreNamedAsTheShopNamesThem(t *testing.T) {
	for status, want := range map[api.DisputeStatus]string{
		"warning_needs_response": "needs_response", "needs_response": "needs_response", "warning_under_review": "under_review", "under_review": "under_review",
		"won": "won", "lost": "lost", "warning_closed": "closed", "prevented": "closed", "of tomorrow": "closed",
	} {
		if got := statusOf(status); got != want {
			t.Errorf("%s is %s, want %s", status, got, want)
		}
	}
}

// An inquiry has taken no money, and what is booked in another currency is told
// in the buyer's.
func TestOnlyWhatHasMovedIsTold(t *testing.T) {
	told := telling{currency: "usd"}
	told.dispute(&api.Dispute{ID: "du_1", Amount: 1000})
	if len(told.list) != 0 {
		t.Errorf("an inquiry: %+v", told.list)
	}
	told.dispute(&api.Dispute{ID: "du_2", Amount: 1000, BalanceTransactions: []*api.BalanceTransaction{{Amount: -900, Fee: 1500, Currency: "eur"}}})
	told.fee(0, "ch_1", nil, &api.BalanceTransaction{ID: "txn_1"}, &api.BalanceTransaction{Fee: 7, Currency: "eur"})
	if got := toldAs(told.inOrder()); !slices.Equal(got, []string{"chargeback 10.00 USD"}) {
		t.Errorf("told %q", got)
	}
	told = telling{currency: "usd"}
	told.refunds([]*api.Refund{
		{ID: "re_1", Amount: 100, Created: 1, Status: api.RefundStatusPending},
		{ID: "re_2", Amount: 200, Created: 2, Status: api.RefundStatusCanceled},
		{ID: "re_3", Amount: 300, Created: 3, Status: api.RefundStatusRequiresAction},
	})
	want := []string{"refund 1.00 USD", "refund 2.00 USD", "refund_failed 2.00 USD", "refund 3.00 USD"}
	if got := toldAs(told.inOrder()); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestWhoWentBackClaimsNothing(t *testing.T) {
	known := payments.Known{Ref: "cs_1"}
	if err := (Provider{}).Returned(t.Context(), known, map[string][]string{"session_id": {"{CHECKOUT_SESSION_ID}"}}); err != nil {
		t.Errorf("the placeholder: %v", err)
	}
	for _, brought := range []map[string][]string{{"session_id": {"cs_2"}}, {"session_id": {"cs_1", "cs_1"}}, {"session": {"cs_1"}}, {"session_id": {""}}} {
		if err := (Provider{}).Returned(t.Context(), known, brought); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%v: %v, want ErrNotice", brought, err)
		}
	}
}
