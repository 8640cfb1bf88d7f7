package payments_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/payments"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// A dispute is kept as its provider tells it last, until it is decided. It is news
// when it has come further, and staff are reminded of each time that it asks.
func TestADisputeIsKeptAsItIsToldLast(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	payment := open(t, tx, order(t, tx), true)
	day := func(n int) *time.Time { at := time.Date(2050, 3, n, 12, 0, 0, 0, time.UTC); return &at }
	var (
		kept     id.Dispute
		reminded int
	)
	for i, tell := range []struct {
		status string
		amount int64
		due    *time.Time
		news   bool
		is     string // its status then
		remind int    // the day on which staff are reminded, as nobody has answered
	}{
		{"needs_response", 1000, day(10), true, "needs_response", 9},
		{"needs_response", 1000, day(10), false, "needs_response", 0},
		{"needs_response", 800, day(10), false, "needs_response", 0},
		{"needs_response", 800, day(14), false, "needs_response", 13}, // there is more time
		{"under_review", 800, nil, true, "under_review", 0},
		{"needs_response", 800, day(14), true, "needs_response", 13}, // it asks again
		{"lost", 700, nil, true, "lost", 0},
		{"needs_response", 1000, day(20), false, "lost", 0}, // a late answer
	} {
		which, news, err := payments.KeepDispute(ctx, tx, payment, payments.Dispute{Ref: "dp_1", Amount: usd(tell.amount), Status: tell.status, DueBy: tell.due})
		if err != nil || news != tell.news {
			t.Fatalf("%d: %s, news %t, %v", i, which, news, err)
		}
		if i == 0 {
			kept = which
		}
		is, err := payments.ReadDispute(ctx, tx, kept)
		if err != nil || is.Status != tell.is {
			t.Fatalf("%d: %+v, %v", i, is, err)
		}
		if is.Status == tell.status && (is.Amount != usd(tell.amount) || (is.DueBy == nil) != (tell.due == nil) || is.DueBy != nil && !is.DueBy.Equal(*tell.due)) {
			t.Errorf("%d: %s until %v, want %d until %v", i, is.Amount, is.DueBy, tell.amount, tell.due)
		}
		for _, today := range []int{9, 13, 19} {
			ways := payments.Payments{DB: tx, Accounts: &payments.Accounts{Clock: clock.At(*day(today))}}
			for range 2 {
				if err := ways.Remind(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if today == tell.remind {
				reminded++
			}
			if n := reminders(t, tx, kept); n != reminded {
				t.Errorf("%d, on day %d: staff were reminded %d times, want %d", i, today, n, reminded)
			}
		}
	}
}

func reminders(t *testing.T, tx pgx.Tx, which id.Dispute) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), tx, `SELECT count(*)::int FROM events WHERE name = 'payments.dispute_due' AND data ->> 'dispute_id' = @id`, pgx.NamedArgs{"id": which.String()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A dispute is answered once each time that it asks, and not at all once it was
// given up, or when its time is over.
func TestWhenADisputeCanBeAnswered(t *testing.T) {
	t.Parallel()
	asked := time.Date(2050, 3, 1, 12, 0, 0, 0, time.UTC)
	this, other := id.New[id.Dispute](), id.New[id.Dispute]()
	told := func(which id.Dispute, kind payments.Kind, state payments.InstructionState, after time.Duration) payments.Instruction {
		return payments.Instruction{Dispute: which, Kind: kind, State: state, UpdatedAt: asked.Add(after)}
	}
	due := asked.Add(24 * time.Hour)
	for name, tc := range map[string]struct {
		status string
		told   []payments.Instruction
		at     time.Duration
		want   error
	}{
		"nobody has answered":      {payments.NeedsResponse, nil, time.Hour, nil},
		"another was answered":     {payments.NeedsResponse, []payments.Instruction{told(other, payments.Contest, payments.InstructionDone, time.Minute)}, time.Hour, nil},
		"the answer is on its way": {payments.NeedsResponse, []payments.Instruction{told(this, payments.Contest, payments.InstructionPending, -time.Minute)}, time.Hour, payments.ErrAnswered},
		"it was answered":          {payments.NeedsResponse, []payments.Instruction{told(this, payments.Contest, payments.InstructionDone, time.Minute)}, time.Hour, payments.ErrAnswered},
		"the answer was refused":   {payments.NeedsResponse, []payments.Instruction{told(this, payments.Contest, payments.InstructionRefused, time.Minute)}, time.Hour, nil},
		"it asks again":            {payments.NeedsResponse, []payments.Instruction{told(this, payments.Contest, payments.InstructionDone, -time.Minute)}, time.Hour, nil},
		"it was given up before":   {payments.NeedsResponse, []payments.Instruction{told(this, payments.Concede, payments.InstructionDone, -time.Minute)}, time.Hour, payments.ErrAnswered},
		"giving it up was refused": {payments.NeedsResponse, []payments.Instruction{told(this, payments.Concede, payments.InstructionRefused, -time.Minute)}, time.Hour, nil},
		"its time is over":         {payments.NeedsResponse, nil, 24 * time.Hour, payments.ErrOverdue},
		"it does not ask":          {"under_review", nil, time.Hour, payments.ErrNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := payments.KeptDispute{ID: this, Dispute: payments.Dispute{Status: tc.status, DueBy: &due}, UpdatedAt: asked}
			if err := d.Answerable(tc.told, asked.Add(tc.at)); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
		})
	}
}
