package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

type credential struct {
	UserID id.User `db:"user_id"`
	Hash   string  `db:"password_hash"`
}

// credentialOf reads the password hash of an e-mail or a user name, of one who
// may come in. A user name has no @, so one name is never two people.
func credentialOf(ctx context.Context, db postgres.DB, name string) (credential, error) {
	return postgres.Get[credential](ctx, db, `
		SELECT c.user_id, c.password_hash FROM users u JOIN credentials c ON c.user_id = u.id
		WHERE (lower(u.email) = lower(@name) OR lower(u.username) = lower(@name)) AND u.disabled_at IS NULL AND u.erased_at IS NULL`,
		pgx.NamedArgs{"name": name})
}

// holdCredential keeps the password and the user as they are until tx ends, or
// says that they are not so any more.
func holdCredential(ctx context.Context, tx pgx.Tx, c credential) error {
	_, err := postgres.Scalar[int](ctx, tx, `
		SELECT 1 FROM users u JOIN credentials c ON c.user_id = u.id
		WHERE u.id = @user AND c.password_hash = @hash AND u.disabled_at IS NULL AND u.erased_at IS NULL
		FOR SHARE`, pgx.NamedArgs{"user": c.UserID, "hash": c.Hash})
	if errors.Is(err, postgres.ErrNoRow) {
		return ErrWrongPassword
	}
	if err != nil {
		return fmt.Errorf("hold credential of user %s: %w", c.UserID, err)
	}
	return nil
}

func deleteCredential(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM credentials WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	return err
}

func putCredential(ctx context.Context, tx pgx.Tx, user id.User, hash string, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO credentials (user_id, password_hash, changed_at) VALUES (@user, @hash, @now)
		ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at`,
		pgx.NamedArgs{"user": user, "hash": hash, "now": now})
	return err
}
