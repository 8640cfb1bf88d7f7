// Package importer brings catalogues in from files and takes them out again.
//
// Owns: the formats (Shopify's classic and present columns, WooCommerce's,
// Medusa's, Spree's, Souk's own CSV and JSON Lines, vendors' own columns by a
// [Mapping]), what a row means, the run that applies them, and the jobs that
// run files sent to the API ([Importer.Receive], [Importer.Work]).
// Tables: imports, import_findings, import_changes, import_rows,
// import_mappings, product_exports.
// Raises: [Asked], [ExportAsked]. Calls: vendors, catalog, inventory, pricing, blob.
//
// A file is read as a stream (record.go, table.go), product by product
// (product.go, and a file for each format), and applied in batches of
// [batchSize], each in one transaction (run.go, batch.go, apply.go), so that a
// long import never holds the event log back and a kill loses at most the batch
// that was under way. A job keeps how far it is in the same transaction and goes
// on from there; a file that is simply imported again finds what is there
// unchanged.
//
// What cannot be read is reported by row, column and reason; the rest goes in.
// A file fills in and changes, it does not empty: what it has no column for, or
// leaves blank, stays as it is, and so do products and variants that it does
// not name. Lists (tags, categories, attributes, pictures) are taken whole
// where the file has any, and a blank compare-at price ends an offer.
package importer

import (
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// What staff may be permitted to do with files.
const (
	CanRead        auth.Permission = "imports.read"
	CanWrite       auth.Permission = "imports.write"
	CanReadExports auth.Permission = "exports.read"
	CanExport      auth.Permission = "exports.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission {
	return []auth.Permission{CanRead, CanWrite, CanReadExports, CanExport}
}

// Importer runs imports and exports.
type Importer struct {
	DB       postgres.DB
	Catalog  *catalog.Catalog
	Stock    *inventory.Stock
	Prices   *pricing.Prices
	Currency money.Currency // of prices that a file gives without one
	Blobs    blob.Store     // of files that were sent, and of exports
	BaseURL  string         // of the shop, before the addresses of pictures that were uploaded
	House    string         // name of the vendor of products that name none, when the shop's staff import them

	cursors httpapi.Cursors
}
