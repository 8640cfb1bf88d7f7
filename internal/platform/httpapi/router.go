package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/platform/postgres"
	"souk/internal/platform/redis"
)

const defaultBodyLimit = 256 << 10

// Config is what the door needs to know. The zero value of each field works,
// but for DB where there are writes.
type Config struct {
	DB             postgres.DB
	BaseURL        string         // of links and of the OpenAPI document
	CORSOrigins    []string       // exact origins that may call from a browser
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	CursorKey      []byte         // random when empty, so cursors die with the process
	Limits         Limits         // DefaultLimits when nil
	Redis          *redis.Client  // where nodes share the limits; nil counts on this node
	LimitsOff      bool           // for benchmarks; also lifts the cap on connections
	Clock          clock.Clock    // of the rate limits; the machine's when nil
	Logger         *slog.Logger   // slog.Default when nil
	AccessLog      bool           // one line for each request
	Metrics        prometheus.Registerer
	Title, Version string

	// Authenticate says who sent the request; nil lets everybody be anonymous.
	// No credentials are the zero Actor and no error.
	Authenticate func(ctx context.Context, r *http.Request) (auth.Actor, error)
	// Ready says why the process should get no traffic; nil is always ready.
	Ready func(ctx context.Context) error
}

// Router holds the routes of the whole shop.
type Router struct {
	// Cursors makes the cursors of lists.
	Cursors Cursors

	config  Config
	log     *slog.Logger
	mux     *http.ServeMux
	api     huma.API
	pending *operation // the one that huma.Register is about to mount
	ops     []*operation
	ids     map[string]*operation
	guard   browserGuard
	limiter *limiter
	meters  *meters
	openapi func() ([]byte, error)
	unready atomic.Bool // what the last probe was told
}

// New makes a router that serves the documents and the health checks and
// nothing else yet.
func New(config Config) *Router {
	r := &Router{config: config, log: config.Logger, mux: http.NewServeMux(), ids: map[string]*operation{}}
	if r.log == nil {
		r.log = slog.Default()
	}
	key := config.CursorKey
	if len(key) == 0 {
		key = make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			panic(err) // the operating system's generator does not fail
		}
	}
	r.Cursors = NewCursors(key)
	r.guard = newBrowserGuard(config)
	r.limiter = newLimiter(config)
	r.meters = newMeters(config.Metrics)
	r.api = humago.New(mounter{r}, humaConfig(config))
	r.openapi = sync.OnceValues(r.describe)
	r.mux.HandleFunc("/", r.notRouted)
	r.mountDocuments()
	return r
}

// Get registers a read.
func Get[I, O any](r *Router, path string, h func(context.Context, *I) (O, error), opts ...Option) {
	op := newOperation(reads, http.MethodGet, path, h, opts)
	register[I, O](r, op, func(ctx context.Context, ex *exchange, in *I) error {
		out, err := h(ctx, in)
		if err != nil {
			return err
		}
		return ex.answer(&out)
	})
}

// Post registers a write that makes something or commands something.
func Post[I, O any](r *Router, path string, h func(context.Context, pgx.Tx, *I) (O, error), opts ...Option) {
	write(r, http.MethodPost, path, h, opts)
}

// Put registers a write that replaces something.
func Put[I, O any](r *Router, path string, h func(context.Context, pgx.Tx, *I) (O, error), opts ...Option) {
	write(r, http.MethodPut, path, h, opts)
}

// Patch registers a write that edits something.
func Patch[I, O any](r *Router, path string, h func(context.Context, pgx.Tx, *I) (O, error), opts ...Option) {
	write(r, http.MethodPatch, path, h, opts)
}

// Delete registers a write that removes something.
func Delete[I, O any](r *Router, path string, h func(context.Context, pgx.Tx, *I) (O, error), opts ...Option) {
	write(r, http.MethodDelete, path, h, opts)
}

func write[I, O any](r *Router, method, path string, h func(context.Context, pgx.Tx, *I) (O, error), opts []Option) {
	op := newOperation(writes, method, path, h, opts)
	register[I, O](r, op, func(ctx context.Context, ex *exchange, in *I) error {
		return ex.transact(ctx, func(ctx context.Context, tx pgx.Tx) (any, error) {
			again := *in // what a first run did to its input must not reach the second
			out, err := h(ctx, tx, &again)
			return &out, err
		})
	})
}

// Action registers an operation that changes things but must not hold a
// transaction while it does. Its Idempotency-Key is kept beside the effect and
// not with it: see [exchange.claimed] for what a crash in between means.
func Action[I, O any](r *Router, method, path string, h func(context.Context, *I) (O, error), opts ...Option) {
	op := newOperation(acts, method, path, h, opts)
	register[I, O](r, op, func(ctx context.Context, ex *exchange, in *I) error {
		return ex.claimed(ctx, func() (any, error) {
			out, err := h(ctx, in)
			return &out, err
		})
	})
}

