package checkout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/credit"
	"souk/internal/digital"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/ledger"
	"souk/internal/memberships"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/cod"
	"souk/internal/payments/free"
	"souk/internal/payments/transfer"
	"souk/internal/platform/blob"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/platform/vault"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/shipping"
	"souk/internal/vendors"
	"souk/internal/verify"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// card is a provider that answers later, as those over the network will.
type card struct{ payments.Provider }

func (card) Method() string                                { return "stripe" }
func (card) Settled() bool                                 { return false }
func (card) ByHand() bool                                  { return false }
func (card) Offered(context.Context, payments.Offer) error { return nil }
func (card) Fee(_ context.Context, c money.Currency) (money.Amount, error) {
	return money.Zero(c), nil
}
func (card) Waits(context.Context) (time.Duration, error)                    { return 0, nil }
func (card) Tells(context.Context, payments.Start) (*payments.Action, error) { return nil, nil }

func (card) Start(_ context.Context, p payments.Start) (payments.Begun, error) {
	return payments.Begun{Ref: "ref of " + p.Key, Next: &payments.Action{Kind: "redirect", URL: "https://pay.example/" + p.Number}}, nil
}

// shop is all that an order needs, behind its door, with a catalogue that
// tests write by hand.
type shop struct {
	t     testing.TB
	db    postgres.DB
	flow  *checkout.Checkout
	hub   *events.Hub
	clock *clock.Manual
	door  http.Handler
}

// open opens a shop in a transaction of the test's own.
func open(t testing.TB) *shop { return openOn(t, pgtest.Tx(t)) }

func openOn(t testing.TB, db postgres.DB) *shop {
	t.Helper()
	s := &shop{t: t, db: db, hub: &events.Hub{DB: db}, clock: clock.At(clock.System{}.Now())}
	set := &settings.Settings{DB: pgtest.Aside(t, db)}
	set.Declare(transfer.Settings()...)
	set.Declare(cod.Settings()...)
	set.Declare(checkout.Settings()...)
	ways := &payments.Payments{DB: db, BaseURL: "https://shop.example", Providers: []payments.Provider{cod.Provider{Settings: set, Currency: "USD"}, free.Provider{}, transfer.Provider{Settings: set}, card{}}}
	parcels, offers := &shipping.Shipping{DB: db}, &promotions.Promotions{DB: db, CustomerKey: []byte("a key of tests")}
	s.flow = &checkout.Checkout{
		DB: db, Carts: &cart.Carts{DB: db, Users: &accounts.Users{DB: db, Clock: s.clock}, Currency: "USD", Payments: ways, Promotions: offers},
		Stock: &inventory.Stock{DB: db, Clock: s.clock}, Payments: ways, Shipping: parcels, Promotions: offers,
		Orders:   &orders.Orders{DB: db, Clock: s.clock, Hub: s.hub, Shipping: parcels, Payments: ways},
		Settings: set, NumberPrefix: "S-",
	}
	s.flow.Carts.Clock = s.clock
	s.flow.Credit = &credit.Balances{DB: db, Clock: s.clock, CodeKeys: [][]byte{[]byte("codes")}}
	files, err := blob.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	users := &accounts.Users{DB: db, Clock: s.clock}
	prices := &pricing.Prices{DB: db, Stock: s.flow.Stock}
	goods := &catalog.Catalog{DB: db, SetOffers: prices.SetOffers, Offers: prices.Offers, SumBundles: prices.SumBundles}
	s.flow.Memberships = &memberships.Memberships{
		DB: db, Settings: &settings.Settings{DB: set.DB}, Users: users, Vendors: &vendors.Vendors{DB: db, Clock: s.clock, ShopName: "Market"}, Catalog: goods, Prices: prices, Promotions: offers,
	}
	s.flow.Digital = &digital.Goods{
		DB: db, Clock: s.clock, Stock: s.flow.Stock, Orders: s.flow.Orders, Blobs: files, Vault: vault.New(make([]byte, 32)),
		LinkKey: []byte("links"), HashKey: []byte("keys"),
	}
	r := httpapi.New(httpapi.Config{DB: db, LimitsOff: true, Authenticate: as})
	s.flow.Carts.Routes(r)
	s.flow.Routes(r)
	s.flow.Orders.Routes(r)
	s.flow.Digital.Routes(r)
	s.flow.Payments.Routes(r)
	s.flow.Credit.Routes(r)
	s.flow.Memberships.Routes(r)
	(&ledger.Books{DB: db}).Routes(r)
	s.door = r.Handler()
	// Of its own name: tests beside this one must not wait for each other.
	zone := pgx.NamedArgs{"zone": id.New[id.ShipZone](), "option": id.New[id.ShipOption]()}
	s.exec(`INSERT INTO shipping_zones (id, name, countries) VALUES (@zone, @zone::uuid::text, '{*}')`, zone)
	s.exec(`INSERT INTO shipping_options (id, zone_id, name, kind, rule, currency, price_minor, free_above_minor, min_days, max_days)
	        VALUES (@option, @zone, 'Standard', 'standard', 'flat', 'USD', 500, 5000, 3, 7)`, zone)
	return s
}

