// Package search is what shoppers see of the catalogue: the listing with its
// filters and facets, the product page, suggestions.
//
// Owns: the derived rows behind them ([Search.Refresh], [Search.Rebuild]),
// those who keep them ([Search.Run]: on one node, a consumer of the event log
// that refreshes what changed), and what each node answers from
// ([Search.Follow]: an index in memory and stored answers, kept by a follower).
// Tables: listed_products, listings, product_pages, translated_pages, facet_values,
// listings_due, listings_refused, popularity_due, bought_together, past_queries, search_nodes.
// Raises: [Refreshed].
// Calls: search/index; it reads the tables of catalog, vendors, pricing,
// inventory, orders and reviews.
//
// # From a change to an answer
//
//	catalog.Changed, pricing..., inventory..., vendors..., orders..., reviews.RatingChanged
//	   └ follow.go     one consumer: which products?     (in the log's transaction)
//	       └ listing.go    reads facts, writes rows where they differ, raises Refreshed
//	           └ index.go      each node reads those rows into its index
//	               └ cache.go      and forgets its stored answers
//
// A change is in every answer within a second; in practice two polls of the
// log, about 100 ms. Stock on the product page is not derived at all: it is
// read when the page is.
//
// # From a question to an answer
//
// query.go reads and validates what is asked, find.go puts it to the index,
// reads the cards of what was found in one round trip, and counts.go and
// facets.go name what was counted. names.go knows slugs and labels, load.go
// reads rows into the index, save.go keeps it for the next start.
package search

import (
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/catalog"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// Search answers shoppers and keeps what it answers from.
type Search struct {
	DB       postgres.DB
	Settings *settings.Settings
	Currency money.Currency // of those who name none
	Locales  *catalog.Locales

	// CacheBytes bounds the stored answers of this node; 0 stores none. The
	// answers are the same either way.
	CacheBytes uint64

	// ReadAnew builds the index for each answer, in place of Follow: for tests
	// that live in one transaction, whose rows no other session sees.
	ReadAnew bool

	// Dir is the folder where Follow saves the index for the next start, and
	// Version that of the binary; "" saves nothing.
	Dir     string
	Version string

	Key []byte // turns past queries and who asked into hashes

	// Pool, Bell and Log are for Run and Follow.
	Pool *pgxpool.Pool
	Bell *events.Bell
	Log  *slog.Logger

	cursors httpapi.Cursors
	once    sync.Once
	stored  *cache
	own     *node
	flushed int64 // the last event that Flush has followed
}

func (s *Search) cache() *cache {
	s.node()
	return s.stored
}
