package httpapi

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters counts requests by route pattern, never by path.
type meters struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	lost     *meter // what matched no route
}

// meter is the counters of one route.
type meter struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Observer
}

func newMeters(registry prometheus.Registerer) *meters {
	m := &meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_http_requests_total", Help: "Requests answered, by method, route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "souk_http_request_seconds", Help: "Time to answer a request, by method and route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route"}),
	}
	if registry == nil {
		return nil
	}
	registry.MustRegister(m.requests, m.seconds)
	m.lost = m.of("any", "unmatched")
	return m
}

// newFallbacks is a counter that nobody reads when registry is nil.
func newFallbacks(registry prometheus.Registerer) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "souk_rate_limit_fallbacks_total", Help: "Requests that were counted on this node because Redis failed.",
	})
	if registry != nil {
		registry.MustRegister(c)
	}
	return c
}

func (m *meters) of(method, path string) *meter {
	if m == nil {
		return nil
	}
	labels := prometheus.Labels{"method": method, "route": path}
	return &meter{requests: m.requests.MustCurryWith(labels), seconds: m.seconds.With(labels)}
}

func (m *meters) observe(ex *exchange, took time.Duration) {
	if m == nil {
		return
	}
	one := m.lost
	if ex.op != nil {
		one = ex.op.seen
	}
	one.requests.WithLabelValues(strconv.Itoa(ex.status)).Inc()
	if ex.op == nil || ex.op.kind != streams { // how long a stream lasts is no latency
		one.seconds.Observe(took.Seconds())
	}
}
