package checkout

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// Reexamine asks a provider about an exception and resolves it if it adds up then.
func (c *Checkout) Reexamine(ctx context.Context, which id.Exception) (resolved bool, err error) {
	e, err := payments.ReadException(ctx, c.DB, which)
	if err != nil {
		return false, err
	}
	if e.Payment.IsZero() {
		if e.Payment, err = c.findAgain(ctx, e); err != nil {
			return false, err
		}
	}
	if e.State != "open" || e.Payment.IsZero() || e.Kind == payments.ExceptionByHand { // nobody to ask
		return false, nil
	}
	if err := c.Sync(ctx, e.Payment); err != nil {
		return false, err
	}
	there, err := c.isThere(ctx, e)
	if err != nil {
		return false, err
	}
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		payment, err := payments.Get(ctx, tx, e.Payment)
		if err != nil {
			return err
		}
		if _, err := orders.Lock(ctx, tx, payment.Order); err != nil {
			return err
		}
		now, err := payments.LockException(ctx, tx, which)
		if err != nil || now.State != "open" {
			return err
		}
		now.Payment = e.Payment
		t, err := c.troubleOf(ctx, tx, now)
		if err != nil {
			return err
		}
		if resolved, err = t.addsUp(ctx, tx, there); err != nil || !resolved {
			return err
		}
		return payments.Fixed(ctx, tx, which, string(LookAgain), "It adds up now.", money.Amount{})
	})
	return resolved, err
}

// findAgain is the payment that an exception names and nobody knew; zero when
// nobody does yet.
func (c *Checkout) findAgain(ctx context.Context, e payments.Exception) (id.Payment, error) {
	name, _ := e.Detail["payment"].(string)
	ref, _ := e.Detail[payments.DetailRef].(string)
	names := []string{name, ref, e.Subject}
	found, err := payments.Names(ctx, c.DB, e.Provider, names)
	for _, n := range names {
		if payment, known := found[n]; known {
			return payment, nil
		}
	}
	return id.Payment{}, err
}

// isThere reports that a provider has, after all, what its list did not say.
func (c *Checkout) isThere(ctx context.Context, e payments.Exception) (bool, error) {
	if e.Kind != payments.ExceptionExtra {
		return false, nil
	}
	payment, err := payments.Get(ctx, c.DB, e.Payment)
	if err != nil {
		return false, err
	}
	provider, err := c.Payments.Online(payment.Provider)
	if err != nil {
		return false, err
	}
	known, err := payments.KnownOf(ctx, c.DB, payment)
	if err != nil {
		return false, err
	}
	report, err := provider.Look(ctx, known)
	kind, ref := factOf(e)
	return slices.ContainsFunc(report.Facts, func(f payments.Fact) bool { return f.Kind == kind && f.Cause == ref }), err
}

// factOf is the fact that an exception is about.
func factOf(e payments.Exception) (payments.Kind, string) {
	kind, _ := e.Detail[payments.DetailFact].(string)
	ref, known := e.Detail[payments.DetailRef].(string)
	if !known {
		ref = e.Subject
	}
	return payments.Kind(kind), ref
}

// addsUp reports that what an exception says does not hold any more.
func (t trouble) addsUp(ctx context.Context, tx pgx.Tx, there bool) (bool, error) {
	switch t.Kind {
	case payments.ExceptionMissing, payments.ExceptionMismatch, payments.ExceptionUnknown, payments.ExceptionUnread:
		return t.isKnown(ctx, tx)
	case payments.ExceptionExtra:
		return there, nil
	case payments.ExceptionRefused, payments.ExceptionSilent:
		switch {
		case t.told == nil:
			return false, nil
		case t.told.State == payments.InstructionDone:
			return true, nil
		case !t.told.Dispute.IsZero():
			d, err := payments.ReadDispute(ctx, tx, t.told.Dispute)
			return d.Status != payments.NeedsResponse, err
		case t.takes():
			return t.takeable().IsZero(), nil
		case t.told.Kind == payments.Refund && t.told.State == payments.InstructionRefused:
			return t.left().IsZero(), nil
		}
		return t.held().IsZero() && t.told.State == payments.InstructionRefused, nil
	case payments.ExceptionLapsed:
		return t.order.Unpaid().Minor <= t.held().Minor, nil
	case payments.ExceptionReturned:
		return t.left().IsZero(), nil
	case payments.ExceptionOutside:
		return t.unbooked().IsZero(), nil
	case payments.ExceptionNotice, payments.ExceptionDispute, payments.ExceptionBalance, payments.ExceptionByHand:
	}
	return false, nil
}

// isKnown reports that the fact which was missing, or did not fit, is written
// down by now with the same amount.
func (t trouble) isKnown(ctx context.Context, tx pgx.Tx) (bool, error) {
	facts, err := payments.FactsOf(ctx, tx, t.payment.ID)
	if err != nil {
		return false, err
	}
	kind, ref := factOf(t.Exception)
	if kind == "" { // of a notice: it was about the payment
		return t.Kind == payments.ExceptionUnknown || t.Kind == payments.ExceptionUnread, nil
	}
	amount, err := t.Amount("amount")
	if err != nil {
		return false, err
	}
	kept, err := t.Amount("fee")
	if err != nil {
		return false, err
	}
	fee := money.Zero(t.payment.Amount.Currency)
	known := false
	for _, f := range facts {
		if f.Cause == ref && f.Kind == payments.Fee {
			fee = f.Amount
		}
		known = known || f.Cause == ref && f.Kind == kind && f.Amount.Minor == max(amount.Minor, -amount.Minor)
	}
	return known && (t.Detail["fee"] == nil || fee.Minor == kept.Minor), nil
}
