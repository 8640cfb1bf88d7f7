package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

// trade makes a customer group with ann in it, and a list for it.
func trade(t *testing.T, a *apptest.App) (list, etag string) {
	t.Helper()
	ann := a.User(t, "ann")
	group := apptest.Read[answer](t, a.Call(t, apptest.Admin, "POST", "/admin/customer-groups", `{"handle": "trade", "name": "Trade"}`).Want(t, 201)).text("id")
	a.Call(t, apptest.Admin, "PUT", "/admin/customer-groups/"+group+"/members/"+ann.ID.String(), "").Want(t, 200, `"name":"ann"`)
	made := a.Call(t, apptest.Admin, "POST", "/admin/price-lists", `{"name": "Trade list", "status": "active", "customer_groups": ["trade"]}`).Want(t, 201)
	return "/admin/price-lists/" + apptest.Read[answer](t, made).text("id"), made.Header.Get("ETag")
}

func asks(variant id.Variant, prices string) string {
	return `{"variants": [{"variant_id": "` + variant.String() + `", "prices": [` + prices + `]}]}`
}

// Who is in a group has its prices in the cart, on the page and in lists, and
// pays them; nobody else sees them, whoever asked before.
func TestPriceListsAreForTheirGroups(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Product(t, apptest.Titled("Mug"), apptest.Price(1000), apptest.Stock(1000))
	a.User(t, "bob")
	list, etag := trade(t, a)
	edited := a.Call(t, apptest.Admin, "PUT", list+"/prices", asks(mug.Variants[0],
		`{"price": {"amount": 900, "currency": "USD"}}, {"min_quantity": 10, "price": {"amount": 850, "currency": "USD"}}`), "If-Match", etag).Want(t, 200, `"prices":2`)
	a.Call(t, apptest.Admin, "PUT", list+"/prices", asks(mug.Variants[0], ``), "If-Match", etag).Want(t, 412)
	a.Refresh(t, mug.ID)

	page, listing := "/products/"+mug.Slug, "/products"
	for range 2 { // what was stored for one is not shown to another
		a.Call(t, "", "GET", page, "").Want(t, 200, `"price":{"amount":1000,`)
		mine := a.Call(t, "ann", "GET", page, "").Want(t, 200, `"price":{"amount":900,`, `"compare_at_price":{"amount":1000,`, `"price_breaks":[{"min_quantity":10,"price":{"amount":850,`, `"price_range":{"min":{"amount":900,`)
		if cached := mine.Header.Get("Cache-Control"); cached != "no-store" || mine.Header.Get("ETag") != "" {
			t.Errorf("somebody's own page is kept: %s", cached)
		}
		a.Call(t, "ann", "GET", listing, "").Want(t, 200, `"price_range":{"min":{"amount":900,`, `"compare_at":{"amount":1000,`)
		for _, other := range []string{"", "bob"} {
			for _, path := range []string{page, listing} {
				if shown := a.Call(t, other, "GET", path, "").Want(t, 200); strings.Contains(shown.Body, `"amount":900`) || strings.Contains(shown.Body, "price_breaks") {
					t.Errorf("%q sees others' prices: %s", other, shown.Body)
				}
			}
		}
	}
	for quantity, want := range map[int]int64{1: 900, 9: 900, 10: 850} {
		if got := a.Basket(t, "ann", quantity, mug.Variants[0]).Items[0]; got.UnitPrice != money.Of(want, "USD") || got.PriceList == nil || got.PriceList.Usual != money.Of(1000, "USD") {
			t.Errorf("%d cost %s each by %+v", quantity, got.UnitPrice, got.PriceList)
		}
	}
	if got := a.Basket(t, "", 10, mug.Variants[0]).Items[0]; got.UnitPrice != money.Of(1000, "USD") || got.PriceList != nil {
		t.Errorf("a guest pays %s by %+v", got.UnitPrice, got.PriceList)
	}
	placed := a.PlacedOrder(t, "ann", 10, mug.Variants[0])
	if line := a.ShowOrder(t, placed.Order.ID).Items[0]; line.UnitPrice != money.Of(850, "USD") {
		t.Errorf("ordered for %s", line.UnitPrice)
	}
	a.Call(t, "ann", "GET", "/orders/"+placed.Order.ID.String()+"?expand=trace", "").Want(t, 200, "Mug: Trade list, from 10 units: 8.50 USD instead of 10.00 USD")

	a.Call(t, apptest.Admin, "PATCH", list, `{"ends_at": "2100-01-01T00:00:00Z"}`, "If-Match", edited.Header.Get("ETag")).Want(t, 200)
	// R30: it ends by the clock of the database, with no worker running.
	change(t, a, `UPDATE price_lists SET starts_at = now() - interval '1 hour', ends_at = now()`, nil)
	if got := a.Basket(t, "ann", 10, mug.Variants[0]).Items[0]; got.UnitPrice != money.Of(1000, "USD") {
		t.Errorf("the list has ended, and ann pays %s", got.UnitPrice)
	}
	planPrices(t, a, mug)
	a.WantSound(t)
}

