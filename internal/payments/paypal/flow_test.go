package paypal_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

func TestWhatPayPalIsAskedFor(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureOnShipment)
	start := b.front.last(t, "POST /v2/checkout/orders")
	b.want(start.header.Get("PayPal-Request-Id"), v.id.String())
	b.want(start.header.Get("Prefer"), "return=representation")
	b.wantJSON(start.body, `{"intent": "AUTHORIZE", "purchase_units": [{
		"reference_id": "`+v.id.String()+`", "custom_id": "`+v.id.String()+`", "invoice_id": "S-2026-00042-`+v.id.String()+`",
		"amount": {"currency_code": "USD", "value": "19.99"}}],
		"payment_source": {"paypal": {"experience_context": {"return_url": "https://shop.example/return?a=b", "cancel_url": "https://shop.example/return?a=b",
			"user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING", "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED"}}}}`)

	v.pay(fakes.Pays).look()
	f, err := b.provider.Capture(t.Context(), v.move(1000, "capture"))
	if err != nil {
		t.Fatal(err)
	}
	take := b.front.last(t, "POST /v2/payments/authorizations/")
	b.want(take.header.Get("PayPal-Request-Id"), "capture"+v.id.String())
	b.wantJSON(take.body, `{"amount": {"currency_code": "USD", "value": "10.00"}, "final_capture": true}`)

	move := v.move(250, "refund")
	move.Taken = f.Cause
	if _, err := b.provider.Refund(t.Context(), move); err != nil {
		t.Fatal(err)
	}
	back := b.front.last(t, "POST /v2/payments/captures/"+f.Cause+"/refund")
	b.want(back.header.Get("PayPal-Request-Id"), "refund"+v.id.String())
	b.wantJSON(back.body, `{"amount": {"currency_code": "USD", "value": "2.50"}, "invoice_id": "refund`+v.id.String()+`", "note_to_payer": "It was broken."}`)
}

func (b *bench) wantJSON(got, want string) {
	b.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal([]byte(got), &g), json.Unmarshal([]byte(want), &w)); err != nil {
		b.Fatal(err)
	}
	b.want(g, w)
}

func TestPayPalIsOfferedForWhatItTakes(t *testing.T) {
	b := open(t)
	for _, amount := range []money.Amount{money.Of(1, "EUR"), money.Of(100, "HUF"), money.Of(7, "JPY")} {
		if err := b.provider.Offered(t.Context(), payments.Offer{Total: amount}); err != nil {
			t.Errorf("%s: %v", amount, err)
		}
	}
	for _, amount := range []money.Amount{money.Of(0, "EUR"), money.Of(101, "HUF"), money.Of(1000, "KWD"), money.Of(1000, "INR")} {
		if err := b.provider.Offered(t.Context(), payments.Offer{Total: amount}); !errors.Is(err, payments.ErrMethod) {
			t.Errorf("%s: %v, want ErrMethod", amount, err)
		}
	}
	b.change("enabled", false)
	if err := b.provider.Offered(t.Context(), payments.Offer{Total: money.Of(1, "EUR")}); !errors.Is(err, payments.ErrMethod) {
		t.Errorf("not enabled: %v, want ErrMethod", err)
	}
}

// A part of an order can come to what the whole does not: a fraction of a forint.
func TestNoOtherAmountIsMovedThanWasAskedFor(t *testing.T) {
	b := open(t)
	move := payments.Move{Payment: id.New[id.Payment](), Ref: "O1", Taken: "C1", Amount: money.Of(33_333, "HUF"), Key: "a"}
	for _, do := range []func(context.Context, payments.Move) (payments.Fact, error){b.provider.Capture, b.provider.Refund} {
		_, err := do(t.Context(), move)
		b.wantNo(err, "amount_unsupported")
	}
	b.want(b.front.count("POST"), 0)
}

func TestNobodyPaysByWhatWasKept(t *testing.T) {
	b := open(t)
	_, err := b.provider.Start(t.Context(), payments.Start{Payment: id.New[id.Payment](), Amount: money.Of(100, "USD"), With: "token", Key: "a"})
	b.wantNo(err, "not_supported")
	b.want(b.front.count("POST"), 0)
}

func TestADeclinedWayToPayIsNotTheEnd(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	b.server.DeclineNext(v.id)
	_, err := b.provider.Capture(t.Context(), v.move(1999, "first"))
	b.wantNo(err, "INSTRUMENT_DECLINED")
	again, err := b.provider.Start(t.Context(), v.start(payments.CaptureAutomatic)) // PayPal gives no address for what is approved
	b.want([]any{again, err}, []any{payments.Begun{Ref: v.ref, Next: &payments.Action{Kind: "redirect", URL: b.url + "/checkoutnow?token=" + v.ref}}, nil})
	v.pay(fakes.Pays)
	v.capture()
	b.want(told(v.look()), []string{"capture 1999"})

	v = b.begin(payments.CaptureOnShipment).pay(fakes.Pays)
	b.server.DeclineNext(v.id)
	if r := v.look(); !r.Open || r.Approved || r.Facts != nil {
		t.Errorf("after the authorisation was declined: %+v", r)
	}
	v.pay(fakes.Pays)
	b.want(told(v.look()), []string{"authorize 1999"})
}

