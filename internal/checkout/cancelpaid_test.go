package checkout_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/platform/pgtest"
	"souk/internal/pricing"
	"souk/internal/promotions"
	"souk/internal/shipping"
)

// transferred is an order whose money has come by bank transfer.
func (s *shop) transferred(who string, quantity int, variants ...id.Variant) checkout.Placed {
	s.t.Helper()
	placed := s.order(who, s.fill(who, quantity, variants...), "bank_transfer")
	s.call("staff", "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", "", "Idempotency-Key", placed.Order.Number).want(200, `"captured"`)
	return placed
}

// settleByHand does something about money that has to be sent back.
func (s *shop) settleByHand(p checkout.Placed, action string) {
	s.t.Helper()
	list := decode[struct {
		Data []struct {
			ID id.Exception `json:"id"`
		} `json:"data"`
	}](s.call("staff", "GET", "/admin/reconciliation?state=open&kind=refund_by_hand&order="+p.Order.ID.String(), "").want(200))
	if len(list.Data) != 1 {
		s.t.Fatalf("staff are shown %d sums to send back, want 1", len(list.Data))
	}
	fix := "/admin/reconciliation/" + list.Data[0].ID.String()
	s.call("staff", "POST", fix+"/fix", `{"action": "dismiss", "reason": "too much work"}`).want(409, "fix_not_possible")
	s.call("staff", "POST", fix+"/fix", `{"action": "`+action+`"}`).want(200, `"action":"`+action+`"`)
	s.call("staff", "POST", fix+"/fix", `{"action": "`+action+`"}`).want(200)
}

// Whoever cancels what they have paid has the money back the way that it came,
// whatever the shop has heard of it by then.
func TestAPaidOrderIsCancelled(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.paid()
		mug := placed.Order.Items[0].Variant
		first := decode[orders.View](o.call("", "POST", path(placed, "/cancel"), `{"reason": "changed my mind"}`).want(200, `"status":"cancelled"`))
		if first.PaymentStatus != orders.PaymentRefunded || len(first.Refunds) != 1 || first.Refunds[0].Amount != first.GrandTotal || first.Payments[0].Refunding != first.GrandTotal {
			o.t.Errorf("the order is %s, %+v, %+v", first.PaymentStatus, first.Refunds, first.Payments)
		}
		if o.left(mug) != 10 {
			o.t.Errorf("%d left, want 10", o.left(mug))
		}
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: -first.GrandTotal.Minor, {Kind: ledger.CommissionRevenue}: 0})
		again := decode[orders.View](o.call("", "POST", path(placed, "/cancel"), "").want(200))
		if again.Version != first.Version || len(again.Refunds) != 1 {
			o.t.Error("cancelling again did something")
		}
		o.sound()
		o.work()
		o.wantOrder(placed, orders.StatusCancelled, orders.PaymentRefunded)

		unheard := o.begun()
		o.pays(unheard, fakes.Pays)
		o.call("", "POST", path(unheard, "/cancel"), "").want(200, `"payment_status":"voided"`)
		o.work()
		o.wantOrder(unheard, orders.StatusCancelled, orders.PaymentVoided)
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0})
		o.wantExceptions()
		o.sound()
	})
}

// A payment that is heard of while its order is cancelled: whichever is first, the
// order is cancelled and the money goes back.
func TestSettleAgainstCancel(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	mug := s.sell(goods{stock: 100})
	for i := range 8 {
		placed := s.buyByCard(1, mug)
		results := race(
			func() error { return s.settle(fact(placed, payments.Capture, fmt.Sprint("evt", i))) },
			func() error {
				return s.try(func(tx pgx.Tx) error { _, err := s.flow.Cancel(t.Context(), tx, placed.Order.ID, "race"); return err })
			},
		)
		if err := errors.Join(results...); err != nil {
			t.Fatal(err)
		}
		o := s.show(placed)
		pay := o.Payments[0]
		refunded := o.PaymentStatus == orders.PaymentRefunded && pay.Refunding == pay.Captured && !pay.Owed
		late := o.PaymentStatus == orders.PaymentVoided && pay.Owed && o.Timeline[len(o.Timeline)-1].Event == "paid_late"
		if o.Status != orders.StatusCancelled || pay.Captured != o.GrandTotal || !refunded && !late {
			t.Errorf("the order is %s and %s: %+v", o.Status, o.PaymentStatus, pay)
		}
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: -8 * 1500})
	if got := s.left(mug); got != 100 {
		t.Errorf("%d left, want 100", got)
	}
	s.sound("B7")
}