// A member of a plan has its list's prices on the page, in lists, in the cart and
// in the order, until the membership has lapsed by the clock; nobody else sees them.
func planPrices(t *testing.T, a *apptest.App, mug apptest.Goods) {
	plan := apptest.Read[answer](t, a.Call(t, apptest.Admin, "POST", "/admin/plans",
		`{"name": "Gold", "interval": {"unit": "month", "count": 1}, "prices": [{"amount": 999, "currency": "USD"}]}`).Want(t, 201)).text("id")
	made := a.Call(t, apptest.Admin, "POST", "/admin/price-lists", `{"name": "Gold's list", "status": "active", "plans": ["`+plan+`"]}`).Want(t, 201)
	a.Call(t, apptest.Admin, "PUT", "/admin/price-lists/"+apptest.Read[answer](t, made).text("id")+"/prices",
		asks(mug.Variants[0], `{"price": {"amount": 765, "currency": "USD"}}`), "If-Match", made.Header.Get("ETag")).Want(t, 200)
	bob := a.User(t, "bob").ID.String()
	a.Call(t, apptest.Admin, "POST", "/admin/memberships", `{"user_id": "`+bob+`", "plan_id": "`+plan+`", "until": "`+
		a.Time.Now().AddDate(0, 1, 0).Format(time.RFC3339)+`", "reason": "a prize"}`).Want(t, 201)
	a.Refresh(t, mug.ID)

	shown := func(who string, members bool) {
		t.Helper()
		for _, path := range []string{"/products/" + mug.Slug, "/products"} {
			answer := a.Call(t, who, "GET", path, "").Want(t, 200, `"amount":1000`)
			if strings.Contains(answer.Body, `"amount":765`) != members {
				t.Errorf("%q sees on %s: %s", who, path, answer.Body)
			}
			if kept := answer.Header.Get("Cache-Control"); members && kept != "no-store" {
				t.Errorf("a member's own answer is kept: %s", kept)
			}
		}
		want := money.Of(1000, "USD")
		if members {
			want = money.Of(765, "USD")
		}
		if got := a.Basket(t, who, 1, mug.Variants[0]).Items[0].UnitPrice; got != want {
			t.Errorf("%q pays %s in the cart", who, got)
		}
	}
	for range 2 { // what was stored for one is not shown to another
		shown("bob", true)
		shown("", false)
		shown("ann", false)
	}
	placed := a.PlacedOrder(t, "bob", 1, mug.Variants[0])
	if line := a.ShowOrder(t, placed.Order.ID).Items[0]; line.UnitPrice != money.Of(765, "USD") {
		t.Errorf("a member ordered for %s", line.UnitPrice)
	}
	change(t, a, `UPDATE membership_periods SET starts_at = starts_at - interval '2 months', ends_at = ends_at - interval '2 months'`, nil)
	change(t, a, `UPDATE memberships SET ends_at = ends_at - interval '2 months', benefits_until = benefits_until - interval '2 months', due_at = due_at - interval '2 months'`, nil)
	shown("bob", false)
}

