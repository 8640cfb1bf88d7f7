package events

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	bellChannel = "souk_events"
	lastWords   = 5 * time.Second // for goodbyes after the context has ended
)

// A Bell wakes the followers of this node when the relay has seen something
// new. One connection of its own, outside the pool's count, listens for all of
// them. It only hurries them: without a ring they look once a second.
type Bell struct {
	DB  *pgxpool.Pool
	Log *slog.Logger // slog.Default() when nil

	mu   sync.Mutex
	ring chan struct{} // closed by the next ring
}

// Run listens until ctx ends.
func (b *Bell) Run(ctx context.Context) error {
	pause := busyPause
	for ctx.Err() == nil {
		heard, err := b.listen(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if heard {
			pause = busyPause
		}
		pause = min(2*pause, failPause)
		logger(b.Log).WarnContext(ctx, "event bell lost its connection", "retry_in", pause, "error", err)
		wait[struct{}](ctx, pause, nil)
	}
	return nil
}

// listen rings for each notification until the connection is lost.
func (b *Bell) listen(ctx context.Context) (heard bool, err error) {
	pooled, err := b.DB.Acquire(ctx)
	if err != nil {
		return false, fmt.Errorf("connect the event bell: %w", err)
	}
	conn := pooled.Hijack()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		_ = conn.Close(ctx) // nothing is lost with it
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+bellChannel); err != nil {
		return false, fmt.Errorf("listen for events: %w", err)
	}
	b.strike() // something may have come while nobody listened
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return true, fmt.Errorf("listen for events: %w", err)
		}
		b.strike()
	}
}

func (b *Bell) strike() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ring != nil {
		close(b.ring)
		b.ring = nil
	}
}

// next is closed at the next ring; a nil bell never rings.
func (b *Bell) next() <-chan struct{} {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ring == nil {
		b.ring = make(chan struct{})
	}
	return b.ring
}
