package checkout_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/orders"
)

func TestPlaceSplitsTheOrderByVendor(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(false, 190_000)
	mug, pot := s.sell(goods{price: 1000}), s.sell(goods{price: 2550})
	c := s.fill("", 2, mug, pot)
	answers := s.checkout("", c, "cod").want(201, `"next_action":null`)
	placed := decode[checkout.Placed](answers)

	o := placed.Order
	if o.Status != orders.StatusConfirmed || o.PaymentStatus != orders.PaymentAuthorized || o.FulfillmentStatus != orders.Unfulfilled {
		t.Errorf("order is %s, %s, %s", o.Status, o.PaymentStatus, o.FulfillmentStatus)
	}
	if !strings.HasPrefix(o.Number, "S-") || len(o.Number) != 10 {
		t.Errorf("number %q", o.Number)
	}
	if len(o.Parts) != 2 || len(o.Items) != 2 || o.Parts[0].Number != o.Number+"-1" || o.Parts[1].Number != o.Number+"-2" {
		t.Errorf("parts and items: %+v", o)
	}
	if got, want := o.Totals.GrandTotal, c.Totals.GrandTotal; got != want {
		t.Errorf("total %v, want %v", got, want)
	}
	if placed.Payment.Method != "cod" || placed.Payment.Status != "authorized" || placed.Payment.Next != nil {
		t.Errorf("payment %+v", placed.Payment)
	}
	if len(o.AccessToken) < 22 {
		t.Errorf("access token %q", o.AccessToken)
	}
	if s.left(mug) != 8 || s.left(pot) != 8 {
		t.Errorf("left %d and %d, want 8 and 8", s.left(mug), s.left(pot))
	}
	s.sound()

	// What was answered without reading is what is read.
	read := decode[map[string]any](s.call("", "GET", path(placed, ""), "").want(200).lacks("access_token"))
	answered := decode[map[string]any](answers)["order"].(map[string]any)
	delete(answered, "access_token")
	if diff := cmp.Diff(answered, read); diff != "" {
		t.Errorf("answered (-) and read (+):\n%s", diff)
	}
}

func TestPlaceRefuses(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	download := s.sell(goods{digital: true, untracked: true})
	ready := s.fill("", 1, mug)
	bare := decode[cart.View](s.call("", "POST", "/carts", `{"items": [{"variant_id": "`+mug.String()+`", "quantity": 1}]}`).want(201))
	empty := decode[cart.View](s.call("", "POST", "/carts", `{}`).want(201))
	owned := s.fill(s.customer().String(), 1, mug)
	digital := decode[cart.View](s.call("", "POST", "/carts", `{"items": [{"variant_id": "`+download.String()+`", "quantity": 1}]}`).want(201))
	s.call("", "PUT", "/carts/"+digital.ID.String()+"/addresses", home).want(200)

	for _, tc := range []struct {
		name     string
		body     string
		status   int
		contains []string
	}{
		{"another total", strings.Replace(order(ready, "cod"), `"amount": `, `"amount": 1`, 1), 409, []string{`"code":"total_changed"`, `"total":{"amount":`, `"currency":"USD"`}},
		{"another currency", strings.Replace(order(ready, "cod"), `USD`, `EUR`, 1), 409, []string{`"code":"total_changed"`}},
		{"row 47: a total of the client's own", strings.Replace(order(ready, "cod"), `"cart_id"`, `"total": 1, "cart_id"`, 1), 400, []string{`"code":"unknown_field"`}},
		{"row 51: no shipping, no address", order(bare, "cod"), 409, []string{`"code":"cart_incomplete"`, `"shipping_address"`, `"shipping"`, `"email"`}},
		{"row 51: nothing in it", order(empty, "cod"), 409, []string{`"code":"cart_incomplete"`, `"items"`}},
		{"row 51: no way to pay", strings.Replace(order(ready, "cod"), `"payment_method": "cod",`, ``, 1), 409, []string{`"code":"cart_incomplete"`, `"payment_method"`}},
		{"a way to pay that is not offered", order(ready, "razorpay"), 422, []string{`"code":"payment_method_unavailable"`}},
		{"a way to pay that is none", order(ready, "beads"), 422, nil},
		{"row 54: cash for a download", order(digital, "cod"), 422, []string{`"code":"payment_method_unavailable"`}},
		{"row 29: a cart that is none", strings.Replace(order(ready, "cod"), ready.ID.String(), "cart_x", 1), 404, nil},
		{"row 29: an unknown cart", strings.Replace(order(ready, "cod"), ready.ID.String(), id.Secret[id.Cart]().String(), 1), 404, nil},
		{"row 30: somebody's cart", order(owned, "cod"), 404, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := *s
			s.t = t
			s.call("", "POST", "/checkout", tc.body, "Idempotency-Key", id.New[id.Event]().String()).want(tc.status, tc.contains...)
		})
	}
	s.call("", "POST", "/checkout", order(ready, "cod")).want(400, `"code":"idempotency_key_required"`)
	if n := s.count(`SELECT count(*)::int FROM orders`, nil); n != 0 {
		t.Errorf("%d orders were placed", n)
	}
	s.sound()
}

