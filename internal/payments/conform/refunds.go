package conform

import (
	"testing"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

func refunds(t *testing.T, b Bench) {
	v := paid(t, b)
	third := money.Of(v.amount.Minor/3, v.amount.Currency)
	for i := range 2 {
		key := []string{"first ", "second "}[i] + v.id.String()
		for range 2 { // the same key again is the same refund
			f, err := b.Provider.Refund(t.Context(), v.move(third, key))
			if err != nil || f.Kind != payments.Refund || f.Amount != third || f.Cause == "" {
				t.Fatalf("gave back %+v, %v", f, err)
			}
		}
		if n := v.booked(payments.Refund); n != i+1 {
			t.Errorf("given back %d times, want %d", n, i+1)
		}
	}
	if _, err := b.Provider.Refund(t.Context(), v.move(v.amount, "too much "+v.id.String())); !refused(err) {
		t.Errorf("more than is left: %v, want a refusal", err)
	}
	v.wantSums(v.look(), sums{payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor, payments.Refund: 2 * third.Minor})
}

func refundFaults(t *testing.T, b Bench) {
	for _, fault := range []fakes.Fault{fakes.ServerError, fakes.Reset, fakes.Down} {
		v := paid(t, b)
		move := v.move(v.amount, "refund "+string(fault)+v.id.String())
		b.Faults.Plan("refund", fault)
		if _, err := b.Provider.Refund(t.Context(), move); err == nil || refused(err) {
			t.Errorf("%s: %v, want an unknown outcome", fault, err)
		}
		f, err := b.Provider.Refund(t.Context(), move)
		if err != nil || f.Amount != v.amount {
			t.Errorf("%s, again: %+v, %v", fault, f, err)
		}
		if n := v.booked(payments.Refund); n != 1 {
			t.Errorf("%s: given back %d times", fault, n)
		}
		if got := cause(v.look(), payments.Refund); got != f.Cause {
			t.Errorf("%s: given back as %s, and the provider says %s", fault, f.Cause, got)
		}
	}
}

func refundFailed(t *testing.T, b Bench) {
	v := paid(t, b)
	f, err := b.Provider.Refund(t.Context(), v.move(v.amount, "refund "+v.id.String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Server.FailRefunds(t.Context(), v.id); err != nil {
		t.Fatal(err)
	}
	r := v.look()
	v.wantSums(r, sums{
		payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor, payments.Refund: v.amount.Minor, payments.RefundFailed: v.amount.Minor,
	})
	if got := cause(r, payments.RefundFailed); got != f.Cause {
		t.Errorf("%s came back, want %s", got, f.Cause)
	}
}

func refundOutside(t *testing.T, b Bench) {
	v := paid(t, b)
	half := money.Of(v.amount.Minor/2, v.amount.Currency)
	if err := b.Server.RefundHere(t.Context(), v.id, half); err != nil {
		t.Fatal(err)
	}
	v.wantSums(v.look(), sums{payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor, payments.Refund: half.Minor})
}
