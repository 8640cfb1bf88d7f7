package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// The demo shop sells cups: just enough to knock at every part of the door.

const (
	canRead auth.Permission = "cups.read"
	canEdit auth.Permission = "cups.edit"
)

var errNoCup = errs.New(errs.NotFound, "not_found", "There is no such thing here.")

type cup struct {
	ID      id.Product `json:"id" db:"id"`
	Name    string     `json:"name" db:"name"`
	Version int64      `json:"-" db:"version"`
}

func (c cup) ETag() string { return httpapi.VersionTag(c.Version) }

type shop struct {
	db      postgres.DB
	cursors httpapi.Cursors
	entered chan struct{} // a slow write says that it has begun
	proceed chan struct{} // and waits here
	runs    int
}

type cupID struct {
	ID id.Product `path:"id"`
}

type listInput struct {
	httpapi.Page
	httpapi.DynamicQuery
	Sort     string   `query:"sort" enum:"name,-name"`
	Status   []string `query:"status" enum:"new,used"`
	MinPrice int64    `query:"price[gte]" minimum:"0"`
	Q        string   `query:"q" maxLength:"100"`
}

type cupList struct {
	httpapi.List[cup]
	Attributes map[string]string `json:"attributes"`
	MinPrice   int64             `json:"min_price"`
	Status     []string          `json:"status"`
}

func (s *shop) list(ctx context.Context, in *listInput) (cupList, error) {
	var after string
	if err := s.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return cupList{}, err
	}
	rows := []cup{}
	for _, name := range []string{"a", "b", "c", "d"} {
		if name > after && len(rows) <= in.Limit && in.Q == "" {
			rows = append(rows, cup{Name: name})
		}
	}
	out := cupList{Attributes: map[string]string{}, MinPrice: in.MinPrice, Status: in.Status}
	out.List = httpapi.ListOf(s.cursors, httpapi.Scope(ctx), rows, in.Limit, func(c cup) any { return c.Name })
	for name, values := range in.Values() {
		out.Attributes[name] = values[0]
	}
	return out, nil
}

func (s *shop) show(ctx context.Context, in *cupID) (cup, error) {
	c, err := postgres.Get[cup](ctx, s.db, `SELECT id, name, version FROM cups WHERE id = @id`, pgx.NamedArgs{"id": in.ID})
	if errors.Is(err, postgres.ErrNoRow) {
		return c, errNoCup
	}
	return c, err
}

type newCup struct {
	Body struct {
		Name     string            `json:"name" minLength:"1" maxLength:"20"`
		Quantity int32             `json:"quantity,omitempty" minimum:"0" maximum:"1000000"`
		Note     *string           `json:"note,omitempty" nullable:"true"`
		Friend   id.Product        `json:"friend,omitzero"`
		Items    []item            `json:"items,omitempty" maxItems:"20000"`
		Labels   map[string]string `json:"labels,omitempty"`
	}
}

type item struct {
	Quantity int   `json:"quantity" minimum:"1"`
	Shelf    int32 `json:"shelf,omitempty"`
}

func (s *shop) create(ctx context.Context, tx pgx.Tx, in *newCup) (cup, error) {
	c := cup{ID: id.New[id.Product](), Name: in.Body.Name, Version: 1}
	_, err := postgres.Exec(ctx, tx, `INSERT INTO cups (id, name, version) VALUES (@id, @name, 1)`, pgx.NamedArgs{"id": c.ID, "name": c.Name})
	s.runs++
	switch c.Name {
	case "refused":
		return c, errs.New(errs.Conflict, "sold_out", "There is not enough stock left.").With("available_quantity", 3).With("status", "not mine")
	case "broken":
		return c, errors.New("secret dsn")
	case "slow":
		s.entered <- struct{}{}
		<-s.proceed
	case "panic":
		panic("oh no")
	}
	return c, err
}

type editCup struct {
	httpapi.IfMatch
	ID   id.Product `path:"id"`
	Body struct {
		Name string `json:"name"`
	}
}

func (s *shop) edit(ctx context.Context, tx pgx.Tx, in *editCup) (cup, error) {
	version, err := in.Version()
	if err != nil {
		return cup{}, err
	}
	rows, err := tx.Query(ctx, `UPDATE cups SET name = @name, version = version + 1 WHERE id = @id AND version = @version RETURNING id, name, version`,
		pgx.NamedArgs{"id": in.ID, "name": in.Body.Name, "version": version})
	if err != nil {
		return cup{}, err
	}
	c, err := postgres.One[cup](rows)
	if errors.Is(err, postgres.ErrNoRow) {
		return c, httpapi.ErrPreconditionFailed
	}
	return c, err
}

