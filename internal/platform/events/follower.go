package events

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

const (
	batchSize = 500                    // events read at once
	busyPause = 50 * time.Millisecond  // between looks while there is something to see
	idlePause = 100 * time.Millisecond // when there has been nothing for a while
	bellPause = time.Second            // the same for those whom a bell wakes
	failPause = 10 * time.Second       // at most, after errors
)

// Cursor is a place in the log: all up to it has been read.
type Cursor struct {
	Xid uint64 `db:"xid"`
	Seq int64  `db:"seq"`
}

// Before reports whether c has yet to reach other.
func (c Cursor) Before(other Cursor) bool {
	return c.Xid < other.Xid || c.Xid == other.Xid && c.Seq < other.Seq
}

// Now is the place from which a follower misses nothing that a snapshot taken
// later on may lack: take it first, then read the tables, then follow. It may
// come to see again what the tables already had.
func Now(ctx context.Context, db postgres.DB) (Cursor, error) {
	c, err := postgres.Get[Cursor](ctx, db, selectNow, nil)
	if err != nil {
		return c, fmt.Errorf("read place in the log: %w", err)
	}
	return c, nil
}

// Head is the place of the newest event that has been committed.
func Head(ctx context.Context, db postgres.DB) (Cursor, error) {
	newest, err := postgres.All[Cursor](ctx, db, selectHead, nil)
	if err != nil {
		return Cursor{}, fmt.Errorf("read head of the log: %w", err)
	}
	if len(newest) == 0 {
		return Cursor{}, nil
	}
	return newest[0], nil
}

func after(ctx context.Context, db postgres.DB, c Cursor, batch int) ([]Record, error) {
	return postgres.All[Record](ctx, db, selectAfter, pgx.NamedArgs{
		"xid": fmt.Sprint(c.Xid), "seq": c.Seq, "batch": batch,
	})
}

// A Follower reads the log on this node and keeps its place in memory. It
// starts after From, or where the log stands when Run is called. A batch that
// Handle refuses comes again.
type Follower struct {
	Name   string
	DB     postgres.DB
	Bell   *Bell        // wakes it; without one it polls more often
	Log    *slog.Logger // slog.Default() when nil
	From   Cursor
	Handle func(ctx context.Context, batch []Record) error

	mu      sync.Mutex
	place   Cursor
	moved   chan struct{} // closed when place moves
	started bool
}

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) error {
	if err := f.start(ctx); err != nil {
		return unlessEnded(ctx, err)
	}
	loop{f.Name, f.Bell, f.Log}.run(ctx, f.step)
	return nil
}

// start takes the place to read from; nothing committed after it is missed.
func (f *Follower) start(ctx context.Context) (err error) {
	from := f.From
	if from == (Cursor{}) {
		if from, err = Now(ctx, f.DB); err != nil {
			return fmt.Errorf("follow the log for %s: %w", f.Name, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.place, f.started = from, true
	return nil
}

func (f *Follower) step(ctx context.Context) (int, error) {
	place, _ := f.Place()
	batch, err := after(ctx, f.DB, place, batchSize)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	if err := f.Handle(ctx, batch); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.place = batch[len(batch)-1].Cursor()
	if f.moved != nil {
		close(f.moved)
		f.moved = nil
	}
	return len(batch), nil
}

// Place is how far f has come, and whether it has started.
func (f *Follower) Place() (Cursor, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.place, f.started
}

// Idle waits until f has handled every event committed before the call. Run
// must have been called with a From, or have started.
func (f *Follower) Idle(ctx context.Context) error {
	head, err := Head(ctx, f.DB)
	if err != nil {
		return err
	}
	for {
		f.mu.Lock()
		if f.started && !f.place.Before(head) {
			f.mu.Unlock()
			return nil
		}
		if f.moved == nil {
			f.moved = make(chan struct{})
		}
		moved := f.moved
		f.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to read up to %v: %w", f.Name, head, ctx.Err())
		}
	}
}

// loop takes steps until its context ends: again at once after a full batch,
// soon after a small one, and ever later while there is nothing or while the
// database does not answer. A ring of the bell ends the wait.
type loop struct {
	name string
	bell *Bell
	log  *slog.Logger
}

func (l loop) run(ctx context.Context, step func(context.Context) (found int, err error)) {
	idle := idlePause
	if l.bell != nil {
		idle = bellPause
	}
	pause := busyPause
	for ctx.Err() == nil {
		rung := l.bell.next() // before the look, so that a ring during it counts
		found, err := step(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			pause = min(2*pause, failPause)
			logger(l.log).ErrorContext(ctx, "event follower is stuck", "follower", l.name, "retry_in", pause, "error", err)
			rung = nil
		case found == batchSize:
			pause = busyPause
			continue
		case found > 0:
			pause = busyPause
		default:
			pause = min(2*pause, idle)
		}
		wait(ctx, pause, rung)
	}
}

// unlessEnded is err, or nil when that is only because ctx has ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func wait[T any](ctx context.Context, d time.Duration, rung <-chan T) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-rung:
	}
}

func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.Default()
	}
	return l
}
