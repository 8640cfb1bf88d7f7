// Package testpay is payment that moves no money, to try a shop out: its buyers
// go to a page of the shop, choose a card by what is to come of it, and come back
// as from any other provider.
//
// Owns: the books of that provider, in the shop's own database, and the cards.
// Tables: test_payments, test_payment_entries. Raises: nothing.
// Calls: nobody. It tells nothing by itself: whoever wants to know looks.
//
// It is offered where its account is enabled, as every provider is; an account
// that is said to be live is refused.
package testpay

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// Method is how orders and payments call it.
const Method = "test"

// Provider is payment by no money.
type Provider struct {
	payments.WithoutFee
	payments.SavesNothing

	DB       postgres.DB
	Clock    clock.Clock
	Accounts *payments.Accounts
	BaseURL  string // of the shop, where its page is
}

var _ payments.Online = &Provider{}

// Method is "test".
func (*Provider) Method() string { return Method }

// Settled is false: an order waits until its buyer has chosen.
func (*Provider) Settled() bool { return false }

// ByHand is false: what is given back is written down.
func (*Provider) ByHand() bool { return false }

// Captures says several.
func (*Provider) Captures() payments.Captures { return payments.CapturesSeveral }

// Fields are none: there are no keys.
func (*Provider) Fields() []payments.Field { return []payments.Field{} }

var errLive = errs.New(errs.Conflict, "provider_refused", "Test payments move no money: this account cannot be live.").With("reason", "live")

// Probe says that there is nobody else.
func (p *Provider) Probe(ctx context.Context) (string, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err == nil && a.Live {
		err = errLive
	}
	return "test payments: no money moves", err
}

// Offered refuses what costs nothing, and all while its account is not enabled, or
// is said to be live.
func (p *Provider) Offered(ctx context.Context, o payments.Offer) error {
	if err := p.Accounts.Offered(ctx, Method, o); err != nil {
		return err
	}
	a, err := p.Accounts.Open(ctx, Method)
	if err == nil && a.Live {
		err = payments.ErrMethod.Field("/payment_method", "unavailable", "This way to pay is not offered here.")
	}
	return err
}

// Waits is as long as others wait.
func (*Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: Start does.
func (*Provider) Tells(context.Context, payments.Start) (*payments.Action, error) {
	return nil, nil //nolint:nilnil // Start says it
}

var (
	errNothing = errs.New(errs.Conflict, "provider_refused", "There is nothing to pay.").With("reason", "amount_too_small")
	errAway    = errs.New(errs.Conflict, "provider_refused", "Test payments need their buyer.").With("reason", "saved_method")
	errState   = errs.New(errs.Conflict, "payment_state", "This test payment is not in a state that allows this.")
)

// Start opens the page on which the buyer chooses.
func (p *Provider) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	switch {
	case s.Amount.Minor <= 0:
		return payments.Begun{}, errNothing
	case s.With != "":
		return payments.Begun{}, errAway
	}
	err := p.do(ctx, func(tx pgx.Tx) error { return insertVisit(ctx, tx, s) })
	next := &payments.Action{Kind: "redirect", URL: p.BaseURL + Page(s.Payment)}
	return payments.Begun{Ref: s.Payment.String(), Next: next}, err
}

// Path is the route of the page.
const Path = "/pay/test/{payment}"

// Page is where a payment is paid, below the address of the shop.
func Page(payment id.Payment) string { return "/pay/test/" + payment.String() }

// do works on the books. What the database does not do is an unknown outcome, as
// that of any provider that does not answer, and not a no.
func (p *Provider) do(ctx context.Context, work func(pgx.Tx) error) error {
	err := postgres.InTx(ctx, p.DB, work)
	for _, silence := range []error{postgres.ErrBusy, postgres.ErrUnreachable, postgres.ErrCommitUnknown} {
		if errors.Is(err, silence) {
			return errors.New("write the books of test payments: " + err.Error())
		}
	}
	return err
}

