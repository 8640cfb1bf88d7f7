package checkout_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// refund asks for money back as staff do.
func (s *shop) refund(p checkout.Placed, body string) answer {
	s.t.Helper()
	return s.call("staff", "POST", "/admin/orders/"+p.Order.ID.String()+"/refunds", body, "Idempotency-Key", id.New[id.Event]().String())
}

func units(line id.OrderLine, n int) string {
	return fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": %d}], "reason": "broken"}`, line, n)
}

// R15: refunding one of three discounted lines returns exactly its frozen share.
func TestR15OneOfThreeDiscountedLines(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(true, 190_000)
	s.promote(promotions.Promotion{
		Name: "Ten dollars off", Status: promotions.Active, PlatformPPM: 500_000,
		Reward: pricing.Reward{Kind: pricing.AmountOff, Amounts: pricing.Amounts{"USD": 1000}},
	}, "")
	weaver := s.vendor()
	placed := s.buy("", 1, s.sell(goods{vendor: weaver, price: 3333}), s.sell(goods{vendor: weaver, price: 3333}), s.sell(goods{vendor: weaver, price: 3334}))
	s.deliver(s.ship(placed)...)
	whole := placed.Order.GrandTotal
	for i, l := range placed.Order.Items {
		r := decode[orders.Refund](s.refund(placed, units(l.ID, 1)).want(201))
		if r.Amount != l.Total || r.Lines[0].Tax != l.Tax || len(r.Lines) != 1 {
			t.Errorf("gave back %v with a tax of %v, want %v and %v", r.Amount, r.Lines[0].Tax, l.Total, l.Tax)
		}
		if whole = whole.Minus(r.Amount); whole.IsZero() != (i == 2) {
			t.Errorf("%v is left after %d lines", whole, i+1)
		}
		s.sound()
	}
	// R24: a fully refunded order reads refunded.
	if o := s.show(placed); o.PaymentStatus != orders.PaymentRefunded || len(o.Refunds) != 3 || o.Payments[0].Refunded != o.GrandTotal {
		t.Errorf("the order is %s with %d refunds, %v went back", o.PaymentStatus, len(o.Refunds), o.Payments[0].Refunded)
	}
	s.books(map[ledger.AccountKey]int64{
		{Kind: ledger.Clearing, Party: "cod"}: 0, {Kind: ledger.VendorPayable, Vendor: weaver}: 0, {Kind: ledger.CommissionRevenue}: 0,
		{Kind: ledger.TaxPayable}: 0, {Kind: ledger.PromotionExpense}: 0, {Kind: ledger.CustomerDeposits}: 0,
	})
	s.refund(placed, units(placed.Order.Items[0].ID, 1)).want(409, "quantity_exceeds_remaining", `"remaining":0`)
	s.refund(placed, `{"amount": {"amount": 1, "currency": "USD"}, "reason": "more"}`).want(409, "refund_exceeds_paid", `"refundable":{"amount":0`)
}

