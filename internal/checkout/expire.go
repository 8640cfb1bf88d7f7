package checkout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

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

// asking is how long providers are asked about what is overdue, all of them together:
// a round of the sweep has a minute, and nobody's stock is to wait for one that hangs.
const asking = 30 * time.Second

// overdue is a payment whose order's time is over.
type overdue struct {
	ID       id.Payment `db:"id"`
	Provider string     `db:"provider"`
}

// askOverdue asks providers about orders whose time is over: some were paid a
// moment ago. Whose provider does not answer is let go all the same: what was
// paid for it goes back. One that hangs is not asked about the others.
func (c *Checkout) askOverdue(ctx context.Context) error {
	due, err := postgres.All[overdue](ctx, c.DB, `
		SELECT p.id, p.provider FROM orders o JOIN payments p ON p.order_id = o.id
		WHERE o.status = 'pending' AND o.expires_at <= now() AND p.status = 'processing' AND p.look_at IS NOT NULL
		ORDER BY o.expires_at LIMIT @limit`, pgx.NamedArgs{"limit": expiryBatch})
	if err != nil {
		return fmt.Errorf("list overdue payments: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	hangs := map[string]bool{}
	for _, p := range due {
		if hangs[p.Provider] || ctx.Err() != nil {
			continue
		}
		err := c.Sync(ctx, p.ID)
		if err == nil {
			err = c.takeNow(ctx, p.ID)
		}
		if err != nil {
			hangs[p.Provider] = errors.Is(err, context.DeadlineExceeded)
			slog.WarnContext(ctx, "the provider of an overdue payment does not answer", "payment", p.ID, "error", err)
		}
	}
	return nil
}

func (c *Checkout) expireBatch(ctx context.Context) (n int, err error) {
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		late, err := orders.Overdue(ctx, tx, expiryBatch)
		if err != nil {
			return err
		}
		var back []returned
		for _, order := range late {
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
		if n = len(late); n == 0 {
			return nil
		}
		if err := promotions.Release(ctx, tx, late); err != nil {
			return err
		}
		if err := giveBack(ctx, tx, back); err != nil {
			return err
		}
		if err := c.Stock.ReleaseAll(ctx, tx, late); err != nil {
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
