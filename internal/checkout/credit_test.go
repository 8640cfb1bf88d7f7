package checkout_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/credit"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
)

// giftCard is a card that the shop has given to somebody, with its code.
type giftCard struct {
	id   id.GiftCard
	code string
}

func (s *shop) giftCard(amount money.Amount) (g giftCard) {
	s.t.Helper()
	s.inTx(func(tx pgx.Tx) error {
		made, err := s.flow.Credit.Give(s.t.Context(), tx, credit.NewCard{Amount: amount, Gift: credit.Gift{Email: "eve@example.com"}}, "a test")
		if err != nil {
			return err
		}
		_, g.code, err = s.flow.Credit.ToMail(s.t.Context(), tx, made.ID)
		g.id = made.ID
		return err
	})
	return g
}

func (s *shop) holds(g giftCard) money.Amount {
	s.t.Helper()
	card, err := s.flow.Credit.Card(s.t.Context(), s.db, g.id)
	if err != nil {
		s.t.Fatal(err)
	}
	return card.Balance
}

// grant gives store credit.
func (s *shop) grant(u id.User, amount money.Amount) {
	s.t.Helper()
	s.inTx(func(tx pgx.Tx) error { return s.flow.Credit.Grant(s.t.Context(), tx, u, amount, "a test") })
}

func (s *shop) storeCredit(u id.User) int {
	s.t.Helper()
	return s.count(`SELECT coalesce(sum(balance_minor), 0)::int FROM store_credits WHERE user_id = @u`, pgx.NamedArgs{"u": u})
}

// payWith puts gift cards into a cart.
func (s *shop) payWith(who string, c cart.View, cards ...giftCard) cart.View {
	s.t.Helper()
	for _, g := range cards {
		c = decode[cart.View](s.call(who, "POST", "/carts/"+c.ID.String()+"/gift-cards", fmt.Sprintf(`{"code": %q}`, g.code)).want(200))
	}
	return c
}

func (s *shop) useStoreCredit(who string, c cart.View) cart.View {
	s.t.Helper()
	return decode[cart.View](s.call(who, "PUT", "/carts/"+c.ID.String()+"/store-credit", `{"use": true}`).want(200))
}

// order places the order of a cart.
func (s *shop) order(who string, c cart.View, method string) checkout.Placed {
	s.t.Helper()
	return decode[checkout.Placed](s.checkout(who, c, method).want(201))
}

// What a card has paid may come back to it: there is room for that, however much staff
// top it up.
func TestACancelledOrderFindsRoomOnItsGiftCard(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	g := s.giftCard(usd(5000))
	placed := s.order("", s.payWith("", s.fill("", 1, s.sell(goods{price: 3000})), g), "free")
	adjust := func(by int) answer {
		return s.call("staff", "POST", "/admin/gift-cards/"+g.id.String()+"/adjust", fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "reason": "a test"}`, by))
	}
	adjust(1).want(409, "gift_card_bounds")
	adjust(-1000).want(200)
	adjust(1000).want(200, `"balance":{"amount":1500`)
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "gone"}`).want(200)
	if left := s.holds(g); left != usd(5000) {
		t.Errorf("%v is on the card", left)
	}
	s.sound()
}

func methods(o orders.View) (list []string) {
	for _, p := range o.Payments {
		list = append(list, fmt.Sprintf("%s %d %s", p.Provider, p.Amount.Minor, p.Status))
	}
	return list
}

func (s *shop) wantPayments(o orders.View, want ...string) {
	s.t.Helper()
	if got := methods(o); fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("payments %v, want %v", got, want)
	}
}

