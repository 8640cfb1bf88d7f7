package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Filter says which products to list; what is not set does not matter.
type Filter struct {
	Vendor      id.Vendor
	Statuses    []Status
	Brand       string // a slug
	Category    id.Category
	Q           string // words of the title, a slug or an SKU
	OldestFirst bool
	After       Position
	Limit       int
}

// Position is where a page of products ended.
type Position struct {
	At time.Time  `json:"t"`
	ID id.Product `json:"p"`
}

func (f Filter) args() pgx.NamedArgs {
	var statuses []Status
	if len(f.Statuses) > 0 {
		statuses = f.Statuses
	}
	return pgx.NamedArgs{
		"vendor": f.Vendor, "statuses": statuses, "brand": f.Brand, "category": f.Category, "q": f.Q, "like": contains(f.Q),
		"after": f.After.ID, "after_at": f.After.At, "limit": f.Limit,
	}
}

// List lists products as staff and vendors see them, by the time they were made.
func (c *Catalog) List(ctx context.Context, db postgres.DB, f Filter) ([]Product, error) {
	sql := selectNewestProducts
	if f.OldestFirst {
		sql = selectOldestProducts
	}
	list, err := c.productsByID(ctx, db, sql, f.args())
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	return list, nil
}

// Count is how many products a filter lets through.
func (c *Catalog) Count(ctx context.Context, db postgres.DB, f Filter) (int64, error) {
	n, err := postgres.Scalar[int64](ctx, db, countProducts, f.args())
	if err != nil {
		return 0, fmt.Errorf("count products: %w", err)
	}
	return n, nil
}
