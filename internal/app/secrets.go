package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// sealed is whoever keeps secrets that the vault has sealed, and how they are
// sealed anew. A module with such a column adds a line here.
func (a *App) sealed() []sealedColumn {
	return []sealedColumn{
		{"keys that sign access tokens", a.Accounts.ResealKeys},
		{"authenticator apps", a.MFA.Reseal},
		{"secrets of login providers", a.Logins.Reseal},
		{"licence keys", a.Digital.Reseal},
		{"the key of the tax engine", a.Tax.Reseal},
		{"keys of payment providers", a.Payments.Accounts.Reseal},
	}
}

type sealedColumn struct {
	what   string
	reseal func(ctx context.Context, tx pgx.Tx) (int, error)
}

// Reseal seals with the newest master key every secret that an older one
// sealed, all or none, and says how many there were.
func (a *App) Reseal(ctx context.Context) (int, error) {
	var total int
	err := postgres.InTx(ctx, a.DB, func(tx pgx.Tx) error {
		total = 0
		for _, column := range a.sealed() {
			n, err := column.reseal(ctx, tx)
			if err != nil {
				return fmt.Errorf("seal %s anew: %w", column.what, err)
			}
			total += n
		}
		return nil
	})
	return total, err
}
