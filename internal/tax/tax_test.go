package tax_test

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
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/tax"
)

// shop serves the routes of this module to an admin, or to nobody in particular.
func shop(t *testing.T) (tx pgx.Tx, call func(as, method, path, ifMatch, body string) *httptest.ResponseRecorder) {
	t.Helper()
	tx = pgtest.Tx(t)
	r := httpapi.New(httpapi.Config{DB: tx, LimitsOff: true, Authenticate: func(_ context.Context, r *http.Request) (auth.Actor, error) {
		var g auth.Grants
		g.Declare(tax.Permissions()...)
		if role := r.Header.Get("X-Role"); role != "" {
			return auth.Actor{System: "test", Roles: []string{role}, Permissions: g.Of([]string{role})}, nil
		}
		return auth.Actor{}, nil
	}})
	(&tax.Zones{DB: tx}).Routes(r)
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

func TestStaffKeepZones(t *testing.T) {
	t.Parallel()
	_, call := shop(t)
	const path = "/api/v1/admin/tax/zones"
	w := call("admin", "POST", path, "", `{"name": "Germany", "countries": ["de"], "included": true,
		"rates": [{"name": "VAT 19 %", "rate_ppm": 190000}, {"name": "VAT 7 %", "tax_class": "reduced", "rate_ppm": 70000, "shipping": false}]}`)
	if w.Code != 201 {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	var made tax.Zone
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	if made.Countries[0] != "DE" || len(made.Rates) != 2 || w.Header().Get("ETag") != `"v1"` {
		t.Errorf("made %+v, ETag %s", made, w.Header().Get("ETag"))
	}
	one := path + "/" + made.ID.String()

	for _, c := range []struct {
		name, as, method, path, ifMatch, body string
		status                                int
		contains                              string
	}{
		{"nobody may look", "", "GET", path, "", "", 401, "unauthenticated"},
		{"a customer may not look", "customer", "GET", path, "", "", 403, "forbidden"},
		{"staff see the list", "admin", "GET", path + "?include=total_count", "", "", 200, `"total_count":1`},
		{"and the zone", "admin", "GET", one, "", "", 200, `"rate_ppm":190000`},
		{"a name is taken once", "admin", "POST", path, "", `{"name": "Germany", "countries": ["AT"]}`, 409, "name_taken"},
		{"one country at least", "admin", "POST", path, "", `{"name": "x", "countries": []}`, 422, "/countries"},
		{"two letters make a country", "admin", "POST", path, "", `{"name": "x", "countries": ["Germany"]}`, 422, "/countries"},
		{"everywhere stands alone", "admin", "POST", path, "", `{"name": "x", "countries": ["*", "DE"]}`, 422, "alone"},
		{"regions need a country", "admin", "POST", path, "", `{"name": "x", "countries": ["*"], "regions": ["CA"]}`, 422, "need a country"},
		{"no rate above 100 %", "admin", "POST", path, "", `{"name": "x", "countries": ["AT"], "rates": [{"name": "x", "rate_ppm": 1000001}]}`, 422, "rate_ppm"},
		{"no rate twice", "admin", "POST", path, "", `{"name": "x", "countries": ["AT"], "rates": [{"name": "x", "rate_ppm": 1}, {"name": "x", "rate_ppm": 2}]}`, 409, "rate_taken"},
		{"an unknown field", "admin", "POST", path, "", `{"name": "x", "countries": ["AT"], "version": 9}`, 400, "unknown_field"},
		{"an edit says what it has seen", "admin", "PATCH", one, "", `{"name": "x"}`, 428, ""},
		{"an edit of what has changed", "admin", "PATCH", one, `"v7"`, `{"name": "x"}`, 412, ""},
		{"an edit keeps what it leaves out", "admin", "PATCH", one, `"v1"`, `{"name": "Deutschland"}`, 200, `"rate_ppm":190000`},
		{"rates are replaced whole", "admin", "PATCH", one, `"v2"`, `{"rates": [{"name": "VAT 16 %", "rate_ppm": 160000}]}`, 200, `"rates":[{"id"`},
		{"a removal says what it has seen", "admin", "DELETE", one, `"v2"`, "", 412, ""},
		{"a zone goes with its rates", "admin", "DELETE", one, `"v3"`, "", 204, ""},
		{"and is gone", "admin", "GET", one, "", "", 404, "not_found"},
		{"an id of something else", "admin", "GET", path + "/prod_00000000000000000000000000", "", "", 404, "not_found"},
	} {
		w := call(c.as, c.method, c.path, c.ifMatch, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.contains) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, w.Code, w.Body, c.status, c.contains)
		}
	}
}

