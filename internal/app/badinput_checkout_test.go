package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
	"souk/internal/pricing"
)

// Row 47: the client says what it was shown, and nothing else about money.
func TestMoneyIsTheShops(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	a.VAT(t, 190_000, false)
	cart := a.Cart(t, "", 1, a.Variant(t))
	total := cart.Totals.GrandTotal.Minor
	var table []apptest.Scenario
	for _, more := range []string{`"total": 1`, `"tax": 0`, `"shipping_price": 0`, `"discount": 999`, `"grand_total": {"amount": 1, "currency": "USD"}`, `"status": "paid"`, `"user_id": "user_1"`} {
		table = append(table, apptest.Scenario{
			Name: "row 47 " + more, Method: "POST", URL: "/checkout", Header: key("47"), Body: strings.Replace(cart.Order("cod"), "{", "{"+more+", ", 1), Status: 400, Code: "unknown_field",
		})
	}
	fresh := fmt.Sprintf(`"total":{"amount":%d,"currency":"USD"}`, total)
	for name, expected := range map[string]string{
		"a cent less": fmt.Sprintf(`{"amount": %d, "currency": "USD"}`, total-1), "a cent more": fmt.Sprintf(`{"amount": %d, "currency": "USD"}`, total+1),
		"nothing": `{"amount": 0, "currency": "USD"}`, "less than nothing": fmt.Sprintf(`{"amount": -%d, "currency": "USD"}`, total),
		"another currency": fmt.Sprintf(`{"amount": %d, "currency": "JPY"}`, total),
	} {
		table = append(table, apptest.Scenario{
			Name: "row 47 expected " + name, Method: "POST", URL: "/checkout", Header: key("47"),
			Body: fmt.Sprintf(`{"cart_id": %q, "payment_method": "cod", "expected_total": %s}`, cart.ID, expected), Status: 409, Code: "total_changed", Contains: []string{fresh},
		})
	}
	for name, expected := range map[string]string{
		"in no currency": fmt.Sprintf(`{"amount": %d}`, total), "a fraction": `{"amount": 10.5, "currency": "USD"}`, "text": `"10.00"`, "more than int64": `{"amount": 99999999999999999999, "currency": "USD"}`,
	} {
		table = append(table, apptest.Scenario{
			Name: "row 47 expected " + name, Method: "POST", URL: "/checkout", Header: key("47"),
			Body: fmt.Sprintf(`{"cart_id": %q, "payment_method": "cod", "expected_total": %s}`, cart.ID, expected), Status: 422, Code: "validation_failed",
		})
	}
	table = append(table, apptest.Scenario{Name: "row 47 no expected total", Method: "POST", URL: "/checkout", Header: key("47"), Body: fmt.Sprintf(`{"cart_id": %q, "payment_method": "cod"}`, cart.ID), Status: 422, Code: "validation_failed"})
	a.Play(t, table)
}

