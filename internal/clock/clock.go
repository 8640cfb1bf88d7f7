// Package clock is where time comes from, so that a test can own it.
//
// One clock decides each deadline: the database's now() for holds, coupons and
// idempotency keys; this one for tokens and signatures.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

// Now is the present moment in UTC, to the microsecond that PostgreSQL keeps.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Manual is a clock that stands still until a test moves it.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// At makes a Manual clock that shows t.
func At(t time.Time) *Manual { return &Manual{now: t.UTC()} }

// Now is the moment last set.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock on by d.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}
