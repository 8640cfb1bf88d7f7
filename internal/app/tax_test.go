package app_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
)

// sellsFrom is a vendor who is registered for tax somewhere.
func sellsFrom(t *testing.T, a *apptest.App, name, registration string) (vendor id.Vendor) {
	t.Helper()
	vendor = a.Owner(t, name)
	mine := a.Call(t, name, "GET", "/vendor/profile", "").Want(t, 200)
	a.Call(t, name, "PATCH", "/vendor/profile", `{"tax_registration": `+registration+`}`, "If-Match", mine.Header.Get("ETag")).Want(t, 200)
	return vendor
}

func to(country, region, city, postal, taxID string) string {
	return fmt.Sprintf(`{"email": "ada@example.com", "tax_id": %q, "shipping": {"name": "Ada", "line1": "1 Main St", "city": %q, "postal_code": %q, "region": %q, "country": %q}}`,
		taxID, city, postal, region, country)
}

var (
	germanBusiness = to("DE", "", "Berlin", "10115", "de 136 695 976")
	kerala         = to("IN", "Kerala", "Kochi", "682001", "")
	karnataka      = to("IN", "KA", "Bengaluru", "560001", "29AAGCB7383J1Z4")
	california     = to("US", "CA", "Los Angeles", "90002", "")
)

// sent fills a cart that goes somewhere, ready for checkout.
func sent(t *testing.T, a *apptest.App, as, address string, quantity int, goods ...id.Variant) apptest.Cart {
	t.Helper()
	c := a.Basket(t, as, quantity, goods...)
	a.Call(t, as, "PUT", c.Path("/addresses"), address).Want(t, 200)
	a.Ship(t, as, c)
	return apptest.Read[apptest.Cart](t, a.Call(t, as, "GET", c.Path("?expand=trace"), "").Want(t, 200))
}

// wantTrace fails the test unless the steps tell something.
func wantTrace(t *testing.T, c apptest.Cart, kind, text string) {
	t.Helper()
	sum := money.Zero(c.Currency)
	found := false
	for _, s := range c.Trace {
		sum = sum.Plus(s.Amount)
		found = found || s.Kind == kind && strings.Contains(s.Text, text)
	}
	if !found || sum != c.Totals.GrandTotal {
		t.Errorf("no %s step says %q, or they come to %s of %s: %+v", kind, text, sum, c.Totals.GrandTotal, c.Trace)
	}
}

func preset(t *testing.T, a *apptest.App, name, body string) {
	t.Helper()
	a.Call(t, apptest.Admin, "POST", "/admin/tax/presets/"+name, body).Want(t, 200)
}

