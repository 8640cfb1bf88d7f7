// Package migrations holds the schema as forward-only steps, in goose's format.
//
// A step is safe while the previous binary still runs: expand first, contract
// in a later release. Steps that shipped are never edited.
package migrations

import "embed"

// FS has every step, in the order of their names.
//
//go:embed [0-9]*.sql
var FS embed.FS
