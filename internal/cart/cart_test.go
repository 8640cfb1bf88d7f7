package cart_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

func usd(minor int64) money.Amount { return money.Of(minor, "USD") }

// The five calls of a guest, but for the last one.
func TestAGuestFillsACart(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{price: 1999})
	c := s.call("", "POST", "/carts", `{"items": [{"variant_id": "`+mug.String()+`", "quantity": 2}]}`).want(201).cart()
	if len(c.Items) != 1 || c.Items[0].Quantity != 2 || c.Items[0].UnitPrice != usd(1999) || c.Items[0].Total != usd(3998) {
		t.Errorf("items %+v", c.Items)
	}
	if diff := cmp.Diff([]string{"email", "shipping_address", "shipping"}, c.Missing); diff != "" {
		t.Error(diff)
	}
	path := "/carts/" + c.ID.String()

	c = s.call("", "PUT", path+"/addresses", home).want(200).cart()
	if c.Addresses.Shipping.Country != "DE" || c.Addresses.Billing.City != "Berlin" || c.Addresses.Email != "ada@example.com" {
		t.Errorf("addresses %+v", c.Addresses)
	}
	choice := decode[struct{ Data []cart.ParcelView }](s.call("", "GET", path+"/shipping-options", "").want(200))
	if len(choice.Data) != 1 || len(choice.Data[0].Options) != 2 || choice.Data[0].Options[0].Price != usd(500) {
		t.Fatalf("options %+v", choice)
	}
	parcel := choice.Data[0]
	c = s.call("", "PUT", path+"/shipping", selections(parcel.VendorID, parcel.Options[1].ID)).want(200).cart()
	if c.Totals.Shipping != usd(1500) || c.Totals.GrandTotal != usd(5498) || len(c.Missing) != 0 {
		t.Errorf("totals %+v, missing %v", c.Totals, c.Missing)
	}
	s.call("", "GET", path+"/payment-methods", "").want(200, `{"data":[{"method":"cod","name":"Cash on delivery"}]}`)

	p, err := s.locked(c.ID)
	if err != nil || p.Ready() != nil {
		t.Fatalf("%v, %v", err, p.Ready())
	}
	line := id.New[id.OrderLine]()
	if diff := cmp.Diff([]inventory.Pick{{Line: line, Variant: mug, Location: p.Lines[0].Locations[0], Quantity: 2}}, p.Lines[0].Picks(line)); diff != "" {
		t.Error(diff)
	}
	if p.Parcels[0].Selected.Option.Kind != "express" || p.Parcels[0].CommissionBPS != 1500 || len(p.Quote.Trace) != 2 {
		t.Errorf("priced %+v", p)
	}
}

func selections(vendor id.Vendor, option id.ShipOption) string {
	return fmt.Sprintf(`{"selections": [{"vendor_id": %q, "option_id": %q}]}`, vendor, option)
}

