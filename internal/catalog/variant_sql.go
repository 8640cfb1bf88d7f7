package catalog

const selectFacts = `
	SELECT v.id, v.product_id, v.vendor_id, COALESCE(v.sku, '') AS sku, v.title, p.title AS product_title, v.tracked,
	       v.bundle IS NOT NULL AS bundle, v.bundle IS NOT DISTINCT FROM 'summed' AS summed
	FROM variants v JOIN products p ON p.id = v.product_id
	WHERE v.id = ANY(@ids) AND v.archived_at IS NULL AND (@vendor::uuid IS NULL OR v.vendor_id = @vendor)`

const selectVariantsLike = `
	SELECT v.id FROM variants v
	WHERE v.archived_at IS NULL AND (@vendor::uuid IS NULL OR v.vendor_id = @vendor) AND v.id IN (
	    SELECT id FROM variants WHERE sku = @q AND archived_at IS NULL
	    UNION SELECT named.id FROM variants named JOIN products p ON p.id = named.product_id WHERE p.title ILIKE @like)
	ORDER BY v.id LIMIT @limit`

// selectSKUOwners looks into the index once for each SKU, as lockProductsByHandle does.
const selectSKUOwners = `
	SELECT s.sku, found.id, found.product_id, coalesce(p.handle, '') AS handle FROM unnest(@skus::text[]) AS s(sku) CROSS JOIN LATERAL (
	    SELECT id, product_id FROM variants
	    WHERE vendor_id = @vendor AND variants.sku = s.sku AND archived_at IS NULL LIMIT 1) found
	JOIN products p ON p.id = found.product_id`