var staff = id.New[id.User]()

// as takes X-User for whoever is signed in, X-Vendor for whose rows they see
// and X-Staff for everything.
func as(_ context.Context, r *http.Request) (a auth.Actor, err error) {
	var grants auth.Grants
	roles := []string{auth.RoleCustomer}
	if name := r.Header.Get("X-Vendor"); name != "" {
		if a.Vendor, err = id.Parse[id.Vendor](name); err != nil {
			return a, err
		}
		a.User, roles = id.New[id.User](), []string{auth.RoleVendor}
	}
	if name := r.Header.Get("X-User"); name != "" {
		if a.User, err = id.Parse[id.User](name); err != nil {
			return a, err
		}
	}
	if r.Header.Get("X-Staff") != "" {
		a.User, roles = staff, []string{auth.RoleAdmin}
		if other := r.Header.Get("X-Staff-Other"); other != "" {
			if a.User, err = id.Parse[id.User](other); err != nil {
				return a, err
			}
		}
		grants.Declare(orders.Permissions()...)
		grants.Declare(payments.Permissions()...)
		grants.Declare(ledger.Permissions()...)
		grants.Declare(catalog.Permissions()...)
		grants.Declare(credit.Permissions()...)
		grants.Declare(memberships.Permissions()...)
	}
	if a.User.IsZero() {
		return auth.Actor{}, nil
	}
	if r.Header.Get("X-No-Refunds") != "" {
		defer func() { delete(a.Permissions, orders.CanRefund) }()
	}
	if r.Header.Get("X-Stale") == "" {
		a.AuthenticatedAt = clock.System{}.Now()
	}
	a.Roles, a.Permissions = roles, grants.Of(roles)
	if !a.Vendor.IsZero() {
		a.Permissions[auth.VendorOrders], a.Permissions[auth.VendorCatalog] = true, true
	}
	return a, nil
}

