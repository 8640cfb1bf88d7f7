package inventory

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// One statement: check and take. No row means that too little is left.
const allocate = `
	UPDATE stock_levels SET allocated = allocated + @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location
	  AND on_hand - reserved - allocated + backorder_limit >= @quantity`

const hold = `
	UPDATE stock_levels SET reserved = reserved + @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location
	  AND on_hand - reserved - allocated + backorder_limit >= @quantity`

const heldToAllocated = `
	UPDATE stock_levels SET reserved = reserved - @quantity, allocated = allocated + @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location AND reserved >= @quantity`

const giveBackHeld = `
	UPDATE stock_levels SET reserved = reserved - @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location AND reserved >= @quantity`

const giveBackAllocated = `
	UPDATE stock_levels SET allocated = allocated - @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location AND allocated >= @quantity`

const shipLevel = `
	UPDATE stock_levels SET allocated = allocated - @quantity, on_hand = on_hand - @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location AND allocated >= @quantity`

const returnLevel = `
	UPDATE stock_levels SET on_hand = on_hand + @quantity, updated_at = now()
	WHERE variant_id = @variant AND location_id = @location`

// What has left for order lines and has not come back.
const selectAway = `
	SELECT ref AS line, variant_id AS variant, location_id AS location, -sum(delta)::int AS quantity
	FROM stock_movements WHERE ref = ANY (@lines::uuid[]) AND reason IN ('sale', 'return')
	GROUP BY 1, 2, 3 HAVING sum(delta) < 0
	ORDER BY 1, 2, 3`

const confirmReservations = `
	UPDATE reservations SET state = 'allocated', expires_at = NULL
	WHERE order_id = @order AND state = 'held'
	RETURNING id, order_line_id, variant_id, location_id, quantity, 'held' AS state`

const releaseReservations = `
	WITH promised AS (
		SELECT id, order_line_id, variant_id, location_id, quantity, state FROM reservations
		WHERE order_id = ANY (@orders::uuid[]) AND state IN ('held', 'allocated') AND (@lines::uuid[] IS NULL OR order_line_id = ANY (@lines))
		ORDER BY id FOR UPDATE
	), released AS (
		UPDATE reservations r SET state = 'released', quantity = 0, expires_at = NULL
		FROM promised WHERE r.id = promised.id
	)
	SELECT id, order_line_id, variant_id, location_id, quantity, state FROM promised`

const lockAllocated = `
	SELECT id, order_line_id, variant_id, location_id, quantity, state FROM reservations
	WHERE order_id = @order AND order_line_id = ANY (@lines) AND state = 'allocated'
	ORDER BY id FOR UPDATE`

const shipReservation = `
	UPDATE reservations
	SET quantity = quantity - @quantity, state = CASE WHEN quantity = @quantity THEN 'shipped' ELSE state END
	WHERE id = @id AND state = 'allocated' AND quantity >= @quantity`

// queueReservations inserts a row for each pick in one statement.
func queueReservations(b *postgres.Batch, order id.Order, picks []Pick, state string, ttl time.Duration) {
	n := len(picks)
	if n == 0 {
		return
	}
	ids, lines := make([]id.Reservation, n), make([]id.OrderLine, n)
	variants, locations, quantities := make([]id.Variant, n), make([]id.Location, n), make([]int, n)
	for i, p := range picks {
		ids[i] = id.New[id.Reservation]()
		lines[i], variants[i], locations[i], quantities[i] = p.Line, p.Variant, p.Location, p.Quantity
	}
	b.Queue(`
		INSERT INTO reservations (id, order_id, order_line_id, variant_id, location_id, quantity, state, expires_at)
		SELECT p.id, @order, p.line, p.variant, p.location, p.quantity, @state,
		       CASE WHEN @state::text = 'held' THEN now() + @ttl::interval END
		FROM unnest(@ids::uuid[], @lines::uuid[], @variants::uuid[], @locations::uuid[], @quantities::int[])
		     AS p (id, line, variant, location, quantity)`,
		pgx.NamedArgs{
			"order": order, "state": state, "ttl": ttl,
			"ids": ids, "lines": lines, "variants": variants, "locations": locations, "quantities": quantities,
		})
}

// queueMovements writes a movement for what leaves for each line, or comes back:
// sign says which.
func queueMovements(ctx context.Context, b *postgres.Batch, picks []Pick, reason string, sign int) {
	n := len(picks)
	lines, variants, locations, quantities := make([]id.OrderLine, n), make([]id.Variant, n), make([]id.Location, n), make([]int, n)
	for i, p := range picks {
		lines[i], variants[i], locations[i], quantities[i] = p.Line, p.Variant, p.Location, p.Quantity
	}
	b.Queue(`
		INSERT INTO stock_movements (variant_id, location_id, delta, reason, ref, actor)
		SELECT p.variant, p.location, p.quantity * @sign::int, @reason, p.line, @actor
		FROM unnest(@lines::uuid[], @variants::uuid[], @locations::uuid[], @quantities::int[]) AS p (line, variant, location, quantity)`,
		pgx.NamedArgs{
			"actor": auth.From(ctx).Name(), "reason": reason, "sign": sign,
			"lines": lines, "variants": variants, "locations": locations, "quantities": quantities,
		})
}
