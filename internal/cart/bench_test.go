package cart_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// BenchmarkFill is what a shopper does before checkout: four calls, one after
// the other, in a shop of 4,000 variants.
func BenchmarkFill(b *testing.B) {
	s := openOn(b, pgtest.DB(b))
	vendor := s.vendor("active")
	s.exec(`INSERT INTO products (id, vendor_id, slug, title, status) SELECT gen_random_uuid(), @vendor, 'p' || n, 'Product ' || n, 'active' FROM generate_series(1, 4000) n`,
		pgx.NamedArgs{"vendor": vendor})
	s.exec(`INSERT INTO variants (id, product_id, vendor_id, title) SELECT gen_random_uuid(), id, vendor_id, title FROM products`, nil)
	s.exec(`INSERT INTO prices (variant_id, currency, amount_minor) SELECT id, 'USD', 1000 FROM variants`, nil)
	s.exec(`INSERT INTO locations (id, vendor_id, name) VALUES (@id, @vendor, 'Main')`, pgx.NamedArgs{"id": id.New[id.Location](), "vendor": vendor})
	s.exec(`INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand) SELECT v.id, l.id, l.vendor_id, 1000 FROM variants v, locations l`, nil)
	s.exec(`ANALYZE`, nil)
	mug := s.sell(goods{vendor: vendor, stock: 1000})
	for _, step := range []string{"create", "addresses", "shipping-options", "shipping", "all"} {
		b.Run(step, func(b *testing.B) {
			body := `{"items": ` + items(1, mug) + `}`
			create := func() string {
				return "/carts/" + s.call("", "POST", "/carts", body).want(201).cart().ID.String()
			}
			path := create()
			s.call("", "PUT", path+"/addresses", home).want(200)
			choice := s.standard(must(id.Parse[id.Cart](path[len("/carts/"):])))
			calls := map[string]func(){
				"create":           func() { path = create() },
				"addresses":        func() { s.call("", "PUT", path+"/addresses", home).want(200) },
				"shipping-options": func() { s.call("", "GET", path+"/shipping-options", "").want(200) },
				"shipping":         func() { s.call("", "PUT", path+"/shipping", choice).want(200) },
			}
			b.ReportAllocs()
			for b.Loop() {
				if step != "all" {
					calls[step]()
					continue
				}
				for _, name := range []string{"create", "addresses", "shipping-options", "shipping"} {
					calls[name]()
				}
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return v
}