// Lists for everybody show on everybody's page.
func TestPublicQuantityBreaks(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Product(t, apptest.Price(1000), apptest.Stock(100))
	made := a.Call(t, apptest.Admin, "POST", "/admin/price-lists", `{"name": "By the dozen", "status": "active"}`).Want(t, 201)
	list := "/admin/price-lists/" + apptest.Read[answer](t, made).text("id")
	a.Call(t, apptest.Admin, "PUT", list+"/prices", asks(mug.Variants[0], `{"min_quantity": 12, "price": {"amount": 800, "currency": "USD"}}, {"min_quantity": 1, "price": {"amount": 700, "currency": "EUR"}}`),
		"If-Match", made.Header.Get("ETag")).Want(t, 200)
	a.Search.CacheBytes = 1 << 20
	shown := func(page, listing string) {
		t.Helper()
		if err := a.Search.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.Call(t, "", "GET", "/products/"+mug.Slug, "").Want(t, 200, page)
		a.Call(t, "", "GET", "/products", "").Want(t, 200, listing)
	}
	shown(`"price_breaks":[{"min_quantity":12,"price":{"amount":800,`, `"min":{"amount":1000,`)
	price := func(amount int) {
		t.Helper()
		now := a.Call(t, apptest.Admin, "GET", list, "").Want(t, 200).Header.Get("ETag")
		a.Call(t, apptest.Admin, "PUT", list+"/prices", asks(mug.Variants[0], fmt.Sprintf(`{"min_quantity": 12, "price": {"amount": 800, "currency": "USD"}}, {"min_quantity": 1, "price": {"amount": %d, "currency": "USD"}}`, amount)),
			"If-Match", now).Want(t, 200)
	}
	price(900)
	shown(`"price":{"amount":900,`, `"min":{"amount":900,`) // no stored answer outlives the change
	if got := a.Basket(t, "", 12, mug.Variants[0]).Items[0]; got.UnitPrice != money.Of(800, "USD") {
		t.Errorf("a dozen cost %s each", got.UnitPrice)
	}

	// Gift cards cost what they are worth, on pages as in carts.
	card := a.Product(t, apptest.Price(5000), apptest.Digital(), apptest.Untracked())
	change(t, a, `UPDATE products SET gift_card = true WHERE id = @card`, pgx.NamedArgs{"card": card.ID})
	now := a.Call(t, apptest.Admin, "GET", list, "").Want(t, 200).Header.Get("ETag")
	a.Call(t, apptest.Admin, "PUT", list+"/prices", asks(card.Variants[0], `{"price": {"amount": 4321, "currency": "USD"}}`), "If-Match", now).Want(t, 200)
	a.Refresh(t, card.ID)
	if err := a.Search.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/products/" + card.Slug, "/products"} {
		if told := a.Call(t, "", "GET", path, "").Want(t, 200, `"amount":5000`); strings.Contains(told.Body, "4321") {
			t.Errorf("%s shows a price that nobody pays: %s", path, told.Body)
		}
	}
	if got := a.Basket(t, "", 1, card.Variants[0]).Items[0]; got.UnitPrice != money.Of(5000, "USD") {
		t.Errorf("a gift card of 50.00 costs %s", got.UnitPrice)
	}

	now = a.Call(t, apptest.Admin, "GET", list, "").Want(t, 200).Header.Get("ETag")
	a.Call(t, apptest.Admin, "PATCH", list, `{"status": "archived"}`, "If-Match", now).Want(t, 200)
	shown(`"price":{"amount":1000,`, `"min":{"amount":1000,`)
}

