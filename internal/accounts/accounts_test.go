package accounts

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/mfa"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

const (
	goodPassword  = "seven purple lanterns"
	otherPassword = "quiet harbour mosaic 42"
)

var (
	home = Client{Address: netip.MustParseAddr("192.0.2.1"), UserAgent: "Browser/1"}
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

// open gives a shop whose clock stands still.
func open(t *testing.T, db postgres.DB) (*Users, *clock.Manual) {
	t.Helper()
	at := clock.At(noon)
	grants := &auth.Grants{}
	grants.Declare(Permissions()...)
	keys := vault.New(make([]byte, 32))
	u := &Users{DB: db, Clock: at, Grants: grants, Issuer: "https://shop.example", ShopName: "Souk", Vault: keys, MailKey: []byte("of a test")}
	u.MFA = &mfa.Factors{DB: db, Clock: at, Vault: keys, Origin: u.Issuer, ShopName: u.ShopName, Label: u.Label}
	u.DropIdentities = func(context.Context, pgx.Tx, id.User) error { return nil } // idp is to the right
	return u, at
}

// register signs ann up, or whoever is named.
func register(t *testing.T, u *Users, name string) SignIn {
	t.Helper()
	in, err := u.Register(t.Context(), Registration{Username: name, Email: name + "@example.com", Password: goodPassword}, home)
	if err != nil {
		t.Fatalf("register %s: %v", name, err)
	}
	return in
}

// change runs fn in a transaction of its own.
func change(t *testing.T, u *Users, fn func(tx pgx.Tx) error) {
	t.Helper()
	if err := postgres.InTx(t.Context(), u.DB, fn); err != nil {
		t.Fatal(err)
	}
}

func makeAdmin(t *testing.T, u *Users, user id.User) {
	t.Helper()
	change(t, u, func(tx pgx.Tx) error { return Grant(t.Context(), tx, user, auth.RoleAdmin) })
}

func raised(t *testing.T, u *Users, event string) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), u.DB, `SELECT count(*)::int FROM events WHERE name = @name`, pgx.NamedArgs{"name": event})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// door is the shop behind its HTTP API.
type door struct {
	*Users
	clock   *clock.Manual
	handler http.Handler
}

func serve(t *testing.T) *door {
	t.Helper()
	tx := pgtest.Tx(t)
	u, at := open(t, tx)
	r := httpapi.New(httpapi.Config{
		DB: tx, BaseURL: u.Issuer, LimitsOff: true, Clock: at, CursorKey: []byte("0123456789abcdef"),
		Authenticate: func(ctx context.Context, req *http.Request) (auth.Actor, error) {
			token := auth.Bearer(req.Header.Get("Authorization"))
			if token == "" {
				return auth.Actor{}, nil
			}
			return u.Authenticate(ctx, token)
		},
	})
	u.Routes(r)
	return &door{u, at, r.Handler()}
}

type answer struct {
	Status int
	Header http.Header
	Body   string
}

// call makes a request as whoever has the token; headers are name, value.
func (d *door) call(t *testing.T, token, method, path, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, req)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{w.Code, w.Header(), string(b)}
}

// want fails unless the answer has a status and contains every text.
func (a answer) want(t *testing.T, status int, contains ...string) answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	for _, text := range contains {
		if !strings.Contains(a.Body, text) {
			t.Errorf("answer lacks %s: %s", text, a.Body)
		}
	}
	return a
}

func read[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		t.Fatalf("read %s: %v", a.Body, err)
	}
	return v
}
