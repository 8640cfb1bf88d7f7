package tax

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// ReadZone reads the zone of a place with its rates for [Matched], for callers who
// read in a pipeline of their own. No row is no zone.
const ReadZone = `
	SELECT z.id AS zone_id, z.included, z.per_total, z.half_even, z.reverse_charge, coalesce(r.tax_class, '') AS tax_class, coalesce(r.name, '') AS name,
	       coalesce(r.rate_ppm, 0) AS rate_ppm, coalesce(r.shipping, false) AS shipping, coalesce(r.compound, false) AS compound,
	       coalesce(r.applies, 'always') AS applies
	FROM tax_zone_of(@country, @region, @postal) z LEFT JOIN tax_rates r ON r.zone_id = z.id
	ORDER BY r.tax_class, r.name`

// Match is the zone that a place belongs to, the zero Zone where none does:
// nothing is taxed there. Which zone is the most particular is decided by the
// function tax_zone_of of the schema, so that a cart can ask in its own
// statement.
func (z *Zones) Match(ctx context.Context, db postgres.DB, country, region, postal string) (Zone, error) {
	rows, err := db.Query(ctx, ReadZone,
		pgx.NamedArgs{"country": country, "region": region, "postal": postal})
	if err != nil {
		return Zone{}, postgres.Explain(err)
	}
	zone, err := Matched(rows)
	if err != nil {
		return Zone{}, fmt.Errorf("match tax zone of %s: %w", country, err)
	}
	return zone, nil
}

// matchedRate is a row of a match: a zone without rates is one row of zeros.
type matchedRate struct {
	Zone id.TaxZone `db:"zone_id"`
	Terms
	ReverseCharge bool   `db:"reverse_charge"`
	Class         string `db:"tax_class"`
	Name          string `db:"name"`
	PPM           int64  `db:"rate_ppm"`
	Shipping      bool   `db:"shipping"`
	Compound      bool   `db:"compound"`
	Applies       string `db:"applies"`
}

// Matched reads what ReadZone selects.
func Matched(rows pgx.Rows) (Zone, error) {
	found, err := postgres.Rows[matchedRate](rows)
	if err != nil || len(found) == 0 {
		return Zone{}, err
	}
	zone := Zone{ID: found[0].Zone, Terms: found[0].Terms, ReverseCharge: found[0].ReverseCharge}
	for _, f := range found {
		if f.Class != "" {
			zone.Rates = append(zone.Rates, Rate{
				ZoneID: f.Zone, Class: f.Class, Name: f.Name, PPM: f.PPM, Shipping: f.Shipping, Compound: f.Compound, Applies: f.Applies,
			})
		}
	}
	return zone, nil
}

const zoneColumns = `
	SELECT id, name, countries, regions, postal_prefixes, included, per_total, half_even, reverse_charge,
	       preset, preset_version, version FROM tax_zones `

// list reads limit zones by name, those after a name.
func list(ctx context.Context, db postgres.DB, after string, limit int) ([]Zone, error) {
	zones, err := postgres.All[Zone](ctx, db, zoneColumns+`WHERE name > @after ORDER BY name LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list tax zones: %w", err)
	}
	return zones, fillRates(ctx, db, zones)
}

func count(ctx context.Context, db postgres.DB) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM tax_zones`, nil)
}

// get reads one zone.
func get(ctx context.Context, db postgres.DB, zone id.TaxZone) (Zone, error) {
	return one(ctx, db, zoneColumns+`WHERE id = @id`, zone)
}

// lock reads one zone, which nobody else can edit until tx ends.
func lock(ctx context.Context, tx pgx.Tx, zone id.TaxZone) (Zone, error) {
	return one(ctx, tx, zoneColumns+`WHERE id = @id FOR UPDATE`, zone)
}

func one(ctx context.Context, db postgres.DB, sql string, zone id.TaxZone) (Zone, error) {
	z, err := postgres.Get[Zone](ctx, db, sql, pgx.NamedArgs{"id": zone})
	if errors.Is(err, postgres.ErrNoRow) {
		return Zone{}, ErrZoneNotFound
	}
	if err != nil {
		return Zone{}, fmt.Errorf("read tax zone %s: %w", zone, err)
	}
	zones := []Zone{z}
	err = fillRates(ctx, db, zones)
	return zones[0], err
}

