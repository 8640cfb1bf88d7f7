package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

const january, february, march = ledger.Month("2026-01"), ledger.Month("2026-02"), ledger.Month("2026-03")

// day is noon of a day of 2026.
func day(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
}

// saleAt is a sale that happened at a moment.
func saleAt(at time.Time) ledger.Posting {
	p := sale(id.New[id.Vendor]())
	p.At = at
	return p
}

func post(t *testing.T, pool *pgxpool.Pool, postings ...ledger.Posting) error {
	t.Helper()
	return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return ledger.Post(t.Context(), tx, postings...) })
}

func mustPost(t *testing.T, pool *pgxpool.Pool, postings ...ledger.Posting) {
	t.Helper()
	if err := post(t, pool, postings...); err != nil {
		t.Fatal(err)
	}
}

func shut(ctx context.Context, pool *pgxpool.Pool, month ledger.Month) (p ledger.AccountingPeriod, err error) {
	ctx = auth.With(ctx, auth.Actor{System: "a test"})
	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		p, err = ledger.Close(ctx, tx, month)
		return err
	})
	return p, err
}

func mustShut(t *testing.T, pool *pgxpool.Pool, months ...ledger.Month) {
	t.Helper()
	for _, month := range months {
		if _, err := shut(t.Context(), pool, month); err != nil {
			t.Fatalf("close %s: %v", month, err)
		}
	}
}

func reopen(t *testing.T, pool *pgxpool.Pool, month ledger.Month) (p ledger.AccountingPeriod, err error) {
	t.Helper()
	ctx := auth.With(t.Context(), auth.Actor{System: "a test"})
	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		p, err = ledger.Reopen(ctx, tx, month, "an invoice was late")
		return err
	})
	return p, err
}

func TestMonthsAreClosedInOrderOnceTheyHaveEnded(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	mustPost(t, pool, saleAt(day(time.January, 5)), saleAt(day(time.March, 5)), saleAt(time.Time{}))
	current := ledger.Month(time.Now().UTC().Format("2006-01"))
	for _, tc := range []struct {
		month ledger.Month
		want  error
		next  ledger.Month
	}{
		{"2025-12", ledger.ErrPeriodOrder, january}, // before the first entry
		{february, ledger.ErrPeriodOrder, january},
		{current, ledger.ErrPeriodRunning, ""},
		{"2999-01", ledger.ErrPeriodRunning, ""},
		{january, nil, ""},
		{january, nil, ""}, // once more changes nothing
		{march, ledger.ErrPeriodOrder, february},
		{february, nil, ""}, // nothing happened in it
		{march, nil, ""},
	} {
		p, err := shut(t.Context(), pool, tc.month)
		var refusal *errs.Error
		switch {
		case !errors.Is(err, tc.want), tc.want == nil && (p.Month != tc.month || p.Status != "closed" || len(p.Changes) != 1):
			t.Errorf("close %s: %+v, %v; want %v", tc.month, p, err, tc.want)
		case tc.next != "" && errors.As(err, &refusal) && refusal.Extra["next"] != tc.next:
			t.Errorf("close %s: %v comes next, want %s", tc.month, refusal.Extra["next"], tc.next)
		}
	}
}

func TestAClosedMonthAcceptsNoEntry(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	mustPost(t, pool, saleAt(day(time.January, 5)))
	mustShut(t, pool, january)
	for _, at := range []time.Time{day(time.January, 5), time.Date(2026, 1, 31, 23, 59, 59, 999_999_000, time.UTC), day(time.January, 1).AddDate(-1, 0, 0)} {
		if err := post(t, pool, saleAt(time.Time{}), saleAt(at)); !errors.Is(err, ledger.ErrPeriodClosed) {
			t.Errorf("at %s: %v, want ErrPeriodClosed", at, err)
		}
	}
	mustPost(t, pool, saleAt(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)))

	// Nor do entries slip under a transaction that is there.
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `
			INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor)
			SELECT t.id, e.account_id, e.currency, -e.amount_minor FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id WHERE t.at < '2026-02-01'`, nil)
		return err
	})
	if !errors.Is(err, ledger.ErrPeriodClosed) {
		t.Errorf("entries of an old transaction: %v, want ErrPeriodClosed", err)
	}
}

func TestOnlyTheLastClosedMonthIsOpenedAgainAndItsHistoryStays(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	mustPost(t, pool, saleAt(day(time.January, 5)))
	mustShut(t, pool, january, february)
	if _, err := reopen(t, pool, january); !errors.Is(err, ledger.ErrPeriodOrder) {
		t.Errorf("the one before the last: %v", err)
	}
	if _, err := reopen(t, pool, march); !errors.Is(err, ledger.ErrPeriodOpen) {
		t.Errorf("one that is open: %v", err)
	}
	if _, err := reopen(t, pool, february); err != nil {
		t.Fatal(err)
	}
	mustPost(t, pool, saleAt(day(time.February, 5)))
	mustShut(t, pool, february)
	p, err := ledger.PeriodOf(t.Context(), pool, february)
	if err != nil || len(p.Changes) != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	if c := p.Changes[1]; c.Change != "reopened" || c.Reason != "an invoice was late" || c.Actor != "system:a test" {
		t.Errorf("%+v", c)
	}
	if err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `DELETE FROM ledger_period_changes`, nil)
		return err
	}); err == nil {
		t.Error("the history of a month was removed")
	}
}

