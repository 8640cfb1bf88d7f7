package search

// What is shown of a product is read by the statements below, all for a
// set of products.

const selectProducts = `
	SELECT p.id, p.slug, p.title, p.description, p.kind, p.attributes, p.seo_title, p.seo_description, p.translations, p.created_at,
	       v.id AS vendor_id, v.slug AS vendor_slug, v.name AS vendor_name,
	       b.id AS brand_id, coalesce(b.slug, '') AS brand_slug, coalesce(b.name, '') AS brand_name,
	       coalesce(round(r.rating_sum::numeric / nullif(r.rating_count, 0), 2), 0)::float8 AS rating, coalesce(r.rating_count, 0) AS rating_count, l.digest,
	       gate.until AS members_until, gate.members
	FROM products AS p
	JOIN vendors AS v ON v.id = p.vendor_id AND v.status = 'active'
	LEFT JOIN brands AS b ON b.id = p.brand_id
	LEFT JOIN listed_products AS l ON l.product_id = p.id
	LEFT JOIN product_ratings AS r ON r.product_id = p.id
	CROSS JOIN LATERAL (` + gateFragment + `) AS gate
	WHERE p.id = ANY(@products) AND p.status = 'active' AND NOT p.unlisted
	ORDER BY p.id`

// gateFragment is whose a product is while all of its variants are for members
// only, NULL where one is not, and until when, NULL for good. A variant is for who
// is in a plan that opens all of its gates; there may be none.
const gateFragment = `
		WITH gates AS (
			SELECT v.id, g.product_id, coalesce(g.until, g.published_at + g.hours * interval '1 hour') AS until
			FROM variants v
			LEFT JOIN variant_gates g ON g.variant_id = v.id AND coalesce(g.until, g.published_at + g.hours * interval '1 hour', 'infinity') > now()
			WHERE v.product_id = p.id AND v.archived_at IS NULL
		), closed AS (
			SELECT id, count(product_id) AS gates, CASE WHEN bool_and(until IS NOT NULL) THEN max(until) END AS until FROM gates GROUP BY id
		)
		SELECT min(until) AS until, CASE WHEN bool_and(gates > 0) THEN ARRAY(
			SELECT name FROM plans WHERE id IN (
				SELECT named.plan_id FROM gates JOIN product_gate_plans named ON named.product_id = gates.product_id
				GROUP BY gates.id, named.plan_id HAVING count(*) = (SELECT c.gates FROM closed c WHERE c.id = gates.id))
			ORDER BY rank, id) END AS members
		FROM closed`

const selectAttributes = `SELECT key, label, kind, unit, choices, filterable, position, translations FROM attributes`

const selectTypes = `SELECT key, attributes FROM product_types`

const selectOptions = `
	SELECT product_id, name, values
	FROM product_options
	WHERE product_id = ANY(@products)
	ORDER BY product_id, position`

const selectCategories = `
	SELECT pc.product_id, c.id, c.slug, c.name, c.path, c.ancestors,
	       ARRAY(SELECT slug || ' ' || position || ' ' || translations::text FROM categories WHERE id = ANY(c.ancestors) ORDER BY id) AS tree
	FROM product_categories AS pc
	JOIN categories AS c ON c.id = pc.category_id
	WHERE pc.product_id = ANY(@products)
	ORDER BY pc.product_id, pc.position, c.path`

const selectTranslatedCategories = `
	SELECT id, translations
	FROM categories
	WHERE translations <> '{}' AND id IN (
		SELECT unnest(c.ancestors)
		FROM product_categories AS pc
		JOIN categories AS c ON c.id = pc.category_id
		WHERE pc.product_id = ANY(@products))`

const selectTags = `
	SELECT pt.product_id, t.id, t.slug, t.name
	FROM product_tags AS pt
	JOIN tags AS t ON t.id = pt.tag_id
	WHERE pt.product_id = ANY(@products)
	ORDER BY pt.product_id, t.name, t.id`

// A remote picture is shown from its source until it has been fetched; and
// where that does not succeed, the shopper's browser may.
const selectMedia = `
	SELECT product_id, id, alt, source_url, blob_key, content_type, width, height
	FROM media
	WHERE product_id = ANY(@products) AND (state = 'ready' OR state <> 'removed' AND source_url LIKE 'https://%')
	ORDER BY product_id, position, id`

