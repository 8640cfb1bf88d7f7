package checkout

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
	"souk/internal/shipping"
)

func (c *Checkout) fulfilmentRoutes(r *httpapi.Router) {
	const how = "Without `lines` all that is left goes. 409 `quantity_exceeds_remaining` tells how many are left of a line."
	const seen = "`delivered` hands it over; with the last parcel of the part its cash on delivery is taken. `returned`: it is back with who sent it. " +
		"What has not been paid is not owed any more; for what has a refund waits to be approved. 409 `capture_under_way` while a provider is taking the money. With `sellable` false the goods are written off."
	httpapi.Post(r, "/api/v1/vendor/orders/{id}/shipments", c.vendorShip, httpapi.Needs(auth.VendorOrders), httpapi.Status(http.StatusCreated), httpapi.Crash(beforeShip, afterShip),
		httpapi.Summary("Hand over a parcel of the vendor's part"), httpapi.Describe(how))
	httpapi.Post(r, "/api/v1/admin/orders/{id}/shipments", c.staffShip, httpapi.Needs(orders.CanWrite), httpapi.Status(http.StatusCreated), httpapi.Crash(beforeShip, afterShip),
		httpapi.Summary("Hand over a parcel for a vendor"),
		httpapi.Describe("`vendor_order_id` may be left out where only one part has something to ship. "+how))
	httpapi.Post(r, "/api/v1/vendor/shipments/{id}/events", c.vendorTrack, httpapi.Needs(auth.VendorOrders), httpapi.Status(http.StatusCreated), httpapi.Crash(beforeTrack, afterTrack),
		httpapi.Summary("Say where a parcel of the vendor was seen"),
		httpapi.Describe(seen))
	httpapi.Post(r, "/api/v1/admin/shipments/{id}/events", c.staffTrack, httpapi.Needs(orders.CanWrite), httpapi.Status(http.StatusCreated), httpapi.Crash(beforeTrack, afterTrack),
		httpapi.Summary("Say where a parcel was seen"), httpapi.Describe(seen))
}

// ParcelBody is what is handed over.
type ParcelBody struct {
	Lines          []orders.Units `json:"lines,omitempty" maxItems:"500"`
	Courier        string         `json:"courier,omitempty" maxLength:"60"`
	TrackingNumber string         `json:"tracking_number,omitempty" maxLength:"100"`
}

type vendorShipInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body *ParcelBody
}

func (c *Checkout) vendorShip(ctx context.Context, tx pgx.Tx, in *vendorShipInput) (shipping.Shipment, error) {
	order, part, err := orders.FindPart(ctx, tx, auth.From(ctx).Vendor, in.ID)
	if err != nil {
		return shipping.Shipment{}, err
	}
	return c.ship(ctx, tx, order, part, in.Body)
}

type staffShipInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body *struct {
		VendorOrder id.VendorOrder `json:"vendor_order_id,omitempty"`
		ParcelBody
	}
}

func (c *Checkout) staffShip(ctx context.Context, tx pgx.Tx, in *staffShipInput) (shipping.Shipment, error) {
	order, err := id.Parse[id.Order](in.ID)
	if err != nil {
		return shipping.Shipment{}, orders.ErrNoOrder
	}
	if in.Body != nil && !in.Body.VendorOrder.IsZero() {
		return c.ship(ctx, tx, order, in.Body.VendorOrder, &in.Body.ParcelBody)
	}
	w, err := orders.Read(ctx, tx, order)
	if err != nil {
		return shipping.Shipment{}, err
	}
	part, err := onlyPart(w)
	if err != nil {
		return shipping.Shipment{}, err
	}
	if in.Body == nil {
		return c.ship(ctx, tx, order, part, nil)
	}
	return c.ship(ctx, tx, order, part, &in.Body.ParcelBody)
}

// onlyPart is the part that is meant when none is named: the only one with
// something to ship.
func onlyPart(w orders.Whole) (id.VendorOrder, error) {
	var open []id.VendorOrder
	for _, p := range w.Parts {
		if p.Status == orders.PartConfirmed || p.Status == orders.PartPartiallyShipped {
			open = append(open, p.ID)
		}
	}
	switch len(open) {
	case 0:
		return id.VendorOrder{}, orders.ErrNotShippable.With("status", w.Status)
	case 1:
		return open[0], nil
	}
	return id.VendorOrder{}, errs.Validation.Field("/vendor_order_id", "required", "Several vendors have something to ship: say whose parcel it is.")
}

func (c *Checkout) ship(ctx context.Context, tx pgx.Tx, order id.Order, part id.VendorOrder, body *ParcelBody) (shipping.Shipment, error) {
	p := Parcel{Order: order, Part: part}
	if body != nil {
		p.Units, p.Courier, p.TrackingNumber = body.Lines, body.Courier, body.TrackingNumber
	}
	return c.Ship(ctx, tx, p)
}

type trackInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body trackBody
}

type trackBody struct {
	Status   string `json:"status" enum:"in_transit,out_for_delivery,delivered,failed,returned"`
	Detail   string `json:"detail,omitempty" maxLength:"500"`
	Sellable *bool  `json:"sellable,omitempty" doc:"Of a parcel that is returned, whether its goods go back on the shelf: they do unless told"`
}

func (c *Checkout) see(ctx context.Context, tx pgx.Tx, shipment id.Shipment, b trackBody) (shipping.Shipment, error) {
	switch {
	case b.Status == shipping.Returned:
		return c.TakeBack(ctx, tx, shipment, b.Detail, b.Sellable == nil || *b.Sellable)
	case b.Sellable != nil:
		return shipping.Shipment{}, errs.Validation.Field("/sellable", "not_allowed", "This is said of a parcel that is returned.")
	}
	return c.Track(ctx, tx, shipment, b.Status, b.Detail)
}

func (c *Checkout) vendorTrack(ctx context.Context, tx pgx.Tx, in *trackInput) (shipping.Shipment, error) {
	shipment, err := id.Parse[id.Shipment](in.ID)
	if err != nil {
		return shipping.Shipment{}, ErrNoShipment
	}
	found, err := c.Shipping.Get(ctx, tx, shipment)
	if err != nil {
		return shipping.Shipment{}, err
	}
	if vendor := auth.From(ctx).Vendor; vendor.IsZero() || found.VendorID != vendor {
		return shipping.Shipment{}, ErrNoShipment
	}
	return c.see(ctx, tx, shipment, in.Body)
}

func (c *Checkout) staffTrack(ctx context.Context, tx pgx.Tx, in *trackInput) (shipping.Shipment, error) {
	shipment, err := id.Parse[id.Shipment](in.ID)
	if err != nil {
		return shipping.Shipment{}, ErrNoShipment
	}
	return c.see(ctx, tx, shipment, in.Body)
}