// Row 48: only what is offered for this parcel can be chosen.
func TestShippingThatIsNotOffered(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug, other := a.Product(t), a.Product(t)
	basket := a.Basket(t, "", 1, mug.Variants[0])
	zone := apptest.Read[struct{ ID id.ShipZone }](t, a.Call(t, apptest.Admin, "POST", "/admin/shipping/zones", `{"name": "Japan only", "countries": ["JP"]}`).Want(t, 201))
	japan := apptest.Read[struct{ ID id.ShipOption }](t, a.Call(t, apptest.Admin, "POST", "/admin/shipping/options",
		fmt.Sprintf(`{"zone_id": %q, "name": "Ferry", "kind": "standard", "rule": "flat", "price": {"amount": 100, "currency": "USD"}, "min_days": 1, "max_days": 2}`, zone.ID)).Want(t, 201))
	choose := func(vendor id.Vendor, option string) string {
		return fmt.Sprintf(`{"selections": [{"vendor_id": %q, "option_id": %q}]}`, vendor, option)
	}
	put := func(name, body string, status int) apptest.Scenario {
		return apptest.Scenario{Name: "row 48 " + name, Method: "PUT", URL: basket.Path("/shipping"), Body: body, Status: status, Code: "validation_failed"}
	}
	a.Call(t, "", "PUT", basket.Path("/addresses"), apptest.Home).Want(t, 200)
	chosen := a.Ship(t, "", basket).Shipping[0]
	a.Play(t, []apptest.Scenario{
		put("of another country", choose(mug.Vendor, japan.ID.String()), 422),
		put("never there", choose(mug.Vendor, id.New[id.ShipOption]().String()), 422),
		put("no id", choose(mug.Vendor, "free"), 422),
		put("of another vendor", choose(other.Vendor, chosen.OptionID.String()), 422),
		put("twice", strings.Replace(choose(mug.Vendor, chosen.OptionID.String()), "[", fmt.Sprintf(`[{"vendor_id": %q, "option_id": %q},`, mug.Vendor, chosen.OptionID), 1), 422),
	})
	// What was chosen for one place is not kept for another where it is not offered.
	moved := strings.NewReplacer(`"DE"`, `"JP", "region": "Tokyo"`, "10115", "100-0001").Replace(apptest.Home)
	a.Call(t, "", "PUT", basket.Path("/addresses"), moved).Want(t, 200)
	a.Call(t, "", "PUT", basket.Path("/shipping"), choose(mug.Vendor, japan.ID.String())).Want(t, 200)
	back := apptest.Read[apptest.Cart](t, a.Call(t, "", "PUT", basket.Path("/addresses"), apptest.Home).Want(t, 200))
	if len(back.Shipping) != 0 || !back.Totals.Shipping.IsZero() {
		t.Errorf("row 48: the ferry goes to Berlin: %+v", back.Shipping)
	}
	a.Play(t, []apptest.Scenario{{
		Name: "row 48 at checkout", Method: "POST", URL: "/checkout", Header: key("48"), Body: back.Order("cod"), Status: 409, Code: "cart_incomplete", Contains: []string{`"missing":["shipping"]`},
	}})
}

// Row 49: an address of another customer is not there.
func TestForeignAddresses(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	for _, name := range []string{"ann", "bob"} {
		a.User(t, name)
	}
	const canary = "Canary Wharf 7"
	theirs := apptest.Read[struct{ ID id.Address }](t, a.Call(t, "ann", "POST", "/me/addresses",
		`{"name": "Ann", "line1": "`+canary+`", "city": "London", "postal_code": "E14 5AB", "country": "GB"}`).Want(t, 201)).ID.String()
	never := id.New[id.Address]().String()
	basket := a.Basket(t, "bob", 1, a.Variant(t))
	guests := a.Basket(t, "", 1, basket.Items[0].VariantID)
	var table []apptest.Scenario
	for name, address := range map[string]string{"another's": theirs, "nobody's": never} {
		for _, s := range []apptest.Scenario{
			{As: "bob", Method: "PUT", URL: basket.Path("/addresses"), Body: fmt.Sprintf(`{"email": "bob@example.com", "shipping_address_id": %q}`, address)},
			{As: "bob", Method: "PUT", URL: basket.Path("/addresses"), Body: strings.Replace(apptest.Home, "{", fmt.Sprintf(`{"billing_address_id": %q, `, address), 1)},
			{Method: "PUT", URL: guests.Path("/addresses"), Body: fmt.Sprintf(`{"email": "bob@example.com", "shipping_address_id": %q}`, address)},
			{As: "bob", Method: "GET", URL: "/me/addresses/" + address},
			{As: "bob", Method: "PATCH", URL: "/me/addresses/" + address, Body: `{"city": "Paris"}`},
			{As: "bob", Method: "DELETE", URL: "/me/addresses/" + address},
		} {
			s.Name, s.Status, s.Code, s.Lacks = fmt.Sprintf("row 49 %s %s %s %s", name, s.As, s.Method, s.URL), 404, "not_found", []string{canary, "London"}
			table = append(table, s)
		}
	}
	a.Play(t, table)
	for i := range len(table) / 2 { // the one and the other are told the same
		one, two := table[i], table[i+len(table)/2]
		if first, second := scrubbed(a.Call(t, one.As, one.Method, one.URL, one.Body)), scrubbed(a.Call(t, two.As, two.Method, two.URL, two.Body)); first != second {
			t.Errorf("row 49: another's: %s\nnobody's: %s", first, second)
		}
	}
}

