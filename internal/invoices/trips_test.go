package invoices_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// counting is a transaction that counts its round trips, and those of savepoints
// within it.
type counting struct {
	pgx.Tx
	trips *int
}

func (c counting) Begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := c.Tx.Begin(ctx)
	return counting{tx, c.trips}, err
}

func (c counting) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	*c.trips++
	return c.Tx.SendBatch(ctx, b)
}

func (c counting) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	*c.trips++
	return c.Tx.Exec(ctx, sql, args...)
}

func (c counting) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	*c.trips++
	return c.Tx.Query(ctx, sql, args...)
}

// An order of many sellers is looked at after each of its many steps, and holds the
// numbers of all of them while it is billed: each costs one round trip, its number.
func TestABigOrderIsBilledInFewRoundTrips(t *testing.T) {
	tx := pgtest.Tx(t)
	shop := apptest.New(t, tx)
	trips := func(order id.Order) (n int) {
		shop.Invoices.DB = counting{tx, &n}
		if err := shop.Invoices.Follow(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		return n
	}
	bill := func(sellers int) (first, again int) {
		var sold []id.Variant
		for range sellers {
			sold = append(sold, shop.Variant(t, apptest.By(shop.Vendor(t, "potter"))))
		}
		p := shop.PlacedOrder(t, "", 1, sold...)
		for _, part := range p.Order.Parts {
			shop.Send(t, p.Order.ID, part, 0)
		}
		return trips(p.Order.ID), trips(p.Order.ID)
	}
	small, looked := bill(1)
	big, again := bill(6)
	shop.WantRows(t, "invoices", 7)
	if big-small != 5 || again != looked {
		t.Errorf("one seller is billed in %d round trips and looked at again in %d, six in %d and %d", small, looked, big, again)
	}
}
