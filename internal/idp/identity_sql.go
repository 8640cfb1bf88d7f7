package idp

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// useIdentity is whose an identity is, and notes that it was used.
func useIdentity(ctx context.Context, tx pgx.Tx, provider id.LoginProvider, subject string, now time.Time) (id.User, error) {
	return postgres.Scalar[id.User](ctx, tx, `
		UPDATE oidc_identities SET last_used_at = @now WHERE provider_id = @provider AND subject = @subject RETURNING user_id`,
		pgx.NamedArgs{"provider": provider, "subject": subject, "now": now})
}

// insertIdentity reports whether the provider is still the one that was asked.
func insertIdentity(ctx context.Context, tx pgx.Tx, provider Provider, who person, user id.User, now time.Time) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		INSERT INTO oidc_identities (id, provider_id, subject, user_id, email, created_at, last_used_at)
		SELECT @id, p.id, @subject, @user, @email, @now, @now FROM login_providers p
		WHERE p.id = @provider AND p.issuer = @issuer AND p.enabled FOR KEY SHARE`,
		pgx.NamedArgs{
			"id": id.New[id.Identity](), "provider": provider.ID, "issuer": provider.Issuer, "subject": who.Subject,
			"user": user, "email": who.Email, "now": now,
		})
	return n == 1, err
}

func selectIdentities(ctx context.Context, db postgres.DB, user id.User) ([]Identity, error) {
	return postgres.All[Identity](ctx, db, `
		SELECT i.id, p.slug AS provider, p.name AS provider_name, i.email, i.created_at, i.last_used_at
		FROM oidc_identities i JOIN login_providers p ON p.id = i.provider_id
		WHERE i.user_id = @user ORDER BY i.id LIMIT 100`, pgx.NamedArgs{"user": user})
}

// held is an identity while it is decided whether it may go.
type held struct {
	ID         id.Identity      `db:"id"`
	ProviderID id.LoginProvider `db:"provider_id"`
	Enabled    bool             `db:"enabled"`
}

// lockIdentities makes two removals of one user come one after the other.
func lockIdentities(ctx context.Context, tx pgx.Tx, user id.User) ([]held, error) {
	return postgres.All[held](ctx, tx, `
		SELECT i.id, i.provider_id, p.enabled FROM oidc_identities i JOIN login_providers p ON p.id = i.provider_id
		WHERE i.user_id = @user ORDER BY i.id FOR UPDATE OF i`, pgx.NamedArgs{"user": user})
}

func deleteIdentity(ctx context.Context, tx pgx.Tx, identity id.Identity) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM oidc_identities WHERE id = @id`, pgx.NamedArgs{"id": identity})
	return err
}

func deleteIdentities(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM oidc_identities WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	return err
}
