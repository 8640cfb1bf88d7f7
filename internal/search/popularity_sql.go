package search

const insertPopularityDue = `
	INSERT INTO popularity_due (product_id)
	SELECT DISTINCT product_id FROM order_lines WHERE order_id = ANY(@orders::uuid[])
	ON CONFLICT DO NOTHING`

const takePopularityDue = `
	DELETE FROM popularity_due
	WHERE product_id IN (
		SELECT product_id FROM popularity_due ORDER BY product_id LIMIT @some FOR UPDATE SKIP LOCKED)
	RETURNING product_id`

const countSold = `
	UPDATE listings AS l SET popularity = sold.units
	FROM (
		SELECT p.product_id, coalesce(sum(o.quantity - o.quantity_cancelled), 0)::bigint AS units
		FROM unnest(@products::uuid[]) AS p (product_id)
		LEFT JOIN order_lines AS o ON o.product_id = p.product_id
		GROUP BY p.product_id
	) AS sold
	WHERE l.product_id = sold.product_id AND l.popularity <> sold.units
	RETURNING l.product_id`