func (s *shop) inTx(fn func(tx pgx.Tx) error) {
	s.t.Helper()
	if err := s.try(fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) try(fn func(tx pgx.Tx) error) error { return postgres.InTx(s.t.Context(), s.db, fn) }

func (s *shop) exec(sql string, args pgx.NamedArgs) {
	s.t.Helper()
	if _, err := s.db.Exec(s.t.Context(), sql, args); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *shop) count(sql string, args pgx.NamedArgs) int {
	s.t.Helper()
	n, err := postgres.Scalar[int](s.t.Context(), s.db, sql, args)
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// sound fails the test when an invariant of the shop does not hold, and when
// one holds that should not.
func (s *shop) sound(broken ...string) {
	s.t.Helper()
	for _, rule := range verify.Rules() {
		found, err := postgres.Column[string](s.t.Context(), s.db, `SELECT what::text FROM (`+rule.SQL+`) AS broken (what)`, nil)
		if err != nil {
			s.t.Fatalf("[%s] %v", rule.Name, err)
		}
		if expected := slices.Contains(broken, rule.Name); expected != (len(found) > 0) {
			s.t.Errorf("[%s] %s: broken by %v", rule.Name, rule.Text, found)
		}
	}
}

// goods is a variant to sell; the zero values are sensible.
type goods struct {
	vendor    id.Vendor // a new one when zero
	price     int64     // in cents; 1000 when 0
	stock     int       // 10 when 0, none when negative
	digital   bool
	untracked bool
}

// vendor makes one that leaves 15 % to the marketplace.
func (s *shop) vendor() id.Vendor {
	s.t.Helper()
	v := id.New[id.Vendor]()
	s.exec(`INSERT INTO vendors (id, slug, name, status, commission_bps) VALUES (@id, @slug, 'Vendor of ' || @slug, 'active', 1500)`,
		pgx.NamedArgs{"id": v, "slug": v.String()})
	return v
}

// sell puts a variant up for sale.
func (s *shop) sell(g goods) id.Variant {
	s.t.Helper()
	if g.vendor.IsZero() {
		g.vendor = s.vendor()
	}
	variant, product := id.New[id.Variant](), id.New[id.Product]()
	price := g.price
	if price == 0 {
		price = 1000
	}
	args := pgx.NamedArgs{
		"variant": variant, "product": product, "vendor": g.vendor, "slug": product.String(),
		"digital": g.digital, "untracked": g.untracked, "price": price,
	}
	s.exec(`INSERT INTO products (id, vendor_id, slug, title, status) VALUES (@product, @vendor, @slug, 'Mug', 'active')`, args)
	s.exec(`INSERT INTO variants (id, product_id, vendor_id, sku, title, requires_shipping, tracked)
	        VALUES (@variant, @product, @vendor, @slug, 'Red', NOT @digital, NOT @untracked)`, args)
	s.exec(`INSERT INTO prices (variant_id, currency, amount_minor) VALUES (@variant, 'USD', @price)`, args)
	s.exec(`INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (@variant, 'USD', @price, 'test')`, args)
	if !g.untracked {
		stock := g.stock
		if stock == 0 {
			stock = 10
		}
		s.stock(variant, g.vendor, 0, max(stock, 0))
	}
	return variant
}

// stock puts units at a new location of the vendor.
func (s *shop) stock(variant id.Variant, vendor id.Vendor, priority, onHand int) {
	s.t.Helper()
	location := id.New[id.Location]()
	args := pgx.NamedArgs{"location": location, "vendor": vendor, "name": location.String(), "priority": priority, "variant": variant, "on_hand": onHand}
	s.exec(`INSERT INTO locations (id, vendor_id, name, priority) VALUES (@location, @vendor, @name, @priority)`, args)
	s.exec(`INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand) VALUES (@variant, @location, @vendor, @on_hand)`, args)
	if onHand > 0 {
		s.exec(`INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) VALUES (@variant, @location, @on_hand, 'receive', 'test')`, args)
	}
}

// left is how many units of a variant can be sold.
func (s *shop) left(variant id.Variant) int {
	s.t.Helper()
	return s.count(`SELECT sum(on_hand - reserved - allocated)::int FROM stock_levels WHERE variant_id = @v`, pgx.NamedArgs{"v": variant})
}

func (s *shop) taxed(included bool, ppm int) {
	s.t.Helper()
	args := pgx.NamedArgs{"zone": id.New[id.TaxZone](), "rate": id.New[id.TaxRate](), "included": included, "ppm": ppm}
	s.exec(`INSERT INTO tax_zones (id, name, countries, included) VALUES (@zone, @zone::uuid::text, '{*}', @included)`, args)
	s.exec(`INSERT INTO tax_rates (id, zone_id, tax_class, name, rate_ppm) VALUES (@rate, @zone, 'standard', 'VAT', @ppm)`, args)
}

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

// who sends a request: "" for a guest, "user_…", "vend_…" or "staff".
func (s *shop) call(who, method, path, body string, headers ...string) answer {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), method, "/api/v1"+path, bytes.NewBufferString(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case who == "staff":
		req.Header.Set("X-Staff", "yes")
	case strings.HasPrefix(who, "vend_"):
		req.Header.Set("X-Vendor", who)
	case who != "":
		req.Header.Set("X-User", who)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, req)
	return answer{w, s.t}
}

// want fails the test unless the answer has a status and holds some texts.
func (a answer) want(status int, contains ...string) answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("answered %d, want %d: %.800s", a.Code, status, a.Body)
	}
	for _, c := range contains {
		if !strings.Contains(a.Body.String(), c) {
			a.t.Fatalf("answer lacks %q: %.2000s", c, a.Body)
		}
	}
	return a
}

// lacks fails the test when the answer holds one of some texts.
func (a answer) lacks(texts ...string) answer {
	a.t.Helper()
	for _, c := range texts {
		if strings.Contains(a.Body.String(), c) {
			a.t.Errorf("answer holds %q: %s", c, a.Body)
		}
	}
	return a
}

func decode[T any](a answer) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	return v
}

const home = `{"email": "ada@example.com", "shipping": {"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}}`

