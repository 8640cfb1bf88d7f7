package search

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// atOnce is how many products one transaction refreshes at most, so that a
// change of very many does not hold the log back.
const atOnce = 500

// Refresh brings what is shown of products up to date with the shop's tables:
// rows that differ are written, those of products that are not on sale are
// deleted, and Refreshed is raised if there was any. It costs three round trips
// for any number of products.
func (s *Search) Refresh(ctx context.Context, tx pgx.Tx, products []id.Product) error {
	_, err := s.refresh(ctx, tx, products, lockRefresh, false)
	return err
}

// refresh is Refresh under a lock, or writes every row anew, and says how many
// it wrote or deleted.
func (s *Search) refresh(ctx context.Context, tx pgx.Tx, products []id.Product, lock string, anew bool) (int, error) {
	if len(products) == 0 {
		return 0, nil
	}
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
		if anew || e.product.Digest != f.digest() {
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

func write(ctx context.Context, tx pgx.Tx, changed []entry, gone []id.Product) error {
	var (
		ids        []id.Product
		products   []productEntry
		facets     []facetRow
		listings   []listingRow
		pages      []pageRow
		translated []pageRow
	)
	for _, e := range changed {
		ids = append(ids, id.Product(e.product.ProductID))
		products = append(products, e.product)
		facets = append(facets, e.facets...)
		listings = append(listings, e.listings...)
		pages = append(pages, e.pages...)
		translated = append(translated, e.translated...)
	}
	b := postgres.NewBatch()
	if len(changed) > 0 {
		b.Queue(insertFacetValues, pgx.NamedArgs{"facets": rows(facets)})
		b.Queue(renameFacetValues, pgx.NamedArgs{"facets": rows(facets)})
		b.Queue(upsertProducts, pgx.NamedArgs{"products": rows(products)})
		b.Queue(deleteOtherListings, pgx.NamedArgs{"products": ids, "listings": rows(listings)})
		b.Queue(upsertListings, pgx.NamedArgs{"listings": rows(listings)})
		b.Queue(deleteOtherPages, pgx.NamedArgs{"products": ids, "pages": rows(pages)})
		b.Queue(upsertPages, pgx.NamedArgs{"pages": rows(pages)})
		b.Queue(deleteOtherTranslations, pgx.NamedArgs{"products": ids, "pages": rows(translated)})
		b.Queue(upsertTranslations, pgx.NamedArgs{"pages": rows(translated)})
		b.Queue(countSold, pgx.NamedArgs{"products": ids})
	}
	if len(gone) > 0 {
		b.Queue(deleteProducts, pgx.NamedArgs{"products": gone})
	}
	events.Queue(ctx, b, Refreshed{ProductIDs: slices.Concat(ids, gone), Listing: true})
	return b.Send(ctx, tx)
}

// rows is an argument for json_to_recordset.
func rows[T any](list []T) string {
	if list == nil {
		return "[]"
	}
	return encode(list)
}
