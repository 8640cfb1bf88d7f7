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

const deleteTogether = `DELETE FROM bought_together WHERE product_id = ANY(@products::uuid[])`

// countTogether looks at the latest orders of each product only: a bestseller
// costs no more than others, and what was bought years ago counts no more.
const countTogether = `
	INSERT INTO bought_together (product_id, place, other_id, orders)
	SELECT product_id, place, other_id, orders
	FROM (
		SELECT bought.product_id, l.product_id AS other_id, count(DISTINCT l.order_id)::int AS orders,
		       row_number() OVER (PARTITION BY bought.product_id ORDER BY count(DISTINCT l.order_id) DESC, l.product_id)::int AS place
		FROM unnest(@products::uuid[]) AS p (id)
		CROSS JOIN LATERAL (
			SELECT product_id, order_id FROM order_lines
			WHERE product_id = p.id AND quantity > quantity_cancelled
			ORDER BY order_id DESC LIMIT @orders) AS bought
		JOIN order_lines AS l ON l.order_id = bought.order_id AND l.product_id <> bought.product_id AND l.quantity > l.quantity_cancelled
		GROUP BY bought.product_id, l.product_id
	) AS pairs
	WHERE place <= @most
	ORDER BY product_id, place`

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
