package checkout_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/payments/paypal"
	"souk/internal/payments/paypal/paypaltest"
	"souk/internal/payments/razorpay"
	"souk/internal/payments/razorpay/razorpaytest"
	"souk/internal/payments/stripe"
	"souk/internal/payments/stripe/stripetest"
	"souk/internal/platform/outbound"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// online is a shop that takes money by a provider at the other end of a network.
type online struct {
	*shop
	method  string
	server  fakes.Server
	faults  *fakes.Faults
	postman *fakes.Postman
}

// everyProvider runs a test with each of them, on a database of its own: time
// passes while providers are asked.
func everyProvider(t *testing.T, test func(o *online)) {
	for _, method := range []string{"stripe", "razorpay", "paypal"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			test(openOnline(t, method))
		})
	}
}

func openOnline(t *testing.T, method string) *online {
	t.Helper()
	s := openOn(t, pgtest.DB(t))
	accounts := &payments.Accounts{DB: s.db, Clock: s.clock, Vault: vault.New(make([]byte, 32)), Outbound: outbound.New(true)}
	o := &online{shop: s, method: method}
	provider := o.provider(accounts, s.clock)
	ways := s.flow.Payments
	ways.Accounts = accounts
	ways.Providers = append(slices.DeleteFunc(ways.Providers, func(p payments.Provider) bool { return p.Method() == method }), provider)
	s.flow.Origins = []string{"https://shop.example"}

	far := httptest.NewUnstartedServer(o.server.Handler())
	far.Config.SetKeepAlivesEnabled(false) // net/http repeats what has an Idempotency-Key on a connection that it has used before
	far.Start()
	near := httptest.NewServer(s.door)
	t.Cleanup(func() { near.Close(); far.Close() })
	o.postman.URL = near.URL + "/api/v1/webhooks/payments/" + method
	s.inTx(func(tx pgx.Tx) error {
		return accounts.Set(t.Context(), tx, provider, payments.Account{Enabled: true, BaseURL: far.URL}, o.server.Fields())
	})
	return o
}

func (o *online) provider(accounts *payments.Accounts, c clock.Clock) payments.Online {
	switch o.method {
	case "stripe":
		server := &stripetest.Server{Book: &fakes.Book{Clock: c}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}
		o.server, o.faults, o.postman = server, server.Faults, server.Postman
		return &stripe.Provider{Accounts: accounts}
	case "razorpay":
		server := razorpaytest.New(c)
		o.server, o.faults, o.postman = server, server.Faults, server.Postman
		return &razorpay.Provider{Accounts: accounts}
	default:
		server := paypaltest.New(c)
		o.server, o.faults, o.postman = server, server.Faults, server.Postman
		return &paypal.Provider{Accounts: accounts}
	}
}

// place orders some goods for 30.00 and their shipping, and has the payment begun.
func (o *online) place() checkout.Placed {
	o.t.Helper()
	c := o.fill("", 3, o.sell(goods{}))
	placed := decode[checkout.Placed](o.checkout("", c, o.method).want(201))
	if placed.Order.Status != orders.StatusPending {
		o.t.Fatalf("the order is %s", placed.Order.Status)
	}
	return placed
}

// begun is place of which the buyer was told where to pay.
func (o *online) begun() checkout.Placed {
	o.t.Helper()
	placed := o.place()
	if placed.Payment.Next == nil || placed.Payment.Next.URL == "" || placed.Payment.Status != payments.Processing {
		o.t.Fatalf("the buyer is told %+v", placed.Payment)
	}
	return placed
}

// paid is an order whose money has come.
func (o *online) paid() checkout.Placed {
	o.t.Helper()
	placed := o.begun()
	o.pays(placed, fakes.Pays)
	o.work()
	o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
	return placed
}

func (o *online) pays(p checkout.Placed, outcome fakes.Outcome) {
	o.t.Helper()
	if err := o.server.Pay(o.t.Context(), p.Payment.ID, outcome); err != nil {
		o.t.Fatalf("the buyer %s: %v", outcome, err)
	}
}

