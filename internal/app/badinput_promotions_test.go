package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

// offer is an active promotion of the shop's with a code, "" for one that needs
// none.
func offer(t *testing.T, a *apptest.App, code, fields string) (path string) {
	t.Helper()
	return offerBy(t, a, apptest.Admin, "/admin/promotions", code, fields)
}

func offerBy(t *testing.T, a *apptest.App, as, door, code, fields string) (path string) {
	t.Helper()
	made := a.Call(t, as, "POST", door, fmt.Sprintf(`{"name": "Offer %s", "status": "active", "needs_code": %t, %s}`, code, code != "", fields)).Want(t, 201)
	path = door + "/" + apptest.Read[answer](t, made).text("id")
	if code != "" {
		a.Call(t, as, "POST", path+"/coupons", fmt.Sprintf(`{"codes": [%q]}`, code)).Want(t, 201)
	}
	return path
}

const tenthOff = `"reward": {"kind": "percent_off", "percent_ppm": 100000}`

func enter(t *testing.T, a *apptest.App, c apptest.Cart, code string) apptest.Answer {
	t.Helper()
	return a.Call(t, "", "POST", c.Path("/coupons"), fmt.Sprintf(`{"code": %q}`, code))
}

func cartNow(t *testing.T, a *apptest.App, c apptest.Cart) apptest.Cart {
	t.Helper()
	return apptest.Read[apptest.Cart](t, a.Call(t, "", "GET", c.Path(""), "").Want(t, 200))
}

// Rows 37, 38 and 39: a code is one however it is written and however often it
// is entered; strangers get one reason for all that does not run.
func TestCodes(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000))
	a.Owner(t, "vera")
	for code, fields := range map[string]string{
		"TEN": tenthOff, "ALONE": tenthOff + `, "exclusive": true`, "ALSO": tenthOff + `, "exclusive": true`, "PAUSED": tenthOff, "DISABLED": tenthOff,
		"EUROS": `"reward": {"kind": "amount_off", "amounts": {"EUR": 100}}`,
	} {
		offer(t, a, code, fields)
	}
	offerBy(t, a, "vera", "/vendor/promotions", "VERA", tenthOff)
	ended, soon := offer(t, a, "ENDED", tenthOff), offer(t, a, "SOON", tenthOff)
	for sql, path := range map[string]string{
		`UPDATE promotions SET starts_at = now() - interval '1 hour', ends_at = now() - interval '1 second' WHERE id = @id`: ended,
		`UPDATE promotions SET starts_at = now() + interval '1 second' WHERE id = @id`:                                      soon,
	} {
		promotion, err := id.Parse[id.Promotion](path[strings.LastIndex(path, "/")+1:])
		if err != nil {
			t.Fatal(err)
		}
		change(t, a, sql, pgx.NamedArgs{"id": promotion})
	}
	change(t, a, `UPDATE promotions SET status = 'paused' WHERE name = 'Offer PAUSED'`, nil)
	change(t, a, `UPDATE coupons SET disabled = true WHERE code = 'DISABLED'`, nil)

	c := a.Cart(t, "", 1, mug)
	door := c.Path("/coupons")
	const generic = `"code":"coupon_not_applicable"`
	var table []apptest.Scenario
	add := func(name, code string, status int, contains ...string) {
		table = append(table, apptest.Scenario{
			Name: name, Method: "POST", URL: door, Body: fmt.Sprintf(`{"code": %q}`, code), Status: status, Contains: contains, Changes: status == 200,
		})
	}
	add("row 37 lower case, blanks and full width", " ｔ e\tn ", 200, `"coupons":["TEN"]`)
	add("row 38 the same code twice", "ten", 200, `"coupons":["TEN"]`)
	for _, code := range []string{"UNKNOWN", "10%", "a.b.c", strings.Repeat("x", 200), "' OR 1=1 --"} {
		add("row 37 no such code", code, 422, generic)
	}
	for _, code := range []string{"ENDED", "SOON", "PAUSED", "DISABLED"} {
		add("row 39 "+code, code, 422, generic, "This code cannot be used for this cart.")
	}
	add("row 39 of another vendor's goods", "VERA", 422, generic, "nothing in the cart is part of it")
	add("row 39 in another currency", "EUROS", 422, generic, "it is not given in USD")
	add("row 38 exclusive beside another", "ALONE", 409, `"code":"coupon_not_combined"`)
	table = append(table, apptest.Scenario{Name: "row 38 the other is removed", Method: "DELETE", URL: door + "/ten", Status: 200, Contains: []string{`"coupons":[]`}, Changes: true})
	add("row 38 exclusive alone", "ALONE", 200, `"coupons":["ALONE"]`)
	add("row 38 two exclusive ones", "ALSO", 409, `"code":"coupon_not_combined"`)
	a.Play(t, table)
	if now := cartNow(t, a, c); now.Totals.Discount != money.Of(100, "USD") {
		t.Errorf("refusals left %s off", now.Totals.Discount)
	}
}

