package checkout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
	"souk/internal/shipping"
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

// takesParts reports that the provider can take a part of what it has promised, and
// the rest later.
func (o *online) takesParts() bool {
	o.t.Helper()
	provider, err := o.flow.Payments.Online(o.method)
	if err != nil {
		o.t.Fatal(err)
	}
	return provider.Captures() == payments.CapturesSeveral
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
		if !o.takesParts() {
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
		if !o.takesParts() {
			take("a-part", part(1000, "USD")).want(409, "partial_capture_unavailable")
			take("all", part(all.Minor, "USD")).want(200)
			o.work()
			o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			return
		}
		take("a-part", part(1000, "USD")).want(200)
		take("too-early", part(2000, "USD")).want(409, "capture_under_way")
		take("all-too-early", "").want(409, "capture_under_way")
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

// What is taken while its order is cancelled goes back, whichever of the two the
// shop hears of first.
func TestWhatIsTakenOfACancelledOrderGoesBack(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.promised()
		all := placed.Order.GrandTotal
		taken := all
		if o.takesParts() {
			taken = usd(1000)
		}
		o.postman.Plan(slices.Repeat([]fakes.Manner{fakes.Lost}, 20)...)
		o.faults.Plan("capture", fakes.Reset, fakes.Reset)
		body := fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}}`, taken.Minor)
		o.call("staff", "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", body, "Idempotency-Key", "part").want(200)
		if err := o.flow.CarryDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.call("", "POST", "/orders/"+placed.Order.ID.String()+"/cancel?token="+placed.Order.AccessToken, "").want(200)
		o.sound()
		o.work()
		o.wantOrder(placed, orders.StatusCancelled, orders.PaymentVoided)
		o.wantPayment(placed, payments.Captured, taken.Minor, all.Minor-taken.Minor, taken.Minor)
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0})
		o.wantExceptions()
		o.sound()
	})
}

// What came twice and is owed back has nothing to do with what was promised: that is
// taken when the goods leave, and let go when they do not.
func TestWhatIsOwedBackIsNotWhatWasPromised(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		for _, leaves := range []bool{true, false} {
			o.takesOnShipment()
			first := o.begun()
			o.postman.Plan(slices.Repeat([]fakes.Manner{fakes.Held}, 20)...)
			o.pays(first, fakes.Declined)
			o.exec(`UPDATE payment_accounts SET capture = 'automatic'`, nil)
			o.clock.Advance(2 * time.Second)
			second := first // in another tab, and taken at once
			path := "/orders/" + first.Order.ID.String() + "/pay?token=" + first.Order.AccessToken
			second.Payment = decode[checkout.Payment](o.call("", "POST", path, `{"return_url": "https://shop.example/again"}`).want(200))
			o.takesOnShipment()
			o.pays(first, fakes.Pays)
			if err := o.flow.Sync(t.Context(), first.Payment.ID); err != nil {
				t.Fatal(err)
			}
			o.pays(second, fakes.Pays)
			o.work()
			o.wantOrder(first, orders.StatusConfirmed, orders.PaymentAuthorized)
			o.exec(`UPDATE payments SET look_at = NULL`, nil) // days pass
			all := first.Order.GrandTotal.Minor
			if leaves {
				o.shipPart(first, 0)
				o.work()
				o.wantOrder(first, orders.StatusShipped, orders.PaymentPaid)
				o.wantPayment(first, payments.Captured, all, 0, 0)
			} else {
				o.call("", "POST", "/orders/"+first.Order.ID.String()+"/cancel?token="+first.Order.AccessToken, "").want(200)
				o.work()
				o.wantOrder(first, orders.StatusCancelled, orders.PaymentVoided)
				o.wantPayment(first, payments.Voided, 0, all, 0)
			}
			o.wantExceptions()
			o.sound()
		}
	})
}

// A promise that runs out at the provider is shown: nothing leaves for it, and what
// has left arrives unpaid.
func TestAPromiseThatLapses(t *testing.T) {
	t.Parallel()
	everyBooks(t, func(b *books) {
		lapses := func(placed checkout.Placed) {
			payment := b.show(placed).Payments[0]
			move := payments.Move{Payment: payment.ID, Ref: payment.ProviderRef, Amount: payment.Amount, Key: "console"}
			if _, err := b.provider.Void(t.Context(), move); err != nil {
				t.Fatal(err)
			}
			b.clock.Advance(30 * 24 * time.Hour)
			if err := b.flow.Sync(t.Context(), payment.ID); err != nil {
				t.Fatal(err)
			}
			b.sound()
		}
		cancel := func(placed checkout.Placed) {
			b.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "never paid"}`).want(200)
			b.sound()
		}
		placed, shipped := b.promised(), b.promised()
		lapses(placed)
		part := b.show(placed).Parts[0]
		b.call(part.Seller.ID.String(), "POST", "/vendor/orders/"+part.ID.String()+"/shipments", `{"courier": "own"}`).want(409, "payment_lapsed")
		e := b.exception(payments.ExceptionLapsed)
		b.wantFixes(e, checkout.LookAgain, checkout.Dismiss)
		b.fix(e, `{"action": "look_again"}`).want(200, `"state":"open"`)
		cancel(placed)
		b.fix(e, `{"action": "look_again"}`).want(200, `"state":"resolved"`)
		b.wantOrder(placed, orders.StatusCancelled, orders.PaymentVoided)

		part = b.show(shipped).Parts[0]
		b.faults.Plan("capture", fakes.Down, fakes.Down)
		parcel := decode[shipping.Shipment](b.call(part.Seller.ID.String(), "POST", "/vendor/orders/"+part.ID.String()+"/shipments", `{"courier": "own"}`).want(201))
		if err := b.flow.CarryDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		lapses(shipped)
		b.exception(payments.ExceptionLapsed)
		b.deliver(parcel)
		b.work()
		cancel(shipped)
		if got := b.wantOrder(shipped, orders.StatusDelivered, orders.PaymentAuthorized); got.Parts[0].Paid {
			t.Error("what nobody has paid reads as paid")
		}
		b.wantExceptions("lapsed", "refused")
	})
}