// comesBack is what the buyer's browser does after it has paid.
func (o *online) comesBack(p checkout.Placed) answer {
	o.t.Helper()
	q := url.Values{}
	for name, value := range o.server.Return(p.Payment.ID) {
		q.Set(name, value)
	}
	return o.call("", "GET", "/payments/"+p.Payment.ID.String()+"/return?"+q.Encode(), "").want(303)
}

// work does what is due until nothing is, at once: what waits waits no more.
func (o *online) work() {
	o.t.Helper()
	for range 10 {
		for _, sql := range []string{
			`UPDATE payment_instructions SET due_at = now() WHERE state = 'due'`,
			`UPDATE webhook_inbox SET due_at = now() WHERE state = 'due'`,
			`UPDATE payments SET look_at = now() WHERE look_at IS NOT NULL`,
		} {
			o.exec(sql, nil)
		}
		for _, do := range []func(context.Context) error{o.flow.HearDue, o.flow.CarryDue, o.flow.Watch} {
			if err := do(o.t.Context()); err != nil {
				o.t.Logf("work: %v", err)
			}
		}
		if o.count(`SELECT (SELECT count(*) FROM payment_instructions WHERE state = 'due')::int + (SELECT count(*) FROM webhook_inbox WHERE state = 'due')::int`, nil) == 0 {
			return
		}
	}
}

// wantOrder also compares the provider's books with ours.
func (o *online) wantOrder(p checkout.Placed, status orders.Status, payment orders.PaymentStatus) orders.View {
	o.t.Helper()
	got := o.show(p)
	if got.Status != status || got.PaymentStatus != payment {
		o.t.Errorf("the order is %s and %s, want %s and %s: %+v", got.Status, got.PaymentStatus, status, payment, got.Payments)
	}
	ours, err := ledger.Balance(o.t.Context(), o.db, ledger.AccountKey{Kind: ledger.Clearing, Party: o.method}, "USD")
	if err != nil {
		o.t.Fatal(err)
	}
	if theirs := o.server.Books().Balance("USD"); ours != theirs {
		o.t.Errorf("the provider has %s for us, and our books %s: %+v", theirs, ours, o.server.Books().Entries())
	}
	return got
}

func (o *online) exceptions() (kinds []string) {
	o.t.Helper()
	kinds, err := postgres.Column[string](o.t.Context(), o.db, `SELECT kind FROM payment_exceptions WHERE state = 'open' ORDER BY kind`, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return kinds
}

func (o *online) wantExceptions(kinds ...string) {
	o.t.Helper()
	if got := o.exceptions(); !slices.Equal(got, kinds) {
		o.t.Errorf("staff are shown %v, want %v", got, kinds)
	}
}

// R9: the notice before the return, after it, twice, late, never; and neither of
// the two: it is one paid order each time.
func TestR9HoweverItIsHeardItIsOnePaidOrder(t *testing.T) {
	t.Parallel()
	ways := map[string]struct {
		manners []fakes.Manner
		returns bool
	}{
		"notices, no return":      {nil, false},
		"notices, then return":    {nil, true},
		"return, no notice":       {slices.Repeat([]fakes.Manner{fakes.Lost}, 20), true},
		"return, then notices":    {slices.Repeat([]fakes.Manner{fakes.Held}, 20), true},
		"notices twice":           {slices.Repeat([]fakes.Manner{fakes.Twice}, 20), true},
		"notices in disorder":     {slices.Repeat([]fakes.Manner{fakes.Held}, 20), false},
		"nothing, but the poller": {slices.Repeat([]fakes.Manner{fakes.Lost}, 20), false},
	}
	everyProvider(t, func(o *online) {
		for name, heard := range ways {
			o.t.Log(name)
			placed := o.begun()
			o.postman.Plan(heard.manners...)
			o.pays(placed, fakes.Pays)
			if heard.returns {
				to := o.comesBack(placed).Header().Get("Location")
				if !strings.Contains(to, "payment_status=captured") {
					o.t.Errorf("the buyer goes on to %s", to)
				}
				o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			}
			o.work()
			o.postman.Plan()
			if err := o.postman.Flush(o.t.Context()); err != nil {
				o.t.Error(err)
			}
			o.work()
			got := o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			confirmed := 0
			for _, step := range got.Timeline {
				if step.Event == "confirmed" || step.Event == "paid" {
					confirmed++
				}
			}
			if confirmed != 1 {
				o.t.Errorf("the order was confirmed %d times: %+v", confirmed, got.Timeline)
			}
			o.wantExceptions()
		}
		o.sound()
	})
}

// Whatever happens to the answer of the provider, there is one payment.
func TestAnAnswerThatIsLostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		for _, fault := range []fakes.Fault{fakes.ServerError, fakes.Reset, fakes.Down} {
			o.t.Log(fault)
			o.faults.Plan("start", fault)
			placed := o.place()
			if placed.Payment.Next != nil {
				o.t.Fatalf("the buyer is told %+v of what was not answered", placed.Payment.Next)
			}
			again := decode[checkout.Payment](o.call("", "POST", "/orders/"+placed.Order.ID.String()+"/pay?token="+placed.Order.AccessToken, `{}`).want(200))
			if again.ID != placed.Payment.ID || again.Next == nil {
				o.t.Fatalf("the buyer is told %+v", again)
			}
			o.faults.Plan("capture", fault, fault)
			o.pays(placed, fakes.Pays)
			o.work()
			o.faults.Plan("capture")
			o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			o.faults.Plan("refund", fault, fault)
			o.refund(placed, `{"amount": {"amount": 1000, "currency": "USD"}, "reason": "broken"}`).want(201)
			o.work()
			got := o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPartiallyRefunded)
			if p := got.Payments[0]; p.Refunded != usd(1000) || !p.Refunding.IsZero() {
				o.t.Errorf("%s was given back, %s is on its way", p.Refunded, p.Refunding)
			}
			o.wantExceptions()
		}
		o.sound()
	})
}

