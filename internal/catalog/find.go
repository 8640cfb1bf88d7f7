package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// VariantsBySKU finds a vendor's variants by their SKUs; those that are not
// there are left out.
func (c *Catalog) VariantsBySKU(ctx context.Context, db postgres.DB, vendor id.Vendor, skus []string) (map[string]id.Variant, error) {
	owners, err := postgres.All[skuOwner](ctx, db, selectSKUOwners, pgx.NamedArgs{"vendor": vendor, "skus": skus})
	if err != nil {
		return nil, fmt.Errorf("find variants by SKU: %w", err)
	}
	found := make(map[string]id.Variant, len(owners))
	for _, o := range owners {
		found[o.SKU] = o.ID
	}
	return found, nil
}

// Shown is a product that shoppers see, and whose it is.
type Shown struct {
	ID       id.Product `db:"id"`
	VendorID id.Vendor  `db:"vendor_id"`
}

// OnSale finds an active product of an active vendor by its id or slug.
func (c *Catalog) OnSale(ctx context.Context, db postgres.DB, product string) (Shown, error) {
	sql, args := selectOnSaleBySlug, pgx.NamedArgs{"slug": product}
	if known, err := id.Parse[id.Product](product); err == nil {
		sql, args = selectOnSale, pgx.NamedArgs{"id": known}
	}
	found, err := postgres.Get[Shown](ctx, db, sql, args)
	if errors.Is(err, postgres.ErrNoRow) {
		return Shown{}, ErrNoProduct
	}
	if err != nil {
		return Shown{}, fmt.Errorf("find product on sale: %w", err)
	}
	return found, nil
}
