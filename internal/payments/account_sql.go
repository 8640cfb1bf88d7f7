package payments

import (
	"context"
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
