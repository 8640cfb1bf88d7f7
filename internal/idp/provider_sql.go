package idp

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const providerColumns = `
	SELECT id, slug, preset, name, issuer, client_id, secret_sealed IS NOT NULL OR extra_sealed IS NOT NULL AS has_secret,
	       scopes, enabled, position, created_at, updated_at, version, secret_sealed, extra_sealed
	FROM login_providers `

func selectProvider(ctx context.Context, db postgres.DB, provider id.LoginProvider) (Provider, error) {
	return postgres.Get[Provider](ctx, db, providerColumns+`WHERE id = @id`, pgx.NamedArgs{"id": provider})
}

func selectEnabled(ctx context.Context, db postgres.DB, slug string) (Provider, error) {
	return postgres.Get[Provider](ctx, db, providerColumns+`WHERE slug = @slug AND enabled`, pgx.NamedArgs{"slug": slug})
}

func lockProvider(ctx context.Context, tx pgx.Tx, provider id.LoginProvider) (Provider, error) {
	return postgres.Get[Provider](ctx, tx, providerColumns+`WHERE id = @id FOR UPDATE`, pgx.NamedArgs{"id": provider})
}

// place is where a provider stands in the list.
type place struct {
	Position int
	ID       id.LoginProvider
}

func selectProviders(ctx context.Context, db postgres.DB, after place, limit int) ([]Provider, error) {
	return postgres.All[Provider](ctx, db, providerColumns+`
		WHERE @id::uuid IS NULL OR (position, id) > (@position, @id) ORDER BY position, id LIMIT @limit`,
		pgx.NamedArgs{"position": after.Position, "id": after.ID, "limit": limit})
}

func countProviders(ctx context.Context, db postgres.DB) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM login_providers`, nil)
}

func selectButtons(ctx context.Context, db postgres.DB) ([]Button, error) {
	return postgres.All[Button](ctx, db, `SELECT slug, name, preset FROM login_providers WHERE enabled ORDER BY position, id LIMIT 100`, nil)
}

func insertProvider(ctx context.Context, tx pgx.Tx, p Provider, now time.Time) error {
	args := p.args(now)
	args["slug"], args["preset"] = p.Slug, p.Preset
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO login_providers (id, slug, preset, name, issuer, client_id, secret_sealed, extra_sealed, scopes, enabled, position, created_at, updated_at)
		VALUES (@id, @slug, @preset, @name, @issuer, @client, @secret, @extra, @scopes, @enabled, @position, @now, @now)`, args)
	return err
}

func updateProvider(ctx context.Context, tx pgx.Tx, p Provider, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE login_providers SET name = @name, issuer = @issuer, client_id = @client, secret_sealed = @secret, extra_sealed = @extra,
		       scopes = @scopes, enabled = @enabled, position = @position, updated_at = @now, version = version + 1
		WHERE id = @id`, p.args(now))
	return err
}

func (p Provider) args(now time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": p.ID, "name": p.Name, "issuer": p.Issuer, "client": p.ClientID, "secret": p.Secret, "extra": p.Extra,
		"scopes": p.Scopes, "enabled": p.Enabled, "position": p.Position, "now": now,
	}
}

// deleteProvider breaks the foreign key of identities where there are some.
func deleteProvider(ctx context.Context, tx pgx.Tx, provider id.LoginProvider) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM login_providers WHERE id = @id`, pgx.NamedArgs{"id": provider})
	return err
}

func isUsed(ctx context.Context, db postgres.DB, provider id.LoginProvider) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM oidc_identities WHERE provider_id = @id)`, pgx.NamedArgs{"id": provider})
}

// Reseal seals the secrets of providers with the newest master key, and says how
// many there were.
func (p *Providers) Reseal(ctx context.Context, tx pgx.Tx) (int, error) {
	all, err := postgres.All[Provider](ctx, tx, providerColumns+`ORDER BY id FOR UPDATE`, nil)
	if err != nil {
		return 0, err
	}
	b, renewed := postgres.NewBatch(), 0
	renew := func(context string, sealed []byte) ([]byte, error) {
		if len(sealed) == 0 {
			return nil, nil
		}
		fresh, old, err := p.Vault.Renew(context, sealed)
		if old && err == nil {
			renewed++
		}
		return fresh, err
	}
	for _, of := range all {
		secret, err := renew(secretContext(of.ID), of.Secret)
		if err != nil {
			return 0, fmt.Errorf("secret of login provider %s: %w", of.Slug, err)
		}
		extra, err := renew(extraContext(of.ID), of.Extra)
		if err != nil {
			return 0, fmt.Errorf("key of login provider %s: %w", of.Slug, err)
		}
		b.Queue(`UPDATE login_providers SET secret_sealed = @secret, extra_sealed = @extra WHERE id = @id`,
			pgx.NamedArgs{"id": of.ID, "secret": secret, "extra": extra})
	}
	return renewed, b.Send(ctx, tx)
}
