package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
)

// Cancel withdraws what has not shipped of an order: its stock is given back
// and the money for it will not be asked for. The whole order is cancelled
// when nothing has shipped. Cancelling it again changes nothing; where all has
// shipped it is refused.
func (c *Checkout) Cancel(ctx context.Context, tx pgx.Tx, order id.Order, reason string) (orders.Whole, error) {
	was, err := orders.Lock(ctx, tx, order)
	if err != nil {
		return orders.Whole{}, err
	}
	if was.Status == orders.StatusCancelled {
		return was, nil
	}
	out, err := c.withdraw(ctx, tx, was, reason)
	if err != nil {
		return orders.Whole{}, fmt.Errorf("cancel order %s: %w", order, err)
	}
	is := out.is
	if is.Void() {
		if err := promotions.Release(ctx, tx, []id.Order{order}); err != nil {
			return orders.Whole{}, err
		}
	}
	if err := giveBack(ctx, tx, out.back); err != nil {
		return orders.Whole{}, err
	}
	inCancel.Here()
	return is, c.Stock.Release(ctx, tx, order, out.lines)
}

// withdrawal is an order of which something was withdrawn, and what of others'
// is to be given back for that.
type withdrawal struct {
	is    orders.Whole
	lines []id.OrderLine // to their stock
	back  []returned     // to gift cards and store credit
}

// withdraw is all of Cancel but what is given back, whose locks come later.
func (c *Checkout) withdraw(ctx context.Context, tx pgx.Tx, was orders.Whole, reason string) (withdrawal, error) {
	is := was.Clone()
	withdrawn, err := is.Cancel(reason)
	if err != nil {
		return withdrawal{}, err
	}
	// What was withdrawn may have been all that a part waited for.
	if slices.ContainsFunc(is.Parts, func(p orders.VendorOrder) bool { return p.Status == orders.PartShipped }) {
		if err := c.arrive(ctx, tx, was, &is); err != nil {
			return withdrawal{}, err
		}
	}
	if err := is.Follow(); err != nil {
		return withdrawal{}, err
	}
	back, err := returnCredit(ctx, tx, was, is)
	if err != nil {
		return withdrawal{}, err
	}
	if err := c.giveUp(ctx, tx, was, is); err != nil {
		return withdrawal{}, err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.Cancelled{Change: ch, VendorOrderIDs: touched(is, withdrawn)}
	})
	var lines []id.OrderLine
	for _, u := range withdrawn {
		lines = append(lines, u.Line)
	}
	return withdrawal{is, lines, back}, b.Send(ctx, tx)
}

// giveUp voids the money for what was withdrawn. What somebody else holds or
// has taken cannot be given up here.
func (c *Checkout) giveUp(ctx context.Context, tx pgx.Tx, was, is orders.Whole) error {
	payment, err := payments.LiveOf(ctx, tx, is.ID)
	if errors.Is(err, payments.ErrNoPayment) { // it failed, or was given up before
		return nil
	}
	if err != nil {
		return err
	}
	amount := was.Due().Minus(was.Credit()).Minus(is.Due().Minus(is.Credit()))
	if payment.Authorized.IsZero() && payment.Amount.Minor > 0 { // nobody has promised anything yet, the provider may even be gone
		return c.closePayment(ctx, tx, payment, cancelCause(was))
	}
	provider, err := c.Payments.Provider(payment.Provider)
	switch {
	case err != nil:
		return err
	case !provider.Settled() && (!payment.Captured.IsZero() || is.Status != orders.StatusCancelled):
		return ErrPaid
	case !provider.Settled() && c.isOnline(payment): // promised, and taken when it ships
		return payments.Instruct(ctx, tx, payments.Instruction{Payment: payment.ID, Kind: payments.Void, Amount: amount, Reason: "order " + was.Number + " was cancelled"})
	}
	_, _, err = payments.Record(ctx, tx, payments.Fact{
		Payment: payment.ID, Kind: payments.Void, Amount: amount, Cause: cancelCause(was),
	})
	return err
}

// touched lists the parts of which something was withdrawn.
func touched(w orders.Whole, withdrawn []orders.Units) []id.VendorOrder {
	of := map[id.OrderLine]id.VendorOrder{}
	for _, l := range w.Lines {
		of[l.ID] = l.Part
	}
	var parts []id.VendorOrder
	seen := map[id.VendorOrder]bool{}
	for _, u := range withdrawn {
		if part := of[u.Line]; !seen[part] {
			seen[part] = true
			parts = append(parts, part)
		}
	}
	return parts
}
