package stripe

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

func (d *desk) startOf(a money.Amount) payments.Start {
	of := id.New[id.Payment]()
	return payments.Start{
		Payment: of, Number: "S-2026-00042", Email: "buyer@example.com", Amount: a, Capture: payments.CaptureAutomatic,
		ReturnURL: "https://shop.example/return?order=1", ExpiresAt: d.clock.Now().Add(15 * time.Minute), Key: of.String(),
	}
}

// begin starts a payment and says how it is known.
func (d *desk) begin(s payments.Start) payments.Known {
	d.Helper()
	begun, err := d.Start(d.Context(), s)
	if err != nil {
		d.Fatal(err)
	}
	return payments.Known{Payment: s.Payment, Ref: begun.Ref, Amount: s.Amount}
}

func (d *desk) pay(k payments.Known, o fakes.Outcome) {
	d.Helper()
	if err := d.server.Pay(d.Context(), k.Payment, o); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) look(k payments.Known) payments.Report {
	d.Helper()
	r, err := d.Look(d.Context(), k)
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// reason is why Stripe has refused; "" of anything else.
func reason(err error) string {
	var no *errs.Error
	if !errors.As(err, &no) || no.Kind != errs.Conflict {
		return ""
	}
	return fmt.Sprint(no.Extra["reason"])
}

func TestAPageIsAskedForAsTheOrderIs(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(123_45, "USD"))
	d.begin(s)
	want := map[string]string{
		"mode": "payment", "client_reference_id": s.Payment.String(), "customer_email": "buyer@example.com",
		"success_url":                                   "https://shop.example/return?order=1&session_id={CHECKOUT_SESSION_ID}",
		"cancel_url":                                    "https://shop.example/return?order=1&session_id={CHECKOUT_SESSION_ID}",
		"payment_intent_data[capture_method]":           "automatic",
		"adaptive_pricing[enabled]":                     "false",
		"line_items[0][quantity]":                       "1",
		"line_items[0][price_data][currency]":           "usd",
		"line_items[0][price_data][unit_amount]":        "12345",
		"line_items[0][price_data][product_data][name]": "Order S-2026-00042",
		"payment_intent_data[description]":              "Order S-2026-00042",
		"payment_intent_data[metadata][payment]":        s.Payment.String(),
		"expires_at":                                    fmt.Sprint(s.ExpiresAt.Add(31 * time.Minute).Unix()), // Stripe wants half an hour
	}
	d.wantForm(want)
	asked := d.asked[len(d.asked)-1]
	if asked.Header.Get("Idempotency-Key") != s.Key || asked.Header.Get("Stripe-Version") != "2026-03-25.dahlia" {
		t.Errorf("asked with %v", asked.Header)
	}

	s = d.startOf(money.Of(123_45, "USD"))
	s.Save, s.Capture, s.Email, s.ExpiresAt = true, payments.CaptureOnShipment, "", s.ExpiresAt.Add(5*24*time.Hour)
	d.begin(s)
	delete(want, "customer_email")
	delete(want, "expires_at")
	want["client_reference_id"], want["payment_intent_data[metadata][payment]"] = s.Payment.String(), s.Payment.String()
	want["customer_creation"], want["payment_intent_data[setup_future_usage]"] = "always", "off_session"
	want["payment_intent_data[capture_method]"] = "manual"
	d.wantForm(want)
}

func (d *desk) wantForm(want map[string]string) {
	d.Helper()
	form := d.asked[len(d.asked)-1].form
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if form.Get(name) != want[name] {
			d.Errorf("%s is %q, want %q", name, form.Get(name), want[name])
		}
	}
	for name := range want {
		if !form.Has(name) {
			d.Errorf("%s is missing", name)
		}
	}
}

// The library would tell what it runs on, and which programs have started it.
func TestNothingIsToldOfTheMachine(t *testing.T) {
	d := open(t)
	d.look(d.begin(d.startOf(money.Of(10_00, "USD"))))
	for _, r := range d.asked {
		for name := range r.Header {
			switch name {
			case "Authorization", "Content-Type", "Stripe-Version", "Idempotency-Key", "User-Agent", "Content-Length", "Traceparent":
			default:
				t.Errorf("%s %s tells %s: %s", r.Method, r.URL.Path, name, r.Header.Get(name))
			}
		}
		if r.UserAgent() != "Souk" {
			t.Errorf("it is %q", r.UserAgent())
		}
	}
}

func TestTheVersionOfTheAPIIsTheAccounts(t *testing.T) {
	d := open(t)
	d.exec(`UPDATE payment_accounts SET fields = '{"api_version": "2031-01-01.iris"}'`, pgx.NamedArgs{})
	_, err := d.Start(t.Context(), d.startOf(money.Of(10_00, "USD")))
	if err == nil || len(d.asked) != 1 || d.asked[0].Header.Get("Stripe-Version") != "2031-01-01.iris" {
		t.Errorf("asked %+v: %v", d.asked, err)
	}
}

