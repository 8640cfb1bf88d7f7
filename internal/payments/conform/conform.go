// Package conform is what every provider at the other end of a network has to
// do, as tests: each adapter runs them against the fake of its provider.
//
// Owns: [Run]. Tables: none. Raises: nothing. Calls: the adapter and its fake.
package conform

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// Bench is an adapter that talks to its fake.
type Bench struct {
	Provider payments.Online
	Server   fakes.Server
	Faults   *fakes.Faults  // of the server. Its operations are "start", "capture", "refund", "look" and "answer".
	Postman  *fakes.Postman // of the server
	Clock    *clock.Manual  // of both, and of the accounts: at least a second passes between two readings of an account

	// Capture changes when the account takes the money.
	Capture func(payments.CaptureWhen)
	// Rotate replaces the secret that notices are proven with, on both sides. nil
	// where a certificate proves them.
	Rotate func()

	Closes     bool                 // Void ends what nobody has paid for
	Amounts    []money.Amount       // that can be paid
	Impossible []money.Amount       // that cannot
	Foreign    func() *http.Request // a genuine notice of another account; nil where the proof is the account's own
	Stale      bool                 // a notice carries the time at which it was sent
	Silent     bool                 // it tells nothing by itself
}

// visit is a payment of a test.
type visit struct {
	*testing.T
	Bench
	id     id.Payment
	amount money.Amount
	ref    string
	when   payments.CaptureWhen
	next   *payments.Action
}

