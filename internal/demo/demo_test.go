package demo_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
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

// small is enough for one of each good and of each fate.
var small = demo.Scale{Products: 100, Customers: 6, Orders: 110, Months: 3}

// tiny is for tests of what does not depend on how much there is.
var tiny = demo.Scale{Products: 24, Customers: 2, Orders: 12, Months: 1}

// present is when the demos of these tests end, so that they are the same each
// day.
var present = time.Date(2025, 3, 5, 12, 0, 0, 0, time.UTC)

func TestFill(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	defaults := stamps(t, pool)
	today := a.Time.Now()
	a.Time.Advance(present.Sub(today))
	made, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: small})
	if err != nil {
		t.Fatal(err)
	}
	a.Time.Advance(today.Sub(present))
	t.Run("is complete", func(t *testing.T) { isComplete(t, pool, made) })
	t.Run("keeps the rules of the shop", func(t *testing.T) {
		report, err := verify.Run(t.Context(), pool)
		if err != nil || !report.OK {
			t.Errorf("%v, violations: %+v", err, report.Violations)
		}
	})
	t.Run("leaves the schema as it was", func(t *testing.T) {
		if diff := cmp.Diff(defaults, stamps(t, pool)); diff != "" {
			t.Errorf("-before +after:\n%s", diff)
		}
	})
	t.Run("happened in order", func(t *testing.T) { happenedInOrder(t, pool) })
	t.Run("makes logins that work", func(t *testing.T) { loginsWork(t, a) })
	t.Run("happens once", func(t *testing.T) {
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
	})
}

func isComplete(t *testing.T, pool *pgxpool.Pool, made demo.Market) {
	if made.Vendors != 6 || made.Products != 100 || made.Customers != 6 || made.Orders < 90 || made.Variants < 200 {
		t.Errorf("made %+v", made)
	}
	for table, want := range map[string][]string{
		"vendors":     {"active", "pending", "suspended"},
		"products":    {"active", "archived", "draft", "pending_review", "rejected"},
		"payments":    {"authorized", "captured", "voided"},
		"memberships": {"active", "lapsed", "past_due", "paused", "trialing"},
	} {
		got := column(t, pool, `SELECT DISTINCT status FROM `+table+` ORDER BY 1`)
		for _, status := range want {
			if !slices.Contains(got, status) {
				t.Errorf("statuses of %s: %v, and not %s", table, got, status)
			}
		}
	}
	for what, sql := range map[string]string{
		"listings":            `SELECT count(*) FROM listings`,
		"cancelled orders":    `SELECT count(*) FROM orders WHERE status = 'cancelled'`,
		"delivered orders":    `SELECT count(*) FROM orders WHERE status = 'delivered'`,
		"orders on their way": `SELECT count(*) FROM orders WHERE status IN ('confirmed', 'shipped')`,
		"split orders":        `SELECT count(*) FROM (SELECT FROM vendor_orders GROUP BY order_id HAVING count(*) > 1) AS split`,
		"low stock":           `SELECT count(*) FROM stock_levels WHERE on_hand - allocated BETWEEN 1 AND 4`,
		"no stock":            `SELECT count(*) FROM stock_levels WHERE on_hand - allocated = 0`,
		"sales":               `SELECT count(*) FROM prices WHERE compare_at_minor IS NOT NULL AND lowest_30d_minor IS NOT NULL`,
		"saved addresses":     `SELECT count(*) FROM addresses`,
		"reviews":             `SELECT count(*) FROM reviews WHERE status = 'published'`,
		"replies to them":     `SELECT count(*) FROM reviews WHERE reply <> ''`,
		"helpful ones":        `SELECT count(*) FROM reviews WHERE helpful_count > 0`,
		"rated goods":         `SELECT count(*) FROM listings WHERE rating_count > 0`,
		"goods of a type":     `SELECT count(*) FROM products p JOIN product_types t ON t.key = lower(p.kind) JOIN listings l ON l.product_id = p.id`,
		"invoices":            `SELECT count(*) FROM invoices WHERE seller ? 'address' AND seller -> 'address' ->> 'line1' <> ''`,
		"invoices to members": `SELECT count(*) FROM invoices i JOIN vendors v ON v.id = i.vendor_id WHERE v.house`,
		"sold goods":          `SELECT count(*) FROM listings WHERE popularity > 0`,
		"members' savings":    `SELECT count(*) FROM orders WHERE membership_minor > 0`,
		"renewed periods":     `SELECT count(*) FROM membership_periods p JOIN membership_renewals r ON r.order_id = p.order_id`,
	} {
		if count(t, pool, sql) == 0 {
			t.Errorf("there are no %s", what)
		}
	}
	listed := count(t, pool, `SELECT count(*) FROM listings`)
	forSale := count(t, pool, `SELECT count(*) FROM products p JOIN vendors v ON v.id = p.vendor_id WHERE p.status = 'active' AND NOT p.unlisted AND v.status = 'active'`)
	if listed != forSale {
		t.Errorf("%d listings of %d products", listed, forSale)
	}
}

