package app_test

import (
	"fmt"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/catalog"
)

// A product whose kind is a type is neither submitted nor sold without what the
// type requires, and does not lose it there; what is on sale already stays, when
// the type asks for more.
func typesAskForAttributes(t *testing.T, a *apptest.App) {
	a.Owner(t, "vera")
	set(t, a, `{"catalog.locales": "de"}`)
	for _, bad := range []string{
		`{"key": " ", "label": "Lamp"}`, `{"key": "lamp", "label": " "}`, `{"key": "lamp", "label": "Lamp", "attributes": [{"key": "power"}, {"key": "POWER"}]}`,
		`{"key": "lamp", "label": "Lamp", "translations": {"fr": {"label": "Lampe"}}}`,
	} {
		a.Call(t, apptest.Admin, "POST", "/admin/product-types", bad).Want(t, 422)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/product-types", `{"key": "Lamp", "label": "Any lamp", "translations": {"de": {"label": "Leuchte"}},
		"attributes": [{"key": "since"}, {"key": "Power", "required": true}, {"key": "dishwasher"}]}`).Want(t, 201, `"key":"lamp"`)
	a.Call(t, apptest.Admin, "POST", "/admin/product-types", `{"key": "LAMP", "label": "Lamp"}`).Want(t, 409, "product_type_taken")
	a.Call(t, "", "GET", "/product-types?locale=de", "").Want(t, 200, `"label":"Leuchte","attributes":[{"key":"since"},{"key":"power","required":true},{"key":"dishwasher"}]`)

	const needed = `"pointer":"/attributes/power","code":"required"`
	a.Call(t, "vera", "POST", "/vendor/products", `{"title": "Lamp", "kind": "LAMP"}`).Want(t, 422, needed)
	a.Call(t, apptest.Admin, "POST", "/admin/products", fmt.Sprintf(`{"title": "Lamp", "kind": "lamp", "vendor_id": %q, "status": "active"}`, a.Vendor(t, "wilma"))).Want(t, 422, needed)
	lamp := apptest.Read[catalog.Product](t, a.Call(t, "vera", "POST", "/vendor/products", `{"title": "Lamp", "kind": "LAMP", "status": "draft",
		"attributes": {"glaze": ["matt"], "dishwasher": ["no"]}}`).Want(t, 201, `"missing_attributes":["power"]`))
	mine, theirs := "/vendor/products/"+lamp.ID.String(), "/admin/products/"+lamp.ID.String()
	a.Call(t, "vera", "POST", mine+"/submit", "").Want(t, 422, needed)
	a.Call(t, apptest.Admin, "POST", theirs+"/approve", "").Want(t, 422, needed)
	patch(t, a, "vera", mine, `{"attributes": {"glaze": ["matt"], "dishwasher": ["no"], "power": ["7"]}}`, 200)
	a.Call(t, "vera", "POST", mine+"/submit", "").Want(t, 200)
	a.Call(t, apptest.Admin, "POST", theirs+"/approve", "").Want(t, 200, `"status":"active"`)

	page := func(order ...string) {
		t.Helper()
		a.Refresh(t, lamp.ID)
		said := map[string]string{
			"power": `{"key":"power","label":"Rated power","values":["7 W"]}`, "glaze": `{"key":"glaze","label":"glaze","values":["matt"]}`,
			"dishwasher": `{"key":"dishwasher","label":"Dishwasher safe","values":["No"]}`,
		}
		for i, key := range order {
			order[i] = said[key]
		}
		a.Call(t, "", "GET", "/products/"+lamp.Slug, "").Want(t, 200, `"details":[`+strings.Join(order, ",")+`]`)
	}
	page("power", "dishwasher", "glaze")
	for _, worse := range []string{`{"attributes": {"glaze": ["matt"]}}`, `{"attributes": {"power": []}}`} {
		patch(t, a, "vera", mine, worse, 422, needed)
	}
	bulk := fmt.Sprintf(`{"products": [%q], "edit": {"attributes": {"power": []}}}`, lamp.ID)
	a.Call(t, "vera", "POST", "/vendor/products/bulk", bulk).Want(t, 200, `"change":"refused"`, needed)
	patch(t, a, apptest.Admin, "/admin/product-types/lamp", `{"attributes": [{"key": "glaze"}, {"key": "base", "required": true}, {"key": "power", "required": true}]}`, 200)
	a.Call(t, apptest.Admin, "PATCH", "/admin/product-types/lamp", `{"label": "x"}`, "If-Match", `"v1"`).Want(t, 412)
	page("glaze", "power", "dishwasher")
	patch(t, a, "vera", mine, `{"title": "Brass lamp"}`, 200, `"missing_attributes":["base"]`, `"status":"active"`)
	patch(t, a, "vera", mine, `{"attributes": {"power": ["8"]}}`, 422, `"pointer":"/attributes/base"`)
	patch(t, a, "vera", mine, `{"kind": "Lantern", "attributes": {}}`, 200)
	patch(t, a, "vera", mine, `{"kind": "Lamp"}`, 422, `"pointer":"/attributes/base"`)

	a.Call(t, apptest.Admin, "DELETE", "/admin/product-types/lamp", "").Want(t, 204)
	a.Call(t, apptest.Admin, "DELETE", "/admin/product-types/lamp", "").Want(t, 404)
	patch(t, a, "vera", mine, `{"kind": "Lamp"}`, 200)
}