// The JSON of a cart is a contract: see the API's page.
func TestTheShapeOfACart(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(false, "standard", "VAT 10 %", 100_000)
	c := s.fill(1, s.sell(goods{}))
	got := s.call("", "GET", "/carts/"+c.ID.String()+"?expand=trace", "").want(200).Body.String()
	item := c.Items[0]
	want := fmt.Sprintf(`{"id":"%s","currency":"USD","items":[{"id":"%s","variant_id":"%s",`+
		`"product":{"id":"%s","slug":"%s","title":"Mug","image":""},"title":"Red","sku":"%s",`+
		`"vendor":{"id":"%s","name":"Vendor","slug":"%s"},"quantity":1,"digital":false,`+
		`"unit_price":{"amount":1000,"currency":"USD"},"discount":{"amount":0,"currency":"USD"},`+
		`"tax":{"amount":100,"currency":"USD"},"total":{"amount":1100,"currency":"USD"},"issues":[]}],`+
		`"coupons":[],"codes":[],"discounts":[],"membership_savings":{"amount":0,"currency":"USD"},"addresses":{"email":"","phone":"","shipping":null,"billing":null},"shipping":[],`+
		`"totals":{"items":{"amount":1000,"currency":"USD"},"discount":{"amount":0,"currency":"USD"},`+
		`"shipping":{"amount":0,"currency":"USD"},"fee":{"amount":0,"currency":"USD"},"tax":{"amount":100,"currency":"USD"},`+
		`"grand_total":{"amount":1100,"currency":"USD"},"tax_included":false},"gift_cards":[],"due":{"amount":1100,"currency":"USD"},`+
		`"missing":["email","shipping_address","shipping"],"tax_source":{"engine":"table"},`+
		`"trace":[{"kind":"item","subject":"%s","text":"Mug: Red: 1 × 10.00 USD","amount":{"amount":1000,"currency":"USD"}},`+
		`{"kind":"tax","subject":"%s","text":"VAT 10 %% on 10.00 USD","amount":{"amount":100,"currency":"USD"}}]}`,
		c.ID, item.ID, item.VariantID, item.Product.ID, item.Product.Slug, *item.SKU, item.Vendor.ID, item.Vendor.Slug, item.VariantID, item.VariantID)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Rows 23 to 34 of the table of bad inputs, and their like.
func TestBadInputs(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug, scarce := s.sell(goods{stock: 10}), s.sell(goods{stock: 3})
	c := s.fill(1, mug)
	path, item := "/carts/"+c.ID.String(), "/carts/"+c.ID.String()+"/items/"+c.Items[0].ID.String()
	add := func(v id.Variant, quantity string) string {
		return `{"variant_id": "` + v.String() + `", "quantity": ` + quantity + `}`
	}
	dear := s.sell(goods{price: 1_000_000_000_000, stock: 10_000})
	lines := strings.TrimSuffix(strings.Repeat(add(mug, "1")+",", 501), ",")

	for _, r := range []struct {
		name, method, path, body string
		status                   int
		contains                 string
	}{
		{"23: none", "POST", path + "/items", add(mug, "0"), 422, "/quantity"},
		{"23: fewer than none", "POST", path + "/items", add(mug, "-1"), 422, "/quantity"},
		{"23: one and a half", "POST", path + "/items", add(mug, "1.5"), 422, "/quantity"},
		{"23: a text", "POST", path + "/items", add(mug, `"2"`), 422, "/quantity"},
		{"23: an exponent", "POST", path + "/items", add(mug, "1e3"), 422, "/quantity"},
		{"23: 2^31", "POST", path + "/items", add(mug, "2147483648"), 422, "/quantity"},
		{"23: 2^63", "POST", path + "/items", add(mug, "9223372036854775808"), 422, "/quantity"},
		{"23: null", "POST", path + "/items", add(mug, "null"), 422, "/quantity"},
		{"23: 10,001", "POST", path + "/items", add(mug, "10001"), 422, "/quantity"},
		{"23: no quantity", "POST", path + "/items", `{"variant_id": "` + mug.String() + `"}`, 422, "/quantity"},
		{"23: an edit to fewer than none", "PATCH", item, `{"quantity": -1}`, 422, "/quantity"},
		{"23: an edit to half", "PATCH", item, `{"quantity": 0.5}`, 422, "/quantity"},
		{"24: more money than can be counted", "POST", path + "/items", add(dear, "10000"), 422, "amount_too_large"},
		{"25: more than there is", "POST", path + "/items", add(scarce, "4"), 409, `"available_quantity":3`},
		{"25: more than there is, in two steps", "POST", path + "/items", add(mug, "10"), 409, `"available_quantity":10`},
		{"25: an edit to more than there is", "PATCH", item, `{"quantity": 11}`, 409, `"code":"insufficient_stock"`},
		{"26: the same thing on three lines", "POST", "/carts", `{"items": [` + add(scarce, "2") + `,` + add(scarce, "1") + `,` + add(scarce, "1") + `]}`, 409, `"available_quantity":3`},
		{"27: nothing of this name", "POST", path + "/items", add(id.New[id.Variant](), "1"), 404, "variant_not_found"},
		{"27: a product that is not published", "POST", path + "/items", add(s.sell(goods{productsIs: "draft"}), "1"), 404, "variant_not_found"},
		{"27: one that awaits review", "POST", path + "/items", add(s.sell(goods{productsIs: "pending_review"}), "1"), 404, "variant_not_found"},
		{"27: a product that was", "POST", path + "/items", add(s.sell(goods{productsIs: "archived"}), "1"), 409, "not_purchasable"},
		{"27: a variant that was", "POST", path + "/items", add(s.sell(goods{archived: true}), "1"), 409, "not_purchasable"},
		{"27: a suspended vendor's", "POST", path + "/items", add(s.sell(goods{vendorIs: "suspended"}), "1"), 409, "not_purchasable"},
		{"27: no price in this currency", "POST", path + "/items", add(s.sell(goods{unpriced: true}), "1"), 409, "not_purchasable"},
		{"27: no price in another", "POST", "/carts", `{"currency": "EUR", "items": [` + add(mug, "1") + `]}`, 409, "not_purchasable"},
		{"28: an image in base64", "POST", path + "/items", `{"variant_id": "` + mug.String() + `", "quantity": 1, "text": "x"}`, 400, "unknown_field"},
		{"28: a huge body", "POST", path + "/items", `{"variant_id": "` + strings.Repeat("x", 70_000) + `"}`, 413, ""},
		{"29: no such cart", "GET", "/carts/" + id.Secret[id.Cart]().String(), "", 404, "There is no such thing here."},
		{"29: null", "GET", "/carts/null", "", 404, "There is no such thing here."},
		{"29: undefined", "GET", "/carts/undefined", "", 404, "There is no such thing here."},
		{"29: a letter short", "GET", "/carts/" + c.ID.String()[:30], "", 404, "There is no such thing here."},
		{"29: in capitals", "GET", "/carts/" + strings.ToUpper(c.ID.String()), "", 404, "There is no such thing here."},
		{"29: something else's id", "GET", "/carts/" + mug.String(), "", 404, "There is no such thing here."},
		{"29: a write to no such cart", "POST", "/carts/" + id.Secret[id.Cart]().String() + "/items", add(mug, "1"), 404, "There is no such thing here."},
		{"29: an item of another cart", "PATCH", path + "/items/" + s.fill(1, mug).Items[0].ID.String(), `{"quantity": 1}`, 404, "item_not_found"},
		{"29: no such item to remove", "DELETE", path + "/items/" + id.New[id.CartItem]().String(), "", 404, "item_not_found"},
		{"34: 501 lines", "POST", "/carts", `{"items": [` + lines + `]}`, 422, "/items"},
		{"17: no such currency", "POST", "/carts", `{"currency": "XXX"}`, 422, "/currency"},
		{"7: a price of one's own", "POST", "/carts", `{"items": [{"variant_id": "` + mug.String() + `", "quantity": 1, "unit_price": 1}]}`, 400, "unknown_field"},
		{"20: an expansion that is not listed", "GET", path + "?expand=vendor.bank_account", "", 422, "expand"},
		{"49: a saved address of nobody", "PUT", path + "/addresses", `{"email": "a@example.com", "shipping_address_id": "` + id.New[id.Address]().String() + `"}`, 404, "not_found"},
		{"50: no address", "PUT", path + "/addresses", `{"email": "a@example.com"}`, 422, "/shipping"},
		{"50: a line break in the e-mail", "PUT", path + "/addresses", strings.Replace(home, "ada@", `ada\n@`, 1), 422, "/email"},
		{"50: a line break in the name", "PUT", path + "/addresses", strings.Replace(home, `"Ada"`, `"Ada\r\nBcc: x"`, 1), 422, "/shipping/name"},
		{"50: a postal code of elsewhere", "PUT", path + "/addresses", strings.Replace(home, `10115`, `SW1A 1AA`, 1), 422, "/shipping/postal_code"},
		{"50: no such country", "PUT", path + "/addresses", strings.Replace(home, `"DE"`, `"XX"`, 1), 422, "/shipping/country"},
		{"48: shipping by nobody", "PUT", path + "/shipping", selections(id.New[id.Vendor](), id.New[id.ShipOption]()), 422, "/selections/0/vendor_id"},
		{"48: shipping in no way", "PUT", path + "/shipping", selections(c.Items[0].Vendor.ID, id.New[id.ShipOption]()), 422, "/selections/0/option_id"},
		{"a claim by nobody", "POST", path + "/claim", "", 401, "unauthenticated"},
	} {
		if a := s.call("", r.method, r.path, r.body); a.Code != r.status || !strings.Contains(a.Body.String(), r.contains) {
			t.Errorf("%s: %d %s, want %d with %q", r.name, a.Code, a.Body, r.status, r.contains)
		}
	}
	after := s.call("", "GET", path, "").want(200).cart()
	if diff := cmp.Diff(c, after); diff != "" {
		t.Errorf("what was refused changed the cart (-before +after):\n%s", diff)
	}
}

func TestItemsAreSummedEditedAndRemoved(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug, tea := s.sell(goods{stock: 10}), s.sell(goods{stock: 10})
	c := s.call("", "POST", "/carts", `{"items": `+strings.TrimSuffix(items(1, mug, tea, mug), "")+`}`).want(201).cart()
	if len(c.Items) != 2 || c.Items[0].VariantID != mug || c.Items[0].Quantity != 2 {
		t.Fatalf("items %+v", c.Items)
	}
	path := "/carts/" + c.ID.String() + "/items"
	c = s.call("", "POST", path, `{"variant_id": "`+mug.String()+`", "quantity": 3}`).want(200).cart()
	if c.Items[0].Quantity != 5 || c.Items[0].Total != usd(5000) {
		t.Errorf("added: %+v", c.Items[0])
	}
	first := path + "/" + c.Items[0].ID.String()
	if c = s.call("", "PATCH", first, `{"quantity": 1}`).want(200).cart(); c.Items[0].Quantity != 1 {
		t.Errorf("edited: %+v", c.Items[0])
	}
	if c = s.call("", "PATCH", first, `{"quantity": 0}`).want(200).cart(); len(c.Items) != 1 || c.Items[0].VariantID != tea {
		t.Errorf("removed: %+v", c.Items)
	}
	c = s.call("", "DELETE", path+"/"+c.Items[0].ID.String(), "").want(200).cart()
	if len(c.Items) != 0 || c.Totals.GrandTotal != usd(0) || c.Missing[0] != "items" {
		t.Errorf("emptied: %+v", c)
	}
}

func TestACartHolds500Lines(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor("active")
	many := make([]id.Variant, 500)
	for i := range many {
		many[i] = s.sell(goods{vendor: vendor, untracked: true})
	}
	c := s.fill(1, many...)
	s.call("", "POST", "/carts/"+c.ID.String()+"/items", `{"variant_id": "`+s.sell(goods{}).String()+`", "quantity": 1}`).want(422, "/items")
	s.call("", "POST", "/carts/"+c.ID.String()+"/items", `{"variant_id": "`+many[7].String()+`", "quantity": 9999}`).want(200)
	s.call("", "POST", "/carts/"+c.ID.String()+"/items", `{"variant_id": "`+many[7].String()+`", "quantity": 1}`).want(422, "/quantity")
}

func TestACartIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	ada, bob := s.customer().String(), s.customer().String()
	c := s.call(ada, "POST", "/carts", `{"items": `+items(1, mug)+`}`).want(201).cart()
	path, item := "/carts/"+c.ID.String(), "/items/"+c.Items[0].ID.String()
	s.call(ada, "GET", path, "").want(200)
	for _, who := range []string{"", bob} {
		for _, r := range []struct{ method, path, body string }{
			{"GET", path, ""},
			{"GET", path + "/shipping-options", ""},
			{"GET", path + "/payment-methods", ""},
			{"POST", path + "/items", `{"variant_id": "` + mug.String() + `", "quantity": 1}`},
			{"PATCH", path + item, `{"quantity": 5}`},
			{"DELETE", path + item, ""},
			{"PUT", path + "/addresses", home},
			{"PUT", path + "/shipping", `{"selections": []}`},
		} {
			s.call(who, r.method, r.path, r.body).want(404, `"code":"not_found"`)
		}
	}
	s.call(bob, "POST", path+"/claim", "").want(404, `"code":"not_found"`)
	if after := s.call(ada, "GET", path, "").want(200).cart(); !cmp.Equal(c, after) {
		t.Errorf("strangers changed the cart:\n%s", cmp.Diff(c, after))
	}
}