const selectVariants = `
	SELECT v.product_id, v.id, coalesce(v.sku, '') AS sku, v.barcode, v.title, v.options, v.weight_grams,
	       (v.length_mm, v.width_mm, v.height_mm) AS dimensions, (v.content_amount, v.content_unit) AS content, v.min_quantity, v.max_quantity, v.requires_shipping,
	       ARRAY(SELECT m.id FROM (SELECT v.media_id AS id, 0 AS position UNION ALL SELECT media_id, position FROM variant_media WHERE variant_id = v.id) AS w
	             JOIN media AS m ON m.id = w.id AND m.product_id = v.product_id AND (m.state = 'ready' OR m.state <> 'removed' AND m.source_url LIKE 'https://%')
	             ORDER BY w.position) AS media_ids,
	       s.available
	FROM variants AS v
	CROSS JOIN LATERAL stock_of(v.id) AS s
	WHERE v.product_id = ANY(@products) AND v.archived_at IS NULL
	ORDER BY v.product_id, v.position, v.id`

const selectComponents = `
	SELECT b.product_id, c.bundle_id, c.component_id, c.quantity, p.id AS part_of, p.slug, p.title AS product_title, v.title, v.options,
	       p.translations, p.status = 'active' AS shown
	FROM variants AS b
	JOIN variant_components AS c ON c.bundle_id = b.id
	JOIN variants AS v ON v.id = c.component_id
	JOIN products AS p ON p.id = v.product_id
	WHERE b.product_id = ANY(@products) AND b.archived_at IS NULL AND b.bundle IS NOT NULL
	ORDER BY b.product_id, c.bundle_id, c.position, c.component_id`

const selectPrices = `
	SELECT v.product_id, v.id AS variant_id, p.currency, p.amount_minor, p.compare_at_minor,
	       coalesce(p.lowest_30d_minor, p.amount_minor) AS lowest_minor
	FROM variants AS v
	JOIN prices AS p ON p.variant_id = v.id
	WHERE v.product_id = ANY(@products) AND v.archived_at IS NULL
	ORDER BY v.product_id, p.currency, v.position, v.id`

// Whoever writes values takes them by name, those of others that it renames by
// number: nobody waits for somebody who waits for him.
const (
	insertFacetValues = `
	INSERT INTO facet_values (key, value, key_label, label, translations)
	SELECT n.key, n.value, n.key_label, n.label, n.translations
	FROM json_to_recordset(@facets::json) AS n (key text, value text, key_label text, label text, translations jsonb)
	WHERE NOT EXISTS (SELECT FROM facet_values AS f WHERE f.key = n.key AND f.value = n.value)
	ORDER BY n.key COLLATE "C", n.value COLLATE "C"
	ON CONFLICT DO NOTHING`

	renameFacetValues = `
	WITH held AS MATERIALIZED (
		SELECT f.id, n.key_label, n.label, n.translations
		FROM json_to_recordset(@facets::json)
		     AS n (key text, value text, key_label text, label text, translations jsonb, described boolean)
		JOIN facet_values AS f ON f.key = n.key AND f.value = n.value
		WHERE n.described AND (f.key_label, f.label, f.translations) <> (n.key_label, n.label, n.translations)
		ORDER BY f.id
		FOR NO KEY UPDATE OF f)
	UPDATE facet_values AS f SET key_label = held.key_label, label = held.label, translations = held.translations
	FROM held
	WHERE f.id = held.id`

	selectFacetNumbers = `
	SELECT f.id, f.key, f.value, f.key_label, f.label, f.translations <> '{}' AS translated
	FROM json_to_recordset(@facets::json) AS n (key text, value text)
	JOIN facet_values AS f ON f.key = n.key AND f.value = n.value`
)

const upsertProducts = `
	INSERT INTO listed_products (product_id, name, skus, title, terms, text, translated, digest)
	SELECT product_id, name, skus, title, terms, text, translated, decode(digest, 'base64')
	FROM json_to_recordset(@products::json) AS n (
		product_id uuid, name text, skus text[], title text, terms text, text text, translated text[], digest text)
	ON CONFLICT (product_id) DO UPDATE SET
		name = excluded.name, skus = excluded.skus, title = excluded.title, terms = excluded.terms, text = excluded.text,
		translated = excluded.translated, digest = excluded.digest`

const deleteOtherListings = `
	DELETE FROM listings AS l
	WHERE l.product_id = ANY(@products) AND NOT EXISTS (
		SELECT FROM json_to_recordset(@listings::json) AS n (product_id uuid, currency text)
		WHERE n.product_id = l.product_id AND n.currency = l.currency)`

