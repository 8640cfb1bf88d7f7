package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	attempts     = 5                    // of one transaction, the first included
	firstPause   = 5 * time.Millisecond // doubles with each attempt, half of it random
	longestQueue = 3 * time.Second      // for a connection of the pool
	lastWords    = 5 * time.Second      // for COMMIT and ROLLBACK, whatever became of the caller
)

var retries atomic.Int64

// Retries is how many transactions this process has run again after a deadlock
// or a serialization failure.
func Retries() int64 { return retries.Load() }

// InTx runs fn in a transaction: READ COMMITTED, committed when fn returns nil,
// else rolled back, also when the caller has gone or fn panics. A deadlock, a
// serialization failure or a connection lost before COMMIT runs the whole of fn
// again, so fn does database work only and assigns what it returns.
//
// Inside another transaction it is a savepoint, and the outermost one retries.
func InTx(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	if outer, nested := db.(pgx.Tx); nested {
		return Explain(inTxOnce(ctx, outer.Begin, fn))
	}
	for attempt := 1; ; attempt++ {
		err := inTxOnce(ctx, beginner(db), fn)
		if err == nil || attempt == attempts || !again(err) {
			return Explain(err)
		}
		retries.Add(1)
		if err := pause(ctx, firstPause<<attempt); err != nil {
			return Explain(err)
		}
	}
}

func inTxOnce(ctx context.Context, begin func(context.Context) (pgx.Tx, error), fn func(tx pgx.Tx) error) error {
	tx, err := begin(ctx)
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
		if ctx.Err() == nil && tx.Conn().IsClosed() {
			return fmt.Errorf("%w: %w", errLost, err)
		}
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

// errLost marks a connection that was lost before COMMIT: nothing was done.
var errLost = errors.New("connection lost in a transaction")

// beginner waits a moment for a connection of a pool, and no longer: when all
// are taken the caller is told so, instead of queueing until it gives up. On
// it the transaction begins with its first statement.
func beginner(db DB) func(context.Context) (pgx.Tx, error) {
	pool, ok := db.(*pgxpool.Pool)
	if !ok {
		return db.Begin
	}
	return func(ctx context.Context) (pgx.Tx, error) {
		ctx, cancel := context.WithTimeout(ctx, longestQueue)
		defer cancel()
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		return &lazyTx{conn: conn}, nil
	}
}

// unknown marks a COMMIT that got no answer. An ERROR is an answer, and so is
// a refusal to commit what had failed before; FATAL is a server that goes away.
// pgconn.SafeToRetry is no help: it holds for a connection that was found closed
// while reading the answer, too.
func unknown(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrTxCommitRollback):
		return err
	case errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR":
		return err
	}
	return fmt.Errorf("%w (%w)", ErrCommitUnknown, err)
}

// again reports whether nothing was done and another try may do it.
func again(err error) bool {
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, ErrCommitUnknown):
		return false
	case errors.As(err, &pg):
		return pg.Code == "40001" || pg.Code == "40P01" || // serialization failure, deadlock
			pg.Code == "57P01" || pg.Code == "57P02" || // this session was ended, or another crashed
			pg.Code == "XX000" && strings.HasPrefix(pg.Message, "new multixact") // a race of PostgreSQL's own, which it ends so
	}
	return errors.Is(err, errLost)
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
