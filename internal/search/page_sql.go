package search

// weave closes what pageRow left open: each variant gets the stock that it has
// now, and the variants end the page. Where it is translated, the translation
// is taken.
const weaveFragment = `
	SELECT p.product_id, coalesce(t.locale, '') AS locale, convert_to(coalesce(t.head, p.head) || coalesce((
		SELECT string_agg(v.json || '"in_stock":' || CASE
			WHEN v.id IS NULL THEN 'true,"available_quantity":null}'
			WHEN s.available > 0 THEN 'true,"available_quantity":' || s.available || '}'
			ELSE 'false,"available_quantity":0}' END, ',' ORDER BY v.place)
		FROM unnest(coalesce(t.variants, p.variants), p.variant_ids) WITH ORDINALITY AS v (json, id, place)
		LEFT JOIN LATERAL stock_of(v.id) AS s ON true
	), '') || ']}', 'UTF8') AS json, EXISTS (SELECT FROM price_lists_of(@buyer::uuid, NULL, NULL, now())) AS listed
	FROM product_pages AS p
	LEFT JOIN translated_pages AS t ON t.product_id = p.product_id AND t.currency = p.currency AND t.locale = @locale
`

const preferFragment = `
	ORDER BY p.currency = @currency DESC, p.currency = @standard DESC, p.currency
	LIMIT 1`

const selectPage = weaveFragment + `WHERE p.product_id = @product` + preferFragment

const selectPageBySlug = weaveFragment + `WHERE p.slug = @slug` + preferFragment

const selectSlugNow = `
	SELECT p.slug FROM product_slugs was JOIN product_pages p ON p.product_id = was.product_id
	WHERE was.slug = @slug LIMIT 1`
