package search

// weave closes what pageRow left open: each variant gets the stock that it has
// now, and the variants end the page.
const weaveFragment = `
	SELECT product_id, convert_to(head || coalesce((
		SELECT string_agg(v.json || '"in_stock":' || CASE
			WHEN v.id IS NULL THEN 'true,"available_quantity":null}'
			WHEN s.available > 0 THEN 'true,"available_quantity":' || s.available || '}'
			ELSE 'false,"available_quantity":0}' END, ',' ORDER BY v.place)
		FROM unnest(variants, variant_ids) WITH ORDINALITY AS v (json, id, place)
		LEFT JOIN LATERAL stock_of(v.id) AS s ON true
	), '') || ']}', 'UTF8') AS json
	FROM product_pages
`

const preferFragment = `
	ORDER BY currency = @currency DESC, currency = @standard DESC, currency
	LIMIT 1`

const selectPage = weaveFragment + `WHERE product_id = @product` + preferFragment

const selectPageBySlug = weaveFragment + `WHERE slug = @slug` + preferFragment

const selectSlugNow = `
	SELECT p.slug FROM product_slugs was JOIN product_pages p ON p.product_id = was.product_id
	WHERE was.slug = @slug LIMIT 1`
