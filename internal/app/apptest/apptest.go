// Package apptest opens the whole shop for a test: every module, behind its
// real door.
//
// Owns: the shop of a test ([New], [Serve], [Run]), what is in it (goods.go),
// who is in it (people.go), what they do (shopping.go), tables of requests
// ([App.Play]) and what the database says afterwards (state.go).
// Tables: none; fixtures go through the modules. Raises: nothing. Calls: app.
//
// New inside a transaction that is rolled back is the cheapest, and does for
// most tests; its requests come one after the other. Serve answers on a socket.
// Run starts all that `souk serve` starts:
//
//	shop := apptest.New(t, pgtest.Tx(t))
//	mug := shop.Variant(t, apptest.Stock(1), apptest.Price(1999))
//	cart := shop.Cart(t, "", 1, mug)
//	shop.Call(t, "", "POST", "/checkout", cart.Order("cod"), "Idempotency-Key", "k").Want(t, 201)
//	shop.WantRows(t, "orders", 1)
//
// Tests that share pgtest.Tx must not run in parallel: each makes the shop's one
// signing key and waits for the other's.
package apptest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/app"
	"souk/internal/clock"
	"souk/internal/money"
	"souk/internal/platform/blob"
	"souk/internal/platform/config"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// App is the shop of a test.
type App struct {
	*app.App
	Time *clock.Manual // nil where the shop runs: then time is the machine's

	// URL is where it answers, and Client what asks. Without a socket the
	// client calls the door itself.
	URL    string
	Client *http.Client

	mu     sync.Mutex
	tokens map[string]string // who is known, by name
	made   int               // numbers what must be named
}

// An Option changes the settings of the shop.
type Option func(*config.Config)

// Limited turns the rate limits on.
func Limited() Option { return func(c *config.Config) { c.RateLimits = "on" } }

// New builds the shop on a transaction or a pool and puts shipping options into
// it. Nothing runs besides the requests: listings are refreshed by the fixtures,
// or by Refresh.
func New(t testing.TB, db postgres.DB, options ...Option) *App {
	t.Helper()
	return NewLogging(t, db, errorsOf(t), options...)
}

// NewLogging is New for a test that reads what the shop logs.
func NewLogging(t testing.TB, db postgres.DB, log *slog.Logger, options ...Option) *App {
	t.Helper()
	at := clock.At(clock.System{}.Now())
	a := build(t, db, at, log, options)
	a.Time = at
	a.Search.CacheBytes, a.Search.ReadAnew = 0, true // nobody would tell it what has changed
	a.URL, a.Client = "http://shop.test", &http.Client{Transport: inside{a.Router.Handler()}, CheckRedirect: stay}
	return a
}

// Serve is New on a pool, with the door on a socket of this machine: for what
// net/http itself decides.
func Serve(t testing.TB, pool *pgxpool.Pool, options ...Option) *App {
	t.Helper()
	a := New(t, pool, options...)
	server := &httpapi.Server{Handler: a.Router.Handler(), Logger: a.Log, NoCap: true, Drain: a.Config.DrainTimeout}
	a.serve(t, socket(t), server.Serve)
	return a
}

// Run starts the shop as `souk serve` does: the door, the bell, the live
// streams, the listings and the jobs, at an address that a browser can open. It
// stops when the test ends.
func Run(t testing.TB, pool *pgxpool.Pool, options ...Option) *App {
	t.Helper()
	ln := socket(t)
	here := func(c *config.Config) { c.Listen, c.BaseURL = ln.Addr().String(), "" }
	a := build(t, pool, clock.System{}, errorsOf(t), append([]Option{here}, options...))
	a.serve(t, ln, a.App.Serve)
	return a
}

// errorsOf logs what goes wrong in a shop to its test.
func errorsOf(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

func build(t testing.TB, db postgres.DB, now clock.Clock, log *slog.Logger, options []Option) *App {
	t.Helper()
	c := &config.Config{
		Currency: "USD", Listen: "shop.test:80", BaseURL: "http://shop.test", RateLimits: "off", DataDir: t.TempDir(),
		MaxConns: 16, Worker: true, Workers: 2, DrainTimeout: drain,
	}
	for _, option := range options {
		option(c)
	}
	keys, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	pool, _ := db.(*pgxpool.Pool)
	a := &App{tokens: map[string]string{}, App: app.Build(app.Parts{
		Config: c, DB: db, Pool: pool, Aside: pgtest.Aside(t, db), Keys: keys, Blobs: blobs, Clock: now, Log: log, Version: "test",
	})}
	a.InTx(t, func(tx pgx.Tx) error { return a.Shipping.EnsureDefaults(t.Context(), tx, money.Currency(c.Currency)) })
	return a
}

func socket(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// serve answers on ln until the test ends.
func (a *App) serve(t testing.TB, ln net.Listener, serve func(context.Context, net.Listener) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, ln) }()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("the shop stopped: %v", err)
		}
	})
	a.URL, a.Client = "http://"+ln.Addr().String(), &http.Client{Transport: transport, CheckRedirect: stay}
}

// inside answers requests without a socket, on the goroutine that asks: the
// transaction of a test has room for one at a time.
type inside struct{ door http.Handler }

// RoundTrip hands a request to the door as a server would.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "192.0.2.1:1234"
	w := httptest.NewRecorder()
	i.door.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	return response, nil
}

// stay lets a test see a redirect.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// InTx does something in a transaction and fails the test when it cannot.
func (a *App) InTx(t testing.TB, fn func(tx pgx.Tx) error) {
	t.Helper()
	if err := postgres.InTx(t.Context(), a.DB, fn); err != nil {
		t.Fatal(err)
	}
}

// number is another one each time, for what must be named.
func (a *App) number() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	return a.made
}
