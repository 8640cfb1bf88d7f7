package demo_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/demo"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/verify"
)

// small is enough for one of each good and a full round of fates.
var small = demo.Scale{Products: 100, Customers: 6, Orders: 120, Months: 3}

func fill(t *testing.T, pool *pgxpool.Pool) (*apptest.App, demo.Market) {
	t.Helper()
	a := apptest.New(t, pool)
	made, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: small})
	if err != nil {
		t.Fatal(err)
	}
	return a, made
}

func TestFillMakesASoundMarketOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	defaults := stamps(t, pool)
	a, made := fill(t, pool)

	report, err := verify.Run(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK {
		t.Errorf("the demo breaks rules of the shop: %+v", report.Violations)
	}
	if made.Vendors != 6 || made.Products != 100 || made.Customers != 6 || made.Orders < 100 {
		t.Errorf("made %+v", made)
	}
	if diff := cmp.Diff(defaults, stamps(t, pool)); diff != "" {
		t.Errorf("the schema is not as it was (-before +after):\n%s", diff)
	}
	for table, want := range map[string][]string{
		"vendors":  {"active", "pending", "suspended"},
		"products": {"active", "archived", "draft", "pending_review", "rejected"},
	} {
		got := column(t, pool, `SELECT DISTINCT status FROM `+table+` ORDER BY 1`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statuses of %s (-want +got):\n%s", table, diff)
		}
	}
	listed := count(t, pool, `SELECT count(*) FROM listings`)
	forSale := count(t, pool, `SELECT count(*) FROM products p JOIN vendors v ON v.id = p.vendor_id WHERE p.status = 'active' AND v.status = 'active'`)
	if listed == 0 || listed != forSale {
		t.Errorf("%d listings of %d products", listed, forSale)
	}

	before := rows(t, pool)
	again, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: small})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, again); diff != "" {
		t.Errorf("the second fill tells another story:\n%s", diff)
	}
	if diff := cmp.Diff(before, rows(t, pool)); diff != "" {
		t.Errorf("the second fill wrote:\n%s", diff)
	}
}

func TestOrdersLieInThePastAndMoveForward(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a, _ := fill(t, pool)
	for what, sql := range map[string]string{
		"placed over less than two months": `
			SELECT 1 FROM orders HAVING max(placed_at) - min(placed_at) < interval '60 days'`,
		"steps out of order": `
			SELECT subject FROM (SELECT subject, at, lag(at) OVER (PARTITION BY subject ORDER BY version) AS before FROM events WHERE version IS NOT NULL) e WHERE at < before`,
		"placed at another time than its first step": `
			SELECT o.id FROM orders o JOIN events e ON e.subject = o.id AND e.version = 1 WHERE e.at <> o.placed_at`,
		"changed at another time than its last step": `
			SELECT o.id FROM orders o JOIN events e ON e.subject = o.id AND e.version = o.version WHERE e.at <> o.updated_at`,
		"delivered before it was shipped": `
			SELECT id FROM shipments WHERE delivered_at <= shipped_at`,
		"money before the delivery": `
			SELECT p.id FROM payment_events p JOIN payments m ON m.id = p.payment_id JOIN orders o ON o.id = m.order_id WHERE p.kind = 'capture' AND p.at <= o.placed_at`,
		"booked at another time than it was paid": `
			SELECT l.id FROM ledger_txns l JOIN payment_events p ON p.id = l.ref_id WHERE p.at <> l.at`,
		"bought before it was for sale": `
			SELECT o.id FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id WHERE o.placed_at < p.created_at`,
		"shipped, but without a movement that day": `
			SELECT s.id FROM shipments s JOIN shipment_lines i ON i.shipment_id = s.id
			WHERE NOT EXISTS (SELECT FROM stock_movements m WHERE m.ref = i.order_line_id AND m.at = s.shipped_at)`,
		"in the future": `
			SELECT id FROM events WHERE at > now()`,
	} {
		if got := column(t, pool, `SELECT count(*)::text FROM (`+sql+`) AS wrong`); got[0] != "0" {
			t.Errorf("%s orders are %s", got[0], what)
		}
	}
	statuses := column(t, pool, `SELECT DISTINCT status FROM orders ORDER BY 1`)
	for _, want := range []string{"cancelled", "confirmed", "delivered"} {
		if !strings.Contains(strings.Join(statuses, " "), want) {
			t.Errorf("no order is %s: %v", want, statuses)
		}
	}
	if a.Time.Now().Before(time.Now().Add(-time.Hour)) {
		t.Error("the shop's own clock was turned")
	}
}

