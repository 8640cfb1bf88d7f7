package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// AtCommit adds a statement that nothing in the transaction waits for: it goes
// out with the COMMIT, in one round trip, so that row locks are held no longer
// for its sake. An error of it undoes the transaction. Where tx is not the
// transaction of an [InTx] on a pool the statement runs at once.
func AtCommit(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) error {
	if lazy, ok := tx.(*lazyTx); ok {
		lazy.last.Queue(sql, args)
		return nil
	}
	_, err := Exec(ctx, tx, sql, args)
	return err
}

// A lazyTx begins with its first statement and commits with its last words:
// BEGIN travels in the first pipeline and COMMIT in the last, and each round
// trip that is saved is time for which others do not wait for a lock.
type lazyTx struct {
	conn *pgxpool.Conn // nil once released
	tx   pgx.Tx        // nil until begun
	last Batch         // of AtCommit
}

func (t *lazyTx) begun(ctx context.Context) (pgx.Tx, error) {
	if t.tx != nil {
		return t.tx, nil
	}
	if t.conn == nil {
		return nil, pgx.ErrTxClosed
	}
	var err error
	t.tx, err = t.conn.Conn().Begin(ctx)
	return t.tx, err
}

// SendBatch sends BEGIN ahead of b when b is the first to speak.
func (t *lazyTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if t.tx != nil || t.conn == nil {
		tx, err := t.begun(ctx)
		if err != nil {
			return pgx.FailedBatchResults(b, err)
		}
		return tx.SendBatch(ctx, b)
	}
	var first pgx.Batch
	first.BeginTx(pgx.TxOptions{})
	first.QueuedQueries = append(first.QueuedQueries, b.QueuedQueries...)
	results := t.conn.Conn().SendBatch(ctx, &first)
	t.tx = results.Tx()
	_, _ = results.Exec() // the answer to BEGIN; an error of it fails the rest, too
	return results
}

// Commit sends the last words and COMMIT together.
func (t *lazyTx) Commit(ctx context.Context) error {
	defer t.release()
	if t.last.Len() == 0 {
		if t.tx == nil {
			return nil // nothing was said
		}
		return t.tx.Commit(ctx)
	}
	tx, err := t.begun(ctx)
	if err != nil {
		return err
	}
	t.last.Queue("COMMIT", nil)
	if err := send(ctx, tx, t.last.statements); err != nil {
		_ = tx.Rollback(ctx) // the connection is closed when this fails, which rolls back too
		return err
	}
	return nil
}

// Rollback does nothing after Commit.
func (t *lazyTx) Rollback(ctx context.Context) error {
	if t.conn == nil {
		return pgx.ErrTxClosed
	}
	defer t.release()
	if t.tx == nil {
		return nil
	}
	return t.tx.Rollback(ctx)
}

func (t *lazyTx) release() {
	if t.conn != nil {
		t.conn.Release()
		t.conn = nil
	}
}

// Begin makes a savepoint.
func (t *lazyTx) Begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := t.begun(ctx)
	if err != nil {
		return nil, err
	}
	return tx.Begin(ctx)
}

// Exec is of pgx.Tx.
func (t *lazyTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tx, err := t.begun(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return tx.Exec(ctx, sql, args...)
}

// Query is of pgx.Tx. Like SendBatch it may be the first to speak.
func (t *lazyTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	tx, err := t.begun(ctx)
	if err != nil {
		return nil, err
	}
	return tx.Query(ctx, sql, args...)
}

// QueryRow is of pgx.Tx.
func (t *lazyTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	tx, err := t.begun(ctx)
	if err != nil {
		return failedRow{err}
	}
	return tx.QueryRow(ctx, sql, args...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// CopyFrom is of pgx.Tx.
func (t *lazyTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	tx, err := t.begun(ctx)
	if err != nil {
		return 0, err
	}
	return tx.CopyFrom(ctx, table, columns, rows)
}

// Prepare is of pgx.Tx.
func (t *lazyTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	tx, err := t.begun(ctx)
	if err != nil {
		return nil, err
	}
	return tx.Prepare(ctx, name, sql)
}

// LargeObjects is of pgx.Tx; the shop has none.
func (t *lazyTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn is of pgx.Tx.
func (t *lazyTx) Conn() *pgx.Conn {
	if t.conn == nil {
		return nil
	}
	return t.conn.Conn()
}
