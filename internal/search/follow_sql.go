package search

// With a product the bundles are touched that it is in: they tell of it. What a
// component costs is told of its bundles, too, by those who change prices.
const selectTouched = `
	SELECT unnest(@products::uuid[]) AS product_id
	UNION
	SELECT product_id FROM variants WHERE id = ANY(@variants::uuid[])
	UNION
	SELECT id FROM products WHERE vendor_id = ANY(@vendors::uuid[])
	UNION
	SELECT b.product_id FROM variants v JOIN variant_components c ON c.component_id = v.id JOIN variants b ON b.id = c.bundle_id
	WHERE v.product_id = ANY(@products::uuid[])
	ORDER BY product_id`

// What is listed and had its stock moved, be it that of a component, and whether the listing says
// otherwise than the stock. An aggregate and not EXISTS, which the planner
// would turn into a join over the stock of the whole shop.
const selectMoved = `
	WITH units AS (
		SELECT unnest(@stocked::uuid[]) AS id
		UNION
		SELECT variant_id FROM reservations WHERE order_id = ANY(@orders::uuid[])
	), moved AS (
		SELECT product_id FROM variants WHERE id = ANY(ARRAY(SELECT id FROM units))
		UNION
		SELECT b.product_id FROM variant_components c JOIN variants b ON b.id = c.bundle_id WHERE c.component_id = ANY(ARRAY(SELECT id FROM units))
		UNION
		SELECT product_id FROM order_lines WHERE order_id = ANY(@orders::uuid[])
	)
	SELECT l.product_id, l.in_stock <> coalesce((
		SELECT bool_or(coalesce(s.available > 0, true))
		FROM variants AS v CROSS JOIN LATERAL stock_of(v.id) AS s
		WHERE v.product_id = l.product_id AND v.archived_at IS NULL
	), false) AS flipped
	FROM moved
	JOIN listings AS l USING (product_id)
	ORDER BY l.product_id`

const insertDue = `
	INSERT INTO listings_due (product_id)
	SELECT DISTINCT unnest(@products::uuid[])
	ON CONFLICT DO NOTHING`

const takeDue = `
	DELETE FROM listings_due
	WHERE product_id IN (
		SELECT product_id FROM listings_due ORDER BY product_id LIMIT @some FOR UPDATE SKIP LOCKED)
	RETURNING product_id`

// Within one transaction the sequence is the order.
const selectUnflushed = `
	SELECT xid, seq, id, name, coalesce(subject, '00000000-0000-0000-0000-000000000000') AS subject,
	       coalesce(version, 0) AS version, data, actor, at
	FROM events
	WHERE seq > @after
	ORDER BY seq
	LIMIT 500`
