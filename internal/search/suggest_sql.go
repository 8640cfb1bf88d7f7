package search

const suggestCategories = `
	SELECT c.id, c.slug, c.name, c.path
	FROM categories AS c
	WHERE (lower(unaccent(c.name)) LIKE @begins OR lower(unaccent(c.name)) LIKE @word)
	  AND EXISTS (SELECT FROM listings AS l WHERE l.category_ids @> ARRAY[c.id])
	ORDER BY cardinality(c.ancestors), c.name, c.id
	LIMIT @some`

const suggestBrands = `
	SELECT b.id, b.slug, b.name
	FROM brands AS b
	WHERE (lower(unaccent(b.name)) LIKE @begins OR lower(unaccent(b.name)) LIKE @word)
	  AND EXISTS (SELECT FROM listings AS l WHERE l.brand_id = b.id)
	ORDER BY b.name, b.id
	LIMIT @some`

const suggestVendors = `
	SELECT v.id, v.slug, v.name
	FROM vendors AS v
	WHERE (lower(unaccent(v.name)) LIKE @begins OR lower(unaccent(v.name)) LIKE @word)
	  AND EXISTS (SELECT FROM listings AS l WHERE l.vendor_id = v.id)
	ORDER BY v.name, v.id
	LIMIT @some`
