package redis

import (
	"log/slog"
	"sync/atomic"
	"time"

	"souk/internal/clock"
)

// rest is how long a Redis that failed is left alone.
const rest = 3 * time.Second

// breaker keeps callers away from a Redis that has failed, all but one in each
// rest, who tries. So a Redis that hangs is waited for once and not by everybody.
type breaker struct {
	clock clock.Clock
	log   *slog.Logger
	tried atomic.Int64 // when it last failed or was tried since, in nanoseconds; 0 when it is well
}

// enter reports whether the caller may ask Redis.
func (b *breaker) enter() bool {
	tried := b.tried.Load()
	if tried == 0 {
		return true
	}
	now := b.clock.Now().UnixNano()
	if rested := now - tried; rested >= 0 && rested < int64(rest) { // a clock that was put back ends the rest
		return false
	}
	return b.tried.CompareAndSwap(tried, now)
}

// leave tells how it went.
func (b *breaker) leave(err error) {
	switch {
	case err != nil:
		if b.tried.Swap(b.clock.Now().UnixNano()) == 0 {
			b.log.Warn("redis failed; until it is back, each node counts for itself", "error", err)
		}
	case b.tried.Load() != 0 && b.tried.Swap(0) != 0:
		b.log.Info("redis is back")
	}
}