// Nobody has looked since the buyer came back, or PayPal did not answer then.
func TestAnApprovalBecomesOneAuthorisation(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureOnShipment).pay(fakes.Pays)
	b.server.Faults.Plan("authorize", fakes.Down, fakes.ServerError)
	for range 2 {
		_, err := b.provider.Look(t.Context(), payments.Known{Payment: v.id, Ref: v.ref})
		b.wantUnknown(err)
	}
	f := v.capture()
	r := v.look()
	b.want(told(r), []string{"authorize 1999", "capture 1999"})
	if r.Approved || r.Open || !slices.Contains(r.Refs, f.Cause) || len(r.Refs) != 2 {
		t.Errorf("captured %s, reported %+v", f.Cause, r)
	}
}

func TestAnOrderIsCapturedOnceAndAsAWhole(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic)
	_, err := b.provider.Capture(t.Context(), v.move(1999, "too early"))
	b.wantNo(err, "ORDER_NOT_APPROVED")
	v.pay(fakes.Pays)
	_, err = b.provider.Capture(t.Context(), v.move(1998, "a part"))
	b.wantNo(err, "partial_capture")
	first := v.capture()
	again, err := b.provider.Capture(t.Context(), v.move(1999, "by another key"))
	b.want([]any{again, err}, []any{first, nil})
	b.clock.Advance(7 * time.Hour) // PayPal has forgotten the key
	b.want(v.capture(), first)
	b.want(len(b.server.Book.Of(v.id)), 1)
	_, err = b.provider.Capture(t.Context(), payments.Move{Payment: id.New[id.Payment](), Ref: v.ref, Amount: v.total, Key: "b"})
	if !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("by another payment: %v, want ErrMismatch", err)
	}
}

func TestMoneyThatIsPendingIsNotThereAndNotLost(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.PaysLater)
	for range 2 {
		_, err := b.provider.Capture(t.Context(), v.move(1999, "capture"))
		b.wantUnknown(err)
		if r := v.look(); !r.Approved || r.Open || r.Facts != nil {
			t.Errorf("while it is pending: %+v", r)
		}
	}
	if f, err := b.provider.Void(t.Context(), v.move(0, "void")); err != nil || !f.Amount.IsZero() {
		t.Errorf("given up: %+v, %v; what comes late is given back", f, err)
	}
	if err := b.server.Late(t.Context(), v.id); err != nil {
		t.Fatal(err)
	}
	f := v.capture()
	r := v.look()
	b.want(told(r), []string{"capture 1999"})
	b.want(r.Facts[0], f)

	v = b.begin(payments.CaptureOnShipment).pay(fakes.PaysLater)
	if r := v.look(); !r.Approved || r.Facts != nil {
		t.Errorf("while the authorisation is pending: %+v", r)
	}
	if err := b.server.Late(t.Context(), v.id); err != nil {
		t.Fatal(err)
	}
	b.want(told(v.look()), []string{"authorize 1999"})
}

func TestAPromiseIsTakenInPartsAndTheRestGivenUp(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureOnShipment).pay(fakes.Pays)
	v.look()
	for _, part := range []struct {
		minor int64
		all   bool
	}{{700, false}, {300, false}, {400, true}} {
		move := v.move(part.minor, string(rune('a'+part.minor/100)))
		move.All = part.all
		f, err := b.provider.Capture(t.Context(), move)
		if err != nil || f.Amount != move.Amount {
			t.Fatalf("captured %+v, %v", f, err)
		}
	}
	r := v.look()
	b.want(told(r), []string{"authorize 1999", "capture 700", "capture 300", "capture 400", "void 599"})
	b.want(r.Approved, false)
	_, err := b.provider.Capture(t.Context(), v.move(100, "more"))
	b.wantNo(err, "AUTHORIZATION_ALREADY_CAPTURED")
}

func TestNothingIsTakenOfAPromiseOfAnotherAmount(t *testing.T) {
	b := open(t)
	for _, outcome := range []fakes.Outcome{fakes.WrongAmount, fakes.WrongCurrency} {
		r := b.begin(payments.CaptureOnShipment).pay(outcome).look()
		if len(r.Facts) != 1 || r.Facts[0].Kind != payments.Authorize || r.Approved || r.Open {
			t.Errorf("%s: %+v", outcome, r)
		}
	}
}

