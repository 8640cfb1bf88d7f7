package app_test

import (
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// What a vendor reads, it reads under row-level security: a statement that asks
// for a whole table gets that vendor's rows of it, and nothing where the schema
// does not say whose they are.
func TestRowSecurityKeepsVendorsApart(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	vera, wanda := sellSomething(t, a, "vera"), sellSomething(t, a, "wanda")
	tables, err := postgres.Column[string](t.Context(), a.Pool, `
		SELECT c.relname::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
		AND has_table_privilege('souk_vendor', c.oid, 'SELECT') AND c.relrowsecurity ORDER BY 1`, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, table := range tables {
		own := rows(t, a, vera.id, table)
		all := rows(t, a, id.Vendor{}, table)
		if strings.Contains(all, wanda.mark) {
			shown++
		}
		if own == "" && strings.Contains(all, vera.mark) {
			t.Errorf("%s shows vera nothing of hers", table)
		}
		for _, foreign := range []string{wanda.mark, uuidOf(wanda.id)} {
			if strings.Contains(own, foreign) {
				t.Errorf("%s shows vera what is wanda's (%s):\n%s", table, foreign, own)
			}
		}
	}
	if len(tables) < 15 || shown < 3 {
		t.Errorf("only %d tables are looked at, and only %d of them hold wanda's mark: the test sees too little", len(tables), shown)
	}
	secrets, err := postgres.Column[string](t.Context(), a.Pool, `
		SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
		AND NOT c.relrowsecurity AND has_table_privilege('souk_vendor', c.oid, 'SELECT')
		AND c.relname NOT IN ('attributes', 'brands', 'categories', 'product_types', 'tags', 'shipping_zones', 'tax_zones', 'tax_rates', 'settings')`, nil)
	if err != nil || len(secrets) > 0 {
		t.Errorf("vendors may read all of %v: %v", secrets, err)
	}
	if writes, err := postgres.Scalar[int](t.Context(), a.Pool, `
		SELECT count(*)::int FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
		AND has_table_privilege('souk_vendor', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')`, nil); err != nil || writes > 0 {
		t.Errorf("the role of vendors may write %d tables: %v", writes, err)
	}
}

// A connection that a vendor had is nobody's when the next one takes it.
func TestRowSecurityEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	vera := sellSomething(t, a, "vera")
	sellSomething(t, a, "wanda")
	for range 40 { // more than the pool has connections
		a.Call(t, "vera", "GET", "/vendor/products", "").Want(t, 200, vera.mark)
		a.Call(t, "", "GET", "/categories", "").Want(t, 200)
		if n := strings.Count(rows(t, a, id.Vendor{}, "vendors"), `"slug"`); n != 2 {
			t.Fatalf("the shop itself sees %d vendors, want 2", n)
		}
	}
}

type seller struct {
	id   id.Vendor
	mark string
}

func sellSomething(t *testing.T, a *apptest.App, name string) seller {
	t.Helper()
	vendor, mark := a.Owner(t, name), "canary-"+name
	mug := a.Product(t, apptest.By(vendor), apptest.Titled(mark), apptest.Described(mark))
	placed := a.PlacedOrder(t, "", 1, mug.Variants[0])
	a.Send(t, placed.Order.ID, placed.Order.Parts[0], 0)
	a.User(t, "buyer-"+name)
	bought := a.PlacedOrder(t, "buyer-"+name, 1, mug.Variants[0])
	a.Deliver(t, a.Send(t, bought.Order.ID, bought.Order.Parts[0], 0))
	a.Call(t, "buyer-"+name, "POST", "/products/"+mug.ID.String()+"/reviews", `{"rating": 5, "body": "`+mark+` is good."}`).Want(t, 201)
	a.Call(t, name, "POST", "/vendor/exports", `{}`).Want(t, 202)
	return seller{vendor, mark}
}

// rows is a whole table as text, as a vendor sees it; the zero one is the shop.
func rows(t *testing.T, a *apptest.App, vendor id.Vendor, table string) string {
	t.Helper()
	ctx := t.Context()
	if !vendor.IsZero() {
		ctx = postgres.WithinVendor(ctx, vendor)
	}
	all, err := postgres.Column[string](ctx, a.Pool, `SELECT to_jsonb(r)::text AS row FROM `+table+` r`, nil)
	if err != nil {
		t.Fatalf("read %s: %v", table, err)
	}
	return strings.Join(all, "\n")
}

func uuidOf(vendor id.Vendor) string {
	v, _ := vendor.UUIDValue()
	return v.String()
}
