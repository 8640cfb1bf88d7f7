package app_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/payments/stripe"
	"souk/internal/payments/stripe/stripetest"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// wallet is a shop whose buyers' cards are kept by Stripe.
type wallet struct {
	*testing.T
	*apptest.App
	bank     *stripetest.Server
	provider payments.Online
}

func openWallet(t *testing.T) *wallet {
	t.Helper()
	w := &wallet{T: t, App: apptest.New(t, pgtest.Tx(t), near)}
	w.bank = &stripetest.Server{Book: &fakes.Book{Clock: clock.System{}}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}
	address := httptest.NewServer(w.bank.Handler())
	t.Cleanup(address.Close)
	var err error
	if w.provider, err = w.Payments.Online(stripe.Method); err != nil {
		t.Fatal(err)
	}
	w.InTx(t, func(tx pgx.Tx) error {
		return w.Payments.Accounts.Set(t.Context(), tx, w.provider, payments.Account{Enabled: true, BaseURL: address.URL}, w.bank.Fields())
	})
	return w
}

// pays lets somebody pay with a card that is kept, and says by which payment.
func (w *wallet) pays(user id.User) id.Payment {
	w.Helper()
	p := id.New[id.Payment]()
	amount := money.Of(10_00, "USD")
	begun, err := w.provider.Start(w.Context(), payments.Start{
		Payment: p, Amount: amount, ReturnURL: "https://shop.example/", ExpiresAt: clock.System{}.Now().Add(time.Hour), Key: p.String(), Save: true,
	})
	if err == nil {
		err = w.bank.Pay(w.Context(), p, fakes.Pays)
	}
	if err != nil {
		w.Fatal(err)
	}
	report, err := w.provider.Look(w.Context(), payments.Known{Payment: p, Ref: begun.Ref, Amount: amount})
	if err != nil || report.Saved == nil {
		w.Fatalf("%+v, %v", report, err)
	}
	for range 2 { // it is heard twice
		w.InTx(w.T, func(tx pgx.Tx) error { return payments.Keep(w.Context(), tx, user, stripe.Method, *report.Saved) })
	}
	return p
}

func (w *wallet) wantKept(what string, want bool, by id.Payment) {
	w.Helper()
	if got := w.bank.Keeps(by); got != want {
		w.Errorf("%s: Stripe keeps the card: %t, want %t", what, got, want)
	}
}

// A card that a buyer keeps here no longer, by replacing it, by removing it, or by
// going, Stripe keeps no longer either.
func TestACardThatIsKeptNoLongerIsForgottenByItsProvider(t *testing.T) {
	t.Parallel()
	w := openWallet(t)
	ann := w.User(t, "ann").ID
	bob := w.User(t, "bob").ID
	flush := func() error { return w.Relay.Flush(t.Context(), w.DB) }
	first, others := w.pays(ann), w.pays(bob)
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	w.wantKept("nothing has happened", true, first)

	second := w.pays(ann)
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	w.wantKept("replaced", false, first)
	w.wantKept("in its place", true, second)

	w.bank.Faults.Plan("forget", fakes.Down)
	w.Call(t, "ann", "DELETE", "/me/payment-methods/stripe", "").Want(t, 204)
	w.Call(t, "ann", "DELETE", "/me/payment-methods/stripe", "").Want(t, 404)
	if err := flush(); err == nil {
		t.Error("a provider that does not answer has been told")
	}
	w.wantKept("nobody answered", true, second)
	waits, err := postgres.Scalar[id.DroppedMethod](t.Context(), w.DB, `SELECT id FROM dropped_methods`, nil)
	for range 2 { // as the job is tried again
		if err == nil {
			err = w.Payments.TellDropped(t.Context(), payments.SavedDropped{DroppedID: waits})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	w.wantKept("removed", false, second)

	third := w.pays(ann)
	w.Call(t, "ann", "DELETE", "/me", "").Want(t, 204)
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	w.wantKept("erased", false, third)
	late := w.pays(ann) // is heard after that
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	w.wantKept("heard of somebody who was erased", false, late)
	w.wantKept("of somebody else", true, others)
	w.WantRows(t, "dropped_methods", 0)
	w.WantRows(t, "saved_methods", 1)
}