// Look reads the books of a payment.
func (p *Provider) Look(ctx context.Context, k payments.Known) (payments.Report, error) {
	if k.Ref != k.Payment.String() {
		return payments.Report{}, payments.ErrMismatch
	}
	v, err := selectVisit(ctx, p.DB, k.Payment)
	if errors.Is(err, postgres.ErrNoRow) {
		return payments.Report{}, payments.ErrMismatch
	}
	if err != nil {
		return payments.Report{}, err
	}
	list, err := p.past(ctx, p.DB, k.Payment)
	if err != nil {
		return payments.Report{}, err
	}
	r := payments.Report{Refs: []string{}}
	for _, e := range list {
		if e.Kind != lost && e.Kind != contested {
			r.Facts = append(r.Facts, payments.Fact{Payment: k.Payment, Kind: e.Kind, Amount: e.Amount, Cause: e.Ref})
		}
		if e.Kind == payments.Chargeback {
			r.Disputes = append(r.Disputes, payments.Dispute{Ref: e.Ref, Amount: e.Amount, Reason: "test", Status: disputed(list, e.Ref)})
		}
	}
	s := sum(list)
	r.Approved = s.held() > 0
	r.Open = v.ClosedAt == nil && !s.promised()
	return r, nil
}

// lost is the entry of a dispute that the bank has decided for the buyer. No money
// moves: it has gone when the dispute began.
const lost payments.Kind = "dispute_lost"

// disputed is how far a dispute has come.
func disputed(list []entry, ref string) string {
	status := payments.NeedsResponse
	for _, e := range list {
		switch {
		case e.Ref == ref && e.Kind == lost:
			return "lost"
		case e.Ref == ref && e.Kind == payments.ChargebackReversed:
			return "won"
		case e.Ref == ref && e.Kind == contested:
			status = "under_review"
		}
	}
	return status
}

// past lists what has happened up to now.
func (p *Provider) past(ctx context.Context, db postgres.DB, payment id.Payment) ([]entry, error) {
	return selectEntries(ctx, db, payment, p.Clock.Now())
}

// sums is what entries come to, by kind.
type sums map[payments.Kind]int64

func sum(list []entry) sums {
	s := sums{}
	for _, e := range list {
		s[e.Kind] += e.Amount.Minor
	}
	return s
}

func (s sums) promised() bool { return s[payments.Authorize] > s[payments.Void] }
func (s sums) held() int64    { return s[payments.Authorize] - s[payments.Void] - s[payments.Capture] }

func (s sums) left() int64 {
	return s[payments.Capture] - s[payments.Refund] + s[payments.RefundFailed] - s[payments.Chargeback] + s[payments.ChargebackReversed]
}

// Returned makes sure that the browser was sent here for this payment. It proves
// nothing, and need not: Look is believed.
func (*Provider) Returned(_ context.Context, k payments.Known, values url.Values) error {
	if values.Get(returned) != k.Payment.String() {
		return payments.ErrNotice
	}
	return nil
}

// returned is what the page adds to the address to which it sends buyers back.
const returned = "test_payment"

// Hear takes nothing: nobody tells.
func (*Provider) Hear(context.Context, http.Header, []byte) (payments.Notice, error) {
	return payments.Notice{}, payments.ErrNotice
}

// Statement lists what has moved.
func (p *Provider) Statement(ctx context.Context, from, until time.Time) ([]payments.Movement, error) {
	if now := p.Clock.Now(); until.After(now) {
		until = now.Add(time.Microsecond)
	}
	list, err := selectMoved(ctx, p.DB, from, until)
	if err != nil {
		return nil, err
	}
	moved := make([]payments.Movement, 0, len(list))
	for _, e := range list {
		amount := e.Amount
		if e.Kind == payments.Refund || e.Kind == payments.Chargeback {
			amount.Minor = -amount.Minor
		}
		moved = append(moved, payments.Movement{
			Ref: e.Ref, Payment: e.Payment.String(), Kind: e.Kind, Amount: amount, Fee: money.Zero(amount.Currency), At: e.At,
		})
	}
	return moved, nil
}