// taxOf is the taxes of an order as they were frozen.
func taxOf(t *testing.T, a *apptest.App, order id.Order) string {
	t.Helper()
	text, err := scalar[string](t, a, `SELECT coalesce(string_agg(label || ' ' || amount_minor, ', ' ORDER BY order_line_id IS NULL, label), '') FROM adjustments WHERE order_id = @order AND kind = 'tax'`,
		pgx.NamedArgs{"order": order})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func scalar[T any](t *testing.T, a *apptest.App, sql string, args pgx.NamedArgs) (v T, err error) {
	t.Helper()
	err = a.DB.QueryRow(t.Context(), sql, args).Scan(&v)
	return v, err
}

func TestABusinessAcrossTheBorderOwesTheTaxItself(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	preset(t, a, "eu-vat", "")
	mug := a.Variant(t, apptest.By(sellsFrom(t, a, "fleur", `{"country": "FR", "tax_id": "FR40303265045"}`)), apptest.Price(11_900))

	person := sent(t, a, "", apptest.Home, 1, mug)
	if person.Totals.GrandTotal.Minor != 11_900 || person.Totals.Tax.Minor != 1_900 || !person.Totals.TaxIncluded { // free shipping from 50.00
		t.Errorf("a person pays %+v", person.Totals)
	}
	c := sent(t, a, "", germanBusiness, 1, mug)
	if c.Totals.GrandTotal.Minor != 10_000 || !c.Totals.Tax.IsZero() || c.Items[0].UnitPrice.Minor != 10_000 || c.Addresses.Billing.TaxID != "DE136695976" {
		t.Errorf("a business pays %+v for %+v", c.Totals, c.Items[0])
	}
	wantTrace(t, c, "tax_relief", "Reverse charge: sold from FR to the business DE136695976, which owes the tax itself; 119.00 USD with tax, 100.00 USD without")

	placed := apptest.Read[checkout.Placed](t, a.Place(t, "", c).Want(t, 201))
	order := a.ShowOrder(t, placed.Order.ID)
	if order.GrandTotal.Minor != 10_000 || order.Items[0].UnitPrice.Minor != 10_000 || order.Addresses.Billing.TaxID != "DE136695976" || order.TaxSource.Engine != "table" {
		t.Errorf("the order says %+v", order)
	}
	if got := taxOf(t, a, placed.Order.ID); got != "Reverse charge 0, Reverse charge 0" {
		t.Errorf("frozen as %s", got)
	}
	if two := sent(t, a, "", germanBusiness, 3, mug); two.Totals.Items.Minor != 30_000 {
		t.Errorf("three cost %s", two.Totals.Items)
	}
	home := a.Variant(t, apptest.By(sellsFrom(t, a, "gerda", `{"country": "DE", "tax_id": "136695976"}`)), apptest.Price(11_900))
	if c := sent(t, a, "", germanBusiness, 1, home, mug); c.Totals.GrandTotal.Minor != 21_900 || c.Totals.Tax.Minor != 1_900 {
		t.Errorf("at home a business pays %+v", c.Totals)
	}
	a.WantSound(t)
}

func TestPlaceOfSupplyInIndia(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	preset(t, a, "india-gst", `{"included": false}`)
	mug := a.Variant(t, apptest.By(sellsFrom(t, a, "kavya", `{"country": "in", "region": "Karnataka", "postal_code": "560001", "tax_id": "29AAGCB7383J1Z4"}`)), apptest.Price(1_005))
	nobody := a.Variant(t, apptest.Price(1_005)) // registered nowhere

	for _, test := range []struct {
		name, address, frozen, told string
		goods                       id.Variant
	}{
		{"within the state", karnataka, "CGST 9 % 90, SGST 9 % 90, CGST 9 % 45, SGST 9 % 45", "supplied within IN-KA", mug},
		{"to another state", kerala, "IGST 18 % 181, IGST 18 % 90", "supplied from IN-KA to IN-KL", mug},
		{"from nobody knows where", kerala, "IGST 18 % 181, IGST 18 % 90", "supplied from a seller registered nowhere to IN-KL", nobody},
		{"abroad", california, "Zero-rated export 0, Zero-rated export 0", "supplied from IN-KA to US-CA", mug},
	} {
		c := sent(t, a, "", test.address, 1, test.goods)
		wantTrace(t, c, "tax", test.told)
		placed := apptest.Read[checkout.Placed](t, a.Place(t, "", c).Want(t, 201))
		if got := taxOf(t, a, placed.Order.ID); got != test.frozen {
			t.Errorf("%s: frozen as %s, want %s", test.name, got, test.frozen)
		}
	}
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"tax.country": "IN", "tax.region": "kerala"}}`, "If-Match", a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 200)
	if c := sent(t, a, "", kerala, 1, nobody); c.Totals.Tax.Minor != 270 {
		t.Errorf("in the shop's own state it is %s", c.Totals.Tax)
	} else {
		wantTrace(t, c, "tax", "supplied within IN-KL")
	}
	a.WantSound(t)
}

func TestStaffExemptBuyers(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.VAT(t, 190_000, true)
	mug := a.Variant(t, apptest.Price(1_190))
	school := a.User(t, "school").ID
	path := "/admin/users/" + school.String() + "/tax-exemptions"
	pays := func(as string, want int64) apptest.Cart {
		t.Helper()
		c := sent(t, a, as, apptest.Home, 1, mug)
		if c.Totals.GrandTotal.Minor != want {
			t.Errorf("%s pays %s, want %d", as, c.Totals.GrandTotal, want)
		}
		return c
	}
	gross := pays("school", 1_690).Totals
	a.Call(t, apptest.Admin, "POST", path, `{"certificate": "S-77", "countries": ["at"]}`).Want(t, 201)
	pays("school", 1_690) // elsewhere
	made := a.Call(t, apptest.Admin, "POST", path, `{"certificate": " S-78 ", "countries": ["de"], "valid_until": "2099-12-31"}`).Want(t, 201, `"certificate":"S-78"`, `"decided_by":"user_`)
	c := pays("school", 1_420) // 10.00 and 4.20 net
	wantTrace(t, c, "tax_relief", "Exempt: certificate S-78 exempts the buyer; 11.90 USD with tax, 10.00 USD without")
	placed := apptest.Read[checkout.Placed](t, a.Place(t, "school", c).Want(t, 201))
	if order := a.ShowOrder(t, placed.Order.ID); order.TaxSource.Exemption != "S-78" || taxOf(t, a, placed.Order.ID) != "Exempt 0, Exempt 0" {
		t.Errorf("the order says %+v, %s", order.TaxSource, taxOf(t, a, placed.Order.ID))
	}
	pays("", 1_690)
	a.Call(t, apptest.Admin, "DELETE", path+"/"+apptest.Read[answer](t, made).text("id"), "").Want(t, 204)
	if again := pays("school", 1_690).Totals; again != gross {
		t.Errorf("after it has ended they pay %+v", again)
	}
	a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200, `"S-78"`, `"revoked_at":"`)
	if _, err := a.DB.Exec(t.Context(), `UPDATE tax_exemptions SET revoked_at = NULL, valid_until = (now() AT TIME ZONE 'UTC')::date - 1`); err != nil {
		t.Fatal(err)
	}
	pays("school", 1_690) // its last day was yesterday
	if n := a.Count(t, `SELECT count(*)::int FROM audit_log WHERE action LIKE '%tax-exemption%'`, nil); n != 3 {
		t.Errorf("%d lines in the audit trail", n)
	}
}

