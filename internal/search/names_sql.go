package search

const selectCategoryNames = `
	SELECT id, slug, name, coalesce(parent_id, '00000000-0000-0000-0000-000000000000') AS parent_id, path,
	       cardinality(ancestors) AS depth, position, translations::text AS translations
	FROM categories `

const (
	selectBrandNames  = `SELECT id, slug, name, ` + noTree + ` FROM brands `
	selectVendorNames = `SELECT id, slug, name, ` + noTree + ` FROM vendors `
	selectTagNames    = `SELECT id, slug, name, ` + noTree + ` FROM tags `

	noTree = `'00000000-0000-0000-0000-000000000000'::uuid AS parent_id, '' AS path, 0 AS depth, 0 AS position, '' AS translations`
)

const selectValues = `SELECT id, key, value, key_label, label, translations::text AS translations FROM facet_values `

const (
	selectCategoryNamesOf = selectCategoryNames + `WHERE id = ANY(@categories)`
	selectBrandNamesOf    = selectBrandNames + `WHERE id = ANY(@brands)`
	selectVendorNamesOf   = selectVendorNames + `WHERE id = ANY(@vendors)`
	selectTagNamesOf      = selectTagNames + `WHERE id = ANY(@tags)`
	selectValuesOf        = selectValues + `WHERE id = ANY(@values)`
)
