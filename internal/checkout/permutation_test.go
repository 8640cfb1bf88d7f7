package checkout_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"souk/internal/checkout"
	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
)

// history is facts of one payment as the world made them, in their order.
func history(p checkout.Placed) []payments.Fact {
	of := func(kind payments.Kind, minor int64, cause string) payments.Fact {
		return payments.Fact{Payment: p.Payment.ID, Kind: kind, Amount: money.Of(minor, p.Order.Currency), Cause: cause}
	}
	total := p.Order.GrandTotal.Minor
	declined := of(payments.Fail, 0, "declined")
	declined.Again = true
	return []payments.Fact{
		declined, of(payments.Authorize, total, "ch_1"), of(payments.Capture, total, "ch_1"), of(payments.Refund, 1000, "re_1"), of(payments.Chargeback, 500, "dp_1"),
		of(payments.ChargebackReversed, 500, "dp_1"), of(payments.Fee, 100, "ch_1"), of(payments.RefundFailed, 1000, "re_1"),
	}
}

// tell settles facts in an order, each twice, and those that came too early again
// when others have come.
func (s *shop) tell(facts []payments.Fact) {
	s.t.Helper()
	for len(facts) > 0 {
		var (
			early []payments.Fact
			last  error
		)
		for _, f := range facts {
			for range 2 {
				err := s.settle(f)
				var no *errs.Error
				if errors.As(err, &no) {
					last = fmt.Errorf("%s: %w, %v", f.Kind, err, no.Extra)
					early = append(early, f)
					break
				}
				if err != nil {
					s.t.Fatalf("%s: %v", f.Kind, err)
				}
			}
		}
		if len(early) == len(facts) {
			s.t.Fatalf("nobody takes %+v: %v", early, last)
		}
		facts = early
	}
}

// end is what has become of an order, whatever its facts came in.
func (s *shop) end(p checkout.Placed) string {
	s.t.Helper()
	o := s.show(p)
	pay := o.Payments[0]
	return fmt.Sprint(o.Status, " ", o.PaymentStatus, " ", pay.Status, " ", pay.Authorized, pay.Captured, pay.Voided, pay.Refunded)
}

// Every order of {failed, authorised, captured, refunded, disputed} ends in one
// state.
func TestFactsEndTheSameInEveryOrder(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // accounts of the books that come into being here would make other tests wait
	mug := s.sell(goods{stock: 1000})
	want := ""
	permute(5, func(order []int) {
		placed := s.buyByCard(3, mug)
		var facts []payments.Fact
		for _, i := range order {
			facts = append(facts, history(placed)[i])
		}
		s.tell(facts)
		got := s.end(placed)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%v ends as %s, and others as %s", order, got, want)
		}
	})
	if o := string(orders.StatusConfirmed) + " " + string(orders.PaymentPaid); len(want) < len(o) || want[:len(o)] != o {
		t.Errorf("they end as %s", want)
	}
	s.sound()
}

// So do those of which disputes were won, refunds came back and fees were kept.
func TestLongHistoriesEndTheSame(t *testing.T) {
	t.Parallel()
	s := openOn(t, pgtest.DB(t)) // accounts of the books that come into being here would make other tests wait
	mug := s.sell(goods{stock: 1000})
	want := ""
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // it repeats
	for range 60 {
		placed := s.buyByCard(3, mug)
		facts := history(placed)
		random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		s.tell(facts)
		got := s.end(placed)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%v ends as %s, and others as %s", facts, got, want)
		}
	}
	s.sound()
}

// permute calls do with every order of the numbers below n.
func permute(n int, do func([]int)) {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	var turn func(int)
	turn = func(k int) {
		if k == n {
			do(list)
			return
		}
		for i := k; i < n; i++ {
			list[k], list[i] = list[i], list[k]
			turn(k + 1)
			list[k], list[i] = list[i], list[k]
		}
	}
	turn(0)
}
