package postgres_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// counters makes a database with a table of counters 1 to 3, all 0.
func counters(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Empty(t)
	mustExec(t, pool, `
		CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL CONSTRAINT counters_n_small CHECK (n < 1000));
		INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0)`)
	return pool
}

func mustExec(t *testing.T, db postgres.DB, sql string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func counter(t *testing.T, db postgres.DB, id int) int {
	t.Helper()
	n, err := postgres.Scalar[int](t.Context(), db, `SELECT n FROM counters WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, tx pgx.Tx, id int) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE counters SET n = n + 1 WHERE id = @id`, pgx.NamedArgs{"id": id})
	return err
}

func TestInTxCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	refusal := errs.New(errs.Conflict, "no_thanks", "No.")

	if err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return add(t.Context(), tx, 1) }); err != nil {
		t.Fatal(err)
	}
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if err := add(t.Context(), tx, 1); err != nil {
			return err
		}
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("got %v, want the refusal of fn", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("InTx swallows a panic")
			}
		}()
		_ = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			_ = add(t.Context(), tx, 1)
			panic("bug")
		})
	}()
	if n := counter(t, pool, 1); n != 1 {
		t.Errorf("n = %d, want only what was committed, 1", n)
	}
	if held := pool.Stat().AcquiredConns(); held != 0 {
		t.Errorf("%d connections are not back in the pool", held)
	}
}

// The caller leaves in the middle: the rollback happens all the same, and the
// connection is good again.
func TestInTxRollsBackAfterTheCallerHasGone(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	ctx, leave := context.WithCancel(t.Context())
	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		err := add(ctx, tx, 1)
		leave()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if n := counter(t, pool, 1); n != 0 {
		t.Errorf("n = %d: committed for a caller who had gone", n)
	}
}

func TestInTxNestsAsSavepoint(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	err := postgres.InTx(t.Context(), pool, func(outer pgx.Tx) error {
		if err := add(t.Context(), outer, 1); err != nil {
			return err
		}
		err := postgres.InTx(t.Context(), outer, func(inner pgx.Tx) error {
			if err := add(t.Context(), inner, 2); err != nil {
				return err
			}
			_, err := inner.Exec(t.Context(), `SELECT 1/0`) // breaks the savepoint, not the outer one
			return err
		})
		if err == nil {
			t.Error("the error of the inner transaction is lost")
		}
		return postgres.InTx(t.Context(), outer, func(inner pgx.Tx) error { return add(t.Context(), inner, 3) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, b, c := counter(t, pool, 1), counter(t, pool, 2), counter(t, pool, 3); a != 1 || b != 0 || c != 1 {
		t.Errorf("counters %d %d %d, want 1 0 1", a, b, c)
	}
}

// together runs two functions at once and returns their errors.
func together(first, second func() error) [2]error {
	var (
		got [2]error
		all sync.WaitGroup
	)
	all.Go(func() { got[0] = first() })
	all.Go(func() { got[1] = second() })
	all.Wait()
	return got
}

// meeting lets two goroutines wait for each other, once each.
type meeting struct{ all sync.WaitGroup }

func meet() *meeting {
	m := &meeting{}
	m.all.Add(2)
	return m
}

func (m *meeting) arrive(once *sync.Once) { once.Do(func() { m.all.Done(); m.all.Wait() }) }

// Two transactions lock two rows in opposite order: PostgreSQL ends one
// (40P01), it runs again, and both are done once.
func TestInTxRetriesDeadlock(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	before := postgres.Retries()
	crossing := meet()
	lock := func(first, second int) func() error {
		var once sync.Once // the second attempt meets nobody
		return func() error {
			return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				if err := add(t.Context(), tx, first); err != nil {
					return err
				}
				crossing.arrive(&once)
				return add(t.Context(), tx, second)
			})
		}
	}
	for _, err := range together(lock(1, 2), lock(2, 1)) {
		if err != nil {
			t.Error(err)
		}
	}
	if a, b := counter(t, pool, 1), counter(t, pool, 2); a != 2 || b != 2 {
		t.Errorf("counters %d %d, want each transaction once: 2 2", a, b)
	}
	if postgres.Retries() == before {
		t.Error("no retry was counted")
	}
}

// Two transactions read what the other writes, in a serializable database:
// one fails at COMMIT or before (40001), runs again and is done once.
func TestInTxRetriesSerializationFailure(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	mustExec(t, pool, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`)
	pool.Reset() // the setting is for new sessions
	before := postgres.Retries()
	crossing := meet()
	copyPlusOne := func(from, to int) func() error {
		var once sync.Once
		return func() error {
			return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				n, err := postgres.Scalar[int](t.Context(), tx, `SELECT n FROM counters WHERE id = @id`, pgx.NamedArgs{"id": from})
				if err != nil {
					return err
				}
				crossing.arrive(&once)
				_, err = postgres.Exec(t.Context(), tx, `UPDATE counters SET n = @n WHERE id = @id`, pgx.NamedArgs{"n": n + 1, "id": to})
				return err
			})
		}
	}
	for _, err := range together(copyPlusOne(1, 2), copyPlusOne(2, 1)) {
		if err != nil {
			t.Error(err)
		}
	}
	// One after the other gives 1 and 2; both from the old state would give 1 and 1.
	if a, b := counter(t, pool, 1), counter(t, pool, 2); a+b != 3 {
		t.Errorf("counters %d %d are no serial outcome", a, b)
	}
	if postgres.Retries() == before {
		t.Error("no retry was counted")
	}
}

func TestInTxGivesUpInTheEnd(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	tries := 0
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		tries++
		_, err := tx.Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`)
		return err
	})
	if !errors.Is(err, postgres.ErrBusy) || tries < 2 || tries > 10 {
		t.Errorf("after %d tries: %v, want a few and ErrBusy", tries, err)
	}
}

