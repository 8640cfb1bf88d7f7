// Package search is what shoppers see of the catalogue: the listing with its
// filters and facets, the product page, suggestions.
//
// Owns: the derived rows behind them ([Search.Refresh], [Search.Rebuild]) and
// those who keep them ([Search.Run]): on one node a consumer of the event log
// that refreshes what changed, on every node a follower that drops stored
// answers.
// Tables: listed_products, listings, product_pages, facet_values,
// listings_due, popularity_due.
// Raises: [Refreshed].
// Calls: nobody; it reads the tables of catalog, vendors, pricing, inventory,
// orders and reviews.
//
// # From a change to an answer
//
//	catalog.Changed, pricing..., inventory..., vendors..., orders..., reviews.RatingChanged
//	   └ follow.go     one consumer: which products?     (in the log's transaction)
//	       └ listing.go    reads facts, writes rows where they differ, raises Refreshed
//	           └ cache.go      each node forgets its stored answers
//
// A change is in every answer within a second; in practice two polls of the
// log, about 100 ms. Stock on the product page is not derived at all: it is
// read when the page is.
//
// # Where the query is
//
// query.go reads and validates what is asked, query_sql.go turns it into SQL
// put together from fixed fragments, facets.go counts, find.go sends it in one
// round trip. An index in memory would replace find.go and the two SQL files
// and nothing else.
package search

import (
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Search answers shoppers and keeps what it answers from.
type Search struct {
	DB       postgres.DB
	Currency money.Currency // of those who name none

	// CacheBytes bounds the stored answers of this node; 0 stores none. The
	// answers are the same either way.
	CacheBytes uint64

	// Pool, Bell and Log are for Run.
	Pool *pgxpool.Pool
	Bell *events.Bell
	Log  *slog.Logger

	cursors httpapi.Cursors
	once    sync.Once
	stored  *cache
	flushed int64 // the last event that Flush has followed
}

func (s *Search) cache() *cache {
	s.once.Do(func() { s.stored = newCache(s.CacheBytes) })
	return s.stored
}
