package catalog

const insertProducts = `
	INSERT INTO products (id, vendor_id, brand_id, slug, handle, title, description, kind, gift_card, status, status_reason, attributes,
	                      seo_title, seo_description, translations, publish_at, unpublish_at, published_at)
	SELECT id, vendor_id, brand_id, slug, NULLIF(handle, ''), title, description, kind, gift_card, status, status_reason, attributes,
	       seo_title, seo_description, translations, CASE WHEN publish_at > now() THEN publish_at END, CASE WHEN unpublish_at > now() THEN unpublish_at END,
	       CASE WHEN status = 'active' THEN now() END
	FROM jsonb_to_recordset(@rows::jsonb) AS r(
	    id uuid, vendor_id uuid, brand_id uuid, slug text, handle text, title text, description text, kind text, gift_card boolean,
	    status text, status_reason text, attributes jsonb, seo_title text, seo_description text, translations jsonb, publish_at timestamptz, unpublish_at timestamptz)
	ON CONFLICT (slug) DO NOTHING
	RETURNING id`

// updateProducts leaves the time alone that has come for a product on sale: the
// sweep has yet to take it off.
const updateProducts = `
	UPDATE products p
	SET brand_id = r.brand_id, slug = r.slug, title = r.title, description = r.description, kind = r.kind,
	    status = r.status, attributes = r.attributes, seo_title = r.seo_title, seo_description = r.seo_description, translations = r.translations,
	    publish_at = CASE WHEN r.publish_at > now() THEN r.publish_at END,
	    unpublish_at = CASE WHEN r.unpublish_at > now() OR r.unpublish_at = p.unpublish_at AND r.status = p.status THEN r.unpublish_at END,
	    status_reason = CASE WHEN r.status = p.status THEN p.status_reason ELSE '' END,
	    published_at = CASE WHEN r.status = 'active' THEN COALESCE(p.published_at, now()) ELSE p.published_at END,
	    updated_at = now(), version = p.version + 1
	FROM jsonb_to_recordset(@rows::jsonb) AS r(
	    id uuid, brand_id uuid, slug text, title text, description text, kind text,
	    status text, attributes jsonb, seo_title text, seo_description text, translations jsonb, publish_at timestamptz, unpublish_at timestamptz,
	    version bigint)
	WHERE p.id = r.id AND p.version = r.version`

const (
	// Whoever had the address last is found at it; a product that has it now comes first.
	// A file may name the one that its product leaves just now, too.
	keepOldSlugs = `
		INSERT INTO product_slugs (slug, product_id)
		SELECT DISTINCT ON (slug) slug, product_id FROM jsonb_to_recordset(@rows::jsonb) AS r(product_id uuid, slug text) ORDER BY slug, product_id
		ON CONFLICT (slug) DO UPDATE SET product_id = excluded.product_id, left_at = now()`

	deleteOptions = `DELETE FROM product_options WHERE product_id = ANY(@ids)`
	insertOptions = `
		INSERT INTO product_options (product_id, position, name, values)
		SELECT product_id, position, name, COALESCE(values, '{}')
		FROM jsonb_to_recordset(@rows::jsonb) AS r(product_id uuid, position int, name text, values text[])`

	deletePlaces = `DELETE FROM product_categories WHERE product_id = ANY(@ids)`
	insertPlaces = `
		INSERT INTO product_categories (product_id, category_id, position)
		SELECT product_id, category_id, position
		FROM jsonb_to_recordset(@rows::jsonb) AS r(product_id uuid, category_id uuid, position int)`

	deleteProductTags = `DELETE FROM product_tags WHERE product_id = ANY(@ids)`
	insertProductTags = `
		INSERT INTO product_tags (product_id, tag_id)
		SELECT product_id, tag_id FROM jsonb_to_recordset(@rows::jsonb) AS r(product_id uuid, tag_id uuid)`

	insertMedia = `
		INSERT INTO media (id, product_id, position, alt, source_url, state, blob_key, content_type, width, height)
		SELECT id, product_id, position, alt, source_url, state, blob_key, content_type, width, height
		FROM jsonb_to_recordset(@rows::jsonb) AS r(
		    id uuid, product_id uuid, position int, alt text, source_url text, state text,
		    blob_key text, content_type text, width int, height int)`
	// What the picture itself is like is written by those who store it.
	updateMedia = `
		UPDATE media m SET position = r.position, alt = r.alt
		FROM jsonb_to_recordset(@rows::jsonb) AS r(id uuid, position int, alt text) WHERE m.id = r.id`
	// A sweep deletes the row when it has deleted the files.
	removeMedia = `UPDATE media SET state = 'removed', due_at = now() WHERE id = ANY(@ids)`

	insertVariants = `
		INSERT INTO variants (id, product_id, vendor_id, sku, barcode, title, options, position, weight_grams, content_amount, content_unit,
		                      length_mm, width_mm, height_mm, min_quantity, max_quantity,
		                      tax_class, taxable, requires_shipping, tracked, media_id, bundle, bundle_discount_bps)
		SELECT id, product_id, vendor_id, sku, barcode, title, options, position, weight_grams, content_amount, content_unit,
		       length_mm, width_mm, height_mm, min_quantity, max_quantity,
		       tax_class, taxable, requires_shipping, tracked, media_id, bundle, bundle_discount_bps
		FROM jsonb_to_recordset(@rows::jsonb) AS r(
		    id uuid, product_id uuid, vendor_id uuid, sku text, barcode text, title text, options text[], position int,
		    weight_grams int, content_amount int, content_unit text, length_mm int, width_mm int, height_mm int, min_quantity int, max_quantity int,
		    tax_class text, taxable boolean, requires_shipping boolean, tracked boolean, media_id uuid,
		    bundle text, bundle_discount_bps int)`
	updateVariants = `
		UPDATE variants v
		SET sku = r.sku, barcode = r.barcode, title = r.title, options = r.options, position = r.position,
		    weight_grams = r.weight_grams, content_amount = r.content_amount, content_unit = r.content_unit, length_mm = r.length_mm, width_mm = r.width_mm, height_mm = r.height_mm,
		    min_quantity = r.min_quantity, max_quantity = r.max_quantity, tax_class = r.tax_class, taxable = r.taxable,
		    requires_shipping = r.requires_shipping, tracked = r.tracked, media_id = r.media_id,
		    bundle = r.bundle, bundle_discount_bps = r.bundle_discount_bps,
		    updated_at = now(), version = v.version + 1
		FROM jsonb_to_recordset(@rows::jsonb) AS r(
		    id uuid, sku text, barcode text, title text, options text[], position int,
		    weight_grams int, content_amount int, content_unit text, length_mm int, width_mm int, height_mm int, min_quantity int, max_quantity int,
		    tax_class text, taxable boolean, requires_shipping boolean, tracked boolean, media_id uuid,
		    bundle text, bundle_discount_bps int)
		WHERE v.id = r.id`
	deleteShown = `DELETE FROM variant_media WHERE variant_id = ANY(@ids)`
	insertShown = `
		INSERT INTO variant_media (variant_id, media_id, position)
		SELECT variant_id, media_id, position
		FROM jsonb_to_recordset(@rows::jsonb) AS r(variant_id uuid, media_id uuid, position int)`
	archiveVariants = `
		UPDATE variants SET archived_at = now(), updated_at = now(), version = version + 1
		WHERE id = ANY(@ids) AND archived_at IS NULL`
	dropSKUs = `UPDATE variants SET sku = NULL WHERE id = ANY(@ids)`
)
