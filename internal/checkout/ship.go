package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/orders"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/shipping"
)

// Parcel is what leaves.
type Parcel struct {
	Order          id.Order
	Part           id.VendorOrder
	Units          []orders.Units // none: all that is left
	Courier        string
	TrackingNumber string
}

// Ship hands a parcel of a vendor's part to a courier: the units leave the
// stock and the part becomes shipped, or partially so.
func (c *Checkout) Ship(ctx context.Context, tx pgx.Tx, p Parcel) (shipping.Shipment, error) {
	was, err := orders.Lock(ctx, tx, p.Order)
	if err != nil {
		return shipping.Shipment{}, err
	}
	is := was.Clone()
	part, ok := is.PartOf(p.Part)
	if !ok {
		return shipping.Shipment{}, orders.ErrNoOrder
	}
	units, err := is.Ship(part, p.Units)
	if err != nil {
		return shipping.Shipment{}, err
	}
	if err := is.Follow(); err != nil {
		return shipping.Shipment{}, err
	}
	parcel := shipping.NewShipment{
		Order: is.ID, VendorOrder: p.Part, Vendor: is.Parts[part].Seller.ID, Courier: p.Courier, TrackingNumber: p.TrackingNumber,
	}
	for _, u := range units {
		parcel.Lines = append(parcel.Lines, shipping.ShipmentLine{Line: u.Line, Quantity: u.Quantity})
	}
	shipment, err := c.Shipping.Create(ctx, tx, parcel)
	if err != nil {
		return shipping.Shipment{}, err
	}
	b := postgres.NewBatch()
	orders.QueueSave(ctx, b, was, &is, func(ch orders.Change) events.Step {
		return orders.Shipped{Change: ch, VendorOrderID: p.Part, ShipmentID: shipment.ID}
	})
	if err := b.Send(ctx, tx); err != nil {
		return shipping.Shipment{}, fmt.Errorf("ship order %s: %w", is.ID, err)
	}
	if err := c.takePromised(ctx, tx, is); err != nil {
		return shipping.Shipment{}, err
	}
	inShip.Here()
	return shipment, c.Stock.Ship(ctx, tx, is.ID, leaving(is, units))
}

// leaving is the units that stock knows of: of a bundle those of its components.
func leaving(w orders.Whole, units []orders.Units) []inventory.Shipped {
	lines := map[id.OrderLine]orders.Line{}
	for _, l := range w.Lines {
		lines[l.ID] = l
	}
	var list []inventory.Shipped
	for _, u := range units {
		l := lines[u.Line]
		for _, c := range l.Components {
			if c.Tracked {
				list = append(list, inventory.Shipped{Line: u.Line, Variant: c.Variant, Quantity: u.Quantity * c.Quantity})
			}
		}
		if l.Tracked && len(l.Components) == 0 {
			list = append(list, inventory.Shipped{Line: u.Line, Variant: l.Variant, Quantity: u.Quantity})
		}
	}
	return list
}
