package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func insertAvatar(ctx context.Context, tx pgx.Tx, file string) error {
	if _, err := postgres.Exec(ctx, tx, `INSERT INTO avatars (file) VALUES (@file)`, pgx.NamedArgs{"file": file}); err != nil {
		return fmt.Errorf("announce avatar: %w", err)
	}
	return nil
}

func setAvatar(ctx context.Context, tx pgx.Tx, user id.User, file string, now time.Time) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE users SET avatar = @file, updated_at = @now, version = version + 1 WHERE id = @user AND erased_at IS NULL`,
		pgx.NamedArgs{"user": user, "file": file, "now": now})
	switch {
	case err != nil:
		return fmt.Errorf("set avatar of user %s: %w", user, err)
	case n == 0:
		return ErrNoUser
	}
	return nil
}

// strayAvatars leaves out those that may be on their way to a user.
func strayAvatars(ctx context.Context, db postgres.DB) ([]string, error) {
	files, err := postgres.Column[string](ctx, db, `
		SELECT a.file FROM avatars a
		WHERE a.created_at < now() - interval '1 hour'
		  AND NOT EXISTS (SELECT FROM users u WHERE u.avatar = a.file AND u.avatar <> '')
		LIMIT 100`, nil)
	if err != nil {
		return nil, fmt.Errorf("find stray avatars: %w", err)
	}
	return files, nil
}

func deleteAvatars(ctx context.Context, tx pgx.Tx, files []string) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM avatars WHERE file = ANY (@files)`, pgx.NamedArgs{"files": files}); err != nil {
		return fmt.Errorf("forget avatars: %w", err)
	}
	return nil
}
