// Package importer brings catalogues in from files and takes them out again.
//
// Owns: the formats (Shopify's classic and present columns, Spree's, Souk's
// own), what a row means, and the run that applies them. Tables: none.
// Raises: nothing itself. Calls: vendors, catalog, inventory, pricing.
//
// A file is read as a stream (record.go, table.go), product by product
// (product.go, and a file for each format), and applied in batches of
// [batchSize], each in one transaction (run.go, apply.go), so that a long
// import never holds the event log back and a kill loses at most the batch
// that was under way; run again, it finds what is there unchanged and goes on.
//
// What cannot be read is reported by row, column and reason; the rest goes in.
// A file fills in and changes, it does not empty: what it has no column for, or
// leaves blank, stays as it is, and so do products and variants that it does
// not name. Lists (tags, categories, attributes, pictures) are taken whole
// where the file has any, and a blank compare-at price ends an offer.
package importer

import (
	"souk/internal/catalog"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// Importer runs imports and exports.
type Importer struct {
	DB       postgres.DB
	Catalog  *catalog.Catalog
	Stock    *inventory.Stock
	Prices   *pricing.Prices
	Currency money.Currency // of prices that a file gives without one
}
