package inventory

import (
	"errors"

	"souk/internal/platform/postgres"
)

const ensureLocations = `
	INSERT INTO locations (id, vendor_id, name)
	SELECT w.id, w.vendor, @name FROM unnest(@ids::uuid[], @vendors::uuid[]) AS w (id, vendor)
	WHERE NOT EXISTS (SELECT FROM locations l WHERE l.vendor_id = w.vendor)
	ON CONFLICT (vendor_id, name) DO NOTHING`

const firstLocations = `
	SELECT DISTINCT ON (vendor_id) vendor_id, id FROM locations
	WHERE vendor_id = ANY (@vendors) ORDER BY vendor_id, priority, id`

// setLevels inserts the levels that are missing with their first movement, and
// moves the others to what was counted. Where the new count would not cover
// what is promised, the level stays and the row says so. The CTEs see one
// snapshot, so the locked rows are those that were there before.
const setLevels = `
	WITH counted AS (
		SELECT * FROM unnest(@variants::uuid[], @locations::uuid[], @vendors::uuid[], @on_hand::int[], @limits::int[])
		       AS c (variant_id, location_id, vendor_id, on_hand, backorder_limit)
	), was AS (
		SELECT l.variant_id, l.location_id, l.on_hand, l.backorder_limit, l.reserved + l.allocated AS promised
		FROM stock_levels l JOIN counted c USING (variant_id, location_id)
		ORDER BY l.variant_id, l.location_id FOR UPDATE OF l
	), added AS (
		INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand, backorder_limit)
		SELECT c.variant_id, c.location_id, c.vendor_id, c.on_hand, c.backorder_limit
		FROM counted c WHERE NOT EXISTS (SELECT FROM was w WHERE w.variant_id = c.variant_id AND w.location_id = c.location_id)
		RETURNING variant_id, location_id, on_hand
	), different AS (
		SELECT c.variant_id, c.location_id, c.on_hand, c.backorder_limit, c.on_hand - w.on_hand AS delta,
		       c.on_hand + c.backorder_limit < w.promised AS promised
		FROM counted c JOIN was w USING (variant_id, location_id)
		WHERE (c.on_hand, c.backorder_limit) <> (w.on_hand, w.backorder_limit)
	), moved AS (
		UPDATE stock_levels l SET on_hand = d.on_hand, backorder_limit = d.backorder_limit, updated_at = now()
		FROM different d WHERE l.variant_id = d.variant_id AND l.location_id = d.location_id AND NOT d.promised
	), told AS (
		INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor)
		SELECT variant_id, location_id, delta, @reason, @actor FROM different WHERE delta <> 0 AND NOT promised
		UNION ALL
		SELECT variant_id, location_id, on_hand, @reason, @actor FROM added WHERE on_hand <> 0
	)
	SELECT variant_id, promised FROM different
	UNION ALL
	SELECT variant_id, false FROM added`

const lockLevel = `
	SELECT variant_id, location_id, vendor_id, on_hand, reserved, allocated, backorder_limit,
	       on_hand - reserved - allocated + backorder_limit AS available, updated_at
	FROM stock_levels
	WHERE variant_id = @variant AND (@vendor::uuid IS NULL OR vendor_id = @vendor)
	  AND location_id = coalesce(@location::uuid, (
	      SELECT l.id FROM locations l JOIN stock_levels s ON s.location_id = l.id
	      WHERE s.variant_id = @variant ORDER BY l.priority, l.id LIMIT 1))
	FOR UPDATE`

const availableUnits = `
	SELECT variant_id, sum(on_hand - reserved - allocated + backorder_limit)::int AS available
	FROM stock_levels WHERE variant_id = ANY (@variants) GROUP BY variant_id`

func isNoRow(err error) bool { return errors.Is(err, postgres.ErrNoRow) }