// PostgreSQL ends a race about the locks of a row by an error that it has no code
// for: the work is done again.
func TestInTxRunsAgainAfterARaceAboutLocks(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	tries := 0
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if tries++; tries > 1 {
			return nil
		}
		_, err := tx.Exec(t.Context(), `
			DO $$ BEGIN RAISE EXCEPTION 'new multixact has more than one updating member: 0 2[7 (keysh), 7 (nokeyupd)]' USING ERRCODE = 'XX000'; END $$`)
		return err
	})
	if err != nil || tries != 2 {
		t.Errorf("after %d tries: %v", tries, err)
	}
}

// A session that is ended before COMMIT has done nothing: the work is done by
// the next one, once.
func TestInTxRunsAgainWhenItsSessionIsEnded(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	tries := 0
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		if tries++; tries == 1 {
			mustExec(t, pool, `SELECT pg_terminate_backend(`+strconv.Itoa(int(tx.Conn().PgConn().PID()))+`, 5000)`)
		}
		return add(t.Context(), tx, 1)
	})
	if err != nil || tries != 2 {
		t.Errorf("%d tries, %v; want 2 and success", tries, err)
	}
	if n := counter(t, pool, 1); n != 1 {
		t.Errorf("n = %d, want 1", n)
	}
}

// The connection breaks while COMMIT waits for its answer: nobody knows, and
// nothing runs again.
func TestInTxLostAtCommitIsUnknown(t *testing.T) {
	t.Parallel()
	pool := cutAtCommit(t, counters(t))
	tries := 0
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		tries++
		return add(t.Context(), tx, 1)
	})
	if !errors.Is(err, postgres.ErrCommitUnknown) || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("got %v, want ErrCommitUnknown", err)
	}
	if tries != 1 {
		t.Errorf("ran %d times, want 1", tries)
	}
}

// cutAtCommit is a pool to the same database whose connections break when a
// COMMIT has been sent.
func cutAtCommit(t *testing.T, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	config := pool.Config()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return cutting{conn}, err
	}
	cut, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cut.Close)
	return cut
}

type cutting struct{ net.Conn }

func (c cutting) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if strings.Contains(string(b), "commit\x00") {
		err = errors.Join(err, c.Close())
	}
	return n, err
}

func TestInTxReportsWhatCommitRefuses(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	mustExec(t, pool, `ALTER TABLE counters ADD next int CONSTRAINT counters_next_exists REFERENCES counters DEFERRABLE INITIALLY DEFERRED`)
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE counters SET next = 99 WHERE id = 1`)
		return err
	})
	if !errors.Is(err, errNoNext) {
		t.Errorf("got %v, want what the constraint means", err)
	}
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_, _ = tx.Exec(t.Context(), `SELECT 1/0`) // the bug: its error is dropped
		return nil
	})
	if !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Errorf("got %v: a transaction that failed looks committed", err)
	}
}

func TestTimeoutsAreBusy(t *testing.T) {
	t.Parallel()
	pool := counters(t)
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Rollback(context.Background()) })
	mustExec(t, holder, `SELECT FROM counters WHERE id = 1 FOR UPDATE`)

	one := pool.Config()
	one.MaxConns = 1
	full, err := pgxpool.NewWithConfig(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(full.Close)
	taken, err := full.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(taken.Release)

	for name, test := range map[string]struct {
		db   postgres.DB
		sql  string
		code string
	}{
		"a row lock held by another":    {pool, `SET LOCAL lock_timeout = '20ms'; UPDATE counters SET n = 1 WHERE id = 1`, "55P03"},
		"a row that must not be waited": {pool, `SELECT FROM counters WHERE id = 1 FOR UPDATE NOWAIT`, "55P03"},
		"a statement without end":       {pool, `SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(60)`, "57014"},
		"no connection left":            {full, `SELECT 1`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := postgres.InTx(t.Context(), test.db, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), test.sql)
				return err
			})
			var refusal *errs.Error
			if !errors.As(err, &refusal) || !errors.Is(err, postgres.ErrBusy) || refusal.Kind != errs.Unavailable || refusal.RetryAfter == 0 {
				t.Errorf("got %v, want ErrBusy with a time to come back", err)
			}
			if pg := new(pgconn.PgError); test.code != "" && (!errors.As(err, &pg) || pg.Code != test.code) {
				t.Errorf("got %v, want the cause %s in the chain", err, test.code)
			}
		})
	}
}
