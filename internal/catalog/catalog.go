// Package catalog is what is for sale: products and how they are found.
//
// Owns: products in options and variants, brands, the category tree, tags and
// pictures; what bundles are made of; what attributes mean, and which a type of product has; the statuses of products (status.go), when they
// are on sale, and what vendors want to change on those that are (change.go).
// Tables: products, product_slugs, product_changes, product_options,
// product_categories, product_tags, product_relations, attributes, product_types, variants,
// variant_components, variant_media, media, brands, categories, tags, collections.
// Raises: [Changed], [StatusChanged], [ChangeDecided], [CollectionsChanged], [CategoriesChanged].
// Calls: vendors (the house, which sells gift cards), settings, blob (pictures), outbound (pictures from elsewhere). Prices and stock
// belong to modules to the right, which this one may not import: see
// [Catalog.SetOffers].
//
// Every change of a product goes one way: read it with all its parts, make the
// product that is wanted, let edits compare the two and write the difference
// in a fixed number of statements. One edit in the dashboard and 500 products
// of an import are the same code.
package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/vendors"
)

// Catalog is what is for sale.
type Catalog struct {
	DB       postgres.DB
	Vendors  *vendors.Vendors
	Settings *settings.Settings
	Locales  *Locales
	Cursors  httpapi.Cursors
	Blobs    blob.Store       // of pictures
	Outbound *outbound.Client // fetches pictures from elsewhere

	// SetOffers and Offers write and read prices and stock, which people edit on
	// the product's page in the same call. They belong to pricing and inventory;
	// calls may not go right, so app.go puts pricing's functions here. Where they
	// are nil, products have neither prices nor stock.
	SetOffers func(ctx context.Context, tx pgx.Tx, vendor id.Vendor, offers []Offer) error
	Offers    func(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]Offer, error)

	// ReplacePrices gives a vendor's variants the prices that staff have approved;
	// it is pricing's, too. What is not sold any more is left out.
	ReplacePrices func(ctx context.Context, tx pgx.Tx, vendor id.Vendor, prices map[id.Variant][]PriceTag) error

	// SumBundles adds up the prices of bundles that cost what their components do;
	// it is pricing's, too.
	SumBundles func(ctx context.Context, tx pgx.Tx, bundles []id.Variant) error
}

// What staff may be permitted to do with the catalogue.
const (
	CanRead  auth.Permission = "products.read"
	CanWrite auth.Permission = "products.write"
)

// Permissions are those that this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// offer writes prices and stock of variants that have just been made.
func (c *Catalog) offer(ctx context.Context, tx pgx.Tx, vendor id.Vendor, offers []Offer) error {
	if c.SetOffers == nil || len(offers) == 0 {
		return nil
	}
	return c.SetOffers(ctx, tx, vendor, offers)
}

func (c *Catalog) replacePrices(ctx context.Context, tx pgx.Tx, vendor id.Vendor, prices map[id.Variant][]PriceTag) error {
	if c.ReplacePrices == nil || len(prices) == 0 {
		return nil
	}
	return c.ReplacePrices(ctx, tx, vendor, prices)
}

// readOffers adds prices and stock to the variants of products.
func (c *Catalog) readOffers(ctx context.Context, db postgres.DB, list []Product) error {
	var ids []id.Variant
	for _, p := range list {
		for i := range p.Variants {
			ids = append(ids, p.Variants[i].ID)
			p.Variants[i].Offer = Offer{Variant: p.Variants[i].ID, Prices: []PriceTag{}}
		}
	}
	if c.Offers == nil || len(ids) == 0 {
		return nil
	}
	offers, err := c.Offers(ctx, db, ids)
	if err != nil {
		return err
	}
	for _, p := range list {
		for i := range p.Variants {
			p.Variants[i].Offer = offers[p.Variants[i].ID]
		}
	}
	return nil
}