// Of what has shipped in part only the rest goes back, with the shipping of the
// parts that do not come at all; gift cards and store credit have theirs first.
func TestThePaidRestIsCancelled(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.taxed(false, 77_770)
	s.promote(promotions.Promotion{Name: "A third", Status: promotions.Active, PlatformPPM: 500_000, Reward: pricing.Reward{Kind: pricing.PercentOff, PPM: 333_333}}, "")
	weaver, potter := s.vendor(), s.vendor()
	rug, pot := s.sell(goods{vendor: weaver, price: 333}), s.sell(goods{vendor: potter, price: 1001})
	u := s.customer()
	who := u.String()
	s.grant(u, usd(100))
	g := s.giftCard(usd(700))
	placed := s.order(who, s.useStoreCredit(who, s.payWith(who, s.fill(who, 3, rug, pot), g)), "stripe")
	due := placed.Order.GrandTotal.Minus(usd(800))
	if err := s.settle(payments.Fact{Payment: placed.Payment.ID, Kind: payments.Capture, Amount: due, Cause: "evt"}); err != nil {
		t.Fatal(err)
	}
	mine := placed.Order.Parts[0]
	if mine.Seller.ID != weaver {
		mine = placed.Order.Parts[1]
	}
	s.call(weaver.String(), "POST", "/vendor/orders/"+mine.ID.String()+"/shipments",
		fmt.Sprintf(`{"lines": [{"order_line_id": %q, "quantity": 1}]}`, mine.Items[0].ID)).want(201)
	o := decode[orders.View](s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", `{"reason": "sold out"}`).want(200))
	kept := mine.ShippingFee.Plus(mine.Items[0].Total).Minor // with its tax, less two units of three
	if o.Status != orders.StatusShipped || o.PaymentStatus != orders.PaymentPartiallyRefunded || len(o.Refunds) != 1 {
		t.Fatalf("the order is %s and %s with %d refunds", o.Status, o.PaymentStatus, len(o.Refunds))
	}
	back := o.Refunds[0].Amount
	if want := o.GrandTotal.Minor - kept; back.Minor <= want || back.Minor >= o.GrandTotal.Minor {
		t.Errorf("%v went back of %v", back, o.GrandTotal)
	}
	if s.storeCredit(u) != 100 || s.holds(g) != usd(700) || o.Payments[len(o.Payments)-1].Refunding != back.Minus(usd(800)) {
		t.Errorf("back: %d of store credit, %v on the card, %+v", s.storeCredit(u), s.holds(g), o.Payments)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.VendorPayable, Vendor: potter}: 0, {Kind: ledger.BuyerPayable}: 800 - back.Minor})
	s.sound()
	s.call(potter.String(), "GET", "/vendor/orders", "").want(200, `"earnings":{"amount":0,`, `"commission":{"amount":0,`)
	s.call(who, "POST", "/orders/"+placed.Order.ID.String()+"/cancel", "").want(409, "order_not_cancellable")
	s.refund(placed, `{"amount": {"amount": `+fmt.Sprint(o.GrandTotal.Minor-back.Minor)+`, "currency": "USD"}, "reason": "the rest"}`).want(201)
	if o := s.show(placed); o.PaymentStatus != orders.PaymentRefunded {
		t.Errorf("the order is %s", o.PaymentStatus)
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.VendorPayable, Vendor: weaver}: 0, {Kind: ledger.PromotionExpense}: 0, {Kind: ledger.TaxPayable}: 0})
	s.sound()
}

