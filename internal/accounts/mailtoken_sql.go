package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func insertMailToken(ctx context.Context, tx pgx.Tx, t mailToken, hash []byte, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO mail_tokens (id, user_id, purpose, email, previous_email, hash, created_at, expires_at)
		VALUES (@id, @user, @purpose, @email, @previous, @hash, @now, @expires)`,
		pgx.NamedArgs{
			"id": t.ID, "user": t.UserID, "purpose": t.Purpose, "email": t.Email, "previous": t.PreviousEmail,
			"hash": hash, "now": now, "expires": t.ExpiresAt,
		})
	return err
}

// liveMailToken reads a token that can still be used. Ids are made in order, so
// the newest one is the one with the largest.
func liveMailToken(ctx context.Context, db postgres.DB, token id.MailToken, now time.Time) (mailToken, error) {
	return postgres.Get[mailToken](ctx, db, `
		SELECT t.id, t.user_id, t.purpose, t.email, t.previous_email, t.expires_at FROM mail_tokens t
		WHERE t.id = @id AND t.used_at IS NULL AND t.expires_at > @now
		AND NOT EXISTS (SELECT FROM mail_tokens n WHERE n.user_id = t.user_id AND n.purpose = t.purpose AND n.id > t.id)`,
		pgx.NamedArgs{"id": token, "now": now})
}

// spendMailToken is one statement, so that of two calls with one token one
// finds no row.
func spendMailToken(ctx context.Context, tx pgx.Tx, purpose Purpose, hash []byte, now time.Time) (mailToken, error) {
	return postgres.Get[mailToken](ctx, tx, `
		UPDATE mail_tokens t SET used_at = @now
		FROM users u
		WHERE t.hash = @hash AND t.purpose = @purpose AND t.used_at IS NULL AND t.expires_at > @now
		AND u.id = t.user_id AND u.disabled_at IS NULL AND u.erased_at IS NULL
		AND NOT EXISTS (SELECT FROM mail_tokens n WHERE n.user_id = t.user_id AND n.purpose = t.purpose AND n.id > t.id)
		RETURNING t.id, t.user_id, t.purpose, t.email, t.previous_email, t.expires_at`,
		pgx.NamedArgs{"purpose": purpose, "hash": hash, "now": now})
}