// Row 53: the price, the tax or the stock has changed since the quote.
func TestPlaceSeesWhatChangedSinceTheQuote(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(s *shop, mug id.Variant)
		want   string
	}{
		"price": {func(s *shop, mug id.Variant) {
			s.exec(`UPDATE prices SET amount_minor = 1200 WHERE variant_id = @v`, pgx.NamedArgs{"v": mug})
		}, `"code":"total_changed"`},
		"tax":     {func(s *shop, _ id.Variant) { s.taxed(false, 70_000) }, `"code":"total_changed"`},
		"archive": {func(s *shop, _ id.Variant) { s.exec(`UPDATE products SET status = 'archived'`, nil) }, `"code":"not_purchasable"`},
		"vendor":  {func(s *shop, _ id.Variant) { s.exec(`UPDATE vendors SET status = 'suspended'`, nil) }, `"code":"not_purchasable"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			mug := s.sell(goods{})
			c := s.fill("", 1, mug)
			tc.change(s, mug)
			s.checkout("", c, "cod").want(409, tc.want)
		})
	}
}

// R3: what goes out of stock while in the cart is named with what is left.
func TestR3OutOfStockIsNamedAtCheckout(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug, pot := s.sell(goods{stock: 5}), s.sell(goods{})
	c := s.fill("", 4, mug, pot)
	s.buy("", 3, mug)
	s.checkout("", c, "cod").want(409, `"code":"insufficient_stock"`, `"available_quantity":2`, mug.String()).lacks(pot.String())
	s.sound()
}

// R5: a variant on two lines is summed before the stock is taken. A cart has
// one line for each variant, so the sum is made when it is added.
func TestR5TheSameVariantTwiceIsSummed(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{stock: 3})
	body := `{"items": [{"variant_id": "` + mug.String() + `", "quantity": 2}, {"variant_id": "` + mug.String() + `", "quantity": 2}]}`
	answered := s.call("", "POST", "/carts", body)
	if answered.Code == 201 {
		c := decode[cart.View](answered)
		if len(c.Items) != 1 || c.Items[0].Quantity != 4 {
			t.Fatalf("the cart holds %+v", c.Items)
		}
		t.Fatal("4 of 3 went into a cart")
	}
	answered.want(409, `"code":"insufficient_stock"`)
}

// R10: completing a completed cart names its order.
func TestR10ACompletedCartNamesItsOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.fill("", 1, s.sell(goods{}))
	placed := decode[checkout.Placed](s.checkout("", c, "cod").want(201))
	s.checkout("", c, "cod").want(409, `"code":"cart_completed"`, `"order_id":"`+placed.Order.ID.String()+`"`)
}

// Row 22 and 52: one key is one order, whatever is asked with it again.
func TestTheSameKeyAnswersTheSame(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.fill("", 1, s.sell(goods{}))
	first := s.call("", "POST", "/checkout", order(c, "cod"), "Idempotency-Key", "k").want(201)
	again := s.call("", "POST", "/checkout", order(c, "cod"), "Idempotency-Key", "k").want(201)
	if first.Body.String() != again.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s\nagain %s", first.Body, again.Body)
	}
	s.call("", "POST", "/checkout", strings.Replace(order(c, "cod"), `"amount": `, `"amount": 1`, 1), "Idempotency-Key", "k").want(422, `"code":"idempotency_conflict"`)
	s.sound()
}

// R16: what costs nothing is an order all the same.
func TestR16AFreeOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	sticker := s.sell(goods{})
	s.exec(`UPDATE prices SET amount_minor = 0 WHERE variant_id = @v`, pgx.NamedArgs{"v": sticker})
	s.exec(`INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (@v, 'USD', 0, 'test')`, pgx.NamedArgs{"v": sticker})
	s.exec(`UPDATE shipping_options SET price_minor = 0`, nil)
	placed := s.buy("", 1, sticker)
	if !placed.Order.GrandTotal.IsZero() {
		t.Fatalf("total %v", placed.Order.GrandTotal)
	}
	s.deliver(s.ship(placed)...)
	if o := s.show(placed); o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid {
		t.Errorf("order is %s and %s", o.Status, o.PaymentStatus)
	}
	s.sound()
}

// A line can come from two locations.
func TestPlaceTakesFromSeveralLocations(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug := s.sell(goods{vendor: vendor, stock: 3})
	s.stock(mug, vendor, 1, 2)
	placed := s.buy("", 5, mug)
	if got := s.left(mug); got != 0 {
		t.Errorf("%d left", got)
	}
	s.sound()
	s.deliver(s.ship(placed)...)
	s.sound()
}

// R13: nine thousand units cost no more statements than one.
func TestR13AManyUnitLineIsOneRow(t *testing.T) {
	t.Parallel()
	s := open(t)
	nail := s.sell(goods{stock: 10_000, price: 3})
	placed := s.buy("", 9_999, nail)
	for _, table := range []string{"order_lines", "reservations"} {
		if n := s.count(`SELECT count(*)::int FROM `+table+` WHERE order_id = @o`, pgx.NamedArgs{"o": placed.Order.ID}); n != 1 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	s.sound()
}

// Only guests need a token: who has signed in owns the order.
func TestASignedInBuyerGetsNoToken(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := s.customer().String()
	placed := s.buy(ada, 1, s.sell(goods{}))
	if placed.Order.AccessToken != "" {
		t.Error("a signed-in buyer got an access token")
	}
	s.call(ada, "GET", "/orders/"+placed.Order.ID.String(), "").want(200)
	s.call(ada, "GET", "/me/orders/"+placed.Order.ID.String(), "").want(200)
	s.call(ada, "GET", "/me/orders", "").want(200, placed.Order.Number, `"has_more":false`)
}