func TestACompletedCartIsNoCart(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	c := s.fill(1, mug)
	order := id.New[id.Order]()
	s.exec(`UPDATE carts SET order_id = @order WHERE id = @cart`, pgx.NamedArgs{"order": order, "cart": c.ID})
	path, item := "/carts/"+c.ID.String(), "/items/"+c.Items[0].ID.String()
	for _, r := range []struct{ method, path, body string }{
		{"POST", path + "/items", `{"variant_id": "` + mug.String() + `", "quantity": 1}`},
		{"PATCH", path + item, `{"quantity": 5}`},
		{"DELETE", path + item, ""},
		{"PUT", path + "/addresses", home},
		{"PUT", path + "/shipping", `{"selections": []}`},
	} {
		s.call("", r.method, r.path, r.body).want(409, `"code":"cart_completed"`, order.String())
	}
	s.call(s.customer().String(), "POST", path+"/claim", "").want(409, `"code":"cart_completed"`)
	s.call("", "GET", path, "").want(404, `"code":"not_found"`)
	if _, err := s.locked(c.ID); !errors.Is(err, cart.ErrCompleted) {
		t.Errorf("checkout loads it: %v", err)
	}
}

func TestClosingACart(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.fill(1, s.sell(goods{}))
	shut := func() error {
		b := postgres.NewBatch()
		s.carts.QueueClose(b, c.ID, id.New[id.Order]())
		return b.Send(t.Context(), s.db)
	}
	if err := shut(); err != nil {
		t.Fatal(err)
	}
	if err := shut(); !errors.Is(err, cart.ErrCompleted) {
		t.Errorf("closed twice: %v", err)
	}
}