func fillRates(ctx context.Context, db postgres.DB, zones []Zone) error {
	ids := make([]id.TaxZone, len(zones))
	for i := range zones {
		ids[i], zones[i].Rates = zones[i].ID, []Rate{}
	}
	rates, err := postgres.All[Rate](ctx, db, `
		SELECT id, zone_id, tax_class, name, rate_ppm, shipping, compound, applies FROM tax_rates
		WHERE zone_id = ANY (@zones) ORDER BY zone_id, tax_class, name`,
		pgx.NamedArgs{"zones": ids})
	if err != nil {
		return fmt.Errorf("read tax rates: %w", err)
	}
	for _, r := range rates {
		i := slices.Index(ids, r.ZoneID)
		zones[i].Rates = append(zones[i].Rates, r)
	}
	return nil
}

func insert(ctx context.Context, tx pgx.Tx, z Zone) error {
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO tax_zones (id, name, countries, regions, postal_prefixes, included, per_total, half_even, reverse_charge, preset, preset_version)
		VALUES (@id, @name, @countries, @regions, @postal_prefixes, @included, @per_total, @half_even, @reverse_charge, @preset, @preset_version)`, z.args())
	queueRates(b, z)
	return b.Send(ctx, tx)
}

// update replaces a zone that the caller has locked, its rates included.
func update(ctx context.Context, tx pgx.Tx, z Zone) error {
	b := postgres.NewBatch()
	b.Queue(`
		UPDATE tax_zones SET name = @name, countries = @countries, regions = @regions, postal_prefixes = @postal_prefixes,
		       included = @included, per_total = @per_total, half_even = @half_even, reverse_charge = @reverse_charge,
		       preset = @preset, preset_version = @preset_version, version = version + 1
		WHERE id = @id`, z.args())
	b.Queue(`DELETE FROM tax_rates WHERE zone_id = @id`, z.args())
	queueRates(b, z)
	return b.Send(ctx, tx)
}

func remove(ctx context.Context, tx pgx.Tx, zone id.TaxZone) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM tax_zones WHERE id = @id`, pgx.NamedArgs{"id": zone})
	return err
}

func queueRates(b *postgres.Batch, z Zone) {
	for _, r := range z.Rates {
		b.Queue(`
			INSERT INTO tax_rates (id, zone_id, tax_class, name, rate_ppm, shipping, compound, applies)
			VALUES (@id, @zone_id, @tax_class, @name, @rate_ppm, @shipping, @compound, @applies)`, pgx.NamedArgs{
			"id": r.ID, "zone_id": z.ID, "tax_class": r.Class, "name": r.Name, "rate_ppm": r.PPM, "shipping": r.Shipping, "compound": r.Compound,
			"applies": r.Applies,
		})
	}
}

func (z Zone) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": z.ID, "name": z.Name, "countries": z.Countries, "regions": z.Regions,
		"postal_prefixes": z.PostalPrefixes, "included": z.Included, "per_total": z.PerTotal, "half_even": z.HalfEven,
		"reverse_charge": z.ReverseCharge, "preset": z.Preset, "preset_version": z.PresetVersion,
	}
}

// lockAll reads every zone, and lets nobody make or edit one until tx ends.
func lockAll(ctx context.Context, tx pgx.Tx) ([]Zone, error) {
	if _, err := postgres.Exec(ctx, tx, `LOCK TABLE tax_zones IN SHARE ROW EXCLUSIVE MODE`, nil); err != nil {
		return nil, fmt.Errorf("lock tax zones: %w", err)
	}
	zones, err := postgres.All[Zone](ctx, tx, zoneColumns+`ORDER BY name`, nil)
	if err != nil {
		return nil, fmt.Errorf("list tax zones: %w", err)
	}
	return zones, fillRates(ctx, tx, zones)
}
