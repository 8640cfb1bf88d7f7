package checkout_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/platform/postgres"
)

// takesOnShipment has the account take money when goods leave.
func (o *online) takesOnShipment() {
	o.exec(`UPDATE payment_accounts SET capture = 'on_shipment'`, nil)
	o.clock.Advance(2 * time.Second) // accounts are read anew each second
}

// promised is an order of two vendors, 30.00 and the shipping of each, whose money
// is taken when it leaves.
func (o *online) promised() checkout.Placed {
	o.t.Helper()
	o.takesOnShipment()
	c := o.fill("", 3, o.sell(goods{}), o.sell(goods{}))
	placed := decode[checkout.Placed](o.checkout("", c, o.method).want(201))
	o.pays(placed, fakes.Pays)
	o.work()
	o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentAuthorized)
	return placed
}

func (o *online) shipPart(p checkout.Placed, part int) money.Amount {
	o.t.Helper()
	shipped := o.show(p).Parts[part]
	o.call(shipped.Seller.ID.String(), "POST", "/vendor/orders/"+shipped.ID.String()+"/shipments", `{"courier": "own"}`).want(201)
	return shipped.PartTotals.Total
}

func (o *online) wantPayment(p checkout.Placed, status payments.Status, captured, voided, refunded int64) {
	o.t.Helper()
	got := o.show(p).Payments[0]
	if got.Status != status || got.Captured.Minor != captured || got.Voided.Minor != voided || got.Refunded.Minor != refunded {
		o.t.Errorf("the payment is %s, %s captured, %s voided, %s refunded; want %s, %d, %d, %d",
			got.Status, got.Captured, got.Voided, got.Refunded, status, captured, voided, refunded)
	}
}

// wantTold compares what the last step says that goes back to the buyer.
func (o *online) wantTold(p checkout.Placed, back int64) {
	o.t.Helper()
	told, err := postgres.Scalar[string](o.t.Context(), o.db, `SELECT data ->> 'back' FROM events WHERE subject = @order AND data ? 'back' ORDER BY version DESC LIMIT 1`,
		pgx.NamedArgs{"order": p.Order.ID})
	if err != nil {
		o.t.Fatal(err)
	}
	if want := fmt.Sprintf(`[{"amount": {"amount": %d, "currency": "USD"}, "method": %q}]`, back, o.method); told != want {
		o.t.Errorf("the buyer is told of %s, want %s", told, want)
	}
}

// takesAhead has staff take a part of what was promised.
func (o *online) takesAhead(p checkout.Placed, minor int64) {
	o.t.Helper()
	o.call("staff", "POST", "/admin/payments/"+p.Payment.ID.String()+"/capture", fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}}`, minor),
		"Idempotency-Key", p.Order.Number).want(200)
	o.work()
}

// Who can take money in parts takes what leaves; who cannot takes all with the
// first parcel.
func TestEachPartIsTakenAsItShips(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.promised()
		all := placed.Order.GrandTotal
		first := o.shipPart(placed, 1)
		o.sound()
		o.work()
		if o.method != "paypal" {
			o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			o.wantPayment(placed, payments.Captured, all.Minor, 0, 0)
			return
		}
		got := o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPartiallyPaid)
		o.wantPayment(placed, payments.PartiallyCaptured, first.Minor, 0, 0)
		if got.Parts[0].Paid || !got.Parts[1].Paid {
			t.Errorf("paid are %v and %v, and the second has shipped", got.Parts[0].Paid, got.Parts[1].Paid)
		}
		o.sound()
		o.shipPart(placed, 0)
		o.work()
		o.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
		o.wantPayment(placed, payments.Captured, all.Minor, 0, 0)
		o.wantExceptions()
		o.sound()
	})
}

// Two parcels that leave at once are two captures or one, and never more than
// the order costs.
func TestPartsThatShipAtOnce(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "paypal")
	placed := o.promised()
	o.shipPart(placed, 0)
	o.shipPart(placed, 1)
	o.work()
	o.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
	o.wantPayment(placed, payments.Captured, placed.Order.GrandTotal.Minor, 0, 0)
	o.wantExceptions()
	o.sound()
}

// What a cancelled part would have cost is not taken.
func TestTheRestIsReleased(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "paypal")
	placed := o.promised()
	first, all := o.shipPart(placed, 0), placed.Order.GrandTotal
	o.work()
	o.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "sold out"}`).want(200)
	o.sound()
	o.work()
	o.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
	o.wantPayment(placed, payments.Captured, first.Minor, all.Minor-first.Minor, 0)
	o.wantExceptions()
	o.sound()
}

