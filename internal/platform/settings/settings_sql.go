package settings

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// row is a row of settings. What other programs keep in the table (the demo
// says there that it was filled) is declared nowhere and so shown nowhere.
type row struct {
	Key   string          `db:"key"`
	Value json.RawMessage `db:"value"`
}

func selectSettings(ctx context.Context, db postgres.DB) (map[string]json.RawMessage, error) {
	rows, err := postgres.All[row](ctx, db, `SELECT key, value FROM settings`, nil)
	set := make(map[string]json.RawMessage, len(rows))
	for _, r := range rows {
		set[r.Key] = r.Value
	}
	return set, err
}

func lockSettings(ctx context.Context, tx pgx.Tx) error {
	_, err := postgres.Exec(ctx, tx, `SELECT pg_advisory_xact_lock(hashtext('souk settings'))`, nil)
	return err
}

func writeSettings(ctx context.Context, tx pgx.Tx, changes map[string]json.RawMessage) error {
	var keys, values, back []string
	for key, text := range changes {
		if string(text) == "null" {
			back = append(back, key)
			continue
		}
		keys, values = append(keys, key), append(values, string(text))
	}
	b := postgres.NewBatch()
	b.Queue(`DELETE FROM settings WHERE key = ANY (@back)`, pgx.NamedArgs{"back": back})
	b.Queue(`
		INSERT INTO settings (key, value)
		SELECT key, value::jsonb FROM unnest(@keys::text[], @values::text[]) AS changed (key, value) ORDER BY key
		ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = now()`,
		pgx.NamedArgs{"keys": keys, "values": values})
	return b.Send(ctx, tx)
}
