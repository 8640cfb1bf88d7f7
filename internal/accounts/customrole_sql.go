package accounts

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

const selectRole = `SELECT name, label, description, permissions, built_in, created_at, updated_at, version FROM roles `

func insertRole(ctx context.Context, tx pgx.Tx, r Role) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO roles (name, label, description, permissions, created_at, updated_at)
		VALUES (@name, @label, @description, @permissions, @now, @now)`, r.args())
	return err
}

// updateRole makes the next version of a role that the caller has locked.
func updateRole(ctx context.Context, tx pgx.Tx, r *Role) error {
	r.Version++
	_, err := postgres.Exec(ctx, tx, `
		UPDATE roles SET label = @label, description = @description, permissions = @permissions, updated_at = @now, version = @version
		WHERE name = @name`, r.args())
	return err
}

func removeRole(ctx context.Context, tx pgx.Tx, name string) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM roles WHERE name = @name`, pgx.NamedArgs{"name": name})
	return err
}

func (r Role) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"name": r.Name, "label": r.Label, "description": r.Description, "permissions": r.Permissions, "now": r.UpdatedAt, "version": r.Version,
	}
}
