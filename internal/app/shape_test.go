package app_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/app/apptest"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

var update = flag.Bool("update", false, "write the shapes of answers anew: go test ./internal/app -run TestShapes -update")

// An answer is the names in it, so that a new column cannot leak by default:
// whoever shows something new to somebody sees it here, in review.
func TestShapes(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.VAT(t, 190_000, true)
	vendor := a.Owner(t, "vera")
	mug := a.Product(t, apptest.By(vendor), apptest.Titled("Blue mug"), apptest.In("Home", "Kitchen"), apptest.Tagged("new"), apptest.Branded("Lumen"),
		apptest.Choice("Color", "blue", "red"), apptest.Price(1999), apptest.Was(2999), apptest.Also(money.Of(1800, "EUR")))
	a.User(t, "ann")
	a.Call(t, "ann", "POST", "/me/addresses", `{"name": "Ann", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}`).Want(t, 201)
	hers := promoted(t, a, "vera", "/vendor/promotions", "SUMMER")
	cart := a.Cart(t, "", 2, mug.Variants...)
	cart = apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", cart.Path("/coupons"), `{"code": "summer"}`).Want(t, 200))
	checkout := a.Place(t, "", a.Cart(t, "", 1, mug.Variants...)).Want(t, 201)
	placed := a.PlacedOrder(t, "", 2, mug.Variants[0])
	a.Call(t, apptest.Admin, "POST", "/admin/orders/"+placed.Order.ID.String()+"/notes", `{"body": "Call before noon."}`).Want(t, 201)
	parcel := a.Send(t, placed.Order.ID, placed.Order.Parts[0], 1)
	a.Deliver(t, parcel)
	a.Deliver(t, a.Send(t, placed.Order.ID, placed.Order.Parts[0], 0))
	anns := a.PlacedOrder(t, "ann", 1, mug.Variants[0])
	a.Deliver(t, a.Send(t, anns.Order.ID, anns.Order.Parts[0], 0))
	review := reviewed(t, a, "ann", "vera", mug)
	order := placed.Order.ID.String()
	payment := a.ShowOrder(t, placed.Order.ID).Payments[0].ID.String()
	account := apptest.Read[answer](t, a.Call(t, apptest.Admin, "GET", "/admin/ledger?kind=psp_clearing", "").Want(t, 200)).first("data", "id")
	a.Refresh(t, mug.ID)

	shapes := []struct{ name, as, path string }{
		{"product", "", "/products/" + mug.Slug},
		{"product as staff", apptest.Admin, "/admin/products/" + mug.ID.String()},
		{"product as vendor", "vera", "/vendor/products/" + mug.ID.String()},
		{"products", "", "/products?facets=true&include=total_count"},
		{"products as staff", apptest.Admin, "/admin/products"},
		{"suggest", "", "/search/suggest?q=blue"},
		{"categories", "", "/categories"},
		{"brands", "", "/brands"},
		{"tags", "", "/tags"},
		{"vendor", "", "/vendors/" + vendor.String()},
		{"vendor as itself", "vera", "/vendor/profile"},
		{"vendor as staff", apptest.Admin, "/admin/vendors/" + vendor.String()},
		{"cart", "", cart.Path("")},
		{"cart with trace", "", cart.Path("?expand=trace")},
		{"shipping options", "", cart.Path("/shipping-options")},
		{"payment methods", "", cart.Path("/payment-methods")},
		{"order as guest", "", apptest.OrderPath(placed, "")},
		{"order as vendor", "vera", "/vendor/orders/" + order},
		{"order as staff", apptest.Admin, "/admin/orders/" + order},
		{"orders as customer", "ann", "/me/orders"},
		{"orders as vendor", "vera", "/vendor/orders"},
		{"orders as staff", apptest.Admin, "/admin/orders"},
		{"payment as staff", apptest.Admin, "/admin/payments/" + payment},
		{"stock as vendor", "vera", "/vendor/inventory"},
		{"stock as staff", apptest.Admin, "/admin/inventory"},
		{"prices as vendor", "vera", "/vendor/variants/" + mug.Variants[0].String() + "/prices"},
		{"promotions as staff", apptest.Admin, "/admin/promotions"},
		{"promotion as vendor", "vera", "/vendor/promotions/" + hers},
		{"codes as vendor", "vera", "/vendor/promotions/" + hers + "/coupons"},
		{"user as itself", "ann", "/me"},
		{"users as staff", apptest.Admin, "/admin/users"},
		{"sessions", "ann", "/me/sessions"},
		{"addresses", "ann", "/me/addresses"},
		{"reviews", "", "/products/" + mug.Slug + "/reviews?include=total_count"},
		{"review as its author", "ann", "/me/reviews/" + review},
		{"reviews as vendor", "vera", "/vendor/reviews"},
		{"review as staff", apptest.Admin, "/admin/reviews/" + review},
		{"ledger", apptest.Admin, "/admin/ledger"},
		{"ledger statement", apptest.Admin, "/admin/ledger/" + account + "/statement?" + allTime},
		{"ledger trial balance", apptest.Admin, "/admin/ledger/reports/trial-balance"},
		{"ledger income", apptest.Admin, "/admin/ledger/reports/income?" + allTime},
		{"ledger balance", apptest.Admin, "/admin/ledger/reports/balance"},
		{"ledger periods", apptest.Admin, "/admin/ledger/periods"},
		{"tax zones", apptest.Admin, "/admin/tax/zones"},
		{"shipping zones", apptest.Admin, "/admin/shipping/zones"},
		{"shipping options as staff", apptest.Admin, "/admin/shipping/options"},
		{"keys", "", "@/.well-known/jwks.json"},
	}
	wantShape(t, "checkout", checkout)
	for _, s := range shapes {
		wantShape(t, s.name, a.Call(t, s.as, "GET", s.path, "").Want(t, 200))
	}
	problem := a.Call(t, "", "POST", "/checkout", strings.Replace(cart.Order("cod"), `"amount": `, `"amount": 1`, 1), "Idempotency-Key", "k").Want(t, 409)
	wantShape(t, "problem", problem)
}