// Staff may take a part of what was promised, and the rest when they like.
func TestStaffTakeAPart(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.promised()
		all := placed.Order.GrandTotal
		path := "/admin/payments/" + placed.Payment.ID.String() + "/capture"
		part := func(minor int64, currency string) string {
			return fmt.Sprintf(`{"amount": {"amount": %d, "currency": %q}}`, minor, currency)
		}
		take := func(key, body string) answer { return o.call("staff", "POST", path, body, "Idempotency-Key", key) }
		take("euros", part(1000, "EUR")).want(422, "other_currency")
		take("nothing", part(0, "USD")).want(422, "out_of_range")
		take("too-much", part(all.Minor+1, "USD")).want(409, "capture_exceeds_authorized")
		if o.method != "paypal" {
			take("a-part", part(1000, "USD")).want(409, "partial_capture_unavailable")
			take("all", part(all.Minor, "USD")).want(200)
			o.work()
			o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			return
		}
		take("a-part", part(1000, "USD")).want(200)
		take("too-early", part(2000, "USD")).want(409, "capture_under_way")
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPartiallyPaid)
		o.wantPayment(placed, payments.PartiallyCaptured, 1000, 0, 0)
		o.sound()
		take("beyond", part(all.Minor-999, "USD")).want(409, "capture_exceeds_authorized")
		take("another-part", part(2000, "USD")).want(200)
		o.work()
		o.sound()
		take("the-rest", "").want(200)
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
		o.wantPayment(placed, payments.Captured, all.Minor, 0, 0)
		o.wantExceptions()
		o.sound()
	})
}

// What was taken ahead of goods that are cancelled goes back: staff need the right
// to refund as much, and the buyer is told.
func TestWhatWasTakenAheadGoesBack(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "paypal")
	ahead := func(minor int64) checkout.Placed {
		placed := o.promised()
		o.takesAhead(placed, minor)
		return placed
	}
	cancel := func(p checkout.Placed) {
		o.call("staff", "POST", "/admin/orders/"+p.Order.ID.String()+"/cancel", `{"reason": "sold out"}`).want(200)
		o.sound()
		o.work()
	}

	whole := ahead(1000)
	mayNot := func(code int, why string, headers ...string) {
		t.Helper()
		o.call("staff", "POST", "/admin/orders/"+whole.Order.ID.String()+"/cancel", "", headers...).want(code, why)
	}
	mayNot(403, "forbidden", "X-No-Refunds", "yes")
	o.limits("0", "1000")
	mayNot(409, "refund_needs_approval")
	o.limits("0", "0")
	cancel(whole)
	o.wantTold(whole, 1000)
	o.wantOrder(whole, orders.StatusCancelled, orders.PaymentVoided)
	o.wantPayment(whole, payments.Captured, 1000, whole.Order.GrandTotal.Minor-1000, 1000)
	o.sound()

	rest := ahead(1000) // which the part that ships takes
	first := o.shipPart(rest, 0)
	o.work()
	o.wantPayment(rest, payments.PartiallyCaptured, first.Minor, 0, 0)
	cancel(rest)
	o.wantOrder(rest, orders.StatusShipped, orders.PaymentPaid)
	o.wantPayment(rest, payments.Captured, first.Minor, rest.Order.GrandTotal.Minor-first.Minor, 0)
	o.sound()

	more := ahead(4000) // more than the part that ships
	first = o.shipPart(more, 0)
	o.work()
	cancel(more)
	o.wantOrder(more, orders.StatusShipped, orders.PaymentPaid)
	o.wantPayment(more, payments.Captured, 4000, more.Order.GrandTotal.Minor-4000, 4000-first.Minor)
	o.wantTold(more, 4000-first.Minor)
	o.wantExceptions()
	o.sound()
	if owed, err := ledger.Balance(t.Context(), o.db, ledger.AccountKey{Kind: ledger.BuyerPayable}, "USD"); err != nil || !owed.IsZero() {
		t.Errorf("buyers are owed %s, %v", owed, err)
	}
}

// Two captures of a promise end the same in every order, whatever else there is.
func TestTwoCapturesEndTheSameInEveryOrder(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "paypal")
	mug, want := o.sell(goods{stock: 1000}), ""
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // it repeats
	for range 40 {
		placed := decode[checkout.Placed](o.checkout("", o.fill("", 3, mug), o.method).want(201))
		total := placed.Order.GrandTotal.Minor
		of := func(kind payments.Kind, minor int64, cause string) payments.Fact {
			return payments.Fact{Payment: placed.Payment.ID, Kind: kind, Amount: usd(minor), Cause: cause}
		}
		facts := []payments.Fact{
			of(payments.Authorize, total, "auth_1"), of(payments.Capture, 1000, "ch_1"), of(payments.Capture, total-1000, "ch_2"), of(payments.Fee, 100, "ch_1"),
			of(payments.Refund, 700, "re_1"), of(payments.Chargeback, 500, "dp_1"), of(payments.ChargebackReversed, 500, "dp_1"),
		}
		random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		o.tell(facts)
		got := o.end(placed)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%v ends as %s, and others as %s", facts, got, want)
		}
	}
	if paid := string(orders.StatusConfirmed) + " " + string(orders.PaymentPaid); len(want) < len(paid) || want[:len(paid)] != paid {
		t.Errorf("they end as %s", want)
	}
	o.sound()
}