// Row 50: addresses that cannot be, and lines that break out of theirs.
func TestBadAddresses(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	basket := a.Basket(t, "", 1, a.Variant(t))
	home := func(old, with string) string {
		if !strings.Contains(apptest.Home, old) {
			t.Fatalf("home has no %s", old)
		}
		return strings.Replace(apptest.Home, old, with, 1)
	}
	table := []apptest.Scenario{
		{Name: "postal code of another country", Body: home(`"10115"`, `"SW1A 1AA"`)},
		{Name: "state of another country", Body: home(`"country": "DE"`, `"country": "US", "region": "Bavaria"`)},
		{Name: "no such country", Body: home(`"DE"`, `"XX"`)},
		{Name: "country in words", Body: home(`"DE"`, `"Germany"`)},
		{Name: "no line", Body: home(`"line1": "1 Main St", `, ``)},
		{Name: "blank line", Body: home(`"1 Main St"`, `"   "`)},
		{Name: "no name", Body: home(`"name": "Ada", `, ``)},
		{Name: "name of 500", Body: home(`"Ada"`, `"`+strings.Repeat("a", 501)+`"`)},
		{Name: "name of 101", Body: home(`"Ada"`, `"`+strings.Repeat("a", 101)+`"`)},
		{Name: "line break in a name", Body: home(`"Ada"`, `"Ada\r\nBcc: all@example.com"`)},
		{Name: "line separator in a name", Body: home(`"Ada"`, `"Ada\u2028Bcc"`)},
		{Name: "line break in an e-mail", Body: home(`ada@example.com`, `ada@example.com\r\nBcc: all@example.com`)},
		{Name: "two e-mails", Body: home(`ada@example.com`, `ada@example.com, eve@example.com`)},
		{Name: "no e-mail", Body: home(`"email": "ada@example.com", `, ``)},
		{Name: "e-mail without a host", Body: home(`ada@example.com`, `ada@`)},
		{Name: "phone in words", Body: home(`+49 30 123456`, `call me maybe`)},
		{Name: "no shipping address", Body: `{"email": "ada@example.com"}`},
		{Name: "an address and an id", Body: home(`{"email"`, fmt.Sprintf(`{"shipping_address_id": %q, "email"`, id.New[id.Address]()))},
	}
	for i := range table {
		table[i].Name, table[i].Method, table[i].URL, table[i].Status, table[i].Code = "row 50 "+table[i].Name, "PUT", basket.Path("/addresses"), 422, "validation_failed"
	}
	a.Play(t, table)
}

// Row 51: what is missing is listed.
func TestSkippedSteps(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t)
	empty, bare, addressed := a.Basket(t, "", 1), a.Basket(t, "", 1, mug), a.Basket(t, "", 1, mug)
	a.Call(t, "", "PUT", addressed.Path("/addresses"), apptest.Home).Want(t, 200)
	ready := a.Cart(t, "", 1, mug)
	noMethod := strings.Replace(ready.Order("cod"), `"payment_method": "cod", `, "", 1)
	table := []apptest.Scenario{
		{Name: "empty", Body: empty.Order("cod"), Contains: []string{`"missing":["items"`}},
		{Name: "no address", Body: bare.Order("cod"), Contains: []string{`"missing":["email","shipping_address","shipping"]`}},
		{Name: "no shipping", Body: addressed.Order("cod"), Contains: []string{`"missing":["shipping"]`}},
		{Name: "no method", Body: noMethod, Contains: []string{`"missing":["payment_method"]`}},
	}
	for i := range table {
		table[i].Name, table[i].Method, table[i].URL, table[i].Header = "row 51 "+table[i].Name, "POST", "/checkout", key("51")
		table[i].Status, table[i].Code = 409, "cart_incomplete"
	}
	table = append(table,
		apptest.Scenario{Name: "row 51 no such method", Method: "POST", URL: "/checkout", Header: key("51"), Body: ready.Order("seashells"), Status: 422, Code: "validation_failed"},
		apptest.Scenario{Name: "row 51 a method that is not set up", Method: "POST", URL: "/checkout", Header: key("51"), Body: ready.Order("stripe"), Status: 422})
	a.Play(t, table)
}

