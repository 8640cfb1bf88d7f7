package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// selectKeys reads the current key and those retired after a moment.
func selectKeys(ctx context.Context, db postgres.DB, retiredAfter time.Time) ([]signingKey, error) {
	return postgres.All[signingKey](ctx, db, `
		SELECT kid, private_key, retired_at FROM signing_keys
		WHERE retired_at IS NULL OR retired_at > @after ORDER BY created_at`, pgx.NamedArgs{"after": retiredAfter})
}

// insertKeyUnlessThereIsOne leaves it to the unique index signing_keys_current
// which of two nodes is first.
func insertKeyUnlessThereIsOne(ctx context.Context, tx pgx.Tx, key signingKey, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO signing_keys (kid, private_key, created_at) VALUES (@kid, @seed, @now) ON CONFLICT DO NOTHING`,
		pgx.NamedArgs{"kid": key.ID, "seed": key.Seed, "now": now})
	return err
}
