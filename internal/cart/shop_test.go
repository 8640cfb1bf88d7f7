package cart_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/promotions"
)

// shop is a cart module behind its door, with a catalogue that tests write by
// hand.
type shop struct {
	t     testing.TB
	db    postgres.DB
	carts *cart.Carts
	door  http.Handler
}

// open opens a shop with shipping to everywhere in dollars and no tax, in a
// transaction of the test's own.
func open(t testing.TB) *shop { return openOn(t, pgtest.Tx(t)) }

func openOn(t testing.TB, db postgres.DB) *shop {
	t.Helper()
	s := node(t, db)
	// A zone of its own name: tests beside this one must not wait for each other.
	zone := pgx.NamedArgs{"zone": id.New[id.ShipZone](), "standard": id.New[id.ShipOption](), "express": id.New[id.ShipOption]()}
	s.exec(`INSERT INTO shipping_zones (id, name, countries) VALUES (@zone, @zone::uuid::text, '{*}')`, zone)
	s.exec(`INSERT INTO shipping_options (id, zone_id, name, kind, rule, currency, price_minor, free_above_minor, min_days, max_days, position) VALUES
	        (@standard, @zone, 'Standard', 'standard', 'flat', 'USD', 500, 5000, 3, 7, 1), (@express, @zone, 'Express', 'express', 'flat', 'USD', 1500, NULL, 1, 2, 2)`, zone)
	return s
}

// node is a process of a shop that is there.
func node(t testing.TB, db postgres.DB) *shop {
	users := &accounts.Users{DB: db, Clock: clock.System{}}
	s := &shop{t: t, db: db, carts: &cart.Carts{
		DB: db, Users: users, Currency: "USD", Payments: &payments.Payments{DB: db, Providers: []payments.Provider{cod.Provider{}}},
		Promotions: &promotions.Promotions{DB: db, CustomerKey: []byte("a key of tests")}, Locales: &catalog.Locales{Settings: &settings.Settings{DB: db}},
	}}
	r := httpapi.New(httpapi.Config{DB: db, LimitsOff: true, Authenticate: as})
	s.carts.Routes(r)
	s.door = r.Handler()
	return s
}

// as takes X-User for whoever is signed in.
func as(_ context.Context, r *http.Request) (auth.Actor, error) {
	name := r.Header.Get("X-User")
	if name == "" {
		return auth.Actor{}, nil
	}
	user, err := id.Parse[id.User](name)
	return auth.Actor{User: user, Roles: []string{auth.RoleCustomer}, Permissions: (&auth.Grants{}).Of([]string{auth.RoleCustomer})}, err
}

