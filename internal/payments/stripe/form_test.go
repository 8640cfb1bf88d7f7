package stripe

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// A page of the shop is led to, where Stripe leads back to the shop as from its own.
func TestFieldsOnAPageOfTheShop(t *testing.T) {
	d := open(t)
	d.hosted()
	d.BaseURL, d.LinkKey = "https://shop.example", []byte("a key")
	s := d.startOf(money.Of(123_45, "USD"))
	begun, err := d.Start(t.Context(), s)
	if err != nil || begun.Next.Kind != "hosted_fields" || begun.Next.Fields != nil {
		t.Fatalf("began as %+v, %v", begun, err)
	}
	form := d.asked[len(d.asked)-1].form
	if form.Get("ui_mode") != "embedded_page" || form.Has("success_url") || form.Has("cancel_url") ||
		form.Get("return_url") != "https://shop.example/return?order=1&session_id={CHECKOUT_SESSION_ID}" {
		t.Errorf("asked for %v", form)
	}
	page, err := url.Parse(begun.Next.URL)
	if err != nil || page.Path != "/pay/stripe/"+s.Payment.String() || !d.Admits(s.Payment, page.Query().Get("signature")) {
		t.Errorf("the page is %s", begun.Next.URL)
	}
	for _, signature := range []string{"", "x", page.Query().Get("signature") + "A"} {
		if d.Admits(s.Payment, signature) {
			t.Errorf("%q opens the page", signature)
		}
	}
	if d.Admits(id.New[id.Payment](), page.Query().Get("signature")) {
		t.Error("the page of another payment opens")
	}
}

// The secret is told as long as somebody can pay with it.
func TestTheFormIsThereUntilItIsPaid(t *testing.T) {
	d := open(t)
	d.hosted()
	k := d.begin(d.startOf(money.Of(10_00, "USD")))
	form, err := d.Form(t.Context(), k)
	if err != nil || form.Key != "pk_test_of_a_fake" || !strings.HasPrefix(form.Secret, k.Ref+"_secret_") || form.Paid {
		t.Fatalf("the form is %+v, %v", form, err)
	}
	d.pay(k, fakes.Declined)
	if again, err := d.Form(t.Context(), k); err != nil || again != form {
		t.Errorf("after a decline the form is %+v, %v", again, err)
	}
	d.pay(k, fakes.Pays)
	if paid, err := d.Form(t.Context(), k); err != nil || paid.Secret != "" || !paid.Paid {
		t.Errorf("after it was paid the form is %+v, %v", paid, err)
	}
	closed := d.begin(d.startOf(money.Of(10_00, "USD")))
	if _, err := d.Void(t.Context(), payments.Move{Payment: closed.Payment, Ref: closed.Ref, Amount: money.Zero("USD"), Key: "close"}); err != nil {
		t.Fatal(err)
	}
	if over, err := d.Form(t.Context(), closed); err != nil || over.Secret != "" || over.Paid {
		t.Errorf("after it was closed the form is %+v, %v", over, err)
	}
	other := closed
	other.Payment = id.New[id.Payment]()
	if _, err := d.Form(t.Context(), other); !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("somebody else's form: %v, want ErrMismatch", err)
	}
}

// What a page of Stripe's was opened for has no form on the shop's.
func TestOnlyHostedFieldsHaveAForm(t *testing.T) {
	d := open(t)
	if _, err := d.Form(t.Context(), d.begin(d.startOf(money.Of(10_00, "USD")))); !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("%v, want ErrMismatch", err)
	}
}

// Whoever is at it while staff set the account to the other place goes on where
// they were: the key of a payment makes one session.
func TestWhatWasBegunGoesOnWhereItWas(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(10_00, "USD"))
	first, err := d.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	d.hosted()
	if again, err := d.Start(t.Context(), s); err != nil || again.Ref != first.Ref || again.Next.URL != first.Next.URL {
		t.Errorf("began as %+v, then as %+v, %v", first, again, err)
	}
}

// A shop whose Stripe is the real one loads the script of the API's version, and
// lets in what Stripe's guide names for embedded Checkout and Link. Where the script
// has another name after an update, look up what its functions are called there.
func TestTheScriptIsStripes(t *testing.T) {
	want := Form{
		Script: "https://js.stripe.com/dahlia/stripe.js", Key: "pk_1",
		Scripts:     "https://js.stripe.com https://*.js.stripe.com https://checkout.stripe.com",
		Frames:      "https://js.stripe.com https://*.js.stripe.com https://checkout.stripe.com https://hooks.stripe.com https://link.com https://*.link.com",
		Connections: "https://api.stripe.com https://checkout.stripe.com https://link.com https://*.link.com",
		Images:      "https://*.stripe.com",
	}
	if got := formOf(payments.Account{Fields: map[string]string{publishableKey: "pk_1"}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	const at = "http://127.0.0.1:1"
	if got := formOf(payments.Account{BaseURL: at + "/"}); got != (Form{Script: at + "/dahlia/stripe.js", Scripts: at, Frames: at, Connections: at, Images: at}) {
		t.Errorf("a Stripe for tests: %+v", got)
	}
}
