// Package reconcile compares the books of payment providers with ours.
//
// Owns: the comparison ([Reconciler.Run]), nightly and on demand; what the books
// of providers say beside payments, payouts to the bank and fees that belong to
// none, which it posts once each.
// Tables: provider_movements, reconciliations, reconciliation_places.
// Raises: [NightDue]; exceptions of package payments, one for each thing that
// does not add up.
// Calls: payments, ledger; checkout, to ask about payments.
//
// What one side has and the other has not is asked about before it is shown to
// anybody: notices get lost, and the lists of providers lag behind. What does
// not hold any more at a later comparison of the same days is resolved by it.
// That orders, payments and the ledger agree among themselves is what package
// verify proves.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/checkout"
	"souk/internal/clock"
	"souk/internal/crash"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Reconciler compares books.
type Reconciler struct {
	DB       postgres.DB
	Clock    clock.Clock
	Payments *payments.Payments
	Checkout *checkout.Checkout

	cursors httpapi.Cursors
}

const (
	day = 24 * time.Hour

	// nights is how many days each night compares: yesterday, and the two before
	// once more, for what was booked late.
	nights = 3

	// lag is how long after midnight, in UTC, a day is compared: it takes providers
	// up to three hours to list what has moved.
	lag = 4 * time.Hour

	// closing is for how long nights go on after a provider was switched off: refunds,
	// disputes and payouts still come.
	closing = 90 * day

	// longest is the longest period that is compared at once.
	longest = 31 * day

	// blur is how far the clocks of two books may be apart where nobody can be asked.
	blur = time.Hour
)

// The durable steps of a comparison.
var (
	beforeWrite = crash.At("reconcile.run.before_commit")
	afterWrite  = crash.At("reconcile.run.after_commit")
)

// Source is where the provider's list comes from.
type Source string

// The sources.
const (
	Nightly Source = "nightly"
	Asked   Source = "asked"
	File    Source = "file" // nobody is asked
)

// Period is what is to be compared.
type Period struct {
	Provider    string
	Source      Source
	From, Until time.Time
	File        []payments.Movement // of Source File
	Full        Span                // of Source File: when it has all that has moved
}

// Span is the time from an instant until another.
type Span struct{ From, Until time.Time }

func (s Span) has(at time.Time) bool { return !at.Before(s.From) && at.Before(s.Until) }

// Run is a comparison that was made.
type Run struct {
	ID        id.Reconcile `db:"id" json:"id"`
	Provider  string       `db:"provider" json:"provider"`
	Source    Source       `db:"source" json:"source" enum:"nightly,asked,file"`
	From      time.Time    `db:"from_at" json:"from"`
	Until     time.Time    `db:"until_at" json:"until"`
	Movements int          `db:"movements" json:"movements" doc:"In the provider's books"`
	Posted    int          `db:"posted" json:"posted" doc:"Payouts and fees that were news"`
	Found     int          `db:"found" json:"found" doc:"What does not add up, whether or not it was known"`
	Resolved  int          `db:"resolved" json:"resolved" doc:"What did not add up before and does now"`
	Actor     string       `db:"actor" json:"actor"`
	RanAt     time.Time    `db:"ran_at" json:"ran_at"`
	Days      []Day        `db:"-" json:"days,omitempty" doc:"What agrees, day by day"`

	Exceptions []payments.Exception `db:"-" json:"exceptions,omitempty" doc:"What does not add up, as staff find it at /admin/reconciliation"`
}

// Day is what has moved on a day of the provider's by what both books have.
type Day struct {
	Date   string       `json:"date"`
	Theirs money.Amount `json:"theirs" doc:"In the provider's books, less its fees"`
	Ours   money.Amount `json:"ours" doc:"On psp_clearing in the ledger"`
}

