package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Batch is a pipeline: statements that travel together and cost one round trip.
//
//	b := postgres.NewBatch()
//	b.Queue(`INSERT INTO orders ...`, args)
//	b.QueueOne(`UPDATE stock_levels ... WHERE on_hand - reserved >= @qty`, args, ErrOutOfStock)
//	err := b.Send(ctx, tx)
type Batch struct {
	pgx pgx.Batch
}

// NewBatch is an empty pipeline.
func NewBatch() *Batch { return &Batch{} }

// Len is how many statements are queued.
func (b *Batch) Len() int { return b.pgx.Len() }

// Queue adds a statement whose count of rows does not matter.
func (b *Batch) Queue(sql string, args pgx.NamedArgs) {
	b.pgx.Queue(sql, args).Exec(func(pgconn.CommandTag) error { return nil })
}

// QueueOne adds a statement that must touch a row; Send returns refusal when
// it does not.
func (b *Batch) QueueOne(sql string, args pgx.NamedArgs, refusal error) {
	b.pgx.Queue(sql, args).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return refusal
		}
		return nil
	})
}

// Read adds a query; fn gets its rows when Send does. They need no closing.
func (b *Batch) Read(sql string, args pgx.NamedArgs, fn func(rows pgx.Rows) error) {
	b.pgx.Queue(sql, args).Query(fn)
}

// Send runs the statements in order in one round trip and stops at the first
// error. A Batch is sent once.
func (b *Batch) Send(ctx context.Context, db DB) error {
	if b.Len() == 0 {
		return nil
	}
	return Explain(db.SendBatch(ctx, &b.pgx).Close())
}

// headline is the start of a statement, enough to find it by.
func headline(sql string) string {
	words := strings.Fields(sql)
	return strings.Join(words[:min(len(words), 4)], " ")
}

var _ = fmt.Sprint
