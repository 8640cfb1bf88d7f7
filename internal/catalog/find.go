package catalog

import (
	"context"
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
