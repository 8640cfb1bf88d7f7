package catalog

const collectionColumns = `id, slug, title, description, seo_title, seo_description, match, rules, pinned, excluded, sort, position,
	       published, publish_at, unpublish_at, translations, updated_at, version`

const shownCollections = `(NOT @shown OR published AND COALESCE(publish_at <= now(), true) AND COALESCE(unpublish_at > now(), true))`

const (
	selectCollections = `
	SELECT ` + collectionColumns + `
	FROM collections WHERE ` + shownCollections + ` ORDER BY position, title, id`

	selectCollectionsCalled = `
	SELECT ` + collectionColumns + `
	FROM collections WHERE (id = ANY(@ids::uuid[]) OR slug = ANY(@slugs::text[])) AND ` + shownCollections + ` ORDER BY position, title, id`

	insertCollection = `
	INSERT INTO collections (id, slug, title, description, seo_title, seo_description, match, rules, pinned, excluded, sort, position,
	                         published, publish_at, unpublish_at, translations)
	VALUES (@id, @slug, @title, @description, @seo_title, @seo_description, @match, @rules::jsonb, @pinned, @excluded, @sort, @position,
	        @published, CASE WHEN @publish_at::timestamptz > now() THEN @publish_at::timestamptz END,
	        CASE WHEN @unpublish_at::timestamptz > now() THEN @unpublish_at::timestamptz END, @translations::jsonb)
	RETURNING ` + collectionColumns

	// A time that has passed stays: whether it is shown hangs on it.
	updateCollection = `
	UPDATE collections
	SET slug = @slug, title = @title, description = @description, seo_title = @seo_title, seo_description = @seo_description,
	    match = @match, rules = @rules::jsonb, pinned = @pinned, excluded = @excluded, sort = @sort, position = @position,
	    published = @published, publish_at = @publish_at, unpublish_at = @unpublish_at, translations = @translations::jsonb,
	    updated_at = now(), version = version + 1
	WHERE id = @id AND version = @version
	RETURNING ` + collectionColumns
)

const selectLabelsCalled = `
	SELECT 'tag' AS field, id, slug FROM tags WHERE id = ANY(@ids::uuid[]) OR slug = ANY(@slugs::text[])
	UNION ALL SELECT 'brand', id, slug FROM brands WHERE id = ANY(@ids::uuid[]) OR slug = ANY(@slugs::text[])
	UNION ALL SELECT 'vendor', id, slug FROM vendors WHERE id = ANY(@ids::uuid[]) OR slug = ANY(@slugs::text[])
	UNION ALL SELECT 'category', id, slug FROM categories WHERE id = ANY(@ids::uuid[]) OR slug = ANY(@slugs::text[])`
