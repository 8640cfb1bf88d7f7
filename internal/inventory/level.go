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
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

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
	Serialised     bool        `db:"serialised" json:"serialised" doc:"The units are licence keys, which nobody counts."`
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

// SetLevels makes on hand and backorder limit what the counts say, writes a
// movement for each difference and raises one event for all. Counts that
// change nothing write nothing. It returns the variants whose level changed,
// and those that it left alone: more of them is promised to orders than the
// count has, or their units are licence keys, which nobody counts.
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
}

// Recount sets a level if it still has what the counter saw (compare and
// swap); vendor zero means staff, who may count anything. ErrStale carries the
// number that is there now.
func (s *Stock) Recount(ctx context.Context, tx pgx.Tx, vendor id.Vendor, r Recount) (Level, error) {
	level, err := s.lock(ctx, tx, vendor, r.Variant, r.Location)
	switch {
	case err != nil:
		return Level{}, err
	case level.Serialised:
		return Level{}, ErrSerialised
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
	return s.read(ctx, tx, r.Variant, level.LocationID)
}

// An Adjustment is units that came or went: received, returned, broken.
type Adjustment struct {
	Variant  id.Variant
	Location id.Location // zero: the vendor's first
	Delta    int
	Reason   string
	Note     string
}

// Adjust moves a level by a number of units, whatever it is.
func (s *Stock) Adjust(ctx context.Context, tx pgx.Tx, vendor id.Vendor, a Adjustment) (Level, error) {
	level, err := s.lock(ctx, tx, vendor, a.Variant, a.Location)
	switch {
	case err != nil:
		return Level{}, err
	case level.Serialised:
		return Level{}, ErrSerialised
	}
	return s.adjust(ctx, tx, level, a)
}

func (s *Stock) adjust(ctx context.Context, tx pgx.Tx, level Level, a Adjustment) (Level, error) {
	switch {
	case level.OnHand+a.Delta < 0:
		return Level{}, ErrNotOnHand.With("on_hand", level.OnHand)
	case level.Available+a.Delta < 0:
		return Level{}, ErrPromised.With("promised", level.Reserved+level.Allocated)
	case a.Delta == 0:
		return level, nil
	}
	_, err := postgres.Exec(ctx, tx, adjustLevel, pgx.NamedArgs{
		"variant": a.Variant, "location": level.LocationID, "delta": a.Delta,
		"reason": a.Reason, "note": a.Note, "actor": auth.From(ctx).Name(),
	})
	if err != nil {
		return Level{}, fmt.Errorf("adjust stock of variant %s: %w", a.Variant, err)
	}
	if err := events.Raise(ctx, tx, StockChanged{VariantIDs: []id.Variant{a.Variant}}); err != nil {
		return Level{}, err
	}
	return s.read(ctx, tx, a.Variant, level.LocationID)
}

// lock locks the level of a vendor's variant. Where there is none it is made
// first: what does not exist cannot be locked, and two could make it at once.
func (s *Stock) lock(ctx context.Context, tx pgx.Tx, vendor id.Vendor, variant id.Variant, location id.Location) (Level, error) {
	facts, err := catalog.VariantsOf(ctx, tx, vendor, []id.Variant{variant})
	if err != nil {
		return Level{}, err
	}
	fact, ok := facts[variant]
	switch {
	case !ok:
		return Level{}, catalog.ErrNoVariant
	case fact.Bundle:
		return Level{}, ErrBundle
	case !fact.Tracked:
		return Level{}, ErrNotTracked
	}
	if location.IsZero() {
		first, err := s.Locations(ctx, tx, []id.Vendor{fact.VendorID})
		if err != nil {
			return Level{}, err
		}
		location = first[fact.VendorID]
	}
	at := pgx.NamedArgs{"variant": variant, "location": location, "vendor": fact.VendorID}
	if _, err := postgres.Exec(ctx, tx, ensureLevel, at); err != nil {
		return Level{}, fmt.Errorf("make stock level of variant %s: %w", variant, err)
	}
	list, err := postgres.All[Level](ctx, tx, lockLevel, at)
	switch {
	case err != nil:
		return Level{}, fmt.Errorf("lock stock of variant %s: %w", variant, err)
	case len(list) == 0:
		return Level{}, ErrNoLocation
	}
	return list[0], nil
}

func (s *Stock) read(ctx context.Context, db postgres.DB, variant id.Variant, location id.Location) (Level, error) {
	level, err := postgres.Get[Level](ctx, db, selectLevel, pgx.NamedArgs{"variant": variant, "location": location})
	if err != nil {
		return Level{}, fmt.Errorf("read stock of variant %s: %w", variant, err)
	}
	return level, nil
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
