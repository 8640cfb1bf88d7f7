package search

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// write writes the rows of products that have changed, deletes those of others
// and says so.
func write(ctx context.Context, tx pgx.Tx, changed []entry, gone []id.Product) error {
	if err := writeFacets(ctx, tx, changed); err != nil {
		return err
	}
	if err := copyFresh(ctx, tx, changed); err != nil {
		return err
	}
	ids := make([]id.Product, 0, len(changed))
	for _, e := range changed {
		ids = append(ids, id.Product(e.product.ProductID.Bytes))
	}
	b := postgres.NewBatch()
	queueKnown(b, changed)
	if len(ids) > 0 {
		b.Queue(countSold, pgx.NamedArgs{"products": ids})
	}
	if len(gone) > 0 {
		b.Queue(deleteProducts, pgx.NamedArgs{"products": gone})
	}
	events.Queue(ctx, b, Refreshed{ProductIDs: slices.Concat(ids, gone), Listing: true})
	return b.Send(ctx, tx)
}

type facetName struct{ key, value string }

// writtenFacet is a value as it stands in facet_values.
type writtenFacet struct {
	ID         int32  `db:"id"`
	Key        string `db:"key"`
	Value      string `db:"value"`
	KeyLabel   string `db:"key_label"`
	Label      string `db:"label"`
	Translated bool   `db:"translated"`
}

// isCalledOtherwise reports whether it is called as no product writes it, but as
// staff have described it.
func (w writtenFacet) isCalledOtherwise() bool {
	return w.Translated || facetKey(w.KeyLabel) != w.Key || index.Fold(w.Label) != w.Value
}

// writeFacets makes sure of the values that products have, and tells listings
// their numbers.
func writeFacets(ctx context.Context, tx pgx.Tx, changed []entry) error {
	facets := distinctFacets(changed)
	if len(facets) == 0 {
		return nil
	}
	written, args := map[facetName]writtenFacet{}, pgx.NamedArgs{"facets": rows(facets)}
	b := postgres.NewBatch()
	b.Queue(insertFacetValues, args)
	b.Queue(renameFacetValues, args)
	read(b, selectFacetNumbers, args, func(w writtenFacet) { written[facetName{w.Key, w.Value}] = w })
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("write values of facets: %w", err)
	}
	var left []facetRow // what a description called them that is not there any more
	for _, f := range facets {
		if f.plain && written[facetName{f.Key, f.Value}].isCalledOtherwise() {
			f.Described = true
			left = append(left, f)
		}
	}
	if len(left) > 0 {
		if _, err := postgres.Exec(ctx, tx, renameFacetValues, pgx.NamedArgs{"facets": rows(left)}); err != nil {
			return fmt.Errorf("call %d values of facets as products do: %w", len(left), err)
		}
	}
	for _, e := range changed {
		has := make([]int32, 0, len(e.facets))
		for _, f := range e.facets {
			has = append(has, written[facetName{f.Key, f.Value}].ID)
		}
		slices.Sort(has)
		for i := range e.listings {
			e.listings[i].FacetIDs = has
		}
	}
	return nil
}

// distinctFacets are those of all products, in the order that everybody writes
// them in. What staff have said of a value counts, or else the name that comes
// first.
func distinctFacets(changed []entry) []facetRow {
	best := map[facetName]facetRow{}
	for _, e := range changed {
		for _, f := range e.facets {
			name := facetName{f.Key, f.Value}
			if other, there := best[name]; !there || f.Described && !other.Described || f.Described == other.Described && f.Label < other.Label {
				best[name] = f
			}
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b facetRow) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
	})
}

// copyFresh writes the rows of products that were not listed before. COPY takes
// a tenth of what the statements take that compare and replace. It fails where
// somebody else has listed one of them meanwhile.
func copyFresh(ctx context.Context, tx pgx.Tx, changed []entry) error {
	var products, listings, pages, translated [][]any
	for _, e := range changed {
		if !e.fresh {
			continue
		}
		p := e.product
		products = append(products, []any{p.ProductID, p.Name, p.SKUs, p.Title, p.Terms, p.Text, p.Translated, p.Digest})
		for _, l := range e.listings {
			listings = append(listings, []any{
				l.ProductID, l.Currency, l.VendorID, l.BrandID, l.Name, l.CategoryIDs, l.TagIDs, l.FacetIDs,
				l.InStock, l.Rating, l.RatingCount, l.CreatedAt, l.MinMinor, l.MaxMinor, l.Reduced,
			})
		}
		for _, p := range e.pages {
			pages = append(pages, []any{p.ProductID, p.Currency, p.Slug, p.Card, p.Head, p.Variants, p.VariantIDs})
		}
		for _, p := range e.translated {
			translated = append(translated, []any{p.ProductID, p.Currency, p.Locale, p.Card, p.Head, p.Variants})
		}
	}
	for _, to := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"listed_products", []string{"product_id", "name", "skus", "title", "terms", "text", "translated", "digest"}, products},
		{"listings", []string{
			"product_id", "currency", "vendor_id", "brand_id", "name", "category_ids", "tag_ids", "facet_ids",
			"in_stock", "rating", "rating_count", "created_at", "min_minor", "max_minor", "reduced",
		}, listings},
		{"product_pages", []string{"product_id", "currency", "slug", "card", "head", "variants", "variant_ids"}, pages},
		{"translated_pages", []string{"product_id", "currency", "locale", "card", "head", "variants"}, translated},
	} {
		if len(to.rows) == 0 {
			continue
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{to.table}, to.columns, pgx.CopyFromRows(to.rows)); err != nil {
			return fmt.Errorf("copy into %s: %w", to.table, err)
		}
	}
	return nil
}

// queueKnown replaces the rows of products that were listed before.
func queueKnown(b *postgres.Batch, changed []entry) {
	var (
		ids               []id.Product
		products          []productEntry
		listings          []listingRow
		pages, translated []pageRow
	)
	for _, e := range changed {
		if e.fresh {
			continue
		}
		ids = append(ids, id.Product(e.product.ProductID.Bytes))
		products = append(products, e.product)
		listings = append(listings, e.listings...)
		pages = append(pages, e.pages...)
		translated = append(translated, e.translated...)
	}
	if len(ids) == 0 {
		return
	}
	b.Queue(upsertProducts, pgx.NamedArgs{"products": rows(products)})
	b.Queue(deleteOtherListings, pgx.NamedArgs{"products": ids, "listings": rows(listings)})
	b.Queue(upsertListings, pgx.NamedArgs{"listings": rows(listings)})
	b.Queue(deleteOtherPages, pgx.NamedArgs{"products": ids, "pages": rows(pages)})
	b.Queue(upsertPages, pgx.NamedArgs{"pages": rows(pages)})
	b.Queue(deleteOtherTranslations, pgx.NamedArgs{"products": ids, "pages": rows(translated)})
	b.Queue(upsertTranslations, pgx.NamedArgs{"pages": rows(translated)})
}

// rows is an argument for json_to_recordset.
func rows[T any](list []T) string {
	if list == nil {
		return "[]"
	}
	return encode(list)
}
