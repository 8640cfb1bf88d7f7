package checkout_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
)

// buyByCard places an order that waits for its payment.
func (s *shop) buyByCard(quantity int, variants ...id.Variant) checkout.Placed {
	s.t.Helper()
	return decode[checkout.Placed](s.checkout("", s.fill("", quantity, variants...), "stripe").want(201))
}

func (s *shop) settle(f payments.Fact) error {
	s.t.Helper()
	return s.try(func(tx pgx.Tx) error {
		_, err := s.flow.Settle(s.t.Context(), tx, f)
		return err
	})
}

func fact(p checkout.Placed, kind payments.Kind, cause string) payments.Fact {
	f := payments.Fact{Payment: p.Payment.ID, Kind: kind, Amount: p.Order.GrandTotal, Cause: cause}
	if kind == payments.Fail {
		f.Amount = money.Zero(f.Amount.Currency)
	}
	return f
}

// lapse lets the holds of an order run out.
func (s *shop) lapse(p checkout.Placed) {
	s.t.Helper()
	args := pgx.NamedArgs{"order": p.Order.ID}
	s.exec(`UPDATE orders SET expires_at = now() - interval '1 minute' WHERE id = @order`, args)
	s.exec(`UPDATE reservations SET expires_at = now() - interval '1 minute' WHERE order_id = @order AND state = 'held'`, args)
}

func TestAnUnpaidOrderHoldsItsStock(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	placed := s.buyByCard(3, mug)
	if o := placed.Order; o.Status != orders.StatusPending || o.PaymentStatus != orders.PaymentPending || o.ExpiresAt == nil || o.Parts[0].Status != orders.PartPending {
		t.Errorf("order is %s and %s until %v, its part %s", o.Status, o.PaymentStatus, o.ExpiresAt, o.Parts[0].Status)
	}
	if n := s.count(`SELECT reserved FROM stock_levels WHERE variant_id = @v`, pgx.NamedArgs{"v": mug}); n != 3 {
		t.Errorf("%d reserved, want 3", n)
	}
	s.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/shipments", "").want(409, `"code":"order_not_shippable"`)
	s.sound()
}

// R9: whatever order the facts come in, and however often, it is one paid order.
func TestR9FactsInAnyOrderAndTwice(t *testing.T) {
	t.Parallel()
	kinds := []payments.Kind{payments.Authorize, payments.Capture, payments.Fail}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}, {1, 1, 0, 0}, {0, 0, 1, 1}, {1}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.taxed(true, 190_000)
			mug := s.sell(goods{})
			placed := s.buyByCard(3, mug, s.sell(goods{}))
			for _, k := range order {
				if err := s.settle(fact(placed, kinds[k], "evt_"+string(kinds[k]))); err != nil {
					t.Fatalf("%s: %v", kinds[k], err)
				}
			}
			o := s.show(placed)
			if o.Status != orders.StatusConfirmed || o.PaymentStatus != orders.PaymentPaid || o.ExpiresAt != nil {
				t.Errorf("order is %s and %s until %v", o.Status, o.PaymentStatus, o.ExpiresAt)
			}
			if p := o.Payments[0]; p.Status != payments.Captured || p.Captured != o.GrandTotal || p.Authorized != o.GrandTotal {
				t.Errorf("payment %+v", p)
			}
			s.books(map[ledger.AccountKey]int64{{Kind: ledger.Clearing, Party: "stripe"}: o.GrandTotal.Minor})
			s.sound()
			// It was paid before, so delivering takes nothing.
			s.deliver(s.ship(placed)...)
			if o := s.show(placed); o.Status != orders.StatusDelivered || o.Payments[0].Captured != o.GrandTotal {
				t.Errorf("delivered order is %s, captured %v", o.Status, o.Payments[0].Captured)
			}
			s.sound()
		})
	}
}

// R31: a genuine fact of another amount or currency changes nothing.
func TestR31AFactThatDoesNotFitChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	placed := s.buyByCard(1, s.sell(goods{}))
	total := placed.Order.GrandTotal
	for name, f := range map[string]payments.Fact{
		"less":             {Payment: placed.Payment.ID, Kind: payments.Capture, Amount: money.Of(total.Minor-1, total.Currency), Cause: "a"},
		"more":             {Payment: placed.Payment.ID, Kind: payments.Capture, Amount: money.Of(total.Minor+1, total.Currency), Cause: "a"},
		"less promised":    {Payment: placed.Payment.ID, Kind: payments.Authorize, Amount: money.Of(1, total.Currency), Cause: "a"},
		"another currency": {Payment: placed.Payment.ID, Kind: payments.Capture, Amount: money.Of(total.Minor, "EUR"), Cause: "a"},
	} {
		if err := s.settle(f); !errors.Is(err, payments.ErrMismatch) {
			t.Errorf("%s: %v, want ErrMismatch", name, err)
		}
	}
	if err := s.settle(payments.Fact{Payment: id.New[id.Payment](), Kind: payments.Capture, Amount: total, Cause: "a"}); !errors.Is(err, payments.ErrNoPayment) {
		t.Errorf("another payment: %v, want ErrNoPayment", err)
	}
	if o := s.show(placed); o.Status != orders.StatusPending || o.Version != 0 && len(o.Timeline) != 1 || !o.Payments[0].Authorized.IsZero() {
		t.Errorf("order is %s with %d steps, payment %+v", o.Status, len(o.Timeline), o.Payments[0])
	}
	s.sound()
}

func TestExpireGivesTheStockBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{stock: 20})
	var lapsed []checkout.Placed
	for range 3 {
		p := s.buyByCard(2, mug)
		s.lapse(p)
		lapsed = append(lapsed, p)
	}
	waiting, cash := s.buyByCard(2, mug), s.buy("", 2, mug)
	if got := s.left(mug); got != 10 {
		t.Fatalf("%d left", got)
	}
	for i, want := range []int{3, 0} {
		n, err := s.flow.Expire(t.Context())
		if err != nil || n != want {
			t.Fatalf("sweep %d let %d go, %v; want %d", i, n, err, want)
		}
	}
	if got := s.left(mug); got != 16 {
		t.Errorf("%d left, want 16", got)
	}
	for _, p := range lapsed {
		o := s.show(p)
		if o.Status != orders.StatusCancelled || o.PaymentStatus != orders.PaymentVoided || o.Payments[0].Status != payments.Voided || o.CancelReason == "" {
			t.Errorf("lapsed order is %s and %s, payment %s", o.Status, o.PaymentStatus, o.Payments[0].Status)
		}
		if last := o.Timeline[len(o.Timeline)-1]; last.Event != "cancelled" || last.Actor != "system:expire" {
			t.Errorf("last step %+v", last)
		}
	}
	if o := s.show(waiting); o.Status != orders.StatusPending {
		t.Errorf("waiting order is %s", o.Status)
	}
	if o := s.show(cash); o.Status != orders.StatusConfirmed {
		t.Errorf("cash order is %s", o.Status)
	}
	s.sound()
}

// An order whose provider has been taken out of the shop must not keep its
// stock, nor that of the others in its batch.
func TestExpireWhereTheProviderIsGone(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{stock: 20})
	for range 2 {
		s.lapse(s.buyByCard(2, mug))
	}
	s.flow.Payments = &payments.Payments{DB: s.flow.Payments.DB}
	if n, err := s.flow.Expire(t.Context()); err != nil || n != 2 {
		t.Errorf("%d let go, %v; want 2", n, err)
	}
	if got := s.left(mug); got != 20 {
		t.Errorf("%d left, want 20", got)
	}
	s.sound()
}

func TestCancelWhileWaitingForThePayment(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	placed := s.buyByCard(2, mug)
	s.call("", "POST", path(placed, "/cancel"), "").want(200, `"status":"cancelled"`, `"status":"voided"`)
	if s.left(mug) != 10 {
		t.Errorf("%d left", s.left(mug))
	}
	s.sound()
}

// Money that comes too late is in the books as owed back, and the checker says
// that it rests on a dead order until it is.
func TestMoneyForADeadOrderIsOwedBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	mug := s.sell(goods{})
	placed := s.buyByCard(2, mug)
	s.lapse(placed)
	if _, err := s.flow.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.sound()
	for range 2 {
		if err := s.settle(fact(placed, payments.Capture, "evt")); err != nil {
			t.Fatal(err)
		}
	}
	o := s.show(placed)
	if o.Status != orders.StatusCancelled || o.Timeline[len(o.Timeline)-1].Event != "paid_late" || len(o.Timeline) != 3 {
		t.Errorf("order is %s after %+v", o.Status, o.Timeline)
	}
	if s.left(mug) != 10 {
		t.Errorf("%d left", s.left(mug))
	}
	s.books(map[ledger.AccountKey]int64{{Kind: ledger.BuyerPayable}: -o.GrandTotal.Minor})
	s.sound("B7")
}

// The second beat: the provider is asked without a transaction, as often as
// need be, and its name for the payment is kept.
func TestPayAsksTheProvider(t *testing.T) {
	t.Parallel()
	s := open(t)
	placed := s.buyByCard(1, s.sell(goods{}))
	for range 2 {
		got, err := s.flow.Pay(t.Context(), placed.Order.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != placed.Payment.ID || got.Status != payments.Processing || got.Next == nil || got.Next.URL != "https://pay.example/"+placed.Order.Number {
			t.Errorf("payment %+v", got)
		}
	}
	if p := s.show(placed).Payments[0]; p.ProviderRef != "ref of "+placed.Payment.ID.String() {
		t.Errorf("the provider knows it as %q", p.ProviderRef)
	}
	err := s.try(func(tx pgx.Tx) error { return payments.Started(t.Context(), tx, placed.Payment.ID, "another") })
	if !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("another name: %v, want ErrMismatch", err)
	}
	cash := s.buy("", 1, s.sell(goods{}))
	if got, err := s.flow.Pay(t.Context(), cash.Order.ID); err != nil || got.Next != nil || got.Status != payments.Authorized {
		t.Errorf("cash: %+v, %v", got, err)
	}
	s.sound()
}