func change(t *testing.T, a *apptest.App, sql string, args pgx.NamedArgs) {
	t.Helper()
	a.InTx(t, func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), sql, args); return err })
}

// Row 40: who guesses codes is stopped, for a cart and for an address.
func TestGuessedCodes(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t), apptest.Limited())
	mug := a.Variant(t)
	for n, want := range []int{10, 10, 8, 0} { // the address has 30 in all, and refusals count
		c := a.Basket(t, "", 1, mug)
		answered := 0
		for i := range 11 {
			guess := enter(t, a, c, fmt.Sprintf("GUESS%d", i))
			switch guess.Status {
			case 422:
				answered++
			default:
				guess.Want(t, 429, "rate_limited")
				if guess.Header.Get("Retry-After") == "" {
					t.Errorf("429 does not say when to come back: %v", guess.Header)
				}
			}
		}
		if answered != want {
			t.Errorf("%d guesses at cart %d are answered, want %d", answered, n, want)
		}
	}
}

// Row 41: no discount takes more than there is.
func TestDiscountsStopAtNothing(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000))
	bare := a.Cart(t, "", 1, mug)
	shipping := bare.Totals.Shipping
	offer(t, a, "LOTS", `"reward": {"kind": "amount_off", "amounts": {"USD": 99999999}}`)
	offer(t, a, "MORE", `"reward": {"kind": "order_amount_off", "amounts": {"USD": 1}}`)
	offer(t, a, "FREIGHT", `"reward": {"kind": "shipping_off", "percent_ppm": 1000000}`)
	off := apptest.Read[apptest.Cart](t, enter(t, a, bare, "LOTS").Want(t, 200))
	if off.Totals.Discount != off.Totals.Items || off.Totals.GrandTotal != shipping || shipping.Minor == 0 {
		t.Errorf("goods for nothing: %+v, shipping is %s", off.Totals, shipping)
	}
	enter(t, a, bare, "MORE").Want(t, 422, "coupon_not_applicable") // there is nothing left to take off
	free := apptest.Read[apptest.Cart](t, enter(t, a, bare, "FREIGHT").Want(t, 200))
	if free.Totals.GrandTotal != money.Of(0, "USD") {
		t.Errorf("all for nothing: %+v", free.Totals)
	}
	a.Place(t, "", free).Want(t, 201)
	a.WantSound(t)
}

// Row 42: one mailbox is one customer, guest or not, however it is spelled; what
// is not folded is another. Who has used a promotion up is offered it no more,
// and can order without it.
func TestOneCustomerHoweverTheyAreSpelled(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000), apptest.Stock(100))
	offer(t, a, "", tenthOff+`, "customer_limit": 1`)
	offer(t, a, "ONCE", tenthOff+`, "customer_limit": 1`)
	for _, c := range []struct {
		email    string
		discount int64
	}{
		{"ann.lee@example.com", 200},
		{"Ann.Lee+1@Example.com", 0},
		{"ANN.LEE@EXAMPLE.COM", 0},
		{"annlee@example.com", 200}, // dots count but at Gmail
		{"ann.lee@gmail.com", 200},
		{"A.n.n.Lee+shop@gmail.com", 0},
		{"annlee@googlemail.com", 0},
		{"ann.lee@mail.example.com", 200},
	} {
		cart := a.Cart(t, "", 1, mug)
		a.Call(t, "", "PUT", cart.Path("/addresses"), strings.Replace(apptest.Home, "ada@example.com", c.email, 1)).Want(t, 200)
		if entered := enter(t, a, cart, "once"); (entered.Status == 200) != (c.discount > 0) {
			t.Errorf("%s: the code is answered %d %s", c.email, entered.Status, entered.Body)
		}
		cart = cartNow(t, a, cart)
		if cart.Totals.Discount != money.Of(c.discount, "USD") {
			t.Errorf("%s is offered %s off, want %d", c.email, cart.Totals.Discount, c.discount)
		}
		a.Place(t, "", cart).Want(t, 201)
	}
	a.WantSound(t)
}

