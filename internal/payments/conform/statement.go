package conform

import (
	"slices"
	"testing"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

func statement(t *testing.T, b Bench) {
	from := b.Clock.Now().Add(-time.Minute)
	v, w := paid(t, b), paid(t, b)
	b.Clock.Advance(time.Second)
	if _, err := b.Provider.Refund(t.Context(), w.move(w.amount, "refund "+w.id.String())); err != nil {
		t.Fatal(err)
	}
	list, err := b.Provider.Statement(t.Context(), from, b.Clock.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	sum := money.Zero(v.amount.Currency)
	for _, m := range list {
		sum = sum.Plus(m.Amount).Minus(m.Fee)
	}
	if want := b.Server.Books().Balance(v.amount.Currency); sum != want {
		t.Errorf("the statement comes to %s, and the books to %s: %+v", sum, want, list)
	}
	for _, want := range []struct {
		kind payments.Kind
		v    *visit
	}{{payments.Capture, v}, {payments.Capture, w}, {payments.Refund, w}} {
		r := want.v.look()
		names := append(slices.Clone(r.Refs), want.v.ref)
		if !slices.ContainsFunc(list, func(m payments.Movement) bool {
			return m.Kind == want.kind && m.Ref == cause(r, want.kind) && slices.Contains(names, m.Payment)
		}) {
			t.Errorf("no %s of %v by the name %s: %+v", want.kind, names, cause(r, want.kind), list)
		}
	}
	none, err := b.Provider.Statement(t.Context(), from.Add(-48*time.Hour), from.Add(-24*time.Hour))
	if err != nil || len(none) != 0 {
		t.Errorf("of other days: %+v, %v", none, err)
	}
}
