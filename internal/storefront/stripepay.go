package storefront

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/stripe"
	"souk/internal/platform/httpapi"
)

func (p *Pages) stripePayRoutes(r *httpapi.Router) {
	httpapi.Raw(r, http.MethodGet, stripe.Path, p.showStripePayment, httpapi.Public("the signature of the link is checked"),
		httpapi.Hidden("a page for people"), httpapi.Limit(httpapi.LimitCheckout), httpapi.ID("page-stripe-payment"),
		httpapi.QueryParam("signature", "that of the link"))
}

// stripePayment is what the page with Stripe's own fields shows. Without a secret
// there is nothing to pay, or nobody who knows.
type stripePayment struct {
	Title, Shop, Assets, Script string

	Number  string
	Back    string // out, as Stripe would lead there: the shop looks whether it is paid
	Unknown bool   // Stripe does not answer
	stripe.Form
}

// showStripePayment lets the holder of a link pay on a page of the shop. What is
// typed there goes to Stripe from frames of Stripe's: no script of ours can read it.
func (p *Pages) showStripePayment(w http.ResponseWriter, r *http.Request) error {
	which, err := id.Parse[id.Payment](r.PathValue("payment"))
	if err != nil || !p.Stripe.Admits(which, r.URL.Query().Get("signature")) {
		return payments.ErrNoPayment
	}
	ctx := r.Context()
	payment, err := payments.Get(ctx, p.Payments.DB, which)
	if err != nil {
		return err
	}
	order, err := orders.Read(ctx, p.Payments.DB, payment.Order)
	if err != nil {
		return err
	}
	shown := stripePayment{
		Title: "Pay " + payment.Amount.String(), Shop: p.ShopName, Assets: "/assets/" + p.version, Number: order.Number,
		Back: p.Payments.ReturnURL(which) + "?" + url.Values{"session_id": {payment.ProviderRef}}.Encode(),
	}
	switch payment.Status {
	case payments.Pending, payments.Processing:
		shown.Form, err = p.Stripe.Form(ctx, payments.Known{Payment: which, Ref: payment.ProviderRef})
	case payments.Failed, payments.Voided:
	case payments.Authorized, payments.PartiallyCaptured, payments.Captured:
		shown.Paid = true
	}
	status := http.StatusOK
	switch {
	case errs.Refusal(err) != nil:
		return payments.ErrNoPayment
	case err != nil:
		slog.WarnContext(ctx, "a payment cannot be shown", "payment", which, "error", err)
		status, shown.Unknown = http.StatusServiceUnavailable, true
	}
	head(w.Header())
	if shown.Secret != "" {
		shown.Script = "stripe-payment.js"
		letIn(w.Header(), shown.Form)
	}
	var page bytes.Buffer
	if err := p.stripePay.ExecuteTemplate(&page, "layout.html", shown); err != nil {
		return fmt.Errorf("show payment %s: %w", which, err)
	}
	w.WriteHeader(status)
	_, err = w.Write(page.Bytes())
	return err
}

// letIn has a page load Stripe's script, and show and call what that needs, and
// nothing else. Frames of Stripe's may ask the browser for its wallet, and open the
// window of a bank; they are told which shop they are in, and not the link.
func letIn(h http.Header, f stripe.Form) {
	h.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src 'self' %s; frame-src %s; connect-src %s; img-src data: %s; style-src 'self'; "+
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'", f.Scripts, f.Frames, f.Connections, f.Images))
	h.Set("Permissions-Policy", `camera=(), geolocation=(), microphone=(), payment=(self "`+strings.ReplaceAll(f.Frames, " ", `" "`)+`"), usb=()`)
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
	h.Set("Referrer-Policy", "strict-origin")
}
