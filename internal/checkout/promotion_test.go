package checkout_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/platform/pgtest"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

func number(n int) *int { return &n }

// tenOff is 10 % off everything.
func tenOff() promotions.Promotion {
	return promotions.Promotion{Name: "Ten off", Status: promotions.Active, Reward: pricing.Reward{Kind: pricing.PercentOff, PPM: 100_000}}
}

// promote makes a promotion, with a code for it unless that is "".
func (s *shop) promote(p promotions.Promotion, code string) promotions.Promotion {
	s.t.Helper()
	p.NeedsCode = code != ""
	s.inTx(func(tx pgx.Tx) (err error) {
		p, err = s.flow.Promotions.Create(s.t.Context(), tx, p)
		return err
	})
	if code != "" {
		s.exec(`INSERT INTO coupons (id, promotion_id, code) VALUES (@id, @promotion, @code)`,
			pgx.NamedArgs{"id": id.New[id.Coupon](), "promotion": p.ID, "code": code})
	}
	return p
}

// enter puts a code into a cart.
func (s *shop) enter(c cart.View, code string) answer {
	s.t.Helper()
	return s.call("", "POST", "/carts/"+c.ID.String()+"/coupons", fmt.Sprintf(`{"code": %q}`, code))
}

func (s *shop) cart(c cart.View) cart.View {
	s.t.Helper()
	return decode[cart.View](s.call("", "GET", "/carts/"+c.ID.String()+"?expand=trace", "").want(200))
}

func TestACodeLowersACartAndItsOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(false, 190_000)
	s.promote(tenOff(), "SUMMER-10")
	c := s.fill("", 3, s.sell(goods{price: 1999}), s.sell(goods{price: 333}))
	with := decode[cart.View](s.enter(c, " ｓｕｍｍｅｒ-10 ").want(200))
	again := decode[cart.View](s.enter(c, "Summer-10").want(200)) // is the same code
	if len(again.Coupons) != 1 || again.Coupons[0] != "SUMMER-10" || again.Totals != with.Totals {
		t.Errorf("entered twice: %v, %+v", again.Coupons, again.Totals)
	}
	// 3 × 19.99 + 3 × 3.33 = 69.96, of which a tenth is 7.00.
	if with.Totals.Discount != usd(700) || with.Discounts[0].Amount != usd(700) || with.Totals.GrandTotal.Minor >= c.Totals.GrandTotal.Minor {
		t.Fatalf("totals %+v, discounts %+v", with.Totals, with.Discounts)
	}
	sum := int64(0)
	for _, step := range s.cart(c).Trace {
		sum += step.Amount.Minor
	}
	if sum != with.Totals.GrandTotal.Minor {
		t.Errorf("the trace comes to %d of %s", sum, with.Totals.GrandTotal)
	}
	s.checkout("", c, "cod").want(409, "total_changed") // what it cost before
	placed := decode[checkout.Placed](s.checkout("", with, "cod").want(201))
	if placed.Order.Discount != usd(700) {
		t.Errorf("order %+v", placed.Order.Totals)
	}
	// The order keeps the trace, whatever becomes of the promotion.
	s.exec(`UPDATE promotions SET status = 'paused', name = 'Gone'`, nil)
	plain, kept := path(placed, ""), int64(0)
	s.call("", "GET", plain, "").want(200).lacks(`"trace"`)
	for _, step := range decode[orders.View](s.call("", "GET", plain+"&expand=trace", "").want(200, "Ten off (SUMMER-10)")).Trace {
		kept += step.Amount.Minor
	}
	if kept != placed.Order.GrandTotal.Minor {
		t.Errorf("the order's trace comes to %d of %s", kept, placed.Order.GrandTotal)
	}
	s.sound()
	s.deliver(s.ship(placed)...)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.Clearing, Party: "cod"}: placed.Order.GrandTotal.Minor, {Kind: ledger.PromotionExpense}: 0})
	s.sound()
}

