package search

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// atOnce is how many products one transaction refreshes at most, so that a
// change of very many does not hold the log back.
const atOnce = 500

// Refresh brings what is shown of products up to date with the shop's tables:
// rows that differ are written, those of products that are not on sale are
// deleted, and Refreshed is raised if there was any. It costs six round trips
// for any number of products, and a few more when some were not listed before.
//
// A product that the database refuses stays as it was, and Status tells of it:
// it must not keep the others from being shown.
func (s *Search) Refresh(ctx context.Context, tx pgx.Tx, products []id.Product) error {
	_, err := s.refresh(ctx, tx, products, lockRefresh, false)
	return err
}

// refresh is Refresh under a lock, or writes every row anew, and says how many
// it wrote or deleted. It looks for the product that is refused by halves.
func (s *Search) refresh(ctx context.Context, tx pgx.Tx, products []id.Product, lock string, anew bool) (n int, err error) {
	if len(products) == 0 {
		return 0, nil
	}
	err = postgres.InTx(ctx, tx, func(tx pgx.Tx) (err error) {
		n, err = s.refreshAll(ctx, tx, products, lock, anew)
		return err
	})
	switch {
	case err == nil || !postgres.Refuses(err) || listedTwice(err):
		return n, err
	case len(products) == 1:
		return 0, s.putBy(ctx, tx, products[0], err)
	}
	half := len(products) / 2
	n, err = s.refresh(ctx, tx, products[:half], lock, anew)
	if err != nil {
		return n, err
	}
	more, err := s.refresh(ctx, tx, products[half:], lock, anew)
	return n + more, err
}

// putBy notes why a product cannot be listed.
func (s *Search) putBy(ctx context.Context, tx pgx.Tx, product id.Product, why error) error {
	s.log().ErrorContext(ctx, "search cannot list a product", "product", product, "error", why)
	if _, err := postgres.Exec(ctx, tx, upsertRefused, pgx.NamedArgs{"product": product, "problem": why.Error()}); err != nil {
		return fmt.Errorf("put product %s by: %w", product, err)
	}
	return nil
}

// refreshAll is refresh of all products or of none.
func (s *Search) refreshAll(ctx context.Context, tx pgx.Tx, products []id.Product, lock string, anew bool) (int, error) {
	listed, err := lockListed(ctx, tx, lock, products)
	if err != nil {
		return 0, err
	}
	found, err := readFacts(ctx, tx, products)
	if err != nil {
		return 0, err
	}
	var changed []entry
	for _, f := range found {
		e := s.describe(f)
		if e.fresh = !listed[f.product.ID]; e.fresh || anew || !bytes.Equal(e.product.Digest, f.product.Digest) {
			changed = append(changed, e)
		}
		delete(listed, f.product.ID)
	}
	gone := make([]id.Product, 0, len(listed)) // listed and not on sale any more
	for p := range listed {
		gone = append(gone, p)
	}
	if len(changed)+len(gone) == 0 {
		return 0, nil
	}
	if err := write(ctx, tx, changed, gone); err != nil {
		return 0, fmt.Errorf("write listings of %d products: %w", len(changed)+len(gone), err)
	}
	return len(changed) + len(gone), nil
}

func lockListed(ctx context.Context, tx pgx.Tx, lock string, products []id.Product) (map[id.Product]bool, error) {
	listed := map[id.Product]bool{}
	b := postgres.NewBatch()
	b.Queue(lock, nil)
	b.Queue(deleteRefused, pgx.NamedArgs{"products": products})
	read(b, selectListed, pgx.NamedArgs{"products": products}, func(row struct {
		ID id.Product `db:"product_id"`
	},
	) {
		listed[row.ID] = true
	})
	if err := b.Send(ctx, tx); err != nil {
		return nil, fmt.Errorf("lock listings: %w", err)
	}
	return listed, nil
}
