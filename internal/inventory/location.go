package inventory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// A Location is a place where a vendor keeps stock.
type Location struct {
	ID        id.Location `db:"id" json:"id"`
	VendorID  id.Vendor   `db:"vendor_id" json:"vendor_id"`
	Name      string      `db:"name" json:"name"`
	Priority  int         `db:"priority" json:"priority"` // lower is picked first
	CreatedAt time.Time   `db:"created_at" json:"created_at"`
}

// MainLocation is the name of the location that a vendor starts with.
const MainLocation = "Main"

// Locations gives each vendor's first location by priority; those without one
// get MainLocation.
func (s *Stock) Locations(ctx context.Context, tx pgx.Tx, vendors []id.Vendor) (map[id.Vendor]id.Location, error) {
	ids := make([]id.Location, len(vendors))
	for i := range ids {
		ids[i] = id.New[id.Location]()
	}
	b := postgres.NewBatch()
	b.Queue(ensureLocations, pgx.NamedArgs{"ids": ids, "vendors": vendors, "name": MainLocation})
	first := map[id.Vendor]id.Location{}
	b.Read(firstLocations, pgx.NamedArgs{"vendors": vendors}, func(rows pgx.Rows) error {
		var vendor id.Vendor
		var location id.Location
		_, err := pgx.ForEachRow(rows, []any{&vendor, &location}, func() error {
			first[vendor] = location
			return nil
		})
		return err
	})
	if err := b.Send(ctx, tx); err != nil {
		return nil, fmt.Errorf("ensure locations: %w", err)
	}
	return first, nil
}

// LocationsOf lists a vendor's locations (everybody's without a vendor) in the
// order in which they are picked.
func (s *Stock) LocationsOf(ctx context.Context, db postgres.DB, vendor id.Vendor) ([]Location, error) {
	list, err := postgres.All[Location](ctx, db, selectLocations, pgx.NamedArgs{"vendor": vendor})
	if err != nil {
		return nil, fmt.Errorf("read locations: %w", err)
	}
	return list, nil
}

// NewLocation makes a location of a vendor.
func (s *Stock) NewLocation(ctx context.Context, tx pgx.Tx, vendor id.Vendor, name string, priority int) (Location, error) {
	l, err := postgres.Get[Location](ctx, tx, insertLocation, pgx.NamedArgs{
		"id": id.New[id.Location](), "vendor": vendor, "name": strings.TrimSpace(name), "priority": priority,
	})
	if err != nil {
		return Location{}, fmt.Errorf("make location: %w", err)
	}
	return l, nil
}

// EditLocation renames a location or changes when it is picked; nil leaves
// things as they are.
func (s *Stock) EditLocation(ctx context.Context, tx pgx.Tx, vendor id.Vendor, location id.Location, name *string, priority *int) (Location, error) {
	list, err := postgres.All[Location](ctx, tx, updateLocation,
		pgx.NamedArgs{"id": location, "vendor": vendor, "name": name, "priority": priority})
	switch {
	case err != nil:
		return Location{}, fmt.Errorf("edit location %s: %w", location, err)
	case len(list) == 0:
		return Location{}, ErrNoLocation
	}
	return list[0], nil
}
