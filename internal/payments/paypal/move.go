package paypal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// errState says that there is more to know of a payment than the shop knew.
var errState = errs.New(errs.Conflict, "payment_state", "PayPal has taken or promised this money already.")

// Capture takes what the buyer has approved (always the whole), or a part of what
// is authorised.
func (p *Provider) Capture(ctx context.Context, m payments.Move) (payments.Fact, error) {
	f, err := p.capture(ctx, m)
	if err != nil {
		return payments.Fact{}, fmt.Errorf("capture payment %s: %w", m.Payment, err)
	}
	return f, nil
}

func (p *Provider) capture(ctx context.Context, m payments.Move) (payments.Fact, error) {
	if err := countable(m.Amount); err != nil {
		return payments.Fact{}, err
	}
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Fact{}, err
	}
	o, err := p.ours(ctx, account, m.Ref, m.Payment)
	if err != nil {
		return payments.Fact{}, err
	}
	if o.Intent == intentAuthorize {
		return p.captureAuthorized(ctx, account, o, m)
	}
	return p.captureOrder(ctx, account, o, m)
}

func (p *Provider) captureOrder(ctx context.Context, a payments.Account, o order, m payments.Move) (payments.Fact, error) {
	if whole := o.Units[0].Amount.Amount; m.Amount.Currency == whole.Currency && m.Amount.Minor < whole.Minor {
		return payments.Fact{}, no("partial_capture", "An order that was not authorised is captured as a whole.")
	}
	err := p.call(ctx, a, call{
		method: http.MethodPost, path: "/v2/checkout/orders/" + url.PathEscape(o.ID) + "/capture", key: m.Key, send: struct{}{}, into: &o,
	})
	if refusedFor(err, "ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_COMPLETED") { // once, and the key is forgotten
		o, err = p.order(ctx, a, o.ID)
	}
	if err != nil {
		return payments.Fact{}, err
	}
	if len(o.Units) != 1 || len(o.Units[0].Payments.Captures) == 0 {
		return payments.Fact{}, fmt.Errorf("PayPal says %s and names no capture", o.Status)
	}
	list := o.Units[0].Payments.Captures
	return list[len(list)-1].taken(m.Payment)
}

type newCapture struct {
	Amount sum  `json:"amount"`
	Final  bool `json:"final_capture"`
}

func (p *Provider) captureAuthorized(ctx context.Context, a payments.Account, o order, m payments.Move) (payments.Fact, error) {
	if o.Status == approved { // nobody has looked since
		var err error
		if o, err = p.authorize(ctx, a, o); err != nil {
			return payments.Fact{}, err
		}
	}
	auth := o.authorization()
	if auth == nil {
		return payments.Fact{}, no("ORDER_NOT_APPROVED", "The buyer has not approved the payment, or has to approve it again.")
	}
	var c capture
	err := p.call(ctx, a, call{
		method: http.MethodPost, path: "/v2/payments/authorizations/" + url.PathEscape(auth.ID) + "/capture", key: m.Key,
		send: newCapture{sum{m.Amount}, m.All}, into: &c,
	})
	if err != nil {
		return payments.Fact{}, err
	}
	return c.taken(m.Payment)
}

// taken is the fact that a capture is. One that is pending is not a fact yet: it
// is asked for again with the same key until it has ended.
func (c capture) taken(payment id.Payment) (payments.Fact, error) {
	switch c.Status {
	case completed, partiallyRefunded, refunded:
		return payments.Fact{Payment: payment, Kind: payments.Capture, Amount: c.Amount.Amount, Cause: c.ID}, nil
	case declined, failedStatus:
		return payments.Fact{}, no(c.Status, "The capture was declined.")
	}
	return payments.Fact{}, fmt.Errorf("capture %s is %s (%s)", c.ID, c.Status, c.Details.Reason)
}

// Void gives up an authorisation. An order that nobody has approved cannot be
// ended: nothing is taken of it unless the shop captures it, and PayPal forgets
// it.
func (p *Provider) Void(ctx context.Context, m payments.Move) (payments.Fact, error) {
	f, err := p.void(ctx, m)
	if err != nil {
		return payments.Fact{}, fmt.Errorf("void payment %s: %w", m.Payment, err)
	}
	return f, nil
}

func (p *Provider) void(ctx context.Context, m payments.Move) (payments.Fact, error) {
	nothing := payments.Fact{Payment: m.Payment, Kind: payments.Void, Amount: money.Zero(m.Amount.Currency), Cause: m.Cause}
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Fact{}, err
	}
	o, err := p.ours(ctx, account, m.Ref, m.Payment)
	if unknown(err) { // it was forgotten
		return nothing, nil
	}
	if err != nil {
		return payments.Fact{}, err
	}
	auth := o.authorization()
	if auth == nil || auth.Status == denied {
		if o.hasTaken() {
			return payments.Fact{}, errState
		}
		return nothing, nil
	}
	if m.Amount.IsZero() && auth.Status != voided {
		return payments.Fact{}, errState
	}
	if o.isPending() {
		return payments.Fact{}, fmt.Errorf("authorization %s: a capture of it is pending, and nobody knows yet how much can be given up", auth.ID)
	}
	err = p.call(ctx, account, call{method: http.MethodPost, path: "/v2/payments/authorizations/" + url.PathEscape(auth.ID) + "/void"})
	switch {
	case refusedFor(err, "PREVIOUSLY_CAPTURED"):
		return payments.Fact{}, errState
	case err != nil && !refusedFor(err, "PREVIOUSLY_VOIDED"):
		return payments.Fact{}, err
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Void, Amount: o.left(*auth), Cause: auth.ID}, nil
}

// hasTaken reports whether money was captured.
func (o order) hasTaken() bool {
	for _, c := range o.Units[0].Payments.Captures {
		if _, err := c.taken(id.Payment{}); err == nil {
			return true
		}
	}
	return false
}

// left is what was authorised and not captured.
func (o order) left(auth authorization) money.Amount {
	rest := auth.Amount.Amount
	for _, c := range o.Units[0].Payments.Captures {
		if f, err := c.taken(id.Payment{}); err == nil && f.Amount.Currency == rest.Currency {
			rest = rest.Minus(f.Amount)
		}
	}
	return rest
}

type newRefund struct {
	Amount    sum    `json:"amount"`
	InvoiceID string `json:"invoice_id"`
	Note      string `json:"note_to_payer,omitempty"`
}

// Refund gives a part or all of a capture back. The key is the number of its
// invoice too: PayPal refuses a second refund with the same, even when it has
// forgotten the key after 45 days.
func (p *Provider) Refund(ctx context.Context, m payments.Move) (payments.Fact, error) {
	if err := countable(m.Amount); err != nil {
		return payments.Fact{}, fmt.Errorf("refund payment %s: %w", m.Payment, err)
	}
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Fact{}, err
	}
	var r refund
	err = p.call(ctx, account, call{
		method: http.MethodPost, path: "/v2/payments/captures/" + url.PathEscape(m.Taken) + "/refund", key: m.Key,
		send: newRefund{sum{m.Amount}, m.Key, payments.Cut(m.Reason, 255)}, into: &r,
	})
	if err == nil && (r.Status == failedStatus || r.Status == cancelled) {
		err = no(r.Status, "The refund has failed.")
	}
	if err != nil {
		return payments.Fact{}, fmt.Errorf("refund payment %s: %w", m.Payment, err)
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Refund, Amount: r.Amount.Amount, Cause: r.ID}, nil
}