// R4: who pays when the order is gone has the money back, and nobody has to look.
func TestR4PaidTooLateGoesBack(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.begun()
		o.pays(placed, fakes.PaysLater)
		o.lapse(placed)
		if _, err := o.flow.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.work()
		o.clock.Advance(48 * time.Hour)
		if err := o.server.Late(o.t.Context(), placed.Payment.ID); err != nil {
			o.t.Logf("it cannot be paid any more: %v", err)
		}
		o.work()
		got := o.wantOrder(placed, orders.StatusCancelled, orders.PaymentVoided)
		if p := got.Payments[0]; p.Captured != p.Refunded {
			o.t.Errorf("%s was taken and %s given back", p.Captured, p.Refunded)
		}
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0})
		o.wantExceptions()
		o.sound()
	})
}

// Each call to a provider that hangs takes as long as it may: there is one, and
// what is overdue is let go.
func TestAProviderThatHangsKeepsNoStock(t *testing.T) {
	t.Parallel()
	b := booksOf(openOnline(t, "paypal"))
	late := []checkout.Placed{b.begun(), b.begun()}
	for _, placed := range late {
		b.lapse(placed)
	}
	b.provider.hangs = true
	if n, err := b.flow.Expire(t.Context()); err != nil || n != len(late) || b.provider.looked != 1 {
		t.Errorf("%d orders were let go and %d asked about, %v", n, b.provider.looked, err)
	}
	for _, placed := range late {
		b.wantOrder(placed, orders.StatusCancelled, orders.PaymentVoided)
	}
	b.sound()
}

// Two tabs pay one order: one charge stays.
func TestTwoPaymentsOfOneOrderEndAsOne(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		first := o.begun()
		o.postman.Plan(slices.Repeat([]fakes.Manner{fakes.Held}, 20)...)
		o.pays(first, fakes.Declined)
		path := "/orders/" + first.Order.ID.String() + "/pay?token=" + first.Order.AccessToken
		other := decode[checkout.Payment](o.call("", "POST", path, `{"return_url": "https://shop.example/again"}`).want(200))
		if other.ID == first.Payment.ID || other.Next == nil {
			o.t.Fatalf("the buyer is told %+v", other)
		}
		second := first
		second.Payment = other
		o.pays(first, fakes.Pays) // the first tab is still open, and nobody has told the provider yet
		o.pays(second, fakes.Pays)
		o.work()
		got := o.wantOrder(first, orders.StatusConfirmed, orders.PaymentPaid)
		kept := usd(0)
		for _, p := range got.Payments {
			kept = kept.Plus(p.Captured).Minus(p.Refunded)
		}
		if kept != got.GrandTotal {
			o.t.Errorf("%s were kept of %s: %+v", kept, got.GrandTotal, got.Payments)
		}
		o.wantExceptions()
		o.sound()
		o.call("", "POST", path, `{}`).want(409, "order_not_payable")
	})
}