// promoted is a promotion with all that there can be, and a code for it.
func promoted(t *testing.T, a *apptest.App, as, door, code string) string {
	t.Helper()
	made := apptest.Read[answer](t, a.Call(t, as, "POST", door, `{"name": "Summer", "status": "active", "needs_code": true, "ends_at": "2100-01-01T00:00:00Z",
		"conditions": {"min_quantity": 2}, "reward": {"kind": "percent_off", "percent_ppm": 100000},
		"usage_limit": 9, "customer_limit": 9, "budget": {"amount": 100000, "currency": "USD"}}`).Want(t, 201)).text("id")
	a.Call(t, as, "POST", door+"/"+made+"/coupons", `{"codes": ["`+code+`"], "usage_limit": 9}`).Want(t, 201)
	return made
}

// reviewed is a review with all that there can be: a photo, a reply, a report.
func reviewed(t *testing.T, a *apptest.App, author, vendor string, goods apptest.Goods) string {
	t.Helper()
	at := "/products/" + goods.ID.String() + "/reviews"
	review := apptest.Read[answer](t, a.Call(t, author, "POST", at, `{"rating": 4, "title": "Blue", "body": "It is blue."}`).Want(t, 201)).text("id")
	a.Call(t, author, "POST", "/me/reviews/"+review+"/photos", upload, "Content-Type", uploadType).Want(t, 201)
	a.Call(t, vendor, "PUT", "/vendor/reviews/"+review+"/reply", `{"body": "So it is."}`).Want(t, 200)
	a.Call(t, vendor, "POST", at+"/"+review+"/report", `{"reason": "off_topic"}`).Want(t, 204)
	return review
}

// secrets must not be the name of anything that anybody is told.
var secrets = []string{"hash", "password", "secret", "seed", "private", "cart_id", "commission_bps"}

func wantShape(t *testing.T, name string, answer apptest.Answer) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(answer.Body), &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	names := map[string]bool{}
	collect(names, "", value)
	got := strings.Join(slices.Sorted(maps.Keys(names)), "\n") + "\n"
	for _, secret := range secrets {
		if strings.Contains(got, secret) && !(secret == "commission_bps" && strings.HasPrefix(name, "vendor as")) {
			t.Errorf("%s tells %s:\n%s", name, secret, got)
		}
	}
	file := filepath.Join("testdata", "shapes", strings.ReplaceAll(name, " ", "_")+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test ./internal/app -run TestShapes -update", err)
	}
	if diff := cmp.Diff(strings.Fields(string(want)), strings.Fields(got)); diff != "" {
		t.Errorf("%s shows something else (- as reviewed, + now). If everybody who may read it may read that, run go test ./internal/app -run TestShapes -update\n%s", name, diff)
	}
}

// collect names every place in an answer that holds a value.
func collect(names map[string]bool, at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			collect(names, at+"."+key, member)
		}
		if len(v) == 0 {
			names[at+" {}"] = true
		}
	case []any:
		for _, item := range v {
			collect(names, at+"[]", item)
		}
		if len(v) == 0 {
			names[at+"[]"] = true
		}
	default:
		names[at] = true
	}
}
