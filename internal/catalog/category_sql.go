package catalog

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const categoryColumns = `
	SELECT c.id, c.parent_id, c.slug, c.name, c.path, c.ancestors, c.position, c.description, c.translations, c.version
	FROM categories c`

const (
	selectCategories = categoryColumns + ` ORDER BY c.position, c.name, c.id LIMIT @limit`

	selectCategory = categoryColumns + ` WHERE c.id = @id`

	selectCategoriesByPath = categoryColumns + ` WHERE c.path = ANY(@paths::text[])`

	selectCategoriesCalled = categoryColumns + ` WHERE c.id = ANY(@ids::uuid[]) OR c.slug = ANY(@slugs::text[])`

	selectExtent = `
		SELECT coalesce(max(cardinality(ancestors)), 0) AS depth, coalesce(max(octet_length(path)), 0) AS length
		FROM categories WHERE @id = ANY(ancestors)`

	selectCategorySlugs = `SELECT slug FROM categories WHERE slug = ANY(@slugs::text[])`

	insertCategories = `
		INSERT INTO categories (id, parent_id, slug, name, path, ancestors, position, description, translations)
		SELECT id, parent_id, slug, name, path, ancestors, position, description, translations
		FROM jsonb_to_recordset(@rows::jsonb) AS r(
		    id uuid, parent_id uuid, slug text, name text, path text, ancestors uuid[], position int, description text, translations jsonb)`

	updateCategory = `
		UPDATE categories
		SET parent_id = @parent, slug = @slug, name = @name, path = @path, ancestors = @ancestors,
		    position = @position, description = @description, translations = @translations::jsonb, version = version + 1
		WHERE id = @id`

	// The part of path and ancestors above the moved category is replaced.
	moveSubcategories = `
		UPDATE categories
		SET path = @path::text || substr(path, @old_length::int + 1),
		    ancestors = @ancestors::uuid[] || ancestors[@old_depth::int + 1:], version = version + 1
		WHERE @id = ANY(ancestors) AND id <> @id`

	selectCategorised = `
		SELECT DISTINCT pc.product_id FROM product_categories pc JOIN categories c ON c.id = pc.category_id
		WHERE @id = ANY(c.ancestors)`

	deleteCategory = `
		DELETE FROM categories
		WHERE id = @id AND NOT EXISTS (SELECT 1 FROM categories below WHERE below.parent_id = @id)
		  AND NOT EXISTS (SELECT 1 FROM product_categories WHERE category_id = @id)`
)

type categoryRow struct {
	ID           uuid.UUID                      `json:"id"`
	ParentID     *uuid.UUID                     `json:"parent_id"`
	Slug         string                         `json:"slug"`
	Name         string                         `json:"name"`
	Path         string                         `json:"path"`
	Ancestors    []uuid.UUID                    `json:"ancestors"`
	Position     int                            `json:"position"`
	Description  string                         `json:"description"`
	Translations map[string]CategoryTranslation `json:"translations"`
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func categoryRows(list []Category) pgx.NamedArgs {
	rows := make([]categoryRow, len(list))
	for i, c := range list {
		rows[i] = categoryRow{
			ID: uuid.UUID(c.ID), ParentID: orNull(c.ParentID), Slug: c.Slug, Name: c.Name, Path: c.Path,
			Position: c.Position, Description: c.Description, Translations: orEmpty(c.Translations),
		}
		for _, a := range c.Ancestors {
			rows[i].Ancestors = append(rows[i].Ancestors, uuid.UUID(a))
		}
	}
	return pgx.NamedArgs{"rows": rows}
}
