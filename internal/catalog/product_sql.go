package catalog

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectProducts = `
	SELECT p.id, p.vendor_id, p.slug, COALESCE(p.handle, p.slug) AS handle, p.title, p.description, p.kind, p.gift_card,
	       p.status, p.status_reason, p.attributes, p.seo_title, p.seo_description, p.translations,
	       p.published_at, p.publish_at, p.unpublish_at, p.created_at, p.updated_at, p.version,
	       CASE WHEN b.id IS NOT NULL THEN (b.id, b.slug, b.name) END AS brand
	FROM products p LEFT JOIN brands b ON b.id = p.brand_id`

const onSaleFragment = `
	SELECT p.id, p.vendor_id FROM products p JOIN vendors v ON v.id = p.vendor_id
	WHERE p.status = 'active' AND v.status = 'active' AND `

const (
	selectOnSale       = onSaleFragment + `p.id = @id`
	selectOnSaleBySlug = onSaleFragment + `p.slug = @slug`
)

const selectProduct = selectProducts + `
	WHERE p.id = @id AND (@vendor::uuid IS NULL OR p.vendor_id = @vendor)`

const lockProduct = selectProduct + ` FOR NO KEY UPDATE OF p`

// lockProductsByHandle locks in the order of ids, as everybody who locks many.
// The LATERAL with its LIMIT is one look into the index for each handle; a
// plain = ANY of 500 handles may become a walk over all that the vendor has.
const lockProductsByHandle = selectProducts + `
	WHERE p.id = ANY(ARRAY(
	    SELECT found.id FROM unnest(@handles::text[]) AS h(handle) CROSS JOIN LATERAL (
	        SELECT id FROM products WHERE vendor_id = @vendor AND products.handle = h.handle LIMIT 1) found))
	ORDER BY p.id FOR NO KEY UPDATE OF p`

const productFilterFragment = `
	WHERE (@vendor::uuid IS NULL OR p.vendor_id = @vendor)
	  AND (@statuses::text[] IS NULL OR p.status = ANY(@statuses))
	  AND (@brand::text = '' OR EXISTS (SELECT 1 FROM brands WHERE brands.id = p.brand_id AND brands.slug = @brand))
	  AND (@category::uuid IS NULL OR EXISTS (
	      SELECT 1 FROM product_categories pc JOIN categories c ON c.id = pc.category_id
	      WHERE pc.product_id = p.id AND @category = ANY(c.ancestors)))
	  AND (@q::text = '' OR p.id IN (
	      SELECT id FROM products WHERE title ILIKE @like
	      UNION SELECT id FROM products WHERE slug = @q
	      UNION SELECT product_id FROM variants WHERE sku = @q AND archived_at IS NULL))`

const selectNewestProducts = selectProducts + productFilterFragment + `
	  AND (@after::uuid IS NULL OR (p.created_at, p.id) < (@after_at::timestamptz, @after::uuid))
	ORDER BY p.created_at DESC, p.id DESC LIMIT @limit`

const selectOldestProducts = selectProducts + productFilterFragment + `
	  AND (@after::uuid IS NULL OR (p.created_at, p.id) > (@after_at::timestamptz, @after::uuid))
	ORDER BY p.created_at, p.id LIMIT @limit`

const countProducts = `SELECT count(*) FROM products p` + productFilterFragment

const (
	selectOptions = `
		SELECT product_id, name, values FROM product_options
		WHERE product_id = ANY(@ids) ORDER BY product_id, position`

	selectPlaces = `
		SELECT pc.product_id, c.id, c.parent_id, c.slug, c.name, c.path, c.ancestors, c.position, c.description, c.translations, c.version
		FROM product_categories pc JOIN categories c ON c.id = pc.category_id
		WHERE pc.product_id = ANY(@ids) ORDER BY pc.product_id, pc.position, c.id`

	selectProductTags = `
		SELECT pt.product_id, t.id, t.slug, t.name FROM product_tags pt JOIN tags t ON t.id = pt.tag_id
		WHERE pt.product_id = ANY(@ids) ORDER BY pt.product_id, t.slug`

	selectMedia = `
		SELECT ` + mediaColumns + `
		FROM media WHERE product_id = ANY(@ids) AND state <> 'removed' ORDER BY product_id, position, id`

	selectVariants = `
		SELECT id, product_id, vendor_id, COALESCE(sku, '') AS sku, barcode, title, options, position, weight_grams,
		       (length_mm, width_mm, height_mm) AS dimensions, (content_amount, content_unit) AS content, min_quantity, max_quantity,
		       tax_class, taxable, requires_shipping, tracked, media_id,
		       array_remove(media_id || ARRAY(SELECT m.media_id FROM variant_media m WHERE m.variant_id = variants.id ORDER BY m.position), NULL) AS media_ids,
		       created_at, updated_at, version
		FROM variants WHERE product_id = ANY(@ids) AND archived_at IS NULL ORDER BY product_id, position, id`
)

