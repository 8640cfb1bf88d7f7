package shipping

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func queueShipment(b *postgres.Batch, shipment id.Shipment, n NewShipment, actor string) {
	status := Shipped
	if n.Kind == KindDigital {
		status = Delivered
	}
	b.Queue(`
		INSERT INTO shipments (id, order_id, vendor_order_id, vendor_id, kind, courier, tracking_number, status, delivered_at)
		VALUES (@id, @order, @vendor_order, @vendor, @kind, @courier, @tracking_number, @status, CASE WHEN @status = 'delivered' THEN now() END)`,
		pgx.NamedArgs{
			"id": shipment, "order": n.Order, "vendor_order": n.VendorOrder, "vendor": n.Vendor,
			"kind": n.Kind, "courier": n.Courier, "tracking_number": n.TrackingNumber, "status": status,
		})
	lines, quantities := make([]id.OrderLine, len(n.Lines)), make([]int, len(n.Lines))
	for i, l := range n.Lines {
		lines[i], quantities[i] = l.Line, l.Quantity
	}
	b.Queue(`
		INSERT INTO shipment_lines (shipment_id, order_line_id, quantity)
		SELECT @shipment, line, quantity FROM unnest(@lines::uuid[], @quantities::int[]) AS l (line, quantity)`,
		pgx.NamedArgs{"shipment": shipment, "lines": lines, "quantities": quantities})
	b.Queue(`INSERT INTO tracking_events (shipment_id, status, actor) VALUES (@shipment, @status, @actor)`,
		pgx.NamedArgs{"shipment": shipment, "status": status, "actor": actor})
}

// mark reports false when the shipment is in none of the statuses from.
func mark(ctx context.Context, tx pgx.Tx, shipment id.Shipment, status, detail string, from []string) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		WITH moved AS (
			UPDATE shipments SET status = @status, version = version + 1,
			       delivered_at = CASE WHEN @status = 'delivered' THEN now() END
			WHERE id = @shipment AND status = ANY (@from)
			RETURNING id
		)
		INSERT INTO tracking_events (shipment_id, status, detail, actor)
		SELECT id, @status, @detail, @actor FROM moved`,
		pgx.NamedArgs{"shipment": shipment, "status": status, "detail": detail, "from": from, "actor": auth.From(ctx).Name()})
	return n == 1, err
}

// readShipments reads one shipment, or those of orders, in one round trip.
func readShipments(ctx context.Context, db postgres.DB, shipment id.Shipment, orders []id.Order) (shipments []Shipment, err error) {
	args := pgx.NamedArgs{"shipment": shipment, "orders": orders}
	at := map[id.Shipment]int{}
	b := postgres.NewBatch()
	b.Read(`
		SELECT id, order_id, vendor_order_id, vendor_id, kind, courier, tracking_number, status, shipped_at, delivered_at, version
		FROM shipments WHERE id = @shipment::uuid OR order_id = ANY (@orders::uuid[]) ORDER BY id`, args,
		func(rows pgx.Rows) error {
			shipments, err = postgres.Rows[Shipment](rows)
			for i := range shipments {
				s := &shipments[i]
				at[s.ID], s.TrackingURL = i, trackingURL(s.Courier, s.TrackingNumber)
			}
			return err
		})
	b.Read(`
		SELECT l.shipment_id, l.order_line_id, l.quantity
		FROM shipment_lines l JOIN shipments s ON s.id = l.shipment_id
		WHERE s.id = @shipment::uuid OR s.order_id = ANY (@orders::uuid[]) ORDER BY l.order_line_id`, args,
		func(rows pgx.Rows) error {
			lines, err := postgres.Rows[ShipmentLine](rows)
			for _, l := range lines {
				if i, read := at[l.Shipment]; read { // one may have been made since
					shipments[i].Lines = append(shipments[i].Lines, l)
				}
			}
			return err
		})
	b.Read(`
		SELECT e.shipment_id, e.status, e.detail, e.at
		FROM tracking_events e JOIN shipments s ON s.id = e.shipment_id
		WHERE s.id = @shipment::uuid OR s.order_id = ANY (@orders::uuid[]) ORDER BY e.seq`, args,
		func(rows pgx.Rows) error {
			events, err := postgres.Rows[TrackingEvent](rows)
			for _, e := range events {
				if i, read := at[e.Shipment]; read {
					shipments[i].Events = append(shipments[i].Events, e)
				}
			}
			return err
		})
	return shipments, b.Send(ctx, db)
}
