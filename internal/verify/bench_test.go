package verify

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/platform/postgres"
)

// multiplied are the tables that grow with the shop. Vendors, locations and
// ledger accounts stay, so that their sums must hold over all copies.
var multiplied = []string{
	"users", "sessions", "refresh_tokens", "products", "variants", "variant_components", "prices", "price_history", "listed_products", "listings",
	"product_ratings", "reviews", "review_votes", "review_reports",
	"orders", "carts", "idempotency_keys", "vendor_orders", "order_lines", "order_line_components", "adjustments", "shipments", "shipment_lines",
	"stock_levels", "stock_movements", "reservations", "plans", "memberships", "membership_periods", "promotions", "coupons", "promotion_redemptions", "payments", "payment_events", "ledger_txns", "ledger_entries", "events",
	"digital_files", "licence_keys", "digital_grants", "gift_cards", "gift_card_entries", "store_credits", "store_credit_entries",
}

// copies is how each kind of column differs from copy to copy (n).
func copies(table, column, kind string) string {
	switch {
	case kind == "uuid" && column != "vendor_id" && column != "location_id" && column != "account_id" && column != "brand_id":
		return fmt.Sprintf(`md5(%s::text || n)::uuid`, column)
	case column == "number" && kind == "text", column == "sku", column == "slug", column == "username", column == "email", column == "provider_ref", column == "key", column == "file",
		column == "code":
		return column + ` || '-' || n`
	case table == "plans" && column == "name":
		return `name || n`
	case table == "promotions" && column == "name": // which begins with that of its plan
		return `replace(name, 'Gold', 'Gold' || n)`
	case table == "refresh_tokens" && column == "hash", column == "code_hash":
		return fmt.Sprintf(`sha256(%s || n::text::bytea)`, column)
	case table == "idempotency_keys" && column == "response":
		return `convert_to(replace(convert_from(response, 'UTF8'), '"S-2"', '"S-2-' || n || '"'), 'UTF8')`
	}
	return column
}

// multiply makes n copies of everything in the sample.
func multiply(t testing.TB, pool *pgxpool.Pool, n int) {
	t.Helper()
	ctx := t.Context()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	// Foreign keys and append-only triggers would only slow this down.
	if _, err := conn.Exec(ctx, `SET session_replication_role = replica; SET statement_timeout = '1min'`); err != nil {
		t.Fatal(err)
	}
	for _, table := range multiplied {
		type column struct {
			Name string `db:"column_name"`
			Kind string `db:"data_type"`
		}
		columns, err := postgres.All[column](ctx, conn, `
			SELECT column_name, data_type FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = @table AND is_identity = 'NO' AND is_generated = 'NEVER' AND column_name <> 'xid'
			ORDER BY ordinal_position`, pgx.NamedArgs{"table": table})
		if err != nil {
			t.Fatal(err)
		}
		var names, values []string
		for _, c := range columns {
			names = append(names, c.Name)
			values = append(values, copies(table, c.Name, c.Kind))
		}
		from := table
		if table == "stock_movements" || table == "price_history" || table == "events" { // the last one counts: keep the order
			from = "(SELECT * FROM " + table + " ORDER BY seq) AS " + table
		}
		_, err = conn.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %d) AS n, %s`,
			table, strings.Join(names, ", "), strings.Join(values, ", "), n, from))
		if err != nil {
			t.Fatalf("multiply %s: %v", table, err)
		}
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf(`UPDATE ledger_period_balances SET debit_minor = debit_minor * %d, credit_minor = credit_minor * %[1]d`, n+1)); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, `
		UPDATE event_cursors SET (xid, seq) = (SELECT xid, seq FROM events ORDER BY xid DESC, seq DESC LIMIT 1);
		RESET session_replication_role; ANALYZE`)
	if err != nil {
		t.Fatal(err)
	}
}

// A shop of several copies is healthy, too: what the rules add up is per thing
// where it should be, and over all where it should be.
func TestAShopOfManyOrdersHasNoViolations(t *testing.T) {
	t.Parallel()
	pool := sample(t)
	multiply(t, pool, 20)
	report, err := Run(t.Context(), pool)
	if err != nil || !report.OK {
		t.Errorf("%+v, %v", report, err)
	}
}

// BenchmarkRules times every rule over many orders (SOUK_BENCH_ORDERS, 100,000
// unless told otherwise).
func BenchmarkRules(b *testing.B) {
	orders := 100_000
	if given := os.Getenv("SOUK_BENCH_ORDERS"); given != "" {
		orders, _ = strconv.Atoi(given)
	}
	pool := sample(b)
	multiply(b, pool, orders/6)
	if _, err := pool.Exec(b.Context(), `VACUUM ANALYZE`); err != nil {
		b.Fatal(err)
	}
	for _, rule := range Rules() {
		b.Run(rule.Name, func(b *testing.B) {
			for b.Loop() {
				var broken int
				err := pgx.BeginFunc(context.WithoutCancel(b.Context()), pool, func(tx pgx.Tx) error {
					if _, err := tx.Exec(b.Context(), `SET LOCAL statement_timeout = '1min'`); err != nil {
						return err
					}
					return tx.QueryRow(b.Context(), `SELECT count(*) FROM (`+rule.SQL+`) AS broken`).Scan(&broken)
				})
				if err != nil || broken != 0 {
					b.Fatalf("%d, %v", broken, err)
				}
			}
		})
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			if report, err := Run(b.Context(), pool); err != nil || !report.OK {
				b.Fatalf("%+v, %v", report, err)
			}
		}
	})
}