// A file is taken as a whole or not at all, and what is exported goes in again.
func TestPriceListFiles(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vera := a.Owner(t, "vera")
	mug, bowl := a.Product(t, apptest.By(vera)), a.Product(t, apptest.Choice("Color", "blue", "red"))
	made := a.Call(t, "vera", "POST", "/vendor/price-lists", `{"name": "Hers", "status": "active"}`).Want(t, 201)
	door := "/price-lists/" + apptest.Read[answer](t, made).text("id")
	hers := "/vendor" + door
	csv := []string{"Content-Type", "text/csv"}
	one := mug.Variants[0].String()
	sku := apptest.Read[answer](t, a.Call(t, "vera", "GET", "/vendor/products/"+mug.ID.String(), "").Want(t, 200))["variants"].([]any)[0].(map[string]any)["sku"].(string)

	for name, c := range map[string]struct{ file, pointer, code string }{
		"another vendor's":  {"variant_id,price,currency\n" + bowl.Variants[0].String() + ",1.00,USD\n", "/2/variant_id", "not_found"},
		"no variant":        {"variant_id,price,currency\nmug,1.00,USD\n", "/2/variant_id", "invalid"},
		"no such SKU":       {"sku,price,currency\nNONE,1.00,USD\n", "/2/sku", "not_found"},
		"neither":           {"sku,price,currency\n,1.00,USD\n", "/2/sku", "required"},
		"a fraction":        {"sku,price,currency\n" + sku + ",1.005,USD\n", "/2/price", "invalid"},
		"a negative price":  {"sku,price,currency\n" + sku + ",-1.00,USD\n", "/2/price", "out_of_range"},
		"not a number":      {"sku,price,currency\n" + sku + ",NaN,USD\n", "/2/price", "invalid"},
		"no currency":       {"sku,price,currency\n" + sku + ",1.00,XXX\n", "/2/currency", "unknown_currency"},
		"no units":          {"sku,min_quantity,price,currency\n" + sku + ",0,1.00,USD\n", "/2/min_quantity", "out_of_range"},
		"half a unit":       {"sku,min_quantity,price,currency\n" + sku + ",0.5,1.00,USD\n", "/2/min_quantity", "invalid"},
		"twice":             {"sku,price,currency\n" + sku + ",1.00,USD\n" + sku + ",2.00,USD\n", "/3/price", "duplicate"},
		"the second row":    {"sku,price,currency\n" + sku + ",1.00,USD\n" + sku + ",x,EUR\n", "/3/price", "invalid"},
		"an unknown column": {"sku,price,currency,colour\n", "/1/colour", "unknown_column"},
		"no price":          {"sku,currency\n", "/1", "no_header"},
		"a torn row":        {"sku,price,currency\n" + sku + "\n", "/2/", "malformed"},
		"nothing":           {"", "/1", "no_header"},
	} {
		refused := a.Call(t, "vera", "POST", hers+"/import", c.file, csv...).Want(t, 422)
		if !strings.Contains(refused.Body, `"pointer":"`+c.pointer+`","code":"`+c.code+`"`) {
			t.Errorf("%s: %s", name, refused.Body)
		}
	}
	a.WantRows(t, "price_list_prices", 0)

	file := "sku,min_quantity,price,currency\n" + sku + ",10,8.50,USD\n" + sku + ",,9.00,USD\n" + sku + ",1,1200,JPY\n"
	a.Call(t, "vera", "POST", hers+"/import?dry_run=true", file, csv...).Want(t, 200, `{"rows":3,"variants":1,"dry_run":true}`)
	a.WantRows(t, "price_list_prices", 0)
	a.Call(t, "vera", "POST", hers+"/import", file, csv...).Want(t, 200, `"dry_run":false`)
	out := a.Call(t, "vera", "GET", hers+"/export", "").Want(t, 200)
	want := "variant_id,sku,min_quantity,price,currency\n" + one + "," + sku + ",1,1200,JPY\n" + one + "," + sku + ",1,9.00,USD\n" + one + "," + sku + ",10,8.50,USD\n"
	if out.Body != want {
		t.Errorf("exported:\n%s\nwant:\n%s", out.Body, want)
	}
	a.Call(t, "vera", "POST", hers+"/import?replace=true", out.Body, csv...).Want(t, 200, `"rows":3`)
	if again := a.Call(t, apptest.Admin, "GET", "/admin"+door+"/export", "").Want(t, 200); again.Body != want {
		t.Errorf("exported, imported, exported:\n%s", again.Body)
	}
	a.Call(t, "vera", "POST", hers+"/import", file, "Content-Type", "application/json").Want(t, 200) // a body is a body
	a.Call(t, "vera", "POST", hers+"/import?dry_run=perhaps", file, csv...).Want(t, 422)
	a.Owner(t, "otto")
	a.Call(t, "otto", "GET", hers+"/export", "").Want(t, 404)
	a.Call(t, "otto", "POST", hers+"/import", file, csv...).Want(t, 404)
	a.WantSound(t)
}

