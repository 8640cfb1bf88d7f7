package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

const accountColumns = `
	SELECT provider, enabled, live, base_url, capture, fields, secrets_sealed, rotated_at, updated_at, version
	FROM payment_accounts `

// selectAccount is the account with a provider; the zero Account when there is
// none.
func selectAccount(ctx context.Context, db postgres.DB, provider string) (Account, error) {
	return account(ctx, db, accountColumns+`WHERE provider = @provider`, provider)
}

func lockAccount(ctx context.Context, tx pgx.Tx, provider string) (Account, error) {
	return account(ctx, tx, accountColumns+`WHERE provider = @provider FOR UPDATE`, provider)
}

func account(ctx context.Context, db postgres.DB, sql, provider string) (Account, error) {
	a, err := postgres.Get[Account](ctx, db, sql, pgx.NamedArgs{"provider": provider})
	if errors.Is(err, postgres.ErrNoRow) {
		return Account{}, nil
	}
	if err != nil {
		return Account{}, fmt.Errorf("read account with %s: %w", provider, err)
	}
	return a, nil
}

func lockAccounts(ctx context.Context, tx pgx.Tx) ([]Account, error) {
	return postgres.All[Account](ctx, tx, accountColumns+`WHERE secrets_sealed IS NOT NULL ORDER BY provider FOR UPDATE`, nil)
}

func writeAccount(ctx context.Context, tx pgx.Tx, a Account, sealed []byte) error {
	fields, err := json.Marshal(a.Fields)
	if err != nil {
		return fmt.Errorf("write fields of %s: %w", a.Provider, err)
	}
	if a.Fields == nil {
		fields = []byte("{}")
	}
	_, err = postgres.Exec(ctx, tx, `
		INSERT INTO payment_accounts AS a (provider, enabled, live, base_url, capture, fields, secrets_sealed, rotated_at)
		VALUES (@provider, @enabled, @live, @base_url, @capture, @fields, @sealed, @rotated)
		ON CONFLICT (provider) DO UPDATE
		SET enabled = excluded.enabled, live = excluded.live, base_url = excluded.base_url, capture = excluded.capture, fields = excluded.fields,
		    secrets_sealed = excluded.secrets_sealed, rotated_at = excluded.rotated_at, updated_at = now(), version = a.version + 1`,
		pgx.NamedArgs{
			"provider": a.Provider, "enabled": a.Enabled, "live": a.Live, "base_url": a.BaseURL, "capture": string(a.Capture), "fields": fields,
			"sealed": sealed, "rotated": a.RotatedAt,
		})
	if err != nil {
		return fmt.Errorf("set up account with %s: %w", a.Provider, err)
	}
	return nil
}

func resealAccount(ctx context.Context, tx pgx.Tx, provider string, sealed []byte) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE payment_accounts SET secrets_sealed = @sealed WHERE provider = @provider`,
		pgx.NamedArgs{"provider": provider, "sealed": sealed})
	return err
}
