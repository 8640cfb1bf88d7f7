package search

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// shelf is what this node answers from: the index and what its ids are called.
type shelf struct {
	index *index.Index
	names names
}

// documentRow is a product and one of its listings.
type documentRow struct {
	Product    uuid.UUID      `db:"product_id"`
	Name       string         `db:"name"`
	SKUs       []string       `db:"skus"`
	Title      string         `db:"title"`
	Terms      string         `db:"terms"`
	Text       string         `db:"text"`
	Translated []string       `db:"translated"`
	Vendor     uuid.UUID      `db:"vendor_id"` // zero without a listing
	Brand      uuid.UUID      `db:"brand_id"`  // zero without one
	Categories []uuid.UUID    `db:"category_ids"`
	Tags       []uuid.UUID    `db:"tag_ids"`
	Facets     []int32        `db:"facet_ids"`
	InStock    bool           `db:"in_stock"`
	Rating     int            `db:"rating"` // hundredths
	Popularity int64          `db:"popularity"`
	Created    int64          `db:"created"`  // microseconds since 1970
	Currency   money.Currency `db:"currency"` // "" without a listing
	Minor      int64          `db:"min_minor"`
	Reduced    bool           `db:"reduced"`
}

func (r documentRow) document() *index.Document {
	return &index.Document{
		Product: r.Product, Vendor: r.Vendor, Brand: r.Brand, Categories: r.Categories, Tags: r.Tags, Facets: r.Facets,
		InStock: r.InStock, Rating: r.Rating, Popularity: r.Popularity, Created: r.Created, Name: r.Name, SKUs: r.SKUs,
		Title: r.Title, Texts: append([]string{r.Terms, r.Text}, r.Translated...),
	}
}

// documents puts rows together; those of a product stand side by side.
func documents(rows []documentRow) []*index.Document {
	var list []*index.Document
	for _, r := range rows {
		if len(list) == 0 || list[len(list)-1].Product != r.Product {
			list = append(list, r.document())
		}
		if d := list[len(list)-1]; r.Currency != "" {
			d.Prices = append(d.Prices, index.Price{Currency: string(r.Currency), Minor: r.Minor})
			if r.Reduced {
				d.Tags = append(slices.Clip(d.Tags), reducedIn(r.Currency))
			}
		}
	}
	return list
}

// loadedAtOnce is how many products are read at once to build an index.
const loadedAtOnce = 5000

// load builds an index of all listings, for queries in some languages.
func load(ctx context.Context, db postgres.DB, languages []index.Language) (*shelf, error) {
	s, err := loadNames(ctx, db)
	if err != nil {
		return nil, err
	}
	var broken error
	s.index = index.New(options(languages), everyDocument(ctx, db, &broken))
	if broken != nil {
		return nil, fmt.Errorf("read listings: %w", broken)
	}
	return s, nil
}

// loadNames makes a shelf without an index.
func loadNames(ctx context.Context, db postgres.DB) (*shelf, error) {
	s := &shelf{}
	return s, s.names.read(ctx, db, nil, true)
}

func options(languages []index.Language) index.Options {
	return index.Options{PriceEdges: edgesOf, Languages: languages}
}

func edgesOf(currency string) []int64 { return priceEdges(money.Currency(currency)) }

// everyDocument reads all listings, some at a time and the next while these are
// dealt with.
func everyDocument(ctx context.Context, db postgres.DB, broken *error) iter.Seq[*index.Document] {
	return func(yield func(*index.Document) bool) {
		ctx, stop := context.WithCancel(ctx)
		pages := make(chan []documentRow)
		go func() {
			defer close(pages)
			*broken = readPages(ctx, db, pages)
		}()
		defer func() {
			stop()
			for range pages { // until it is closed: nobody uses db any more
			}
		}()
		for rows := range pages {
			for _, d := range documents(rows) {
				if !yield(d) {
					return
				}
			}
		}
	}
}

func readPages(ctx context.Context, db postgres.DB, pages chan<- []documentRow) error {
	for after := (uuid.UUID{}); ; {
		rows, err := postgres.All[documentRow](ctx, db, selectDocumentsAfter, pgx.NamedArgs{"after": after, "some": loadedAtOnce})
		if err != nil || len(rows) == 0 {
			return err
		}
		select {
		case pages <- rows:
			after = rows[len(rows)-1].Product
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// update reads what is listed of products again.
func (s *shelf) update(ctx context.Context, db postgres.DB, products []id.Product) error {
	rows, err := postgres.All[documentRow](ctx, db, selectDocumentsOf, pgx.NamedArgs{"products": products})
	if err != nil {
		return fmt.Errorf("read listings of %d products: %w", len(products), err)
	}
	put := documents(rows)
	if err := s.names.read(ctx, db, put, false); err != nil { // first: whoever finds them can name them
		return err
	}
	removed := make([]uuid.UUID, 0, len(products))
	for _, p := range products {
		removed = append(removed, uuid.UUID(p))
	}
	s.index.Apply(put, removed)
	return nil
}
