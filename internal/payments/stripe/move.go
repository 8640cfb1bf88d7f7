package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/money"
	"souk/internal/payments"
)

// Capture takes authorised money, once: what is not taken then is given up.
func (p Provider) Capture(ctx context.Context, m payments.Move) (payments.Fact, error) {
	n, err := units(m.Amount)
	if err != nil {
		return payments.Fact{}, err
	}
	c, err := p.dial(ctx)
	if err != nil {
		return payments.Fact{}, err
	}
	name, err := c.intentOf(ctx, m)
	if err == nil && !m.All {
		err = c.isAll(ctx, name, n)
	}
	if err != nil {
		return payments.Fact{}, err
	}
	intent, err := c.captureOnce(ctx, name, n, m.Key)
	if err != nil {
		return payments.Fact{}, err
	}
	if intent.Status != api.PaymentIntentStatusSucceeded || intent.LatestCharge == nil {
		return payments.Fact{}, fmt.Errorf("capture payment: it is %s", intent.Status) // Look sees what becomes of it
	}
	taken, err := amount(intent.AmountReceived, intent.Currency)
	return payments.Fact{Payment: m.Payment, Kind: payments.Capture, Amount: taken, Cause: intent.LatestCharge.ID}, err
}

// captureOnce takes n of an intent. One of which so much was taken already was
// taken by a call that was not answered, whose key Stripe has forgotten.
func (c client) captureOnce(ctx context.Context, name string, n int64, key string) (*api.PaymentIntent, error) {
	params := &api.PaymentIntentCaptureParams{AmountToCapture: &n}
	params.SetIdempotencyKey(key)
	intent, err := c.V1PaymentIntents.Capture(ctx, name, params)
	if err = said("capture payment", err); !errors.Is(err, errPaid) {
		return intent, err
	}
	found, e := c.V1PaymentIntents.Retrieve(ctx, name, nil)
	if e == nil && found.Status == api.PaymentIntentStatusSucceeded && found.AmountReceived == n {
		return found, nil
	}
	return nil, cmp.Or(said("read payment", e), err)
}

// isAll refuses to take a part of what is authorised and the rest later: with
// most accounts Stripe lets go of the rest.
func (c client) isAll(ctx context.Context, intent string, n int64) error {
	found, err := c.V1PaymentIntents.Retrieve(ctx, intent, nil)
	switch {
	case err != nil:
		return said("read payment", err)
	case found.AmountCapturable > n:
		return refusal("one_capture", "An authorised payment is taken once. Take all of it, or give up the rest.")
	}
	return nil
}

// Void ends a payment that nobody has made, or gives up authorised money.
func (p Provider) Void(ctx context.Context, m payments.Move) (payments.Fact, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return payments.Fact{}, err
	}
	if m.Amount.IsZero() {
		return c.end(ctx, m)
	}
	name, err := c.intentOf(ctx, m)
	if err == nil {
		err = c.cancel(ctx, name, m.Key)
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Void, Amount: m.Amount, Cause: name}, err
}

// end makes sure that nobody pays any more. A bank that is at it cannot be
// stopped: should it pay, that comes too late.
func (c client) end(ctx context.Context, m payments.Move) (payments.Fact, error) {
	intent, open, err := c.read(ctx, payments.Known{Payment: m.Payment, Ref: m.Ref})
	switch {
	case err != nil:
	case open:
		params := &api.CheckoutSessionExpireParams{}
		params.SetIdempotencyKey(m.Key + " expire")
		_, err = c.V1CheckoutSessions.Expire(ctx, m.Ref, params)
		err = said("expire session", err)
	case intent == nil:
	case intent.Status == api.PaymentIntentStatusSucceeded, intent.Status == api.PaymentIntentStatusRequiresCapture:
		err = errPaid
	case intent.Status == api.PaymentIntentStatusProcessing, intent.Status == api.PaymentIntentStatusCanceled:
	case intent.ID == m.Ref: // Stripe cancels the intent of a session itself
		err = c.cancel(ctx, intent.ID, m.Key)
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Void, Amount: money.Zero(m.Amount.Currency), Cause: m.Cause}, err
}

func (c client) cancel(ctx context.Context, intent, key string) error {
	found, err := c.V1PaymentIntents.Retrieve(ctx, intent, nil)
	if err != nil {
		return said("read payment", err)
	}
	if found.Status == api.PaymentIntentStatusCanceled {
		return nil
	}
	params := &api.PaymentIntentCancelParams{}
	params.SetIdempotencyKey(key + " cancel")
	_, err = c.V1PaymentIntents.Cancel(ctx, intent, params)
	return said("cancel payment", err)
}

// Refund gives money of a charge back. One that Stripe keeps pending is given.
func (p Provider) Refund(ctx context.Context, m payments.Move) (payments.Fact, error) {
	n, err := units(m.Amount)
	if err != nil {
		return payments.Fact{}, err
	}
	c, err := p.dial(ctx)
	if err != nil {
		return payments.Fact{}, err
	}
	refund, err := c.refundOnce(ctx, m, n)
	if err != nil {
		return payments.Fact{}, err
	}
	if refund.Status == api.RefundStatusFailed || refund.Status == api.RefundStatusCanceled {
		return payments.Fact{}, refusal(string(refund.FailureReason), "The money could not be given back this way.")
	}
	back, err := amount(refund.Amount, refund.Currency)
	return payments.Fact{Payment: m.Payment, Kind: payments.Refund, Amount: back, Cause: refund.ID}, err
}

// moveKey is where the key of a refund stands in its metadata.
const moveKey = "move"

// refundOnce asks for a refund, unless it is there. Stripe may forget a key after
// a day, and a refund that was not answered is asked for until it is.
func (c client) refundOnce(ctx context.Context, m payments.Move, n int64) (*api.Refund, error) {
	list := &api.RefundListParams{Charge: &m.Taken}
	list.Limit = api.Int64(100)
	for refund, err := range c.V1Refunds.List(ctx, list).All(ctx) {
		if err != nil {
			return nil, said("list refunds", err)
		}
		if refund.Metadata[moveKey] == m.Key {
			return refund, nil
		}
	}
	params := &api.RefundCreateParams{Charge: &m.Taken, Amount: &n, Metadata: map[string]string{paymentKey: m.Payment.String(), moveKey: m.Key}}
	if m.Reason != "" {
		params.Metadata["reason"] = m.Reason
	}
	params.SetIdempotencyKey(m.Key)
	refund, err := c.V1Refunds.Create(ctx, params)
	return refund, said("refund charge", err)
}

// intentOf is the name of a payment's intent: one of those that were read, or
// what its session says.
func (c client) intentOf(ctx context.Context, m payments.Move) (string, error) {
	names := append([]string{m.Ref}, m.Refs...)
	if at := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "pi_") }); at >= 0 {
		return names[at], nil
	}
	intent, _, err := c.read(ctx, payments.Known{Payment: m.Payment, Ref: m.Ref})
	if err == nil && intent == nil {
		err = errPaid.With("reason", "not_paid")
	}
	if err != nil {
		return "", err
	}
	return intent.ID, nil
}