const upsertListings = `
	INSERT INTO listings (
		product_id, currency, vendor_id, brand_id, name, category_ids, tag_ids, facet_ids,
		in_stock, rating, rating_count, created_at, min_minor, max_minor, reduced)
	SELECT n.product_id, n.currency, n.vendor_id, n.brand_id, n.name, n.category_ids, n.tag_ids, n.facet_ids,
	       n.in_stock, n.rating, n.rating_count, n.created_at, n.min_minor, n.max_minor, n.reduced
	FROM json_to_recordset(@listings::json) AS n (
		product_id uuid, currency text, vendor_id uuid, brand_id uuid, name text, category_ids uuid[], tag_ids uuid[],
		facet_ids int[], in_stock boolean, rating numeric, rating_count int,
		created_at timestamptz, min_minor bigint, max_minor bigint, reduced boolean)
	ON CONFLICT (product_id, currency) DO UPDATE SET
		vendor_id = excluded.vendor_id, brand_id = excluded.brand_id, name = excluded.name,
		category_ids = excluded.category_ids, tag_ids = excluded.tag_ids, facet_ids = excluded.facet_ids,
		in_stock = excluded.in_stock, rating = excluded.rating, rating_count = excluded.rating_count,
		created_at = excluded.created_at, min_minor = excluded.min_minor, max_minor = excluded.max_minor, reduced = excluded.reduced`

const deleteOtherPages = `
	DELETE FROM product_pages AS p
	WHERE p.product_id = ANY(@products) AND NOT EXISTS (
		SELECT FROM json_to_recordset(@pages::json) AS n (product_id uuid, currency text)
		WHERE n.product_id = p.product_id AND n.currency = p.currency)`

const upsertPages = `
	INSERT INTO product_pages (product_id, currency, slug, card, head, variants, variant_ids)
	SELECT n.product_id, n.currency, n.slug, n.card, n.head, n.variants, n.variant_ids
	FROM json_to_recordset(@pages::json) AS n (
		product_id uuid, currency text, slug text, card text, head text, variants text[], variant_ids uuid[])
	ON CONFLICT (product_id, currency) DO UPDATE SET
		slug = excluded.slug, card = excluded.card, head = excluded.head, variants = excluded.variants,
		variant_ids = excluded.variant_ids`

const deleteOtherTranslations = `
	DELETE FROM translated_pages AS p
	WHERE p.product_id = ANY(@products) AND NOT EXISTS (
		SELECT FROM json_to_recordset(@pages::json) AS n (product_id uuid, currency text, locale text)
		WHERE n.product_id = p.product_id AND n.currency = p.currency AND n.locale = p.locale)`

const upsertTranslations = `
	INSERT INTO translated_pages (product_id, currency, locale, card, head, variants)
	SELECT n.product_id, n.currency, n.locale, n.card, n.head, n.variants
	FROM json_to_recordset(@pages::json) AS n (
		product_id uuid, currency text, locale text, card text, head text, variants text[])
	ON CONFLICT (product_id, currency, locale) DO UPDATE SET
		card = excluded.card, head = excluded.head, variants = excluded.variants`

const deleteProducts = `DELETE FROM listed_products WHERE product_id = ANY(@products)`

const selectListed = `SELECT product_id FROM listed_products WHERE product_id = ANY(@products)`

// Two that refresh the same product at once could write what the slower one
// read earlier; so they take turns.
const lockRefresh = `SELECT pg_advisory_xact_lock(hashtext('souk.search.refresh'))`

// Those who rebuild have different products, and do not wait for each other.
const lockRebuild = `SELECT pg_advisory_xact_lock_shared(hashtext('souk.search.refresh'))`

const selectProductsAfter = `
	SELECT id FROM products
	WHERE id > coalesce(@after::uuid, '00000000-0000-0000-0000-000000000000')
	ORDER BY id
	LIMIT @some`

// The problem as PostgreSQL tells it quotes what was refused.
const upsertRefused = `
	INSERT INTO listings_refused (product_id, problem) VALUES (@product, left(@problem, 1000))
	ON CONFLICT (product_id) DO UPDATE SET problem = excluded.problem, at = now()`

const deleteRefused = `DELETE FROM listings_refused WHERE product_id = ANY(@products)`
