package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// write compares once more and writes down what comes of it.
func (r *Reconciler) write(ctx context.Context, tx pgx.Tx, p Period, theirs []payments.Movement, gone []payments.Event) (Run, error) {
	run := Run{
		ID: id.New[id.Reconcile](), Provider: p.Provider, Source: p.Source, From: p.From, Until: p.Until, Movements: len(theirs), Actor: auth.From(ctx).Name(),
	}
	c, err := r.compare(ctx, tx, p.Provider, theirs)
	if err != nil {
		return run, err
	}
	for _, e := range gone {
		c.wrong = append(c.wrong, absent(p.Provider, e))
	}
	own, err := r.post(ctx, tx, &c, &run)
	if err != nil {
		return run, err
	}
	if run.Days, err = r.sum(ctx, tx, p.Provider, append(c.agreed, own...)); err != nil {
		return run, err
	}
	listed := map[string]bool{}
	for _, m := range theirs {
		listed[subject(m.Kind, m.Ref)] = true
	}
	for _, d := range run.Days {
		listed[d.subject()] = true
		if d.Theirs != d.Ours {
			c.wrong = append(c.wrong, unbalanced(p.Provider, d))
		}
	}
	if run.Exceptions, run.Resolved, err = r.show(ctx, tx, p, listed, c.wrong); err != nil {
		return run, err
	}
	run.Found = len(run.Exceptions)
	return insertRun(ctx, tx, run)
}

// post books what moved beside payments, and pairs it with what was booked. What
// is booked already with another amount is wrong.
func (r *Reconciler) post(ctx context.Context, tx pgx.Tx, c *comparison, run *Run) (own []pair, err error) {
	kept, err := keep(ctx, tx, run.Provider, c.own)
	if err != nil {
		return nil, err
	}
	var postings []ledger.Posting
	for i, k := range kept {
		m := c.own[i]
		switch {
		case k.Amount != m.Amount || k.Fee != m.Fee:
			c.wrong = append(c.wrong, exception(run.Provider, payments.ExceptionMismatch, id.Payment{}, m, map[string]any{"ours": k.Amount, "our_fee": k.Fee}))
			continue
		case k.Fresh:
			postings = append(postings, posting(run.Provider, k))
		}
		own = append(own, pair{theirs: m, facts: []id.PaymentEvent{id.PaymentEvent(k.ID)}})
	}
	run.Posted = len(postings)
	return own, ledger.Post(ctx, tx, postings...)
}

// posting is how a payout or a fee stands in the books. Amounts below zero have
// left the provider.
func posting(provider string, k kept) ledger.Posting {
	to, refType := ledger.Bank, "provider_payout"
	if k.Kind == payments.Fee {
		to, refType = ledger.ProviderFees, "provider_fee"
	}
	left := money.Zero(k.Amount.Currency).Minus(k.Amount)
	return ledger.Posting{
		RefType: refType, RefID: k.ID, Memo: provider + " " + string(k.Kind) + " " + k.Ref,
		Entries: []ledger.Entry{
			ledger.Debit(ledger.AccountKey{Kind: to}, left),
			ledger.Debit(ledger.AccountKey{Kind: ledger.ProviderFees}, k.Fee),
			ledger.Credit(ledger.AccountKey{Kind: ledger.Clearing, Party: provider}, left.Plus(k.Fee)),
		},
	}
}

// sum adds up, for each day and currency of the provider's, what it says and
// what the ledger says of what both have.
func (r *Reconciler) sum(ctx context.Context, tx pgx.Tx, provider string, pairs []pair) ([]Day, error) {
	var refs [][16]byte
	for _, p := range pairs {
		for _, fact := range p.facts {
			refs = append(refs, fact)
		}
	}
	moved, err := ledger.MovedBy(ctx, tx, ledger.AccountKey{Kind: ledger.Clearing, Party: provider}, refs)
	if err != nil {
		return nil, err
	}
	booked := map[id.PaymentEvent]money.Amount{}
	for _, m := range moved {
		booked[m.Ref] = m.Amount
	}
	days := map[Day]*Day{}
	for _, p := range pairs {
		none := money.Zero(p.theirs.Amount.Currency)
		key := Day{Date: p.theirs.At.UTC().Format(time.DateOnly), Theirs: none}
		if days[key] == nil {
			days[key] = &Day{Date: key.Date, Theirs: none, Ours: none}
		}
		d := days[key]
		d.Theirs = d.Theirs.Plus(p.theirs.Amount).Minus(p.theirs.Fee)
		for _, fact := range p.facts {
			if amount, ok := booked[fact]; ok && amount.Currency == none.Currency {
				d.Ours = d.Ours.Plus(amount)
			}
		}
	}
	list := make([]Day, 0, len(days))
	for _, d := range days {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b Day) int {
		return strings.Compare(a.Date+string(a.Theirs.Currency), b.Date+string(b.Theirs.Currency))
	})
	return list, nil
}

