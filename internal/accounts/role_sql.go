package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func insertRoles(ctx context.Context, tx pgx.Tx, user id.User, roles []string) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO user_roles (user_id, role) SELECT @user, role FROM unnest(@roles::text[]) AS role ON CONFLICT DO NOTHING`,
		pgx.NamedArgs{"user": user, "roles": roles})
	return err
}

// lockVersion refuses when the user has been changed since that version.
func lockVersion(ctx context.Context, tx pgx.Tx, user id.User, version int64) error {
	now, err := postgres.Scalar[int64](ctx, tx, `SELECT version FROM users WHERE id = @user AND erased_at IS NULL FOR UPDATE`,
		pgx.NamedArgs{"user": user})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return ErrNoUser
	case err == nil && now != version:
		return httpapi.ErrPreconditionFailed
	}
	return err
}

func deleteOtherRoles(ctx context.Context, tx pgx.Tx, user id.User, keep []string) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM user_roles WHERE user_id = @user AND role <> ALL (@keep::text[])`,
		pgx.NamedArgs{"user": user, "keep": keep})
	return err
}

func deleteRole(ctx context.Context, tx pgx.Tx, user id.User, role string) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM user_roles WHERE user_id = @user AND role = @role`, pgx.NamedArgs{"user": user, "role": role})
	return err
}

// holdRoles says which of the named roles there are. Until tx ends nobody
// removes them.
func holdRoles(ctx context.Context, tx pgx.Tx, names []string) ([]string, error) {
	return postgres.Column[string](ctx, tx, `SELECT name FROM roles WHERE name = ANY (@names::text[]) ORDER BY name FOR KEY SHARE`,
		pgx.NamedArgs{"names": names})
}

func rolesOf(ctx context.Context, tx pgx.Tx, user id.User) ([]Role, error) {
	return postgres.All[Role](ctx, tx, selectRole+`WHERE name IN (SELECT role FROM user_roles WHERE user_id = @user)`, pgx.NamedArgs{"user": user})
}

// rolesThatDiffer are those that a user has and is not to have, and the other
// way round.
func rolesThatDiffer(ctx context.Context, tx pgx.Tx, user id.User, wanted []string) ([]Role, error) {
	return postgres.All[Role](ctx, tx, selectRole+`
		WHERE (name = ANY (@wanted::text[])) <> EXISTS (SELECT FROM user_roles u WHERE u.user_id = @user AND u.role = name)`,
		pgx.NamedArgs{"user": user, "wanted": wanted})
}

// bumpRoles makes a new version of a user whose roles have changed and says
// which they are now.
func bumpRoles(ctx context.Context, tx pgx.Tx, user id.User) ([]string, error) {
	now, err := postgres.Scalar[[]string](ctx, tx, `
		UPDATE users SET version = version + 1, updated_at = now() WHERE id = @user AND erased_at IS NULL
		RETURNING ARRAY(SELECT role FROM user_roles WHERE user_id = @user ORDER BY role)`, pgx.NamedArgs{"user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		return nil, ErrNoUser
	}
	return now, err
}

func hasAdmin(ctx context.Context, db postgres.DB) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = 'admin' AND u.disabled_at IS NULL)`, nil)
}

func lockAdmins(ctx context.Context, tx pgx.Tx) error {
	_, err := postgres.Exec(ctx, tx, `SELECT user_id FROM user_roles WHERE role = 'admin' ORDER BY user_id FOR UPDATE`, nil)
	return err
}

func isLastAdmin(ctx context.Context, tx pgx.Tx, user id.User) (bool, error) {
	return postgres.Scalar[bool](ctx, tx, `
		SELECT coalesce(bool_or(r.user_id = @user) AND count(*) = 1, false)
		FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = 'admin' AND u.disabled_at IS NULL`,
		pgx.NamedArgs{"user": user})
}
