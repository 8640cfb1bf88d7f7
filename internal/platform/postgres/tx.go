package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	attempts   = 5                    // of one transaction, the first included
	firstPause = 5 * time.Millisecond // doubles with each attempt, half of it random
	lastWords  = 5 * time.Second      // for COMMIT and ROLLBACK, whatever became of the caller
)

var retries atomic.Int64

// Retries is how many transactions this process has run again after a deadlock
// or a serialization failure.
func Retries() int64 { return retries.Load() }

// InTx runs fn in a transaction: READ COMMITTED, committed when fn returns nil,
// else rolled back, also when the caller has gone or fn panics. A deadlock or
// serialization failure runs the whole of fn again, so fn does database work
// only and assigns what it returns.
//
// Inside another transaction it is a savepoint, and the outermost one retries.
func InTx(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	_, nested := db.(pgx.Tx)
	for attempt := 1; ; attempt++ {
		err := inTxOnce(ctx, db, fn)
		if err == nil || nested || attempt == attempts || !again(err) {
			return Explain(err)
		}
		retries.Add(1)
		if err := pause(ctx, firstPause<<attempt); err != nil {
			return err
		}
	}
}

func inTxOnce(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	// The rollback after a commit is a no-op; the one after a panic is not.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		_ = tx.Rollback(ctx) // the connection is closed when this fails, which rolls back too
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Once asked for, the answer is awaited: a client that hangs up now must not
	// make the outcome unknown.
	commitCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	return unknown(tx.Commit(commitCtx))
}

// unknown marks a COMMIT that got no answer. An ERROR is an answer, and so is
// a refusal to commit what had failed before; FATAL is a server that goes away.
func unknown(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrTxCommitRollback), pgconn.SafeToRetry(err):
		return err
	case errors.As(err, &pg) && pg.Severity == "ERROR":
		return err
	}
	return fmt.Errorf("%w (%w)", ErrCommitUnknown, err)
}

func again(err error) bool {
	var pg *pgconn.PgError
	if errors.Is(err, ErrCommitUnknown) || !errors.As(err, &pg) {
		return false
	}
	return pg.Code == "40001" || pg.Code == "40P01"
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d/2 + rand.N(d/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
