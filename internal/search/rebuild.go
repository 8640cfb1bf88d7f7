package search

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// rebuilders is how many transactions rebuild at once: one describes products
// while PostgreSQL writes those of another.
const rebuilders = 3

// Rebuild makes every row anew, in transactions of a few hundred products, so
// that the shop stays open, and tells, unless that is nil, how many products are
// behind it. It says how many it wrote or deleted.
//
// Two rebuilds at once may write the same product, the slower one what it read
// earlier. What has changed in between is told by an event, and whoever follows
// that waits for both.
func (s *Search) Rebuild(ctx context.Context, tell func(done int64)) (written int, err error) {
	var (
		mu   sync.Mutex
		done int64
	)
	hands, ctx := errgroup.WithContext(ctx)
	hands.SetLimit(rebuilders)
	rebuild := func(some []id.Product) error {
		n, err := s.rebuild(ctx, some)
		if listedTwice(err) {
			n, err = s.rebuild(ctx, some)
		}
		if err != nil {
			return fmt.Errorf("rebuild from %s on: %w", some[0], err)
		}
		mu.Lock()
		defer mu.Unlock()
		written, done = written+n, done+int64(len(some))
		if tell != nil {
			tell(done)
		}
		return nil
	}
	_, single := s.DB.(pgx.Tx) // whose statements take turns
	var some []id.Product
	for after := (id.Product{}); err == nil; after = some[len(some)-1] {
		some, err = postgres.Column[id.Product](ctx, s.DB, selectProductsAfter, pgx.NamedArgs{"after": after, "some": atOnce})
		if err != nil {
			err = fmt.Errorf("list products: %w", err)
		}
		if len(some) == 0 {
			break
		}
		if products := some; single {
			err = rebuild(products)
		} else {
			hands.Go(func() error { return rebuild(products) })
		}
	}
	err = errors.Join(hands.Wait(), err)
	return written, err
}

func (s *Search) rebuild(ctx context.Context, some []id.Product) (written int, err error) {
	err = postgres.InTx(ctx, s.DB, func(tx pgx.Tx) (err error) {
		written, err = s.refresh(ctx, tx, some, lockRebuild, true)
		return err
	})
	return written, err
}

// listedTwice reports whether another rebuild has listed a product first: the
// next look finds it there.
func listedTwice(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == "listed_products_pkey"
}
