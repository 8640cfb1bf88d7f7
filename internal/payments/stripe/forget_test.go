package stripe

import (
	"testing"

	"souk/internal/money"
	"souk/internal/payments/fakes"
)

// What is forgotten can be charged no more; who is told twice, or of what is not
// there, has forgotten it.
func TestWhatIsForgottenIsChargedNoMore(t *testing.T) {
	d := open(t)
	s := d.startOf(money.Of(10_00, "USD"))
	s.Save = true
	k := d.begin(s)
	d.pay(k, fakes.Pays)
	ref := d.look(k).Saved.Ref

	d.server.Faults.Plan("forget", fakes.Down)
	if err := d.Forget(t.Context(), ref); err == nil || reason(err) != "" || !d.server.Keeps(k.Payment) {
		t.Errorf("nobody answered: %v, want an unknown outcome", err)
	}
	d.server.Faults.Plan("forget", fakes.None, fakes.ServerError)
	if err := d.Forget(t.Context(), ref); err == nil || reason(err) != "" || d.server.Keeps(k.Payment) {
		t.Errorf("the answer was lost: %v, want an unknown outcome", err)
	}
	for _, gone := range []string{ref, ref, "cus_1/pm_1"} {
		if err := d.Forget(t.Context(), gone); err != nil {
			t.Errorf("%s: %v", gone, err)
		}
	}
	if err := d.Forget(t.Context(), "nothing"); reason(err) != "saved_method" {
		t.Errorf("what is not Stripe's: %v", err)
	}
	again := d.startOf(money.Of(20_00, "USD"))
	again.With = ref
	if _, err := d.Start(t.Context(), again); reason(err) == "" {
		t.Errorf("charged again: %v", err)
	}
	if saved := d.look(k).Saved; saved != nil {
		t.Errorf("it is kept as %+v", saved)
	}
}