// R31: what is genuine and does not fit changes nothing, and staff see it.
func TestR31WhatDoesNotFitChangesNothing(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		for i, outcome := range []fakes.Outcome{fakes.WrongAmount, fakes.WrongCurrency} {
			placed := o.begun()
			o.pays(placed, outcome)
			o.work()
			got := o.show(placed)
			if got.Status != orders.StatusPending || got.PaymentStatus != orders.PaymentPending || !got.Payments[0].Captured.IsZero() {
				o.t.Errorf("%s: the order is %s and %s: %+v", outcome, got.Status, got.PaymentStatus, got.Payments)
			}
			if kinds := o.exceptions(); len(kinds) <= i || kinds[i] != "mismatch" {
				o.t.Errorf("%s: staff are shown %v", outcome, kinds)
			}
		}
		o.sound()
	})
}

func TestRefundsByAProvider(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.paid()
		line := placed.Order.Items[0].ID
		o.refund(placed, `{"lines": [{"order_line_id": "`+line.String()+`", "quantity": 1}], "reason": "broken"}`).want(201)
		if p := o.show(placed).Payments[0]; p.Refunding != usd(1000) {
			o.t.Errorf("%s is on its way, want 10.00", p.Refunding)
		}
		o.refund(placed, `{"amount": {"amount": 2501, "currency": "USD"}, "reason": "more"}`).want(409) // what is on its way counts
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPartiallyRefunded)
		o.refund(placed, `{"amount": {"amount": 2500, "currency": "USD"}, "reason": "the rest"}`).want(201)
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentRefunded)
		o.wantExceptions()
		o.sound()
		if err := o.server.FailRefunds(o.t.Context(), placed.Payment.ID); err != nil {
			o.t.Fatal(err)
		}
		o.work()
		if kinds := o.exceptions(); !slices.Contains(kinds, "refund_failed") {
			o.t.Errorf("staff are shown %v", kinds)
		}
		o.sound()
	})
}

func TestADisputeToItsEnd(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		for _, won := range []bool{true, false} {
			placed := o.paid()
			if err := o.server.Dispute(o.t.Context(), placed.Payment.ID); err != nil {
				o.t.Fatal(err)
			}
			o.work()
			o.wantExceptions("dispute")
			o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			if err := o.server.Decide(o.t.Context(), placed.Payment.ID, won); err != nil {
				o.t.Fatal(err)
			}
			o.work()
			o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
			loss := map[bool]int64{true: 0, false: placed.Order.GrandTotal.Minor}[won]
			o.books(map[ledger.AccountKey]int64{{Kind: ledger.Disputes}: 0, {Kind: ledger.DisputeLosses}: loss})
			o.exec(`UPDATE payment_exceptions SET state = 'resolved', resolved_at = now() WHERE state = 'open'`, nil)
		}
		o.sound()
	})
}

func TestMoneyIsTakenWhenTheFirstParcelLeaves(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		o.takesOnShipment()
		placed := o.begun()
		o.pays(placed, fakes.Pays)
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentAuthorized)
		o.shipPart(placed, 0)
		o.work()
		o.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
		o.wantExceptions()
		o.sound()
	})
}