func TestListsPageByName(t *testing.T) {
	t.Parallel()
	_, call := shop(t)
	const path = "/api/v1/admin/tax/zones"
	for _, name := range []string{"C", "A", "B"} {
		if w := call("admin", "POST", path, "", `{"name": "`+name+`", "countries": ["DE"]}`); w.Code != 201 {
			t.Fatalf("create: %d %s", w.Code, w.Body)
		}
	}
	var got []string
	next := path + "?limit=2"
	for next != "" {
		var page httpapi.List[tax.Zone]
		if err := json.Unmarshal(call("admin", "GET", next, "", "").Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, z := range page.Data {
			got = append(got, z.Name)
		}
		next = ""
		if page.HasMore {
			next = path + "?limit=2&after=" + page.NextCursor
		}
	}
	if diff := cmp.Diff([]string{"A", "B", "C"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheMostParticularZoneDecides(t *testing.T) {
	t.Parallel()
	tx, call := shop(t)
	for _, body := range []string{
		`{"name": "world", "countries": ["*"], "rates": [{"name": "world", "rate_ppm": 1}]}`,
		`{"name": "USA", "countries": ["US"], "rates": [{"name": "usa", "rate_ppm": 2}]}`,
		`{"name": "California", "countries": ["US"], "regions": ["CA"], "rates": [{"name": "california", "rate_ppm": 3}]}`,
		`{"name": "90", "countries": ["US"], "postal_prefixes": ["90"], "rates": [{"name": "90", "rate_ppm": 4}]}`,
		`{"name": "902", "countries": ["US"], "postal_prefixes": ["902", "9034"], "rates": [{"name": "902", "rate_ppm": 5}]}`,
		`{"name": "Britain", "countries": ["GB"], "postal_prefixes": ["sw1a 1"], "rates": [{"name": "downing", "rate_ppm": 6}]}`,
		`{"name": "free port", "countries": ["HK"]}`,
	} {
		if w := call("admin", "POST", "/api/v1/admin/tax/zones", "", body); w.Code != 201 {
			t.Fatalf("create: %d %s", w.Code, w.Body)
		}
	}
	zones := &tax.Zones{DB: tx}
	for _, c := range []struct{ country, region, postal, want string }{
		{"DE", "BE", "10115", "world"},
		{"", "", "", "world"},
		{"US", "NY", "10001", "usa"},
		{"US", "CA", "94105", "california"},
		{"US", "ca", "90001", "90"},
		{"US", "CA", "90210", "902"},
		{"US", "CA", "903 45", "902"},
		{"GB", "", "SW1A 1AA", "downing"},
		{"GB", "", "SW1A 2AA", "world"},
		{"HK", "", "", ""},
	} {
		zone, err := zones.Match(t.Context(), tx, c.country, c.region, c.postal)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(zone.Rates) > 0 {
			got = zone.Rates[0].Name
		}
		if got != c.want || zone.ID.IsZero() {
			t.Errorf("%s %s %s pays %q, want %q", c.country, c.region, c.postal, got, c.want)
		}
	}
}

func TestAFreshShopHasNoTax(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	zone, err := (&tax.Zones{}).Match(t.Context(), tx, "DE", "", "10115")
	if err != nil || !zone.ID.IsZero() || len(zone.Rates) != 0 || zone.Included {
		t.Errorf("%+v, %v", zone, err)
	}
}

func TestShippingIsTaxedByTheStandardClass(t *testing.T) {
	t.Parallel()
	zone := tax.Zone{Rates: []tax.Rate{
		{Class: "standard", Name: "a", Shipping: true}, {Class: "standard", Name: "b"}, {Class: "reduced", Name: "c", Shipping: true},
	}}
	if got := zone.ForShipping(); len(got) != 1 || got[0].Name != "a" {
		t.Errorf("shipping pays %+v", got)
	}
	if got := zone.For("reduced"); len(got) != 1 || got[0].Name != "c" {
		t.Errorf("reduced goods pay %+v", got)
	}
	if len(zone.Rates) != 3 || zone.Rates[1].Name != "b" {
		t.Errorf("the zone has changed: %+v", zone.Rates)
	}
}
