package checkout

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
)

// expiryBatch is how many orders one transaction lets go: few enough that the
// stock it locks is free again soon.
const expiryBatch = 50

// Expire cancels the orders that nobody has paid for in time and gives their
// stock back. It works in batches until none is left; several nodes may do it
// at once, since each skips what another has in hand. It says how many.
func (c *Checkout) Expire(ctx context.Context) (int, error) {
	ctx = asSystem(ctx, "expire")
	if err := c.askOverdue(ctx); err != nil {
		return 0, err
	}
	total := 0
	for {
		n, err := c.expireBatch(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// askOverdue asks providers about orders whose time is over: some were paid a
// moment ago. Whose provider does not answer is let go all the same: what was
// paid for it goes back.
func (c *Checkout) askOverdue(ctx context.Context) error {
	due, err := postgres.Column[id.Payment](ctx, c.DB, `
		SELECT p.id FROM orders o JOIN payments p ON p.order_id = o.id
		WHERE o.status = 'pending' AND o.expires_at <= now() AND p.status = 'processing' AND p.look_at IS NOT NULL
		ORDER BY o.expires_at LIMIT @limit`, pgx.NamedArgs{"limit": expiryBatch})
	if err != nil {
		return fmt.Errorf("list overdue payments: %w", err)
	}
	for _, which := range due {
		err := c.Sync(ctx, which)
		if err == nil {
			err = c.takeNow(ctx, which)
		}
		if err != nil {
			slog.WarnContext(ctx, "the provider of an overdue payment does not answer", "payment", which, "error", err)
		}
	}
	return nil
}

func (c *Checkout) expireBatch(ctx context.Context) (n int, err error) {
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		overdue, err := orders.Overdue(ctx, tx, expiryBatch)
		if err != nil {
			return err
		}
		var back []returned
		for _, order := range overdue {
			was, err := orders.Lock(ctx, tx, order)
			if err != nil {
				return err
			}
			out, err := c.withdraw(ctx, tx, was, "not paid in time")
			if err != nil {
				return fmt.Errorf("expire order %s: %w", order, err)
			}
			back = append(back, out.back...)
		}
		if n = len(overdue); n == 0 {
			return nil
		}
		if err := promotions.Release(ctx, tx, overdue); err != nil {
			return err
		}
		if err := giveBack(ctx, tx, back); err != nil {
			return err
		}
		if err := c.Stock.ReleaseAll(ctx, tx, overdue); err != nil {
			return err
		}
		beforeExpire.Here()
		return nil
	})
	if err == nil && n > 0 {
		afterExpire.Here()
	}
	return n, err
}
