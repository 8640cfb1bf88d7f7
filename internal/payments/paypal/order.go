package paypal

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"souk/internal/id"
	"souk/internal/payments"
)

// order is what the shop reads of an order at PayPal.
type order struct {
	ID         string         `json:"id"`
	Intent     string         `json:"intent"`
	Status     string         `json:"status"`
	UpdateTime string         `json:"update_time"`
	Units      []purchaseUnit `json:"purchase_units"` // the shop makes one
	Links      []link         `json:"links"`
}

type purchaseUnit struct {
	CustomID string `json:"custom_id"` // our payment
	Amount   sum    `json:"amount"`
	Payments struct {
		Authorizations []authorization `json:"authorizations"`
		Captures       []capture       `json:"captures"`
		Refunds        []refund        `json:"refunds"`
	} `json:"payments"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

type authorization struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Amount sum    `json:"amount"`
}

type capture struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Details   detail `json:"status_details"`
	Amount    sum    `json:"amount"`
	Final     bool   `json:"final_capture"` // the rest of what was authorised is given up
	Breakdown struct {
		Fee *sum `json:"paypal_fee"`
	} `json:"seller_receivable_breakdown"` // not while it is pending
}

type refund struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Details detail `json:"status_details"`
	Amount  sum    `json:"amount"`
	Links   []link `json:"links"`
}

// capture is the name of the capture that it is of, "" where PayPal does not say.
func (r refund) capture() string {
	for _, l := range r.Links {
		if _, name, found := strings.Cut(l.Href, "/v2/payments/captures/"); found && l.Rel == "up" {
			return name
		}
	}
	return ""
}

type detail struct {
	Reason string `json:"reason"`
}

// The intents and statuses of PayPal that make a difference.
const (
	intentCapture   = "CAPTURE"
	intentAuthorize = "AUTHORIZE"

	created           = "CREATED"
	saved             = "SAVED"
	approved          = "APPROVED"
	actionRequired    = "PAYER_ACTION_REQUIRED"
	completed         = "COMPLETED"
	pending           = "PENDING"
	denied            = "DENIED"
	declined          = "DECLINED"
	failedStatus      = "FAILED"
	cancelled         = "CANCELLED"
	refunded          = "REFUNDED"
	partiallyRefunded = "PARTIALLY_REFUNDED"
	captured          = "CAPTURED"
	partiallyCaptured = "PARTIALLY_CAPTURED"
	voided            = "VOIDED"
)

func (p *Provider) order(ctx context.Context, a payments.Account, ref string) (order, error) {
	var o order
	err := p.call(ctx, a, call{method: http.MethodGet, path: "/v2/checkout/orders/" + url.PathEscape(ref), into: &o})
	return o, err
}

// ours is an order that was made for a payment, or ErrMismatch.
func (p *Provider) ours(ctx context.Context, a payments.Account, ref string, payment id.Payment) (order, error) {
	o, err := p.order(ctx, a, ref)
	if err == nil && (len(o.Units) != 1 || o.Units[0].CustomID != payment.String()) {
		err = payments.ErrMismatch
	}
	return o, err
}

// authorization is the one of an order, nil when there is none: PayPal makes no
// second.
func (o order) authorization() *authorization {
	if list := o.Units[0].Payments.Authorizations; len(list) > 0 {
		return &list[0]
	}
	return nil
}

// declinedThere is what PayPal says of one way to pay there: the buyer can choose
// another.
var declinedThere = []string{
	"INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED",
	"PAYEE_BLOCKED_TRANSACTION", "TRANSACTION_LIMIT_EXCEEDED", "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
}

// authorize makes an authorisation of what the buyer has approved. When PayPal
// declines it the buyer can approve once more, as long as the order lives.
func (p *Provider) authorize(ctx context.Context, a payments.Account, o order) (order, error) {
	err := p.call(ctx, a, call{
		method: http.MethodPost, path: "/v2/checkout/orders/" + url.PathEscape(o.ID) + "/authorize",
		key: o.Units[0].CustomID + " authorize " + o.UpdateTime, // another approval is another request
	})
	switch {
	case err == nil, refusedFor(err, "ORDER_ALREADY_AUTHORIZED"):
		return p.order(ctx, a, o.ID)
	case refusedFor(err, declinedThere...):
		o.Status = actionRequired
		return o, nil
	case refusedFor(err, "ORDER_EXPIRED"):
		o.Status = voided
		return o, nil
	}
	return o, err
}

// next is where the buyer has to go, nil when nowhere. PayPal gives no address
// for an order that is approved, but the buyer of one that was declined since has
// to go there again.
func (o order) next(a payments.Account) *payments.Action {
	for _, rel := range []string{"payer-action", "approve"} {
		for _, l := range o.Links {
			if l.Rel == rel && strings.HasPrefix(l.Href, "http") {
				return &payments.Action{Kind: "redirect", URL: l.Href}
			}
		}
	}
	if o.Status != approved {
		return nil
	}
	return &payments.Action{Kind: "redirect", URL: strings.Replace(base(a), "api-m.", "www.", 1) + "/checkoutnow?token=" + url.QueryEscape(o.ID)}
}