// Row 43: a code that staff switch off between the quote and the order, or whose
// promotion they edit, is told with the new total; that one is good.
func TestAPromotionChangesAfterTheQuote(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000), apptest.Stock(100))
	path := offer(t, a, "TEN", tenthOff)
	coupon := apptest.Read[answer](t, a.Call(t, apptest.Admin, "GET", path+"/coupons", "").Want(t, 200)).first("data", "id")
	edit := func(body string) func() {
		return func() {
			etag := a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200).Header.Get("ETag")
			a.Call(t, apptest.Admin, "PATCH", path, body, "If-Match", etag).Want(t, 200)
		}
	}
	for _, c := range []struct {
		name         string
		change, undo func()
		discount     int64
	}{
		{"lowered", edit(`{"reward": {"kind": "percent_off", "percent_ppm": 50000}}`), edit(`{` + tenthOff + `}`), 50},
		{"paused", edit(`{"status": "paused"}`), edit(`{"status": "active"}`), 0},
		{
			"code switched off",
			func() { a.Call(t, apptest.Admin, "PATCH", path+"/coupons/"+coupon, `{"disabled": true}`).Want(t, 200) },
			func() { a.Call(t, apptest.Admin, "PATCH", path+"/coupons/"+coupon, `{"disabled": false}`).Want(t, 200) }, 0,
		},
		{"archived", edit(`{"status": "archived"}`), func() {}, 0},
	} {
		quoted := apptest.Read[apptest.Cart](t, enter(t, a, a.Cart(t, "", 1, mug), "TEN").Want(t, 200))
		c.change()
		refused := apptest.Read[struct{ Total money.Amount }](t, a.Place(t, "", quoted).Want(t, 409, `"code":"total_changed"`))
		now := cartNow(t, a, quoted)
		if now.Totals.Discount != money.Of(c.discount, "USD") || refused.Total != now.Totals.GrandTotal {
			t.Errorf("%s: the refusal tells %s, the cart %+v", c.name, refused.Total, now.Totals)
		}
		a.Place(t, "", now).Want(t, 201)
		c.undo()
	}
	a.WantSound(t)
}

// Row 45: what is no percentage, no amount and no window.
func TestBadPromotions(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Token(t, apptest.Admin)
	var table []apptest.Scenario
	add := func(name, fields string) {
		s := apptest.Scenario{Name: "row 45 " + name, As: apptest.Admin, Method: "POST", URL: "/admin/promotions", Body: `{"name": "Bad", ` + fields + `}`, Status: 422, Code: "validation_failed"}
		if strings.Contains(fields, "NaN") {
			s.Status, s.Code = 400, "malformed_body"
		}
		table = append(table, s)
	}
	for _, percent := range []string{"1000100", "-50000", "0", "1e-9", "0.5", "1.5e5", `"10"`, "NaN", "9223372036854775808", "1e400", "true", "[100000]"} {
		add("percentage "+percent, `"reward": {"kind": "percent_off", "percent_ppm": `+percent+`}`)
	}
	for _, amounts := range []string{`{}`, `{"USD": -1}`, `{"USD": 0.5}`, `{"USD": 1000000000001}`, `{"XXX": 1}`, `{"usd": 1}`, `{"": 1}`, `[1]`, `1`} {
		add("amounts "+amounts, `"reward": {"kind": "amount_off", "amounts": `+amounts+`}`)
	}
	add("no reward", `"priority": 1`)
	add("unknown kind", `"reward": {"kind": "everything"}`)
	add("both", `"reward": {"kind": "percent_off", "percent_ppm": 1, "amounts": {"USD": 1}}`)
	add("buy nothing", `"reward": {"kind": "buy_get", "percent_ppm": 1000000, "get": 1}`)
	add("get nothing", `"reward": {"kind": "buy_get", "percent_ppm": 1000000, "buy": 1}`)
	add("ends before it starts", tenthOff+`, "starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"`)
	add("ended long ago", tenthOff+`, "ends_at": "2020-01-01T00:00:00Z"`)
	add("no date", tenthOff+`, "ends_at": "tomorrow"`)
	add("no uses", tenthOff+`, "usage_limit": 0`)
	add("fewer than none", tenthOff+`, "customer_limit": -1`)
	add("more than can be counted", tenthOff+`, "usage_limit": 2147483648`)
	add("no budget", tenthOff+`, "budget": {"amount": 0, "currency": "USD"}`)
	add("budget in no currency", tenthOff+`, "budget": {"amount": 1, "currency": "XXX"}`)
	add("more than all by the platform", tenthOff+`, "platform_ppm": 1000001`)
	add("no country", tenthOff+`, "conditions": {"countries": ["Germany"]}`)
	add("priority", tenthOff+`, "priority": 1000001`)
	a.Play(t, table)
	a.WantRows(t, "promotions", 0)
}

