package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Batch is a pipeline: statements that travel together and cost one round trip.
//
//	b := postgres.NewBatch()
//	b.Queue(`INSERT INTO orders ...`, args)
//	b.QueueOne(`UPDATE stock_levels ... WHERE on_hand - reserved >= @qty`, args, ErrOutOfStock)
//	err := b.Send(ctx, tx)
//
// A function that adds its writes to the pipeline of its caller takes a *Batch
// where another would take a pgx.Tx.
type Batch struct {
	statements []statement
}

type statement struct {
	sql     string
	args    pgx.NamedArgs
	read    func(rows pgx.Rows) error // of a query
	refusal error                     // when no row is touched; nil is no matter
}

// NewBatch is an empty pipeline.
func NewBatch() *Batch { return &Batch{} }

// Len is how many statements are queued.
func (b *Batch) Len() int { return len(b.statements) }

// Queue adds a statement whose count of rows does not matter.
func (b *Batch) Queue(sql string, args pgx.NamedArgs) {
	b.statements = append(b.statements, statement{sql: sql, args: args})
}

// QueueOne adds a statement that must touch a row: Send returns refusal when
// it touches none.
func (b *Batch) QueueOne(sql string, args pgx.NamedArgs, refusal error) {
	b.statements = append(b.statements, statement{sql: sql, args: args, refusal: refusal})
}

// Read adds a query; fn gets its rows when Send does, and need not close them.
func (b *Batch) Read(sql string, args pgx.NamedArgs, fn func(rows pgx.Rows) error) {
	b.statements = append(b.statements, statement{sql: sql, args: args, read: fn})
}

// ReadOne adds a query of one row, which lands in dest; [ErrNoRow] without it.
func ReadOne[T any](b *Batch, dest *T, sql string, args pgx.NamedArgs) {
	b.Read(sql, args, func(rows pgx.Rows) (err error) { *dest, err = One[T](rows); return err })
}

// ReadAll adds a query whose rows land in dest.
func ReadAll[T any](b *Batch, dest *[]T, sql string, args pgx.NamedArgs) {
	b.Read(sql, args, func(rows pgx.Rows) (err error) { *dest, err = Rows[T](rows); return err })
}

// ReadColumn adds a query of one column, whose values land in dest.
func ReadColumn[T any](b *Batch, dest *[]T, sql string, args pgx.NamedArgs) {
	b.Read(sql, args, func(rows pgx.Rows) (err error) { *dest, err = pgx.CollectRows(rows, pgx.RowTo[T]); return err })
}

// Send runs the statements in order and stops at the first error, refusal or
// complaint of a reader; the Batch is empty afterwards. Outside a transaction
// it is all or nothing too: PostgreSQL makes one transaction of the pipeline,
// and where we may stop after a write Send opens one.
func (b *Batch) Send(ctx context.Context, db DB) error {
	if b.Len() == 0 {
		return nil
	}
	statements := b.statements
	b.statements = nil
	if _, inTx := db.(pgx.Tx); !inTx && mayStopAfterWrite(statements) {
		return InTx(ctx, db, func(tx pgx.Tx) error { return send(ctx, tx, statements) })
	}
	return Explain(send(ctx, db, statements))
}

func mayStopAfterWrite(statements []statement) bool {
	writes, reads := false, false
	for _, s := range statements {
		if s.refusal != nil {
			return true
		}
		reads = reads || s.read != nil
		writes = writes || s.read == nil
	}
	return writes && reads
}

// send keeps refusals and what readers say from pgx, which would take them for
// a failure of the pipeline and throw the prepared statements away: in a rush
// for the last unit most pipelines are refused.
func send(ctx context.Context, db DB, statements []statement) error {
	var (
		batch   pgx.Batch
		refused error
	)
	for _, s := range statements {
		batch.Queue(s.sql, named(s.args)).Fn = func(results pgx.BatchResults) (err error) {
			if refused != nil {
				_, err = results.Exec() // no reader runs after a refusal
			} else {
				refused, err = s.receive(results)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", headline(s.sql), err)
			}
			return nil
		}
	}
	if err := db.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return refused
}

// receive reads the answer to one statement: refused is what we make of it,
// err what the server or the connection says.
func (s statement) receive(results pgx.BatchResults) (refused, err error) {
	if s.read == nil {
		tag, err := results.Exec()
		if err == nil && tag.RowsAffected() == 0 {
			refused = s.refusal
		}
		return refused, err
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	refused = s.read(rows)
	rows.Close()
	return refused, rows.Err()
}

// headline is the start of a statement, enough to find it by.
func headline(sql string) string {
	words := strings.Fields(sql)
	return strings.Join(words[:min(len(words), 4)], " ")
}
