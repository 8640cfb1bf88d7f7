package catalog

const (
	selectTagsBySlug = `SELECT id, slug, name FROM tags WHERE slug = ANY(@slugs::text[])`
	insertTags       = `
		INSERT INTO tags (id, slug, name)
		SELECT id, slug, name FROM unnest(@ids::uuid[], @slugs::text[], @names::text[]) AS r(id, slug, name)
		ON CONFLICT (slug) DO NOTHING`
	selectTags = `
		SELECT id, slug, name FROM tags WHERE name ILIKE @like AND slug > @after ORDER BY slug LIMIT @limit`
	updateTag     = `UPDATE tags SET slug = @slug, name = @name WHERE id = @id`
	selectTagged  = `SELECT product_id FROM product_tags WHERE tag_id = @id`
	untagProducts = `DELETE FROM product_tags WHERE tag_id = @id RETURNING product_id`
	deleteTag     = `DELETE FROM tags WHERE id = @id`

	selectBrandsBySlug = `SELECT (id, slug, name) FROM brands WHERE slug = ANY(@slugs::text[])`
	insertBrands       = `
		INSERT INTO brands (id, slug, name)
		SELECT id, slug, name FROM unnest(@ids::uuid[], @slugs::text[], @names::text[]) AS r(id, slug, name)
		ON CONFLICT (slug) DO NOTHING`
	selectBrands = `
		SELECT (id, slug, name) FROM brands WHERE name ILIKE @like AND slug > @after ORDER BY slug LIMIT @limit`
)
