package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// selectKeys reads the current key and those retired after a moment.
func selectKeys(ctx context.Context, db postgres.DB, retiredAfter time.Time) ([]SigningKey, error) {
	return postgres.All[SigningKey](ctx, db, `
		SELECT kid, private_key, created_at, retired_at FROM signing_keys
		WHERE retired_at IS NULL OR retired_at > @after ORDER BY created_at`, pgx.NamedArgs{"after": retiredAfter})
}

// insertKeyUnlessThereIsOne leaves it to the unique index signing_keys_current
// which of two nodes is first.
func insertKeyUnlessThereIsOne(ctx context.Context, tx pgx.Tx, key SigningKey) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO signing_keys (kid, private_key, created_at) VALUES (@kid, @sealed, @now) ON CONFLICT DO NOTHING`,
		pgx.NamedArgs{"kid": key.ID, "sealed": key.Sealed, "now": key.CreatedAt})
	return err
}

// replaceKey retires the current key, which another rotation may wait for.
func replaceKey(ctx context.Context, tx pgx.Tx, key SigningKey) error {
	args := pgx.NamedArgs{"kid": key.ID, "sealed": key.Sealed, "now": key.CreatedAt}
	b := postgres.NewBatch()
	b.Queue(`UPDATE signing_keys SET retired_at = @now WHERE retired_at IS NULL`, args)
	b.Queue(`INSERT INTO signing_keys (kid, private_key, created_at) VALUES (@kid, @sealed, @now)`, args)
	return b.Send(ctx, tx)
}

func isKeyOlderThan(ctx context.Context, db postgres.DB, madeBefore time.Time) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM signing_keys WHERE retired_at IS NULL AND created_at < @before)`, pgx.NamedArgs{"before": madeBefore})
}

func deleteRetiredKeys(ctx context.Context, tx pgx.Tx, retiredBefore time.Time) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM signing_keys WHERE retired_at < @before`, pgx.NamedArgs{"before": retiredBefore})
	return err
}

func updateSealedKey(ctx context.Context, tx pgx.Tx, kid string, sealed []byte) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE signing_keys SET private_key = @sealed WHERE kid = @kid`, pgx.NamedArgs{"kid": kid, "sealed": sealed})
	return err
}
