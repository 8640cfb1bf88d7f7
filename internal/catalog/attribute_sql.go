package catalog

import (
	"errors"

	"souk/internal/platform/postgres"
)

const selectAttributes = `
	SELECT key, label, kind, unit, choices, filterable, position, translations, version FROM attributes ORDER BY position, key`

const lockAttribute = `
	SELECT key, label, kind, unit, choices, filterable, position, translations, version FROM attributes WHERE key = @key FOR UPDATE`

const insertAttribute = `
	INSERT INTO attributes (key, label, kind, unit, choices, filterable, position, translations)
	VALUES (@key, @label, @kind, @unit, @choices::jsonb, @filterable, @position, @translations::jsonb)`

const updateAttribute = `
	UPDATE attributes SET label = @label, unit = @unit, choices = @choices::jsonb, filterable = @filterable, position = @position, translations = @translations::jsonb, version = @version
	WHERE key = @key`

const deleteAttribute = `DELETE FROM attributes WHERE key = @key`

const selectProductsWithAttribute = `SELECT id FROM products WHERE attributes ? @key ORDER BY id`

func noAttribute(err error) error {
	if errors.Is(err, postgres.ErrNoRow) {
		return ErrNoAttribute
	}
	return err
}
