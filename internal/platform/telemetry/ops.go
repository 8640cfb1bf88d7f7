package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Ops is the listener for operators: /healthz, /readyz, /metrics and
// /debug/pprof. It has no login, so it belongs on a loopback address.
type Ops struct {
	Listen   string // nothing listens when ""
	Registry *prometheus.Registry
	Ready    func(ctx context.Context) error // why requests cannot be answered, nil when they can
	Log      *slog.Logger
}

// Start listens until stop is called. When the port is taken, by another souk
// perhaps, it takes a free one of the same host and says so: the shop opens
// all the same.
func (o *Ops) Start() (stop func(), err error) {
	if o.Listen == "" {
		return func() {}, nil
	}
	ln, err := net.Listen("tcp", o.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		host, _, _ := net.SplitHostPort(o.Listen) // it was an address a moment ago
		ln, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err == nil {
			o.Log.Warn("ops listener took another port", "wanted", o.Listen, "address", ln.Addr().String())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listen for operators on %s: %w", o.Listen, err)
	}
	o.Listen = ln.Addr().String()
	server := &http.Server{Handler: o.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("ops listener broke", "error", err)
		}
	}()
	return func() {
		_ = server.Close() // no answer to an operator is worth waiting for
		<-done
	}, nil
}

// Handler answers operators.
func (o *Ops) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (o *Ops) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), scrapeTimeout)
	defer cancel()
	if o.Ready != nil {
		if err := o.Ready(ctx); err != nil {
			say(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the operator has hung up
}