func TestWhatACodeIsRefusedFor(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{price: 1000})
	alone := tenOff()
	alone.Exclusive = true
	s.promote(alone, "ALONE")
	s.promote(alone, "ALSO-ALONE")
	ended := s.promote(tenOff(), "ENDED")
	s.exec(`UPDATE promotions SET starts_at = now() - interval '2 hours', ends_at = now() - interval '1 second' WHERE id = @id`, pgx.NamedArgs{"id": ended.ID})
	soon := s.promote(tenOff(), "SOON")
	s.exec(`UPDATE promotions SET starts_at = now() + interval '1 second' WHERE id = @id`, pgx.NamedArgs{"id": soon.ID})
	paused := tenOff()
	paused.Status = promotions.Paused
	s.promote(paused, "PAUSED")
	elsewhere := tenOff()
	elsewhere.VendorID = s.vendor()
	s.promote(elsewhere, "ELSEWHERE")
	large := tenOff()
	large.Conditions.MinSubtotal = pricing.Amounts{"USD": 2500}
	s.promote(large, "LARGE")

	c := s.fill("", 2, mug)
	for _, code := range []string{"UNKNOWN", "no code!", "ENDED", "SOON", "PAUSED"} {
		s.enter(c, code).want(422, `"code":"coupon_not_applicable"`).lacks("ended", "start", "paused")
	}
	s.enter(c, "ELSEWHERE").want(422, `"reason":"nothing in the cart is part of it"`)
	s.enter(c, "LARGE").want(422, `"reason":"goods for 5.00 USD more are needed"`)
	s.enter(c, "ALONE").want(200)
	s.enter(c, "ALSO-ALONE").want(409, `"code":"coupon_not_combined"`)
	if now := s.cart(c); len(now.Coupons) != 1 || now.Totals.Discount != usd(200) {
		t.Errorf("refused codes leave %v, %s", now.Coupons, now.Totals.Discount)
	}
	path := "/carts/" + c.ID.String() + "/coupons/"
	s.call("", "DELETE", path+"alone", "").want(200, `"coupons":[]`)
	s.call("", "DELETE", path+"alone", "").want(404, "coupon_not_found")
	s.enter(c, "ALSO-ALONE").want(200)
}

// R30: a promotion begins and ends with no worker running, and what it lowered
// costs what it did before.
func TestR30APromotionEndsByTheClock(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.promote(tenOff(), "")
	c := s.fill("", 1, s.sell(goods{price: 1000}))
	for _, w := range []struct {
		starts, ends string
		discount     int64
	}{{"0 s", "1 h", 100}, {"1 h", "2 h", 0}, {"-2 h", "-1 s", 0}, {"-1 s", "1 s", 100}} {
		s.exec(`UPDATE promotions SET starts_at = now() + @starts::text::interval, ends_at = now() + @ends::text::interval WHERE id = @id`,
			pgx.NamedArgs{"id": p.ID, "starts": w.starts, "ends": w.ends})
		if got := s.cart(c).Totals.Discount; got != usd(w.discount) {
			t.Errorf("from %s to %s: %s off", w.starts, w.ends, got)
		}
	}
}

// R16: a discount of 100 % totals exactly 0 and still makes an order; where the
// platform gives it, the vendor is paid by the platform.
func TestR16ADiscountOfEverythingMakesAnOrder(t *testing.T) {
	t.Parallel()
	for _, platform := range []int64{0, 400_000, 1_000_000} {
		t.Run(fmt.Sprint(platform), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.taxed(true, 190_000)
			free, shipped := tenOff(), tenOff()
			free.Reward.PPM, free.PlatformPPM = 1_000_000, platform
			shipped.Reward, shipped.PlatformPPM = pricing.Reward{Kind: pricing.ShippingOff, PPM: 1_000_000}, platform
			s.promote(free, "")
			s.promote(shipped, "")
			placed := s.buy("", 2, s.sell(goods{price: 1000}))
			if placed.Order.GrandTotal != usd(0) || placed.Order.Discount != usd(2500) || placed.Order.Tax != usd(0) {
				t.Fatalf("totals %+v", placed.Order.Totals)
			}
			s.sound()
			s.deliver(s.ship(placed)...)
			if o := s.show(placed); o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid {
				t.Errorf("the order is %s, %s", o.Status, o.PaymentStatus)
			}
			given := 2500 * platform / 1_000_000
			commission := 2000 * platform / 1_000_000 * 15 / 100
			s.books(map[ledger.AccountKey]int64{
				{Kind: ledger.PromotionExpense}:                                       given,
				{Kind: ledger.CommissionRevenue}:                                      -commission,
				{Kind: ledger.VendorPayable, Vendor: placed.Order.Parts[0].Seller.ID}: commission - given,
			})
			s.sound()
		})
	}
}

