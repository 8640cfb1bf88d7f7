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
// finds no row. A token that was mailed to an address which is not the user's
// any more is good for nothing.
func spendMailToken(ctx context.Context, tx pgx.Tx, purpose Purpose, hash []byte, now time.Time) (mailToken, error) {
	return postgres.Get[mailToken](ctx, tx, `
		UPDATE mail_tokens t SET used_at = @now
		FROM users u
		WHERE t.hash = @hash AND t.purpose = @purpose AND t.used_at IS NULL AND t.expires_at > @now
		AND u.id = t.user_id AND u.disabled_at IS NULL AND u.erased_at IS NULL
		AND (t.purpose = 'change_email' OR lower(t.email) = lower(u.email))
		AND NOT EXISTS (SELECT FROM mail_tokens n WHERE n.user_id = t.user_id AND n.purpose = t.purpose AND n.id > t.id)
		RETURNING t.id, t.user_id, t.purpose, t.email, t.previous_email, t.expires_at`,
		pgx.NamedArgs{"purpose": purpose, "hash": hash, "now": now})
}

// liveToken reads what a token would be spent for.
func liveToken(ctx context.Context, db postgres.DB, purpose Purpose, hash []byte, now time.Time) (mailToken, error) {
	return postgres.Get[mailToken](ctx, db, `
		SELECT t.id, t.user_id, t.purpose, t.email, t.previous_email, t.expires_at
		FROM mail_tokens t JOIN users u ON u.id = t.user_id
		WHERE t.hash = @hash AND t.purpose = @purpose AND t.used_at IS NULL AND t.expires_at > @now
		AND u.disabled_at IS NULL AND u.erased_at IS NULL AND (t.purpose = 'change_email' OR lower(t.email) = lower(u.email))
		AND NOT EXISTS (SELECT FROM mail_tokens n WHERE n.user_id = t.user_id AND n.purpose = t.purpose AND n.id > t.id)`,
		pgx.NamedArgs{"purpose": purpose, "hash": hash, "now": now})
}

// mailRequest is somebody's wish for a mail.
type mailRequest struct {
	Purpose Purpose `db:"purpose"`
	Name    string  `db:"name"`
}

func insertMailRequest(ctx context.Context, tx pgx.Tx, request id.MailToken, purpose Purpose, name string, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO mail_requests (id, purpose, name, created_at) VALUES (@id, @purpose, @name, @now)`,
		pgx.NamedArgs{"id": request, "purpose": purpose, "name": name, "now": now})
	return err
}

func takeMailRequest(ctx context.Context, tx pgx.Tx, request id.MailToken) (mailRequest, error) {
	return postgres.Get[mailRequest](ctx, tx, `DELETE FROM mail_requests WHERE id = @id RETURNING purpose, name`, pgx.NamedArgs{"id": request})
}

func deleteOldMail(ctx context.Context, tx pgx.Tx, before time.Time) error {
	args := pgx.NamedArgs{"before": before}
	b := postgres.NewBatch()
	b.Queue(`DELETE FROM mail_tokens WHERE expires_at < @before`, args)
	b.Queue(`DELETE FROM mail_requests WHERE created_at < @before`, args)
	return b.Send(ctx, tx)
}

// deleteOpenTokens takes back what would let somebody in; a proof of the mailbox
// lets nobody in.
func deleteOpenTokens(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `
		DELETE FROM mail_tokens WHERE user_id = @user AND used_at IS NULL AND purpose <> 'verify_email'`, pgx.NamedArgs{"user": user})
	return err
}