// counter is TaxJar as it publishes itself: 8 % of everything, rounded line by
// line, in whatever mood a test wants.
type counter struct {
	*httptest.Server
	calls atomic.Int64
	mood  atomic.Value // "", "down", "wrong sum", "hangs"
	wake  chan struct{}
}

func openCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{wake: make(chan struct{})}
	c.mood.Store("")
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.calls.Add(1)
		switch c.mood.Load() {
		case "down":
			w.WriteHeader(503)
			return
		case "hangs":
			<-c.wake
			return
		}
		var order struct {
			Shipping json.Number `json:"shipping"`
			Lines    []struct {
				ID        string      `json:"id"`
				Quantity  int64       `json:"quantity"`
				UnitPrice json.Number `json:"unit_price"`
				Discount  json.Number `json:"discount"`
			} `json:"line_items"`
		}
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			t.Error(err)
		}
		cents := func(n json.Number) int64 {
			a, err := money.Parse(n.String(), "USD")
			if err != nil {
				t.Error(err)
			}
			return a.Minor
		}
		sum := int64(0)
		share := func(of int64) string {
			tax := money.Of(of, "USD").Share(8, 100)
			sum += tax.Minor
			return fmt.Sprintf(`"tax_collectable": %s, "combined_tax_rate": 0.08, "taxable_amount": %s`, tax.Decimal(), money.Of(of, "USD").Decimal())
		}
		var lines []string
		for _, l := range order.Lines {
			lines = append(lines, fmt.Sprintf(`{"id": %q, %s}`, l.ID, share(cents(l.UnitPrice)*l.Quantity-cents(l.Discount))))
		}
		shipping := share(cents(order.Shipping))
		if c.mood.Load() == "wrong sum" {
			sum++
		}
		_, _ = fmt.Fprintf(w, `{"tax": {"amount_to_collect": %s, "has_nexus": true, "breakdown": {"shipping": {%s}, "line_items": [%s]}}}`,
			money.Of(sum, "USD").Decimal(), shipping, strings.Join(lines, ","))
	}))
	t.Cleanup(func() { close(c.wake); c.Close() })
	return c
}

func inside(c *config.Config) { c.OutboundAllowPrivate = true }

func reckonedBy(t *testing.T, c *counter, more string) *apptest.App {
	t.Helper()
	a := apptest.NewLogging(t, pgtest.Tx(t), slog.New(slog.DiscardHandler), inside)
	a.Call(t, apptest.Admin, "PUT", "/admin/tax/engine", fmt.Sprintf(`{"engine": "taxjar", "base_url": %q, "api_key": "key of TaxJar"%s}`, c.URL, more)).Want(t, 200, `"has_key":true`)
	a.VAT(t, 50_000, true) // everywhere, as the table knows
	return a
}

