package notifications

import (
	"context"
	"errors"
	"time"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
)

// DisputeOpened tells those who may answer a dispute that it waits for them.
func (n *Notifications) DisputeOpened(ctx context.Context, e payments.DisputeOpened) error {
	return n.tellOfDispute(ctx, e.DisputeID, DisputeOpened)
}

// DisputeDue tells them once more, before it is too late.
func (n *Notifications) DisputeDue(ctx context.Context, e payments.DisputeDue) error {
	return n.tellOfDispute(ctx, e.DisputeID, DisputeDue)
}

// tellOfDispute says nothing of a dispute that wants no answer any more.
func (n *Notifications) tellOfDispute(ctx context.Context, which id.Dispute, kind Kind) error {
	d, err := payments.ReadDispute(ctx, n.DB, which)
	if err != nil || d.Status != payments.NeedsResponse {
		return err
	}
	payment, err := payments.Get(ctx, n.DB, d.Payment)
	if err != nil {
		return err
	}
	w, err := orders.Read(ctx, n.DB, payment.Order)
	if err != nil {
		return err
	}
	facts := []fact{{"order", w.Number}, {"value", d.Amount.String()}, {"reference", d.Ref}}
	if d.DueBy != nil {
		facts = append(facts, fact{"answer_by", d.DueBy.UTC().Format(time.DateTime) + " UTC"})
	}
	staff, err := n.Users.WhoMay(ctx, n.DB, orders.CanRefund)
	if err != nil {
		return err
	}
	var problems []error
	for _, one := range staff {
		problems = append(problems, n.tell(ctx, one.ID, letter{
			Kind: kind, Words: words{"amount": d.Amount.String(), "order": w.Number},
			Link: n.BaseURL + "/api/v1/admin/disputes/" + which.String(), Facts: facts,
		}))
	}
	return errors.Join(problems...)
}
