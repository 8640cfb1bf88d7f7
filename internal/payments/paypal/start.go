package paypal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"souk/internal/errs"
	"souk/internal/payments"
)

type newOrder struct {
	Intent string    `json:"intent"`
	Units  []newUnit `json:"purchase_units"`
	Source struct {
		PayPal struct {
			Experience experience `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

type newUnit struct {
	Reference string `json:"reference_id"`
	CustomID  string `json:"custom_id"`
	InvoiceID string `json:"invoice_id"`
	Amount    sum    `json:"amount"`
}

type experience struct {
	Return     string `json:"return_url"`
	Cancel     string `json:"cancel_url"`
	UserAction string `json:"user_action"`
	Shipping   string `json:"shipping_preference"`
	Preference string `json:"payment_method_preference"`
}

// errSaved says that the shop keeps no ways to pay at PayPal.
var errSaved = errs.New(errs.Conflict, "provider_refused", "PayPal is not kept for later payments here. Ask the buyer to pay.").With("reason", "not_supported")

// Start makes an order at PayPal, which the buyer approves there. PayPal keeps
// the key for six hours, and an order that nobody approves for three.
func (p *Provider) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	switch {
	case s.With != "":
		return payments.Begun{}, errSaved
	case !expressible(s.Amount):
		return payments.Begun{}, payments.ErrMethod.Field("/payment_method", "amount_unsupported", "PayPal does not take this amount in this currency.")
	}
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Begun{}, err
	}
	var o order
	err = p.call(ctx, account, call{method: http.MethodPost, path: "/v2/checkout/orders", key: s.Key, send: orderFor(s), into: &o})
	if err != nil {
		return payments.Begun{}, fmt.Errorf("start payment %s: %w", s.Payment, err)
	}
	next := o.next(account)
	if o.ID == "" || next == nil && o.Status != completed { // a repetition hears how far it has come
		return payments.Begun{}, fmt.Errorf("start payment %s: PayPal gives no name or no address", s.Payment)
	}
	return payments.Begun{Ref: o.ID, Next: next}, nil
}

func orderFor(s payments.Start) newOrder {
	o := newOrder{Intent: intentCapture, Units: []newUnit{{
		Reference: s.Payment.String(), CustomID: s.Payment.String(), InvoiceID: s.Number + "-" + s.Payment.String(), Amount: sum{s.Amount},
	}}}
	if s.Capture == payments.CaptureOnShipment {
		o.Intent = intentAuthorize
	}
	// An order waits for minutes and an eCheck for days; and PayPal is not told
	// where goods are sent, so it must not ask.
	o.Source.PayPal.Experience = experience{
		Return: s.ReturnURL, Cancel: s.ReturnURL, UserAction: "PAY_NOW", Shipping: "NO_SHIPPING", Preference: "IMMEDIATE_PAYMENT_REQUIRED",
	}
	return o
}

// Returned makes sure that the browser brings the token of this payment's order,
// which PayPal adds to the address whether the buyer has approved or not.
func (*Provider) Returned(_ context.Context, k payments.Known, values url.Values) error {
	if token := values["token"]; len(token) != 1 || k.Ref == "" || token[0] != k.Ref {
		return payments.ErrNotice
	}
	return nil
}
