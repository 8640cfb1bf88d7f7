package app_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/cart"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/vendors"
)

// Row 23, and R32: negative, zero, fractional and huge quantities are refused
// wherever a number of things is named.
func TestR32Quantities(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t)
	basket := a.Basket(t, "", 1, mug)
	item := basket.Path("/items/" + basket.Items[0].ID.String())
	placed := a.PlacedOrder(t, "", 2, mug)
	line, part := placed.Order.Items[0].ID, placed.Order.Parts[0].ID
	a.Token(t, apptest.Admin)
	doors := []struct{ name, as, method, path, body string }{
		{"create", "", "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": @}]}`, mug)},
		{"add", "", "POST", basket.Path("/items"), fmt.Sprintf(`{"variant_id": %q, "quantity": @}`, mug)},
		{"update", "", "PATCH", item, `{"quantity": @}`},
		{"ship", apptest.Admin, "POST", "/admin/orders/" + placed.Order.ID.String() + "/shipments", fmt.Sprintf(`{"vendor_order_id": %q, "lines": [{"order_line_id": %q, "quantity": @}]}`, part, line)},
	}
	var table []apptest.Scenario
	for _, door := range doors {
		for _, quantity := range []string{"0", "-1", "1.5", "1.0", `"2"`, "1e3", "2147483648", "9223372036854775808", "1e400", "-9223372036854775808", "100001", "true", "[1]"} {
			if door.name == "update" && quantity == "0" { // removes the item
				continue
			}
			table = append(table, apptest.Scenario{
				Name: "row 23 " + door.name + " quantity " + quantity, As: door.as, Method: door.method, URL: door.path,
				Body: strings.Replace(door.body, "@", quantity, 1), Status: 422, Code: "validation_failed",
			})
		}
	}
	table = append(table, apptest.Scenario{
		Name: "row 23 update quantity 0 removes", Method: "PATCH", URL: item, Body: `{"quantity": 0}`, Status: 200, Contains: []string{`"items":[]`}, Changes: true,
	})
	a.Play(t, table)
	a.WantSound(t)
}

// Row 24: more money than can be counted is refused, not wrapped around.
func TestMoreMoneyThanCanBeCounted(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	rates := strings.TrimSuffix(strings.Repeat(`{"name": "@", "rate_ppm": 1000000},`, 100), ",")
	for i := range 100 {
		rates = strings.Replace(rates, "@", fmt.Sprint("Tax ", i), 1)
	}
	a.Call(t, apptest.Admin, "POST", "/admin/tax/zones", `{"name": "Everywhere", "countries": ["*"], "rates": [`+rates+`]}`).Want(t, 201)
	var colors []string
	for i := range 12 {
		colors = append(colors, fmt.Sprint("Color ", i))
	}
	dear := a.Product(t, apptest.Choice("Color", colors...), apptest.Price(1_000_000_000_000), apptest.Stock(10_000))
	var items []string
	for _, variant := range dear.Variants {
		items = append(items, fmt.Sprintf(`{"variant_id": %q, "quantity": 10000}`, variant))
	}
	one := a.Basket(t, "", 1, dear.Variants[0])
	if got, want := one.Totals.Tax.Minor, int64(100_000_000_000_000); got != want {
		t.Errorf("the tax is %d, want %d", got, want)
	}
	a.Play(t, []apptest.Scenario{
		{Name: "row 24 more of it", Method: "PATCH", URL: one.Path("/items/" + one.Items[0].ID.String()), Body: `{"quantity": 10000}`, Status: 422, Code: "amount_too_large"},
		{Name: "row 24 all of it", Method: "POST", URL: "/carts", Body: `{"items": [` + strings.Join(items, ",") + `]}`, Status: 422, Code: "amount_too_large"},
		{Name: "row 24 a price above all", As: apptest.Admin, Method: "PUT", URL: "/admin/variants/" + dear.Variants[0].String() + "/prices", Body: `{"prices": [{"price": {"amount": 9223372036854775807, "currency": "USD"}}]}`, Status: 422},
		{Name: "row 24 a negative price", As: apptest.Admin, Method: "PUT", URL: "/admin/variants/" + dear.Variants[0].String() + "/prices", Body: `{"prices": [{"price": {"amount": -1, "currency": "USD"}}]}`, Status: 422},
	})
}

// Rows 25 and 26: more than there is, however it is asked for.
func TestMoreThanThereIs(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Stock(3))
	basket := a.Basket(t, "", 2, mug)
	item := func(quantity int) string { return fmt.Sprintf(`{"variant_id": %q, "quantity": %d}`, mug, quantity) }
	short := []string{`"available_quantity":3`, mug.String()}
	a.Play(t, []apptest.Scenario{
		{Name: "row 25 add above stock", Method: "POST", URL: basket.Path("/items"), Body: item(2), Status: 409, Code: "insufficient_stock", Contains: short},
		{Name: "row 25 update above stock", Method: "PATCH", URL: basket.Path("/items/" + basket.Items[0].ID.String()), Body: `{"quantity": 4}`, Status: 409, Code: "insufficient_stock", Contains: short},
		{Name: "row 25 create above stock", Method: "POST", URL: "/carts", Body: `{"items": [` + item(4) + `]}`, Status: 409, Code: "insufficient_stock", Contains: short},
		{Name: "row 26 three lines", Method: "POST", URL: "/carts", Body: `{"items": [` + item(2) + "," + item(1) + "," + item(1) + `]}`, Status: 409, Code: "insufficient_stock", Contains: short},
		{Name: "row 26 two lines that fit", Method: "POST", URL: "/carts", Body: `{"items": [` + item(2) + "," + item(1) + `]}`, Status: 201, Contains: []string{`"quantity":3`}, Changes: true},
	})
}

// Row 27: what is not for sale.
func TestNotForSale(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor, closing := a.Vendor(t, "vera"), a.Vendor(t, "carl")
	unseen := a.Product(t, apptest.By(vendor), apptest.Unreviewed())
	gone := a.Product(t, apptest.By(vendor))
	cut := a.Product(t, apptest.By(vendor), apptest.Choice("Color", "red", "blue"))
	theirs := a.Product(t, apptest.By(closing))
	dollars := a.Product(t, apptest.By(vendor))
	euros := a.Product(t, apptest.By(vendor), apptest.Also(money.Of(900, "EUR")))
	full := a.Cart(t, "", 1, gone.Variants[0], cut.Variants[1], theirs.Variants[0], dollars.Variants[0])
	a.InTx(t, func(tx pgx.Tx) error {
		if _, err := a.Catalog.Move(t.Context(), tx, vendor, gone.ID, catalog.Archive, ""); err != nil {
			return err
		}
		if err := a.Catalog.ArchiveVariant(t.Context(), tx, vendor, cut.ID, cut.Variants[1]); err != nil {
			return err
		}
		_, err := a.Vendors.Suspend(t.Context(), tx, closing, "closing down")
		return err
	})
	inEuros := apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", "/carts", `{"currency": "EUR"}`).Want(t, 201))
	item := func(variant id.Variant) string { return fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, variant) }
	add := func(name string, c apptest.Cart, variant id.Variant, status int, code string) apptest.Scenario {
		return apptest.Scenario{Name: "row 27 " + name, Method: "POST", URL: c.Path("/items"), Body: item(variant), Status: status, Code: code, Changes: status == 200}
	}
	a.Play(t, []apptest.Scenario{
		add("not reviewed", full, unseen.Variants[0], 404, "variant_not_found"),
		add("never there", full, id.New[id.Variant](), 404, "variant_not_found"),
		add("archived", full, gone.Variants[0], 409, "not_purchasable"),
		add("archived variant", full, cut.Variants[1], 409, "not_purchasable"),
		add("of a suspended vendor", full, theirs.Variants[0], 409, "not_purchasable"),
		add("no price in the currency", inEuros, dollars.Variants[0], 409, "not_purchasable"),
		add("a price in the currency", inEuros, euros.Variants[0], 200, ""),
		{Name: "row 27 already in the cart", URL: full.Path(""), Status: 200, Contains: []string{`"code":"not_purchasable"`}},
		{
			Name: "row 27 already in the cart, at checkout", Method: "POST", URL: "/checkout", Body: full.Order("cod"), Header: key("27"), Status: 409, Code: "not_purchasable",
			Contains: []string{gone.Variants[0].String(), cut.Variants[1].String(), theirs.Variants[0].String()}, Lacks: []string{dollars.Variants[0].String()},
		},
		{Name: "row 27 not reviewed, on its page", URL: "/products/" + unseen.Slug, Status: 404},
	})
	for _, line := range apptest.Read[cart.View](t, a.Call(t, "", "GET", full.Path(""), "")).Items {
		if flagged := len(line.Issues) > 0; flagged == (line.VariantID == dollars.Variants[0]) {
			t.Errorf("row 27: the line of %s has the issues %v", line.VariantID, line.Issues)
		}
	}
	a.InTx(t, func(tx pgx.Tx) error { _, err := a.Vendors.Approve(t.Context(), tx, closing); return err })
	if v, err := a.Vendors.Get(t.Context(), a.DB, closing); err != nil || v.Status != vendors.StatusActive {
		t.Errorf("the vendor is %s, %v", v.Status, err)
	}
	a.Call(t, "", "POST", full.Path("/items"), item(theirs.Variants[0])).Want(t, 200)
}

// Row 28: what is sent as text is text, or is refused by its size.
func TestTextOfAnySize(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	basket := a.Basket(t, "", 1, a.Variant(t))
	name := func(text string) string { return strings.Replace(apptest.Home, `"Ada"`, fmt.Sprintf("%q", text), 1) }
	a.Play(t, []apptest.Scenario{
		{Name: "row 28 a text of 10 MB", Method: "PUT", URL: basket.Path("/addresses"), Body: name(strings.Repeat("a", 10<<20)), Status: 413, Code: "body_too_large"},
		{Name: "row 28 HTML is stored as text", Method: "PUT", URL: basket.Path("/addresses"), Body: name(`<b onclick=x>Ada</b>`), Status: 200, Contains: []string{`<b onclick=x>Ada</b>`}, Changes: true},
		{Name: "row 28 a file for an option", Method: "POST", URL: basket.Path("/items"), Body: fmt.Sprintf(`{"variant_id": %q, "quantity": 1, "options": {"file": "UEsDBA=="}}`, basket.Items[0].VariantID), Status: 400, Code: "unknown_field"},
	})
}

// Rows 29 and 30: a cart that is not the caller's is answered as one that does
// not exist, whatever is done with it.
func TestForeignCarts(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t, apptest.Stock(100))
	for _, name := range []string{"ann", "bob"} {
		a.User(t, name)
	}
	owned, placed := a.Cart(t, "ann", 1, mug), a.Cart(t, "", 1, mug)
	a.Place(t, "", placed).Want(t, 201)
	whole := a.Basket(t, "", 1, mug).ID.String()
	never := id.New[id.Cart]().String()
	names := map[string]struct{ as, cart string }{
		"never there": {"", never}, "cut short": {"", whole[:len(whole)-1]}, "a letter more": {"", whole + "0"}, "null": {"", "null"}, "undefined": {"", "undefined"},
		"an order's id": {"", id.New[id.Order]().String()}, "blank": {"", "%20"}, "hostile": {"", "%27%20OR%201=1"}, "long": {"", strings.Repeat("a", 5000)},
		"another's, by a guest": {"", owned.ID.String()}, "another's, by a user": {"bob", owned.ID.String()},
	}
	writes := []struct{ method, path, body string }{
		{"POST", "/items", fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, mug)},
		{"PATCH", "/items/" + owned.Items[0].ID.String(), `{"quantity": 5}`},
		{"DELETE", "/items/" + owned.Items[0].ID.String(), ""},
		{"PUT", "/addresses", apptest.Home},
		{"PUT", "/shipping", `{"selections": []}`},
	}
	reads := []string{"", "/shipping-options", "/payment-methods"}
	var table []apptest.Scenario
	for name, n := range names {
		s := apptest.Scenario{As: n.as, Status: 404, Code: "not_found"}
		for _, read := range reads {
			s.Name, s.Method, s.URL = "row 29 "+name+" GET"+read, "GET", "/carts/"+n.cart+read
			table = append(table, s)
		}
		for _, write := range writes {
			s.Name, s.Method, s.URL, s.Body = "row 29 "+name+" "+write.method+write.path, write.method, "/carts/"+n.cart+write.path, write.body
			table = append(table, s)
		}
		s.Name, s.Method, s.URL, s.Body = "row 30 "+name+" checkout", "POST", "/checkout", strings.Replace(owned.Order("cod"), owned.ID.String(), first(url.PathUnescape(n.cart)), 1)
		if len(n.cart) > 100 {
			s.Status, s.Code = 422, "validation_failed"
		}
		s.Header = key("30" + n.as)
		table = append(table, s)
	}
	for _, read := range reads {
		table = append(table, apptest.Scenario{Name: "row 29 completed GET" + read, URL: placed.Path(read), Status: 404, Code: "not_found"})
	}
	table = append(table, apptest.Scenario{Name: "row 29 empty", URL: "/carts/", Status: 404, Code: "not_found"},
		apptest.Scenario{Name: "row 33 an item for a completed cart", Method: "POST", URL: placed.Path("/items"), Body: writes[0].body, Status: 409, Code: "cart_completed"},
		apptest.Scenario{Name: "row 33 an address for a completed cart", Method: "PUT", URL: placed.Path("/addresses"), Body: apptest.Home, Status: 409, Code: "cart_completed"})
	a.Play(t, table)

	want := scrubbed(a.Call(t, "", "GET", "/carts/"+never, ""))
	for name, n := range names {
		if got := scrubbed(a.Call(t, n.as, "GET", "/carts/"+n.cart, "")); got != want {
			t.Errorf("row 29 %s: %s\nwant what is said of no cart at all: %s", name, got, want)
		}
	}
}

// scrubbed is an answer without what is random.
func scrubbed(w apptest.Answer) string {
	return fmt.Sprint(w.Status, " ", strings.ReplaceAll(w.Body, w.Header.Get("X-Request-Id"), "ID"))
}

func first(s string, _ error) string { return s }

// Row 31: carts that cannot be one are not made one, and nothing is oversold.
func TestMergeOfCarts(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.User(t, "ann")
	last := a.Variant(t, apptest.Stock(1))
	mug := a.Variant(t, apptest.Also(money.Of(900, "EUR")))
	own := a.Basket(t, "ann", 1, last)
	euros := apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", "/carts", fmt.Sprintf(`{"currency": "EUR", "items": [{"variant_id": %q, "quantity": 1}]}`, mug)).Want(t, 201))
	same := a.Basket(t, "", 1, last)
	a.Play(t, []apptest.Scenario{
		{Name: "row 31 another currency", As: "ann", Method: "POST", URL: euros.Path("/claim"), Status: 200, Contains: []string{`"code":"currency_mismatch"`, own.ID.String()}, Changes: true},
		{Name: "row 31 the refused stay", URL: euros.Path(""), Status: 200, Contains: []string{mug.String()}},
		{Name: "row 31 the last unit twice", As: "ann", Method: "POST", URL: same.Path("/claim"), Status: 200, Contains: []string{`"code":"insufficient_stock"`, `"available_quantity":1`}, Changes: true},
		{Name: "row 31 by nobody", Method: "POST", URL: same.Path("/claim"), Status: 401, Code: "unauthenticated"},
		{Name: "row 32 another currency for a cart", Method: "PATCH", URL: euros.Path(""), Body: `{"currency": "USD"}`, Status: 405, Code: "method_not_allowed"},
		{Name: "row 32 another currency for a new cart", Method: "POST", URL: euros.Path("/items"), Body: fmt.Sprintf(`{"variant_id": %q, "quantity": 1, "currency": "USD"}`, mug), Status: 400, Code: "unknown_field"},
	})
	mine := apptest.Read[cart.View](t, a.Call(t, "ann", "GET", own.Path(""), "").Want(t, 200))
	if len(mine.Items) != 1 || mine.Items[0].Quantity != 1 || mine.Currency != "USD" {
		t.Errorf("row 31: the cart holds %+v", mine.Items)
	}
}

// Row 34: a cart ends at 500 lines.
func TestTheLongestCart(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	var items []string
	vendor := a.Vendor(t, "vera")
	for len(items) < 501 {
		var sizes []string
		for i := range 84 {
			sizes = append(sizes, fmt.Sprint("Size ", i))
		}
		for _, variant := range a.Product(t, apptest.By(vendor), apptest.Choice("Size", sizes...)).Variants {
			items = append(items, fmt.Sprintf(`{"variant_id": %q, "quantity": 1}`, variant))
		}
	}
	full := apptest.Read[apptest.Cart](t, a.Call(t, "", "POST", "/carts", `{"items": [`+strings.Join(items[:500], ",")+`]}`).Want(t, 201))
	a.Play(t, []apptest.Scenario{
		{Name: "row 34 501 lines at once", Method: "POST", URL: "/carts", Body: `{"items": [` + strings.Join(items[:501], ",") + `]}`, Status: 422, Code: "validation_failed"},
		{Name: "row 34 the 501st line", Method: "POST", URL: full.Path("/items"), Body: items[500], Status: 422, Code: "validation_failed"},
		{Name: "row 34 more of a line", Method: "POST", URL: full.Path("/items"), Body: items[0], Status: 200, Changes: true},
	})
}

// Row 35: what people search for is never a pattern and never a burden.
func TestHostileSearch(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.Product(t, apptest.Titled("Plain mug"))
	filters := strings.Repeat("&attr[a]=1", 1)
	for i := range 1000 {
		filters += fmt.Sprintf("&attr[k%d]=1", i)
	}
	a.Play(t, []apptest.Scenario{
		{Name: "row 35 only wildcards", URL: "/products?q=%25%25%25%25", Status: 200, Contains: []string{`"data":[]`}},
		{Name: "row 35 underscores", URL: "/products?q=____", Status: 200, Contains: []string{`"data":[]`}},
		{Name: "row 35 a pattern", URL: "/products?q=" + url.QueryEscape("(a+)+$ .* [[:alpha:]]"), Status: 200},
		{Name: "row 35 emoji", URL: "/products?q=" + url.QueryEscape("👟👟"), Status: 200, Contains: []string{`"data":[]`}},
		{Name: "row 35 right to left", URL: "/products?q=" + url.QueryEscape("\u202egum\u202c"), Status: 200},
		{Name: "row 35 10 KB", URL: "/products?q=" + strings.Repeat("a", 10<<10), Status: 422, Code: "validation_failed"},
		{Name: "row 35 1,000 filters", URL: "/products?limit=1" + filters, Status: 422, Code: "validation_failed"},
		{Name: "row 35 suggest wildcards", URL: "/search/suggest?q=%25%25", Status: 200, Lacks: []string{"Plain mug"}},
		{Name: "row 35 staff search wildcards", As: apptest.Admin, URL: "/admin/users?q=%25", Status: 200, Contains: []string{`"data":[]`}, Changes: true}, // staff comes in
		{Name: "row 35 a hostile slug", URL: "/products/" + url.PathEscape("' OR 1=1 --"), Status: 404, Code: "product_not_found"},
	})
}
