package shipping_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/shipping"
)

// shop serves the routes of this module to whoever X-Role says.
func shop(t *testing.T) (tx pgx.Tx, call func(as, method, path, ifMatch, body string) *httptest.ResponseRecorder) {
	t.Helper()
	tx = pgtest.Tx(t)
	r := httpapi.New(httpapi.Config{DB: tx, LimitsOff: true, Authenticate: func(_ context.Context, r *http.Request) (auth.Actor, error) {
		var g auth.Grants
		g.Declare(shipping.Permissions()...)
		if role := r.Header.Get("X-Role"); role != "" {
			return auth.Actor{System: "test", Roles: []string{role}, Permissions: g.Of([]string{role})}, nil
		}
		return auth.Actor{}, nil
	}})
	(&shipping.Shipping{DB: tx}).Routes(r)
	return tx, func(as, method, path, ifMatch, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.Header.Set("X-Role", as)
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		if ifMatch != "" {
			req.Header.Set("If-Match", ifMatch)
		}
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, req)
		return w
	}
}

func made[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if w.Code != 201 {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	zonesPath   = "/api/v1/admin/shipping/zones"
	optionsPath = "/api/v1/admin/shipping/options"
)

func TestStaffKeepZonesAndOptions(t *testing.T) {
	t.Parallel()
	_, call := shop(t)
	zone := made[shipping.Zone](t, call("admin", "POST", zonesPath, "", `{"name": "Europe", "countries": ["de", "FR", "FR"]}`))
	if diff := cmp.Diff([]string{"DE", "FR"}, zone.Countries); diff != "" {
		t.Error(diff)
	}
	in := `"zone_id": "` + zone.ID.String() + `", "name": "x", "kind": "standard", "min_days": 1, "max_days": 2`
	option := made[shipping.Option](t, call("admin", "POST", optionsPath, "", `{`+in+`,
		"price": {"amount": 500, "currency": "EUR"}, "free_above": {"amount": 5000, "currency": "EUR"}}`))
	z, o := zonesPath+"/"+zone.ID.String(), optionsPath+"/"+option.ID.String()

	for _, c := range []struct {
		name, as, method, path, ifMatch, body string
		status                                int
		contains                              string
	}{
		{"nobody may look", "", "GET", zonesPath, "", "", 401, "unauthenticated"},
		{"a customer may not change", "customer", "POST", optionsPath, "", `{` + in + `, "price": {"amount": 1, "currency": "EUR"}}`, 403, "forbidden"},
		{"staff see the zones", "admin", "GET", zonesPath + "?include=total_count", "", "", 200, `"total_count":1`},
		{"and the options of one", "admin", "GET", optionsPath + "?include=total_count&zone=" + zone.ID.String(), "", "", 200, `"free_above":{"amount":5000,"currency":"EUR"}`},
		{"a name is taken once", "admin", "POST", zonesPath, "", `{"name": "Europe", "countries": ["AT"]}`, 409, "name_taken"},
		{"everywhere stands alone", "admin", "POST", zonesPath, "", `{"name": "x", "countries": ["*", "AT"]}`, 422, "/countries"},
		{"two letters make a country", "admin", "PATCH", z, `"v1"`, `{"countries": ["Austria"]}`, 422, "/countries"},
		{"no such currency", "admin", "POST", optionsPath, "", `{` + in + `, "price": {"amount": 1, "currency": "XXX"}}`, 422, "/price/currency"},
		{"one currency in an option", "admin", "POST", optionsPath, "", `{` + in + `, "price": {"amount": 1, "currency": "EUR"}, "free_above": {"amount": 1, "currency": "USD"}}`, 422, "/free_above/currency"},
		{"no price below nothing", "admin", "POST", optionsPath, "", `{` + in + `, "price": {"amount": -1, "currency": "EUR"}}`, 422, "/price/amount"},
		{"tiers for a rule that has them", "admin", "POST", optionsPath, "", `{` + in + `, "price": {"amount": 1, "currency": "EUR"}, "tiers": [{"from": 0, "amount": 1}]}`, 422, "/tiers"},
		{"a rule that needs tiers", "admin", "POST", optionsPath, "", `{` + in + `, "price": {"amount": 0, "currency": "EUR"}, "rule": "by_weight"}`, 422, "/tiers"},
		{"tiers ascend", "admin", "POST", optionsPath, "", `{` + in + `, "price": {"amount": 0, "currency": "EUR"}, "rule": "by_value", "tiers": [{"from": 0, "amount": 1}, {"from": 0, "amount": 2}]}`, 422, "/tiers"},
		{"no days backwards", "admin", "PATCH", o, `"v1"`, `{"min_days": 3}`, 422, "/max_days"},
		{"no such zone", "admin", "PATCH", o, `"v1"`, `{"zone_id": "` + id.New[id.ShipZone]().String() + `"}`, 422, "/zone_id"},
		{"an edit says what it has seen", "admin", "PATCH", o, "", `{"name": "y"}`, 428, ""},
		{"an edit of what has changed", "admin", "PATCH", o, `"v3"`, `{"name": "y"}`, 412, ""},
		{"an edit keeps what it leaves out", "admin", "PATCH", o, `"v1"`, `{"name": "y", "never_free": true}`, 200, `"price":{"amount":500,"currency":"EUR"}`},
		{"and is kept", "admin", "GET", o, "", "", 200, `"version":2`},
		{"a zone with options stays", "admin", "DELETE", z, `"v1"`, "", 409, "zone_in_use"},
		{"an option goes", "admin", "DELETE", o, `"v2"`, "", 204, ""},
		{"and is gone", "admin", "GET", o, "", "", 404, "not_found"},
		{"then the zone goes", "admin", "DELETE", z, `"v1"`, "", 204, ""},
		{"and is gone, too", "admin", "GET", z, "", "", 404, "not_found"},
	} {
		w := call(c.as, c.method, c.path, c.ifMatch, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.contains) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, w.Code, w.Body, c.status, c.contains)
		}
	}
}