// Who is only busy has decided nothing: what the provider says is told again, and
// nobody has to look.
func TestABusyShopDoubtsNothing(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.begun()
		o.pays(placed, fakes.Pays)
		inTheWay, err := o.db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := inTheWay.Exec(t.Context(), `SELECT FROM stock_levels FOR UPDATE`); err != nil {
			t.Fatal(err)
		}
		err = o.flow.Sync(t.Context(), placed.Payment.ID)
		if err == nil { // it is left to the shop to take the money
			list, e := payments.InstructionsOf(t.Context(), o.db, placed.Payment.ID)
			if e != nil || len(list) != 1 {
				t.Fatalf("instructions: %+v, %v", list, e)
			}
			err = o.flow.Carry(t.Context(), payments.InstructionDue{InstructionID: list[0].ID})
		}
		if !errors.Is(err, postgres.ErrBusy) {
			t.Errorf("err = %v, want ErrBusy", err)
		}
		if got := o.show(placed); got.Status != orders.StatusPending {
			t.Errorf("the order is %s", got.Status)
		}
		if err := inTheWay.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
		o.wantExceptions()
		o.sound()
	})
}

// What was promised for an order that is cancelled is let go, and the books are
// right before the provider has heard of it, too.
func TestAPromiseIsLetGoWithItsOrder(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.promised()
		o.call("", "POST", "/orders/"+placed.Order.ID.String()+"/cancel?token="+placed.Order.AccessToken, "").want(200)
		o.sound()
		o.work()
		got := o.wantOrder(placed, orders.StatusCancelled, orders.PaymentVoided)
		if p := got.Payments[0]; p.Status != payments.Voided || p.Voided != p.Authorized {
			t.Errorf("%s of %s was given up, and the payment is %s", p.Voided, p.Authorized, p.Status)
		}
		o.wantExceptions()
		o.sound()
	})
}

// A payment that the provider knows nothing of is shown once, and not asked about
// for ever.
func TestAPaymentThatIsNotOursIsAskedAboutOnce(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.begun()
		o.exec(`UPDATE payments SET provider_ref = provider_ref || 'x'`, nil)
		o.work()
		o.wantExceptions("mismatch")
		if n := o.count(`SELECT count(*)::int FROM payments WHERE look_at IS NOT NULL`, nil); n != 0 {
			t.Errorf("%d payments are asked about again", n)
		}
		if got := o.show(placed); got.Status != orders.StatusPending {
			t.Errorf("the order is %s", got.Status)
		}
		o.sound()
	})
}

// Staff need not wait for the parcel.
func TestStaffTakeWhatWasPromised(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		o.takesOnShipment()
		placed := o.begun()
		path := "/admin/payments/" + placed.Payment.ID.String() + "/capture"
		o.call("staff", "POST", path, "", "Idempotency-Key", "early").want(409, "capture_not_by_hand")
		o.pays(placed, fakes.Pays)
		o.work()
		for range 2 {
			o.call("staff", "POST", path, "", "Idempotency-Key", "one").want(200)
		}
		o.call("staff", "POST", path, "", "Idempotency-Key", "another").want(409, "capture_under_way")
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
		o.wantExceptions()
		o.sound()
	})
}

// Bad inputs 55, 57, 59 and 60.
func TestPayingRefusesWhatIsNotTheBuyers(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		c := o.fill("", 1, o.sell(goods{}))
		for _, to := range []string{"https://evil.example/", "https://shop.example@evil.example/", "javascript:alert(1)", "https://shop.example.evil.example"} {
			body := `{"cart_id": "` + c.ID.String() + `", "payment_method": "` + o.method + `", "expected_total": {"amount": 1500, "currency": "USD"}, "return_url": "` + to + `"}`
			o.call("", "POST", "/checkout", body, "Idempotency-Key", to).want(422)
		}
		placed, other := o.begun(), o.begun()
		o.pays(other, fakes.Pays)
		theirs := url.Values{}
		for name, value := range o.server.Return(other.Payment.ID) {
			theirs.Set(name, value)
		}
		o.call("", "GET", "/payments/"+placed.Payment.ID.String()+"/return?"+theirs.Encode(), "").want(422, "payment_not_confirmed")
		o.call("", "GET", "/payments/"+placed.Payment.ID.String()+"/return", "").want(422, "payment_not_confirmed")
		o.call("", "POST", "/orders/"+placed.Order.ID.String()+"/pay", `{}`).want(404)
		path := "/orders/" + placed.Order.ID.String() + "/pay?token=" + placed.Order.AccessToken
		for i := range 4 {
			o.call("", "POST", path, `{"return_url": "https://shop.example/`+string(rune('a'+i))+`"}`).want(200)
		}
		o.call("", "POST", path, `{"return_url": "https://shop.example/e"}`).want(429, "too_many_attempts")
		o.call("", "POST", path, `{"payment_method": "cod"}`).want(429)
		o.sound()
	})
}

