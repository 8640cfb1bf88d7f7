package catalog

import (
	"errors"

	"souk/internal/platform/postgres"
)

const (
	typesFragment = `SELECT key, label, attributes, position, translations, version FROM product_types`

	selectTypes = typesFragment + ` ORDER BY position, key`
	selectType  = typesFragment + ` WHERE key = @key`
	lockType    = selectType + ` FOR UPDATE`

	insertType = `
		INSERT INTO product_types (key, label, attributes, position, translations)
		VALUES (@key, @label, @attributes::jsonb, @position, @translations::jsonb)`

	updateType = `
		UPDATE product_types SET label = @label, attributes = @attributes::jsonb, position = @position, translations = @translations::jsonb, version = @version
		WHERE key = @key`

	deleteType = `DELETE FROM product_types WHERE key = @key`
)

// Which kinds are of a type is for TypeKey to say: lower() knows other letters in
// other databases.
const (
	selectKinds          = `SELECT DISTINCT kind FROM products WHERE kind <> ''`
	selectProductsOfKind = `SELECT id FROM products WHERE kind = ANY(@kinds) ORDER BY id`
)

func noType(err error) error {
	if errors.Is(err, postgres.ErrNoRow) {
		return ErrNoType
	}
	return err
}