func (s *shop) exec(sql string, args pgx.NamedArgs) {
	s.t.Helper()
	if _, err := s.db.Exec(s.t.Context(), sql, args); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// goods is a variant to sell; the zero values of most fields are sensible.
type goods struct {
	vendor     id.Vendor // a new one when zero
	price      int64     // in cents; 1000 when 0
	stock      int       // 10 when 0, none when negative
	weight     int
	class      string
	digital    bool
	untracked  bool
	productsIs string // 'active' when ""
	vendorIs   string // 'active' when ""
	archived   bool
	unpriced   bool
}

func (s *shop) vendor(status string) id.Vendor {
	s.t.Helper()
	v := id.New[id.Vendor]()
	s.exec(`INSERT INTO vendors (id, slug, name, status, commission_bps) VALUES (@id, @slug, 'Vendor', @status, 1500)`,
		pgx.NamedArgs{"id": v, "slug": v.String(), "status": status})
	return v
}

// sell puts a variant up for sale.
func (s *shop) sell(g goods) id.Variant {
	s.t.Helper()
	if g.vendor.IsZero() {
		g.vendor = s.vendor(or(g.vendorIs, "active"))
	}
	variant, product := id.New[id.Variant](), id.New[id.Product]()
	args := pgx.NamedArgs{
		"variant": variant, "product": product, "vendor": g.vendor, "slug": product.String(), "status": or(g.productsIs, "active"),
		"weight": g.weight, "class": or(g.class, "standard"), "digital": g.digital, "untracked": g.untracked, "archived": g.archived,
		"price": or(g.price, 1000),
	}
	s.exec(`INSERT INTO products (id, vendor_id, slug, title, status) VALUES (@product, @vendor, @slug, 'Mug', @status)`, args)
	s.exec(`INSERT INTO variants (id, product_id, vendor_id, sku, title, weight_grams, tax_class, requires_shipping, tracked, archived_at)
	        VALUES (@variant, @product, @vendor, @slug, 'Red', @weight, @class, NOT @digital, NOT @untracked, CASE WHEN @archived THEN now() END)`, args)
	if !g.unpriced {
		s.exec(`INSERT INTO prices (variant_id, currency, amount_minor) VALUES (@variant, 'USD', @price)`, args)
	}
	if !g.untracked {
		s.stock(variant, g.vendor, 0, max(or(g.stock, 10), 0))
	}
	return variant
}

// stock puts units at a new location of the vendor.
func (s *shop) stock(variant id.Variant, vendor id.Vendor, priority, onHand int) id.Location {
	s.t.Helper()
	location := id.New[id.Location]()
	args := pgx.NamedArgs{"location": location, "vendor": vendor, "name": location.String(), "priority": priority, "variant": variant, "on_hand": onHand}
	s.exec(`INSERT INTO locations (id, vendor_id, name, priority) VALUES (@location, @vendor, @name, @priority)`, args)
	s.exec(`INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand) VALUES (@variant, @location, @vendor, @on_hand)`, args)
	return location
}

func (s *shop) taxed(included bool, class, name string, ppm int) {
	s.t.Helper()
	args := pgx.NamedArgs{"zone": id.New[id.TaxZone](), "rate": id.New[id.TaxRate](), "included": included, "class": class, "name": name, "ppm": ppm}
	s.exec(`INSERT INTO tax_zones (id, name, countries, included) VALUES (@zone, 'World', '{*}', @included)
	        ON CONFLICT (name) DO NOTHING`, args)
	s.exec(`INSERT INTO tax_rates (id, zone_id, tax_class, name, rate_ppm) SELECT @rate, id, @class, @name, @ppm FROM tax_zones WHERE name = 'World'`, args)
}

// customer makes a user.
func (s *shop) customer() id.User {
	s.t.Helper()
	u := id.New[id.User]()
	s.exec(`INSERT INTO users (id, username, email) VALUES (@id, @name, @name || '@example.com')`, pgx.NamedArgs{"id": u, "name": u.String()})
	return u
}

type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// call sends a request as a user, "" for a guest, with headers by name and value.
func (s *shop) call(user, method, path, body string, headers ...string) answer {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), method, "/api/v1"+path, bytes.NewBufferString(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-User", user)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, req)
	return answer{w, s.t}
}

// want fails the test unless the answer has a status and holds a text.
func (a answer) want(status int, contains ...string) answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("answered %d, want %d: %s", a.Code, status, a.Body)
	}
	for _, c := range contains {
		if !strings.Contains(a.Body.String(), c) {
			a.t.Fatalf("answer lacks %q: %s", c, a.Body)
		}
	}
	return a
}

func (a answer) cart() cart.View {
	a.t.Helper()
	return decode[cart.View](a)
}

func decode[T any](a answer) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	return v
}

// fill makes a guest's cart with so many of each variant.
func (s *shop) fill(quantity int, variants ...id.Variant) cart.View {
	s.t.Helper()
	return s.call("", "POST", "/carts", `{"items": `+items(quantity, variants...)+`}`).want(201).cart()
}

func items(quantity int, variants ...id.Variant) string {
	list := make([]cart.NewItem, len(variants))
	for i, v := range variants {
		list[i] = cart.NewItem{Variant: v, Quantity: quantity}
	}
	text, _ := json.Marshal(list)
	return string(text)
}

const home = `{"email": "ada@example.com", "shipping": {"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// locked is a cart as checkout sees it.
func (s *shop) locked(c id.Cart) (p cart.Priced, err error) {
	err = postgres.InTx(s.t.Context(), s.db, func(tx pgx.Tx) (err error) {
		p, err = s.carts.Lock(s.t.Context(), tx, c, "cod")
		return err
	})
	return p, err
}