// fill makes a cart that is ready for checkout, with so many of each variant.
func (s *shop) fill(who string, quantity int, variants ...id.Variant) cart.View {
	s.t.Helper()
	list := make([]cart.NewItem, len(variants))
	for i, v := range variants {
		list[i] = cart.NewItem{Variant: v, Quantity: quantity}
	}
	items, err := json.Marshal(list)
	if err != nil {
		s.t.Fatal(err)
	}
	c := decode[cart.View](s.call(who, "POST", "/carts", `{"items": `+string(items)+`}`).want(201))
	path := "/carts/" + c.ID.String()
	s.call(who, "PUT", path+"/addresses", home).want(200)
	var offered struct {
		Data []struct {
			Vendor  id.Vendor `json:"vendor_id"`
			Options []struct {
				ID id.ShipOption `json:"id"`
			} `json:"options"`
		} `json:"data"`
	}
	answered := s.call(who, "GET", path+"/shipping-options", "").want(200)
	if err := json.Unmarshal(answered.Body.Bytes(), &offered); err != nil {
		s.t.Fatal(err)
	}
	var selections []string
	for _, v := range offered.Data {
		selections = append(selections, fmt.Sprintf(`{"vendor_id": %q, "option_id": %q}`, v.Vendor, v.Options[0].ID))
	}
	return decode[cart.View](s.call(who, "PUT", path+"/shipping", `{"selections": [`+strings.Join(selections, ",")+`]}`).want(200))
}

// charge makes cash on delivery cost something.
func (s *shop) charge(fee string) {
	s.t.Helper()
	s.inTx(func(tx pgx.Tx) error {
		return s.flow.Settings.Set(s.t.Context(), tx, map[string]json.RawMessage{"payments.cod_fee": json.RawMessage(fmt.Sprintf("%q", fee))})
	})
}

// order is how checkout is asked for what the cart says it costs.
func order(c cart.View, method string) string {
	return fmt.Sprintf(`{"cart_id": %q, "payment_method": %q, "expected_total": {"amount": %d, "currency": %q}}`,
		c.ID, method, c.Totals.GrandTotal.Minor, c.Totals.GrandTotal.Currency)
}

// checkout places the order of a cart under a key of its own.
func (s *shop) checkout(who string, c cart.View, method string) answer {
	s.t.Helper()
	return s.call(who, "POST", "/checkout", order(c, method), "Idempotency-Key", id.New[id.Event]().String())
}

// buy fills a cart and orders it with cash on delivery.
func (s *shop) buy(who string, quantity int, variants ...id.Variant) checkout.Placed {
	s.t.Helper()
	filled := s.fill(who, quantity, variants...)
	shown := decode[cart.View](s.call(who, "GET", "/carts/"+filled.ID.String()+"?payment_method=cod", "").want(200))
	return decode[checkout.Placed](s.checkout(who, shown, "cod").want(201))
}

// path is the order's, opened by its token.
func path(p checkout.Placed, more string) string {
	return "/orders/" + p.Order.ID.String() + more + "?token=" + p.Order.AccessToken
}

func (s *shop) show(p checkout.Placed) orders.View {
	s.t.Helper()
	return decode[orders.View](s.call("staff", "GET", "/admin/orders/"+p.Order.ID.String(), "").want(200))
}

// ship hands over what is left of every part.
func (s *shop) ship(p checkout.Placed) []shipping.Shipment {
	s.t.Helper()
	var list []shipping.Shipment
	for _, part := range p.Order.Parts {
		body := fmt.Sprintf(`{"vendor_order_id": %q, "courier": "DHL", "tracking_number": "123"}`, part.ID)
		list = append(list, decode[shipping.Shipment](s.call("staff", "POST", "/admin/orders/"+p.Order.ID.String()+"/shipments", body).want(201)))
	}
	return list
}

// shipUnits hands over so many units of the first line of a part.
func (s *shop) shipUnits(p checkout.Placed, part, n int) shipping.Shipment {
	s.t.Helper()
	of := p.Order.Parts[part]
	return decode[shipping.Shipment](s.call(of.Seller.ID.String(), "POST", "/vendor/orders/"+of.ID.String()+"/shipments",
		fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": %d}]}`, of.Items[0].ID, n)).want(201))
}

func (s *shop) deliver(parcels ...shipping.Shipment) {
	s.t.Helper()
	for _, p := range parcels {
		s.call("staff", "POST", "/admin/shipments/"+p.ID.String()+"/events", `{"status": "delivered"}`).want(201)
	}
}

// race runs functions at once and collects what they return.
func race(fns ...func() error) []error {
	results := make([]error, len(fns))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i, fn := range fns {
		wait.Go(func() {
			<-start
			results[i] = fn()
		})
	}
	close(start)
	wait.Wait()
	return results
}

// codes counts the refusals among errors by code; "" is success.
func codes(t testing.TB, list []error) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, err := range list {
		counts[code(t, err)]++
	}
	return counts
}

func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *errs.Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	t.Errorf("not a refusal: %v", err)
	return err.Error()
}