func happenedInOrder(t *testing.T, pool *pgxpool.Pool) {
	for what, sql := range map[string]string{
		"placed over less than two months": `
			SELECT 1 FROM orders HAVING max(placed_at) - min(placed_at) < interval '60 days'`,
		"told out of order": `
			SELECT subject FROM (SELECT subject, at, lag(at) OVER (PARTITION BY subject ORDER BY version) AS before FROM events WHERE version IS NOT NULL) e WHERE at < before`,
		"placed at another time than their first step": `
			SELECT o.id FROM orders o JOIN events e ON e.subject = o.id AND e.version = 1 WHERE e.at <> o.placed_at`,
		"changed at another time than their last step": `
			SELECT o.id FROM orders o JOIN events e ON e.subject = o.id AND e.version = o.version WHERE e.at <> o.updated_at`,
		"delivered before they were shipped": `
			SELECT id FROM shipments WHERE delivered_at <= shipped_at AND kind <> 'digital'`,
		"paid before they were placed": `
			SELECT p.id FROM payment_events p JOIN payments m ON m.id = p.payment_id JOIN orders o ON o.id = m.order_id WHERE p.kind = 'capture' AND p.at <= o.placed_at`,
		"booked at another time than they were paid": `
			SELECT l.id FROM ledger_txns l JOIN payment_events p ON p.id = l.ref_id WHERE p.at <> l.at`,
		"bought before they were for sale": `
			SELECT o.id FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id WHERE o.placed_at < p.created_at`,
		"shipped without a movement at that time": `
			SELECT s.id FROM shipments s JOIN shipment_lines i ON i.shipment_id = s.id JOIN order_lines l ON l.id = i.order_line_id
			WHERE l.tracked AND NOT EXISTS (SELECT FROM stock_movements m WHERE m.ref = i.order_line_id AND m.at = s.shipped_at)`,
		"reviewed before they were delivered": `
			SELECT r.id FROM reviews r WHERE NOT EXISTS (
				SELECT FROM orders o JOIN order_lines l ON l.order_id = o.id AND l.product_id = r.product_id
				JOIN shipment_lines i ON i.order_line_id = l.id JOIN shipments s ON s.id = i.shipment_id
				WHERE o.user_id = r.user_id AND s.delivered_at < r.created_at)`,
		"billed at another time than they left": `
			SELECT i.id FROM invoices i WHERE i.kind = 'invoice' AND NOT i.paid AND NOT EXISTS (
				SELECT FROM shipments s WHERE s.vendor_order_id = i.vendor_order_id AND s.shipped_at = i.issued_at)`,
		"sent and not billed": `
			SELECT s.id FROM shipments s WHERE s.shipped_at IS NOT NULL AND NOT EXISTS (SELECT FROM invoices i WHERE i.vendor_order_id = s.vendor_order_id)`,
		"in the future": `
			SELECT id FROM events WHERE at > '2025-03-05 12:00:00+00' AND name NOT LIKE 'search.%'`,
	} {
		if n := count(t, pool, `SELECT count(*) FROM (`+sql+`) AS wrong`); n != 0 {
			t.Errorf("%d are %s", n, what)
		}
	}
}

func loginsWork(t *testing.T, a *apptest.App) {
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
		in, err := a.Accounts.Login(t.Context(), l.Email, l.Password, "", accounts.Client{})
		if err != nil {
			t.Errorf("%s: %v", l.Email, err)
			continue
		}
		if in.User.Email != l.Email {
			t.Errorf("%s signed in as %s", l.Email, in.User.Email)
		}
	}
	if _, err := a.Accounts.Login(t.Context(), demo.AdminEmail, "2345-6789-abcd-efgh", "", accounts.Client{}); !errors.Is(err, accounts.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
}

// The same seed at the same moment is the same market.
func TestFillFollowsItsSeed(t *testing.T) {
	t.Parallel()
	const story = `
		SELECT placed_at::text || ' ' || email || ' ' || grand_total_minor || ' ' || status FROM orders
		UNION ALL SELECT slug || ' ' || status FROM products ORDER BY 1`
	tell := func(seed uint64) []string {
		pool := pgtest.DB(t)
		a := apptest.New(t, pool)
		a.Time.Advance(present.Sub(a.Time.Now()))
		if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: tiny, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		return column(t, pool, story)
	}
	first := tell(7)
	if diff := cmp.Diff(first, tell(7)); diff != "" {
		t.Errorf("seed 7 twice:\n%s", diff)
	}
	if cmp.Equal(first, tell(8)) {
		t.Error("another seed tells the same story")
	}
}

