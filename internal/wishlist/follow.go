package wishlist

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Run follows the log until ctx ends, on one node at a time. It is a consumer
// and no subscriber of the relay because every order moves stock: a batch of
// orders costs one statement here, and a job for each there.
func (w *Wishlists) Run(ctx context.Context) error {
	consumer := events.Consumer{Name: "wishlist", DB: w.Pool, Bell: w.Bell, Log: w.Log, Handle: w.Follow}
	return consumer.Run(ctx)
}

// touched is what the events of others say was moved, whichever they are.
type touched struct {
	VariantIDs []id.Variant `json:"variant_ids"`
	ProductIDs []id.Product `json:"product_ids"`
	VendorID   id.Vendor    `json:"vendor_id"`
	OrderID    id.Order     `json:"order_id"`
}

// Follow notes what a batch of events has moved in price or stock, or put on sale,
// of what somebody waits for.
func (w *Wishlists) Follow(ctx context.Context, tx pgx.Tx, batch []events.Record) error {
	var (
		variants []id.Variant
		products []id.Product // that may be on sale again
		vendors  []id.Vendor  // who may sell again
		orders   []id.Order   // that took stock or gave it back
	)
	for _, r := range batch {
		switch r.Name {
		case "catalog.changed", "vendors.changed", "pricing.prices_changed", "inventory.stock_changed", "orders.placed", "orders.cancelled":
		default:
			continue
		}
		var t touched
		if err := json.Unmarshal(r.Data, &t); err != nil {
			return fmt.Errorf("read event %s %s: %w", r.Name, r.ID, err)
		}
		variants, products = append(variants, t.VariantIDs...), append(products, t.ProductIDs...)
		if r.Name == "vendors.changed" {
			vendors = append(vendors, t.VendorID)
		}
		if !t.OrderID.IsZero() {
			orders = append(orders, t.OrderID)
		}
	}
	if len(variants)+len(products)+len(vendors)+len(orders) == 0 {
		return nil
	}
	args := pgx.NamedArgs{"variants": variants, "products": products, "vendors": vendors, "orders": orders}
	if _, err := postgres.Exec(ctx, tx, insertDue, args); err != nil {
		return fmt.Errorf("note what moved in %d events: %w", len(batch), err)
	}
	return nil
}

const insertDue = `
	INSERT INTO wishlist_due (variant_id)
	SELECT variant_id FROM (
		SELECT unnest(@variants::uuid[]) AS variant_id
		UNION
		SELECT id FROM variants WHERE product_id = ANY(@products::uuid[])
		UNION
		SELECT id FROM variants WHERE vendor_id = ANY(@vendors::uuid[])
		UNION
		SELECT variant_id FROM order_lines WHERE order_id = ANY(@orders::uuid[])
	) moved
	WHERE EXISTS (SELECT FROM wishlist_items i WHERE i.variant_id = moved.variant_id)
	   OR EXISTS (SELECT FROM product_alerts a WHERE a.variant_id = moved.variant_id AND a.confirmed_at IS NOT NULL)
	ORDER BY variant_id
	ON CONFLICT DO NOTHING`