// R18: 40 % and 70 % are each of the price, so together they give the goods away,
// as is stated; whoever makes them is warned, and one group lets the better alone.
func TestR18FortyAndSeventyPercent(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Price(1000))
	percent := func(ppm int) string {
		return fmt.Sprintf(`"reward": {"kind": "percent_off", "percent_ppm": %d}`, ppm)
	}
	both := []string{offer(t, a, "", percent(400_000)), offer(t, a, "", percent(700_000))}
	const warning = "stack to 110 %"
	a.Call(t, apptest.Admin, "GET", "/admin/promotions/lint", "").Want(t, 200, warning)
	if c := a.Basket(t, "", 1, mug); c.Totals.Discount != money.Of(1000, "USD") {
		t.Errorf("together they take off %s, want all of it", c.Totals.Discount)
	}
	for _, path := range both {
		etag := a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200).Header.Get("ETag")
		a.Call(t, apptest.Admin, "PATCH", path, `{"stacking_group": "sale"}`, "If-Match", etag).Want(t, 200)
	}
	if lint := a.Call(t, apptest.Admin, "GET", "/admin/promotions/lint", "").Want(t, 200); strings.Contains(lint.Body, warning) {
		t.Errorf("they are of one group, and still: %s", lint.Body)
	}
	if c := a.Basket(t, "", 1, mug); c.Totals.Discount != money.Of(700, "USD") {
		t.Errorf("of one group they take off %s, want 7.00", c.Totals.Discount)
	}
}

// scans is how often this transaction has read the tables of the catalogue.
func scans(t *testing.T, a *apptest.App) int {
	t.Helper()
	return a.Count(t, `SELECT sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::int FROM pg_stat_xact_user_tables
		WHERE relname IN ('products', 'variants', 'prices', 'media', 'product_categories', 'product_tags', 'categories', 'tags', 'brands', 'listings', 'listed_products')`, nil)
}

// R28: editing a promotion loads nothing of the catalogue, whatever it names.
func TestR28EditingAPromotionDoesNotLoadTheCatalogue(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Tagged("blue"), apptest.In("Kitchen"))
	path := offer(t, a, "TEN", tenthOff+fmt.Sprintf(`, "conditions": {"min_quantity": 1, "goods": {"variants": [%q]}}`, mug))
	etag := a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200).Header.Get("ETag")
	before := scans(t, a)
	edited := a.Call(t, apptest.Admin, "PATCH", path, `{"reward": {"kind": "percent_off", "percent_ppm": 200000}, "status": "paused"}`, "If-Match", etag).Want(t, 200)
	a.Call(t, apptest.Admin, "PATCH", path, `{"status": "active"}`, "If-Match", edited.Header.Get("ETag")).Want(t, 200)
	a.Call(t, apptest.Admin, "GET", path, "").Want(t, 200)
	if n := scans(t, a) - before; n != 0 {
		t.Errorf("editing a promotion read the catalogue %d times", n)
	}
	if a.Basket(t, "", 1, mug); scans(t, a) == before {
		t.Error("a cart was not seen to read the catalogue: this counts nothing")
	}
}

// Codes and goods come to one total in whatever order they were put into a cart.
func TestTheTotalDoesNotDependOnTheOrderOfCodesAndGoods(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.VAT(t, 70_000, false)
	goods := []id.Variant{a.Variant(t, apptest.Price(999)), a.Variant(t, apptest.Price(333)), a.Variant(t, apptest.Price(1001))}
	offer(t, a, "THIRD", `"reward": {"kind": "percent_off", "percent_ppm": 333333}`)
	offer(t, a, "REST", `"reward": {"kind": "order_percent_off", "percent_ppm": 142857}`)
	offer(t, a, "FREIGHT", `"reward": {"kind": "shipping_off", "percent_ppm": 500000}`)
	codes := []string{"THIRD", "REST", "FREIGHT"}
	var first *apptest.Cart
	for _, order := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		c := a.Cart(t, "", 1, goods[order[2]], goods[order[0]], goods[order[1]])
		for _, n := range order {
			c = apptest.Read[apptest.Cart](t, enter(t, a, c, codes[n]).Want(t, 200))
		}
		if first == nil {
			first = &c
		}
		if c.Totals != first.Totals || c.Totals.Discount.IsZero() {
			t.Errorf("in the order %v it comes to %+v, in another to %+v", order, c.Totals, first.Totals)
		}
	}
}