// What came back of a line and was given back is not what is cancelled of it: that
// is paid for, too.
func TestTheRestIsCancelledAfterAUnitCameBack(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	mug := s.sell(goods{stock: 100})
	for _, tc := range []struct {
		sent        int
		now, atLast orders.PartStatus
	}{{1, orders.PartReturned, orders.PartReturned}, {2, orders.PartShipped, orders.PartDelivered}} {
		placed := s.transferred("", tc.sent+1, mug)
		line := placed.Order.Items[0].ID
		var parcels []shipping.Shipment
		for range tc.sent {
			parcels = append(parcels, s.shipUnits(placed, 0, 1))
		}
		s.comesBack("", parcels[0])
		s.refund(placed, units(line, 1)).want(201)
		o := decode[orders.View](s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", "").want(200))
		if len(o.Refunds) != 2 || o.Refunds[1].Amount != usd(1000) || o.Parts[0].Status != tc.now {
			t.Errorf("the part is %s, %+v", o.Parts[0].Status, o.Refunds)
		}
		s.sound()
		s.deliver(parcels[1:]...)
		if o := s.show(placed); o.Parts[0].Status != tc.atLast {
			t.Errorf("the part is %s, want %s", o.Parts[0].Status, tc.atLast)
		}
		s.sound()
	}
}

// What only the platform pays for is taken back from its seller all the same.
func TestGivenAwayAndCancelled(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	weaver, potter := s.vendor(), s.vendor()
	rug, pot := s.sell(goods{vendor: weaver}), s.sell(goods{vendor: potter})
	s.promote(promotions.Promotion{
		Name: "A rug for nothing", Status: promotions.Active, PlatformPPM: 1_000_000, Reward: pricing.Reward{Kind: pricing.PercentOff, PPM: 1_000_000, Goods: pricing.Scope{Vendors: []id.Vendor{weaver}}},
	}, "")
	placed := s.transferred("", 1, rug, pot)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.PromotionExpense}: 1000})
	s.call("", "POST", path(placed, "/cancel"), "").want(200, `"payment_status":"refunded"`)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.PromotionExpense}: 0, {Kind: ledger.VendorPayable, Vendor: weaver}: 0, {Kind: ledger.CommissionRevenue}: 0})
	s.sound()
}

// Money that came by bank transfer is owed until staff have sent it, or have given
// it as store credit.
func TestACancelledBankTransferIsSentBack(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	mug := s.sell(goods{stock: 100})
	u := s.customer()
	clearing := ledger.AccountKey{Kind: ledger.Clearing, Party: "bank_transfer"}

	wired := s.transferred("", 1, mug)
	s.call("", "POST", path(wired, "/cancel"), "").want(200, `"payment_status":"refunded"`)
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: -1500, clearing: 1500})
	s.sound()
	s.settleByHand(wired, "by_hand")
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0, clearing: 0})
	s.sound()

	credited := s.transferred(u.String(), 1, mug)
	s.call(u.String(), "POST", "/orders/"+credited.Order.ID.String()+"/cancel", "").want(200)
	s.settleByHand(credited, "store_credit")
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0, clearing: 1500})
	if s.storeCredit(u) != 1500 {
		t.Errorf("%d of store credit", s.storeCredit(u))
	}
	s.sound()

	late := s.order("", s.fill("", 1, mug), "bank_transfer")
	s.call("", "POST", path(late, "/cancel"), "").want(200)
	s.call("staff", "POST", "/admin/payments/"+late.Payment.ID.String()+"/capture", "", "Idempotency-Key", "late").want(200, `"owed":true`)
	s.sound()
	s.settleByHand(late, "by_hand")
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: 0, clearing: 1500})
	if s.left(mug) != 100 {
		t.Errorf("%d left", s.left(mug))
	}
	s.sound()
}