// What nothing is for may go; a group that a promotion or a list names may not.
func TestCustomerGroups(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000))
	list, etag := trade(t, a)
	group := apptest.Read[answer](t, a.Call(t, apptest.Admin, "GET", "/admin/customer-groups", "").Want(t, 200)).first("data", "id")
	path := "/admin/customer-groups/" + group
	a.Call(t, apptest.Admin, "POST", "/admin/customer-groups", `{"handle": "trade", "name": "Again"}`).Want(t, 409, "customer_group_taken")
	for _, handle := range []string{"Trade", "a b", "-a", "a--b", ""} {
		a.Call(t, apptest.Admin, "POST", "/admin/customer-groups", `{"handle": "`+handle+`", "name": "Bad"}`).Want(t, 422)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/price-lists", `{"name": "For nobody", "customer_groups": ["none"]}`).Want(t, 422, "/customer_groups")
	a.Call(t, apptest.Admin, "POST", "/admin/promotions", `{"name": "For nobody", "conditions": {"customer_groups": ["none"]}, `+tenthOff+`}`).Want(t, 422, "/conditions/customer_groups")

	// Promotions for a group lower its members' carts only.
	offer(t, a, "", tenthOff+`, "conditions": {"customer_groups": ["trade"]}`)
	if got := a.Basket(t, "ann", 1, mug).Totals.GrandTotal; got != money.Of(900, "USD") {
		t.Errorf("ann pays %s", got)
	}
	if got := a.Basket(t, "", 1, mug).Totals.GrandTotal; got != money.Of(1000, "USD") {
		t.Errorf("a guest pays %s", got)
	}
	shown := a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200, `"members":1`)
	a.Call(t, apptest.Admin, "DELETE", path, "", "If-Match", shown.Header.Get("ETag")).Want(t, 409, "customer_group_in_use")
	a.Call(t, apptest.Admin, "PATCH", list, `{"status": "archived"}`, "If-Match", etag).Want(t, 200)
	a.Call(t, apptest.Admin, "DELETE", path, "", "If-Match", shown.Header.Get("ETag")).Want(t, 409, "customer_group_in_use")
	change(t, a, `UPDATE promotions SET status = 'archived'`, nil)

	members := apptest.Read[answer](t, a.Call(t, apptest.Admin, "GET", path+"/members", "").Want(t, 200, `"name":"ann"`))
	ann := members.first("data", "user_id")
	a.Call(t, apptest.Admin, "DELETE", path+"/members/"+ann, "").Want(t, 204)
	a.Call(t, apptest.Admin, "DELETE", path+"/members/"+ann, "").Want(t, 404)
	a.Call(t, apptest.Admin, "PUT", path+"/members/"+id.New[id.User]().String(), "").Want(t, 404)
	a.Call(t, apptest.Admin, "DELETE", path, "", "If-Match", shown.Header.Get("ETag")).Want(t, 204)
}

