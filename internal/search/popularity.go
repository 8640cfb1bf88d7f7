package search

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

const (
	ordersLookedAt = 500 // of each product
	mostTogether   = 12
)

// CountSold brings the popularity of what was sold or cancelled up to date: a
// sweep, once a minute. Adding up all sales of a product after each order
// would cost more the better it sells.
func (s *Search) CountSold(ctx context.Context) error {
	for {
		n := 0
		err := postgres.InTx(ctx, s.DB, func(tx pgx.Tx) error {
			some, err := postgres.Column[id.Product](ctx, tx, takePopularityDue, pgx.NamedArgs{"some": atOnce})
			if err != nil {
				return err
			}
			n = len(some)
			if err := countPairs(ctx, tx, some); err != nil {
				return err
			}
			changed, err := postgres.Column[id.Product](ctx, tx, countSold, pgx.NamedArgs{"products": some})
			if err != nil || len(changed) == 0 {
				return err
			}
			return events.Raise(ctx, tx, Refreshed{ProductIDs: changed, Listing: true}) // in several currencies, several times
		})
		if err != nil {
			return fmt.Errorf("count what was sold: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

// countPairs counts what is bought together with products.
func countPairs(ctx context.Context, tx pgx.Tx, products []id.Product) error {
	if len(products) == 0 {
		return nil
	}
	b := postgres.NewBatch()
	b.Queue(deleteTogether, pgx.NamedArgs{"products": products})
	b.Queue(countTogether, pgx.NamedArgs{"products": products, "orders": ordersLookedAt, "most": mostTogether})
	return b.Send(ctx, tx)
}
