package stripe

import (
	"context"
	"slices"
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/payments"
)

// Contest submits evidence, which Stripe takes once. What was written to and fro
// has no field of text: it stands with the explanation.
// https://docs.stripe.com/api/disputes/update
func (p Provider) Contest(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, func(c client) error {
		params := &api.DisputeUpdateParams{Submit: api.Bool(true), Evidence: evidence(r.Evidence)}
		params.SetIdempotencyKey(r.Key)
		_, err := c.V1Disputes.Update(ctx, r.Dispute, params)
		return said("contest dispute", err)
	})
}

// Concede closes a dispute, which loses it.
// https://docs.stripe.com/api/disputes/close
func (p Provider) Concede(ctx context.Context, r payments.Response) error {
	return p.answer(ctx, r, func(c client) error {
		params := &api.DisputeCloseParams{}
		params.SetIdempotencyKey(r.Key)
		_, err := c.V1Disputes.Close(ctx, r.Dispute, params)
		return said("close dispute", err)
	})
}

// answer calls Stripe about a dispute of the payment that still wants an answer.
func (p Provider) answer(ctx context.Context, r payments.Response, act func(client) error) error {
	c, err := p.dial(ctx)
	if err != nil {
		return err
	}
	d, err := c.V1Disputes.Retrieve(ctx, r.Dispute, nil)
	switch {
	case err != nil:
		return said("read dispute", err)
	case d.PaymentIntent == nil || !slices.Contains(append(r.Refs, r.Ref), d.PaymentIntent.ID):
		return payments.ErrMismatch
	case statusOf(d.Status) != payments.NeedsResponse:
		return nil
	}
	return act(c)
}

func evidence(e payments.Evidence) *api.DisputeUpdateEvidenceParams {
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	list := func(of func(payments.Parcel) string) *string { // more than one are separated by commas
		var all []string
		for _, parcel := range e.Parcels {
			if word := of(parcel); word != "" && !slices.Contains(all, word) {
				all = append(all, word)
			}
		}
		return text(strings.Join(all, ", "))
	}
	return &api.DisputeUpdateEvidenceParams{
		UncategorizedText: text(e.Letter()), ProductDescription: text(e.Product), CustomerEmailAddress: text(e.Email),
		RefundPolicyDisclosure: text(e.Policy),
		ShippingCarrier:        list(func(p payments.Parcel) string { return p.Carrier }),
		ShippingTrackingNumber: list(func(p payments.Parcel) string { return p.Tracking }),
		ShippingDate:           list(func(p payments.Parcel) string { return p.Shipped }),
	}
}