func TestTaxJarReckonsOutsideOfTransactions(t *testing.T) {
	c := openCounter(t)
	a := reckonedBy(t, c, "")
	goods := []id.Variant{a.Variant(t, apptest.Price(1_006)), a.Variant(t, apptest.Price(333), apptest.By(a.Vendor(t, "second")))}

	basket := a.Basket(t, "", 2, goods...)
	a.Call(t, "", "GET", basket.Path(""), "").Want(t, 200, `"engine":"table"`)
	if c.calls.Load() != 0 {
		t.Error("asked about a cart that goes nowhere yet")
	}
	a.Call(t, "", "PUT", basket.Path("/addresses"), california).Want(t, 200, `"missing":["shipping","tax"]`)
	if c.calls.Load() != 0 {
		t.Error("asked inside a transaction")
	}
	unread := a.Ship(t, "", basket) // reads the options, which asks: once for each vendor
	if c.calls.Load() != 2 {
		t.Errorf("asked %d times", c.calls.Load())
	}
	a.Place(t, "", unread).Want(t, 409, "tax_pending")
	read := apptest.Read[apptest.Cart](t, a.Call(t, "", "GET", basket.Path("?expand=trace"), "").Want(t, 200, `"engine":"taxjar"`, `"missing":[]`))
	// 20.12 × 8 % = 1.6096, 6.66 × 8 % = 0.5328, twice 5.00 × 8 %.
	if read.Totals.Tax.Minor != 161+53+80 || read.Totals.TaxIncluded || read.Totals.GrandTotal.Minor != 2_012+666+1_000+294 || c.calls.Load() != 4 {
		t.Errorf("%+v after %d calls", read.Totals, c.calls.Load())
	}
	wantTrace(t, read, "tax", "Sales tax on 20.12 USD")
	a.Call(t, "", "GET", basket.Path(""), "").Want(t, 200)
	placed := apptest.Read[checkout.Placed](t, a.Place(t, "", read).Want(t, 201))
	if c.calls.Load() != 4 {
		t.Error("asked again what it had said")
	}
	order := a.ShowOrder(t, placed.Order.ID)
	if order.TaxSource.Engine != "taxjar" || order.Tax != read.Totals.Tax || taxOf(t, a, placed.Order.ID) != "Sales tax 161, Sales tax 53, Sales tax 40, Sales tax 40" {
		t.Errorf("the order says %+v, %s", order.TaxSource, taxOf(t, a, placed.Order.ID))
	}
	if berlin := sent(t, a, "", apptest.Home, 1, goods[0]); berlin.TaxSource.Engine != "table" || berlin.Totals.Tax.Minor != 48+24 {
		t.Errorf("of other countries the table knows: %+v", berlin.Totals)
	}
	joinInOneCall(t, a, c)
	a.WantSound(t)
	if err := a.Tax.Forget(t.Context()); err != nil || a.Count(t, `SELECT count(*)::int FROM tax_answers`, nil) != 0 {
		t.Errorf("answers of carts that were ordered are kept: %v", err)
	}
}

func TestWhileTheEngineDoesNotAnswerNothingIsOrdered(t *testing.T) {
	for mood, why := range map[string]string{"down": "taxjar answered 503", "wrong sum": "taxjar says", "hangs": "taxjar did not answer in time"} {
		t.Run(mood, func(t *testing.T) {
			c := openCounter(t)
			a := reckonedBy(t, c, `, "timeout_ms": 150`)
			c.mood.Store(mood)
			cart := sent(t, a, "", california, 1, a.Variant(t))
			if !strings.HasPrefix(cart.TaxSource.Failure, why) || fmt.Sprint(cart.Missing) != "[tax]" || !cart.Totals.Tax.IsZero() {
				t.Errorf("%+v, missing %v", cart.TaxSource, cart.Missing)
			}
			a.Place(t, "", cart).Want(t, 503, "tax_unavailable", why)
			asked := c.calls.Load()
			a.Call(t, "", "GET", cart.Path(""), "").Want(t, 200)
			if c.calls.Load() != asked {
				t.Error("an engine that has just failed is asked again at once")
			}
			if mood == "hangs" {
				return
			}
			c.mood.Store("")
			if _, err := a.DB.Exec(t.Context(), `UPDATE tax_answers SET until = now() - interval '1 second'`); err != nil {
				t.Fatal(err)
			}
			again := apptest.Read[apptest.Cart](t, a.Call(t, "", "GET", cart.Path(""), "").Want(t, 200))
			a.Place(t, "", again).Want(t, 201)
		})
	}
}

