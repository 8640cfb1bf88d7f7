package pricing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/pricing"
)

// Prices and stock at the doors of staff and vendors.
func TestPricesAndStockOverHTTP(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	seven := offerOf(7)
	vendor, mug := newVariant(t, tx, seven)
	other, _ := newVariant(t, tx)
	variant := mug.Variants[0].ID.String()

	router := httpapi.New(httpapi.Config{DB: tx, LimitsOff: true, Authenticate: func(_ context.Context, r *http.Request) (auth.Actor, error) {
		a := auth.Actor{User: id.New[id.User](), Permissions: map[auth.Permission]bool{}}
		for _, p := range append(pricing.Permissions(), inventory.Permissions()...) {
			a.Permissions[p] = r.Header.Get("As") == "staff"
		}
		a.Permissions[auth.AsVendor] = r.Header.Get("As") != "staff"
		a.Permissions[auth.VendorCatalog], a.Permissions[auth.VendorInventory] = a.Permissions[auth.AsVendor], a.Permissions[auth.AsVendor]
		switch r.Header.Get("As") {
		case "vendor":
			a.Vendor = vendor
		case "other":
			a.Vendor = other
		}
		return a, nil
	}})
	_, prices := shop(tx)
	prices.Stock.Cursors = router.Cursors
	prices.Routes(router)
	prices.Stock.Routes(router)

	for _, s := range []struct {
		name, as, method, path, body string
		status                       int
		contains                     string
	}{
		{"a price", "vendor", "PUT", "/vendor/variants/" + variant + "/prices", `{"prices": [{"price": {"amount": 1999, "currency": "USD"}, "compare_at_price": {"amount": 2999, "currency": "USD"}}]}`, 200, `"price":{"amount":1999,"currency":"USD"}`},
		{"another", "staff", "PUT", "/admin/variants/" + variant + "/prices", `{"prices": [{"price": {"amount": 1500, "currency": "USD"}}]}`, 200, `"lowest_price_30d":{"amount":1999`},
		{"its history", "vendor", "GET", "/vendor/variants/" + variant + "/prices/history?limit=1", "", 200, `"has_more":true`},
		{"not of another vendor", "other", "PUT", "/vendor/variants/" + variant + "/prices", `{"prices": []}`, 404, "variant_not_found"},
		{"not for one without a vendor", "nobody", "GET", "/vendor/variants/" + variant + "/prices", "", 404, "variant_not_found"},
		{"not negative", "vendor", "PUT", "/vendor/variants/" + variant + "/prices", `{"prices": [{"price": {"amount": -1, "currency": "USD"}}]}`, 422, `"pointer":"/prices/0/amount"`},
		{"no such currency", "vendor", "PUT", "/vendor/variants/" + variant + "/prices", `{"prices": [{"price": {"amount": 1, "currency": "XXX"}}]}`, 422, "unknown_currency"},
		{"no fractions", "vendor", "PUT", "/vendor/variants/" + variant + "/prices", `{"prices": [{"price": {"amount": 1.5, "currency": "USD"}}]}`, 422, "validation_failed"},

		{"levels", "vendor", "GET", "/vendor/inventory?q=MUG", "", 200, `"on_hand":7`},
		{"few left", "vendor", "GET", "/vendor/inventory?available[lte]=6", "", 200, `"data":[]`},
		{"of one who has none", "nobody", "GET", "/vendor/inventory", "", 200, `"data":[]`},
		{"of all", "staff", "GET", "/admin/inventory", "", 200, variant},
		{"a count", "vendor", "PATCH", "/vendor/inventory", `{"variant_id": "` + variant + `", "on_hand": 9, "expected_on_hand": 7}`, 200, `"available":9`},
		{"a stale count", "staff", "PATCH", "/admin/inventory", `{"variant_id": "` + variant + `", "on_hand": 8, "expected_on_hand": 7}`, 409, `"on_hand":9`},
		{"a count of another's", "other", "PATCH", "/vendor/inventory", `{"variant_id": "` + variant + `", "on_hand": 8, "expected_on_hand": 9}`, 404, "variant_not_found"},
		{"less than nothing", "vendor", "PATCH", "/vendor/inventory", `{"variant_id": "` + variant + `", "on_hand": -1, "expected_on_hand": 9}`, 422, "too_small"},
		{"broken ones", "vendor", "POST", "/vendor/inventory/adjustments", `{"variant_id": "` + variant + `", "delta": -2, "reason": "damage", "note": "fell"}`, 200, `"on_hand":7`},
		{"more than there are", "vendor", "POST", "/vendor/inventory/adjustments", `{"variant_id": "` + variant + `", "delta": -8, "reason": "damage"}`, 409, "not_on_hand"},
		{"a sale is no adjustment", "vendor", "POST", "/vendor/inventory/adjustments", `{"variant_id": "` + variant + `", "delta": -1, "reason": "sale"}`, 422, "validation_failed"},
		{"what came and went", "vendor", "GET", "/vendor/inventory/movements?variant_id=" + variant, "", 200, `"note":"fell"`},
		{"not to others", "other", "GET", "/vendor/inventory/movements?variant_id=" + variant, "", 404, "variant_not_found"},
		{"a location", "vendor", "POST", "/vendor/locations", `{"name": "Cellar", "priority": 2}`, 201, `"name":"Cellar"`},
		{"the same again", "vendor", "POST", "/vendor/locations", `{"name": "Cellar"}`, 409, "location_taken"},
		{"of another vendor", "vendor", "POST", "/vendor/locations", `{"name": "Attic", "vendor_id": "` + other.String() + `"}`, 400, "unknown_field"},
		{"staff say whose", "staff", "POST", "/admin/locations", `{"name": "Attic"}`, 422, "/vendor_id"},
		{"locations", "vendor", "GET", "/vendor/locations", "", 200, "Main"},
	} {
		// A refusal spoils the transaction that all this runs in, so each call has
		// a savepoint: httpapi makes it, as InTx does.
		r := httptest.NewRequest(s.method, "/api/v1"+s.path, strings.NewReader(s.body))
		r.Header.Set("As", s.as)
		if s.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		router.Handler().ServeHTTP(w, r)
		if w.Code != s.status || !strings.Contains(w.Body.String(), s.contains) {
			t.Errorf("%s: %d %s, want %d with %s", s.name, w.Code, w.Body, s.status, s.contains)
		}
	}
}