func TestAPromiseIsGivenUp(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureOnShipment).pay(fakes.Pays)
	r := v.look()
	if _, err := b.provider.Void(t.Context(), v.move(0, "void")); !isState(err) {
		t.Errorf("the end of an order that is promised: %v, want payment_state", err)
	}
	for range 2 {
		f, err := b.provider.Void(t.Context(), v.move(1999, "void"))
		b.want([]any{f, err}, []any{payments.Fact{Payment: v.id, Kind: payments.Void, Amount: v.total, Cause: r.Refs[0]}, nil})
	}
	after := v.look()
	b.want(told(after), []string{"authorize 1999", "void 1999"})
	b.want(after.Facts[1].Cause, r.Refs[0])
	b.want(after.Approved || after.Open, false)

	v = b.begin(payments.CaptureOnShipment).pay(fakes.Pays)
	v.look()
	v.capture()
	if _, err := b.provider.Void(t.Context(), v.move(1999, "void")); !isState(err) {
		t.Errorf("a promise that was taken: %v, want payment_state", err)
	}
	v = b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	v.capture()
	if _, err := b.provider.Void(t.Context(), v.move(0, "void")); !isState(err) {
		t.Errorf("what is paid: %v, want payment_state", err)
	}
}

// What is being taken of a promise is not given up with the rest.
func TestAPromiseIsNotGivenUpWhileACaptureIsPending(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureOnShipment).pay(fakes.Pays)
	b.front.answer("/v2/checkout/orders/"+v.ref, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"` + v.ref + `","intent":"AUTHORIZE","status":"COMPLETED","purchase_units":[{"custom_id":"` + v.id.String() + `",
			"amount":{"currency_code":"USD","value":"19.99"},"payments":{
			"authorizations":[{"id":"A1","status":"PARTIALLY_CAPTURED","amount":{"currency_code":"USD","value":"19.99"}}],
			"captures":[{"id":"C1","status":"PENDING","amount":{"currency_code":"USD","value":"7.00"}}]}}]}`))
	})
	_, err := b.provider.Void(t.Context(), v.move(1999, "void"))
	b.wantUnknown(err)
	b.want(b.front.count("POST /v2/payments/authorizations/A1/void"), 0)
}

func isState(err error) bool {
	var no *errs.Error
	return errors.As(err, &no) && no.Code == "payment_state" && no.Kind == errs.Conflict
}

// PayPal forgets orders that nobody pays. They were ours all the same.
func TestAnOrderThatPayPalForgotIsOver(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic)
	b.clock.Advance(4 * time.Hour)
	r := v.look()
	b.want(r.Open || r.Approved || r.Facts != nil, false)
	if _, err := b.provider.Void(t.Context(), v.move(0, "void")); err != nil {
		t.Errorf("the end of it: %v", err)
	}
	_, err := b.provider.Look(t.Context(), payments.Known{Payment: v.id, Ref: "5O190127TN364715T", Refs: []string{"3C679366HH908993F"}})
	if !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("one that was captured and is not there: %v, want ErrMismatch", err)
	}
}

func TestTheFeeIsTheCaptures(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	taken := v.capture()
	b.want(v.look().Facts, []payments.Fact{taken, {Payment: v.id, Kind: payments.Fee, Amount: money.Of(70, "USD"), Cause: taken.Cause}})
}

func TestACaptureThatFailsLaterIsAFailure(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.PaysLater)
	b.front.answer("/v2/checkout/orders/"+v.ref, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"` + v.ref + `","intent":"CAPTURE","status":"COMPLETED","purchase_units":[{"custom_id":"` + v.id.String() + `",
			"amount":{"currency_code":"USD","value":"19.99"},"payments":{"captures":[{"id":"C1","status":"DECLINED","amount":{"currency_code":"USD","value":"19.99"}}]}}]}`))
	})
	r := v.look()
	b.want(r.Facts, []payments.Fact{{Payment: v.id, Kind: payments.Fail, Amount: money.Zero("USD"), Cause: "C1"}})
	b.want(r.Open || r.Approved, false)
}

// A dispute is one of the payment's names from when it has cost money. When the
// money is not held any more, that tells that it was.
func TestAWonDisputeGivesBackWhatItTook(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	v.capture()
	before := v.look()
	if err := b.server.Dispute(t.Context(), v.id); err != nil {
		t.Fatal(err)
	}
	during := v.look(before.Refs...)
	b.want(told(during), []string{"capture 1999", "chargeback 1999"})
	ref := during.Disputes[0].Ref
	b.want(slices.Contains(during.Refs, ref), true)
	if due := during.Disputes[0].DueBy; due == nil || !due.After(b.clock.Now()) {
		t.Errorf("due by %v", due)
	}
	if err := b.server.Decide(t.Context(), v.id, true); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		after := v.look(during.Refs...)
		b.want(told(after), []string{"capture 1999", "chargeback 1999", "chargeback_reversed 1999"})
		b.want(after.Facts[3].Cause, ref)
	}
	b.want(told(v.look(before.Refs...)), []string{"capture 1999"}) // who never saw it held has nothing to undo
}

