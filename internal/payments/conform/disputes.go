package conform

import (
	"strings"
	"testing"

	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

func disputes(t *testing.T, b Bench) {
	for _, won := range []bool{true, false} {
		v := paid(t, b)
		if err := b.Server.Dispute(t.Context(), v.id); err != nil {
			t.Fatal(err)
		}
		r := v.look()
		if len(r.Disputes) != 1 || r.Disputes[0].Amount != v.amount || r.Disputes[0].Ref == "" || r.Disputes[0].Status != "needs_response" {
			t.Fatalf("disputes: %+v", r.Disputes)
		}
		if err := b.Server.Decide(t.Context(), v.id, won); err != nil {
			t.Fatal(err)
		}
		r = v.look()
		status := map[bool]string{true: "won", false: "lost"}[won]
		if len(r.Disputes) != 1 || r.Disputes[0].Status != status {
			t.Errorf("disputes: %+v, want it %s", r.Disputes, status)
		}
		var left int64
		for _, f := range r.Facts {
			switch f.Kind {
			case payments.Chargeback:
				left -= f.Amount.Minor
			case payments.ChargebackReversed:
				left += f.Amount.Minor
			case payments.Authorize, payments.Capture, payments.Void, payments.Refund, payments.RefundFailed, payments.Fail, payments.Fee:
			}
		}
		if want := map[bool]int64{true: 0, false: -v.amount.Minor}[won]; left != want {
			t.Errorf("%s: %d are gone, want %d: %+v", status, left, want, r.Facts)
		}
	}
}

// disputed is a payment whose buyer complains, and how the shop would answer.
func disputed(t *testing.T, b Bench) (*visit, payments.Response) {
	t.Helper()
	v := paid(t, b)
	if err := b.Server.Dispute(t.Context(), v.id); err != nil {
		t.Fatal(err)
	}
	r := v.look()
	if len(r.Disputes) != 1 {
		t.Fatalf("disputes: %+v", r.Disputes)
	}
	known := v.known()
	known.Refs = r.Refs
	return v, payments.Response{Known: known, Dispute: r.Disputes[0].Ref, Key: "answer of " + v.id.String()}
}

// proof is evidence of which each text can be found again.
var proof = payments.Evidence{
	Explanation: "The parcel was handed over at the door.", Product: "Three bowls of clay", Communication: "The buyer wrote that they like them.",
	Policy: "Thirty days, shown before paying.", Number: "S-2026-00042", Email: "buyer@example.com",
	Parcels: []payments.Parcel{{Carrier: "UPS", Tracking: "1Z999AA10123456784", Shipped: "2026-11-20", Delivered: "2026-11-23"}, {Carrier: "Cart & Ox"}},
}

func (v *visit) wantDispute(status string) {
	v.Helper()
	if r := v.look(); len(r.Disputes) != 1 || r.Disputes[0].Status != status {
		v.Errorf("disputes: %+v, want it %s", r.Disputes, status)
	}
}

func contested(t *testing.T, b Bench) {
	for _, fault := range []fakes.Fault{fakes.None, fakes.ServerError, fakes.Reset, fakes.Down} {
		v, r := disputed(t, b)
		r.Evidence = proof
		b.Faults.Plan("answer", fault)
		if err := b.Provider.Contest(t.Context(), r); (err == nil) != (fault == fakes.None) || refused(err) {
			t.Errorf("%q: %v, want an unknown outcome of a fault", fault, err)
		}
		if err := b.Provider.Contest(t.Context(), r); err != nil {
			t.Errorf("%q, again: %v", fault, err)
		}
		said := b.Server.Answers(v.id)
		if len(said) != 1 {
			t.Fatalf("%q: it was answered %d times: %q", fault, len(said), said)
		}
		for _, word := range []string{
			proof.Explanation, proof.Product, proof.Communication, proof.Policy, proof.Number, proof.Email, "UPS", "1Z999AA10123456784", "2026-11-20", "2026-11-23",
		} {
			if !strings.Contains(said[0], word) {
				t.Errorf("%q: nobody was told %q: %s", fault, word, said[0])
			}
		}
		v.wantDispute("under_review")
		if err := b.Server.Decide(t.Context(), v.id, true); err != nil {
			t.Fatal(err)
		}
		v.wantDispute("won")
	}
	v, r := disputed(t, b)
	r.Dispute += "0"
	if err := b.Provider.Contest(t.Context(), r); !refused(err) {
		t.Errorf("a dispute that nobody knows: %v", err)
	}
	v.wantDispute(payments.NeedsResponse)
}

func conceded(t *testing.T, b Bench) {
	for _, fault := range []fakes.Fault{fakes.None, fakes.ServerError, fakes.Reset, fakes.Down} {
		v, r := disputed(t, b)
		b.Faults.Plan("answer", fault)
		if err := b.Provider.Concede(t.Context(), r); (err == nil) != (fault == fakes.None) || refused(err) {
			t.Errorf("%q: %v, want an unknown outcome of a fault", fault, err)
		}
		if err := b.Provider.Concede(t.Context(), r); err != nil {
			t.Errorf("%q, again: %v", fault, err)
		}
		v.wantDispute("lost")
		left := int64(0)
		for _, f := range v.look().Facts {
			if f.Kind == payments.Chargeback {
				left -= f.Amount.Minor
			}
			if f.Kind == payments.ChargebackReversed {
				left += f.Amount.Minor
			}
		}
		if left != -v.amount.Minor {
			t.Errorf("%q: %d are gone, want all", fault, left)
		}
	}
}
