package conform

import (
	"testing"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

func captureFaults(t *testing.T, b Bench) {
	for _, fault := range []fakes.Fault{fakes.ServerError, fakes.Reset, fakes.Down} {
		b.Capture(payments.CaptureOnShipment)
		v := beginWith(t, b, b.Amounts[0], payments.CaptureOnShipment)
		v.pay(fakes.Pays)
		move := v.move(v.amount, "capture "+string(fault)+v.id.String())
		b.Faults.Plan("capture", fault)
		if _, err := b.Provider.Capture(t.Context(), move); err == nil || refused(err) {
			t.Errorf("%s: %v, want an unknown outcome", fault, err)
		}
		f, err := b.Provider.Capture(t.Context(), move)
		if err != nil || f.Amount != v.amount {
			t.Errorf("%s, again: %+v, %v", fault, f, err)
		}
		if n := v.booked(payments.Capture); n != 1 {
			t.Errorf("%s: captured %d times", fault, n)
		}
	}
}

func onShipment(t *testing.T, b Bench) {
	b.Capture(payments.CaptureOnShipment)
	v := beginWith(t, b, b.Amounts[0], payments.CaptureOnShipment)
	v.pay(fakes.Pays)
	r := v.look()
	if cause(r, payments.Capture) != "" || v.booked(payments.Capture) != 0 {
		t.Fatalf("it was taken at once: %+v", r)
	}
	f, err := b.Provider.Capture(t.Context(), v.move(v.amount, "shipped "+v.id.String()))
	if err != nil || f.Kind != payments.Capture || f.Amount != v.amount {
		t.Fatalf("captured %+v, %v", f, err)
	}
	after := v.look()
	v.wantSums(after, sums{payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor})
	if f.Cause != cause(after, payments.Capture) {
		t.Errorf("captured %s, and the provider says %s", f.Cause, cause(after, payments.Capture))
	}
}

// promised is a payment of which nothing was taken yet, and half of it.
func promised(t *testing.T, b Bench) (*visit, money.Amount) {
	t.Helper()
	b.Capture(payments.CaptureOnShipment)
	v := beginWith(t, b, b.Amounts[0], payments.CaptureOnShipment)
	v.pay(fakes.Pays)
	return v, money.Of(v.amount.Minor/2, v.amount.Currency)
}

// A part is all that is taken: what is left is given up with it.
func partial(t *testing.T, b Bench) {
	v, half := promised(t, b)
	f, err := b.Provider.Capture(t.Context(), v.move(half, "half "+v.id.String()))
	if b.Provider.Captures() == payments.CapturesWhole {
		if !refused(err) {
			t.Errorf("a part: %+v, %v, want a refusal", f, err)
		}
		return
	}
	if err != nil || f.Amount != half {
		t.Fatalf("captured %+v, %v", f, err)
	}
	r := v.look()
	if got := cause(r, payments.Capture); got != f.Cause || r.Approved {
		t.Errorf("captured %s, and the provider says %+v", f.Cause, r)
	}
	v.wantSums(r, sums{payments.Authorize: v.amount.Minor, payments.Capture: half.Minor, payments.Void: v.amount.Minor - half.Minor})
	if n := v.booked(payments.Capture); n != 1 || b.Server.Books().Of(v.id)[0].Amount != half {
		t.Errorf("the provider has %+v", b.Server.Books().Of(v.id))
	}
}

// A part is taken and the rest later, if the provider says that it can.
func several(t *testing.T, b Bench) {
	v, half := promised(t, b)
	first := v.move(half, "first "+v.id.String())
	first.All = false
	f, err := b.Provider.Capture(t.Context(), first)
	if b.Provider.Captures() != payments.CapturesSeveral {
		if !refused(err) || v.booked(payments.Capture) != 0 {
			t.Errorf("a part of several: %+v, %v, want a refusal", f, err)
		}
		return
	}
	if err != nil || f.Amount != half {
		t.Fatalf("captured %+v, %v", f, err)
	}
	again, err := b.Provider.Capture(t.Context(), first)
	if err != nil || again != f {
		t.Errorf("captured %+v, and with the same key %+v, %v", f, again, err)
	}
	r := v.look()
	if !r.Approved {
		t.Errorf("nothing more can be taken: %+v", r)
	}
	v.wantSums(r, sums{payments.Authorize: v.amount.Minor, payments.Capture: half.Minor})
	if f, err := b.Provider.Capture(t.Context(), v.move(v.amount, "too much "+v.id.String())); !refused(err) {
		t.Errorf("more than is left: %+v, %v, want a refusal", f, err)
	}
	quarter := money.Of(half.Minor/2, half.Currency)
	last, err := b.Provider.Capture(t.Context(), v.move(quarter, "last "+v.id.String()))
	if err != nil || last.Amount != quarter || last.Cause == f.Cause {
		t.Fatalf("captured %+v, %v", last, err)
	}
	r = v.look()
	taken := half.Minor + quarter.Minor
	v.wantSums(r, sums{payments.Authorize: v.amount.Minor, payments.Capture: taken, payments.Void: v.amount.Minor - taken})
	if n := v.booked(payments.Capture); n != 2 || r.Approved {
		t.Errorf("captured %d times, and the provider says %+v", n, r)
	}
	giveUp, half := promised(t, b)
	first = giveUp.move(half, "first "+giveUp.id.String())
	first.All = false
	if _, err := b.Provider.Capture(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	void, err := b.Provider.Void(t.Context(), giveUp.move(giveUp.amount.Minus(half), "void "+giveUp.id.String()))
	if err != nil || void.Amount != giveUp.amount.Minus(half) {
		t.Errorf("gave up %+v, %v", void, err)
	}
	giveUp.wantSums(giveUp.look(), sums{payments.Authorize: giveUp.amount.Minor, payments.Capture: half.Minor, payments.Void: giveUp.amount.Minor - half.Minor})
}
