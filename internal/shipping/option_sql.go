package shipping

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Options prices, for the parcel of each vendor, the ways it can go to a
// country, in the order in which staff put them. A vendor without any is
// missing. Which zones serve a country is decided by the function
// shipping_zones_of of the schema, so that a cart can ask in its own pipeline.
func (s *Shipping) Options(ctx context.Context, db postgres.DB, currency money.Currency, country string, parcels []Parcel) (map[id.Vendor][]Quote, error) {
	vendors := make([]id.Vendor, len(parcels))
	for i, p := range parcels {
		vendors[i] = p.Vendor
	}
	options, err := postgres.All[Option](ctx, db, `
		SELECT id, zone_id, vendor_id, name, kind, rule, (price_minor, currency) AS price, tiers,
		       CASE WHEN free_above_minor IS NOT NULL THEN (free_above_minor, currency) END AS free_above,
		       min_days, max_days, position, active, version
		FROM shipping_options
		WHERE active AND currency = @currency AND (vendor_id IS NULL OR vendor_id = ANY (@vendors))
		  AND zone_id IN (SELECT zone FROM shipping_zones_of(@country) zone)
		ORDER BY position, price_minor, id`,
		pgx.NamedArgs{"currency": currency, "vendors": vendors, "country": country})
	if err != nil {
		return nil, fmt.Errorf("read shipping options to %s: %w", country, err)
	}
	quotes := make(map[id.Vendor][]Quote, len(parcels))
	for _, p := range parcels {
		if q := QuotesFor(options, p); len(q) > 0 {
			quotes[p.Vendor] = q
		}
	}
	return quotes, nil
}

const optionColumns = `
	SELECT id, zone_id, vendor_id, name, kind, rule, (price_minor, currency) AS price, tiers,
	       CASE WHEN free_above_minor IS NOT NULL THEN (free_above_minor, currency) END AS free_above,
	       min_days, max_days, position, active, version
	FROM shipping_options `

// listOptions reads limit options in the order of their birth, those of a zone
// when one is given.
func listOptions(ctx context.Context, db postgres.DB, zone id.ShipZone, after id.ShipOption, limit int) ([]Option, error) {
	options, err := postgres.All[Option](ctx, db, optionColumns+`
		WHERE (@zone::uuid IS NULL OR zone_id = @zone) AND (@after::uuid IS NULL OR id > @after) ORDER BY id LIMIT @limit`,
		pgx.NamedArgs{"zone": zone, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list shipping options: %w", err)
	}
	return options, nil
}

func countOptions(ctx context.Context, db postgres.DB, zone id.ShipZone) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM shipping_options WHERE @zone::uuid IS NULL OR zone_id = @zone`,
		pgx.NamedArgs{"zone": zone})
}

func getOption(ctx context.Context, db postgres.DB, option id.ShipOption) (Option, error) {
	return oneOption(ctx, db, optionColumns+`WHERE id = @id`, option)
}

func lockOption(ctx context.Context, tx pgx.Tx, option id.ShipOption) (Option, error) {
	return oneOption(ctx, tx, optionColumns+`WHERE id = @id FOR UPDATE`, option)
}

func oneOption(ctx context.Context, db postgres.DB, sql string, option id.ShipOption) (Option, error) {
	o, err := postgres.Get[Option](ctx, db, sql, pgx.NamedArgs{"id": option})
	if errors.Is(err, postgres.ErrNoRow) {
		return Option{}, ErrOptionNotFound
	}
	if err != nil {
		return Option{}, fmt.Errorf("read shipping option %s: %w", option, err)
	}
	return o, nil
}

func insertOption(ctx context.Context, tx pgx.Tx, o Option) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO shipping_options (id, zone_id, vendor_id, name, kind, rule, currency, price_minor, tiers, free_above_minor,
		                              min_days, max_days, position, active)
		VALUES (@id, @zone_id, @vendor_id, @name, @kind, @rule, @currency, @price_minor, @tiers, @free_above_minor,
		        @min_days, @max_days, @position, @active)`, o.args())
	if err != nil {
		return fmt.Errorf("make shipping option %s: %w", o.Name, err)
	}
	return nil
}

func updateOption(ctx context.Context, tx pgx.Tx, o Option) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE shipping_options SET zone_id = @zone_id, vendor_id = @vendor_id, name = @name, kind = @kind, rule = @rule,
		       currency = @currency, price_minor = @price_minor, tiers = @tiers, free_above_minor = @free_above_minor,
		       min_days = @min_days, max_days = @max_days, position = @position, active = @active, version = version + 1
		WHERE id = @id`, o.args())
	if err != nil {
		return fmt.Errorf("edit shipping option %s: %w", o.ID, err)
	}
	return nil
}

func removeOption(ctx context.Context, tx pgx.Tx, option id.ShipOption) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM shipping_options WHERE id = @id`, pgx.NamedArgs{"id": option})
	return err
}

func (o Option) args() pgx.NamedArgs {
	var freeAbove *int64
	if o.FreeAbove != nil {
		freeAbove = &o.FreeAbove.Minor
	}
	return pgx.NamedArgs{
		"id": o.ID, "zone_id": o.ZoneID, "vendor_id": o.VendorID, "name": o.Name, "kind": o.Kind, "rule": o.Rule,
		"currency": o.Price.Currency, "price_minor": o.Price.Minor, "tiers": o.Tiers, "free_above_minor": freeAbove,
		"min_days": o.MinDays, "max_days": o.MaxDays, "position": o.Position, "active": o.Active,
	}
}