// A card of 100.00 pays 25.00 of an order, and the rest of it another one.
func TestAGiftCardPaysSeveralOrders(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	weaver := s.vendor()
	rug, g := s.sell(goods{vendor: weaver, stock: 100}), s.giftCard(usd(10000))
	c := s.payWith("", s.fill("", 2, rug), g)
	if c.Totals.GrandTotal != usd(2500) || c.GiftCards[0].Pays != usd(2500) || !c.Due.IsZero() {
		t.Fatalf("the cart costs %v, the card pays %v, %v is due", c.Totals.GrandTotal, c.GiftCards[0].Pays, c.Due)
	}
	s.call("", "GET", "/carts/"+c.ID.String()+"/payment-methods", "").want(200, `"free"`)
	first := s.order("", c, "free")
	if first.Payment.Method != "free" || first.Order.PaymentStatus != orders.PaymentPaid || first.Order.Status != orders.StatusConfirmed {
		t.Errorf("order is %s and %s, payment by %s", first.Order.Status, first.Order.PaymentStatus, first.Payment.Method)
	}
	s.wantPayments(first.Order, "gift_card 2500 captured", "free 0 authorized")
	if s.holds(g) != usd(7500) {
		t.Errorf("the card holds %v, want 75.00", s.holds(g))
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.GoodwillExpense}: 10000, {Kind: ledger.GiftCardLiability}: -7500, {Kind: ledger.CustomerDeposits}: -2500})
	s.sound()

	s.deliver(s.ship(first)...)
	s.wantPayments(s.show(first), "gift_card 2500 captured", "free 0 authorized")
	s.books(map[ledger.AccountKey]int64{
		{Kind: ledger.CustomerDeposits}: 0, {Kind: ledger.VendorPayable, Vendor: weaver}: -2200, {Kind: ledger.CommissionRevenue}: -300,
	})

	// 85.00 with free shipping: 75.00 by the card, 10.00 at the door.
	second := s.order("", s.payWith("", s.fill("", 8, rug, s.sell(goods{vendor: weaver, price: 63})), g), "cod")
	s.wantPayments(second.Order, "gift_card 7500 captured", "cod 1004 authorized")
	if due := second.Order.Parts[0].Due; due != usd(1004) || second.Order.PaymentStatus != orders.PaymentAuthorized {
		t.Errorf("%v is due at the door, the order is %s", due, second.Order.PaymentStatus)
	}
	s.deliver(s.ship(second)...)
	if o := s.show(second); o.PaymentStatus != orders.PaymentPaid || !o.Parts[0].Due.IsZero() {
		t.Errorf("the order is %s, %v is due", o.PaymentStatus, o.Parts[0].Due)
	}
	s.wantPayments(s.show(second), "gift_card 7500 captured", "cod 1004 captured")
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.GiftCardLiability}: 0, {Kind: ledger.CustomerDeposits}: 0, {Kind: ledger.Clearing, Party: "cod"}: 1004})
	s.call("", "POST", "/carts/"+s.fill("", 1, rug).ID.String()+"/gift-cards", fmt.Sprintf(`{"code": %q}`, g.code)).want(422, "gift_card_not_applicable", "Nothing is left on it.")
	s.sound()
}

// What a card pays is spread over the parts as they cost, to the last unit, and
// each is captured for the rest when it arrives.
func TestCreditIsSpreadOverTheParts(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(false, 77_777)
	u := s.customer()
	s.grant(u, usd(333))
	g, h := s.giftCard(usd(1001)), s.giftCard(usd(77))
	who := u.String()
	c := s.useStoreCredit(who, s.payWith(who, s.fill(who, 3, s.sell(goods{price: 333}), s.sell(goods{price: 1})), g, h))
	paid := int64(1001 + 77 + 333)
	if c.Due.Minor != c.Totals.GrandTotal.Minor-paid || c.StoreCredit.Pays != usd(333) || c.GiftCards[1].Pays != usd(77) {
		t.Fatalf("due %v of %v, %+v, %+v", c.Due, c.Totals.GrandTotal, c.StoreCredit, c.GiftCards)
	}
	placed := s.order(who, c, "cod")
	s.wantPayments(placed.Order, "gift_card 1001 captured", "gift_card 77 captured", "store_credit 333 captured", fmt.Sprintf("cod %d authorized", c.Due.Minor))
	if s.storeCredit(u) != 0 || !s.holds(h).IsZero() {
		t.Errorf("left: %d of store credit, %v on the card", s.storeCredit(u), s.holds(h))
	}
	parcels := s.ship(placed)
	s.sound()
	s.deliver(parcels[0])
	s.sound()
	s.deliver(parcels[1])
	s.sound()
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.Clearing, Party: "cod"}: c.Due.Minor, {Kind: ledger.StoreCreditLiability}: 0})
}

