package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/auth"
	"souk/internal/platform/pgtest"
)

// Every door lets in whom it should and nobody else: 401 without a name, 403
// without the right, for every route that is mounted.
func TestDoors(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Owner(t, "vendor")
	a.User(t, "customer")
	gone := a.User(t, "disabled")
	a.InTx(t, func(tx pgx.Tx) error { return a.Accounts.Disable(t.Context(), tx, gone.ID) })
	a.Token(t, apptest.Admin)
	a.Know("forged", strings.Replace(a.Token(t, apptest.Admin), ".", ".A", 1))
	before := a.State(t)
	for _, r := range a.Router.Routes() {
		if r.Permission == "" {
			continue
		}
		t.Run(r.Method+" "+r.Path, func(t *testing.T) {
			refused := map[string]int{"": http.StatusUnauthorized, "disabled": http.StatusUnauthorized, "forged": http.StatusUnauthorized}
			switch r.Permission {
			case auth.AsCustomer:
			case auth.AsVendor, auth.VendorCatalog, auth.VendorInventory, auth.VendorOrders, auth.VendorTeam, auth.VendorSettings:
				refused["customer"] = http.StatusForbidden
			default:
				refused["customer"], refused["vendor"] = http.StatusForbidden, http.StatusForbidden
			}
			path := "@" + strings.NewReplacer("{", "", "}", "").Replace(r.Path)
			for who, want := range refused {
				if got := a.Call(t, who, r.Method, path, ""); got.Status != want || !got.IsProblem() {
					t.Errorf("%q is answered %d, want %d: %s", who, got.Status, want, got.Body)
				}
			}
		})
	}
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("knocking changed %v", changed)
	}
}

// Whoever loses a right, loses it on the next request.
func TestRightsEndAtOnce(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	staff := a.User(t, "stan", auth.RoleAdmin)
	a.Token(t, apptest.Admin)
	a.Call(t, "vera", "GET", "/vendor/orders", "").Want(t, 200)
	a.Call(t, "stan", "GET", "/admin/orders", "").Want(t, 200)
	a.Call(t, apptest.Admin, "POST", "/admin/vendors/"+vendor.String()+"/suspend", `{"reason": "fraud"}`).Want(t, 200)
	if got := a.Call(t, "vera", "GET", "/vendor/products", ""); got.Status == 200 && !strings.Contains(got.Body, `"data":[]`) || got.Status >= 500 {
		t.Errorf("a suspended vendor is answered %d: %s", got.Status, got.Body)
	}
	tag := a.Call(t, apptest.Admin, "GET", "/admin/users/"+staff.ID.String(), "").Want(t, 200).Header.Get("ETag")
	a.Call(t, apptest.Admin, "PUT", "/admin/users/"+staff.ID.String()+"/roles", `{"roles": ["customer"]}`, "If-Match", tag).Want(t, 200)
	a.Call(t, "stan", "GET", "/admin/orders", "").Want(t, 403)
	a.Call(t, apptest.Admin, "POST", "/admin/users/"+staff.ID.String()+"/disable", "").Want(t, 200)
	a.Call(t, "stan", "GET", "/me", "").Want(t, 401)
}

// A vendor finds nothing of another's, and changes nothing of it: what is not
// theirs is answered as what does not exist.
func TestVendorsAreApart(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vera, _ := a.Owner(t, "vera"), a.Owner(t, "wanda")
	mug := a.Product(t, apptest.By(vera))
	placed := a.PlacedOrder(t, "", 1, mug.Variants[0])
	parcel := a.Send(t, placed.Order.ID, placed.Order.Parts[0], 0)
	location := apptest.Read[struct{ Data []struct{ ID string } }](t, a.Call(t, "vera", "GET", "/vendor/locations", "").Want(t, 200)).Data[0].ID
	product, variant, order := mug.ID.String(), mug.Variants[0].String(), placed.Order.ID.String()
	item := `{"variant_id": "` + variant + `", "location_id": "` + location + `", `
	table := []apptest.Scenario{
		{Method: "GET", URL: "/vendor/products/" + product},
		{Method: "PATCH", URL: "/vendor/products/" + product, Body: `{"title": "Mine"}`, Header: match(1)},
		{Method: "DELETE", URL: "/vendor/products/" + product},
		{Method: "POST", URL: "/vendor/products/" + product + "/hide"},
		{Method: "POST", URL: "/vendor/products/" + product + "/variants", Body: `{"sku": "MINE", "options": []}`},
		{Method: "DELETE", URL: "/vendor/products/" + product + "/variants/" + variant},
		{Method: "POST", URL: "/vendor/products/" + product + "/media/links", Body: `{"url": "https://example.com/a.png"}`},
		{Method: "PUT", URL: "/vendor/variants/" + variant + "/prices", Body: `{"prices": [{"price": {"amount": 1, "currency": "USD"}}]}`},
		{Method: "GET", URL: "/vendor/variants/" + variant + "/prices"},
		{Method: "GET", URL: "/vendor/variants/" + variant + "/prices/history"},
		{Method: "PATCH", URL: "/vendor/inventory", Body: item + `"on_hand": 0, "expected_on_hand": 9}`},
		{Method: "POST", URL: "/vendor/inventory/adjustments", Body: item + `"delta": -1, "reason": "damage"}`},
		{Method: "PATCH", URL: "/vendor/locations/" + location, Body: `{"name": "Mine"}`},
		{Method: "GET", URL: "/vendor/orders/" + order},
		{Method: "GET", URL: "/vendor/orders/" + placed.Order.Parts[0].ID.String()},
		{Method: "POST", URL: "/vendor/orders/" + order + "/shipments"},
		{Method: "POST", URL: "/vendor/shipments/" + parcel.ID.String() + "/events", Body: `{"status": "delivered"}`},
	}
	for i := range table {
		s := &table[i]
		s.Name, s.As, s.Status, s.Lacks = s.Method+" "+s.URL, "wanda", 404, []string{"Mug", placed.Order.Number}
	}
	for _, list := range []string{"/vendor/products", "/vendor/orders", "/vendor/inventory"} {
		table = append(table, apptest.Scenario{Name: "list " + list, As: "wanda", URL: list, Status: 200, Contains: []string{`"data":[]`}})
	}
	a.Play(t, table)
}
