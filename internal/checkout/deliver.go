package checkout

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

// Track records where a parcel was seen. When the last parcel of a vendor's
// part is handed over the part is delivered: cash on delivery is captured for
// it and posted to the ledger, all in this transaction. Saying "delivered"
// twice changes nothing the second time.
func (c *Checkout) Track(ctx context.Context, tx pgx.Tx, shipment id.Shipment, status, detail string) (shipping.Shipment, error) {
	was, found, err := c.lockParcel(ctx, tx, shipment)
	if err != nil || found.Status == shipping.Delivered && status == shipping.Delivered {
		return found, err
	}
	marked, err := c.Shipping.Mark(ctx, tx, shipment, status, detail)
	if err != nil {
		return shipping.Shipment{}, err
	}
	is := was.Clone()
	step := func(ch orders.Change) events.Step {
		return orders.Tracked{Change: ch, VendorOrderID: marked.VendorOrderID, ShipmentID: marked.ID, Seen: status}
	}
	if status == shipping.Delivered {
		step = func(ch orders.Change) events.Step {
			return orders.Delivered{Change: ch, VendorOrderID: marked.VendorOrderID, ShipmentID: marked.ID}
		}
		if err := c.arrive(ctx, tx, was, &is); err != nil {
			return shipping.Shipment{}, err
		}
	}
	if err := is.Follow(); err != nil {
		return shipping.Shipment{}, err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, step)
	if err := b.Send(ctx, tx); err != nil {
		return shipping.Shipment{}, fmt.Errorf("track shipment %s: %w", shipment, err)
	}
	return marked, nil
}

// lockParcel reads a shipment as it is under the lock of its order.
func (c *Checkout) lockParcel(ctx context.Context, tx pgx.Tx, shipment id.Shipment) (orders.Whole, shipping.Shipment, error) {
	found, err := c.Shipping.Get(ctx, tx, shipment)
	if err != nil {
		return orders.Whole{}, found, err
	}
	was, err := orders.Lock(ctx, tx, found.OrderID)
	if err != nil {
		return orders.Whole{}, found, err
	}
	found, err = c.Shipping.Get(ctx, tx, shipment)
	return was, found, err
}

// arrive makes the parts delivered of which everything has shipped and every
// parcel has been handed over, or has come back, and takes the cash for them.
func (c *Checkout) arrive(ctx context.Context, tx pgx.Tx, was orders.Whole, is *orders.Whole) error {
	parcels, err := c.Shipping.OfOrder(ctx, tx, is.ID)
	if err != nil {
		return err
	}
	underWay := map[id.VendorOrder]bool{}
	for _, p := range parcels {
		if p.Status != shipping.Delivered && p.Status != shipping.Returned {
			underWay[p.VendorOrderID] = true
		}
	}
	for i := range is.Parts {
		if !underWay[is.Parts[i].ID] {
			is.Arrive(i)
		}
	}
	return c.captureDelivered(ctx, tx, was, is)
}

// captureDelivered takes what is left to pay for the parts that have been
// delivered since was. Parts that are paid already, and those of ways to pay that
// are not settled at the door, stay as they are.
func (c *Checkout) captureDelivered(ctx context.Context, tx pgx.Tx, was orders.Whole, is *orders.Whole) error {
	for i := range is.Parts {
		p := &is.Parts[i]
		if p.Status != orders.PartDelivered || was.Parts[i].Status == orders.PartDelivered || p.Paid {
			continue
		}
		paid, err := c.captureCash(ctx, tx, *is, *p)
		if err != nil {
			return fmt.Errorf("capture vendor order %s: %w", p.Number, err)
		}
		p.Paid = paid
	}
	return nil
}

// captureCash takes the cash for a part and posts it. False where it is not paid
// at the door, or what was promised for it is not any more.
func (c *Checkout) captureCash(ctx context.Context, tx pgx.Tx, w orders.Whole, p orders.VendorOrder) (bool, error) {
	due := w.Owed(p)
	if due.IsZero() {
		return true, postEarned(ctx, tx, w, p)
	}
	payment, err := payments.LiveOf(ctx, tx, w.ID)
	if errors.Is(err, payments.ErrNoPayment) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	provider, err := c.Payments.Provider(payment.Provider)
	if err != nil || !provider.Settled() {
		return false, err
	}
	event, fresh, err := payments.Record(ctx, tx, payments.Fact{Payment: payment.ID, Kind: payments.Capture, Amount: due, Cause: captureCause(p.ID)})
	if err != nil || !fresh {
		return true, err
	}
	inCapture.Here()
	return true, post(ctx, tx, w, payment.Provider, event, []orders.VendorOrder{p}, money.Zero(w.Currency))
}

// captureCause makes the capture of a part count once.
func captureCause(part id.VendorOrder) string { return "delivered " + part.String() }