// A crowd breaks no rule of the shop, can be found, and is as unevenly spread as
// life.
func TestCrowd(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	const products = 400
	told := int64(0)
	if err := demo.Crowd(t.Context(), a.App, products, func(_ string, done, _ int64) { told = done }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Search.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := count(t, pool, `SELECT count(*) FROM listings`); n != products || told != products {
		t.Errorf("%d products are listed, %d were told of", n, told)
	}
	if report, err := verify.Run(t.Context(), pool); err != nil || !report.OK {
		t.Errorf("%v, violations: %+v", err, report.Violations)
	}
	for what, sql := range map[string]string{
		"a hundredth of the categories": `SELECT sum(n) FROM (SELECT count(*) AS n FROM product_categories GROUP BY category_id ORDER BY n DESC LIMIT 18) top`,
		"the first of the colours":      `SELECT max(n) FROM (SELECT count(*) AS n FROM products GROUP BY attributes->>'color') colours`,
		"the first of the vendors":      `SELECT max(n) FROM (SELECT count(*) AS n FROM products GROUP BY vendor_id) vendors`,
	} {
		if n := count(t, pool, sql); n < products/5 || n > products*9/10 {
			t.Errorf("%s has %d of %d products", what, n, products)
		}
	}
	if n := count(t, pool, `SELECT count(DISTINCT attributes->>'color') FROM products`); n != 12 {
		t.Errorf("%d colours", n)
	}
	for what, is := range map[string]struct{ sql, want string }{
		"the bestsellers": {`SELECT string_agg(popularity::text, ' ' ORDER BY popularity DESC) FROM listings WHERE popularity > 0`, "20 10 6 5 4 3 2 2 2 2 1 1 1 1 1 1 1 1 1 1"},
		"that the books show what was sold": {`SELECT (-sum(amount_minor) = (SELECT sum(grand_total_minor) FROM orders))::text
			FROM ledger_entries JOIN ledger_accounts a ON a.id = account_id WHERE kind <> 'psp_clearing'`, "true"},
		"that what sold is reviewed": {`SELECT (max(rating_count) BETWEEN 1 AND 20)::text FROM listings`, "true"},
		"that nobody is written to":  {`SELECT (max(at) < now() - interval '1 day')::text FROM events WHERE name LIKE 'orders.%'`, "true"},
	} {
		if got, err := postgres.Scalar[string](t.Context(), pool, is.sql, nil); err != nil || got != is.want {
			t.Errorf("%s: %s, want %s, %v", what, got, is.want, err)
		}
	}
	refersToWhatIsThere(t, pool)
}

// refersToWhatIsThere lets PostgreSQL check each foreign key anew, as a crowd is
// copied without.
func refersToWhatIsThere(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `
		DO $$
		DECLARE key record;
		BEGIN
			FOR key IN SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'f' LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', key.of, key.name, key.name, key.definition);
			END LOOP;
		END $$`)
	if err != nil {
		t.Errorf("the crowd refers to what is not there: %v", err)
	}
}

func TestPicturesAreStored(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	a := apptest.New(t, pool)
	var file bytes.Buffer
	square := image.NewRGBA(image.Rect(0, 0, 256, 256))
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
	files := column(t, pool, `SELECT 'media/' || blob_key || size FROM media, unnest(ARRAY['-160.jpg', '-480.jpg']) AS size`)
	for _, key := range files {
		if there, err := a.Blobs.Exists(t.Context(), key); !there {
			t.Errorf("%s is not stored (%v)", key, err)
		}
	}
	ann, err := a.Accounts.SetAvatar(t.Context(), a.User(t, "ann").ID, file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, strings.TrimPrefix(ann.AvatarURL, "/"))
	if n := count(t, pool, `SELECT count(DISTINCT blob_key) FROM media WHERE state = 'ready'`); n != 12 {
		t.Errorf("%d pictures of 12 products", n)
	}
	if err := demo.Erase(t.Context(), a.App); err != nil {
		t.Fatal(err)
	}
	for _, key := range files {
		if there, err := a.Blobs.Exists(t.Context(), key); there {
			t.Errorf("%s is left (%v)", key, err)
		}
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
	if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: tiny}); !errors.Is(err, demo.ErrOtherShop) {
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
	broken := demo.Options{Scale: tiny, Progress: func(_ string, done, _ int64) {
		if done == 5 {
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
	if _, err := demo.Fill(t.Context(), a.App, demo.Options{Scale: tiny}); err != nil {
		t.Errorf("the next fill: %v", err)
	}
	if err := demo.Erase(t.Context(), a.App); err != nil {
		t.Fatal(err)
	}
	if empty, err := demo.Empty(t.Context(), pool); err != nil || !empty {
		t.Errorf("erased, and yet there is something (%v)", err)
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
