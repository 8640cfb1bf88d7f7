package inventory

// setLevels inserts the levels that are missing with their first movement, and
// moves the others to what was counted. Where the new count would not cover
// what is promised, the level stays and the row says so. The CTEs see one
// snapshot, so the locked rows are those that were there before.
const setLevels = `
	WITH counted AS (
		SELECT * FROM unnest(@variants::uuid[], @locations::uuid[], @vendors::uuid[], @on_hand::int[], @limits::int[])
		       AS c (variant_id, location_id, vendor_id, on_hand, backorder_limit)
	), was AS (
		SELECT l.variant_id, l.location_id, l.on_hand, l.backorder_limit, l.reserved + l.allocated AS promised, l.serialised
		FROM stock_levels l JOIN counted c USING (variant_id, location_id)
		ORDER BY l.variant_id, l.location_id FOR UPDATE OF l
	), added AS (
		INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand, backorder_limit)
		SELECT c.variant_id, c.location_id, c.vendor_id, c.on_hand, c.backorder_limit
		FROM counted c WHERE NOT EXISTS (SELECT FROM was w WHERE w.variant_id = c.variant_id AND w.location_id = c.location_id)
		  AND NOT EXISTS (SELECT FROM stock_levels k WHERE k.variant_id = c.variant_id AND k.serialised)
		RETURNING variant_id, location_id, on_hand
	), different AS (
		SELECT c.variant_id, c.location_id, c.on_hand, c.backorder_limit, c.on_hand - w.on_hand AS delta,
		       w.serialised OR c.on_hand + c.backorder_limit < w.promised AS promised
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

// ensureLevel makes the level that is missing, at a location of the vendor's.
const ensureLevel = `
	INSERT INTO stock_levels (variant_id, location_id, vendor_id)
	SELECT @variant, id, vendor_id FROM locations WHERE id = @location AND vendor_id = @vendor
	ON CONFLICT (variant_id, location_id) DO NOTHING`

const levelColumns = `
	SELECT variant_id, location_id, vendor_id, on_hand, reserved, allocated, backorder_limit,
	       on_hand - reserved - allocated + backorder_limit AS available, updated_at,
	       EXISTS (SELECT FROM stock_levels k WHERE k.variant_id = l.variant_id AND k.serialised) AS serialised
	FROM stock_levels l`

const selectLevel = levelColumns + ` WHERE variant_id = @variant AND location_id = @location`

const lockLevel = levelColumns + `
	WHERE variant_id = @variant AND location_id = @location AND vendor_id = @vendor FOR UPDATE`

const adjustLevel = `
	WITH moved AS (
		UPDATE stock_levels SET on_hand = on_hand + @delta::int, updated_at = now()
		WHERE variant_id = @variant AND location_id = @location
		RETURNING variant_id, location_id
	)
	INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor, note)
	SELECT variant_id, location_id, @delta::int, @reason, @actor, @note FROM moved`

const selectLevels = levelColumns + `
	WHERE (@vendor::uuid IS NULL OR vendor_id = @vendor)
	  AND (@variants::uuid[] IS NULL OR variant_id = ANY(@variants))
	  AND (@location::uuid IS NULL OR location_id = @location)
	  AND (@at_most::int IS NULL OR on_hand - reserved - allocated + backorder_limit <= @at_most)
	  AND (@after_variant::uuid IS NULL OR (variant_id, location_id) > (@after_variant, @after_location::uuid))
	ORDER BY variant_id, location_id LIMIT @limit`

// serialise makes a level one of licence keys, unless units of the variant were
// counted anywhere.
const serialise = `
	UPDATE stock_levels l SET serialised = true, backorder_limit = 0
	WHERE l.variant_id = @variant AND l.location_id = @location AND (l.serialised OR NOT EXISTS (
		SELECT FROM stock_levels k WHERE k.variant_id = @variant AND NOT k.serialised
		  AND k.on_hand + k.reserved + k.allocated + k.backorder_limit > 0))`

const selectSerialisedAt = `SELECT location_id FROM stock_levels WHERE variant_id = @variant AND serialised`

const sumLevels = `
	SELECT l.variant_id, false AS bundle, sum(l.on_hand)::int AS on_hand,
	       sum(l.on_hand - l.reserved - l.allocated + l.backorder_limit)::int AS available
	FROM stock_levels l JOIN variants v ON v.id = l.variant_id AND v.bundle IS NULL
	WHERE l.variant_id = ANY (@variants) GROUP BY l.variant_id
	UNION ALL
	SELECT v.id, true, 0, s.available::int
	FROM variants v CROSS JOIN LATERAL stock_of(v.id) s
	WHERE v.id = ANY (@variants) AND v.bundle IS NOT NULL AND s.available IS NOT NULL`

const selectMovements = `
	SELECT m.seq, m.variant_id, m.location_id, m.delta, m.reason, m.ref, m.actor, m.note, m.at
	FROM stock_movements m JOIN locations l ON l.id = m.location_id
	WHERE m.variant_id = @variant AND (@vendor::uuid IS NULL OR l.vendor_id = @vendor)
	  AND (@before::bigint = 0 OR m.seq < @before)
	ORDER BY m.seq DESC LIMIT @limit`