// What is cancelled lowers first what is left to pay, and only what exceeds that
// goes back; who paid last gets it back first.
func TestCancelGivesCreditBack(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	u := s.customer()
	who := u.String()
	s.grant(u, usd(500))
	g := s.giftCard(usd(1800))
	placed := s.order(who, s.useStoreCredit(who, s.payWith(who, s.fill(who, 2, s.sell(goods{})), g)), "cod") // 25.00, 2.00 of it at the door
	line := placed.Order.Items[0].ID
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}]}`, line)).want(201)
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", "").want(200) // 15.00 are left to pay
	if s.storeCredit(u) != 500 || s.holds(g) != usd(300) {
		t.Errorf("back: %d of store credit, %v on the card", s.storeCredit(u), s.holds(g))
	}
	o := s.show(placed)
	s.wantPayments(o, "gift_card 1800 captured", "store_credit 500 captured", "cod 200 voided")
	if o.PaymentStatus != orders.PaymentPaid || !o.Parts[0].Due.IsZero() {
		t.Errorf("the order is %s, %v is due", o.PaymentStatus, o.Parts[0].Due)
	}
	s.sound()
	s.deliver(o.Parts[0].Shipments...)
	if o := s.show(placed); o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid {
		t.Errorf("the order is %s and %s", o.Status, o.PaymentStatus)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.CustomerDeposits}: 0, {Kind: ledger.GiftCardLiability}: -300, {Kind: ledger.StoreCreditLiability}: -500})
	s.sound()

	whole := s.order(who, s.useStoreCredit(who, s.payWith(who, s.fill(who, 1, s.sell(goods{})), g)), "cod")
	if s.storeCredit(u) != 0 || !s.holds(g).IsZero() {
		t.Errorf("spent: %d of store credit, %v on the card", s.storeCredit(u), s.holds(g))
	}
	for range 2 {
		s.call("staff", "POST", "/admin/orders/"+whole.Order.ID.String()+"/cancel", "").want(200, `"payment_status":"voided"`)
	}
	if s.storeCredit(u) != 500 || s.holds(g) != usd(300) {
		t.Errorf("back: %d of store credit, %v on the card", s.storeCredit(u), s.holds(g))
	}
	s.sound()
}

func TestAnUnpaidRestGivesCreditBackWhenItRunsOut(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	g := s.giftCard(usd(700))
	placed := s.order("", s.payWith("", s.fill("", 1, s.sell(goods{})), g), "stripe")
	s.wantPayments(placed.Order, "gift_card 700 captured", "stripe 800 pending")
	if placed.Order.Status != orders.StatusPending || !s.holds(g).IsZero() {
		t.Errorf("the order is %s, the card holds %v", placed.Order.Status, s.holds(g))
	}
	s.sound()
	s.lapse(placed)
	if _, err := s.flow.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o := s.show(placed); o.Status != orders.StatusCancelled || s.holds(g) != usd(700) {
		t.Errorf("the order is %s, the card holds %v", o.Status, s.holds(g))
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.CustomerDeposits}: 0, {Kind: ledger.GiftCardLiability}: -700})
	s.sound()
}

// A provider is asked for what is left, and believed for nothing else.
func TestAProviderPaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.order("", s.payWith("", s.fill("", 1, s.sell(goods{}), s.sell(goods{})), s.giftCard(usd(1201))), "stripe") // 30.00
	whole := payments.Fact{Payment: placed.Payment.ID, Kind: payments.Capture, Amount: placed.Order.GrandTotal, Cause: "a"}
	if err := s.settle(whole); code(t, err) != "payment_mismatch" {
		t.Errorf("captured the whole total: %v", err)
	}
	if err := s.settle(payments.Fact{Payment: placed.Order.Payments[0].ID, Kind: payments.Refund, Amount: usd(1), Cause: "a"}); code(t, err) != "payment_mismatch" {
		t.Errorf("moved a gift card from outside: %v", err)
	}
	whole.Amount = usd(1799)
	if err := s.settle(whole); err != nil {
		t.Fatal(err)
	}
	if o := s.show(placed); o.PaymentStatus != orders.PaymentPaid || o.Status != orders.StatusConfirmed {
		t.Errorf("the order is %s and %s", o.Status, o.PaymentStatus)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.Clearing, Party: "stripe"}: 1799, {Kind: ledger.CustomerDeposits}: 0})
	s.sound()
}

// What gift cards pay may have changed since the buyer looked: nothing is
// ordered behind their back.
func TestNobodyPaysMoreThanTheySaw(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	g, mug := s.giftCard(usd(2000)), s.sell(goods{})
	c, other := s.payWith("", s.fill("", 1, mug), g), s.payWith("", s.fill("", 1, mug), g) // 15.00 each
	s.order("", c, "free")
	s.checkout("", other, "free").want(409, `"code":"credit_changed"`, `"due":{"amount":1000,"currency":"USD"}`)
	body := fmt.Sprintf(`{"cart_id": %q, "payment_method": "cod", "expected_total": {"amount": 1500, "currency": "USD"}, "expected_due": {"amount": %%d, "currency": "USD"}}`, other.ID)
	s.call("", "POST", "/checkout", fmt.Sprintf(body, 0), "Idempotency-Key", "k").want(409, `"code":"credit_changed"`)
	s.call("", "POST", "/checkout", fmt.Sprintf(body, 1000), "Idempotency-Key", "l").want(201)
	s.sound()
}

// R8: a gift card drained in parallel never goes below 0.
func TestR8AGiftCardIsDrainedInParallel(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	g, mug := s.giftCard(usd(10_000)), s.sell(goods{price: 2500, stock: 100}) // 30.00 with shipping
	var buyers []func() error
	for range 50 {
		c := s.payWith("", s.fill("", 1, mug), g)
		buyers = append(buyers, func() error {
			return s.try(func(tx pgx.Tx) error {
				_, err := s.flow.Place(s.t.Context(), tx, checkout.Placing{Cart: c.ID, Method: "free", Expected: c.Totals.GrandTotal, Due: &c.Due})
				return err
			})
		})
	}
	s.wantCodes(race(buyers...), map[string]int{"": 3, "credit_changed": 47})
	if s.holds(g) != usd(1000) {
		t.Errorf("the card holds %v, want 10.00", s.holds(g))
	}
	if n := s.count(`SELECT -sum(delta_minor)::int FROM gift_card_entries WHERE kind = 'redeemed'`, nil); n != 9000 {
		t.Errorf("%d were redeemed, want 90.00", n)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.GiftCardLiability}: -1000})
	s.sound()
}

// sellCards puts gift cards of the house up for sale.
func (s *shop) sellCards(price int64) id.Variant {
	s.t.Helper()
	v := s.sell(goods{vendor: s.house(), digital: true, untracked: true, price: price})
	s.exec(`UPDATE products SET gift_card = true WHERE id = (SELECT product_id FROM variants WHERE id = @v)`, pgx.NamedArgs{"v": v})
	s.exec(`UPDATE variants SET taxable = false WHERE id = @v`, pgx.NamedArgs{"v": v})
	return v
}

// cards is the gift cards of an order.
func (s *shop) cards(p checkout.Placed) []credit.GiftCard {
	s.t.Helper()
	return decode[struct{ Data []credit.GiftCard }](s.call("staff", "GET", "/admin/gift-cards?order="+p.Order.ID.String(), "").want(200)).Data
}

// A card for each unit, once it is paid for, in full whatever else is taken off
// the order, and untaxed: tax is due on what is bought with it.
func TestGiftCardsAreBoughtAndHandedOver(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(true, 190_000)
	s.promote(tenOff(), "TEN")
	v := s.sellCards(2500)
	c := s.fillDigital(2, v)
	s.enter(c, "TEN").want(422, "coupon_not_applicable")
	item := c.Items[0].ID.String()
	const gift = `{"email": "bo@example.com", "name": "Bo", "message": "Happy birthday"}`
	c = decode[cart.View](s.call("", "PATCH", "/carts/"+c.ID.String()+"/items/"+item, `{"quantity": 3, "gift": `+gift+`}`).want(200, `"gift":{"email":"bo@example.com"`))
	if c.Totals.GrandTotal != usd(7500) || !c.Totals.Tax.IsZero() {
		t.Errorf("three cards cost %v, with a tax of %v", c.Totals.GrandTotal, c.Totals.Tax)
	}
	placed := s.order("", c, "stripe")
	s.handOver()
	if got := s.cards(placed); len(got) != 0 {
		t.Errorf("%d cards were handed over before they were paid for", len(got))
	}
	s.pays(placed)
	s.handOver() // and again
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.GiftCardLiability}: -7500, {Kind: ledger.SalesRevenue}: 0, {Kind: ledger.Clearing, Party: "stripe"}: 7500})
	got := s.cards(placed)
	if len(got) != 3 {
		t.Fatalf("%d cards, want 3", len(got))
	}
	seen := map[string]bool{}
	for _, g := range got {
		if g.Balance != usd(2500) || g.Email != "bo@example.com" || g.Name != "Bo" || g.Message != "Happy birthday" || g.ExpiresAt != nil {
			t.Errorf("card %+v", g)
		}
		_, code, err := s.flow.Credit.ToMail(t.Context(), s.db, g.ID)
		if err != nil || seen[code] || code[len(code)-4:] != g.Hint {
			t.Errorf("code %q, %v, hint %s", code, err, g.Hint)
		}
		seen[code] = true
	}
	if o := s.show(placed); o.Status != orders.StatusDelivered {
		t.Errorf("the order is %s", o.Status)
	}
	s.sound()
}

// Whoever names nobody gets the cards themselves.
func TestGiftCardsGoToTheBuyerUnlessTold(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	placed := s.order("", s.fillDigital(1, s.sellCards(1000)), "stripe")
	s.pays(placed)
	if got := s.cards(placed); got[0].Email != "ada@example.com" || got[0].Name != "Ada" {
		t.Errorf("the card went to %q, %q", got[0].Name, got[0].Email)
	}
	mug := s.sell(goods{})
	s.call("", "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1, "gift": {"email": "bo@example.com"}}]}`, mug)).want(422, "/gift", "no_gift_card")
	for _, gift := range []string{`{"email": "bo"}`, `{"email": "bo@example.com", "message": "See evil.example"}`, `{"email": "bo@example.com", "name": "a\u0007"}`, `{"email": "bo@example.com", "send_at": "2099-01-01T00:00:00Z"}`} {
		s.call("", "POST", "/carts", fmt.Sprintf(`{"items": [{"variant_id": %q, "quantity": 1, "gift": %s}]}`, s.sellCards(1000), gift)).want(422, `"code":"validation_failed"`, "/gift/")
	}
}