// What is cancelled can be cancelled when the promise has run out, too: there is
// nothing to let go then.
func TestTheRestIsCancelledWhenThePromiseHasLapsed(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "paypal")
	placed := o.promised()
	first, all := o.shipPart(placed, 0), placed.Order.GrandTotal
	o.work()
	provider, err := o.flow.Payments.Online(o.method)
	if err != nil {
		t.Fatal(err)
	}
	payment := o.show(placed).Payments[0]
	if _, err := provider.Void(t.Context(), payments.Move{Payment: payment.ID, Ref: payment.ProviderRef, Amount: payment.Held(), Key: "console"}); err != nil {
		t.Fatal(err)
	}
	part := o.show(placed).Parts[1]
	two := fmt.Sprintf(`{"courier": "own", "lines": [{"order_line_id": %q, "quantity": 2}]}`, part.Items[0].ID)
	o.call(part.Seller.ID.String(), "POST", "/vendor/orders/"+part.ID.String()+"/shipments", two).want(201)
	o.work()
	o.wantExceptions("lapsed", "refused")
	o.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "never paid"}`).want(200)
	o.wantOrder(placed, orders.StatusShipped, orders.PaymentPartiallyPaid)
	o.wantPayment(placed, payments.Captured, first.Minor, all.Minor-first.Minor, 0)
	o.sound()
}

// Where all is taken or nothing, what has shipped is paid before the rest is
// cancelled.
func TestTheRestIsCancelledWhenWhatHasShippedIsPaid(t *testing.T) {
	t.Parallel()
	b := booksOf(openOnline(t, "razorpay"))
	placed := b.promised()
	cancel := func() answer {
		return b.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "sold out"}`)
	}
	first := b.shipPart(placed, 0)
	cancel().want(409, "capture_under_way")
	b.refuse(placed)
	cancel().want(409, "capture_refused")
	b.fix(b.exception(payments.ExceptionRefused), `{"action": "retry"}`).want(200)
	b.work()
	cancel().want(200)
	b.work()
	b.wantOrder(placed, orders.StatusShipped, orders.PaymentPartiallyRefunded)
	b.wantPayment(placed, payments.Captured, placed.Order.GrandTotal.Minor, 0, placed.Order.GrandTotal.Minor-first.Minor)
	b.wantExceptions()
	b.sound()
}

// What gift cards pay all of once the rest is cancelled is its vendor's, though all
// that was taken ahead goes back.
func TestWhatAGiftCardPaysIsEarnedWhenWhatWasTakenAheadGoesBack(t *testing.T) {
	t.Parallel()
	b := booksOf(openOnline(t, "paypal"))
	b.takesOnShipment()
	cart := b.payWith("", b.fill("", 3, b.sell(goods{}), b.sell(goods{})), b.giftCard(usd(3000)))
	placed := b.order("", cart, b.method)
	b.pays(placed, fakes.Pays)
	b.work()
	b.call("staff", "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", `{"amount": {"amount": 1000, "currency": "USD"}}`, "Idempotency-Key", "ahead").want(200)
	b.work()
	part := b.show(placed).Parts[0]
	one := fmt.Sprintf(`{"courier": "own", "lines": [{"order_line_id": %q, "quantity": 1}]}`, part.Items[0].ID)
	b.call(part.Seller.ID.String(), "POST", "/vendor/orders/"+part.ID.String()+"/shipments", one).want(201)
	b.refuse(placed)
	b.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "sold out"}`).want(200)
	b.sound()
	b.work()
	b.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
	b.sound()
	b.books(map[ledger.AccountKey]int64{{Kind: ledger.VendorPayable, Vendor: part.Seller.ID}: -1350, {Kind: ledger.BuyerPayable}: 0})
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
