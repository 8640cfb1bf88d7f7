package conform

import (
	"errors"
	"slices"
	"testing"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// R17: whatever the decimals of the currency, what arrives is what was asked for.
func amounts(t *testing.T, b Bench) {
	for _, amount := range b.Amounts {
		v := beginWith(t, b, amount, payments.CaptureAutomatic)
		v.pay(fakes.Pays)
		r := v.take()
		at := slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture })
		if at < 0 || r.Facts[at].Amount != amount {
			t.Errorf("of %s arrived %+v", amount, r.Facts)
		}
		entries := b.Server.Books().Of(v.id)
		if len(entries) != 1 || entries[0].Amount != amount {
			t.Errorf("of %s the provider has %+v", amount, entries)
		}
	}
}

// Bad input 62.
func impossible(t *testing.T, b Bench) {
	if len(b.Impossible) == 0 {
		t.Fatal("name an amount that this provider cannot take")
	}
	for _, amount := range b.Impossible {
		v := &visit{T: t, Bench: b, id: id.New[id.Payment](), amount: amount}
		b.Faults.Plan("start", fakes.Timeout) // who is asked does not answer
		if _, err := b.Provider.Start(t.Context(), v.start()); !refused(err) {
			t.Errorf("%s: %v, want a refusal", amount, err)
		}
	}
}

func begunTwice(t *testing.T, b Bench) {
	for _, fault := range []fakes.Fault{fakes.None, fakes.ServerError, fakes.Reset, fakes.Down} {
		v := &visit{T: t, Bench: b, id: id.New[id.Payment](), amount: b.Amounts[0], when: payments.CaptureAutomatic}
		b.Faults.Plan("start", fault)
		first, err := b.Provider.Start(t.Context(), v.start())
		if (err != nil) != (fault != fakes.None) || refused(err) {
			t.Fatalf("%s: %v, want an unknown outcome", fault, err)
		}
		again, err := b.Provider.Start(t.Context(), v.start())
		if err != nil {
			t.Fatalf("%s, again: %v", fault, err)
		}
		if fault == fakes.None && again.Ref != first.Ref {
			t.Errorf("begun as %s and as %s", first.Ref, again.Ref)
		}
		v.ref = again.Ref
		v.pay(fakes.Pays)
		v.take()
		if n := v.booked(payments.Capture); n != 1 {
			t.Errorf("%s: paid %d times", fault, n)
		}
	}
}

func unpaid(t *testing.T, b Bench) {
	v := begin(t, b)
	for range 2 {
		if r := v.look(); !r.Open || r.Approved || len(r.Facts) != 0 {
			t.Errorf("before anybody pays it is %+v", r)
		}
	}
	v.pay(fakes.Abandons)
	if r := v.look(); r.Approved || len(r.Facts) != 0 {
		t.Errorf("of who has gone away it is %+v", r)
	}
}

func declined(t *testing.T, b Bench) {
	v := begin(t, b)
	v.pay(fakes.Declined)
	if r := v.look(); !r.Open || r.Approved || slices.ContainsFunc(r.Facts, func(f payments.Fact) bool { return f.Kind != payments.Fail }) {
		t.Errorf("after a decline it is %+v", r)
	}
	v.pay(fakes.Pays)
	v.wantSums(v.take(), sums{payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor})
}

func later(t *testing.T, b Bench) {
	v := begin(t, b)
	v.pay(fakes.PaysLater)
	if r := v.look(); slices.ContainsFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture }) {
		t.Errorf("before the bank has paid it is %+v", r)
	}
	b.Clock.Advance(72 * time.Hour)
	if err := b.Server.Late(t.Context(), v.id); err != nil {
		t.Fatal(err)
	}
	v.wantSums(v.take(), sums{payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor})
}

func closed(t *testing.T, b Bench) {
	v := begin(t, b)
	if _, err := b.Provider.Void(t.Context(), v.move(money.Zero(v.amount.Currency), "void")); err != nil {
		t.Fatalf("close: %v", err)
	}
	if b.Closes {
		if r := v.look(); r.Open || r.Approved {
			t.Errorf("after it was closed it is %+v", r)
		}
		if err := b.Server.Pay(t.Context(), v.id, fakes.Pays); err == nil {
			t.Error("somebody could pay what was closed")
		}
	}
	done := paid(t, b)
	if _, err := b.Provider.Void(t.Context(), done.move(money.Zero(v.amount.Currency), "void 2")); b.Closes && !refused(err) {
		t.Errorf("closing what is paid: %v, want a refusal", err)
	}
}

func returned(t *testing.T, b Bench) {
	mine, other := paid(t, b), paid(t, b)
	values := func(v *visit) map[string][]string {
		all := map[string][]string{}
		for name, value := range b.Server.Return(v.id) {
			all[name] = []string{value}
		}
		return all
	}
	if err := b.Provider.Returned(t.Context(), mine.known(), values(mine)); err != nil {
		t.Errorf("what the provider gave: %v", err)
	}
	if err := b.Provider.Returned(t.Context(), mine.known(), values(other)); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("what it gave for another payment: %v, want ErrNotice", err)
	}
	if err := b.Provider.Returned(t.Context(), mine.known(), nil); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("nothing: %v, want ErrNotice", err)
	}
}