// Run runs the suite. Each test opens a bench of its own.
func Run(t *testing.T, open func(*testing.T) Bench) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Bench)
	}{
		{"every amount arrives as it was asked for", amounts},
		{"what cannot be paid is refused before anybody is asked", impossible},
		{"a payment that is begun twice is one", begunTwice},
		{"nothing is known of a payment before it is paid", unpaid},
		{"a decline is not the end", declined},
		{"a payment that takes its time", later},
		{"nobody pays what was closed", closed},
		{"a capture that is not answered is one capture", captureFaults},
		{"a promise is taken when the parcel leaves", onShipment},
		{"a part of a promise", partial},
		{"parts of a promise, one after the other", several},
		{"what was given back stays within what was taken", refunds},
		{"a refund that is not answered is one refund", refundFaults},
		{"a refund that came back", refundFailed},
		{"a refund by the provider's own console", refundOutside},
		{"disputes", disputes},
		{"evidence against a dispute is sent once", contested},
		{"a dispute that is given up is lost", conceded},
		{"a wrong amount and a wrong currency are told as they are", wrong},
		{"a payment of somebody else is not ours", mismatch},
		{"what the browser brings back", returned},
		{"notices are proven", notices},
		{"a secret that was replaced proves for a day", rotated},
		{"the books of the provider", statement},
		{"whose account it is", probe},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// begin starts a payment of the bench's first amount.
func begin(t *testing.T, b Bench) *visit {
	return beginWith(t, b, b.Amounts[0], payments.CaptureAutomatic)
}

func beginWith(t *testing.T, b Bench, amount money.Amount, when payments.CaptureWhen) *visit {
	t.Helper()
	v := &visit{T: t, Bench: b, id: id.New[id.Payment](), amount: amount, when: when}
	begun, err := b.Provider.Start(t.Context(), v.start())
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	if begun.Ref == "" || begun.Next == nil || begun.Next.URL == "" {
		t.Fatalf("began as %+v, want a name and somewhere to go", begun)
	}
	v.ref, v.next = begun.Ref, begun.Next
	return v
}

func (v *visit) start() payments.Start {
	return payments.Start{
		Payment: v.id, Number: "S-2026-00042", Email: "buyer@example.com", Amount: v.amount, Capture: v.when,
		ReturnURL: "https://shop.example/return", ExpiresAt: v.Clock.Now().Add(31 * time.Minute), Key: v.id.String(),
	}
}

// pay lets the buyer do something.
func (v *visit) pay(o fakes.Outcome) {
	v.Helper()
	if err := v.Server.Pay(v.Context(), v.id, o); err != nil {
		v.Fatalf("the buyer %s: %v", o, err)
	}
}

func (v *visit) known() payments.Known {
	return payments.Known{Payment: v.id, Ref: v.ref, Amount: v.amount}
}

func (v *visit) look() payments.Report {
	v.Helper()
	r, err := v.Provider.Look(v.Context(), v.known())
	if err != nil {
		v.Fatalf("look: %v", err)
	}
	for _, f := range r.Facts {
		if f.Payment != v.id || f.Cause == "" {
			v.Errorf("fact %+v is not of the payment, or has no cause", f)
		}
	}
	return r
}

func (v *visit) move(amount money.Amount, key string) payments.Move {
	r := v.look()
	return payments.Move{
		Payment: v.id, Ref: v.ref, Refs: r.Refs, Amount: amount, All: true, Taken: cause(r, payments.Capture), Reason: "a test", Cause: key, Key: key,
	}
}

// take captures what the buyer has agreed to, where the provider leaves that to
// the shop.
func (v *visit) take() payments.Report {
	v.Helper()
	r := v.look()
	if !r.Approved {
		return r
	}
	f, err := v.Provider.Capture(v.Context(), v.move(v.amount, "capture of "+v.id.String()))
	if err != nil {
		v.Fatalf("capture: %v", err)
	}
	after := v.look()
	if f.Kind != payments.Capture || f.Amount != v.amount || f.Cause != cause(after, payments.Capture) {
		v.Errorf("capture says %+v, and the provider %+v", f, after.Facts)
	}
	return after
}

// paid is a payment whose money has come.
func paid(t *testing.T, b Bench) *visit {
	t.Helper()
	v := begin(t, b)
	v.pay(fakes.Pays)
	v.wantSums(v.take(), sums{payments.Authorize: v.amount.Minor, payments.Capture: v.amount.Minor})
	return v
}

// sums is what facts come to, by kind; fees and failures apart.
type sums map[payments.Kind]int64

func (v *visit) wantSums(r payments.Report, want sums) {
	v.Helper()
	got := sums{}
	for _, f := range r.Facts {
		if f.Kind != payments.Fee && f.Kind != payments.Fail {
			got[f.Kind] += f.Amount.Minor
		}
	}
	if want[payments.Authorize] > 0 && got[payments.Authorize] == 0 { // a capture implies it
		got[payments.Authorize] = want[payments.Authorize]
	}
	for _, kind := range []payments.Kind{
		payments.Authorize, payments.Capture, payments.Void, payments.Refund, payments.RefundFailed, payments.Chargeback, payments.ChargebackReversed,
	} {
		if got[kind] != want[kind] {
			v.Errorf("%s comes to %d, want %d: %+v", kind, got[kind], want[kind], r.Facts)
		}
	}
}

func cause(r payments.Report, kind payments.Kind) string {
	at := slices.IndexFunc(r.Facts, func(f payments.Fact) bool { return f.Kind == kind })
	if at < 0 {
		return ""
	}
	return r.Facts[at].Cause
}

// refused says whether an error is the provider's no, and not an unknown outcome.
func refused(err error) bool { return errs.Refusal(err) != nil }

// booked counts what the provider's own books have of a kind.
func (v *visit) booked(kind payments.Kind) (n int) {
	for _, e := range v.Server.Books().Of(v.id) {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// door takes the notices of a bench.
type door struct {
	mu   sync.Mutex
	came []*letter
}

type letter struct {
	header http.Header
	body   []byte
}

func listen(t *testing.T, b Bench) *door {
	t.Helper()
	d := &door{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.came = append(d.came, &letter{r.Header.Clone(), body})
	}))
	t.Cleanup(server.Close)
	b.Postman.URL = server.URL
	return d
}

// all is what has come so far.
func (d *door) all() []*letter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.came)
}
