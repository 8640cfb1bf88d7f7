package events

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/auth"
	"souk/internal/crash"
	"souk/internal/platform/postgres"
)

var (
	crashBeforeCommit = crash.At("events.consumer.before_commit")
	crashAfterCommit  = crash.At("events.consumer.after_commit")
)

// A Consumer reads the log on one node at a time. Its place is a row of
// event_cursors that moves in the transaction in which Handle works: what it
// writes in the database, it writes once for each event. Whoever holds the row
// leads; when its process dies, PostgreSQL lets go and another goes on.
//
// A batch that Handle refuses comes again, and those behind it wait.
type Consumer struct {
	Name   string
	DB     *pgxpool.Pool
	Bell   *Bell        // wakes it; without one it polls more often
	Log    *slog.Logger // slog.Default() when nil
	Handle func(ctx context.Context, tx pgx.Tx, batch []Record) error
}

// Run consumes until ctx ends. A new consumer starts at the log's beginning.
func (c *Consumer) Run(ctx context.Context) error {
	ctx = auth.With(ctx, auth.Actor{System: c.Name})
	loop{c.Name, c.Bell, c.Log}.run(ctx, c.step)
	return nil
}

func (c *Consumer) step(ctx context.Context) (found int, err error) {
	behind, err := postgres.Scalar[bool](ctx, c.DB, selectBehind, pgx.NamedArgs{"follower": c.Name})
	if err != nil || !behind {
		return 0, err
	}
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) (err error) {
		found, err = c.batch(ctx, tx)
		if found > 0 {
			crashBeforeCommit.Here()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("consume events for %s: %w", c.Name, err)
	}
	if found > 0 {
		crashAfterCommit.Here()
	}
	return found, nil
}

func (c *Consumer) batch(ctx context.Context, tx pgx.Tx) (found int, err error) {
	if _, err := postgres.Exec(ctx, tx, insertCursor, pgx.NamedArgs{"follower": c.Name}); err != nil {
		return 0, err
	}
	mine, err := postgres.All[Cursor](ctx, tx, selectCursor, pgx.NamedArgs{"follower": c.Name})
	if err != nil || len(mine) == 0 { // another node leads
		return 0, err
	}
	batch, err := after(ctx, tx, mine[0], batchSize)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	if err := c.Handle(ctx, tx, batch); err != nil {
		return 0, err
	}
	last := batch[len(batch)-1].Cursor()
	_, err = postgres.Exec(ctx, tx, updateCursor, pgx.NamedArgs{
		"follower": c.Name, "xid": fmt.Sprint(last.Xid), "seq": last.Seq,
	})
	return len(batch), err
}