const moveProduct = `
	UPDATE products p
	SET status = CASE WHEN @to = 'active' AND p.publish_at > now() THEN 'scheduled' ELSE @to END, status_reason = @reason, updated_at = now(), version = version + 1,
	    unpublish_at = CASE WHEN @to <> 'active' OR p.unpublish_at > now() THEN p.unpublish_at END,
	    published_at = CASE WHEN @to = 'active' AND COALESCE(p.publish_at <= now(), true) THEN COALESCE(p.published_at, now()) ELSE p.published_at END
	FROM (SELECT id, status FROM products
	      WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor) FOR NO KEY UPDATE) was
	WHERE p.id = was.id AND was.status = ANY(@from::text[])
	RETURNING was.status`

// moveDueProducts goes by the database's clock, as Approve does.
const moveDueProducts = `
	UPDATE products p
	SET status = CASE due.status WHEN 'scheduled' THEN 'active' ELSE 'draft' END, updated_at = now(), version = version + 1,
	    published_at = CASE due.status WHEN 'scheduled' THEN now() ELSE p.published_at END,
	    publish_at = NULL, unpublish_at = CASE due.status WHEN 'scheduled' THEN p.unpublish_at END
	FROM (SELECT id, status FROM products
	      WHERE status = 'scheduled' AND COALESCE(publish_at <= now(), true) OR status = 'active' AND unpublish_at <= now()
	      ORDER BY id LIMIT @limit FOR NO KEY UPDATE SKIP LOCKED) due
	WHERE p.id = due.id
	RETURNING p.id, due.status AS was, p.status`

// productsByID reads the products that a statement finds and, in one more
// round trip, all that belongs to them.
func (c *Catalog) productsByID(ctx context.Context, db postgres.DB, sql string, args pgx.NamedArgs) ([]Product, error) {
	list, err := postgres.All[Product](ctx, db, sql, args)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if err := readParts(ctx, db, list); err != nil {
		return nil, err
	}
	return list, c.readOffers(ctx, db, list)
}

func readParts(ctx context.Context, db postgres.DB, list []Product) error {
	ids := make([]id.Product, len(list))
	byID := make(map[id.Product]*Product, len(list))
	for i := range list {
		p := &list[i]
		ids[i], byID[p.ID] = p.ID, p
		p.Options, p.Categories, p.Tags, p.Media, p.Variants = []Option{}, []Category{}, []Tag{}, []Media{}, []Variant{}
	}
	args := pgx.NamedArgs{"ids": ids}
	b := postgres.NewBatch()
	readPart(b, selectOptions, args, func(r optionOf) { p := byID[r.ProductID]; p.Options = append(p.Options, r.Option) })
	readPart(b, selectPlaces, args, func(r categoryOf) { p := byID[r.ProductID]; p.Categories = append(p.Categories, r.Category) })
	readPart(b, selectProductTags, args, func(r tagOf) { p := byID[r.ProductID]; p.Tags = append(p.Tags, r.Tag) })
	readPart(b, selectMedia, args, func(m Media) { p := byID[m.ProductID]; p.Media = append(p.Media, m.withSizes()) })
	readPart(b, selectVariants, args, func(v Variant) { p := byID[v.ProductID]; p.Variants = append(p.Variants, v) })
	readPart(b, selectComponents, args, func(r componentOf) { r.addTo(byID[r.Of]) })
	readPart(b, selectRelations, args, func(r relationOf) { byID[r.ProductID].relate(r) })
	readPart(b, selectPendingChanges, args, func(r pendingOf) { byID[r.ProductID].PendingChange = r.ID })
	types := productTypes{}
	if slices.ContainsFunc(list, func(p Product) bool { return p.Kind != "" }) {
		readPart(b, selectTypes, nil, func(t ProductType) { types[t.Key] = t })
	}
	if err := b.Send(ctx, db); err != nil {
		return err
	}
	for i := range list {
		list[i].Missing = types.missing(list[i])
	}
	return nil
}

// What is read together with the product that it belongs to.
type (
	optionOf struct {
		ProductID id.Product `db:"product_id"`
		Option
	}
	categoryOf struct {
		ProductID id.Product `db:"product_id"`
		Category
	}
	pendingOf struct {
		ProductID id.Product       `db:"product_id"`
		ID        id.ProductChange `db:"id"`
	}
	tagOf struct {
		ProductID id.Product `db:"product_id"`
		Tag
	}
)

func readPart[T any](b *postgres.Batch, sql string, args pgx.NamedArgs, add func(T)) {
	b.Read(sql, args, func(rows pgx.Rows) error {
		list, err := postgres.Rows[T](rows)
		for _, row := range list {
			add(row)
		}
		return err
	})
}
