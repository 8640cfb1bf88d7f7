package inventory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/events"
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

// A Level is what one location has of one variant.
type Level struct {
	VariantID      id.Variant  `db:"variant_id" json:"variant_id"`
	LocationID     id.Location `db:"location_id" json:"location_id"`
	VendorID       id.Vendor   `db:"vendor_id" json:"vendor_id"`
	OnHand         int         `db:"on_hand" json:"on_hand"`
	Reserved       int         `db:"reserved" json:"reserved"`
	Allocated      int         `db:"allocated" json:"allocated"`
	BackorderLimit int         `db:"backorder_limit" json:"backorder_limit"`
	Available      int         `db:"available" json:"available"` // what can still be sold
	UpdatedAt      time.Time   `db:"updated_at" json:"updated_at"`
}

// A Count is what a variant is said to have, at the vendor's first location
// unless one is named.
type Count struct {
	Vendor         id.Vendor
	Variant        id.Variant
	Location       id.Location
	OnHand         int
	BackorderLimit int
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

// SetLevels makes on hand and backorder limit what the counts say, writes a
// movement for each difference and raises one event for all. Counts that
// change nothing write nothing. It returns the variants whose level changed,
// and those that it left alone because more of them is promised to orders than
// the count has.
func (s *Stock) SetLevels(ctx context.Context, tx pgx.Tx, counts []Count, reason string) (changed, promised []id.Variant, err error) {
	if len(counts) == 0 {
		return nil, nil, nil
	}
	if err := s.place(ctx, tx, counts); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(bytes.Compare(a.Variant[:], b.Variant[:]), bytes.Compare(a.Location[:], b.Location[:]))
	})
	changes, err := postgres.All[change](ctx, tx, setLevels, countArgs(ctx, counts, reason))
	if err != nil {
		return nil, nil, fmt.Errorf("set stock levels: %w", err)
	}
	for _, c := range changes {
		if c.Promised {
			promised = append(promised, c.Variant)
		} else {
			changed = append(changed, c.Variant)
		}
	}
	if len(changed) == 0 {
		return nil, promised, nil
	}
	return changed, promised, events.Raise(ctx, tx, StockChanged{VariantIDs: changed})
}

// A change is what SetLevels did, or refused, at a level.
type change struct {
	Variant  id.Variant `db:"variant_id"`
	Promised bool       `db:"promised"`
}

// place fills in the location of counts that name none.
func (s *Stock) place(ctx context.Context, tx pgx.Tx, counts []Count) error {
	var vendors []id.Vendor
	for _, c := range counts {
		if c.Location.IsZero() && !slices.Contains(vendors, c.Vendor) {
			vendors = append(vendors, c.Vendor)
		}
	}
	if len(vendors) == 0 {
		return nil
	}
	first, err := s.Locations(ctx, tx, vendors)
	if err != nil {
		return err
	}
	for i, c := range counts {
		if c.Location.IsZero() {
			counts[i].Location = first[c.Vendor]
		}
	}
	return nil
}

// A Recount is a count by a person who saw Expected on hand before.
type Recount struct {
	Variant        id.Variant
	Location       id.Location // zero: the vendor's first
	Expected       int
	OnHand         int
	BackorderLimit *int // nil: as it is
	Note           string
}

// Recount sets a level if it still has what the counter saw (compare and
// swap); vendor zero means staff, who may count anything. ErrStale carries the
// number that is there now.
func (s *Stock) Recount(ctx context.Context, tx pgx.Tx, vendor id.Vendor, r Recount) (Level, error) {
	level, err := postgres.Get[Level](ctx, tx, lockLevel, pgx.NamedArgs{"variant": r.Variant, "location": r.Location, "vendor": vendor})
	switch {
	case isNoRow(err):
		return Level{}, ErrNoLevel
	case err != nil:
		return Level{}, fmt.Errorf("lock stock of variant %s: %w", r.Variant, err)
	case level.OnHand != r.Expected:
		return Level{}, ErrStale.With("on_hand", level.OnHand)
	}
	count := Count{level.VendorID, r.Variant, level.LocationID, r.OnHand, level.BackorderLimit}
	if r.BackorderLimit != nil {
		count.BackorderLimit = *r.BackorderLimit
	}
	_, promised, err := s.SetLevels(ctx, tx, []Count{count}, "count")
	if err != nil {
		return Level{}, err
	}
	if len(promised) > 0 {
		return Level{}, ErrPromised.With("promised", level.Reserved+level.Allocated)
	}
	return postgres.Get[Level](ctx, tx, lockLevel, pgx.NamedArgs{"variant": r.Variant, "location": level.LocationID, "vendor": vendor})
}

// Available is how many units of each variant can still be sold, over all
// locations; variants without a level are left out.
func (s *Stock) Available(ctx context.Context, db postgres.DB, variants []id.Variant) (map[id.Variant]int, error) {
	type row struct {
		Variant   id.Variant `db:"variant_id"`
		Available int        `db:"available"`
	}
	rows, err := postgres.All[row](ctx, db, availableUnits, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("read available stock: %w", err)
	}
	available := make(map[id.Variant]int, len(rows))
	for _, r := range rows {
		available[r.Variant] = r.Available
	}
	return available, nil
}

func countArgs(ctx context.Context, counts []Count, reason string) pgx.NamedArgs {
	n := len(counts)
	variants, locations, vendors := make([]id.Variant, n), make([]id.Location, n), make([]id.Vendor, n)
	onHand, limits := make([]int, n), make([]int, n)
	for i, c := range counts {
		variants[i], locations[i], vendors[i], onHand[i], limits[i] = c.Variant, c.Location, c.Vendor, c.OnHand, c.BackorderLimit
	}
	return pgx.NamedArgs{
		"variants": variants, "locations": locations, "vendors": vendors, "on_hand": onHand, "limits": limits,
		"reason": reason, "actor": auth.From(ctx).Name(),
	}
}
