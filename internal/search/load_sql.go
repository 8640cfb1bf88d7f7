package search

const documentFragment = `
	SELECT t.product_id, t.name, t.skus, t.title, t.terms, t.text, t.translated,
	       coalesce(l.vendor_id, '00000000-0000-0000-0000-000000000000') AS vendor_id,
	       coalesce(l.brand_id, '00000000-0000-0000-0000-000000000000') AS brand_id,
	       coalesce(l.category_ids, '{}') AS category_ids, coalesce(l.tag_ids, '{}') AS tag_ids,
	       coalesce(l.facet_ids, '{}') AS facet_ids, coalesce(l.in_stock, false) AS in_stock,
	       coalesce(round(l.rating * 100), 0)::int AS rating, coalesce(l.popularity, 0) AS popularity,
	       coalesce(extract(epoch FROM l.created_at) * 1000000, 0)::bigint AS created,
	       coalesce(l.currency, '') AS currency, coalesce(l.min_minor, 0) AS min_minor, coalesce(l.reduced, false) AS reduced
	`

const selectDocumentsOf = documentFragment + `
	FROM listed_products AS t
	LEFT JOIN listings AS l ON l.product_id = t.product_id
	WHERE t.product_id = ANY(@products)
	ORDER BY t.product_id, l.currency`

// Both tables are read in the order of their keys, from the same place on.
const selectDocumentsAfter = documentFragment + `
	FROM (
		SELECT product_id, name, skus, title, terms, text, translated
		FROM listed_products
		WHERE product_id > @after
		ORDER BY product_id
		LIMIT @some
	) AS t
	LEFT JOIN listings AS l ON l.product_id = t.product_id AND l.product_id > @after
	ORDER BY t.product_id, l.currency`

const selectTexts = `
	SELECT product_id, concat_ws(E'\n', title, terms, text, array_to_string(translated, E'\n')) AS texts
	FROM listed_products
	WHERE product_id = ANY(@products)`

const selectCards = `
	SELECT p.product_id, coalesce(t.card, p.card) AS card, EXISTS (SELECT FROM price_lists_of(@buyer::uuid, NULL, NULL, now())) AS listed
	FROM product_pages AS p
	LEFT JOIN translated_pages AS t ON t.product_id = p.product_id AND t.currency = p.currency AND t.locale = @locale
	WHERE p.product_id = ANY(@products) AND p.currency = @currency`