// NightDue says that the books of a provider are to be compared.
type NightDue struct {
	Provider string    `json:"provider"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
}

// EventName is its name in the log.
func (NightDue) EventName() string { return "reconcile.night_due" }

// Nights has the books of each account compared that is used, or was lately, and was
// not compared since yesterday. It is a sweep. Nights that nobody was there for are caught up with.
func (r *Reconciler) Nights(ctx context.Context) error {
	until := r.Clock.Now().UTC().Add(-lag).Truncate(day)
	for _, provider := range r.Payments.Providers {
		account, err := r.Payments.Accounts.Open(ctx, provider.Method())
		if err != nil && !errors.Is(err, payments.ErrNoAccount) {
			return err
		}
		wanted, err := r.wanted(ctx, account)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		err = postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
			from, due, err := begin(ctx, tx, account.Provider, until.Add(-nights*day), until)
			if err != nil || !due {
				return err
			}
			return events.Raise(ctx, tx, NightDue{account.Provider, from, until})
		})
		if err != nil {
			return fmt.Errorf("begin the night of %s: %w", account.Provider, err)
		}
	}
	return nil
}

// wanted reports whether the books of an account are compared at night.
func (r *Reconciler) wanted(ctx context.Context, account payments.Account) (bool, error) {
	if account.Enabled || account.Provider == "" || r.Clock.Now().Sub(account.UpdatedAt) > closing {
		return account.Enabled, nil
	}
	until, err := r.until(ctx, account.Provider)
	return until != nil, err
}

// until is until when the books of a provider were compared at night; nil when they
// never were.
func (r *Reconciler) until(ctx context.Context, provider string) (*time.Time, error) {
	until, err := comparedUntil(ctx, r.DB, provider)
	if err != nil {
		return nil, fmt.Errorf("read until when %s was compared: %w", provider, err)
	}
	return until, nil
}

// Night compares the books of a provider for a night, a month at a time at most. One
// that could not be compared is part of the next, so when that has been it is over.
func (r *Reconciler) Night(ctx context.Context, e NightDue) error {
	until, err := r.until(ctx, e.Provider)
	if err != nil {
		return err
	}
	if until != nil && !until.Before(e.Until) {
		return nil
	}
	for from := e.From; from.Before(e.Until); from = from.Add(longest) {
		until := from.Add(longest)
		if e.Until.Before(until) {
			until = e.Until
		}
		if _, err := r.Run(ctx, Period{Provider: e.Provider, Source: Nightly, From: from, Until: until}); err != nil {
			return err
		}
	}
	return nil
}

// Run compares a period. It can be repeated: what was posted is not posted again,
// what is shown already is not shown twice, and what adds up now is resolved.
func (r *Reconciler) Run(ctx context.Context, p Period) (Run, error) {
	if auth.From(ctx).Anonymous() {
		ctx = auth.With(ctx, auth.Actor{System: "reconcile"})
	}
	run, err := r.run(ctx, p)
	if err != nil {
		return Run{}, fmt.Errorf("reconcile %s from %s until %s: %w", p.Provider, p.From.Format(time.RFC3339), p.Until.Format(time.RFC3339), err)
	}
	return run, nil
}

func (r *Reconciler) run(ctx context.Context, p Period) (run Run, err error) {
	provider, err := r.Payments.Online(p.Provider)
	if err != nil {
		return Run{}, err
	}
	theirs, gone := p.File, []payments.Event(nil)
	if p.Source != File {
		p.Full = Span{p.From, p.Until}
		if theirs, err = provider.Statement(ctx, p.From, p.Until); err != nil {
			return Run{}, err
		}
		if err := r.ask(ctx, p, theirs); err != nil {
			return Run{}, err
		}
	}
	if gone, err = r.missing(ctx, p, provider, theirs); err != nil {
		return Run{}, err
	}
	err = postgres.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		if run, err = r.write(ctx, tx, p, theirs, gone); err != nil {
			return err
		}
		beforeWrite.Here()
		return nil
	})
	if err != nil {
		return Run{}, err
	}
	afterWrite.Here()
	return run, nil
}

// ask asks about the payments that the provider's list says something else of
// than ours. Who is not answered is shown as it stands.
func (r *Reconciler) ask(ctx context.Context, p Period, theirs []payments.Movement) error {
	c, err := r.compare(ctx, r.DB, p.Provider, theirs)
	if err != nil {
		return err
	}
	for _, payment := range c.suspects() {
		if err := r.Checkout.Sync(ctx, payment); err != nil {
			slog.WarnContext(ctx, "a payment that does not add up could not be asked about", "payment", payment, "error", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// missing is what we have written down in a period and the provider has not. Its
// list may lack what it booked on another day, so it is asked about each; of a
// file nobody can be.
func (r *Reconciler) missing(ctx context.Context, p Period, provider payments.Online, theirs []payments.Movement) (gone []payments.Event, err error) {
	ours, err := payments.Moved(ctx, r.DB, p.Provider, p.Full.From, p.Full.Until)
	if err != nil {
		return nil, err
	}
	known := map[named]bool{}
	for _, m := range theirs {
		known[named{m.Kind, m.Ref}] = true
	}
	reports := map[id.Payment]payments.Report{}
	for _, e := range ours {
		if known[named{e.Kind, e.Cause}] {
			continue
		}
		report, asked := reports[e.Payment]
		if !asked && p.Source != File {
			if report, err = r.look(ctx, provider, e.Payment); err != nil {
				return nil, err
			}
			reports[e.Payment] = report
		}
		if !has(report, e) {
			gone = append(gone, e)
		}
	}
	return gone, nil
}

// look is what a provider knows of a payment: nothing, when it says no.
func (r *Reconciler) look(ctx context.Context, provider payments.Online, which id.Payment) (payments.Report, error) {
	payment, err := payments.Get(ctx, r.DB, which)
	if err != nil {
		return payments.Report{}, err
	}
	known, err := payments.KnownOf(ctx, r.DB, payment)
	if err != nil {
		return payments.Report{}, err
	}
	report, err := provider.Look(ctx, known)
	if errs.Refusal(err) != nil {
		return payments.Report{}, nil
	}
	return report, err
}

func has(r payments.Report, e payments.Event) bool {
	for _, f := range r.Facts {
		if f.Kind == e.Kind && f.Cause == e.Cause {
			return true
		}
	}
	return false
}