// Stream registers a stream of server-sent events. The handler sends until the
// context ends: the client left, or the server drains.
func Stream[I any](r *Router, path string, h func(context.Context, *I, *SSE) error, opts ...Option) {
	op := newOperation(streams, http.MethodGet, path, h, opts)
	register[I, Stored](r, op, func(ctx context.Context, ex *exchange, in *I) error {
		return ex.stream(ctx, func(ctx context.Context, events *SSE) error { return h(ctx, in, events) })
	})
}

// Raw registers a handler that reads and writes for itself: files, redirects,
// forms, webhooks. What it returns as an error becomes a problem, unless it
// has begun to answer.
func Raw(r *Router, method, path string, h func(http.ResponseWriter, *http.Request) error, opts ...Option) {
	op := newOperation(raw, method, path, h, opts)
	r.add(op)
	r.documentRaw(op)
	r.mux.HandleFunc(method+" "+path, r.guarded(op, func(w http.ResponseWriter, req *http.Request) {
		ex := w.(*exchange)
		switch err := h(w, req); {
		case err != nil:
			ex.refuse(err)
		case ex.status < 300, ex.note.subject != "": // one that leads elsewhere says whether it has done something
			ex.auditDone(context.WithoutCancel(req.Context()))
		}
	}))
}

// done tells Huma that the answer has been written.
var done = &answered{Body: func(huma.Context) {}}

type answered struct{ Body func(huma.Context) }

func register[I, O any](r *Router, op *operation, run func(context.Context, *exchange, *I) error) {
	r.add(op)
	input, output := reflect.TypeFor[I](), reflect.TypeFor[O]()
	described := r.documented(op, input, output)
	r.pending = op
	huma.Register(r.api, described, func(ctx context.Context, in *I) (*answered, error) {
		ex := from(ctx)
		if d, ok := any(in).(interface{ takeQuery(url.Values) }); ok {
			d.takeQuery(ex.dynamic())
		}
		var err error
		if op.first != nil {
			ctx, err = op.first(ctx, in)
		}
		if err == nil {
			err = run(ctx, ex, in)
		}
		if err != nil {
			ex.refuse(err)
		}
		return done, nil
	})
	r.pending = nil
	r.finished(op, input)
}

func (r *Router) add(op *operation) {
	if other := r.ids[op.id]; other != nil {
		panic(fmt.Sprintf("%s %s and %s %s are both called %s: name one with ID", op.method, op.path, other.method, other.path, op.id))
	}
	if op.crossSite != "" {
		r.guard.crossOrigin.AddInsecureBypassPattern(op.method + " " + op.path)
	}
	r.ids[op.id] = op
	r.ops = append(r.ops, op)
	op.policy = r.limiter.policy(op.class)
	op.seen = r.meters.of(op.method, op.path)
}

// mounter is the mux that Huma sees: it puts the guard before each handler.
type mounter struct{ r *Router }

func (m mounter) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.r.mux.HandleFunc(pattern, m.r.guarded(m.r.pending, handler))
}

func (m mounter) ServeHTTP(w http.ResponseWriter, req *http.Request) { m.r.mux.ServeHTTP(w, req) }

// Handler is the whole door.
func (r *Router) Handler() http.Handler { return http.HandlerFunc(r.serve) }

// OpenAPI is the document of every operation: OpenAPI 3.1 as JSON, the same
// bytes each time. Call it once all routes are registered.
func (r *Router) OpenAPI() ([]byte, error) { return r.openapi() }

// Route is one line of routes.txt.
type Route struct {
	Method, Path string
	Permission   auth.Permission // "" when public
	PublicReason string
	Handler      string // orders.Orders.refund
	OperationID  string
	Hidden       string // why it is not in the OpenAPI document
}

// Routes lists every route by path and method.
func (r *Router) Routes() []Route {
	list := make([]Route, 0, len(r.ops))
	for _, op := range r.ops {
		list = append(list, Route{
			Method: op.method, Path: op.path, Permission: op.permission, PublicReason: op.public,
			Handler: op.handler, OperationID: op.id, Hidden: op.hidden,
		})
	}
	slices.SortFunc(list, func(a, b Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return list
}

// WriteRoutes writes routes.txt: METHOD PATH PERMISSION handler.
func (r *Router) WriteRoutes(w io.Writer) error {
	for _, route := range r.Routes() {
		who := string(route.Permission)
		if who == "" {
			who = "public (" + route.PublicReason + ")"
		}
		if _, err := fmt.Fprintf(w, "%-6s %-60s %-40s %s\n", route.Method, route.Path, who, route.Handler); err != nil {
			return err
		}
	}
	return nil
}
