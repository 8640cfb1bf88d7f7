package shipping

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// everywhere is the name of the zone that a fresh shop gets.
const everywhere = "Everywhere"

// starting is what carriage costs in a fresh shop, in minor units by the
// decimals of the currency: about as much in dollars as in yen and in dinars.
// Staff put their own prices.
var starting = map[int]struct{ standard, express, freeAbove int64 }{
	0: {500, 1500, 5000},
	2: {500, 1500, 5000},
	3: {1500, 4500, 15000},
	4: {1250, 3750, 12500},
}

// EnsureDefaults gives a shop that has no option in a currency, offered or not,
// a standard and an express one to everywhere, so that it can sell.
func (s *Shipping) EnsureDefaults(ctx context.Context, tx pgx.Tx, currency money.Currency) error {
	has, err := postgres.Scalar[bool](ctx, tx, `SELECT EXISTS (SELECT FROM shipping_options WHERE currency = @currency)`,
		pgx.NamedArgs{"currency": currency})
	if err != nil {
		return fmt.Errorf("look for shipping options in %s: %w", currency, err)
	}
	if has {
		return nil
	}
	if _, err := postgres.Exec(ctx, tx, `
		INSERT INTO shipping_zones (id, name, countries) VALUES (@id, @name, '{*}') ON CONFLICT (name) DO NOTHING`,
		pgx.NamedArgs{"id": id.New[id.ShipZone](), "name": everywhere}); err != nil {
		return fmt.Errorf("make zone %s: %w", everywhere, err)
	}
	zone, err := postgres.Scalar[id.ShipZone](ctx, tx, `SELECT id FROM shipping_zones WHERE name = @name`, pgx.NamedArgs{"name": everywhere})
	if err != nil {
		return fmt.Errorf("read zone %s: %w", everywhere, err)
	}
	prices := starting[currency.Decimals()]
	freeAbove := money.Of(prices.freeAbove, currency)
	for _, o := range []Option{
		{Name: "Standard", Kind: Standard, Price: money.Of(prices.standard, currency), FreeAbove: &freeAbove, MinDays: 3, MaxDays: 7, Position: 1},
		{Name: "Express", Kind: Express, Price: money.Of(prices.express, currency), MinDays: 1, MaxDays: 2, Position: 2},
	} {
		o.ID, o.ZoneID, o.Rule, o.Tiers, o.Active = id.New[id.ShipOption](), zone, Flat, Tiers{}, true
		if err := insertOption(ctx, tx, o); err != nil {
			return err
		}
	}
	return nil
}