func TestPriceOfAnOption(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) money.Amount { return money.Of(minor, "USD") }
	free := usd(5000)
	mine := id.New[id.Vendor]()
	weight := shipping.Option{Rule: shipping.ByWeight, Price: usd(0), Tiers: shipping.Tiers{{From: 0, Minor: 500}, {From: 1001, Minor: 900}, {From: 5001, Minor: 2000}}}
	value := shipping.Option{Rule: shipping.ByValue, Price: usd(0), Tiers: shipping.Tiers{{From: 0, Minor: 800}, {From: 3000, Minor: 400}}, FreeAbove: &free}
	for _, c := range []struct {
		name   string
		option shipping.Option
		parcel shipping.Parcel
		want   int64 // -1: not offered
	}{
		{"flat", shipping.Option{Rule: shipping.Flat, Price: usd(700)}, shipping.Parcel{Value: usd(1)}, 700},
		{"flat, free from a value", shipping.Option{Rule: shipping.Flat, Price: usd(700), FreeAbove: &free}, shipping.Parcel{Value: usd(5000)}, 0},
		{"flat, one cent short of free", shipping.Option{Rule: shipping.Flat, Price: usd(700), FreeAbove: &free}, shipping.Parcel{Value: usd(4999)}, 700},
		{"nothing weighs the first tier", weight, shipping.Parcel{Value: usd(1)}, 500},
		{"a kilo", weight, shipping.Parcel{WeightGrams: 1000, Value: usd(1)}, 500},
		{"a gram more", weight, shipping.Parcel{WeightGrams: 1001, Value: usd(1)}, 900},
		{"a ton", weight, shipping.Parcel{WeightGrams: 1_000_000, Value: usd(1)}, 2000},
		{"a small order", value, shipping.Parcel{Value: usd(2999)}, 800},
		{"a larger one", value, shipping.Parcel{Value: usd(3000)}, 400},
		{"a large one", value, shipping.Parcel{Value: usd(5000)}, 0},
		{"another currency", value, shipping.Parcel{Value: money.Of(1, "EUR")}, -1},
		{"the vendor's own", shipping.Option{Rule: shipping.Flat, Price: usd(1), VendorID: mine}, shipping.Parcel{Vendor: mine, Value: usd(1)}, 1},
		{"another vendor's own", shipping.Option{Rule: shipping.Flat, Price: usd(1), VendorID: mine}, shipping.Parcel{Vendor: id.New[id.Vendor](), Value: usd(1)}, -1},
	} {
		q, ok := c.option.For(c.parcel)
		if got := map[bool]int64{true: q.Price.Minor, false: -1}[ok]; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestOptionsOfACountry(t *testing.T) {
	t.Parallel()
	tx, call := shop(t)
	vendor := insertVendor(t, tx)
	offer := func(zone shipping.Zone, more string) {
		made[shipping.Option](t, call("admin", "POST", optionsPath, "", `{"zone_id": "`+zone.ID.String()+`", "kind": "standard", "min_days": 1, "max_days": 2, `+more+`}`))
	}
	world := made[shipping.Zone](t, call("admin", "POST", zonesPath, "", `{"name": "world", "countries": ["*"]}`))
	europe := made[shipping.Zone](t, call("admin", "POST", zonesPath, "", `{"name": "europe", "countries": ["DE", "FR"]}`))
	france := made[shipping.Zone](t, call("admin", "POST", zonesPath, "", `{"name": "france", "countries": ["FR"]}`))
	offer(world, `"name": "world", "price": {"amount": 3000, "currency": "USD"}`)
	offer(europe, `"name": "europe", "price": {"amount": 900, "currency": "USD"}, "position": 2`)
	offer(europe, `"name": "euros", "price": {"amount": 900, "currency": "EUR"}`)
	offer(europe, `"name": "retired", "price": {"amount": 1, "currency": "USD"}, "active": false`)
	offer(france, `"name": "poste", "price": {"amount": 700, "currency": "USD"}, "position": 1`)
	offer(europe, `"name": "own", "price": {"amount": 100, "currency": "USD"}, "position": 9, "vendor_id": "`+vendor.String()+`"`)

	other := id.New[id.Vendor]()
	for _, c := range []struct {
		country string
		vendor  id.Vendor
		want    []string
	}{
		{"US", other, []string{"world"}},
		{"", other, []string{"world"}},
		{"DE", other, []string{"europe"}},
		{"FR", other, []string{"poste", "europe"}},
		{"DE", vendor, []string{"europe", "own"}},
	} {
		found, err := (&shipping.Shipping{}).Options(t.Context(), tx, "USD", c.country, []shipping.Parcel{{Vendor: c.vendor, Value: money.Of(1, "USD")}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, q := range found[c.vendor] {
			got = append(got, q.Option.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("to %q (-want +got):\n%s", c.country, diff)
		}
	}
}

func TestAFreshShopCanShip(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	s := &shipping.Shipping{DB: tx}
	for range 2 { // the second time changes nothing
		for _, c := range []money.Currency{"USD", "JPY", "KWD"} {
			if err := s.EnsureDefaults(t.Context(), tx, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	for currency, want := range map[money.Currency]string{
		"USD": "Standard 5.00 USD 3-7 days, Express 15.00 USD 1-2 days",
		"JPY": "Standard 500 JPY 3-7 days, Express 1500 JPY 1-2 days",
		"KWD": "Standard 1.500 KWD 3-7 days, Express 4.500 KWD 1-2 days",
		"EUR": "",
	} {
		vendor := id.New[id.Vendor]()
		found, err := s.Options(t.Context(), tx, currency, "BR", []shipping.Parcel{{Vendor: vendor, Value: money.Of(1, currency)}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, q := range found[vendor] {
			days, _ := json.Marshal([]int{q.Option.MinDays, q.Option.MaxDays})
			got = append(got, q.Option.Name+" "+q.Price.String()+" "+strings.ReplaceAll(strings.Trim(string(days), "[]"), ",", "-")+" days")
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", currency, diff)
		}
	}
}

func insertVendor(t *testing.T, tx pgx.Tx) id.Vendor {
	t.Helper()
	vendor := id.New[id.Vendor]()
	if _, err := tx.Exec(t.Context(), `INSERT INTO vendors (id, slug, name, status) VALUES ($1, $2, 'V', 'active')`, vendor, vendor.String()); err != nil {
		t.Fatal(err)
	}
	return vendor
}
