package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app"
	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/redis"
	"souk/internal/platform/redis/redistest"
)

// Every part that can be ill is found when it is, with what to do about it; the
// shop serves all the same.
func TestExamine(t *testing.T) {
	pool := pgtest.DB(t)
	a := apptest.New(t, pool, apptest.Limited())
	a.Pool = pool
	server := redistest.Start(t)
	client, err := redis.Open(server.URL, clock.System{}, a.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	a.Redis = client
	state := func(part string) app.State {
		t.Helper()
		findings := a.Examine(t.Context(), &app.Database{Origin: "of a test"})
		i := slices.IndexFunc(findings, func(f app.Finding) bool { return f.What == part })
		if i < 0 {
			t.Fatalf("nobody looked at %s: %v", part, findings)
		}
		if f := findings[i]; f.State != app.Well && (f.Remedy == "" || f.Detail == "") {
			t.Errorf("%s: %v tells nobody what to do", part, f)
		}
		return findings[i].State
	}
	want := func(part string, want app.State) {
		t.Helper()
		if got := state(part); got != want {
			t.Errorf("%s is %s, want %s", part, got, want)
		}
	}
	for _, part := range []string{"Schema", "Redis", "Row security", "Event log", "Search", "Jobs", "Settings", "Invariants"} {
		want(part, app.Well)
	}
	want("PostgreSQL", app.Warning) // tests wait for no disk
	want("Mail", app.Warning)
	want("Administrator", app.Warning)

	want("Second factors", app.Warning)
	a.InTx(t, func(tx pgx.Tx) error {
		return a.Settings.Set(t.Context(), tx, map[string]json.RawMessage{accounts.RequireMFASetting.Key: []byte(`"staff"`)})
	})
	want("Second factors", app.Well)

	server.Kill()
	want("Redis", app.Warning)
	a.Config.RateLimits = "off"
	want("Settings", app.Warning)
	a.User(t, "boss", auth.RoleAdmin)
	want("Administrator", app.Well)
	spoil := func(sql string) {
		t.Helper()
		a.InTx(t, func(tx pgx.Tx) error { _, err := postgres.Exec(t.Context(), tx, sql, nil); return err })
	}
	spoil(`INSERT INTO search_nodes (id, host, documents, segments, size, lag_seconds, built_at) VALUES (gen_random_uuid(), 'slow', 0, 0, 0, 45, now())`)
	want("Search", app.Warning)
	want("Letterheads", app.Well)
	smith := a.Owner(t, "smith")
	sold := a.PlacedOrder(t, "", 1, a.Variant(t, apptest.By(smith)))
	a.Call(t, "smith", "POST", "/vendor/orders/"+sold.Order.ID.String()+"/shipments", parcel).Want(t, 201)
	if err := a.Invoices.Follow(t.Context(), sold.Order.ID); err != nil {
		t.Fatal(err)
	}
	want("Letterheads", app.Warning)
	a.Call(t, "smith", "PUT", "/vendor/letterhead", letterhead).Want(t, 200)
	want("Letterheads", app.Well)
	a.Variant(t, apptest.Stock(3))
	spoil(`UPDATE stock_levels SET reserved = 2`)
	want("Invariants", app.Sick)
	spoil(`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	want("Schema", app.Sick)
}

// What is said of search and of jobs are the figures of the shop: of nodes that
// answer, of what cannot be listed, of how late things are, of work that waits.
func TestExamineCounts(t *testing.T) {
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	a.Pool = pool
	want := func(part string, state app.State, detail string) {
		t.Helper()
		findings := a.Examine(t.Context(), &app.Database{Origin: "of a test"})
		i := slices.IndexFunc(findings, func(f app.Finding) bool { return f.What == part })
		if i < 0 || findings[i].State != state || !strings.HasPrefix(findings[i].Detail, detail) {
			t.Errorf("%s: want %s, %s: %+v", part, state, detail, findings)
		}
	}
	exec := func(sql string, args pgx.NamedArgs) {
		t.Helper()
		a.InTx(t, func(tx pgx.Tx) error { _, err := postgres.Exec(t.Context(), tx, sql, args); return err })
	}
	want("Jobs", app.Well, "0 waiting")
	exec(`INSERT INTO river_job (kind, args, max_attempts, state, finalized_at)
		SELECT 'test', '{}', 1, state::river_job_state, CASE WHEN state = 'completed' THEN now() END
		FROM unnest(ARRAY['available', 'available', 'retryable', 'running', 'scheduled', 'completed']) AS state`, nil)
	want("Jobs", app.Well, "3 waiting")
	exec(`INSERT INTO river_job (kind, args, max_attempts, state, finalized_at) SELECT 'test', '{}', 1, 'discarded', now() FROM generate_series(1, 2)`, nil)
	want("Jobs", app.Warning, "3 waiting, 2 given up")

	mug, lamp := a.Product(t), a.Product(t)
	a.Refresh(t, mug.ID, lamp.ID)
	want("Search", app.Well, "2 products listed; nodes that answer: 0")
	built := a.Clock.Now().UTC()
	const node = `INSERT INTO search_nodes (id, host, documents, segments, size, lag_seconds, built_at, seen_at)
		VALUES (gen_random_uuid(), @host, 2, 1, @size, @lag, @built, now() - @silent * interval '1 minute')`
	exec(node, pgx.NamedArgs{"host": "one", "size": 3 << 19, "lag": 30, "built": built, "silent": 0})
	exec(node, pgx.NamedArgs{"host": "gone", "size": 1, "lag": 900, "built": built, "silent": 2})
	want("Search", app.Well, "2 products listed; nodes that answer: 1; one: 1.5 MB, built "+built.Format(time.DateTime))
	exec(`INSERT INTO listings_refused (product_id, problem) VALUES (@product, 'too long')`, pgx.NamedArgs{"product": mug.ID})
	want("Search", app.Warning, "1 products cannot be listed, such as "+mug.ID.String()+": too long")
	exec(node, pgx.NamedArgs{"host": "two", "size": 1, "lag": 45, "built": built, "silent": 0})
	want("Search", app.Warning, "the index on two is 45s behind")
	exec(`ALTER TABLE events DISABLE TRIGGER USER`, nil) // nobody else could make the log old
	exec(`UPDATE events SET at = now() - interval '90 minutes'`, nil)
	want("Search", app.Warning, "listings are 1h3")
	want("Event log", app.Warning, "the relay is 1h3")
}
