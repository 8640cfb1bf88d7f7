package app_test

import (
	"fmt"
	"strings"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/catalog"
	"souk/internal/pricing"
)

// Where staff want to look at prices, too, a vendor's wait by whatever door they
// come; stock does not.
func pricesOfVendorsWait(t *testing.T, a *apptest.App, g, coloured apptest.Goods) {
	variant := g.Variants[0].String()
	put := func(price string, want int, says ...string) apptest.Answer {
		t.Helper()
		return a.Call(t, "vera", "PUT", "/vendor/variants/"+variant+"/prices", `{"prices": [{"price": {"amount": `+price+`, "currency": "USD"}}]}`).Want(t, want, says...)
	}
	costs := func(price string) {
		t.Helper()
		a.Call(t, apptest.Admin, "GET", "/admin/variants/"+variant+"/prices", "").Want(t, 200, `"price":{"amount":`+price+`,`)
	}
	put("1100", 200, `"amount":1100`)
	set(t, a, `{"catalog.review_prices": true}`)
	change := apptest.Read[struct {
		ID string `json:"pending_change"`
	}](t, put("900", 200, `"amount":1100`)).ID
	put("-1", 422, "/prices/0/amount")
	patch(t, a, "vera", "/vendor/products/"+g.ID.String(), `{"title": "Cheap lamp"}`, 200, change)
	shown := func(price string) string {
		return fmt.Sprintf(`[{"variant_id":%q,"sku":%q,"title":"Lamp 3","prices":[{"price":{"amount":%s,"currency":"USD"}}]}]`, variant, apptest.Read[catalog.Product](t,
			a.Call(t, apptest.Admin, "GET", "/admin/products/"+g.ID.String(), "")).Variants[0].SKU, price)
	}
	a.Call(t, apptest.Admin, "GET", "/admin/product-changes/"+change, "").Want(t, 200, `{"field":"prices","before":`+shown("1100")+`,"after":`+shown("900")+`}`, "Cheap lamp")
	a.Call(t, "vera", "POST", "/vendor/inventory/adjustments", `{"variant_id": "`+variant+`", "delta": 5, "reason": "receive"}`).Want(t, 200)
	costs("1100")
	approve(t, a, change).Want(t, 200)
	costs("900")

	variants := "/vendor/products/" + coloured.ID.String() + "/variants"
	a.Call(t, "vera", "POST", variants, `{"options": ["Blue"], "price": {"amount": 5, "currency": "USD"}, "compare_at_price": {"amount": 4, "currency": "USD"}}`).Want(t, 422, "not_above")
	blue := apptest.Read[catalog.Variant](t, a.Call(t, "vera", "POST", variants, `{"options": ["Blue"], "price": {"amount": 5, "currency": "USD"}, "on_hand": 3}`).Want(t, 201, `"prices":[]`, `"on_hand":3`))
	now := apptest.Read[catalog.Product](t, a.Call(t, "vera", "GET", "/vendor/products/"+coloured.ID.String(), ""))
	approve(t, a, now.PendingChange.String()).Want(t, 200, `"field":"prices"`)
	a.Call(t, "vera", "GET", "/vendor/variants/"+blue.ID.String()+"/prices", "").Want(t, 200, `"amount":5,`)

	a.Call(t, "vera", "POST", "/vendor/price-lists", `{"name": "Sale", "status": "active"}`).Want(t, 409, "review_required")
	list := "/price-lists/" + apptest.Read[pricing.PriceList](t, a.Call(t, "vera", "POST", "/vendor/price-lists", `{"name": "Sale"}`).Want(t, 201)).ID.String()
	listed := func(want int, says string) {
		t.Helper()
		tag := a.Call(t, "vera", "GET", "/vendor"+list, "").Header.Get("ETag")
		a.Call(t, "vera", "PUT", "/vendor"+list+"/prices", `{"variants": [{"variant_id": "`+variant+`", "prices": [{"price": {"amount": 1, "currency": "USD"}}]}]}`, "If-Match", tag).Want(t, want, says)
		a.Call(t, "vera", "POST", "/vendor"+list+"/import", "variant_id,price,currency\n"+variant+",0.02,USD\n", "Content-Type", "text/csv").Want(t, want, says)
	}
	listed(200, "")
	patch(t, a, "vera", "/vendor"+list, `{"status": "active"}`, 409, "review_required")
	patch(t, a, apptest.Admin, "/admin"+list, `{"status": "active"}`, 200)
	listed(409, "review_required")
	patch(t, a, "vera", "/vendor"+list, `{"status": "draft"}`, 200)

	a.Call(t, "vera", "POST", "/vendor/products/"+g.ID.String()+"/hide", "").Want(t, 200)
	if now := put("700", 200, `"amount":700`); strings.Contains(string(now.Body), "pending_change") { // nobody sees it now
		t.Errorf("the price of a draft waits: %s", now.Body)
	}
}
