package checkout_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
)

// part is so many of a variant in one bundle.
type part struct {
	variant  id.Variant
	quantity int
}

// bundle puts a bundle up for sale, at a price of its own.
func (s *shop) bundle(vendor id.Vendor, price int64, parts ...part) id.Variant {
	s.t.Helper()
	variant, product := id.New[id.Variant](), id.New[id.Product]()
	args := pgx.NamedArgs{"variant": variant, "product": product, "vendor": vendor, "slug": product.String(), "price": price}
	s.exec(`INSERT INTO products (id, vendor_id, slug, title, status) VALUES (@product, @vendor, @slug, 'Set', 'active')`, args)
	s.exec(`INSERT INTO variants (id, product_id, vendor_id, sku, title, bundle) VALUES (@variant, @product, @vendor, @slug, 'Set', 'fixed')`, args)
	s.exec(`INSERT INTO prices (variant_id, currency, amount_minor) VALUES (@variant, 'USD', @price)`, args)
	s.exec(`INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (@variant, 'USD', @price, 'test')`, args)
	for i, p := range parts {
		s.exec(`INSERT INTO variant_components (bundle_id, component_id, quantity, position) VALUES (@bundle, @component, @quantity, @position)`,
			pgx.NamedArgs{"bundle": variant, "component": p.variant, "quantity": p.quantity, "position": i})
	}
	return variant
}

// R2: a bundle and its component in one cart cannot oversell the component,
// however many buyers want both at once.
func TestR2ABundleAndItsComponentNeverOversell(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor, stock: 10}), s.sell(goods{vendor: vendor, stock: 100})
	set := s.bundle(vendor, 2500, part{mug, 2}, part{pot, 1})
	var buyers []func() error
	for i := range 24 { // each wants three mugs, two of them in the set: three buyers get them
		first, second := mug, set // and they name them in either order
		if i%2 == 0 {
			first, second = set, mug
		}
		c := s.fill("", 1, first, second)
		buyers = append(buyers, func() error { return s.place(c) })
	}
	s.wantCodes(race(buyers...), map[string]int{"": 3, "insufficient_stock": 21})
	if s.left(mug) != 1 || s.left(pot) != 97 {
		t.Errorf("left %d mugs and %d pots, want 1 and 97", s.left(mug), s.left(pot))
	}
	s.sound()
}

// R2, while the mugs are at two places and buyers want the set, mugs, or both.
func TestR2OverLocationsTheLastUnitIsSoldOnce(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	vendor := s.vendor()
	mug := s.sell(goods{vendor: vendor, stock: 5})
	s.stock(mug, vendor, 1, 4)
	set := s.bundle(vendor, 1800, part{mug, 2})
	var buyers []func() error
	for i := range 18 {
		c := s.fill("", 1, [][]id.Variant{{mug}, {set}, {mug, set}}[i%3]...)
		buyers = append(buyers, func() error {
			for { // who lost one place asks again, as people do, until there is nothing left for them
				err := s.place(c)
				var refusal *errs.Error
				if !errors.As(err, &refusal) || refusal.Code != "insufficient_stock" {
					return err
				}
				if now := decode[cart.View](s.call("", "GET", "/carts/"+c.ID.String(), "").want(200)); len(now.Items[0].Issues)+len(now.Items[len(now.Items)-1].Issues) > 0 {
					return err
				}
			}
		})
	}
	sold := codes(t, race(buyers...))[""]
	if sold < 3 || s.left(mug) < 0 || s.left(mug) > 2 {
		t.Errorf("%d orders, %d mugs left", sold, s.left(mug))
	}
	s.sound()
}

// The bundle and its component share one cart as they share the shelf.
func TestABundleAndItsComponentInOneCart(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor, stock: 4}), s.sell(goods{vendor: vendor})
	set := s.bundle(vendor, 2500, part{pot, 1}, part{mug, 3})
	c := s.fill("", 1, set, mug)
	if len(c.Items[0].Issues)+len(c.Items[1].Issues) > 0 || len(c.Items[0].Parts) != 2 {
		t.Fatalf("four mugs are enough: %+v", c.Items)
	}
	item := "/carts/" + c.ID.String() + "/items/" + c.Items[0].ID.String()
	s.call("", "PATCH", item, `{"quantity": 2}`).want(409, `"code":"insufficient_stock"`, `"available_quantity":1`, `"variant_id":"`+mug.String()+`"`)
	mugs := "/carts/" + c.ID.String() + "/items/" + c.Items[1].ID.String()
	s.call("", "PATCH", mugs, `{"quantity": 2}`).want(409, `"available_quantity":1`)
	if s.left(mug) != 4 {
		t.Errorf("a cart takes nothing")
	}
	s.checkout("", c, "cod").want(201, `"components":[{"variant_id":"`+pot.String())
	if s.left(mug) != 0 || s.left(pot) != 9 {
		t.Errorf("left %d mugs and %d pots, want 0 and 9", s.left(mug), s.left(pot))
	}
	s.sound()
}