// What was saved pays for a renewal, the buyer being away.
func TestWhatWasSavedPaysAgain(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(10_00, "USD"))
	s.Save = true
	first := d.begin(s)
	d.pay(first, fakes.Pays)
	saved := d.look(first).Saved
	if saved == nil || saved.Label != "Visa 4242" || saved.ExpiresAt == nil || !saved.ExpiresAt.Equal(time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("saved %+v", saved)
	}
	again := d.startOf(money.Of(20_00, "USD"))
	again.With = saved.Ref
	begun, err := d.Start(t.Context(), again)
	if err != nil || begun.Next != nil || !strings.HasPrefix(begun.Ref, "pi_") {
		t.Fatalf("began %+v, %v", begun, err)
	}
	if twice, err := d.Start(t.Context(), again); err != nil || twice.Ref != begun.Ref {
		t.Errorf("began again as %+v, %v", twice, err)
	}
	r := d.look(payments.Known{Payment: again.Payment, Ref: begun.Ref})
	if at := slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture }); at < 0 || r.Facts[at].Amount != again.Amount {
		t.Errorf("facts %+v", r.Facts)
	}
	if n := len(d.server.Book.Of(again.Payment)); n != 1 {
		t.Errorf("charged %d times", n)
	}
}

// Stripe forgets keys. Who may have been charged is not charged again.
func TestWhatWasSavedPaysOnceWhateverStripeForgets(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(10_00, "USD"))
	s.Save = true
	first := d.begin(s)
	d.pay(first, fakes.Pays)
	again := d.startOf(money.Of(20_00, "USD"))
	again.With = d.look(first).Saved.Ref
	d.server.Faults.Plan("start", fakes.ServerError)
	for range 2 {
		if _, err := d.Start(t.Context(), again); err == nil || reason(err) != "" {
			t.Errorf("%v, want an unknown outcome", err)
		}
		d.clock.Advance(25 * time.Hour)
	}
	if n := len(d.server.Book.Of(again.Payment)); n != 1 {
		t.Errorf("charged %d times", n)
	}
}

func TestWhatWasNotToBeSavedIsNot(t *testing.T) {
	d := open(t)
	k := d.begin(d.startOf(money.Of(10_00, "USD")))
	d.pay(k, fakes.Pays)
	if saved := d.look(k).Saved; saved != nil {
		t.Errorf("saved %+v", saved)
	}
}

func TestABankThatWantsToSeeTheBuyerSaysNo(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(10_00, "USD"))
	s.Save = true
	k := d.begin(s)
	d.pay(k, fakes.Pays)
	ref := d.look(k).Saved.Ref
	for _, why := range []string{"authentication_required", "insufficient_funds"} {
		d.server.OffSession = why
		again := d.startOf(money.Of(20_00, "USD"))
		again.With = ref
		for range 2 {
			_, err := d.Start(t.Context(), again)
			if reason(err) != why || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", why, err)
			}
		}
		if n := len(d.server.Book.Of(again.Payment)); n != 0 {
			t.Errorf("%s: charged %d times", why, n)
		}
	}
	for _, with := range []string{"cus_1/pm_1", "cus_1" + ref[strings.IndexByte(ref, '/'):], "nothing", "/"} {
		again := d.startOf(money.Of(20_00, "USD"))
		again.With = with
		if _, err := d.Start(t.Context(), again); reason(err) == "" {
			t.Errorf("paid with %q: %v", with, err)
		}
	}
}

// Bad input 67: money of test mode is none.
func TestTestMoneyPaysNothingOnALiveShop(t *testing.T) {
	d := open(t)
	k := d.begin(d.startOf(money.Of(10_00, "USD")))
	d.pay(k, fakes.Pays)
	d.exec(`UPDATE payment_accounts SET live = true`, pgx.NamedArgs{})
	if _, err := d.Look(t.Context(), k); !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("look: %v, want ErrMismatch", err)
	}
	if _, err := d.Start(t.Context(), d.startOf(money.Of(10_00, "USD"))); reason(err) != "livemode" {
		t.Errorf("start: %v, want a refusal", err)
	}
	if _, err := d.Probe(t.Context()); reason(err) != "livemode" {
		t.Errorf("probe: %v, want a refusal", err)
	}
}

// Keys that Stripe does not know are no answer to what has become of a payment.
func TestWrongKeysAreNoRefusalOfAPayment(t *testing.T) {
	d := open(t)
	d.exec(`UPDATE payment_accounts SET secrets_sealed = @sealed`, pgx.NamedArgs{
		"sealed": d.Accounts.Vault.Seal("payment provider stripe", []byte(`{"secret_key":"sk_test_of_nobody"}`)),
	})
	_, err := d.Start(t.Context(), d.startOf(money.Of(10_00, "USD")))
	if err == nil || reason(err) != "" || strings.Contains(err.Error(), "sk_test") {
		t.Errorf("start: %v, want an unknown outcome", err)
	}
	if _, err := d.Probe(t.Context()); reason(err) == "" || strings.Contains(err.Error(), "sk_test") {
		t.Errorf("probe: %v, want a refusal", err)
	}
}

// A key that was used for something else is no refusal either: that may have
// been done.
func TestAKeyOfSomethingElseIsAnUnknownOutcome(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(10_00, "USD"))
	d.begin(s)
	s.Number = "S-2026-00043"
	if _, err := d.Start(t.Context(), s); err == nil || reason(err) != "" {
		t.Errorf("%v, want an unknown outcome", err)
	}
}

func TestAnswersThatCannotBeReadAreUnknownOutcomes(t *testing.T) {
	d := open(t)
	d.server.Faults.Plan("start", fakes.ServerError)
	_, err := d.Start(t.Context(), d.startOf(money.Of(10_00, "USD")))
	if err == nil || reason(err) != "" || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("%v", err)
	}
}
