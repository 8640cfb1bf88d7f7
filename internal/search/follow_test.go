package search

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/orders"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/vendors"
)

// running is a shop whose listings are kept by the event log.
func running(t *testing.T, s *shop) (*pgxpool.Pool, *Search) {
	t.Helper()
	pool := pgtest.DB(t)
	search := &Search{DB: pool, Pool: pool, Currency: "USD", CacheBytes: 1 << 20}
	withSettings(search)
	change(t, pool, func(tx pgx.Tx) error {
		s.insert(t, tx)
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	var parts errgroup.Group
	parts.Go(func() error { return search.Run(ctx) })
	parts.Go(func() error { return search.Follow(ctx) })
	t.Cleanup(func() {
		stop()
		if err := parts.Wait(); err != nil {
			t.Error(err)
		}
	})
	return pool, search
}

func change(t *testing.T, pool *pgxpool.Pool, fn func(tx pgx.Tx) error) {
	t.Helper()
	if err := postgres.InTx(t.Context(), pool, fn); err != nil {
		t.Fatal(err)
	}
}

// soon waits until what holds; it is an error if that takes longer than any
// machine needs.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not so: %s", what)
		}
	}
}

func TestFollowsTheLog(t *testing.T) {
	t.Parallel()
	s := corner()
	pool, search := running(t, s)
	h := serve(t, search)
	shoes := s.products[0]
	page := func() Page { return decode[Page](t, get(h, "/api/v1/products/trail-shoes").Body.Bytes()) }
	card := func(slug string) *Card {
		for _, c := range decode[Listing](t, get(h, "/api/v1/products").Body.Bytes()).Data {
			if c.Slug == slug {
				return &c
			}
		}
		return nil
	}
	raise := func(e events.Event, sql string, args pgx.NamedArgs) {
		t.Helper()
		raise(t, pool, e, sql, args)
	}

	var all []id.Product
	for _, p := range s.products {
		all = append(all, p.ID)
	}
	raise(catalog.Changed{ProductIDs: all}, `UPDATE products SET seo_title = 'seen'`, nil)
	soon(t, "the products are listed", func() bool { return card("trail-shoes") != nil && card("cafe-mug") != nil })

	raise(catalog.Changed{ProductIDs: all[:1]}, `UPDATE products SET title = 'Hill Shoes' WHERE slug = 'trail-shoes'`, nil)
	soon(t, "the new title is in the list and on the page", func() bool { return card("trail-shoes").Title == "Hill Shoes" && page().Title == "Hill Shoes" })

	args := pgx.NamedArgs{"v": shoes.Variants[0].ID}
	raise(inventory.StockChanged{VariantIDs: []id.Variant{shoes.Variants[0].ID}}, `UPDATE stock_levels SET on_hand = 2 WHERE variant_id = @v`, args)
	soon(t, "the stored page shows the new stock", func() bool { return *page().Variants[0].AvailableQuantity == 2 })

	raise(pricing.PricesChanged{VariantIDs: []id.Variant{shoes.Variants[0].ID}}, `UPDATE prices SET amount_minor = 5000 WHERE variant_id = @v`, args)
	soon(t, "the new price is shown", func() bool {
		return card("trail-shoes").PriceRange.Min.Minor == 5000 && page().PriceRange.Min.Minor == 5000
	})

	order := placeOrder(t, pool, s, 2)
	soon(t, "the last unit is sold", func() bool { return !card("trail-shoes").InStock && *page().Variants[0].AvailableQuantity == 0 })
	if err := search.CountSold(t.Context()); err != nil {
		t.Fatal(err)
	}
	popularity := func() int64 {
		n, err := postgres.Scalar[int64](t.Context(), pool, `SELECT popularity FROM listings WHERE product_id = @p`, pgx.NamedArgs{"p": shoes.ID})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := popularity(); got != 2 {
		t.Errorf("popularity %d, want the 2 units sold", got)
	}

	raise(orders.Cancelled{Change: orders.Change{OrderID: order, Version: 2}}, `
		WITH lines AS (UPDATE order_lines SET quantity_cancelled = quantity WHERE variant_id = @v)
		UPDATE stock_levels SET allocated = 0 WHERE variant_id = @v`, args)
	soon(t, "the cancelled units are back", func() bool { return card("trail-shoes").InStock && *page().Variants[0].AvailableQuantity == 2 })
	if err := search.CountSold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := popularity(); got != 0 {
		t.Errorf("popularity %d, want 0: the order was cancelled", got)
	}

	raise(vendors.Changed{VendorID: id.Vendor(s.vendors[0].ID)}, `UPDATE vendors SET status = 'suspended' WHERE slug = 'weft_warp'`, nil)
	soon(t, "the suspended vendor's products are gone", func() bool { return card("trail-shoes") == nil && get(h, "/api/v1/products/trail-shoes").Code == 404 })
}

// A node knows what filters are called now: the categories above those that
// products stand in, and what staff call attributes and their values.
func TestNamesOfFiltersFollow(t *testing.T) {
	t.Parallel()
	s := corner()
	pool, search := running(t, s)
	h := serve(t, search)
	listed := func(query string) Listing {
		return decode[Listing](t, get(h, "/api/v1/products?facets=true&"+query).Body.Bytes())
	}
	facet := func(key string) string {
		for _, f := range listed("").Facets {
			if f.Key == key {
				return encode(f)
			}
		}
		return ""
	}
	changed := catalog.Changed{ProductIDs: []id.Product{s.products[0].ID, s.products[1].ID, s.products[2].ID}}
	raise(t, pool, changed, `UPDATE products SET seo_title = 'seen'`, nil)
	soon(t, "the products are listed", func() bool {
		return len(listed("category=apparel").Data) == 2 && facet("category") == `{"key":"category","label":"Category","values":[{"value":"apparel","label":"Apparel","count":2,"selected":false},{"value":"home","label":"Home","count":1,"selected":false}]}`
	})
	raise(t, pool, changed, `UPDATE categories SET slug = 'clothes' WHERE slug = 'apparel'`, nil)
	soon(t, "a category above has its new slug", func() bool {
		return len(listed("category=clothes").Data) == 2 && len(listed("category=apparel").Data) == 0
	})
	raise(t, pool, changed, `UPDATE categories SET position = 9 WHERE slug = 'clothes'`, nil)
	soon(t, "and its new place", func() bool {
		return facet("category") == `{"key":"category","label":"Category","values":[{"value":"home","label":"Home","count":1,"selected":false},{"value":"clothes","label":"Apparel","count":2,"selected":false}]}`
	})
	raise(t, pool, changed, `INSERT INTO attributes (key, label, kind, choices) VALUES ('material', 'Made of', 'select', '[{"value": "Leather", "label": "Real leather"}]')`, nil)
	soon(t, "the attribute has its label", func() bool {
		return facet("attr[material]") == `{"key":"attr[material]","label":"Made of","values":[{"value":"leather","label":"Real leather","count":1,"selected":false}]}`
	})
}

// raise changes rows and tells of it, as modules do.
func raise(t *testing.T, pool *pgxpool.Pool, e events.Event, sql string, args pgx.NamedArgs) {
	t.Helper()
	change(t, pool, func(tx pgx.Tx) error {
		if _, err := postgres.Exec(t.Context(), tx, sql, args); err != nil {
			return err
		}
		return events.Raise(t.Context(), tx, e)
	})
}

// placeOrder sells units of the shop's first variant: the two things that
// search looks at, and the event.
func placeOrder(t *testing.T, pool *pgxpool.Pool, s *shop, units int) id.Order {
	t.Helper()
	order := id.Order(uuid.Must(uuid.NewV7()))
	p := s.products[0]
	change(t, pool, func(tx pgx.Tx) error {
		b := postgres.NewBatch()
		args := pgx.NamedArgs{"order": order, "id": uuid.Must(uuid.NewV7()), "vendor": s.vendors[p.Vendor].ID, "variant": p.Variants[0].ID, "product": p.ID, "n": units}
		b.Queue(`SET LOCAL session_replication_role = replica`, nil) // a line without its order
		b.Queue(`
			INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked, requires_shipping,
				quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps, commission_minor, currency)
			VALUES (@id, @order, @id, @vendor, @variant, @product, '', 0, '', '', true, true, @n::int, 0, 0, 0, 0, 0, 0, 0, 'USD')`, args)
		b.Queue(`UPDATE stock_levels SET allocated = allocated + @n::int WHERE variant_id = @variant`, args)
		events.Queue(t.Context(), b, orders.Placed{Change: orders.Change{OrderID: order, Version: 1}})
		return b.Send(t.Context(), tx)
	})
	return order
}

// Within one transaction Flush does what Run does between many.
func TestFlush(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	search.CacheBytes = 1 << 20
	s.insert(t, tx)
	h := serve(t, search)
	for _, title := range []string{"Trail Shoes", "Hill Shoes"} {
		mustExec(t, tx, `UPDATE products SET title = @title WHERE slug = 'trail-shoes'`, pgx.NamedArgs{"title": title})
		if err := events.Raise(t.Context(), tx, catalog.Changed{ProductIDs: []id.Product{s.products[0].ID}}); err != nil {
			t.Fatal(err)
		}
		if err := search.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := decode[Page](t, get(h, "/api/v1/products/trail-shoes").Body.Bytes()).Title; got != title {
			t.Errorf("title %q, want %q", got, title)
		}
	}
}

// A change of more products than one transaction should hold is put off, and
// still comes.
func TestVeryManyChangesArePutOff(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	for i := range atOnce + 50 {
		s.products = append(s.products, &product{Title: fmt.Sprintf("Bowl %d", i), Brand: -1, Variants: []variant{{SKU: fmt.Sprint(i)}}})
	}
	s.insert(t, tx)
	var all []id.Product
	for _, p := range s.products {
		all = append(all, p.ID)
	}
	record := events.Record{Name: "catalog.changed", Data: []byte(encode(catalog.Changed{ProductIDs: all}))}
	if err := search.follow(t.Context(), tx, []events.Record{record}); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		n, err := postgres.Scalar[int](t.Context(), tx, `SELECT count(*)::int FROM listed_products`, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := count(); got > atOnce {
		t.Errorf("%d refreshed in the transaction of the log, want at most %d", got, atOnce)
	}
	for {
		n, err := search.refreshPutOff(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if got, want := count(), len(all)-1; got != want { // one is a draft
		t.Errorf("%d listed in the end, want %d", got, want)
	}
}

func TestRebuild(t *testing.T) {
	tx := pgtest.Tx(t)
	s, search := corner(), newSearch(tx)
	s.insert(t, tx)
	s.refresh(t, tx, search)
	mustExec(t, tx, `UPDATE listings SET name = 'spoilt'`, nil)
	mustExec(t, tx, `UPDATE listed_products SET title = ''`, nil)
	mustExec(t, tx, `UPDATE vendors SET status = 'suspended' WHERE slug = 'second_hand'`, nil)
	n, err := search.Rebuild(t.Context(), nil)
	if err != nil || n != 3 { // two written anew, one deleted
		t.Fatalf("rebuilt %d, %v", n, err)
	}
	if got := slugs(decode[Listing](t, get(serve(t, search), "/api/v1/products?q=running").Body.Bytes())); len(got) != 1 {
		t.Errorf("after a rebuild %v is found", got)
	}
	status, err := search.Status(t.Context())
	if err != nil || status.Listed != 2 || status.Active != 2 {
		t.Errorf("status %+v, %v", status, err)
	}
}

// Whoever is second to list a product finds it listed.
func TestRebuildsAtOnce(t *testing.T) {
	t.Parallel()
	const products, rebuilds = 300, 4
	pool := pgtest.DB(t)
	change(t, pool, func(tx pgx.Tx) error { large(products).insert(t, tx); return nil })
	var all errgroup.Group
	for range rebuilds {
		all.Go(func() error {
			_, err := newSearch(pool).Rebuild(t.Context(), nil)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	status, err := newSearch(pool).Status(t.Context())
	if err != nil || status.Listed == 0 || status.Listed != status.Active {
		t.Errorf("status %+v, %v", status, err)
	}
}

// follow knows events by name; those who raise them say what theirs are.
func TestEventNames(t *testing.T) {
	for _, e := range []events.Event{catalog.Changed{}, inventory.StockChanged{}, pricing.PricesChanged{}, vendors.Changed{}, orders.Placed{}, orders.Cancelled{}} {
		var g gathered
		if err := g.add(events.Record{Name: e.EventName(), Data: []byte(`{"product_ids":"no list","variant_ids":1,"vendor_id":1,"order_id":1}`)}); err == nil {
			t.Errorf("%s is not listened to", e.EventName())
		}
	}
	for _, e := range []events.Event{catalog.CollectionsChanged{}, catalog.CategoriesChanged{}} {
		var g gathered
		if err := g.add(events.Record{Name: e.EventName()}); err != nil || !g.lists {
			t.Errorf("%s changes no list, %v", e.EventName(), err)
		}
	}
}