func TestPricesByWhatIsInIt(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	coffee := a.Product(t, apptest.Titled("Coffee"), apptest.Price(620))
	path := "/admin/products/" + coffee.ID.String() + "/variants/" + coffee.Variants[0].String()
	a.Call(t, apptest.Admin, "PATCH", path, `{"content": {"amount": 500}}`, "If-Match", `"v1"`).Want(t, 422, "/content/unit")
	a.Call(t, apptest.Admin, "PATCH", path, `{"content": {"amount": 500, "unit": "lb"}}`, "If-Match", `"v1"`).Want(t, 422)
	a.Call(t, apptest.Admin, "PATCH", path, `{"content": {"amount": 500, "unit": "g"}}`, "If-Match", `"v1"`).Want(t, 200, `"content":{"amount":500,"unit":"g"}`)
	a.Refresh(t, coffee.ID)
	a.Call(t, "", "GET", "/products/"+coffee.Slug, "").Want(t, 200, `"unit_price":{"price":{"amount":1240,"currency":"USD"},"per":"kg"}`)
}

// Prices that follow the main currency are sold, shown and kept to the rule.
func TestCurrenciesThatFollow(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Product(t, apptest.Price(1999), apptest.Was(2999))
	prices := "/admin/variants/" + mug.Variants[0].String() + "/prices"
	unset := a.Call(t, apptest.Admin, "GET", "/admin/currencies/EUR", "").Want(t, 200, `"rate_ppb":null`, `"version":0`)
	rate := `{"rate_ppb": 918273000, "round_to_minor": 100, "ending_minor": 99}`
	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", rate).Want(t, 428)
	set := a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", rate, "If-Match", unset.Header.Get("ETag")).Want(t, 200, `"settled":false`)
	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", rate, "If-Match", unset.Header.Get("ETag")).Want(t, 412)
	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/USD", rate, "If-Match", `"v0"`).Want(t, 422, "main_currency")
	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/XXX", rate, "If-Match", `"v0"`).Want(t, 422)
	for _, bad := range []string{`{"rate_ppb": 0}`, `{"rate_ppb": -1}`, `{"rate_ppb": 0.9}`, `{"rate_ppb": 1, "round_to_minor": 0}`, `{"rate_ppb": 1, "round_to_minor": 5, "ending_minor": 5}`} {
		a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", bad, "If-Match", set.Header.Get("ETag")).Want(t, 422)
	}
	if err := a.Prices.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Call(t, apptest.Admin, "GET", "/admin/currencies/EUR", "").Want(t, 200, `"settled":true`)
	a.Call(t, apptest.Admin, "GET", prices, "").Want(t, 200, `{"price":{"amount":1799,"currency":"EUR"},"compare_at_price":{"amount":2799,"currency":"EUR"},"derived":true`)
	a.Refresh(t, mug.ID)
	a.Call(t, "", "GET", "/products/"+mug.Slug+"?currency=EUR", "").Want(t, 200, `"price":{"amount":1799,"currency":"EUR"}`)
	bought := apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", "/carts", `{"currency": "EUR", "items": [{"variant_id": "`+mug.Variants[0].String()+`", "quantity": 1}]}`).Want(t, 201))
	if bought.Totals.Items != money.Of(1799, "EUR") {
		t.Errorf("in euros it costs %s", bought.Totals.Items)
	}
	a.WantSound(t)

	// Its own price stays; taken away, the price follows again. What was read may be sent back.
	a.Call(t, apptest.Admin, "PUT", prices, `{"prices": [{"price": {"amount": 2500, "currency": "USD"}}, {"price": {"amount": 2100, "currency": "EUR"}}]}`).Want(t, 200, `"amount":2100`)
	a.Call(t, apptest.Admin, "PUT", prices, `{"prices": [{"price": {"amount": 1000, "currency": "USD"}}, {"price": {"amount": 2100, "currency": "EUR"}}]}`).Want(t, 200, `"amount":2100`)
	a.Call(t, apptest.Admin, "PUT", prices, `{"prices": [{"price": {"amount": 1000, "currency": "USD"}}]}`).Want(t, 200, `"price":{"amount":899,"currency":"EUR"},"lowest_price_30d":{"amount":1799,`)
	a.Call(t, apptest.Admin, "PUT", prices, `{"prices": [{"price": {"amount": 1100, "currency": "USD"}}, {"price": {"amount": 899, "currency": "EUR"}, "derived": true}]}`).Want(t, 200, `"amount":999,"currency":"EUR"`)
	a.WantSound(t)

	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", `{}`, "If-Match", `"v1"`).Want(t, 200)
	if err := a.Prices.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept := a.Call(t, apptest.Admin, "GET", prices, "").Want(t, 200); strings.Contains(kept.Body, "EUR") {
		t.Errorf("there is no rate any more: %s", kept.Body)
	}
	a.WantSound(t)
}