// Row 52: placing twice is placing once.
func TestPlaceTwice(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	mug := a.Variant(t)
	cart := a.Cart(t, "", 1, mug)
	send := func(key string) apptest.Answer {
		return a.Call(t, "", "POST", "/checkout", cart.Order("cod"), "Idempotency-Key", key)
	}
	placed := apptest.Read[checkout.Placed](t, send("52").Want(t, 201))
	before := a.State(t)
	if again := apptest.Read[checkout.Placed](t, send("52").Want(t, 201)); again.Order.ID != placed.Order.ID || again.Order.AccessToken != placed.Order.AccessToken {
		t.Errorf("the same key made %s, then %s", placed.Order.ID, again.Order.ID)
	}
	send("another-tab").Want(t, 409, `"code":"cart_completed"`, `"order_id":"`+placed.Order.ID.String()+`"`)
	if changed := before.Changed(a.State(t)); len(changed) > 0 {
		t.Errorf("placing again changed %v", changed)
	}
	a.WantRows(t, "orders", 1)
	if got := a.Left(t, mug); got != 9 {
		t.Errorf("%d are left, want 9", got)
	}
}

// Row 53: what changed since the quote is told, with the new quote.
func TestChangedSinceTheQuote(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	vendor := a.Vendor(t, "vera")
	zone := a.VAT(t, 100_000, false)
	mug := a.Variant(t, apptest.By(vendor), apptest.Stock(5))
	changes := []struct {
		name, code, contains string
		change               func()
	}{
		{"the price", "total_changed", `"total":{`, func() {
			a.InTx(t, func(tx pgx.Tx) error {
				_, err := a.Prices.SetPrices(t.Context(), tx, []pricing.PriceSet{{Variant: mug, Amount: money.Of(1200, "USD")}})
				return err
			})
		}},
		{"the tax", "total_changed", `"total":{`, func() {
			a.Call(t, apptest.Admin, "PATCH", "/admin/tax/zones/"+zone.ID.String(), `{"rates": [{"name": "VAT", "rate_ppm": 200000}]}`, "If-Match", `"v1"`).Want(t, 200)
		}},
		{"the stock", "insufficient_stock", `"available_quantity":1`, func() { a.PlacedOrder(t, "", 4, mug) }},
	}
	for _, c := range changes {
		cart := a.Cart(t, "", 2, mug)
		c.change()
		s := apptest.Scenario{Name: "row 53 " + c.name, Method: "POST", URL: "/checkout", Header: key("53"), Body: cart.Order("cod"), Status: 409, Code: c.code, Contains: []string{c.contains}}
		a.Play(t, []apptest.Scenario{s})
		if c.code != "total_changed" {
			continue
		}
		// The new total that the refusal told is good for an order.
		refused := apptest.Read[struct{ Total money.Amount }](t, a.Call(t, "", "POST", "/checkout", cart.Order("cod"), "Idempotency-Key", "53"))
		now := apptest.Read[apptest.Cart](t, a.Call(t, "", "GET", cart.Path(""), "").Want(t, 200))
		if refused.Total != now.Totals.GrandTotal {
			t.Errorf("%s: the refusal told %v, the cart %v", s.Name, refused.Total, now.Totals.GrandTotal)
		}
	}
	a.WantSound(t)
}