func TestTheTableStandsInWhereStaffSaySo(t *testing.T) {
	c := openCounter(t)
	a := reckonedBy(t, c, `, "on_failure": "table"`)
	c.mood.Store("down")
	cart := sent(t, a, "", california, 1, a.Variant(t, apptest.Price(1_000)))
	if cart.TaxSource.Engine != "table" || cart.TaxSource.Failure != "taxjar answered 503" || cart.Totals.Tax.Minor != 50+25 || cart.Totals.TaxIncluded {
		t.Errorf("%+v, %+v", cart.TaxSource, cart.Totals)
	}
	placed := apptest.Read[checkout.Placed](t, a.Place(t, "", cart).Want(t, 201))
	if order := a.ShowOrder(t, placed.Order.ID); order.TaxSource.Engine != "table" || order.TaxSource.Failure != "taxjar answered 503" {
		t.Errorf("the order says %+v", order.TaxSource)
	}
	a.WantSound(t)
}

// Who joins, goes up or is renewed has read no cart: the engine is asked on the
// way, outside of the transaction, once.
func joinInOneCall(t *testing.T, a *apptest.App, c *counter) {
	t.Helper()
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"payments.transfer_instructions": "UPI: market@bank"}}`,
		"If-Match", a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 200)
	plan := func(name string, rank, price int) string {
		return apptest.Read[answer](t, a.Call(t, apptest.Admin, "POST", "/admin/plans",
			fmt.Sprintf(`{"name": %q, "rank": %d, "interval": {"unit": "month", "count": 1}, "prices": [{"amount": %d, "currency": "USD"}]}`, name, rank, price)).Want(t, 201)).text("id")
	}
	silver, gold := plan("Silver", 1, 1_000), plan("Gold", 2, 2_500)
	a.User(t, "joan")
	order := func(door, plan string, total, calls int64) checkout.Joined {
		t.Helper()
		before := c.calls.Load()
		joined := apptest.Read[checkout.Joined](t, a.Call(t, "joan", "POST", "/me/membership"+door, `{"plan_id": "`+plan+`", "payment_method": "bank_transfer",
			"billing": {"name": "Joan", "line1": "1 Main St", "city": "Los Angeles", "region": "CA", "postal_code": "90001", "country": "US"}}`).Want(t, 201))
		if joined.Order.GrandTotal.Minor != total || joined.Order.TaxSource.Engine != "taxjar" || c.calls.Load()-before != calls {
			t.Errorf("%s by %+v after %d calls", joined.Order.GrandTotal, joined.Order.TaxSource, c.calls.Load()-before)
		}
		return joined
	}
	first := order("", silver, 1_080, 1)
	a.Call(t, apptest.Admin, "POST", "/admin/payments/"+first.Payment.ID.String()+"/capture", "", "Idempotency-Key", "seen").Want(t, 200)
	if err := a.Checkout.HandOver(t.Context(), checkout.HandOverDue{OrderID: first.Order.ID}); err != nil {
		t.Fatal(err)
	}
	order("/upgrade", gold, 1_620, 1) // 25.00 less 10.00 of the unused month, with 8 % on what is left

	calls := c.calls.Load()
	change(t, a, `UPDATE memberships SET due_at = now()`, nil)
	change(t, a, `UPDATE membership_periods SET starts_at = starts_at - interval '28 days', ends_at = ends_at - interval '28 days'`, nil)
	change(t, a, `UPDATE memberships SET ends_at = ends_at - interval '28 days', benefits_until = benefits_until - interval '28 days'`, nil)
	if err := a.Checkout.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Call(t, "joan", "GET", "/me/membership", "").Want(t, 200, "renewal_order_id")
	if c.calls.Load() != calls+1 {
		t.Errorf("asked %d times for a renewal", c.calls.Load()-calls)
	}
	c.mood.Store("down")
	a.User(t, "jack")
	a.Call(t, "jack", "POST", "/me/membership", `{"plan_id": "`+silver+`", "payment_method": "bank_transfer",
		"billing": {"name": "Jack", "line1": "1 Main St", "city": "Los Angeles", "region": "CA", "postal_code": "90001", "country": "US"}}`).Want(t, 503, "tax_unavailable")
	c.mood.Store("")
}

func TestTaxJarIsNotAskedAboutOtherCurrencies(t *testing.T) {
	c := openCounter(t)
	a := reckonedBy(t, c, "")
	mug := a.Variant(t, apptest.Also(money.Of(900, "EUR")), apptest.Digital(), apptest.Untracked())
	cart := apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", "/carts", `{"currency": "EUR", "items": `+string(must(json.Marshal([]map[string]any{{"variant_id": mug, "quantity": 1}})))+`}`).Want(t, 201))
	a.Call(t, "", "PUT", cart.Path("/addresses"), california).Want(t, 200)
	a.Call(t, "", "GET", cart.Path(""), "").Want(t, 200, "reckons in US dollars only", `"missing":["tax"]`)
	if c.calls.Load() != 0 {
		t.Error("asked")
	}
}

func TestWhoIsExemptIsNotAskedAbout(t *testing.T) {
	c := openCounter(t)
	a := reckonedBy(t, c, "")
	school := a.User(t, "school").ID
	a.Call(t, apptest.Admin, "POST", "/admin/users/"+school.String()+"/tax-exemptions", `{"certificate": "CA-1", "countries": ["US"], "regions": ["ca"]}`).Want(t, 201)
	cart := sent(t, a, "school", california, 1, a.Variant(t))
	if !cart.Totals.Tax.IsZero() || c.calls.Load() != 0 {
		t.Errorf("%+v after %d calls", cart.Totals, c.calls.Load())
	}
	wantTrace(t, cart, "tax_relief", "certificate CA-1")
	a.Place(t, "school", cart).Want(t, 201)
}

func TestHowTheEngineIsSetUp(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	const path = "/admin/tax/engine"
	a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200, `"engine":"table","has_key":false`)
	for body, want := range map[string]string{
		`{"engine": "taxjar"}`: "/api_key", `{"engine": "avalara"}`: "/engine", `{"engine": "taxjar", "api_key": "k", "base_url": "http://127.0.0.1"}`: "/base_url",
		`{"engine": "taxjar", "api_key": "k", "countries": ["USA"]}`: "/countries", `{"engine": "taxjar", "api_key": "k", "timeout_ms": 1}`: "/timeout_ms",
	} {
		a.Call(t, apptest.Admin, "PUT", path, body).Want(t, 422, want)
	}
	a.Call(t, apptest.Admin, "PUT", path, `{"engine": "table"}`).Want(t, 200, `"engine":"table"`)
	shown := a.Call(t, apptest.Admin, "PUT", path, `{"engine": "taxjar", "api_key": "a key of TaxJar"}`).Want(t, 200, `"engine":"taxjar"`, `"base_url":"https://api.taxjar.com"`, `"countries":["US"]`, `"on_failure":"refuse"`)
	if strings.Contains(shown.Body, "a key of TaxJar") {
		t.Error("the key is shown")
	}
	if n := a.Count(t, `SELECT count(*)::int FROM tax_engines WHERE position('a key of TaxJar'::bytea IN key_sealed) > 0`, nil); n != 0 {
		t.Error("the key stands in the open")
	}
	if n := a.Count(t, `SELECT count(*)::int FROM audit_log WHERE position('a key of TaxJar' IN coalesce(before::text, '') || coalesce(after::text, '')) > 0`, nil); n != 0 {
		t.Error("the key stands in the audit trail")
	}
	a.Call(t, apptest.Admin, "PUT", path, `{"engine": "taxjar", "base_url": "https://evil.example"}`).Want(t, 422, "/api_key")
	a.Call(t, apptest.Admin, "PUT", path, `{"engine": "taxjar", "on_failure": "table"}`).Want(t, 200, `"has_key":true`, `"on_failure":"table"`)
	a.Call(t, apptest.Admin, "PUT", path, `{"engine": "table"}`).Want(t, 200, `"engine":"table"`)
	if n, err := a.Reseal(t.Context()); err != nil || n != 0 {
		t.Errorf("%d keys to seal anew, %v", n, err)
	}
}

// Rows 45 and 47 to 53 as far as tax goes: wrong numbers are refused with a
// sentence, and a rate that has changed since the quote stops the order.
func TestBadTax(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t)
	c := a.Cart(t, "", 1, mug)
	wrong := []string{"DE136695977", "hello", strings.Repeat("1", 61), "<b>", "FR40303265046", `DE136695976\nX`} // digit, letters, length, markup, another country's, two lines
	for _, number := range wrong {
		a.Call(t, "", "PUT", c.Path("/addresses"), strings.Replace(apptest.Home, `{"email"`, `{"tax_id": "`+number+`", "email"`, 1)).Want(t, 422, "tax_id")
	}
	a.Call(t, "", "PUT", c.Path("/addresses"), to("IN", "KA", "Bengaluru", "560001", "29AAGCB7383J1Z5")).Want(t, 422, "GSTIN")
	a.User(t, "ada")
	saved := `{"name": "Ada", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE", "tax_id": "%s"}`
	a.Call(t, "ada", "POST", "/me/addresses", fmt.Sprintf(saved, "DE1")).Want(t, 422, "/tax_id")
	kept := apptest.Read[answer](t, a.Call(t, "ada", "POST", "/me/addresses", fmt.Sprintf(saved, "136695976")).Want(t, 201, `"tax_id":"DE136695976"`))
	a.Call(t, "ada", "PATCH", "/me/addresses/"+kept.text("id"), `{"tax_id": "DE2"}`).Want(t, 422, "/tax_id")
	mine := a.Basket(t, "ada", 1, mug)
	a.Call(t, "ada", "PUT", mine.Path("/addresses"), `{"email": "ada@example.com", "shipping_address_id": "`+kept.text("id")+`"}`).Want(t, 200, `"tax_id":"DE136695976"`)
	a.Call(t, "ada", "PUT", mine.Path("/addresses"), `{"email": "ada@example.com", "shipping_address_id": "`+kept.text("id")+`", "tax_id": ""}`).Want(t, 200, `"billing":{"name":"Ada","line1":"1 Main St","city":"Berlin","postal_code":"10115","country":"DE"}`)

	a.Owner(t, "vera")
	tag := a.Call(t, "vera", "GET", "/vendor/profile", "").Header.Get("ETag")
	for body, want := range map[string]string{
		`{"country": "XX"}`: "/tax_registration/country", `{"country": "IN"}`: "/tax_registration/region", `{"country": "DE", "tax_id": "DE1"}`: "/tax_registration/tax_id",
		`{"country": "IN", "region": "KL", "tax_id": "29AAGCB7383J1Z4"}`: "another state", `{"country": "DE", "postal_code": "1"}`: "/tax_registration/postal_code", `{"region": "KL"}`: "country",
	} {
		a.Call(t, "vera", "PATCH", "/vendor/profile", `{"tax_registration": `+body+`}`, "If-Match", tag).Want(t, 422, want)
	}
	for setting, value := range map[string]string{"tax.country": "Germany", "tax.id": "DE136695977"} {
		seen := a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")
		a.Call(t, apptest.Admin, "PATCH", "/admin/settings", fmt.Sprintf(`{"settings": {%q: %q}}`, setting, value), "If-Match", seen).Want(t, 422, setting)
	}
	for _, ppm := range []string{"1000001", "-5", "NaN", "1e-9", `"10"`} {
		w := a.Call(t, apptest.Admin, "POST", "/admin/tax/zones", `{"name": "x", "countries": ["AT"], "rates": [{"name": "x", "rate_ppm": `+ppm+`}]}`)
		if w.Status != 422 && w.Status != 400 {
			t.Errorf("a rate of %s: %d", ppm, w.Status)
		}
	}
	a.Call(t, apptest.Admin, "POST", "/admin/tax/zones", `{"name": "x", "countries": ["AT"], "rates": [{"name": "x", "rate_ppm": 1, "applies": "sometimes"}]}`).Want(t, 422, "applies")
	user := a.User(t, "school").ID.String()
	for body, want := range map[string]string{
		`{"certificate": " ", "countries": ["US"]}`: "/certificate", `{"certificate": "x", "countries": []}`: "/countries", `{"certificate": "x", "countries": ["USA"]}`: "/countries",
		`{"certificate": "x", "countries": ["US", "DE"], "regions": ["CA"]}`: "/regions", `{"certificate": "x", "countries": ["US"], "valid_until": "2020-01-01"}`: "/valid_until",
		`{"certificate": "x", "countries": ["US"], "valid_until": "soon"}`: "/valid_until", `{"certificate": "x\ny", "countries": ["US"]}`: "/certificate",
	} {
		a.Call(t, apptest.Admin, "POST", "/admin/users/"+user+"/tax-exemptions", body).Want(t, 422, want)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/users/"+id.New[id.User]().String()+"/tax-exemptions", `{"certificate": "x", "countries": ["US"]}`).Want(t, 404)

	before := a.Cart(t, "", 1, mug)
	a.VAT(t, 190_000, false)
	a.Place(t, "", before).Want(t, 409, "total_changed", `"tax":`)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
