package checkout_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/cart"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/shipping"
)

// paidBy is a cart as it is when it is paid by a method.
func (s *shop) paidBy(c cart.View, method string) cart.View {
	s.t.Helper()
	return decode[cart.View](s.call("", "GET", "/carts/"+c.ID.String()+"?expand=trace&payment_method="+method, "").want(200))
}

// The fee is told before the order, paid with the parts that bear it, is the
// marketplace's, and stays with lines that are given back unless staff say so.
func TestWhatCashOnDeliveryCosts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name             string
		included         bool
		fee, tax, shared int64 // what the buyer pays more, what the state gets of that, the share of the first part with tax
	}{{"tax on top", false, 357, 57, 89}, {"tax included", true, 300, 48, 75}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := openOn(t, pgtest.DB(t))
			s.taxed(tc.included, 190_000)
			s.charge("EUR 9.00, USD 3.00")
			c := s.fill("", 1, s.sell(goods{price: 500}), s.sell(goods{price: 2500})) // with shipping 10.00 and 30.00
			total := c.Totals.GrandTotal.Plus(usd(tc.fee))
			s.call("", "GET", "/carts/"+c.ID.String()+"/payment-methods", "").want(200,
				fmt.Sprintf(`{"method":"cod","name":"Cash on delivery","fee":{"amount":300,"currency":"USD"},"grand_total":{"amount":%d,"currency":"USD"}}`, total.Minor),
				`{"method":"stripe","name":"Card or wallet"}`)
			with := s.paidBy(c, "cod")
			if with.Totals.Fee != usd(300) || with.Totals.GrandTotal != total || with.Due != total || with.Totals.Tax != c.Totals.Tax.Plus(usd(tc.tax)) {
				t.Fatalf("with the fee the cart is %+v, %v due", with.Totals, with.Due)
			}
			if by := s.paidBy(c, "stripe"); !by.Totals.Fee.IsZero() || by.Totals.GrandTotal != c.Totals.GrandTotal {
				t.Errorf("paid by card it costs %+v", by.Totals)
			}
			s.checkout("", c, "cod").want(409, `"code":"total_changed"`, fmt.Sprintf(`"total":{"amount":%d,`, total.Minor))
			placed := s.order("", with, "cod")
			if placed.Order.Fee != usd(300) || placed.Order.GrandTotal != total || placed.Order.Payments[0].Amount != total {
				t.Fatalf("the order is %+v, paid by %v", placed.Order.Totals, placed.Order.Payments[0].Amount)
			}
			s.deliver(s.ship(placed)...)
			s.books(map[ledger.AccountKey]int64{
				{Kind: ledger.Clearing, Party: "cod"}: total.Minor, {Kind: ledger.TaxPayable}: -placed.Order.Tax.Minor,
				{Kind: ledger.FeeRevenue}: tc.tax - tc.fee, {Kind: ledger.CommissionRevenue}: -s.commission(placed),
			})
			s.sound()

			small := placed.Order.Parts[0]
			if small.Items[0].UnitPrice != usd(500) {
				small = placed.Order.Parts[1]
			}
			s.refund(placed, fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "reason": "all"}`, total.Minor)).want(409, "refund_exceeds_paid",
				fmt.Sprintf(`"refundable":{"amount":%d,`, total.Minor-tc.fee))
			line := fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}], "shipping": true, "reason": "broken"}`, small.Items[0].ID)
			if r := decode[orders.Refund](s.refund(placed, line).want(201)); r.Amount != small.Total.Minus(usd(tc.shared)) {
				t.Errorf("without the fee %v of %v goes back", r.Amount, small.Total)
			}
			s.sound()
			s.refund(placed, `{"shipping": true, "fee": true, "reason": "sorry"}`).want(201, `"fee":true`)
			s.sound()
			s.refund(placed, `{"fee": true, "reason": "again"}`).want(409, "nothing_to_refund")
			left := total.Minus(s.show(placed).Payments[0].Refunded)
			s.refund(placed, fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "fee": true, "reason": "the rest"}`, left.Minor)).want(201)
			if o := s.show(placed); o.PaymentStatus != orders.PaymentRefunded {
				t.Errorf("all went back and the order is %s", o.PaymentStatus)
			}
			s.books(map[ledger.AccountKey]int64{{Kind: ledger.FeeRevenue}: 0, {Kind: ledger.TaxPayable}: 0, {Kind: ledger.Clearing, Party: "cod"}: 0})
			s.sound()
		})
	}
}

// Nobody pays for a courier who takes nothing; gift cards pay goods, not the fee.
func TestWhereNothingIsPaidAtTheDoorThereIsNoFee(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.charge("USD 3.00")
	mug := s.sell(goods{stock: 100}) // 15.00 with shipping
	whole := s.paidBy(s.payWith("", s.fill("", 1, mug), s.giftCard(usd(2000))), "cod")
	if !whole.Totals.Fee.IsZero() || !whole.Due.IsZero() {
		t.Errorf("a card pays all of it, and %v is due with a fee of %v", whole.Due, whole.Totals.Fee)
	}
	most := s.paidBy(s.payWith("", s.fill("", 1, mug), s.giftCard(usd(1499))), "cod")
	if most.Totals.Fee != usd(300) || most.Due != usd(301) || most.GiftCards[0].Pays != usd(1499) {
		t.Errorf("a card pays %v, %v is due with a fee of %v", most.GiftCards[0].Pays, most.Due, most.Totals.Fee)
	}
	placed := s.order("", most, "cod")
	s.deliver(s.ship(placed)...)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.FeeRevenue}: -300, {Kind: ledger.Clearing, Party: "cod"}: 301, {Kind: ledger.CustomerDeposits}: 0})
	// An order that was agreed to without the fee is not paid at the door later.
	card := s.order("", s.fill("", 1, mug), "stripe")
	s.call("", "POST", path(card, "/pay"), `{"payment_method": "cod"}`, "Idempotency-Key", "k").want(422, `"/payment_method"`, "costs a fee")
	s.sound()
	// The fee counts against the most that couriers take.
	s.exec(`INSERT INTO settings (key, value) VALUES ('payments.cod_most', '1700')`, nil)
	s.charge("USD 3.00")
	s.call("", "GET", "/carts/"+s.fill("", 1, mug).ID.String()+"/payment-methods", "").want(200, "stripe").lacks("cod")
}

// What is cancelled before it leaves takes its share of the fee along.
func TestCancellingAPartGivesUpItsShareOfTheFee(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.charge("USD 3.00")
	placed := s.buy("", 2, s.sell(goods{}), s.sell(goods{}))
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", fmt.Sprintf(`{"vendor_order_id": %q}`, placed.Order.Parts[0].ID)).want(201)
	s.call("", "POST", path(placed, "/cancel"), "").want(200)
	s.sound()
	s.deliver(s.show(placed).Parts[0].Shipments...)
	o := s.show(placed)
	if o.PaymentStatus != orders.PaymentPaid || o.Payments[0].Captured != o.Parts[0].Total || o.Parts[0].Fee != usd(150) {
		t.Errorf("of an order that is %s %v was taken, with a fee of %v", o.PaymentStatus, o.Payments[0].Captured, o.Parts[0].Fee)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.FeeRevenue}: -150})
	s.sound()
}

// comesBack tells that parcels are back.
func (s *shop) comesBack(more string, parcels ...shipping.Shipment) {
	s.t.Helper()
	for _, p := range parcels {
		s.call("staff", "POST", "/admin/shipments/"+p.ID.String()+"/events", `{"status": "returned", "detail": "refused at the door"`+more+`}`).want(201, `"status":"returned"`)
	}
}

// Who refuses a parcel owes nothing for it: the order is as if it had never left.
func TestARefusedParcel(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(false, 77_777)
	s.charge("USD 3.00")
	u := s.customer()
	who, mug, pot := u.String(), s.sell(goods{price: 333}), s.sell(goods{price: 7777})
	promo := s.promote(promotions.Promotion{
		Name: "A third", Status: promotions.Active, UsageLimit: new(1), PlatformPPM: 500_000, Reward: pricing.Reward{Kind: pricing.PercentOff, PPM: 333_333},
	}, "")
	s.grant(u, usd(1000))
	filled := s.useStoreCredit(who, s.fill(who, 3, mug, pot))
	shown := decode[cart.View](s.call(who, "GET", "/carts/"+filled.ID.String()+"?payment_method=cod", "").want(200))
	placed := s.order(who, shown, "cod")
	parcels := s.ship(placed)
	s.comesBack("", parcels[0])
	o := s.view(placed)
	if o.Status != orders.StatusShipped || o.Parts[0].Status != orders.PartRefused || o.PaymentStatus != orders.PaymentAuthorized || !o.Parts[0].Due.IsZero() {
		t.Errorf("half refused the order is %s and %s, the part %s with %v due", o.Status, o.PaymentStatus, o.Parts[0].Status, o.Parts[0].Due)
	}
	s.sound()
	s.comesBack(`, "sellable": false`, parcels[1])
	s.comesBack("", parcels...) // and nothing more
	o = s.view(placed)
	if o.Status != orders.StatusReturned || o.PaymentStatus != orders.PaymentVoided || o.FulfillmentStatus != orders.AllReturned {
		t.Errorf("refused the order is %s, %s and %s", o.Status, o.PaymentStatus, o.FulfillmentStatus)
	}
	cod := o.Payments[len(o.Payments)-1]
	if cod.Status != payments.Voided || cod.Voided != cod.Amount || s.storeCredit(u) != 1000 {
		t.Errorf("the payment is %+v, %d is left of the credit", cod, s.storeCredit(u))
	}
	if n := s.count(`SELECT used::int FROM promotions WHERE id = @p`, pgx.NamedArgs{"p": promo.ID}); n != 0 {
		t.Errorf("the promotion is used %d times", n)
	}
	var steps []string
	for _, step := range o.Timeline {
		steps = append(steps, fmt.Sprint(step.Event, " ", step.Refused, " ", step.From, ">", step.To))
	}
	if got, want := fmt.Sprint(steps[3:]), "[returned true shipped>shipped returned true shipped>returned]"; got != want {
		t.Errorf("steps %s, want %s", got, want)
	}
	first := o.Parts[0].Items[0].Variant // is sellable, the other is written off
	for _, v := range []id.Variant{mug, pot} {
		if want := map[bool]int{true: 10, false: 7}[v == first]; s.left(v) != want {
			t.Errorf("%d are left, want %d", s.left(v), want)
		}
	}
	s.books(map[ledger.AccountKey]int64{
		{Kind: ledger.Clearing, Party: "cod"}: 0, {Kind: ledger.CommissionRevenue}: 0, {Kind: ledger.FeeRevenue}: 0, {Kind: ledger.PromotionExpense}: 0,
		{Kind: ledger.CustomerDeposits}: 0, {Kind: ledger.StoreCreditLiability}: -1000,
	})
	s.sound()
	// Row 54 and others: what is over stays over.
	events := "/admin/shipments/" + parcels[0].ID.String() + "/events"
	s.call("staff", "POST", events, `{"status": "delivered"}`).want(409, `"code":"shipment_status"`)
	s.call("staff", "POST", events, `{"status": "delivered", "sellable": true}`).want(422, `"/sellable"`)
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", "").want(409, `"code":"order_not_shippable"`)
	s.refund(placed, `{"shipping": true, "reason": "x"}`).want(409, "nothing_to_refund")
}

func (s *shop) view(p checkout.Placed) orders.View {
	s.t.Helper()
	return decode[orders.View](s.call("staff", "GET", "/admin/orders/"+p.Order.ID.String(), "").want(200))
}

// Of two parcels of one part one is taken: the buyer pays for that one.
func TestOneOfTwoParcelsIsRefused(t *testing.T) {
	t.Parallel()
	for _, refusedFirst := range []bool{true, false} {
		t.Run(fmt.Sprint("refused first: ", refusedFirst), func(t *testing.T) {
			t.Parallel()
			s := openOn(t, pgtest.DB(t))
			s.taxed(true, 190_000)
			s.charge("USD 3.00")
			vendor := s.vendor()
			mug := s.bundleOrMug(vendor)
			placed := s.buy("", 3, mug)
			one := s.shipUnits(placed, 0, 1)
			s.call(s.vendor().String(), "POST", "/vendor/shipments/"+one.ID.String()+"/events", `{"status": "returned"}`).want(404)
			s.call(vendor.String(), "POST", "/vendor/shipments/"+one.ID.String()+"/events", `{"status": "returned"}`).want(201)
			if o := s.show(placed); o.Parts[0].Status != orders.PartConfirmed || o.Items[0].Fulfilled != 0 || o.Items[0].Withdrawn != 1 {
				t.Errorf("the part is %s, %d of its units sent, %d withdrawn", o.Parts[0].Status, o.Items[0].Fulfilled, o.Items[0].Withdrawn)
			}
			s.sound()
			first, second := s.shipUnits(placed, 0, 1), s.shipUnits(placed, 0, 1)
			if refusedFirst {
				s.comesBack("", first)
				s.deliver(second)
			} else {
				s.deliver(second)
				s.comesBack("", first)
			}
			o := s.show(placed)
			third := placed.Order.Items[0].Total.Share(1, 3).Plus(usd(800)) // shipping and fee are owed with what is taken
			if o.Status != orders.StatusDelivered || o.PaymentStatus != orders.PaymentPaid || o.Payments[0].Captured != third {
				t.Errorf("the order is %s and %s, %v were paid, want %v", o.Status, o.PaymentStatus, o.Payments[0].Captured, third)
			}
			s.sound()
		})
	}
}

// bundleOrMug is something of two components, one in twos.
func (s *shop) bundleOrMug(vendor id.Vendor) id.Variant {
	s.t.Helper()
	return s.bundle(vendor, 1000, part{s.sell(goods{vendor: vendor}), 1}, part{s.sell(goods{vendor: vendor}), 2})
}

// What was paid before it left comes back, too: the goods are there again, and a
// refund waits for staff to approve it.
func TestAPaidParcelThatComesBackWaitsForARefund(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{})
	placed := s.order("", s.fill("", 2, mug), "stripe")
	s.pays(placed)
	parcel := s.ship(placed)[0]
	s.comesBack("", parcel)
	o := s.view(placed)
	if o.Status != orders.StatusReturned || o.PaymentStatus != orders.PaymentPaid || o.Parts[0].Status != orders.PartReturned || o.Items[0].Returned != 2 || s.left(mug) != 10 {
		t.Errorf("the order is %s and %s, the part %s, %d units are back and %d left", o.Status, o.PaymentStatus, o.Parts[0].Status, o.Items[0].Returned, s.left(mug))
	}
	s.sound()
	asked := decode[struct{ Data []orders.RefundRequest }](s.call("staff", "GET", "/admin/refund-requests?state=waiting", "").want(200)).Data
	if len(asked) != 1 || asked[0].Amount != placed.Order.Items[0].Total {
		t.Fatalf("asked for %+v", asked)
	}
	s.call("staff", "POST", "/admin/refund-requests/"+asked[0].ID.String()+"/approve", "").want(200, `"approved"`)
	if o = s.view(placed); o.PaymentStatus != orders.PaymentPartiallyRefunded {
		t.Errorf("the order is %s", o.PaymentStatus)
	}
	s.sound()

	pot := s.sell(goods{price: 700}) // of what was given back before only the rest is asked for
	some := s.order("", s.fill("", 2, mug, pot), "stripe")
	s.pays(some)
	for _, l := range some.Order.Items {
		s.refund(some, units(l.ID, map[bool]int{true: 1, false: 2}[l.Variant == mug])).want(201)
	}
	s.comesBack("", s.ship(some)...)
	waiting := decode[struct{ Data []orders.RefundRequest }](s.call("staff", "GET", "/admin/refund-requests?state=waiting", "").want(200)).Data
	if len(waiting) != 1 || waiting[0].Amount != usd(1000) {
		t.Errorf("asked for %+v", waiting)
	}
	s.limits("0", "1000") // and who says that it came back is not the second person
	approve := "/admin/refund-requests/" + waiting[0].ID.String() + "/approve"
	s.call("staff", "POST", approve, "").want(409, "second_person_needed")
	s.call("staff", "POST", approve, "", "X-Staff-Other", id.New[id.User]().String()).want(200, `"approved"`)
	s.sound()
}

// Handed over and refused at once: one of them happens, and all of it.
func TestDeliveredAgainstRefused(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{stock: 100})
	for range 8 {
		placed := s.buy("", 1, mug)
		parcel := s.ship(placed)[0].ID
		results := race(
			func() error {
				return s.try(func(tx pgx.Tx) error {
					_, err := s.flow.Track(t.Context(), tx, parcel, shipping.Delivered, "")
					return err
				})
			},
			func() error {
				return s.try(func(tx pgx.Tx) error {
					_, err := s.flow.TakeBack(t.Context(), tx, parcel, "", true)
					return err
				})
			},
		)
		delivered, back := code(t, results[0]), code(t, results[1])
		o, due := s.show(placed), money.Zero("USD")
		switch {
		case delivered == "" && back == "shipment_status" && o.Status == orders.StatusDelivered && o.Payments[0].Captured == o.GrandTotal:
		case delivered == "shipment_status" && back == "" && o.Status == orders.StatusReturned && o.Payments[0].Captured == due:
		default:
			t.Errorf("delivered %q, taken back %q, order %s, paid %v", delivered, back, o.Status, o.Payments[0].Captured)
		}
	}
	s.sound()
}