// Of what the platform gives the vendor gets nothing for units that are cancelled.
func TestThePlatformsPartFollowsWhatIsCancelled(t *testing.T) {
	t.Parallel()
	s := open(t)
	half := tenOff()
	half.PlatformPPM = 500_000
	s.promote(half, "")
	shipped, cancelled := s.sell(goods{price: 333}), s.sell(goods{price: 777})
	placed := s.buy("", 3, shipped, cancelled)
	at := 0
	for i, l := range placed.Order.Items {
		if l.Variant == shipped {
			at = i
		}
	}
	part := placed.Order.Items[at].Part
	body, err := json.Marshal(map[string]any{"vendor_order_id": part, "lines": []orders.Units{{Line: placed.Order.Items[at].ID, Quantity: 1}}, "courier": "DHL", "tracking_number": "1"})
	if err != nil {
		t.Fatal(err)
	}
	parcel := s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", string(body)).want(201)
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "gone"}`).want(200)
	s.sound()
	var shipment struct{ ID id.Shipment }
	if err := json.Unmarshal(parcel.Body.Bytes(), &shipment); err != nil {
		t.Fatal(err)
	}
	s.call("staff", "POST", "/admin/shipments/"+shipment.ID.String()+"/events", `{"status": "delivered"}`).want(201)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.PromotionExpense}: 17}) // a third of the half of a tenth of 9.99
	s.sound()
}

// What is given for one way to pay is not paid for in another afterwards.
func TestADiscountForAWayToPayIsPaidThatWay(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{price: 1000})
	plain := s.buyByCard(1, mug)
	byCard := tenOff()
	byCard.Conditions.Methods = []string{"stripe"}
	s.promote(byCard, "")
	filled := s.fill("", 1, mug)
	shown := decode[cart.View](s.call("", "GET", "/carts/"+filled.ID.String()+"?payment_method=stripe", "").want(200))
	lowered := s.order("", shown, "stripe")
	if lowered.Order.Discount != usd(100) {
		t.Fatalf("it is given %v off", lowered.Order.Discount)
	}
	s.call("", "POST", path(lowered, "/pay"), `{"payment_method": "cod"}`, "Idempotency-Key", "l").want(422, "/payment_method", "another way to pay")
	s.call("", "POST", path(plain, "/pay"), `{"payment_method": "cod"}`, "Idempotency-Key", "p").want(200)
	s.sound()
}

// R6, R7: of the last use of a code, 50 at once, one is made; whoever loses it
// leaves the winner's as it is.
func TestR6TheLastUseOfACode(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*promotions.Promotion){
		"in total":       func(p *promotions.Promotion) { p.UsageLimit = number(1) },
		"for a customer": func(p *promotions.Promotion) { p.CustomerLimit = number(1) },
		"of the budget":  func(p *promotions.Promotion) { off := usd(199); p.Budget = &off },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openOn(t, pgtest.DB(t))
			p := tenOff()
			limit(&p)
			p = s.promote(p, "LAST")
			mug := s.sell(goods{price: 1000, stock: 100})
			var buyers []func() error
			for range 50 {
				c := s.fill("", 1, mug)
				c = decode[cart.View](s.enter(c, "last").want(200))
				buyers = append(buyers, func() error { return s.place(c) })
			}
			got := codes(t, race(buyers...))
			if got[""] != 1 || got["promotion_used_up"]+got["total_changed"] != 49 {
				t.Errorf("outcomes %v", got)
			}
			if n := s.count(`SELECT count(*)::int FROM promotion_redemptions WHERE released_at IS NULL`, nil); n != 1 || s.left(mug) != 99 {
				t.Errorf("%d uses, %d left", n, s.left(mug))
			}
			s.sound()
			var order id.Order
			if err := s.db.QueryRow(t.Context(), `SELECT id FROM orders`).Scan(&order); err != nil {
				t.Fatal(err)
			}
			s.call("staff", "POST", "/admin/orders/"+order.String()+"/cancel", `{"reason": "changed their mind"}`).want(200)
			if n := s.count(`SELECT used FROM promotions WHERE id = @id`, pgx.NamedArgs{"id": p.ID}); n != 0 {
				t.Errorf("a cancelled order keeps its use: %d", n)
			}
			s.sound()
			if err := s.place(decode[cart.View](s.enter(s.fill("", 1, mug), "LAST").want(200))); err != nil {
				t.Errorf("the use that was given back: %v", err)
			}
			s.sound()
		})
	}
}

// What is taken off a bundle is taken off the shares of its components.
func TestDiscountsReachComponents(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.taxed(true, 190_000)
	vendor := s.vendor()
	half := tenOff()
	half.PlatformPPM = 500_000
	s.promote(half, "")
	set := s.bundle(vendor, 1999, part{s.sell(goods{vendor: vendor, price: 333}), 2}, part{s.sell(goods{vendor: vendor, price: 777}), 1})
	placed := s.buy("", 3, set)
	line := placed.Order.Items[0]
	shares := usd(0)
	for _, c := range line.Components {
		shares = shares.Plus(c.Total)
	}
	if line.Discount != usd(600) || len(line.Components) != 2 || shares != line.Total {
		t.Errorf("%s off, components come to %s of %s", line.Discount, shares, line.Total)
	}
	s.sound()
	s.deliver(s.ship(placed)...)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.PromotionExpense}: 300})
	s.sound()
}

// A download that the platform gives away costs the buyer nothing, is handed over
// as any other, and its vendor is paid.
func TestADownloadIsGivenAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	free := tenOff()
	free.Reward.PPM, free.PlatformPPM = 1_000_000, 1_000_000
	s.promote(free, "")
	vendor := s.vendor()
	placed := decode[checkout.Placed](s.checkout("", s.fillDigital(1, s.download(vendor, 1000)), "free").want(201))
	s.handOver()
	if grants := s.grants(placed); len(grants) != 1 {
		t.Errorf("granted %+v", grants)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.PromotionExpense}: 1000, {Kind: ledger.VendorPayable, Vendor: vendor}: -850, {Kind: ledger.CommissionRevenue}: -150})
	s.sound()
}

// Two codes of one promotion are one use of it: the cart is lowered once, by the
// same code whichever was entered first, and one that is used up leaves it to the
// other.
func TestTwoCodesOfOnePromotionAreOneUse(t *testing.T) {
	t.Parallel()
	for name, used := range map[string]struct{ up, counted string }{
		"both are good":        {"", "FIRST 1, SECOND 0"},
		"the first is used up": {"FIRST", "FIRST 1, SECOND 1"},
	} {
		for _, entered := range [][]string{{"FIRST", "SECOND"}, {"SECOND", "FIRST"}} {
			t.Run(name+", entered "+entered[0]+" first", func(t *testing.T) {
				t.Parallel()
				s := open(t)
				p := tenOff()
				p.UsageLimit = number(9)
				p = s.promote(p, "FIRST")
				s.exec(`INSERT INTO coupons (id, promotion_id, code) VALUES (@id, @promotion, 'SECOND')`, pgx.NamedArgs{"id": id.New[id.Coupon](), "promotion": p.ID})
				s.exec(`UPDATE coupons SET usage_limit = 1, used = CASE WHEN code = @up THEN 1 ELSE 0 END`, pgx.NamedArgs{"up": used.up})
				c := s.fill("", 2, s.sell(goods{price: 1000}))
				taken := 0
				for _, code := range entered {
					if s.enter(c, code).Code == 200 {
						taken++
					}
				}
				c = s.cart(c)
				applied := slices.DeleteFunc(slices.Clone(c.Codes), func(k cart.Code) bool { return !k.Applied })
				if taken == 0 || len(applied) != 1 || c.Totals.Discount != usd(200) {
					t.Fatalf("the cart: %s off by %+v", c.Totals.Discount, c.Codes)
				}
				if placed := decode[checkout.Placed](s.checkout("", c, "cod").want(201)); placed.Order.Discount != usd(200) {
					t.Errorf("the order: %s off", placed.Order.Discount)
				}
				if n := s.count(`SELECT used FROM promotions`, nil); n != 1 {
					t.Errorf("%d uses of the promotion", n)
				}
				counted := ""
				if err := s.db.QueryRow(t.Context(), `SELECT string_agg(code || ' ' || used, ', ' ORDER BY code) FROM coupons`).Scan(&counted); err != nil || counted != used.counted {
					t.Errorf("uses of the codes: %s, want %s: %v", counted, used.counted, err)
				}
			})
		}
	}
}
