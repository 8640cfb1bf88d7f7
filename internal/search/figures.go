package search

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/platform/postgres"
)

// Figures are those of this node's index, for Prometheus; none before it has
// one.
func (s *Search) Figures() prometheus.Collector { return figures{s} }

type figures struct{ *Search }

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("souk_search_"+name, help, nil, nil)
}

var (
	documentsDesc = describe("documents", "Products in the index of this node.")
	segmentsDesc  = describe("segments", "Segments of the index of this node.")
	lagDesc       = describe("lag_seconds", "Age of the oldest event that is not in the index of this node.")
	builtDesc     = describe("built_timestamp_seconds", "When the index was last read from the listings.")
	savedDesc     = describe("saved_timestamp_seconds", "When the index was last saved for the next start.")
	sizeDesc      = describe("saved_bytes", "Size of the saved index, which is about what it takes in memory.")
)

// Describe names all figures.
func (f figures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{documentsDesc, segmentsDesc, lagDesc, builtDesc, savedDesc, sizeDesc} {
		ch <- d
	}
}

const lagTimeout = 2 * time.Second

// Collect asks the database for the lag alone, and leaves it out if that takes
// too long: souk_database_reachable tells why.
func (f figures) Collect(ch chan<- prometheus.Metric) {
	n := f.node()
	if !n.isBuilt() || n.follower.Load() == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	snapshot, now := n.shelf.index.Snapshot(), n.state()
	gauge(documentsDesc, float64(snapshot.Len()))
	gauge(segmentsDesc, float64(len(snapshot.Sizes())))
	gauge(builtDesc, float64(now.is.Built.Unix()))
	if now.size > 0 {
		gauge(savedDesc, float64(now.is.Saved.Unix()))
		gauge(sizeDesc, float64(now.size))
	}
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout) //nolint:contextcheck // a collector gets none
	defer cancel()
	if lag, err := f.lag(ctx); err == nil {
		gauge(lagDesc, lag.Seconds())
	}
}

// lag is how far this node is behind the log.
func (s *Search) lag(ctx context.Context) (time.Duration, error) {
	place := s.place()
	seconds, err := postgres.Scalar[float64](ctx, s.Pool, selectLagAfter, pgx.NamedArgs{"xid": fmt.Sprint(place.Xid), "seq": place.Seq})
	if err != nil {
		return 0, fmt.Errorf("measure the lag of search: %w", err)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
