package httpapi_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func (d *door) count(t *testing.T, table string) int64 {
	t.Helper()
	n, err := postgres.Scalar[int64](t.Context(), d.db, `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestIdempotencyReplay(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/cups", "/api/v1/auth/hash"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			d := withDB(t)
			first := d.call(t, "POST", path, `{"name":"a"}`, "Idempotency-Key", "k1")
			again := d.call(t, "POST", path, `{"name":"a"}`, "Idempotency-Key", "k1")
			if first.StatusCode > 201 || again.StatusCode != first.StatusCode || again.body != first.body {
				t.Fatalf("first %d %s, again %d %s", first.StatusCode, first.body, again.StatusCode, again.body)
			}
			if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("replayed: first %q, again %q", first.Header.Get("Idempotent-Replayed"), again.Header.Get("Idempotent-Replayed"))
			}
			if d.runs != 1 {
				t.Errorf("the handler ran %d times", d.runs)
			}
			other := d.call(t, "POST", path, `{"name":"b"}`, "Idempotency-Key", "k1")
			if p := other.problem(t); p.Status != 422 || p.Code != "idempotency_conflict" {
				t.Errorf("other body: %d %s", p.Status, p.Code)
			}
			anna := d.call(t, "POST", path, `{"name":"b"}`, "Idempotency-Key", "k1", "Authorization", "Bearer anna")
			bert := d.call(t, "POST", path, `{"name":"c"}`, "Idempotency-Key", "k1", "Authorization", "Bearer bert")
			if anna.StatusCode != first.StatusCode || bert.StatusCode != first.StatusCode {
				t.Errorf("another user's key is not independent: %d %d", anna.StatusCode, bert.StatusCode)
			}
			if d.runs != 3 {
				t.Errorf("the handler ran %d times, want 3", d.runs)
			}
		})
	}
}

// A refusal is not stored, and nothing of the refused work is left.
func TestIdempotencyRefusalLeavesNothing(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	for _, name := range []string{"refused", "broken", "panic"} {
		for range 2 {
			a := d.call(t, "POST", "/api/v1/cups", `{"name":"`+name+`"}`, "Idempotency-Key", name)
			if a.StatusCode < 400 || a.Header.Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
			}
		}
	}
	d.call(t, "POST", "/api/v1/auth/hash", `{"name":"refused"}`, "Idempotency-Key", "refused")
	if d.runs != 7 || d.count(t, "cups") != 0 || d.count(t, "idempotency_keys") != 0 {
		t.Errorf("%d runs left %d cups and %d keys", d.runs, d.count(t, "cups"), d.count(t, "idempotency_keys"))
	}
	again := d.call(t, "POST", "/api/v1/auth/hash", `{"name":"fine"}`, "Idempotency-Key", "refused")
	if again.StatusCode != 200 {
		t.Errorf("the key of a refused action is lost: %s", again.body)
	}
}

func TestIdempotencyInProgress(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/cups", "/api/v1/auth/hash"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			d := withDB(t)
			var first answer
			var wg sync.WaitGroup
			wg.Go(func() { first = d.call(t, "POST", path, `{"name":"slow"}`, "Idempotency-Key", "k") })
			<-d.entered // the first holds the key, in a transaction that is open
			for _, body := range []string{`{"name":"slow"}`} {
				a := d.call(t, "POST", path, body, "Idempotency-Key", "k")
				if p := a.problem(t); p.Status != 409 || p.Code != "idempotency_in_progress" {
					t.Errorf("while running: %d %s", p.Status, p.Code)
				}
			}
			free := d.call(t, "POST", path, `{"name":"b"}`, "Idempotency-Key", "other")
			if free.StatusCode > 201 {
				t.Errorf("another key waits: %s", free.body)
			}
			close(d.proceed)
			wg.Wait()
			again := d.call(t, "POST", path, `{"name":"slow"}`, "Idempotency-Key", "k")
			if first.StatusCode > 201 || again.body != first.body || again.Header.Get("Idempotent-Replayed") != "true" || d.runs != 2 {
				t.Errorf("after: first %d, again %d %s, %d runs", first.StatusCode, again.StatusCode, again.body, d.runs)
			}
		})
	}
}

// A claim that a dead process left is taken over after a minute, not before.
func TestIdempotencyClaimOfTheDead(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	first := d.call(t, "POST", "/api/v1/auth/hash", `{"name":"a"}`, "Idempotency-Key", "k")
	if first.StatusCode != 200 {
		t.Fatal(first.body)
	}
	if _, err := d.db.Exec(t.Context(), `UPDATE idempotency_keys SET status = 0, response = ''`); err != nil {
		t.Fatal(err)
	}
	if a := d.call(t, "POST", "/api/v1/auth/hash", `{"name":"a"}`, "Idempotency-Key", "k"); a.StatusCode != 409 {
		t.Errorf("a fresh claim: %d %s", a.StatusCode, a.body)
	}
	if _, err := d.db.Exec(t.Context(), `UPDATE idempotency_keys SET created_at = now() - interval '61 seconds'`); err != nil {
		t.Fatal(err)
	}
	if a := d.call(t, "POST", "/api/v1/auth/hash", `{"name":"a"}`, "Idempotency-Key", "k"); a.StatusCode != 200 || d.runs != 2 {
		t.Errorf("an old claim: %d %s, %d runs", a.StatusCode, a.body, d.runs)
	}
}

// Answers that hold tokens are kept nowhere.
func TestIdempotencyNeverStored(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	for range 2 {
		if a := d.call(t, "POST", "/api/v1/auth/login", `{"name":"a"}`, "Idempotency-Key", "k"); a.StatusCode != 200 {
			t.Fatal(a.body)
		}
	}
	if d.runs != 2 || d.count(t, "idempotency_keys") != 0 {
		t.Errorf("%d runs, %d keys", d.runs, d.count(t, "idempotency_keys"))
	}
}

// Two calls at once under one key: one runs.
func TestIdempotencyRace(t *testing.T) {
	t.Parallel()
	d := withDB(t)
	var wg sync.WaitGroup
	answers := make([]answer, 16)
	for i := range answers {
		wg.Go(func() {
			answers[i] = d.call(t, "POST", "/api/v1/orders", `{"name":"a"}`, "Idempotency-Key", "k")
		})
	}
	wg.Wait()
	body := ""
	for _, a := range answers {
		switch {
		case a.StatusCode == 409:
		case a.StatusCode == 201 && (body == "" || a.body == body):
			body = a.body
		default:
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if body == "" || d.count(t, "cups") != 1 {
		t.Errorf("%d cups", d.count(t, "cups"))
	}
}

func TestSweepIdempotencyKeys(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	for key, age := range map[string]string{"new": "0", "day": "25 hours", "old": "49 hours", "older": "90 days"} {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO idempotency_keys (principal, operation, key, request_hash, status, response, created_at)
			VALUES ('guest', 'create-order', $1, '', 201, '', now() - $2::interval)`, key, age)
		if err != nil {
			t.Fatal(err)
		}
	}
	n, err := httpapi.SweepIdempotencyKeys(context.WithoutCancel(t.Context()), tx)
	if err != nil || n != 2 {
		t.Fatalf("swept %d, %v", n, err)
	}
	left, err := postgres.Column[string](t.Context(), tx, `SELECT key FROM idempotency_keys ORDER BY key`, nil)
	if err != nil || strings.Join(left, " ") != "day new" {
		t.Fatalf("left %v, %v", left, err)
	}
}

// A guest's new cart is a secret: the same key and body from another address
// make another one.
func TestIdempotencyOfGuests(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	makeCups(t, pool)
	r := demo(httpapi.Config{DB: pool})
	ask := func(path, peer string) string {
		req := httptest.NewRequest("POST", path, strings.NewReader(`{"name":"a"}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "1")
		req.RemoteAddr = peer + ":1"
		w := alone(r, req)
		if w.Code != 201 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Body.String()
	}
	first := ask("/api/v1/cups", "203.0.113.1")
	if ask("/api/v1/cups", "203.0.113.2") == first {
		t.Error("two guests share an answer")
	}
	if ask("/api/v1/cups", "203.0.113.1") != first {
		t.Error("one guest does not get the same answer")
	}
	if ask("/api/v1/orders", "203.0.113.1") != ask("/api/v1/orders", "203.0.113.2") {
		t.Error("who holds the secret may not change networks")
	}
}
