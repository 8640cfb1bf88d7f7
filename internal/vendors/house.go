package vendors

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// House is the marketplace's own shop: it sells what the platform itself owes
// to buyers, such as gift cards and memberships. It is made when it is first
// asked for, has no members, pays no commission and is never suspended; what it
// sells is the platform's revenue, so it is owed no payout.
func (v *Vendors) House(ctx context.Context, tx pgx.Tx) (Vendor, error) {
	found, err := house(ctx, tx)
	if !errors.Is(err, ErrNoVendor) {
		return found, err
	}
	free, err := freeSlug(ctx, tx, v.ShopName)
	if err != nil {
		return Vendor{}, fmt.Errorf("find a slug for the house: %w", err)
	}
	made, err := insertHouse(ctx, tx, Vendor{ID: id.New[id.Vendor](), Slug: free, Name: v.ShopName, CreatedAt: v.Clock.Now()})
	if err != nil {
		return Vendor{}, fmt.Errorf("make the house: %w", err)
	}
	for _, vendor := range made {
		if err := events.Raise(ctx, tx, Changed{vendor}); err != nil {
			return Vendor{}, err
		}
	}
	return house(ctx, tx)
}

// insertHouse answers with nothing where somebody else was faster.
func insertHouse(ctx context.Context, tx pgx.Tx, v Vendor) ([]id.Vendor, error) {
	return postgres.Column[id.Vendor](ctx, tx, `
		INSERT INTO vendors (id, slug, name, status, commission_bps, house, created_at, updated_at)
		VALUES (@id, @slug, @name, 'active', 0, true, @now, @now)
		ON CONFLICT (house) WHERE house DO NOTHING RETURNING id`,
		pgx.NamedArgs{"id": v.ID, "slug": v.Slug, "name": v.Name, "now": v.CreatedAt})
}

func house(ctx context.Context, db postgres.DB) (Vendor, error) {
	found, err := postgres.Get[Vendor](ctx, db, selectVendor+`WHERE v.house`, nil)
	if errors.Is(err, postgres.ErrNoRow) {
		return Vendor{}, ErrNoVendor
	}
	return found, err
}