// What the platform has paid for goods goes back to it with them, also where the buyer
// had nothing to pay and gets nothing.
func TestWhatThePlatformPaidGoesBackWithTheGoods(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	weaver := s.vendor()
	mug, gift := s.sell(goods{vendor: weaver, price: 2000}), s.sell(goods{vendor: weaver, price: 1000})
	only := pricing.Scope{Variants: []id.Variant{gift}}
	s.promote(promotions.Promotion{
		Name: "A gift", Status: promotions.Active, PlatformPPM: 1_000_000,
		Reward: pricing.Reward{Kind: pricing.BuyGet, PPM: 1_000_000, Buy: 1, Get: 1, Goods: only, BuyGoods: pricing.Scope{Variants: []id.Variant{mug}}},
	}, "")
	s.promote(promotions.Promotion{
		Name: "Freight", Status: promotions.Active, PlatformPPM: 1_000_000, Reward: pricing.Reward{Kind: pricing.ShippingOff, PPM: 1_000_000},
	}, "")
	lineOf := func(p checkout.Placed, v id.Variant) id.OrderLine {
		return p.Order.Items[slices.IndexFunc(p.Order.Items, func(l orders.Line) bool { return l.Variant == v })].ID
	}
	settled := func(freight int64) {
		t.Helper()
		s.sound()
		s.books(map[ledger.AccountKey]int64{
			{Kind: ledger.VendorPayable, Vendor: weaver}: -freight, {Kind: ledger.PromotionExpense}: freight, {Kind: ledger.CommissionRevenue}: 0, {Kind: ledger.CustomerDeposits}: 0,
		})
	}

	placed := s.buy("", 1, mug, gift)
	if placed.Order.GrandTotal != usd(2000) {
		t.Fatalf("the order comes to %v", placed.Order.Totals)
	}
	s.deliver(s.ship(placed)...)
	s.refund(placed, units(lineOf(placed, gift), 1)).want(201, `"amount":{"amount":0,"currency":"USD"}`)
	if o := s.show(placed); o.PaymentStatus != orders.PaymentPaid {
		t.Errorf("of which nobody gave anything back is %s", o.PaymentStatus)
	}
	s.refund(placed, units(lineOf(placed, gift), 1)).want(409, "quantity_exceeds_remaining")
	s.refund(placed, units(lineOf(placed, mug), 1)).want(201, `"amount":{"amount":2000,"currency":"USD"}`)
	settled(500)
	s.refund(placed, `{"shipping": true, "reason": "late"}`).want(201)
	s.refund(placed, `{"shipping": true, "reason": "late"}`).want(409, "nothing_to_refund")
	settled(0)

	// A parcel of gifts comes back: nobody has to approve that nobody gets anything.
	alone := s.buyByCard(1, gift, mug)
	if err := s.settle(fact(alone, payments.Capture, "paid")); err != nil {
		t.Fatal(err)
	}
	s.comesBack("", s.shipUnits(alone, 0, 1))
	s.books(map[ledger.AccountKey]int64{ // 20.00 less 15 %, and the freight
		{Kind: ledger.VendorPayable, Vendor: weaver}: -2200, {Kind: ledger.CommissionRevenue}: -300, {Kind: ledger.PromotionExpense}: 500,
	})
	if n := s.count(`SELECT count(*)::int FROM refund_requests`, nil); n != 0 {
		t.Errorf("%d requests wait", n)
	}
	s.sound()
}

// R20: a goodwill refund without a return.
func TestR20MoneyBackWithoutAReturn(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(false, 77_777)
	placed := s.buy("", 3, s.sell(goods{price: 333}), s.sell(goods{price: 9999}))
	s.refund(placed, `{"amount": {"amount": 500, "currency": "USD"}, "reason": "sorry"}`).want(409, "refund_exceeds_paid", `"refundable":{"amount":0`)
	s.deliver(s.ship(placed)...)
	r := decode[orders.Refund](s.refund(placed, `{"amount": {"amount": 500, "currency": "USD"}, "reason": "sorry"}`).want(201))
	if r.Amount != usd(500) || r.To != orders.ToMethod {
		t.Errorf("gave %v back to %s", r.Amount, r.To)
	}
	o := s.show(placed)
	if o.PaymentStatus != orders.PaymentPartiallyRefunded || o.Status != orders.StatusDelivered || o.Payments[0].Refunded != usd(500) {
		t.Errorf("the order is %s and %s, %v went back", o.Status, o.PaymentStatus, o.Payments[0].Refunded)
	}
	if last := o.Timeline[len(o.Timeline)-1]; last.Event != "refunded" {
		t.Errorf("the last step is %s", last.Event)
	}
	s.sound()
	for _, body := range []string{
		`{"reason": "nothing"}`, `{"amount": {"amount": 1, "currency": "EUR"}, "reason": "x"}`, `{"amount": {"amount": 0, "currency": "USD"}, "reason": "x"}`,
		`{"amount": {"amount": -1, "currency": "USD"}, "reason": "x"}`, `{"amount": {"amount": 1, "currency": "USD"}, "shipping": true, "reason": "x"}`,
		`{"shipping": true}`, units(id.New[id.OrderLine](), 1), units(placed.Order.Items[0].ID, 0),
	} {
		s.refund(placed, body).want(422)
	}
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/refunds", `{"shipping": true, "reason": "x"}`).want(400, "idempotency_key")
	s.call("", "POST", "/admin/orders/"+placed.Order.ID.String()+"/refunds", `{"shipping": true, "reason": "x"}`, "Idempotency-Key", "k").want(401)
	s.refund(placed, `{"shipping": true, "reason": "late"}`).want(201)
	s.sound()
}

