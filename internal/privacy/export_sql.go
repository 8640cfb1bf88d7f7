package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const exportColumnsFragment = `id, user_id, file, asked_at, ready_at, size, expires_at`

func insertExport(ctx context.Context, tx pgx.Tx, e Export, actor string) (Export, error) {
	made, err := postgres.Get[Export](ctx, tx, `
		INSERT INTO data_exports (id, user_id, file, actor, expires_at)
		SELECT @id, u.id, @file, @actor, now() + @life::interval FROM users u WHERE u.id = @user AND u.erased_at IS NULL
		ON CONFLICT (user_id) DO NOTHING
		RETURNING `+exportColumnsFragment,
		pgx.NamedArgs{"id": e.ID, "user": e.UserID, "file": e.File, "actor": actor, "life": makingLife})
	if errors.Is(err, postgres.ErrNoRow) {
		return Export{}, refusal(ctx, tx, e.UserID)
	}
	if err != nil {
		return Export{}, fmt.Errorf("ask for export of user %s: %w", e.UserID, err)
	}
	return made, nil
}

// refusal says why no export was begun.
func refusal(ctx context.Context, tx pgx.Tx, user id.User) error {
	switch _, err := exportOf(ctx, tx, user); {
	case errors.Is(err, ErrNoExport):
		return accounts.ErrNoUser
	case err != nil:
		return err
	}
	return ErrExportThere
}

func exportOf(ctx context.Context, db postgres.DB, user id.User) (Export, error) {
	e, err := postgres.Get[Export](ctx, db, `SELECT `+exportColumnsFragment+` FROM data_exports WHERE user_id = @user`,
		pgx.NamedArgs{"user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		return Export{}, ErrNoExport
	}
	if err != nil {
		return Export{}, fmt.Errorf("read export of user %s: %w", user, err)
	}
	return e, nil
}

func completeExport(ctx context.Context, tx pgx.Tx, export id.Export, size int64) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE data_exports SET ready_at = now(), size = @size, expires_at = now() + @life::interval
		WHERE id = @id AND ready_at IS NULL`,
		pgx.NamedArgs{"id": export, "size": size, "life": exportLife})
	switch {
	case err != nil:
		return fmt.Errorf("complete export %s: %w", export, err)
	case n == 0:
		return ErrNoExport
	}
	return nil
}

func expiredExports(ctx context.Context, db postgres.DB) ([]Export, error) {
	due, err := postgres.All[Export](ctx, db, `
		SELECT `+exportColumnsFragment+` FROM data_exports WHERE expires_at <= now() ORDER BY expires_at LIMIT 100`, nil)
	if err != nil {
		return nil, fmt.Errorf("find expired exports: %w", err)
	}
	return due, nil
}

func deleteExport(ctx context.Context, tx pgx.Tx, export id.Export) error {
	if _, err := postgres.Exec(ctx, tx, `DELETE FROM data_exports WHERE id = @id`, pgx.NamedArgs{"id": export}); err != nil {
		return fmt.Errorf("forget export %s: %w", export, err)
	}
	return nil
}

func avatarOf(ctx context.Context, db postgres.DB, user id.User) (string, error) {
	file, err := postgres.Scalar[string](ctx, db, `SELECT avatar FROM users WHERE id = @user`, pgx.NamedArgs{"user": user})
	if err != nil {
		return "", fmt.Errorf("read avatar of user %s: %w", user, err)
	}
	return file, nil
}
