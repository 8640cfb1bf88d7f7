package conform

import (
	"bytes"
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

func wrong(t *testing.T, b Bench) {
	v := begin(t, b)
	v.pay(fakes.WrongAmount)
	r := v.take2()
	at := slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture || f.Kind == payments.Authorize })
	if at < 0 || r.Facts[at].Amount == v.amount {
		t.Errorf("a wrong amount is told as %+v", r.Facts)
	}
	v = begin(t, b)
	v.pay(fakes.WrongCurrency)
	r = v.take2()
	at = slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == payments.Capture || f.Kind == payments.Authorize })
	if at < 0 || r.Facts[at].Amount.Currency == v.amount.Currency {
		t.Errorf("a wrong currency is told as %+v", r.Facts)
	}
}

// take2 is take of a payment that need not be as it should.
func (v *visit) take2() payments.Report {
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

// Bad inputs 63 to 67.
func notices(t *testing.T, b Bench) {
	if b.Silent {
		if _, err := b.Provider.Hear(t.Context(), nil, []byte("{}")); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("who tells nothing is heard: %v", err)
		}
		return
	}
	d := listen(t, b)
	v := paid(t, b)
	letters := d.all()
	if len(letters) == 0 {
		t.Fatal("a payment was made, and nobody told of it")
	}
	names := append(v.look().Refs, v.ref)
	seen := map[string]bool{}
	for _, l := range letters {
		n, err := b.Provider.Hear(t.Context(), l.header, l.body)
		if err != nil || n.ID == "" || n.Type == "" || n.At.IsZero() || n.Foreign != "" {
			t.Errorf("heard %+v, %v of %s", n, err, l.body)
			continue
		}
		if n.Ref != "" && !slices.Contains(names, n.Ref) {
			t.Errorf("%s is about %s, which is none of %v", n.Type, n.Ref, names)
		}
		seen[n.ID] = true
	}
	if len(seen) != len(letters) {
		t.Errorf("%d notices have %d names", len(letters), len(seen))
	}
	l := letters[len(letters)-1]
	bare := l.header.Clone()
	for name := range bare {
		if name != "Content-Type" {
			bare.Del(name)
		}
	}
	if _, err := b.Provider.Hear(t.Context(), bare, l.body); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("no signature: %v", err)
	}
	for name, body := range map[string][]byte{
		"a space more": append(slices.Clone(l.body), ' '), "cut short": l.body[:len(l.body)-1], "another amount": bytes.Replace(l.body, []byte("1"), []byte("9"), 1),
	} {
		if _, err := b.Provider.Hear(t.Context(), l.header, body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%s: %v, want ErrNotice", name, err)
		}
	}
	if b.Stale {
		b.Clock.Advance(301 * time.Second)
		if _, err := b.Provider.Hear(t.Context(), l.header, l.body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("301 s later: %v, want ErrNotice", err)
		}
		b.Clock.Advance(-602 * time.Second)
		if _, err := b.Provider.Hear(t.Context(), l.header, l.body); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("301 s ahead: %v, want ErrNotice", err)
		}
	}
	if b.Foreign != nil {
		r := b.Foreign()
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Provider.Hear(t.Context(), r.Header, body.Bytes()); err != nil || n.Foreign == "" {
			t.Errorf("a notice of another account is %+v, %v", n, err)
		}
	}
}

func rotated(t *testing.T, b Bench) {
	if b.Rotate == nil {
		return
	}
	d := listen(t, b)
	b.Rotate()
	b.Clock.Advance(2 * time.Second)
	b.Postman.Plan(slices.Repeat([]fakes.Manner{fakes.OldSecret}, 20)...)
	paid(t, b)
	letters := d.all()
	if len(letters) == 0 {
		t.Fatal("nobody told")
	}
	l := letters[0]
	if _, err := b.Provider.Hear(t.Context(), l.header, l.body); err != nil {
		t.Errorf("the old secret, just replaced: %v", err)
	}
	b.Clock.Advance(25 * time.Hour)
	paid(t, b)
	letters = d.all()
	l = letters[len(letters)-1]
	if _, err := b.Provider.Hear(t.Context(), l.header, l.body); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("the old secret a day later: %v, want ErrNotice", err)
	}
}

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

func probe(t *testing.T, b Bench) {
	name, err := b.Provider.Probe(t.Context())
	if err != nil || name == "" {
		t.Errorf("the account is %q, %v", name, err)
	}
}