// R19: several refunds on one payment, in any sequence and of any kind, end at
// exactly what was paid: property 4 over the whole shop.
func TestAnySequenceOfRefundsEndsAtWhatWasPaid(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(false, 123_457)
	s.promote(promotions.Promotion{Name: "A third", Status: promotions.Active, PlatformPPM: 333_333, Reward: pricing.Reward{Kind: pricing.PercentOff, PPM: 333_333}}, "")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range 6 {
		u := s.customer()
		who := u.String()
		s.grant(u, usd(1+dice.Int64N(3000)))
		c := s.fill(who, 1+dice.IntN(4), s.sell(goods{price: 333}), s.sell(goods{price: 1}), s.sell(goods{price: 7777}))
		c = s.useStoreCredit(who, s.payWith(who, c, s.giftCard(usd(1+dice.Int64N(5000)))))
		method := "cod"
		if c.Due.IsZero() {
			method = "free"
		}
		placed := s.order(who, c, method)
		s.deliver(s.ship(placed)...)
		s.refundAtRandom(dice, placed)
		s.sound()
	}
	for _, kind := range []ledger.Kind{ledger.CommissionRevenue, ledger.TaxPayable, ledger.PromotionExpense, ledger.CustomerDeposits} {
		s.books(map[ledger.AccountKey]int64{{Kind: kind}: 0})
	}
}

// refundAtRandom gives an order back in pieces until nothing is left of it.
func (s *shop) refundAtRandom(dice *rand.Rand, p checkout.Placed) {
	s.t.Helper()
	paid, back := p.Order.GrandTotal.Minor, int64(0)
	for n := 0; back < paid; n++ {
		body := map[string]any{"reason": "dice", "to": []string{"method", "store_credit"}[dice.IntN(2)]}
		switch l := p.Order.Items[dice.IntN(len(p.Order.Items))]; {
		case n > 20:
			body["amount"] = usd(paid - back)
		case dice.IntN(3) == 0:
			body["lines"] = []orders.Units{{Line: l.ID, Quantity: 1 + dice.IntN(l.Quantity)}}
		case dice.IntN(6) == 0:
			body["shipping"] = true
		default:
			body["amount"] = usd(1 + dice.Int64N(paid-back))
		}
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		a := s.refund(p, string(text))
		if a.Code == 409 {
			continue
		}
		back += decode[orders.Refund](a.want(201)).Amount.Minor
	}
	if o := s.show(p); back != paid || o.PaymentStatus != orders.PaymentRefunded {
		s.t.Errorf("%d of %d went back, the order is %s", back, paid, o.PaymentStatus)
	}
}