// What was in the cart before it could not be bought any more stays in it,
// flagged, and checkout names it (regression R3).
func TestWhatBecomesUnavailableIsFlagged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql   string
		code  string
		total int64
	}{
		"unpublished":      {`UPDATE products SET status = 'draft'`, "not_purchasable", 0},
		"archived":         {`UPDATE variants SET archived_at = now()`, "not_purchasable", 0},
		"vendor suspended": {`UPDATE vendors SET status = 'suspended'`, "not_purchasable", 0},
		"price withdrawn":  {`DELETE FROM prices`, "not_purchasable", 0},
		"sold out":         {`UPDATE stock_levels SET on_hand = 1`, "insufficient_stock", 2000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			v := s.fill(2, s.sell(goods{}))
			s.exec(c.sql, nil)
			s.call("", "PATCH", "/carts/"+v.ID.String()+"/items/"+v.Items[0].ID.String(), `{"quantity": 3}`).want(409, c.code)
			now := s.call("", "PUT", "/carts/"+v.ID.String()+"/addresses", home).want(200).cart()
			if len(now.Items[0].Issues) != 1 || now.Items[0].Issues[0].Code != c.code || now.Totals.Items != usd(c.total) {
				t.Errorf("issues %+v, totals %+v", now.Items[0].Issues, now.Totals)
			}
			p, err := s.locked(v.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := refusal(p.Ready()); got != c.code {
				t.Errorf("checkout says %q, want %q", got, c.code)
			}
			if c.code == "insufficient_stock" && *now.Items[0].Issues[0].Available != 1 {
				t.Errorf("%d are left", *now.Items[0].Issues[0].Available)
			}
			s.call("", "DELETE", "/carts/"+v.ID.String()+"/items/"+v.Items[0].ID.String(), "").want(200)
		})
	}
}

func TestStockIsPickedByPriorityThenWhereThereIsEnough(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor("active")
	mug := s.sell(goods{vendor: vendor, stock: -1})
	far, near, middle := s.stock(mug, vendor, 9, 5), s.stock(mug, vendor, 1, 2), s.stock(mug, vendor, 5, 4)
	for _, c := range []struct {
		quantity int
		want     map[id.Location]int
	}{
		{2, map[id.Location]int{near: 2}},
		{3, map[id.Location]int{middle: 3}},
		{5, map[id.Location]int{far: 5}},
		{7, map[id.Location]int{near: 2, middle: 4, far: 1}},
		{11, map[id.Location]int{near: 2, middle: 4, far: 5}},
	} {
		p, err := s.locked(s.fill(c.quantity, mug).ID)
		if err != nil {
			t.Fatal(err)
		}
		got := map[id.Location]int{}
		for _, pick := range p.Lines[0].Picks(id.New[id.OrderLine]()) {
			got[pick.Location] = pick.Quantity
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%d (-want +got):\n%s", c.quantity, diff)
		}
	}
	s.call("", "POST", "/carts", `{"items": `+items(12, mug)+`}`).want(409, `"available_quantity":11`)
}