func TestWhatADisputeSays(t *testing.T) {
	b := open(t)
	v := b.begin(payments.CaptureAutomatic).pay(fakes.Pays)
	taken := v.capture()
	b.front.answer("/v1/customer/disputes", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[{"dispute_id":"PP-D-1"}]}`))
	})
	for name, test := range map[string]struct {
		dispute, status string
		facts           []string
	}{
		"an inquiry":          {`"status":"OPEN"`, "needs_response", nil},
		"waits for the buyer": {`"status":"WAITING_FOR_BUYER_RESPONSE"`, "under_review", nil},
		"held": {
			`"status":"WAITING_FOR_SELLER_RESPONSE","disputed_transactions":[{"seller_transaction_id":"` + taken.Cause + `","transaction_status":"HELD"}]`,
			"needs_response",
			[]string{"chargeback 1500"},
		},
		"held of another":            {`"status":"UNDER_REVIEW","disputed_transactions":[{"seller_transaction_id":"C9","transaction_status":"HELD"}]`, "under_review", nil},
		"given up":                   {`"status":"RESOLVED","dispute_outcome":{"outcome_code":"CANCELED_BY_BUYER"}`, "closed", nil},
		"PayPal pays":                {`"status":"RESOLVED","dispute_outcome":{"outcome_code":"RESOLVED_WITH_PAYOUT"}`, "won", nil},
		"accepted":                   {`"status":"RESOLVED","dispute_outcome":{"outcome_code":"ACCEPTED"}`, "closed", nil}, // the refund is a refund
		"lost, and no word of money": {`"status":"RESOLVED","dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"}`, "lost", []string{"chargeback 1500"}},
		"lost in part": {
			`"status":"RESOLVED","dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"},"money_movements":[
				{"affected_party":"SELLER","type":"DEBIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"USD","value":"15.00"}},
				{"affected_party":"SELLER","type":"CREDIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"USD","value":"5.00"}}]`,
			"lost",
			[]string{"chargeback 1500", "chargeback_reversed 500"},
		},
		"lost, with a fee": {
			`"status":"RESOLVED","dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"},"money_movements":[
				{"affected_party":"SELLER","type":"DEBIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"USD","value":"15.00"}},
				{"affected_party":"SELLER","type":"DEBIT","reason":"CHARGEBACK_FEE","amount":{"currency_code":"USD","value":"20.00"}},
				{"affected_party":"BUYER","type":"CREDIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"USD","value":"15.00"}}]`,
			"lost",
			[]string{"chargeback 1500"},
		},
		"won, lost and won again": {
			`"status":"RESOLVED","dispute_outcome":{"outcome_code":"RESOLVED_SELLER_FAVOUR"},"money_movements":[
				{"affected_party":"SELLER","type":"DEBIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"USD","value":"15.00"}},
				{"affected_party":"SELLER","type":"CREDIT","reason":"DISPUTE_SETTLEMENT","amount":{"currency_code":"USD","value":"15.00"}},
				{"affected_party":"SELLER","type":"DEBIT","amount":{"currency_code":"USD","value":"12.00"}},
				{"affected_party":"SELLER","type":"CREDIT","amount":{"currency_code":"USD","value":"12.00"}}]`,
			"won",
			[]string{"chargeback 1500", "chargeback 1200", "chargeback_reversed 1500", "chargeback_reversed 1200"},
		},
	} {
		b.front.answer("/v1/customer/disputes/PP-D-1", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"dispute_id":"PP-D-1","reason":"UNAUTHORISED","dispute_amount":{"currency_code":"USD","value":"15.00"},` + test.dispute + `}`))
		})
		r := v.look()
		b.want([]any{name, r.Disputes[0].Status, told(r)}, []any{name, test.status, append([]string{"capture 1999"}, test.facts...)})
		if want := map[bool]int64{true: 1000, false: 1500}[name == "lost in part"]; r.Disputes[0].Amount.Minor != want { // what the books lose
			t.Errorf("%s: %s", name, r.Disputes[0].Amount)
		}
		causes := map[string]bool{}
		for _, f := range r.Facts {
			key := string(f.Kind) + f.Cause
			if causes[key] {
				t.Errorf("%s: two facts of one cause: %+v", name, r.Facts)
			}
			causes[key] = true
		}
	}
}
