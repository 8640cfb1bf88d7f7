package shipping

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const zoneColumns = `SELECT id, name, countries, version FROM shipping_zones `

// listZones reads limit zones by name, those after a name.
func listZones(ctx context.Context, db postgres.DB, after string, limit int) ([]Zone, error) {
	zones, err := postgres.All[Zone](ctx, db, zoneColumns+`WHERE name > @after ORDER BY name LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list shipping zones: %w", err)
	}
	return zones, nil
}

func countZones(ctx context.Context, db postgres.DB) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM shipping_zones`, nil)
}

func getZone(ctx context.Context, db postgres.DB, zone id.ShipZone) (Zone, error) {
	return oneZone(ctx, db, zoneColumns+`WHERE id = @id`, zone)
}

func lockZone(ctx context.Context, tx pgx.Tx, zone id.ShipZone) (Zone, error) {
	return oneZone(ctx, tx, zoneColumns+`WHERE id = @id FOR UPDATE`, zone)
}

func oneZone(ctx context.Context, db postgres.DB, sql string, zone id.ShipZone) (Zone, error) {
	z, err := postgres.Get[Zone](ctx, db, sql, pgx.NamedArgs{"id": zone})
	if errors.Is(err, postgres.ErrNoRow) {
		return Zone{}, ErrZoneNotFound
	}
	if err != nil {
		return Zone{}, fmt.Errorf("read shipping zone %s: %w", zone, err)
	}
	return z, nil
}

func insertZone(ctx context.Context, tx pgx.Tx, z Zone) error {
	_, err := postgres.Exec(ctx, tx, `INSERT INTO shipping_zones (id, name, countries) VALUES (@id, @name, @countries)`,
		pgx.NamedArgs{"id": z.ID, "name": z.Name, "countries": z.Countries})
	if err != nil {
		return fmt.Errorf("make shipping zone %s: %w", z.Name, err)
	}
	return nil
}

func updateZone(ctx context.Context, tx pgx.Tx, z Zone) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE shipping_zones SET name = @name, countries = @countries, version = version + 1 WHERE id = @id`,
		pgx.NamedArgs{"id": z.ID, "name": z.Name, "countries": z.Countries})
	if err != nil {
		return fmt.Errorf("edit shipping zone %s: %w", z.ID, err)
	}
	return nil
}

// removeZone reports false when the zone has options.
func removeZone(ctx context.Context, tx pgx.Tx, zone id.ShipZone) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		DELETE FROM shipping_zones WHERE id = @id AND NOT EXISTS (SELECT FROM shipping_options WHERE zone_id = @id)`,
		pgx.NamedArgs{"id": zone})
	if err != nil {
		return false, fmt.Errorf("remove shipping zone %s: %w", zone, err)
	}
	return n == 1, nil
}
