package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// HasPassword reports whether a user can sign in with a password.
func (u *Users) HasPassword(ctx context.Context, db postgres.DB, user id.User) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM credentials WHERE user_id = @user)`, pgx.NamedArgs{"user": user})
}

func insertExternal(ctx context.Context, tx pgx.Tx, user id.User, username string, in External, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO users (id, username, email, email_verified_at, name, created_at, updated_at)
		VALUES (@id, @username, @email, CASE WHEN @verified THEN @now::timestamptz END, @name, @now, @now)`,
		pgx.NamedArgs{"id": user, "username": username, "email": in.Email, "verified": in.EmailVerified, "name": in.Name, "now": now})
	return err
}