func (d Day) subject() string { return d.Date + " " + string(d.Theirs.Currency) }

func unbalanced(provider string, d Day) payments.Exception {
	return payments.Exception{
		Provider: provider, Kind: payments.ExceptionBalance, Subject: d.subject(),
		Detail: map[string]any{payments.DetailBooked: d.Date + "T00:00:00Z", "theirs": d.Theirs, "ours": d.Ours},
	}
}

// show tells staff what is wrong, and resolves what an earlier comparison has found
// and this one does not, though it is listed or of a time that is listed in full. It
// says what is open of what is wrong.
func (r *Reconciler) show(ctx context.Context, tx pgx.Tx, p Period, listed map[string]bool, wrong []payments.Exception) (found []payments.Exception, resolved int, err error) {
	open, err := payments.OpenExceptions(ctx, tx, p.Provider)
	if err != nil {
		return nil, 0, err
	}
	type about struct {
		kind    payments.ExceptionKind
		subject string
	}
	refused, still := map[string]bool{}, map[about]bool{}
	for _, e := range open {
		refused[e.Subject] = refused[e.Subject] || e.Kind == payments.ExceptionMismatch
	}
	for _, e := range wrong {
		if ref, _ := e.Detail[payments.DetailRef].(string); e.Kind == payments.ExceptionMissing && refused[ref] { // it did not fit, and staff know
			continue
		}
		still[about{e.Kind, e.Subject}] = true
		if err := payments.Except(ctx, tx, e); err != nil {
			return nil, 0, err
		}
	}
	for _, e := range open {
		text, _ := e.Detail[payments.DetailBooked].(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || still[about{e.Kind, e.Subject}] || !p.Full.has(at) && !listed[e.Subject] {
			continue // it was found otherwise, or again, or this says nothing of it
		}
		if err := payments.Resolve(ctx, tx, e.ID, "It adds up at the comparison of "+p.From.Format(time.DateOnly)+" to "+p.Until.Add(-1).Format(time.DateOnly)+"."); err != nil {
			return nil, 0, err
		}
		resolved++
	}
	if open, err = payments.OpenExceptions(ctx, tx, p.Provider); err != nil {
		return nil, 0, err
	}
	for _, e := range open {
		if still[about{e.Kind, e.Subject}] {
			found = append(found, e)
		}
	}
	return found, resolved, nil
}

// kept is a movement that belongs to no payment, as it is written down.
type kept struct {
	ID     id.Movement   `db:"id"`
	Kind   payments.Kind `db:"kind"`
	Ref    string        `db:"ref"`
	Amount money.Amount  `db:"amount"`
	Fee    money.Amount  `db:"fee"`
	Fresh  bool          `db:"fresh"`
}

// keep writes movements down that were not yet, and reads all of them, in their
// order.
func keep(ctx context.Context, tx pgx.Tx, provider string, list []payments.Movement) ([]kept, error) {
	if len(list) == 0 {
		return nil, nil
	}
	rows, err := insertMovements(ctx, tx, provider, list)
	if err != nil {
		return nil, fmt.Errorf("keep payouts and fees of %s: %w", provider, err)
	}
	by := map[named]kept{}
	for _, k := range rows {
		by[named{k.Kind, k.Ref}] = k
	}
	ordered := make([]kept, len(list))
	for i, m := range list {
		k, ok := by[named{m.Kind, m.Ref}]
		if !ok {
			return nil, errors.New("a movement that was written down is gone: " + m.Ref)
		}
		k.Fresh = k.Fresh && slices.IndexFunc(list, func(o payments.Movement) bool { return o.Kind == m.Kind && o.Ref == m.Ref }) == i // twice on one list
		ordered[i] = k
	}
	return ordered, nil
}

// begin takes the night of a provider that is due, and says from where it goes.
func begin(ctx context.Context, tx pgx.Tx, provider string, from, until time.Time) (time.Time, bool, error) {
	was, err := beginNight(ctx, tx, provider, until)
	if errors.Is(err, postgres.ErrNoRow) {
		return from, false, nil
	}
	if err == nil && was != nil && was.Add(-(nights-1)*day).Before(from) {
		from = was.Add(-(nights - 1) * day)
	}
	return from, err == nil, err
}