func TestBooksThatDoNotBalanceAreNotClosed(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	mustPost(t, pool, saleAt(day(time.January, 5)), saleAt(day(time.February, 5)))
	if _, err := pool.Exec(t.Context(), `
		SET session_replication_role = replica;
		UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE seq = (SELECT max(seq) FROM ledger_entries);
		RESET session_replication_role`); err != nil {
		t.Fatal(err)
	}
	mustShut(t, pool, january) // which balances
	_, err := shut(t.Context(), pool, february)
	var refusal *errs.Error
	if !errors.Is(err, ledger.ErrOutOfBalance) || !errors.As(err, &refusal) || len(refusal.Extra["transactions"].([]id.LedgerTxn)) != 1 {
		t.Errorf("%v", err)
	}
}

// begunIn has a transaction begin at another time than this: now() in it, and in
// its triggers, is what the demo makes of it, too.
func begunIn(t *testing.T, tx pgx.Tx, at string) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), `SELECT set_config('search_path', 'past, pg_catalog, public', true), set_config('past.now', $1, true)`, at); err != nil {
		t.Fatal(err)
	}
}

func withPast(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.DB(t)
	if _, err := pool.Exec(t.Context(), `
		CREATE SCHEMA past;
		CREATE FUNCTION past.now() RETURNS timestamptz LANGUAGE sql STABLE RETURN current_setting('past.now')::timestamptz`); err != nil {
		t.Fatal(err)
	}
	return pool
}

// Closing waits for whoever began to post before the month was over; who posts in
// the next one waits for neither.
func TestClosingWaitsForPostingsUnderWay(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{"begun in the month": {}, "dated back": day(time.January, 31)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := withPast(t)
			mustPost(t, pool, saleAt(day(time.January, 5)))
			late, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = late.Rollback(context.Background()) }() // a no-op once it is committed
			if at.IsZero() {
				begunIn(t, late, "2026-01-31T23:59:59Z")
			}
			if err := ledger.Post(t.Context(), late, saleAt(at)); err != nil {
				t.Fatal(err)
			}
			closed := make(chan error)
			go func() {
				_, err := shut(t.Context(), pool, january)
				closed <- err
			}()
			waitForLock(t, pool)
			mustPost(t, pool, saleAt(time.Time{})) // or this waits for late and fails
			if err := late.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-closed; err != nil {
				t.Fatal(err)
			}
			if got := keptCash(t, pool, january); got != 200 {
				t.Errorf("%d was kept at the end of the month, want what was posted last, too: 200", got)
			}
		})
	}
}

// Who began in a month and posts when it is closed does so in the next one, and
// nobody is told of it.
func TestAPostingThatBeganInAMonthThatIsClosedMeanwhileRunsAgain(t *testing.T) {
	t.Parallel()
	pool := withPast(t)
	mustPost(t, pool, saleAt(day(time.January, 5)))
	attempts := 0
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if attempts++; attempts == 1 {
			begunIn(t, tx, "2026-01-31T23:59:59Z")
			mustShut(t, pool, january)
		}
		return ledger.Post(t.Context(), tx, saleAt(time.Time{}))
	})
	if err != nil || attempts != 2 {
		t.Errorf("%d attempts, %v; want 2", attempts, err)
	}
	if got := keptCash(t, pool, january); got != 100 {
		t.Errorf("%d was kept at the end of the month, want 100", got)
	}
}

// Whatever is posted while a month is closed is kept in it, or refused.
func TestNothingSlipsIntoAMonthThatIsBeingClosed(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	mustPost(t, pool, saleAt(day(time.January, 5)))
	const clerks = 8
	var wait, begun sync.WaitGroup
	begun.Add(clerks)
	posted := make([]int64, clerks)
	for i := range clerks {
		wait.Go(func() {
			err := post(t, pool, saleAt(day(time.January, 6)))
			begun.Done()
			for ; err == nil; posted[i]++ {
				err = post(t, pool, saleAt(day(time.January, 6)))
			}
			if !errors.Is(err, ledger.ErrPeriodClosed) || posted[i] == 0 {
				t.Errorf("%d were posted, then %v", posted[i], err)
			}
		})
	}
	begun.Wait()
	mustShut(t, pool, january)
	wait.Wait()
	all := int64(1)
	for _, n := range posted {
		all += n
	}
	if got := keptCash(t, pool, january); got != 100*all {
		t.Errorf("%d sales were posted, the closed month has %d", all, got/100)
	}
	balance, err := ledger.Balance(t.Context(), pool, ledger.AccountKey{Kind: ledger.Clearing, Party: "cod"}, "USD")
	if err != nil || balance != usd(100*all) {
		t.Errorf("%d sales were posted, the books have %v (%v)", all, balance, err)
	}
}

// Two who close a month at once close it once.
func TestAMonthIsClosedOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	mustPost(t, pool, saleAt(day(time.January, 5)))
	failures := make([]error, 4)
	var wait sync.WaitGroup
	for i := range failures {
		wait.Go(func() { _, failures[i] = shut(t.Context(), pool, january) })
	}
	wait.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Error(err)
	}
	p, err := ledger.PeriodOf(t.Context(), pool, january)
	if err != nil || len(p.Changes) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

// keptCash is what the cash account held at the end of a closed month.
func keptCash(t *testing.T, pool *pgxpool.Pool, month ledger.Month) int64 {
	t.Helper()
	got, err := postgres.Scalar[int64](t.Context(), pool, `
		SELECT b.debit_minor - b.credit_minor FROM ledger_period_balances b JOIN ledger_accounts a ON a.id = b.account_id
		WHERE a.kind = 'psp_clearing' AND to_char(b.month, 'YYYY-MM') = @month`, pgx.NamedArgs{"month": month})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// waitForLock waits until a session waits for a lock.
func waitForLock(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for waiting := false; !waiting; {
		var err error
		waiting, err = postgres.Scalar[bool](ctx, pool, `
			SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory')`, nil)
		if err != nil {
			t.Fatalf("nobody came to wait for a lock: %v", err)
		}
	}
}
