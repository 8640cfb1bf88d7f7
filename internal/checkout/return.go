package checkout

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
	"souk/internal/shipping"
)

// TakeBack records that a parcel is back with who sent it: its goods return to the
// stock, or are written off where they are not sellable. What has not been paid is
// not owed any more, as if it had never left; what has waits for a refund, which is
// asked for. Saying it twice changes nothing the second time. Handed over and taken
// back at once, the first to have the order's lock wins.
func (c *Checkout) TakeBack(ctx context.Context, tx pgx.Tx, shipment id.Shipment, detail string, sellable bool) (shipping.Shipment, error) {
	was, found, err := c.lockParcel(ctx, tx, shipment)
	if err != nil || found.Status == shipping.Returned {
		return found, err
	}
	marked, err := c.Shipping.Mark(ctx, tx, shipment, shipping.Returned, detail)
	if err != nil {
		return shipping.Shipment{}, err
	}
	units := make([]orders.Units, len(marked.Lines))
	for i, l := range marked.Lines {
		units[i] = orders.Units{Line: l.Line, Quantity: l.Quantity}
	}
	if err := c.bringBack(ctx, tx, was, marked, units); err != nil {
		return shipping.Shipment{}, fmt.Errorf("take shipment %s back: %w", shipment, err)
	}
	inReturn.Here()
	return marked, c.Stock.Return(ctx, tx, leaving(was, units), sellable)
}

// bringBack is all of TakeBack but the stock, whose locks come last.
func (c *Checkout) bringBack(ctx context.Context, tx pgx.Tx, was orders.Whole, parcel shipping.Shipment, units []orders.Units) error {
	is := was.Clone()
	part, ok := is.PartOf(parcel.VendorOrderID)
	if !ok {
		return orders.ErrNoOrder
	}
	refused := !is.Parts[part].Paid
	is.Return(part, units, refused)
	unpaid := was.Unpaid().Minus(is.Unpaid())
	if err := c.arrive(ctx, tx, was, &is); err != nil { // the others of the part may have
		return err
	}
	var (
		back  []returned
		ahead []orders.Back
	)
	if refused {
		var err error
		if back, err = returnCredit(ctx, tx, was, is); err != nil {
			return err
		}
		if ahead, err = c.giveUp(ctx, tx, was, &is, unpaid); err != nil {
			return err
		}
	}
	if err := is.Follow(); err != nil {
		return err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.Returned{Change: ch, VendorOrderID: parcel.VendorOrderID, ShipmentID: parcel.ID, Refused: refused, Back: append(whereTo(back), ahead...)}
	})
	if err := b.Send(ctx, tx); err != nil {
		return err
	}
	if !refused {
		return c.askBack(ctx, tx, is, units)
	}
	if is.Void() {
		if err := promotions.Release(ctx, tx, []id.Order{is.ID}); err != nil {
			return err
		}
	}
	return giveBack(ctx, tx, back)
}

// askBack asks for a refund of goods that came back and have been paid for, as far
// as that was not given back before, in the name of who says that they came back.
// Staff approve it, or reject it and give back otherwise.
func (c *Checkout) askBack(ctx context.Context, tx pgx.Tx, w orders.Whole, units []orders.Units) error {
	before, err := orders.RefundedOf(ctx, tx, w.ID)
	if err != nil {
		return err
	}
	body := refundBody{Lines: w.Refundable(units, before), To: orders.ToMethod, Reason: orders.ReasonCameBack}
	_, _, planned, err := c.plan(ctx, tx, body.of(w.ID))
	if errors.Is(err, orders.ErrNothingToRefund) {
		return nil
	}
	if err != nil {
		return err
	}
	if planned.Amount.IsZero() { // the platform has paid for it: nobody has to approve that its money comes back
		_, err = c.Refund(ctx, tx, body.of(w.ID))
		return err
	}
	_, err = c.askForRefund(ctx, tx, planned, body)
	return err
}
