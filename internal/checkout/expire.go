package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
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
	if auth.From(ctx).Anonymous() {
		ctx = auth.With(ctx, auth.Actor{System: "expire"})
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
