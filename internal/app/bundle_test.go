package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// bundle makes a product of one variant that is made of others.
func bundle(t *testing.T, a *apptest.App, vendor id.Vendor, price, made string) catalog.Product {
	t.Helper()
	return apptest.Read[catalog.Product](t, a.Call(t, apptest.Admin, "POST", "/admin/products",
		fmt.Sprintf(`{"title": "Set", "vendor_id": %q, "status": "active", "variants": [{"sku": "SET"%s, "bundle": %s}]}`, vendor, price, made)).Want(t, 201))
}

func component(v id.Variant, n int) string {
	return fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, v, n)
}

// follow lets search hear of what has happened.
func follow(t *testing.T, a *apptest.App) {
	t.Helper()
	if err := a.Search.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// One story: what a bundle is made of, what it costs and how many there are
// follows its components on every page, until one of them is gone.
func TestABundleFollowsItsComponents(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	pot := a.Product(t, apptest.Titled("Pot"), apptest.Price(2000), apptest.Stock(5))
	mug := a.Product(t, apptest.Titled("Mug"), apptest.By(pot.Vendor), apptest.Price(333), apptest.Stock(9))
	set := bundle(t, a, pot.Vendor, "", `{"pricing": "summed", "discount_bps": 1000, "components": [`+component(pot.Variants[0], 1)+`, `+component(mug.Variants[0], 4)+`]}`)
	admin, variant := "/admin/products/"+set.ID.String(), set.Variants[0]
	shown := func(says ...string) {
		t.Helper()
		follow(t, a)
		a.Call(t, "", "GET", "/products/"+set.ID.String(), "").Want(t, 200, says...)
	}
	listed := func(says ...string) {
		t.Helper()
		a.Call(t, "", "GET", "/products?q=set", "").Want(t, 200, says...)
	}
	a.Call(t, apptest.Admin, "GET", admin, "").Want(t, 200, `"available_quantity":2`, `"price":{"amount":2999,"currency":"USD"}`, `"title":"Pot","state":"ready"`)
	shown(`"price":{"amount":2999,"currency":"USD"}`, `"in_stock":true,"available_quantity":2`, `"title":"Mug","quantity":4,"product":{"id":"`+mug.ID.String()+`"`)
	listed(`"min":{"amount":2999`, `"in_stock":true`)

	// A price moves the sum, a currency that all have adds one, and one that one loses takes it away.
	prices := "/admin/variants/%s/prices"
	put := func(v id.Variant, body string, want int, says ...string) {
		t.Helper()
		a.Call(t, apptest.Admin, "PUT", fmt.Sprintf(prices, v), `{"prices": [`+body+`]}`).Want(t, want, says...)
	}
	put(mug.Variants[0], `{"price": {"amount": 500, "currency": "USD"}}, {"price": {"amount": 450, "currency": "EUR"}}`, 200)
	shown(`"price":{"amount":3600,"currency":"USD"}`)
	put(pot.Variants[0], `{"price": {"amount": 2000, "currency": "USD"}}, {"price": {"amount": 1800, "currency": "EUR"}}`, 200)
	listed(`"min":{"amount":3600`)
	a.Call(t, apptest.Admin, "GET", fmt.Sprintf(prices, variant.ID), "").Want(t, 200, `"amount":3240,"currency":"EUR"`)
	put(pot.Variants[0], `{"price": {"amount": 2000, "currency": "USD"}}`, 200)
	if strings.Contains(a.Call(t, apptest.Admin, "GET", fmt.Sprintf(prices, variant.ID), "").Body, "EUR") {
		t.Error("the sum of what has no price in euros has one")
	}
	put(variant.ID, `{"price": {"amount": 1, "currency": "USD"}}`, 409, "summed_price")
	a.Call(t, apptest.Admin, "POST", "/admin/inventory/adjustments", fmt.Sprintf(`{"variant_id": %q, "delta": 5, "reason": "receive"}`, variant.ID)).Want(t, 409, "bundle_stock")

	// Who would buy a gift card in a bundle would get none.
	card := apptest.Read[struct {
		Vendor   id.Vendor `json:"vendor_id"`
		Variants []struct{ ID id.Variant }
	}](t, a.Call(t, apptest.Admin, "POST", "/admin/products",
		`{"title": "Card", "gift_card": true, "status": "active", "variants": [{"price": {"amount": 5000, "currency": "USD"}}]}`).Want(t, 201))
	a.Call(t, apptest.Admin, "POST", "/admin/products", fmt.Sprintf(`{"title": "Box", "vendor_id": %q, "status": "active", "variants": [{"bundle": {"pricing": "summed", "components": [%s]}}]}`,
		card.Vendor, component(card.Variants[0].ID, 1))).Want(t, 422, "/bundle/components")

	// Stock that a component loses, to whomever, the bundle loses.
	a.PlacedOrder(t, "", 2, mug.Variants[0])
	shown(`"in_stock":true,"available_quantity":1`)
	placed := a.PlacedOrder(t, "", 1, variant.ID)
	shown(`"in_stock":false,"available_quantity":0`)
	listed(`"in_stock":false`)
	if a.Left(t, mug.Variants[0]) != 3 || a.Left(t, pot.Variants[0]) != 4 {
		t.Errorf("%d mugs and %d pots are left, want 3 and 4", a.Left(t, mug.Variants[0]), a.Left(t, pot.Variants[0]))
	}
	a.Call(t, apptest.Admin, "GET", admin, "").Want(t, 200, `"title":"Mug","state":"short"`)
	a.Call(t, "", "POST", apptest.OrderPath(placed, "/cancel"), "").Want(t, 200)
	shown(`"in_stock":true,"available_quantity":1`)
	a.WantSound(t)

	// It is off sale while a component is, and staff see why.
	a.Call(t, apptest.Admin, "DELETE", "/admin/products/"+mug.ID.String(), "").Want(t, 204)
	shown(`"in_stock":false`)
	listed(`"in_stock":false`)
	a.Call(t, apptest.Admin, "GET", admin, "").Want(t, 200, `"title":"Mug","state":"gone"`, `"available_quantity":0`)
	now := a.Call(t, apptest.Admin, "GET", admin, "").Want(t, 200)
	edit := admin + "/variants/" + variant.ID.String()
	a.Call(t, apptest.Admin, "PATCH", edit, `{"bundle": {"pricing": "summed", "components": [`+component(pot.Variants[0], 2)+`]}}`, "If-Match", `"v1"`).
		Want(t, 200, `"amount":4000`, `"available_quantity":2`)
	shown(`"price":{"amount":4000,"currency":"USD"}`, `"in_stock":true,"available_quantity":2`)
	if now.Header.Get("ETag") == a.Call(t, apptest.Admin, "GET", admin, "").Header.Get("ETag") {
		t.Error("the product is the same version, made of other things")
	}
	a.Call(t, apptest.Admin, "PATCH", edit, `{"bundle": {"pricing": "fixed", "components": []}}`, "If-Match", `"v2"`).Want(t, 200, `"tracked":true`)
	shown(`"in_stock":false,"available_quantity":0`)
	a.WantSound(t)
}

// Each refusal names what is wrong where it stands.
func TestABundleIsMadeOfWhatItMayBe(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Product(t)
	pot, foreign := a.Product(t, apptest.By(mug.Vendor), apptest.Stock(0)), a.Product(t, apptest.By(a.Vendor(t, "other")))
	set := bundle(t, a, mug.Vendor, `, "price": {"amount": 900, "currency": "USD"}`, `{"pricing": "fixed", "components": [`+component(mug.Variants[0], 1)+`]}`)
	edit := fmt.Sprintf("/admin/products/%s/variants/%s", set.ID, set.Variants[0].ID)
	for body, says := range map[string]string{
		`{"pricing": "fixed", "components": [` + component(foreign.Variants[0], 1) + `]}`:                                    `/bundle/components/0/variant_id`,
		`{"pricing": "fixed", "components": [` + component(id.New[id.Variant](), 1) + `]}`:                                   `not_found`,
		`{"pricing": "fixed", "components": [` + component(set.Variants[0].ID, 1) + `]}`:                                     `/bundle/components/0/variant_id`,
		`{"pricing": "fixed", "components": [` + component(mug.Variants[0], 1) + `, ` + component(mug.Variants[0], 2) + `]}`: `duplicate`,
		`{"pricing": "fixed", "components": [` + component(mug.Variants[0], 0) + `]}`:                                        `quantity`,
		`{"pricing": "dear", "components": [` + component(mug.Variants[0], 1) + `]}`:                                         `pricing`,
		`{"pricing": "fixed", "discount_bps": 5, "components": [` + component(mug.Variants[0], 1) + `]}`:                     `/bundle/discount_bps`,
		`{"pricing": "summed", "discount_bps": 10000, "components": [` + component(mug.Variants[0], 1) + `]}`:                `discount_bps`,
		`{"pricing": "summed", "discount_bps": 1}`:                                                                           `components`,
	} {
		a.Call(t, apptest.Admin, "PATCH", edit, `{"bundle": `+body+`}`, "If-Match", `"v1"`).Want(t, 422, says)
	}
	// No bundle within a bundle, whichever comes first.
	other := fmt.Sprintf("/admin/products/%s/variants/%s", pot.ID, pot.Variants[0])
	a.Call(t, apptest.Admin, "PATCH", other, `{"bundle": {"pricing": "fixed", "components": [`+component(set.Variants[0].ID, 1)+`]}}`, "If-Match", `"v1"`).Want(t, 422, "bundle_in_bundle")
	a.Call(t, apptest.Admin, "PATCH", fmt.Sprintf("/admin/products/%s/variants/%s", mug.ID, mug.Variants[0]),
		`{"bundle": {"pricing": "fixed", "components": [`+component(pot.Variants[0], 1)+`]}}`, "If-Match", `"v1"`).Want(t, 409, "bundle_in_bundle")
	// What has stock of its own does not become one.
	plate := a.Product(t, apptest.By(mug.Vendor))
	a.Call(t, apptest.Admin, "PATCH", fmt.Sprintf("/admin/products/%s/variants/%s", plate.ID, plate.Variants[0]),
		`{"bundle": {"pricing": "fixed", "components": [`+component(pot.Variants[0], 1)+`]}}`, "If-Match", `"v1"`).Want(t, 409, "bundle_has_stock")
	body := `{"title": "Set", "vendor_id": %q, "variants": [{"sku": "X", %s, "bundle": {"pricing": "summed", "components": [` + component(mug.Variants[0], 1) + `]}}]}`
	a.Call(t, apptest.Admin, "POST", "/admin/products", fmt.Sprintf(body, mug.Vendor, `"on_hand": 3`)).Want(t, 422, "bundle_stock")
	a.Call(t, apptest.Admin, "POST", "/admin/products", fmt.Sprintf(body, mug.Vendor, `"price": {"amount": 3, "currency": "USD"}`)).Want(t, 422, "summed_price")
	a.WantSound(t)
}

// Where staff look at vendors' edits of what is on sale, they look at what
// bundles are made of, too, whichever way it was edited.
func TestStaffLookAtWhatBundlesAreMadeOf(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Owner(t, "vera")
	mug, pot := a.Product(t, apptest.By(vendor)), a.Product(t, apptest.By(vendor))
	set := bundle(t, a, vendor, `, "price": {"amount": 900, "currency": "USD"}`, `{"pricing": "fixed", "components": [`+component(mug.Variants[0], 1)+`]}`)
	a.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"catalog.review_edits": true}}`, "If-Match", a.Call(t, apptest.Admin, "GET", "/admin/settings", "").Header.Get("ETag")).Want(t, 200)
	path := "/vendor/products/" + set.ID.String()
	variant := set.Variants[0].ID
	edit := func(body string, want int, says ...string) {
		t.Helper()
		a.Call(t, "vera", "PATCH", path+"/variants/"+variant.String(), body, "If-Match", `"v1"`).Want(t, want, says...)
	}
	edit(`{"weight_grams": 70, "bundle": {"pricing": "fixed", "components": [`+component(id.New[id.Variant](), 1)+`]}}`, 422, "not_found")
	edit(`{"weight_grams": 70, "bundle": {"pricing": "fixed", "components": [`+component(mug.Variants[0], 2)+`]}}`, 200, `"weight_grams":70`, `"quantity":1`)
	waiting := apptest.Read[struct {
		Change string `json:"pending_change"`
	}](t, a.Call(t, "vera", "GET", path, "").Want(t, 200)).Change
	a.Call(t, apptest.Admin, "GET", "/admin/product-changes", "").Want(t, 200, `"field":"bundles"`, `"quantity":1`, `"quantity":2`)
	a.Call(t, apptest.Admin, "POST", "/admin/product-changes/"+waiting+"/reject", `{"reason": "Which mug?"}`).Want(t, 200)
	tag := a.Call(t, "vera", "GET", path, "").Header.Get("ETag")
	a.Call(t, "vera", "PATCH", path, fmt.Sprintf(`{"title": "Big set", "bundles": {%q: {"pricing": "summed", "components": [%s]}}}`, variant, component(pot.Variants[0], 3)), "If-Match", tag).
		Want(t, 200, `"title":"Set"`, `"quantity":1`)
	waiting = apptest.Read[struct {
		Change string `json:"pending_change"`
	}](t, a.Call(t, "vera", "GET", path, "").Want(t, 200)).Change
	approve(t, a, waiting).Want(t, 200)
	a.Call(t, "vera", "GET", path, "").Want(t, 200, `"title":"Big set"`, `"pricing":"summed"`, `"quantity":3`, `"price":{"amount":3000`)
	a.WantSound(t)
}

// A copy of a bundle is made of the same things, but of its own where they were
// copied with it, costs what they do, and is told in each language as they are.
func TestACopyOfABundleIsABundle(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	set(t, a, `{"catalog.locales": "de"}`)
	pot := a.Product(t, apptest.Titled("Pot"), apptest.Price(2000), apptest.Stock(5))
	mug := a.Product(t, apptest.Titled("Mug"), apptest.By(pot.Vendor), apptest.Price(333), apptest.Choice("Set", "One", "Five"), apptest.Stock(9))
	path := "/admin/products/" + mug.ID.String()
	patch(t, a, apptest.Admin, path, `{"translations": {"de": {"title": "Becher", "options": {"One": "Einer"}}}}`, 200)
	a.Call(t, apptest.Admin, "POST", path+"/variants", `{"sku": "FIVE-POT", "options": ["Five and a pot"], "bundle": {"pricing": "summed", "discount_bps": 1000,
		"components": [`+component(pot.Variants[0], 1)+`, `+component(mug.Variants[0], 5)+`]}}`).Want(t, 201)
	follow(t, a)
	a.Call(t, "", "GET", "/products/"+mug.ID.String()+"?locale=de", "").Want(t, 200, `"title":"Pot","quantity":1`, `"title":"Becher: Einer","quantity":5`)
	a.Call(t, "", "GET", "/products/"+mug.ID.String(), "").Want(t, 200, `"title":"Mug: One","quantity":5`)

	copied := apptest.Read[catalog.Product](t, a.Call(t, apptest.Admin, "POST", path+"/duplicate", "").Want(t, 201))
	made := copied.Variants[2]
	if b := made.Bundle; b == nil || b.Pricing != catalog.PriceSummed || b.DiscountBPS != 1000 || len(b.Components) != 2 ||
		b.Components[0].VariantID != pot.Variants[0] || b.Components[1].VariantID != copied.Variants[0].ID || b.Components[1].Quantity != 5 {
		t.Fatalf("the copy is made of %+v", made.Bundle)
	}
	if len(made.Prices) != 1 || made.Prices[0].Price.Minor != 3299 { // 9/10 of 2000 and five times 333, rounded
		t.Errorf("the copy costs %+v", made.Prices)
	}
	a.Call(t, apptest.Admin, "PUT", "/admin/variants/"+copied.Variants[0].ID.String()+"/prices", `{"prices": [{"price": {"amount": 400, "currency": "USD"}}]}`).Want(t, 200)
	a.Call(t, apptest.Admin, "GET", "/admin/variants/"+made.ID.String()+"/prices", "").Want(t, 200, `"amount":3600,"currency":"USD"`)
}

// A bundle's page and card name the plans that open all that is in it now: of one
// that nobody can have they name none, and gates that are past do not count.
func TestABundleIsForWhomItsComponentsAre(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	pot := a.Product(t, apptest.Titled("Pot"), apptest.Stock(5))
	mug := a.Product(t, apptest.Titled("Mug"), apptest.By(pot.Vendor), apptest.Stock(9))
	set := bundle(t, a, pot.Vendor, `, "price": {"amount": 900, "currency": "USD"}`, `{"pricing": "fixed", "components": [`+component(pot.Variants[0], 1)+`, `+component(mug.Variants[0], 1)+`]}`)
	plan := func(name string) string {
		return apptest.Read[struct{ ID string }](t, a.Call(t, apptest.Admin, "POST", "/admin/plans",
			fmt.Sprintf(`{"name": %q, "interval": {"unit": "month", "count": 1}, "prices": [{"amount": 999, "currency": "USD"}]}`, name)).Want(t, 201)).ID
	}
	gold, silver := plan("Gold"), plan("Silver")
	gate := func(of apptest.Goods, more string, plans ...string) {
		t.Helper()
		a.Call(t, apptest.Admin, "PUT", "/admin/products/"+of.ID.String()+"/access", `{"access": "members"`+more+`, "plans": ["`+strings.Join(plans, `", "`)+`"]}`).Want(t, 200)
	}
	want := func(members string) {
		t.Helper()
		follow(t, a)
		for _, path := range []string{"/products/" + set.ID.String(), "/products?q=set"} {
			told := `"members_only":` + members
			if body := a.Call(t, "", "GET", path, "").Want(t, 200).Body; strings.Contains(body, told) == (members == "") {
				t.Errorf("%s: want %s in %s", path, told, body)
			}
		}
	}
	want("")
	gate(pot, "", gold, silver)
	want(`{"plans":["Gold","Silver"]}`)
	gate(mug, "", silver)
	want(`{"plans":["Silver"]}`)
	gate(pot, "", gold)
	want(`{"plans":[]}`)
	a.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE product_gates SET until = now() - interval '1 hour' WHERE product_id = $1`, pot.ID)
		return err
	})
	gate(mug, "", silver, gold)
	want(`{"plans":["Gold","Silver"]}`)
	a.Call(t, "", "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1}]}`, set.Variants[0].ID)).Want(t, 409, `"plans":["Gold","Silver"]`)
}
