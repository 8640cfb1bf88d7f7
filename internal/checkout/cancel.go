package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
)

// Cancel withdraws what has not shipped of an order: its stock is given back,
// and so is what has been paid for it, the way that it came; what has not been
// paid will not be asked for. The whole order is cancelled when nothing has
// shipped. Cancelling it again changes nothing; where all has shipped it is
// refused. It tells how much goes back of what had been taken.
func (c *Checkout) Cancel(ctx context.Context, tx pgx.Tx, order id.Order, reason string) (money.Amount, error) {
	was, err := orders.Lock(ctx, tx, order)
	if err != nil || was.Status == orders.StatusCancelled {
		return money.Amount{}, err
	}
	out, err := c.withdraw(ctx, tx, was, reason)
	if err != nil {
		return money.Amount{}, fmt.Errorf("cancel order %s: %w", order, err)
	}
	if out.is.Void() {
		if err := promotions.Release(ctx, tx, []id.Order{order}); err != nil {
			return money.Amount{}, err
		}
	}
	if err := giveBack(ctx, tx, out.back); err != nil {
		return money.Amount{}, err
	}
	if len(out.refund.Lines) > 0 {
		if err := postUnsold(ctx, tx, out.is, out.refund, out.leaves); err != nil {
			return money.Amount{}, err
		}
	}
	if out.is.PaymentStatus == orders.PaymentRefunded {
		if err := c.revoke(ctx, tx, order); err != nil {
			return money.Amount{}, err
		}
	}
	inCancel.Here()
	return out.taken(), c.Stock.Release(ctx, tx, order, out.lines)
}

// withdrawal is an order of which something was withdrawn, and what of others'
// is to be given back for that.
type withdrawal struct {
	is     orders.Whole
	lines  []id.OrderLine // to their stock
	back   []returned     // to gift cards and store credit
	ahead  []orders.Back  // of what was taken before anything was paid by it
	refund orders.Refund  // of what had been paid; without lines where nothing had
	leaves []ledger.Entry // by which it leaves the books
}

// taken is how much goes back of what had been taken.
func (out withdrawal) taken() money.Amount {
	sum := money.Zero(out.is.Currency)
	for _, b := range out.ahead {
		sum = sum.Plus(b.Amount)
	}
	if len(out.refund.Lines) > 0 {
		sum = sum.Plus(out.refund.Amount)
	}
	return sum
}

// withdraw is all of Cancel but what is given back, whose locks come later.
func (c *Checkout) withdraw(ctx context.Context, tx pgx.Tx, was orders.Whole, reason string) (withdrawal, error) {
	out := withdrawal{is: was.Clone()}
	before, err := refundedBefore(ctx, tx, was)
	if err != nil {
		return out, err
	}
	withdrawn, paid, err := out.is.Cancel(reason, before)
	if err != nil {
		return out, err
	}
	unpaid := was.Unpaid().Minus(out.is.Unpaid())
	// What was withdrawn may have been all that a part waited for.
	if slices.ContainsFunc(out.is.Parts, func(p orders.VendorOrder) bool { return p.Status == orders.PartShipped }) {
		if err := c.arrive(ctx, tx, was, &out.is); err != nil {
			return out, err
		}
	}
	if out.back, err = returnCredit(ctx, tx, was, out.is); err != nil {
		return out, err
	}
	parts := touched(was, withdrawn)
	if slices.ContainsFunc(was.Parts, func(p orders.VendorOrder) bool { return !p.Paid && slices.Contains(parts, p.ID) }) {
		if out.ahead, err = c.giveUp(ctx, tx, was, &out.is, unpaid); err != nil {
			return out, err
		}
	}
	if err := out.is.Follow(); err != nil {
		return out, err
	}
	told, err := c.returnPaid(ctx, tx, &out, paid)
	if err != nil {
		return out, err
	}
	for _, u := range withdrawn {
		out.lines = append(out.lines, u.Line)
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &out.is, func(ch orders.Change) events.Step {
		return orders.Cancelled{Change: ch, VendorOrderIDs: parts, RefundID: out.refund.ID, Back: slices.Concat(whereTo(out.back), out.ahead, told)}
	})
	return out, b.Send(ctx, tx)
}

// returnPaid refunds what had been paid for what was withdrawn, and says what
// somebody is told to give back for it.
func (c *Checkout) returnPaid(ctx context.Context, tx pgx.Tx, out *withdrawal, paid []orders.RefundLine) ([]orders.Back, error) {
	if len(paid) == 0 {
		return nil, nil
	}
	out.refund = orders.NewRefund(out.is, paid, orders.ToMethod, orders.ReasonCancelled(out.is.Number))
	b := postgres.NewBatch()
	orders.QueueRefund(b, &out.refund, auth.From(ctx).Name())
	if err := b.Send(ctx, tx); err != nil {
		return nil, err
	}
	way, err := c.toMethods(ctx, tx, out.is, out.refund, false)
	out.back, out.leaves = append(out.back, way.credit...), way.leaves(out.refund)
	return way.told, err
}

// whereTo is what goes back to gift cards and store credit.
func whereTo(back []returned) []orders.Back {
	var list []orders.Back
	for _, r := range back {
		list = append(list, orders.Back{Method: r.payment.Provider, Amount: r.event.Amount})
	}
	return list
}

// refundedBefore is what has been given back of an order; nobody is asked where
// nothing has been paid.
func refundedBefore(ctx context.Context, tx pgx.Tx, w orders.Whole) ([]orders.RefundLine, error) {
	if !slices.ContainsFunc(w.Parts, func(p orders.VendorOrder) bool { return p.Paid }) {
		return nil, nil
	}
	return orders.RefundedOf(ctx, tx, w.ID)
}

// giveUp voids the money for what was withdrawn before it was paid, and says what
// was taken ahead of it and goes back. What is being taken at this moment cannot be
// given up here.
func (c *Checkout) giveUp(ctx context.Context, tx pgx.Tx, was orders.Whole, is *orders.Whole, amount money.Amount) ([]orders.Back, error) {
	payment, err := payments.LiveOf(ctx, tx, is.ID)
	if errors.Is(err, payments.ErrNoPayment) { // it failed, or was given up before
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if payment.Authorized.IsZero() && payment.Amount.Minor > 0 { // nobody has promised anything yet, the provider may even be gone
		return nil, c.closePayment(ctx, tx, payment, cancelCause(was))
	}
	if c.isOnline(payment) { // promised, and taken when it ships
		var ahead []orders.Back
		if more := is.Overpaid(); !more.IsZero() {
			ahead = []orders.Back{{Method: payment.Provider, Amount: more}}
		}
		return ahead, c.letGo(ctx, tx, payment, was, is)
	}
	_, _, err = payments.Record(ctx, tx, payments.Fact{
		Payment: payment.ID, Kind: payments.Void, Amount: amount, Cause: cancelCause(was),
	})
	return nil, err
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
