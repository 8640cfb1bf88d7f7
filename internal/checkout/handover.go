package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

// HandOverDue says that digital goods of an order have been paid for and that
// their buyer does not have them yet.
type HandOverDue struct {
	OrderID id.Order `json:"order_id"`
}

// EventName is "checkout.hand_over_due".
func (HandOverDue) EventName() string { return "checkout.hand_over_due" }

// queueHandOver has a job hand over what is due, and not this transaction:
// nothing that goes wrong with goods may keep a payment from being recorded.
func queueHandOver(ctx context.Context, b *postgres.Batch, w orders.Whole) {
	for part := range w.Parts {
		if len(w.Goods(part)) > 0 {
			events.Queue(ctx, b, HandOverDue{OrderID: w.ID})
			return
		}
	}
}

// HandOver gives a buyer the files, licence keys and gift cards that they have paid for. For
// each part they are a shipment that is delivered when it is made: the units
// leave the stock, the keys are taken, and where they were all of it the part is
// delivered. Doing it again does nothing, since nothing is left to hand over; and
// nothing is where the money has gone back meanwhile.
func (c *Checkout) HandOver(ctx context.Context, due HandOverDue) error {
	if auth.From(ctx).Anonymous() {
		ctx = auth.With(ctx, auth.Actor{System: "hand over"})
	}
	err := postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		w, err := orders.Lock(ctx, tx, due.OrderID)
		if err != nil {
			return err
		}
		if back, err := wentBack(ctx, tx, w); err != nil || back {
			return err
		}
		var all []orders.Units
		for part := range w.Parts {
			is, units, err := c.handOver(ctx, tx, w, part)
			if err != nil {
				return err
			}
			w, all = is, append(all, units...)
		}
		if len(all) == 0 {
			return nil
		}
		if err := c.Stock.Ship(ctx, tx, w.ID, leaving(w, all)); err != nil {
			return err
		}
		inHandOver.Here()
		if all, err = c.extend(ctx, tx, w, all); err != nil {
			return err
		}
		goods, cards := apart(w, all)
		if err := c.Digital.Grant(ctx, tx, w, goods); err != nil {
			return err
		}
		if err := c.issueCards(ctx, tx, w, cards); err != nil {
			return err
		}
		beforeHandOver.Here()
		return nil
	})
	if err != nil {
		return fmt.Errorf("hand over digital goods of order %s: %w", due.OrderID, err)
	}
	afterHandOver.Here()
	return nil
}

// apart tells files and licence keys from gift cards.
func apart(w orders.Whole, units []orders.Units) (goods, cards []orders.Units) {
	for _, u := range units {
		if lineIn(w, u.Line).GiftCard {
			cards = append(cards, u)
		} else {
			goods = append(goods, u)
		}
	}
	return goods, cards
}

// handOver is HandOver for one part of an order, but for stock and keys, whose
// locks come last.
func (c *Checkout) handOver(ctx context.Context, tx pgx.Tx, was orders.Whole, part int) (is orders.Whole, units []orders.Units, err error) {
	is = was.Clone()
	if units, err = is.HandOver(part); err != nil || len(units) == 0 {
		return is, nil, err
	}
	p := is.Parts[part]
	n := shipping.NewShipment{Kind: shipping.KindDigital, Order: is.ID, VendorOrder: p.ID, Vendor: p.Seller.ID}
	for _, u := range units {
		n.Lines = append(n.Lines, shipping.ShipmentLine{Line: u.Line, Quantity: u.Quantity})
	}
	made, err := c.Shipping.Create(ctx, tx, n)
	if err != nil {
		return is, nil, err
	}
	if err := c.arrive(ctx, tx, was, &is); err != nil {
		return is, nil, err
	}
	if err := is.Follow(); err != nil {
		return is, nil, err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.Delivered{Change: ch, VendorOrderID: p.ID, ShipmentID: made.ID}
	})
	return is, units, b.Send(ctx, tx)
}

// takeBack withdraws what an order has handed over when its money has gone back,
// until that is decided where it is disputed. Of a part of the money nobody can say
// which goods it was for: staff withdraw those.
func (c *Checkout) takeBack(ctx context.Context, tx pgx.Tx, w orders.Whole) error {
	if back, err := wentBack(ctx, tx, w); err != nil || !back {
		return err
	}
	disputed, err := payments.IsDisputed(ctx, tx, w.ID)
	if err != nil {
		return err
	}
	if !disputed {
		return c.revoke(ctx, tx, w.ID)
	}
	if err := c.Memberships.Withhold(ctx, tx, w.ID); err != nil {
		return err
	}
	return c.Digital.Withhold(ctx, tx, w.ID)
}

// giveAgain gives a buyer what was withheld of an order while its money was
// disputed, and has handed over what was not, unless the money has gone back
// otherwise.
func (c *Checkout) giveAgain(ctx context.Context, tx pgx.Tx, w orders.Whole) error {
	if back, err := wentBack(ctx, tx, w); err != nil || back {
		return err
	}
	if err := c.Memberships.GiveBack(ctx, tx, w.ID); err != nil {
		return err
	}
	if err := c.Digital.GiveBack(ctx, tx, w.ID); err != nil {
		return err
	}
	b := postgres.NewBatch()
	queueHandOver(ctx, b, w)
	return b.Send(ctx, tx)
}

// wentBack reports whether all that was taken for an order, by whatever payments,
// has gone back, or is on its way by refunds.
func wentBack(ctx context.Context, tx pgx.Tx, w orders.Whole) (bool, error) {
	if w.PaymentStatus == orders.PaymentRefunded {
		return true, nil
	}
	list, err := payments.OfOrder(ctx, tx, w.ID)
	if err != nil {
		return false, err
	}
	taken := money.Zero(w.Currency)
	for _, p := range list {
		if p.Refunded != p.Captured {
			return false, nil
		}
		taken = taken.Plus(p.Captured)
	}
	return !taken.IsZero(), nil
}

// revoke ends what an order has handed over: files, licence keys, memberships.
func (c *Checkout) revoke(ctx context.Context, tx pgx.Tx, order id.Order) error {
	if err := c.Memberships.Revoke(ctx, tx, order); err != nil {
		return err
	}
	return c.Digital.RevokeAll(ctx, tx, order)
}
