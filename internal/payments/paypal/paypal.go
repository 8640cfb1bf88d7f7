// Package paypal is payment by PayPal: a thin client of its Orders (v2),
// Payments (v2), Disputes (v1) and Transaction Search (v1) APIs.
//
// Owns: what PayPal calls things, its amounts, and the proof of its notices.
// Tables: none. Raises: errs.Error with the code provider_refused and PayPal's
// own reason.
// Calls: PayPal, by [payments.Accounts].Outbound.
//
// A payment is one order at PayPal. With the intent CAPTURE nothing moves until
// the shop captures what the buyer has approved; with the intent AUTHORIZE
// [Provider.Look] makes an authorisation of the approval at once, because an
// approval is forgotten after hours, and an authorisation after 29 days.
//
// The shapes are those of github.com/paypal/paypal-rest-api-specifications.
package paypal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"souk/internal/payments"
)

// Method is how orders and payments call it.
const Method = "paypal"

// Provider is payment by PayPal.
type Provider struct {
	payments.WithoutFee
	payments.SavesNothing

	Accounts *payments.Accounts

	mu    sync.Mutex
	token token
	certs certificates
}

var _ payments.Online = (*Provider)(nil)

// The fields of an account.
const (
	fieldClientID = "client_id"
	fieldSecret   = "client_secret"
	fieldWebhook  = "webhook_id"
	fieldRoots    = "certificate_roots"
)

// Method is "paypal".
func (*Provider) Method() string { return Method }

// Settled is false: an order waits for its money.
func (*Provider) Settled() bool { return false }

// ByHand is false: PayPal is told to give money back.
func (*Provider) ByHand() bool { return false }

// Captures says several: an authorisation is captured until one is said to be the
// final capture. https://developer.paypal.com/docs/api/payments/v2/#authorizations_capture
func (*Provider) Captures() payments.Captures { return payments.CapturesSeveral }

// Waits is as long as the shop lets others wait.
func (*Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: only Start knows where buyers have to go.
func (*Provider) Tells(context.Context, payments.Start) (*payments.Action, error) { return nil, nil } //nolint:nilnil // nothing is known without asking

// Fields lists what PayPal's dashboard shows of an app.
func (*Provider) Fields() []payments.Field {
	return []payments.Field{
		{Name: fieldClientID, Help: "Client ID of the app (Apps & Credentials).", Required: true},
		{Name: fieldSecret, Help: "Secret of the same app.", Secret: true, Required: true},
		{Name: fieldWebhook, Help: "ID of the webhook that points to this shop. Notices of another are refused.", Required: true},
		{Name: fieldRoots, Help: "For tests only: root certificates (PEM) that PayPal's signing certificate may lead to. Empty: those of the machine."},
	}
}

// Offered refuses what PayPal cannot take: other currencies, and parts of a
// forint or a new Taiwan dollar.
func (p *Provider) Offered(ctx context.Context, o payments.Offer) error {
	if err := p.Accounts.Offered(ctx, Method, o); err != nil {
		return err
	}
	if !expressible(o.Total) {
		return payments.ErrMethod.Field("/payment_method", "amount_unsupported", "PayPal does not take this amount in this currency.")
	}
	return nil
}

// Probe asks for a token and for the webhook, and says whose they are and what
// the app may not do that the shop would like.
func (p *Provider) Probe(ctx context.Context) (string, error) {
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return "", err
	}
	app, err := p.bearer(ctx, account, p.held(account).value) // always a new one: the keys may not be good any more
	if err != nil {
		return "", noOf(err)
	}
	var hook struct {
		URL string `json:"url"`
	}
	err = p.call(ctx, account, call{method: http.MethodGet, path: "/v1/notifications/webhooks/" + url.PathEscape(account.Get(fieldWebhook)), into: &hook})
	if err != nil {
		return "", noOf(err)
	}
	name := fmt.Sprintf("%s, notices to %s", app.app, hook.URL)
	var lacks []string
	if !app.allows(mayReadDisputes) {
		lacks = append(lacks, "disputes")
	}
	if !app.allows(mayReadReports) {
		lacks = append(lacks, "transaction search")
	}
	if lacks != nil {
		name += "; the app may not read " + strings.Join(lacks, " and ")
	}
	if !app.allows(mayAnswer) {
		name += "; the app may not answer disputes"
	}
	return name, nil
}

// base is where an account is called.
func base(a payments.Account) string {
	switch {
	case a.BaseURL != "":
		return strings.TrimSuffix(a.BaseURL, "/")
	case a.Live:
		return "https://api-m.paypal.com"
	}
	return "https://api-m.sandbox.paypal.com"
}
