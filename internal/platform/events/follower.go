package events

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Cursor is a place in the log: all up to it has been read.
type Cursor struct {
	Xid uint64 `db:"xid"`
	Seq int64  `db:"seq"`
}

// A Follower reads the log on this node and keeps its place in memory. It
// starts at From, or where the log stands when Run is called.
type Follower struct {
	Name   string
	DB     *pgxpool.Pool
	Bell   *Bell // may be nil: then it polls
	Log    *slog.Logger
	From   Cursor
	Handle func(ctx context.Context, batch []Record) error
	mu     sync.Mutex
}

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// A Consumer reads the log on one node at a time; its place is a row of
// event_cursors that moves in the transaction in which Handle works, so that
// it handles each event once.
type Consumer struct {
	Name   string
	DB     *pgxpool.Pool
	Bell   *Bell
	Log    *slog.Logger
	Handle func(ctx context.Context, tx pgx.Tx, batch []Record) error
}

// Run consumes until ctx ends.
func (c *Consumer) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// A Bell wakes the followers of this node when the relay has seen something
// new; one connection listens for all of them.
type Bell struct {
	DB  *pgxpool.Pool
	Log *slog.Logger
}

// Run listens until ctx ends.
func (b *Bell) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Idle waits until f has handled all that was committed before the call.
func (f *Follower) Idle(ctx context.Context) error { return nil }

// Hub streams timelines to those who watch them.
type Hub struct {
	DB   *pgxpool.Pool
	Bell *Bell
	Log  *slog.Logger
}

// Run feeds the streams until ctx ends.
func (h *Hub) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Subscribe streams the steps of subject after a version: first those that
// have happened, then each new one, without a gap or a double.
func (h *Hub) Subscribe(ctx context.Context, subject [16]byte, after int64) (steps <-chan Record, cancel func(), err error) {
	return nil, func() {}, nil
}

// Relay hands each event to those who subscribed to its name.
type Relay struct {
	DB      *pgxpool.Pool
	Log     *slog.Logger
	Workers int           // jobs at once on this node; 4 when 0
	Drain   time.Duration // for running jobs to finish when stopped; 20 s when 0
}

// Run works until ctx ends, then drains.
func (r *Relay) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// On subscribes fn to the events of type E.
func On[E Event](r *Relay, name string, fn func(ctx context.Context, e E) error, options ...Option) {}

// Option changes how a subscription is worked.
type Option func()

// Within gives a subscriber longer than half a minute.
func Within(d time.Duration) Option { return func() {} }

// Sweep runs fn on one node every so often.
func Sweep(r *Relay, kind string, every time.Duration, fn func(ctx context.Context) error) {}

// Flush hands all that r has not handed out yet to the subscribers, here and now.
func (r *Relay) Flush(ctx context.Context) error { return nil }

// Idle waits until every event committed before the call has been handled by
// every subscriber.
func (r *Relay) Idle(ctx context.Context) error { return nil }