func (s *shop) remove(ctx context.Context, tx pgx.Tx, in *cupID) (httpapi.Empty, error) {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM cups WHERE id = @id`, pgx.NamedArgs{"id": in.ID})
	return httpapi.Empty{}, err
}

func (s *shop) hash(_ context.Context, in *newCup) (cup, error) {
	s.runs++
	switch in.Body.Name {
	case "refused":
		return cup{}, errs.New(errs.Conflict, "sold_out", "There is not enough stock left.")
	case "slow":
		s.entered <- struct{}{}
		<-s.proceed
	}
	return cup{Name: in.Body.Name}, nil
}

func (s *shop) stored(context.Context, *struct{}) (httpapi.Stored, error) {
	return httpapi.Stored{Bytes: []byte(`{"name":"stored"}`), Tag: `"abc"`, MaxAge: time.Minute}, nil
}

func (s *shop) fails(context.Context, *struct{}) (cup, error) { return cup{}, errors.New("secret dsn") }

func (s *shop) panics(context.Context, *struct{}) (cup, error) { panic("oh no") }

func (s *shop) file(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.PathValue("name") == "none" {
		return errNoCup
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = w.Write(append([]byte("file "), body...))
	return err
}

func (s *shop) stream(ctx context.Context, in *struct {
	Fail bool `query:"fail"`
}, events *httpapi.SSE,
) error {
	if in.Fail {
		return errNoCup
	}
	if err := events.Send("7", "cup.made", map[string]string{"name": "a\nb", "last": events.LastEventID}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (s *shop) Routes(r *httpapi.Router) {
	s.cursors = r.Cursors
	httpapi.Get(r, "/api/v1/cups", s.list, httpapi.Public("a shop window"), httpapi.QueryPrefix("attr["))
	httpapi.Get(r, "/api/v1/cups/{id}", s.show, httpapi.Public("a shop window"))
	httpapi.Post(r, "/api/v1/cups", s.create, httpapi.Public("a demo"), httpapi.Status(201), httpapi.BodyLimit(1<<20), httpapi.Limit(httpapi.LimitNone))
	httpapi.Post(r, "/api/v1/orders", s.create, httpapi.Public("a demo"), httpapi.RequireIdempotencyKey(), httpapi.Status(201), httpapi.BodyLimit(1024))
	httpapi.Patch(r, "/api/v1/admin/cups/{id}", s.edit, httpapi.Needs(canEdit), httpapi.Describe("Edits a cup."))
	httpapi.Delete(r, "/api/v1/admin/cups/{id}", s.remove, httpapi.Needs(canEdit))
	httpapi.Get(r, "/api/v1/admin/cups/{id}", s.show, httpapi.Needs(canRead))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/hash", s.hash, httpapi.Public("a demo"))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/login", s.hash, httpapi.Public("a demo"), httpapi.NeverStored())
	httpapi.Get(r, "/api/v1/stored", s.stored, httpapi.Public("a shop window"), httpapi.Returns[cup]())
	httpapi.Get(r, "/api/v1/fails", s.fails, httpapi.Public("a demo"))
	httpapi.Get(r, "/api/v1/panics", s.panics, httpapi.Public("a demo"))
	httpapi.Get(r, "/api/v1/coupons", s.stored, httpapi.Public("a demo"), httpapi.Limit(httpapi.LimitCoupon))
	httpapi.Raw(r, http.MethodPost, "/api/v1/files/{name}", s.file, httpapi.Public("a demo"), httpapi.BodyLimit(100), httpapi.Produces("text/plain"), httpapi.QueryParam("page", "which page"))
	httpapi.Stream(r, "/api/v1/events", s.stream, httpapi.Public("a demo"))
}

// authenticate knows three tokens.
func authenticate(_ context.Context, r *http.Request) (auth.Actor, error) {
	switch token := auth.Bearer(r.Header.Get("Authorization")); token {
	case "":
		return auth.Actor{}, nil
	case "anna", "bert":
		user := id.User{15: token[0]}
		return auth.Actor{User: user}, nil
	case "staff":
		return auth.Actor{User: id.User{15: 's'}, Permissions: map[auth.Permission]bool{canRead: true, canEdit: true}}, nil
	}
	return auth.Actor{}, auth.ErrUnauthenticated
}

type door struct {
	*shop
	url    string
	router *httpapi.Router
	logs   *logBook
	stop   context.CancelFunc
	ended  chan error
}

// open serves the demo on a real socket with the real server.
func open(t *testing.T, change func(*httpapi.Config)) *door {
	t.Helper()
	d := &door{shop: &shop{entered: make(chan struct{}), proceed: make(chan struct{})}, logs: &logBook{}, ended: make(chan error, 1)}
	config := httpapi.Config{
		BaseURL: "https://shop.example", CORSOrigins: []string{"https://app.example"}, LimitsOff: true,
		CursorKey: []byte("0123456789abcdef"), Authenticate: authenticate, AccessLog: true,
		Logger: slog.New(slog.NewJSONHandler(d.logs, nil)), Clock: clock.System{},
	}
	if change != nil {
		change(&config)
	}
	d.db = config.DB
	d.router = httpapi.New(config)
	d.Routes(d.router)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://" + ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	d.stop = cancel
	go func() { d.ended <- httpapi.Serve(ctx, ln, d.router.Handler()) }()
	t.Cleanup(func() { cancel(); http.DefaultClient.CloseIdleConnections() })
	return d
}

// withDB opens the demo on a database of its own.
func withDB(t *testing.T) *door {
	t.Helper()
	pool := pgtest.DB(t)
	makeCups(t, pool)
	return open(t, func(c *httpapi.Config) { c.DB = pool })
}

func makeCups(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `CREATE TABLE cups (id uuid PRIMARY KEY, name text NOT NULL, version bigint NOT NULL)`); err != nil {
		t.Fatal(err)
	}
}

type answer struct {
	*http.Response
	body string
}

// call makes a request; headers are name, value, name, value.
func (d *door) call(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := noRedirects.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read body: %v", method, path, err)
	}
	return answer{resp, string(b)}
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// problem is what the tests look at in a refusal.
type problem struct {
	Type, Title, Detail, Instance, Code string
	Status                              int
	RequestID                           string `json:"request_id"`
	Errors                              []errs.Field
	Available                           int `json:"available_quantity"`
}

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("not a problem: %d %q", a.StatusCode, a.body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	if p.Status != a.StatusCode || p.RequestID == "" || p.RequestID != a.Header.Get("X-Request-Id") || p.Type != "/problems/"+p.Code || p.Title == "" || p.Detail == "" || p.Instance == "" {
		t.Errorf("problem is incomplete: %s", a.body)
	}
	return p
}

// alone answers one request without a server.
func alone(r *httpapi.Router, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	return w
}

func cidrs(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }

// logBook is what the door has logged.
type logBook struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