// A copy of a product has its prices in the main currency and those of its own;
// the others follow anew, and are the copy's: neither moves with the other.
func TestPricesOfACopyFollowTheCopy(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Product(t, apptest.Choice("Colour", "Red", "Blue"), apptest.Price(1999), apptest.Was(2999))
	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", `{"rate_ppb": 918273000, "round_to_minor": 100, "ending_minor": 99}`, "If-Match", `"v0"`).Want(t, 200)
	if err := a.Prices.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	prices := func(variant string) string { return "/admin/variants/" + variant + "/prices" }
	a.Call(t, apptest.Admin, "PUT", prices(mug.Variants[1].String()), `{"prices": [{"price": {"amount": 1999, "currency": "USD"}}, {"price": {"amount": 2100, "currency": "EUR"}}]}`).Want(t, 200)
	made := apptest.Read[struct{ Variants []struct{ ID string } }](t, a.Call(t, apptest.Admin, "POST", "/admin/products/"+mug.ID.String()+"/duplicate", "").Want(t, 201))
	red, blue := prices(made.Variants[0].ID), prices(made.Variants[1].ID)
	const follows, own = `{"price":{"amount":1799,"currency":"EUR"},"compare_at_price":{"amount":2799,"currency":"EUR"},"derived":true`, `"amount":2100,"currency":"EUR"`
	a.Call(t, apptest.Admin, "GET", red, "").Want(t, 200, follows)
	if kept := a.Call(t, apptest.Admin, "GET", blue, "").Want(t, 200, own); strings.Contains(kept.Body, `"derived":true`) {
		t.Errorf("a price of its own follows in the copy: %s", kept.Body)
	}
	for _, variant := range []string{red, blue} {
		a.Call(t, apptest.Admin, "PUT", variant, `{"prices": [{"price": {"amount": 1000, "currency": "USD"}}`+map[bool]string{true: `, {"price": {"amount": 2100, "currency": "EUR"}}`}[variant == blue]+`]}`).Want(t, 200)
	}
	a.Call(t, apptest.Admin, "GET", red, "").Want(t, 200, `"price":{"amount":899,"currency":"EUR"}`, `"derived":true`)
	a.Call(t, apptest.Admin, "GET", blue, "").Want(t, 200, own)
	a.Call(t, apptest.Admin, "GET", prices(mug.Variants[0].String()), "").Want(t, 200, follows)

	// A change of the rate reaches both, and no price of their own.
	a.Call(t, apptest.Admin, "PUT", "/admin/currencies/EUR", `{"rate_ppb": 500000000}`, "If-Match", `"v1"`).Want(t, 200)
	if err := a.Prices.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Call(t, apptest.Admin, "GET", red, "").Want(t, 200, `"price":{"amount":500,"currency":"EUR"}`, `"derived":true`)
	a.Call(t, apptest.Admin, "GET", prices(mug.Variants[0].String()), "").Want(t, 200, `"price":{"amount":1000,"currency":"EUR"}`, `"derived":true`)
	a.Call(t, apptest.Admin, "GET", blue, "").Want(t, 200, own)
	a.WantSound(t)
}
