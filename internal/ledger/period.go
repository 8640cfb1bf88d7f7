package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

// Month is a month of the books, in UTC: "2026-10". They compare as they follow.
type Month string

// ParseMonth refuses what is no month.
func ParseMonth(text string) (Month, error) {
	if _, err := time.Parse("2006-01", text); err != nil {
		return "", ErrNoPeriod
	}
	return Month(text), nil
}

// first is the first day of a month, in UTC.
func (m Month) first() time.Time {
	t, _ := time.Parse("2006-01", string(m)) // it was made by ParseMonth or the database
	return t
}

// Span is the whole month.
func (m Month) Span() Span { return Span{m.first(), m.first().AddDate(0, 1, 0)} }

// An AccountingPeriod is a month of the books and what became of it.
type AccountingPeriod struct {
	Month    Month          `db:"month" json:"period"`
	Status   string         `db:"status" json:"status" enum:"open,closed"`
	ClosedAt *time.Time     `db:"closed_at" json:"closed_at,omitempty"`
	Changes  []PeriodChange `db:"-" json:"changes" doc:"How it was closed and opened again, the newest first"`
}

// A PeriodChange says that a month was closed, or opened again and why.
type PeriodChange struct {
	Month  Month     `db:"month" json:"-"`
	Change string    `db:"change" json:"change" enum:"closed,reopened"`
	Reason string    `db:"reason" json:"reason,omitempty"`
	Actor  string    `db:"actor" json:"actor"`
	At     time.Time `db:"at" json:"at"`
}

var (
	// ErrPeriodClosed says that something was to be posted into a closed month.
	ErrPeriodClosed = errs.New(errs.Conflict, "period_closed", "This month of the books is closed. Post it in an open month, or open the month again.")
	// ErrNoPeriod says that the books have no such month.
	ErrNoPeriod = errs.New(errs.NotFound, "not_found", "The books have no such month.")
	// ErrPeriodRunning says that a month has not ended yet.
	ErrPeriodRunning = errs.New(errs.Conflict, "period_running", "This month has not ended yet, in UTC.")
	// ErrPeriodOrder says that another month comes first: "next".
	ErrPeriodOrder = errs.New(errs.Conflict, "period_order", "Months are closed one after the other, and opened again from the last one.")
	// ErrPeriodOpen says that a month is not closed.
	ErrPeriodOpen = errs.New(errs.Conflict, "period_open", "This month is not closed.")
	// ErrOutOfBalance says that transactions of the month do not sum to zero:
	// "transactions".
	ErrOutOfBalance = errs.New(errs.Conflict, "out_of_balance", "The books do not balance, so they cannot be closed. Run souk verify.")
)

// edge is where closing stands.
type edge struct {
	Last    Month `db:"last"`    // that is closed; "" when none is
	Next    Month `db:"next"`    // to be closed
	Current Month `db:"current"` // the one that runs
}

// Close ends a month for good: from now on it accepts no entry, and what stood on
// each account is kept. Months that have ended are closed one after the other, from
// the first with an entry. It waits for postings of the month that are under way.
// One that is closed already stays as it is.
func Close(ctx context.Context, tx pgx.Tx, month Month) (AccountingPeriod, error) {
	at, err := lockMonth(ctx, tx, month)
	switch {
	case err != nil:
		return AccountingPeriod{}, err
	case month <= at.Last:
		return PeriodOf(ctx, tx, month)
	case month >= at.Current:
		return AccountingPeriod{}, ErrPeriodRunning
	case month != at.Next:
		return AccountingPeriod{}, outOfOrder(at.Next)
	}
	wrong, err := readUnbalanced(ctx, tx, month)
	if err != nil {
		return AccountingPeriod{}, fmt.Errorf("check the balance of %s: %w", month, err)
	}
	if len(wrong) > 0 {
		return AccountingPeriod{}, ErrOutOfBalance.With("transactions", wrong)
	}
	b := postgres.NewBatch()
	queueClosed(b, month)
	queueChange(b, month, PeriodChange{Change: "closed", Actor: auth.From(ctx).Name()})
	if err := b.Send(ctx, tx); err != nil {
		return AccountingPeriod{}, fmt.Errorf("close %s: %w", month, err)
	}
	return PeriodOf(ctx, tx, month)
}

// Reopen lets the last closed month accept entries again.
func Reopen(ctx context.Context, tx pgx.Tx, month Month, reason string) (AccountingPeriod, error) {
	at, err := lockMonth(ctx, tx, month)
	switch {
	case err != nil:
		return AccountingPeriod{}, err
	case month > at.Last:
		return AccountingPeriod{}, ErrPeriodOpen
	case month < at.Last:
		return AccountingPeriod{}, outOfOrder(at.Last)
	}
	b := postgres.NewBatch()
	queueReopened(b, month)
	queueChange(b, month, PeriodChange{Change: "reopened", Reason: reason, Actor: auth.From(ctx).Name()})
	if err := b.Send(ctx, tx); err != nil {
		return AccountingPeriod{}, fmt.Errorf("reopen %s: %w", month, err)
	}
	return PeriodOf(ctx, tx, month)
}

// outOfOrder says which month comes next.
func outOfOrder(next Month) error {
	e := ErrPeriodOrder.With("next", next)
	e.Message += " Next is " + string(next) + "."
	return e
}

// lockMonth waits until nobody posts in a month or into the past, and keeps
// everybody from it. What is posted meanwhile in this month goes on.
func lockMonth(ctx context.Context, tx pgx.Tx, month Month) (edge, error) {
	if err := lockPostings(ctx, tx, month); err != nil {
		return edge{}, fmt.Errorf("wait for postings in %s: %w", month, err)
	}
	at, err := readEdge(ctx, tx) // as it is under the lock
	if err != nil {
		return edge{}, fmt.Errorf("read closed months: %w", err)
	}
	return at, nil
}

// PeriodOf is a month with what became of it.
func PeriodOf(ctx context.Context, db postgres.DB, month Month) (AccountingPeriod, error) {
	next := Month(month.first().AddDate(0, 1, 0).Format("2006-01"))
	list, err := periods(ctx, db, next, 1)
	switch {
	case err != nil:
		return AccountingPeriod{}, err
	case len(list) == 0 || list[0].Month != month:
		return AccountingPeriod{}, ErrNoPeriod
	}
	return list[0], nil
}

// periods are so many months before another, the newest first, with what became of
// them.
func periods(ctx context.Context, db postgres.DB, before Month, limit int) ([]AccountingPeriod, error) {
	list, err := readPeriods(ctx, db, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read periods: %w", err)
	}
	at := make(map[Month]int, len(list))
	for i := range list {
		at[list[i].Month], list[i].Changes = i, []PeriodChange{}
	}
	changes, err := readChanges(ctx, db, slices.Collect(maps.Keys(at)))
	if err != nil {
		return nil, fmt.Errorf("read what became of periods: %w", err)
	}
	for _, c := range changes {
		p := &list[at[c.Month]]
		p.Changes = append(p.Changes, c)
	}
	return list, nil
}
