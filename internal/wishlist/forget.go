package wishlist

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Forget drops the lists and alerts of somebody who is erased.
func (w *Wishlists) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	b := postgres.NewBatch()
	b.Queue(`DELETE FROM wishlists WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	b.Queue(`DELETE FROM product_alerts WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("forget wishlists of user %s: %w", user, err)
	}
	return nil
}

const sweepBatch = 1000

const (
	deleteIdle = `
		DELETE FROM wishlists WHERE id IN (
			SELECT id FROM wishlists WHERE user_id IS NULL AND updated_at < @before ORDER BY updated_at LIMIT @limit FOR UPDATE SKIP LOCKED)`

	deleteExpired = `
		DELETE FROM product_alerts WHERE id IN (
			SELECT id FROM product_alerts WHERE expires_at <= @now ORDER BY expires_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
)

// Sweep removes guests' lists that nobody has touched for 90 days, and alerts
// that have run out.
func (w *Wishlists) Sweep(ctx context.Context) error {
	now := w.Clock.Now()
	for _, batch := range []string{deleteIdle, deleteExpired} {
		for {
			var n int64
			err := postgres.InTx(ctx, w.DB, func(tx pgx.Tx) (err error) {
				n, err = postgres.Exec(ctx, tx, batch, pgx.NamedArgs{"now": now, "before": now.Add(-guestLife), "limit": sweepBatch})
				return err
			})
			if err != nil {
				return fmt.Errorf("forget idle wishlists and alerts: %w", err)
			}
			if n < sweepBatch {
				break
			}
		}
	}
	return nil
}
