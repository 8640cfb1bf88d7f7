package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

func insertSetupToken(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `INSERT INTO setup_tokens (hash, created_at, expires_at) VALUES (@hash, @now, @expires)`,
		pgx.NamedArgs{"hash": hash, "now": now, "expires": now.Add(setupLife)})
	return err
}

func isSetupToken(ctx context.Context, db postgres.DB, hash []byte, now time.Time) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM setup_tokens WHERE hash = @hash AND used_at IS NULL AND expires_at > @now)`,
		pgx.NamedArgs{"hash": hash, "now": now})
}

// useSetupToken locks the table first: of two people with two links, the second
// waits and then finds an administrator.
func useSetupToken(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) error {
	b := postgres.NewBatch()
	b.Queue(`LOCK TABLE setup_tokens IN SHARE ROW EXCLUSIVE MODE`, nil)
	b.QueueOne(`UPDATE setup_tokens SET used_at = @now WHERE hash = @hash AND used_at IS NULL AND expires_at > @now`,
		pgx.NamedArgs{"hash": hash, "now": now}, ErrSetupToken)
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("use set-up token: %w", err)
	}
	return nil
}

func isUsername(ctx context.Context, db postgres.DB, name string) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM users WHERE lower(username) = lower(@name))`,
		pgx.NamedArgs{"name": name})
}