// What a bank transfer brings beyond what is due, and one that comes a second time,
// is owed back, once for each line of the statement.
func TestWhatComesBeyondWhatIsDueIsSentBack(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	clearing, owed := ledger.AccountKey{Kind: ledger.Clearing, Party: "bank_transfer"}, ledger.AccountKey{Kind: ledger.BuyerPayable}
	key := 0
	came := func(p checkout.Placed, minor int, reference string) answer {
		key++
		return s.call("staff", "POST", "/admin/payments/"+p.Payment.ID.String()+"/capture",
			fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "reference": %q}`, minor, reference), "Idempotency-Key", fmt.Sprint(p.Order.Number, key))
	}
	placed := s.order("", s.fill("", 1, s.sell(goods{})), "bank_transfer") // 15.00
	came(placed, 1400, "day1/1").want(409, "payment_mismatch", `"due":{"amount":1500`)
	came(placed, 2000, "to Ann Buyer").want(422, "/reference")
	s.call("staff", "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", `{"reference": "day1/1"}`, "Idempotency-Key", placed.Order.Number).want(422, "/amount")
	came(placed, 2000, "day1/1").want(200, `"owed":true`, `"captured":{"amount":500`)
	came(placed, 2000, "day1/1").want(200)
	came(placed, 1999, "day1/1").want(409, "payment_mismatch")
	if o := s.show(placed); o.Status != orders.StatusConfirmed || o.PaymentStatus != orders.PaymentPaid || len(o.Payments) != 2 {
		t.Errorf("the order is %s and %s, with %d payments", o.Status, o.PaymentStatus, len(o.Payments))
	}
	s.books(map[ledger.AccountKey]int64{owed: -500, clearing: 2000})
	s.sound()
	s.settleByHand(placed, "by_hand")
	s.books(map[ledger.AccountKey]int64{owed: 0, clearing: 1500})
	s.sound()

	came(placed, 1500, "day2/7").want(200, `"owed":true`, `"captured":{"amount":1500`)
	came(placed, 1500, "day2/7").want(200)
	s.books(map[ledger.AccountKey]int64{owed: -1500, clearing: 3000})
	s.sound()
	s.settleByHand(placed, "by_hand")

	gone := s.order("", s.fill("", 1, s.sell(goods{})), "bank_transfer")
	s.call("", "POST", path(gone, "/cancel"), "").want(200)
	came(gone, 700, "day3/1").want(200, `"owed":true`) // too late, and not all of it
	s.sound()
	s.settleByHand(gone, "by_hand")
	s.books(map[ledger.AccountKey]int64{owed: 0, clearing: 1500})
	s.sound()
}

// What was handed over by link or code is not for its buyer to cancel; what still
// has to be sent is.
func TestWhatWasHandedOverIsNotCancelled(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	vendor := s.vendor()
	ebook := s.download(vendor, 900)
	alone := s.buyDigital(1, ebook)
	s.pays(alone)
	s.call("", "POST", path(alone, "/cancel"), "").want(409, `"code":"order_handed_over"`)

	both := s.order("", s.fill("", 1, ebook, s.sell(goods{vendor: vendor})), "stripe") // 9.00, 10.00 and 5.00
	s.pays(both)
	o := decode[orders.View](s.call("", "POST", path(both, "/cancel"), "").want(200))
	if o.Status != orders.StatusDelivered || len(o.Refunds) != 1 || o.Refunds[0].Amount != usd(1000) {
		t.Errorf("the order is %s, %+v", o.Status, o.Refunds)
	}
	s.call("", "POST", path(both, "/cancel"), "").want(409, `"code":"order_handed_over"`)
	if grants := s.grants(both); len(grants) != 1 || grants[0].RevokedAt != nil {
		t.Errorf("%+v", grants)
	}

	waiting := s.order("", s.fillDigital(1, s.sellCards(2500)), "stripe")
	if err := s.settle(fact(waiting, payments.Capture, "evt")); err != nil { // and nothing is handed over yet
		t.Fatal(err)
	}
	s.call("", "POST", path(waiting, "/cancel"), "").want(200, `"status":"cancelled"`)
	s.handOver()
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.GiftCardLiability}: 0})
	s.sound()
}

// Staff give back no more by cancelling than they may refund, and buyers cancel as
// long as the shop lets them.
func TestWhoMayCancelWhatIsPaid(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	mug := s.sell(goods{})
	placed := s.transferred("", 1, mug)
	cancel := func(headers ...string) answer {
		return s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/cancel", "", headers...)
	}
	s.limits("1000", "0")
	cancel("X-Stale", "yes").want(403, "step_up_required")
	s.limits("0", "1000")
	cancel().want(409, "refund_needs_approval")
	s.limits("0", "0")
	cancel("X-No-Refunds", "yes").want(403, "forbidden")
	s.sound()

	s.exec(`INSERT INTO settings (key, value) VALUES ('orders.cancel_hours', '24')`, nil)
	s.exec(`UPDATE orders SET placed_at = now() - interval '25 hours' WHERE id = @o`, pgx.NamedArgs{"o": placed.Order.ID})
	s.call("", "POST", path(placed, "/cancel"), "").want(409, "cancel_window_over", `"hours":24`)
	cancel().want(200, `"status":"cancelled"`)
	s.call("", "POST", path(placed, "/cancel"), "").want(200)

	disputed := s.buyByCard(1, mug)
	for _, kind := range []payments.Kind{payments.Capture, payments.Chargeback} {
		if err := s.settle(fact(disputed, kind, "evt")); err != nil {
			t.Fatal(err)
		}
	}
	s.call("", "POST", path(disputed, "/cancel"), "").want(409, "payment_disputed")
	s.sound()
}

// Property 4: any sequence of parcels, refunds and cancellations gives back no
// more than was paid, and whatever is cancelled whole ends at nothing.
func TestAnySequenceOfCancellationsAndRefunds(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t))
	s.takesTransfers()
	s.taxed(false, 123_457)
	s.promote(promotions.Promotion{Name: "A third", Status: promotions.Active, PlatformPPM: 333_333, Reward: pricing.Reward{Kind: pricing.PercentOff, PPM: 333_333}}, "")
	vendors := []id.Vendor{s.vendor(), s.vendor()}
	variants := []id.Variant{
		s.sell(goods{vendor: vendors[0], price: 333, stock: 1000}), s.sell(goods{vendor: vendors[0], price: 1, stock: 1000}),
		s.sell(goods{vendor: vendors[1], price: 9999, stock: 1000}), s.sell(goods{vendor: vendors[1], price: 50, untracked: true}),
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	tries := func(p checkout.Placed, body string) {
		t.Helper()
		if a := s.refund(p, body); !slices.Contains([]int{201, 409, 422}, a.Code) {
			t.Fatalf("a refund answers %d: %s", a.Code, a.Body)
		}
	}
	cancelled := 0
	for range 12 {
		u := s.customer()
		who := u.String()
		s.grant(u, usd(1+dice.Int64N(2000)))
		c := s.useStoreCredit(who, s.payWith(who, s.fill(who, 1+dice.IntN(4), variants...), s.giftCard(usd(1+dice.Int64N(5000)))))
		method := "bank_transfer"
		if c.Due.IsZero() {
			method = "free"
		}
		placed := s.order(who, c, method)
		if method == "bank_transfer" && dice.IntN(4) > 0 {
			s.call("staff", "POST", "/admin/payments/"+placed.Payment.ID.String()+"/capture", "", "Idempotency-Key", placed.Order.Number).want(200)
		}
		for range dice.IntN(6) {
			line := placed.Order.Items[dice.IntN(len(placed.Order.Items))].ID
			switch dice.IntN(6) {
			case 0:
				tries(placed, units(line, 1+dice.IntN(3)))
			case 1:
				tries(placed, fmt.Sprintf(`{"amount": {"amount": %d, "currency": "USD"}, "reason": "dice"}`, 1+dice.IntN(500)))
			case 2:
				tries(placed, `{"shipping": true, "reason": "dice"}`)
			default:
				if err := s.try(func(tx pgx.Tx) error { return s.command(tx, dice, placed) }); err != nil && errs.KindOf(err) == 0 {
					t.Fatal(err)
				}
			}
		}
		if a := s.call(who, "POST", "/orders/"+placed.Order.ID.String()+"/cancel", ""); a.Code != 200 && a.Code != 409 {
			t.Fatalf("cancelling answers %d: %s", a.Code, a.Body)
		}
		o := s.show(placed)
		back, kept := usd(0), usd(0)
		for _, r := range o.Refunds {
			back = back.Plus(r.Amount)
		}
		for _, p := range o.Payments {
			kept = kept.Plus(p.Captured).Minus(p.Refunded).Minus(p.Refunding)
		}
		if back.Minor > o.GrandTotal.Minor {
			t.Errorf("%v went back of %v", back, o.GrandTotal)
		}
		if o.Status == orders.StatusCancelled {
			cancelled++
			if !kept.IsZero() {
				t.Errorf("%v is kept of a cancelled order", kept)
			}
			if o.PaymentStatus == orders.PaymentPaid || o.PaymentStatus == orders.PaymentPartiallyRefunded {
				t.Errorf("a cancelled order is %s", o.PaymentStatus)
			}
		}
	}
	if cancelled == 0 {
		t.Error("nothing was cancelled whole")
	}
	s.sound()
}