// Gift cards and store credit get back first what they have paid.
func TestRefundsGoBackToWhatPaid(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	u := s.customer()
	who := u.String()
	s.grant(u, usd(300))
	g := s.giftCard(usd(1000))
	placed := s.order(who, s.useStoreCredit(who, s.payWith(who, s.fill(who, 2, s.sell(goods{})), g)), "cod") // 25.00, 12.00 at the door
	s.deliver(s.ship(placed)...)
	s.refund(placed, `{"amount": {"amount": 900, "currency": "USD"}, "reason": "a"}`).want(201)
	if s.storeCredit(u) != 300 || s.holds(g) != usd(600) {
		t.Errorf("back: %d of store credit, %v on the card", s.storeCredit(u), s.holds(g))
	}
	s.refund(placed, `{"amount": {"amount": 100, "currency": "USD"}, "to": "store_credit", "reason": "b"}`).want(201)
	if s.storeCredit(u) != 400 {
		t.Errorf("%d of store credit, want 400", s.storeCredit(u))
	}
	s.refund(placed, `{"amount": {"amount": 1500, "currency": "USD"}, "reason": "c"}`).want(201, `"amount":{"amount":1500`)
	if s.storeCredit(u) != 400 || s.holds(g) != usd(1000) {
		t.Errorf("back: %d of store credit, %v on the card", s.storeCredit(u), s.holds(g))
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.Clearing, Party: "cod"}: 100, {Kind: ledger.GiftCardLiability}: -1000, {Kind: ledger.StoreCreditLiability}: -400})
	s.sound()
	guest := s.buy("", 1, s.sell(goods{}))
	s.deliver(s.ship(guest)...)
	s.refund(guest, `{"amount": {"amount": 100, "currency": "USD"}, "to": "store_credit", "reason": "a"}`).want(409, "no_account")
}

// Whoever gets the money for gift cards back has cards that are worth nothing;
// those that have paid for something are not taken back.
func TestARefundedGiftCardIsVoid(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	u := s.customer()
	who := u.String()
	c := s.fillDigital(2, s.sellCards(2500))
	s.call(who, "POST", "/carts/"+c.ID.String()+"/claim", "").want(200)
	placed := s.order(who, c, "stripe")
	if err := s.settle(payments.Fact{Payment: placed.Payment.ID, Kind: payments.Capture, Amount: usd(5000), Cause: "a"}); err != nil {
		t.Fatal(err)
	}
	s.handOver()
	cards := s.cards(placed)
	_, code, err := s.flow.Credit.ToMail(t.Context(), s.db, cards[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	s.order("", s.payWith("", s.fill("", 1, s.sell(goods{})), giftCard{cards[0].ID, code}), "free")
	line := placed.Order.Items[0].ID
	back := func(n int) string {
		return fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": %d}], "to": "store_credit", "reason": "unwanted"}`, line, n)
	}
	s.refund(placed, back(2)).want(409, "gift_card_used", `"unused":1`)
	s.refund(placed, back(1)).want(201)
	if now := s.holds(giftCard{id: cards[1].ID}); !now.IsZero() || s.storeCredit(u) != 2500 {
		t.Errorf("the card holds %v, %d of store credit", now, s.storeCredit(u))
	}
	s.refund(placed, `{"amount": {"amount": 1, "currency": "USD"}, "to": "store_credit", "reason": "x"}`).want(409, "refund_exceeds_paid")
	s.sound()
}

// Of an order whose other part is still on its way only what was paid goes back.
func TestWhatPaysOtherPartsIsNotGivenBack(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	g := s.giftCard(usd(3000))
	placed := s.order("", s.payWith("", s.fill("", 1, s.sell(goods{}), s.sell(goods{})), g), "free") // 15.00 each
	s.deliver(s.ship(placed)[0])
	s.refund(placed, `{"amount": {"amount": 1501, "currency": "USD"}, "reason": "a"}`).want(409, "refund_exceeds_paid", `"refundable":{"amount":1500`)
	s.refund(placed, `{"amount": {"amount": 1500, "currency": "USD"}, "reason": "a"}`).want(201)
	if o := s.show(placed); o.PaymentStatus != orders.PaymentPartiallyRefunded || s.holds(g) != usd(1500) {
		t.Errorf("the order is %s, the card holds %v", o.PaymentStatus, s.holds(g))
	}
	s.sound()
	s.deliver(s.show(placed).Parts[1].Shipments...)
	s.refund(placed, `{"shipping": true, "reason": "b"}`).want(201, `"amount":{"amount":500`)
	s.sound()
}
