package inventory

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// AdjustSerialised is Adjust for units that have rows of their own, such as
// licence keys, by whoever keeps those rows: in the transaction that adds or
// takes them, and before it takes any, so that the level's lock decides who
// does. The first one makes the variant's stock serialised, for good;
// [ErrCounted] where units of it were counted before.
func (s *Stock) AdjustSerialised(ctx context.Context, tx pgx.Tx, vendor id.Vendor, a Adjustment) error {
	at, err := postgres.Column[id.Location](ctx, tx, selectSerialisedAt, pgx.NamedArgs{"variant": a.Variant})
	if err != nil {
		return fmt.Errorf("find serialised stock of variant %s: %w", a.Variant, err)
	}
	if len(at) > 0 { // they lie where the first ones lay
		a.Location = at[0]
	}
	level, err := s.lock(ctx, tx, vendor, a.Variant, a.Location)
	if err != nil {
		return err
	}
	n, err := postgres.Exec(ctx, tx, serialise, pgx.NamedArgs{"variant": a.Variant, "location": level.LocationID})
	switch {
	case err != nil:
		return fmt.Errorf("serialise stock of variant %s: %w", a.Variant, err)
	case n == 0:
		return ErrCounted
	}
	_, err = s.adjust(ctx, tx, level, a)
	return err
}
