package telemetry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// Collect adds the figures of the process, the database and the jobs to
// registry. Those of the requests are httpapi's.
func Collect(registry prometheus.Registerer, pool *pgxpool.Pool) {
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "souk_transactions_retried_total",
			Help: "Transactions run again after a deadlock or a serialization failure.",
		}, func() float64 { return float64(postgres.Retries()) }),
		poolFigures{pool},
		&jobFigures{pool},
	)
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("souk_"+name, help, labels, nil)
}

var (
	connections = describe("database_connections", "Connections of the pool, by state.", "state")
	connLimit   = describe("database_connections_max", "Connections that the pool may have.")
	acquired    = describe("database_acquires_total", "Connections taken from the pool.")
	waited      = describe("database_acquires_waited_total", "Connections that had to be waited for.")
	waiting     = describe("database_acquire_seconds_total", "Time spent waiting for connections.")
	gaveUp      = describe("database_acquires_cancelled_total", "Connections that nobody waited for to the end.")

	reachable = describe("database_reachable", "Whether the database answered this scrape.")
	eventLag  = describe("event_lag_seconds", "Age of the oldest event that the relay has yet to hand out.")
	jobCount  = describe("jobs", "Jobs, by queue and state; discarded ones need a person.", "queue", "state")
)

// poolFigures are read from the pool's own counters.
type poolFigures struct{ pool *pgxpool.Pool }

func (p poolFigures) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, ch) }

func (p poolFigures) Collect(ch chan<- prometheus.Metric) {
	s := p.pool.Stat()
	gauge(ch, connections, float64(s.AcquiredConns()), "busy")
	gauge(ch, connections, float64(s.IdleConns()), "idle")
	gauge(ch, connections, float64(s.ConstructingConns()), "opening")
	gauge(ch, connLimit, float64(s.MaxConns()))
	counter(ch, acquired, float64(s.AcquireCount()))
	counter(ch, waited, float64(s.EmptyAcquireCount()))
	counter(ch, waiting, s.EmptyAcquireWaitTime().Seconds())
	counter(ch, gaveUp, float64(s.CanceledAcquireCount()))
}

// jobFigures are asked of the database when somebody scrapes.
type jobFigures struct{ pool *pgxpool.Pool }

const scrapeTimeout = 2 * time.Second

func (j *jobFigures) Describe(ch chan<- *prometheus.Desc) {
	ch <- reachable
	ch <- eventLag
	ch <- jobCount
}

func (j *jobFigures) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout) //nolint:contextcheck // a collector gets none
	defer cancel()
	lag, err := events.Lag(ctx, j.pool)
	if err != nil {
		gauge(ch, reachable, 0)
		return
	}
	queues, err := events.Queues(ctx, j.pool)
	if err != nil {
		gauge(ch, reachable, 0)
		return
	}
	gauge(ch, reachable, 1)
	gauge(ch, eventLag, lag.Seconds())
	for _, q := range queues {
		gauge(ch, jobCount, float64(q.Jobs), q.Queue, q.State)
	}
}

func gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func counter(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64) {
	ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value)
}
