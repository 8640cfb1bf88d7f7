package httpapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/platform/httpapi"
)

var plenty = httpapi.Limits{httpapi.LimitRead: {Address: 1e9, Window: time.Minute}}

// What the door costs before and after a handler: everything on, no socket.
func BenchmarkStored(b *testing.B) {
	r := demo(httpapi.Config{Metrics: prometheus.NewRegistry(), Authenticate: authenticate, Limits: plenty})
	bench(b, r, func() *http.Request { return httptest.NewRequest("GET", "/api/v1/stored", nil) })
}

// The same with the access log.
func BenchmarkStoredLogged(b *testing.B) {
	r := demo(httpapi.Config{
		Metrics: prometheus.NewRegistry(), Authenticate: authenticate, AccessLog: true, Limits: plenty,
		Logger: slog.New(slog.NewJSONHandler(discard{}, nil)),
	})
	bench(b, r, func() *http.Request { return httptest.NewRequest("GET", "/api/v1/stored", nil) })
}

// A list: a query to check, an answer to marshal.
func BenchmarkList(b *testing.B) {
	r := demo(httpapi.Config{Limits: plenty})
	bench(b, r, func() *http.Request { return httptest.NewRequest("GET", "/api/v1/cups?sort=name&limit=2", nil) })
}

func bench(b *testing.B, r *httpapi.Router, request func() *http.Request) {
	b.Helper()
	h := r.Handler()
	req := request()
	w := &sink{}
	b.ReportAllocs()
	for b.Loop() {
		w.header = make(http.Header)
		w.status = 0
		h.ServeHTTP(w, req)
		if w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
}

type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