// Who could not pay by card pays at the door.
func TestAnotherWayToPay(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.begun()
		o.pays(placed, fakes.Declined)
		o.call("", "POST", "/orders/"+placed.Order.ID.String()+"/pay?token="+placed.Order.AccessToken, `{"payment_method": "cod"}`).want(200, `"status":"authorized"`)
		o.work()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentAuthorized)
		if err := o.server.Pay(o.t.Context(), placed.Payment.ID, fakes.Pays); err == nil { // where it could not be closed
			o.work()
		}
		got := o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentAuthorized)
		if p := got.Payments[0]; p.Captured != p.Refunded {
			o.t.Errorf("%s was taken and %s given back", p.Captured, p.Refunded)
		}
		o.wantExceptions()
		o.sound()
	})
}

// A membership is renewed by the card that joined it; one that is declined while
// nobody is there waits for its owner.
func TestMembershipsAreRenewedByTheCardThatWasKept(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "stripe")
	gold := o.plan("Gold", 999, goldBenefits)
	who := o.customer().String()
	o.call(who, "GET", "/me/payment-methods", "").want(200).lacks("stripe")
	joined := o.join(who, gold.ID, "stripe", "")
	if joined.Payment.Next == nil {
		t.Fatalf("the buyer is told %+v", joined.Payment)
	}
	o.pays(checkout.Placed{Payment: *joined.Payment}, fakes.Pays)
	o.work()
	o.handOver()
	o.call(who, "GET", "/me/payment-methods", "").want(200, `"method":"stripe"`, `"label":`)

	renewed := func(pass string) orders.View {
		m := o.membership(who)
		o.later(m.ID, pass)
		o.renew()
		order := o.membership(who).Renewal
		o.work()
		o.handOver()
		return o.shown(order)
	}
	if r := renewed("26 days"); r.Status != orders.StatusDelivered || r.PaymentStatus != orders.PaymentPaid || len(o.membership(who).Periods) != 2 {
		t.Errorf("the renewal is %s and %s, and there are %d periods", r.Status, r.PaymentStatus, len(o.membership(who).Periods))
	}
	o.sound()

	o.server.(*stripetest.Server).OffSession = "authentication_required"
	told := o.raised("memberships.renewal_due")
	r := renewed("30 days")
	if r.Status != orders.StatusPending || r.Payments[0].Status != payments.Failed {
		t.Errorf("what the bank declines is %s, its payment %s", r.Status, r.Payments[0].Status)
	}
	if again := o.raised("memberships.renewal_due") - told; again != 2 {
		t.Errorf("told %d times: when it was ordered, and when the card was declined", again)
	}
	again := decode[checkout.Payment](o.call(who, "POST", "/orders/"+r.ID.String()+"/pay", `{}`).want(200))
	if again.Next == nil {
		t.Fatalf("the buyer is told %+v", again)
	}
	o.pays(checkout.Placed{Payment: again}, fakes.Pays)
	o.work()
	o.handOver()
	if n := len(o.membership(who).Periods); n != 3 {
		t.Errorf("%d periods, want 3", n)
	}
	o.wantExceptions()
	o.sound()

	o.call(who, "DELETE", "/me/payment-methods/stripe", "").want(204)
	o.call(who, "DELETE", "/me/payment-methods/stripe", "").want(404)
	for _, paid := range []id.Payment{joined.Payment.ID, again.ID} { // which Stripe still says how to repeat
		o.call("staff", "POST", "/admin/payments/"+paid.String()+"/sync", "").want(200)
	}
	o.call(who, "GET", "/me/payment-methods", "").want(200).lacks("stripe")
	r = renewed("30 days")
	if r.Status != orders.StatusPending || r.Payments[0].Status != payments.Pending {
		t.Errorf("with nothing kept it is %s, its payment %s", r.Status, r.Payments[0].Status)
	}
	o.sound()
}
