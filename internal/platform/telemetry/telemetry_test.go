package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/telemetry"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	for format, jsonWanted := range map[string]bool{"auto": true, "json": true, "text": false} { // a buffer is no terminal
		var out bytes.Buffer
		log := telemetry.Logger(&out, format, slog.LevelInfo).With("session_token", "canary").WithGroup("in")
		log.Debug("too small")
		log.InfoContext(ctx, "two\nlines", "password", "canary", "Authorization", "Bearer canary", "order", "ord_1", slog.Group("g", "card_number", "canary"))
		line := out.String()
		if strings.Count(line, "\n") != 1 || strings.Contains(line, "too small") {
			t.Errorf("%s: not one line: %s", format, line)
		}
		if strings.Contains(line, "canary") || !strings.Contains(line, "ord_1") {
			t.Errorf("%s: hides the wrong things: %s", format, line)
		}
		if !strings.Contains(line, span.TraceID().String()) {
			t.Errorf("%s: does not name the trace: %s", format, line)
		}
		if got := json.Valid(out.Bytes()); got != jsonWanted {
			t.Errorf("%s: JSON %t, want %t: %s", format, got, jsonWanted, line)
		}
	}
}

type brewed struct{}

func (brewed) EventName() string { return "kitchen.brewed" }

func get(t *testing.T, server *httptest.Server, path string) (status int, body string) {
	t.Helper()
	resp, err := server.Client().Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestOps(t *testing.T) {
	t.Parallel()
	var broken error
	ops := telemetry.Ops{Registry: prometheus.NewRegistry(), Ready: func(context.Context) error { return broken }}
	server := httptest.NewServer(ops.Handler())
	defer server.Close()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "", "/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "telemetry"} {
		if status, body := get(t, server, path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	broken = errors.New("no database")
	if status, body := get(t, server, "/readyz"); status != 503 || !strings.Contains(body, "no database") {
		t.Errorf("not ready: %d %s", status, body)
	}
	if status, _ := get(t, server, "/healthz"); status != 200 {
		t.Errorf("alive but not ready: %d", status)
	}
}

func TestOpsListens(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	first := telemetry.Ops{Listen: "127.0.0.1:0", Registry: prometheus.NewRegistry(), Log: log}
	stop, err := first.Start()
	if err != nil {
		t.Fatal(err)
	}
	second := telemetry.Ops{Listen: first.Listen, Registry: prometheus.NewRegistry(), Log: log}
	stopSecond, err := second.Start()
	if err != nil {
		t.Fatal(err)
	}
	if second.Listen == first.Listen {
		t.Error("two listen on one port")
	}
	for _, ops := range []telemetry.Ops{first, second} {
		resp, err := http.Get("http://" + ops.Listen + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %d, %v", ops.Listen, resp.StatusCode, err)
		}
	}
	stop()
	stopSecond()
	if resp, err := http.Get("http://" + first.Listen + "/healthz"); err == nil {
		t.Error("it listens after stop", resp.Body.Close())
	}
	none := telemetry.Ops{}
	stop, err = none.Start()
	if err != nil {
		t.Fatal(err)
	}
	stop()
}

func TestCollect(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	registry := prometheus.NewRegistry()
	telemetry.Collect(registry, pool)
	ops := telemetry.Ops{Registry: registry}
	server := httptest.NewServer(ops.Handler())
	defer server.Close()
	figure := func(name string) string {
		t.Helper()
		status, body := get(t, server, "/metrics")
		found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
		if status != 200 || found == nil {
			t.Fatalf("%d, no %s in\n%s", status, name, body)
		}
		return found[1]
	}
	for _, name := range []string{
		"souk_transactions_retried_total", `souk_database_connections{state="busy"}`, `souk_database_connections{state="idle"}`,
		"souk_database_connections_max", "souk_database_acquires_total", "go_goroutines", "process_open_fds",
	} {
		figure(name)
	}
	if up, lag := figure("souk_database_reachable"), figure("souk_event_lag_seconds"); up != "1" || lag != "0" {
		t.Errorf("reachable %s, lag %s", up, lag)
	}
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO river_job (kind, max_attempts, args) VALUES ('x', 1, '{}')`); err != nil {
			return err
		}
		return events.Raise(t.Context(), tx, brewed{})
	})
	if err != nil {
		t.Fatal(err)
	}
	if jobs, lag := figure(`souk_jobs{queue="default",state="available"}`), figure("souk_event_lag_seconds"); jobs != "1" || lag == "0" {
		t.Errorf("jobs %s, lag %s", jobs, lag)
	}
	pool.Close()
	if up := figure("souk_database_reachable"); up != "0" {
		t.Errorf("reachable %s without a database", up)
	}
}

func TestTraces(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case got <- r.Method + " " + r.URL.Path:
		default:
		}
	}))
	defer collector.Close()
	shutdown, err := telemetry.Traces(t.Context(), collector.URL, "test")
	if err != nil {
		t.Fatal(err)
	}
	handler := telemetry.Traced(collector.URL, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if !trace.SpanContextFromContext(r.Context()).IsValid() {
			t.Error("the request is not traced")
		}
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case path := <-got:
		if path != "POST /v1/traces" {
			t.Errorf("sent %s", path)
		}
	default:
		t.Error("nothing was sent")
	}
	if telemetry.QueryTracer(collector.URL) == nil {
		t.Error("statements are not traced")
	}
}

func TestTracesAreOff(t *testing.T) {
	t.Parallel()
	shutdown, err := telemetry.Traces(t.Context(), "", "test")
	if err != nil || shutdown(t.Context()) != nil {
		t.Error(err)
	}
	next := http.NewServeMux()
	if telemetry.QueryTracer("") != nil || telemetry.Traced("", next) != http.Handler(next) {
		t.Error("it costs something though it is off")
	}
}