// R3 for bundles: what is short is named, with how many sets it still makes.
func TestTheShortComponentIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor, stock: 9}), s.sell(goods{vendor: vendor})
	set := s.bundle(vendor, 2500, part{mug, 2}, part{pot, 1})
	c := s.fill("", 3, set)
	s.exec(`WITH broken AS (UPDATE stock_levels SET on_hand = on_hand - 5 WHERE variant_id = @v RETURNING variant_id, location_id)
	        INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) SELECT variant_id, location_id, -5, 'damage', 'test' FROM broken`,
		pgx.NamedArgs{"v": mug})
	s.checkout("", c, "cod").want(409, `"code":"insufficient_stock"`, `"available_quantity":2`, `"item_id":"`+c.Items[0].ID.String()+`"`,
		`"component":{"variant_id":"`+mug.String()+`"`, "a part of this: Mug: Red.")
	s.sound()
}

// The same when somebody else takes it between the look and the write.
func TestTheLoserOfABundleIsToldWhichComponent(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	s := openOn(t, pool)
	vendor := s.vendor()
	mug := s.sell(goods{vendor: vendor, stock: 5})
	set := s.bundle(vendor, 1800, part{mug, 2})
	c := s.fill("", 2, set)
	heard := make(chan answer, 1)
	s.inTx(func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			WITH broken AS (UPDATE stock_levels SET on_hand = on_hand - 2 WHERE variant_id = $1 RETURNING variant_id, location_id)
			INSERT INTO stock_movements (variant_id, location_id, delta, reason, actor) SELECT variant_id, location_id, -2, 'damage', 'test' FROM broken`, mug)
		go func() { heard <- s.checkout("", c, "cod") }()
		waitForLocks(t, pool, 1)
		return err
	})
	(<-heard).want(409, `"code":"insufficient_stock"`, `"component":{"variant_id":"`+mug.String()+`"`, `"variant_id":"`+set.String()+`"`, `"available_quantity":1`)
	s.sound()
}

// A component that is not sold any more takes the bundle off sale, whatever is on hand.
func TestABundleWithoutOneOfItsComponentsCannotBeBought(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"archived": `UPDATE variants SET archived_at = now() WHERE id = @v`,
		"product":  `UPDATE products SET status = 'archived' WHERE id = (SELECT product_id FROM variants WHERE id = @v)`,
		"rejected": `UPDATE products SET status = 'rejected' WHERE id = (SELECT product_id FROM variants WHERE id = @v)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			vendor := s.vendor()
			mug := s.sell(goods{vendor: vendor})
			set := s.bundle(vendor, 1800, part{mug, 2})
			c := s.fill("", 1, set)
			s.exec(end, pgx.NamedArgs{"v": mug})
			s.checkout("", c, "cod").want(409, `"code":"not_purchasable"`, "A part of this is not sold any more: Mug: Red.", `"component":{"variant_id":"`+mug.String()+`"`)
			if n := s.count(`SELECT available::int FROM stock_of(@v)`, pgx.NamedArgs{"v": set}); n != 0 {
				t.Errorf("%d sets are available, want none", n)
			}
		})
	}
}

