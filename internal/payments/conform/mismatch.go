package conform

import (
	"errors"
	"slices"
	"testing"

	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

func wrong(t *testing.T, b Bench) {
	v := begin(t, b)
	v.pay(fakes.WrongAmount)
	r := v.takeUnchecked()
	at := slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture || f.Kind == payments.Authorize })
	if at < 0 || r.Facts[at].Amount == v.amount {
		t.Errorf("a wrong amount is told as %+v", r.Facts)
	}
	v = begin(t, b)
	v.pay(fakes.WrongCurrency)
	r = v.takeUnchecked()
	at = slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture || f.Kind == payments.Authorize })
	if at < 0 || r.Facts[at].Amount.Currency == v.amount.Currency {
		t.Errorf("a wrong currency is told as %+v", r.Facts)
	}
}

// takeUnchecked is take of a payment that need not be as it should.
func (v *visit) takeUnchecked() payments.Report {
	v.Helper()
	if r := v.look(); !r.Approved {
		return r
	}
	if _, err := v.Provider.Capture(v.Context(), v.move(v.amount, "capture of "+v.id.String())); err != nil {
		v.Logf("capture: %v", err)
	}
	return v.look()
}

func mismatch(t *testing.T, b Bench) {
	v := paid(t, b)
	known := v.known()
	known.Payment = id.New[id.Payment]()
	if _, err := b.Provider.Look(t.Context(), known); !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("a payment of another order: %v, want ErrMismatch", err)
	}
	known = v.known()
	known.Ref += "x"
	if _, err := b.Provider.Look(t.Context(), known); !errors.Is(err, payments.ErrMismatch) {
		t.Errorf("a payment that is not in our account: %v, want ErrMismatch", err)
	}
}
