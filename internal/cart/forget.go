package cart

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

const forgetBatch = 1000

// Forget removes the carts that nobody has touched for 30 days: those of
// guests, and those that have become orders; and those of erased users. It is a
// sweep, run every so often.
func (c *Carts) Forget(ctx context.Context) error {
	for _, batch := range []string{deleteIdle, deleteErased} {
		for {
			forgotten, err := c.forgetSome(ctx, batch)
			if err != nil {
				return err
			}
			if forgotten < forgetBatch {
				break
			}
		}
	}
	return nil
}

const (
	deleteIdle = `
		DELETE FROM carts WHERE id IN (
			SELECT id FROM carts
			WHERE created_at < now() - interval '30 days' AND updated_at < now() - interval '30 days'
			  AND (user_id IS NULL OR order_id IS NOT NULL)
			ORDER BY created_at LIMIT @limit FOR UPDATE SKIP LOCKED)`

	deleteErased = `
		DELETE FROM carts WHERE id IN (
			SELECT c.id FROM carts c JOIN users u ON u.id = c.user_id
			WHERE u.erased_at IS NOT NULL LIMIT @limit FOR UPDATE OF c SKIP LOCKED)`
)

func (c *Carts) forgetSome(ctx context.Context, batch string) (n int64, err error) {
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		n, err = postgres.Exec(ctx, tx, batch, pgx.NamedArgs{"limit": forgetBatch})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget idle carts: %w", err)
	}
	return n, nil
}