func TestLoginsWorkAndStay(t *testing.T) {
	t.Parallel()
	a, _ := fill(t, pgtest.DB(t))
	logins := demo.Logins(a.Keys)
	if diff := cmp.Diff(logins, demo.Logins(a.Keys)); diff != "" {
		t.Errorf("the logins change:\n%s", diff)
	}
	seen := map[string]bool{}
	for _, l := range logins {
		if seen[l.Password] {
			t.Errorf("%s shares a password", l.Email)
		}
		seen[l.Password] = true
		in, err := a.Accounts.Login(t.Context(), l.Email, l.Password, accounts.Client{})
		if err != nil {
			t.Errorf("%s: %v", l.Email, err)
			continue
		}
		if in.User.Email != l.Email {
			t.Errorf("%s signed in as %s", l.Email, in.User.Email)
		}
	}
	if _, err := a.Accounts.Login(t.Context(), demo.AdminEmail, "2345-6789-abcd-efgh", accounts.Client{}); !errors.Is(err, accounts.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestPicturesAreStored(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	var file bytes.Buffer
	square := image.NewRGBA(image.Rect(0, 0, 8, 8))
	square.Set(4, 4, color.White)
	if err := png.Encode(&file, square); err != nil {
		t.Fatal(err)
	}
	pictures := fstest.MapFS{}
	for _, name := range demo.Pictures() {
		pictures[name+".webp"] = &fstest.MapFile{Data: file.Bytes()}
	}
	scale := demo.Scale{Products: 12, Customers: 1, Orders: 0, Months: 1}
	if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: scale, Pictures: pictures}); err != nil {
		t.Fatal(err)
	}
	for _, key := range column(t, pool, `SELECT 'media/' || blob_key || '-480.jpg' FROM media`) {
		if there, err := a.Blobs.Exists(t.Context(), key); !there {
			t.Errorf("%s is not stored (%v)", key, err)
		}
	}
	if n := count(t, pool, `SELECT count(DISTINCT blob_key) FROM media WHERE state = 'ready'`); n != 12 {
		t.Errorf("%d pictures of 12 products", n)
	}
}

func TestFillLeavesAnotherShopAlone(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	a.InTx(t, func(tx pgx.Tx) error {
		_, err := a.Accounts.CreateAdmin(t.Context(), tx, "owner@example.com", "correct horse battery staple")
		return err
	})
	before := rows(t, pool)
	if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: small}); !errors.Is(err, demo.ErrOtherShop) {
		t.Errorf("filled somebody's shop: %v", err)
	}
	if diff := cmp.Diff(before, rows(t, pool)); diff != "" {
		t.Errorf("wrote into somebody's shop:\n%s", diff)
	}
}

// A fill that breaks off has never been: nothing is left, neither rows nor the
// demo's clock, and the next one succeeds.
func TestABrokenFillLeavesNothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	before, defaults := rows(t, pool), stamps(t, pool)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	broken := demo.Options{Scale: small, Progress: func(_ string, done, _ int64) {
		if done == 20 {
			cancel()
		}
	}}
	if _, err := demo.Fill(ctx, a.App, broken); err == nil {
		t.Fatal("the fill was not broken off")
	}
	if diff := cmp.Diff(before, rows(t, pool)); diff != "" {
		t.Errorf("a broken fill left something:\n%s", diff)
	}
	if diff := cmp.Diff(defaults, stamps(t, pool)); diff != "" {
		t.Errorf("a broken fill left its clock:\n%s", diff)
	}
	if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: small}); err != nil {
		t.Errorf("the next fill: %v", err)
	}
}

func column(t *testing.T, db postgres.DB, sql string) []string {
	t.Helper()
	list, err := postgres.Column[string](t.Context(), db, sql, nil)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

func count(t *testing.T, db postgres.DB, sql string) int64 {
	t.Helper()
	n, err := postgres.Scalar[int64](t.Context(), db, sql, nil)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// rows counts what is in each table.
func rows(t *testing.T, db postgres.DB) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, table := range column(t, db, `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`) {
		counts[table] = count(t, db, `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize())
	}
	return counts
}

// stamps is every default of the schema, and what schemas there are.
func stamps(t *testing.T, db postgres.DB) []string {
	t.Helper()
	return column(t, db, `
		SELECT adrelid::regclass || '.' || adnum || ' ' || pg_get_expr(adbin, adrelid) AS what FROM pg_attrdef
		UNION SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1`)
}