// What a component brings is frozen to the last cent: shares of price and tax
// re-add to the line, and a share follows what the component costs alone.
func TestAnOrderKeepsWhatABundleWasMadeOf(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(true, 190_000)
	vendor := s.vendor()
	mug, pot, card := s.sell(goods{vendor: vendor, price: 333}), s.sell(goods{vendor: vendor, price: 1000}), s.sell(goods{vendor: vendor, price: 1, untracked: true})
	set := s.bundle(vendor, 1999, part{mug, 3}, part{pot, 1}, part{card, 2})
	placed := s.buy("", 2, set)
	s.exec(`UPDATE variant_components SET quantity = 7 WHERE bundle_id = @set AND component_id = @mug`, pgx.NamedArgs{"set": set, "mug": mug})
	line := s.show(placed).Items[0]
	if len(line.Components) != 3 {
		t.Fatalf("components are %+v", line.Components)
	}
	total, tax := usd(0), usd(0)
	for _, c := range line.Components {
		total, tax = total.Plus(c.Total), tax.Plus(c.Tax)
	}
	first := line.Components[0]
	if total != line.Total || tax != line.Tax || first.Variant != mug || first.Quantity != 3 || first.Total != usd(1996) {
		t.Errorf("components %+v do not make the line %+v", line.Components, line)
	}
	s.call("", "GET", path(placed, ""), "").want(200, `"components":[{"variant_id":"`+mug.String())
	s.call(vendor.String(), "GET", "/vendor/orders/"+placed.Order.ID.String(), "").want(200, `"components":[{"variant_id":"`+mug.String())
	if s.left(mug) != 4 || s.left(pot) != 8 {
		t.Errorf("left %d mugs and %d pots, want 4 and 8", s.left(mug), s.left(pot))
	}
	s.sound()
}

func TestABundleShipsItsComponents(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor})
	set := s.bundle(vendor, 2500, part{mug, 2}, part{pot, 1})
	placed := s.buy("", 3, set, mug)
	bundle := placed.Order.Items[0]
	onHand := func(v id.Variant) int {
		return s.count(`SELECT on_hand FROM stock_levels WHERE variant_id = @v`, pgx.NamedArgs{"v": v})
	}
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments",
		fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}]}`, bundle.ID)).want(201)
	if onHand(mug) != 8 || onHand(pot) != 9 {
		t.Errorf("%d mugs and %d pots on hand after one set left, want 8 and 9", onHand(mug), onHand(pot))
	}
	s.sound()
	s.deliver(s.ship(placed)...)
	if onHand(mug) != 1 || onHand(pot) != 7 || s.left(mug) != 1 {
		t.Errorf("%d mugs and %d pots on hand after all, want 1 and 7", onHand(mug), onHand(pot))
	}
	s.sound()
}

func TestACancelledBundleGivesItsComponentsBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor})
	set := s.bundle(vendor, 2500, part{mug, 2}, part{pot, 1})
	placed := s.buy("", 3, set)
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments",
		fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}]}`, placed.Order.Items[0].ID)).want(201)
	s.call("", "POST", path(placed, "/cancel"), "").want(200)
	if s.left(mug) != 8 || s.left(pot) != 9 {
		t.Errorf("left %d mugs and %d pots, want 8 and 9: one set is gone", s.left(mug), s.left(pot))
	}
	s.sound()
}

func TestAnUnpaidBundleHoldsItsComponentsAndLetsThemGo(t *testing.T) {
	t.Parallel()
	s := open(t)
	vendor := s.vendor()
	mug, pot := s.sell(goods{vendor: vendor}), s.sell(goods{vendor: vendor})
	set := s.bundle(vendor, 2500, part{mug, 2}, part{pot, 1})
	lost := decode[checkout.Placed](s.checkout("", s.fill("", 1, set), "stripe").want(201))
	kept := decode[checkout.Placed](s.checkout("", s.fill("", 2, set), "stripe").want(201))
	if s.left(mug) != 4 || s.left(pot) != 7 {
		t.Errorf("left %d mugs and %d pots, want 4 and 7", s.left(mug), s.left(pot))
	}
	s.sound()
	s.inTx(func(tx pgx.Tx) error {
		_, err := s.flow.Settle(t.Context(), tx, payments.Fact{Payment: kept.Payment.ID, Kind: payments.Capture, Amount: kept.Order.GrandTotal, Cause: "test"})
		return err
	})
	s.exec(`UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = @o`, pgx.NamedArgs{"o": lost.Order.ID})
	if n, err := s.flow.Expire(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d orders expired, %v", n, err)
	}
	if o := s.show(kept); o.Status != orders.StatusConfirmed || s.left(mug) != 6 || s.left(pot) != 8 {
		t.Errorf("the paid one is %s; left %d mugs and %d pots, want 6 and 8", o.Status, s.left(mug), s.left(pot))
	}
	s.sound()
}
