package httpapi

import (
	"maps"
	"sync"
)

// ask is one request of somebody, to be counted in a bucket, and how that went.
type ask struct {
	who    subject
	bucket *bucket

	left    int64 // how many more may come at once
	reset   int64 // nanoseconds until the next may, or until all may when some are left
	refused bool
}

// localCounts counts in this process, by GCRA: each subject has one number, the
// moment at which its bucket is empty again, so there is no window to game and
// nothing to reset.
type localCounts struct{ shards [16]shard }

type shard struct {
	mu     sync.Mutex
	empty  map[subject]int64 // when the bucket is empty again, in nanoseconds
	sweeps int
}

func newLocalCounts() *localCounts {
	c := &localCounts{}
	for i := range c.shards {
		c.shards[i].empty = map[subject]int64{}
	}
	return c
}

// take counts the asks one after the other until one is refused; it returns
// those that it came to.
func (c *localCounts) take(asks []ask, now int64) []ask {
	for i := range asks {
		if c.shards[asks[i].who.shard()].take(&asks[i], now); asks[i].refused {
			return asks[:i+1]
		}
	}
	return asks
}

func (s *shard) take(a *ask, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sweeps++; s.sweeps >= 4096 {
		s.sweeps = 0
		maps.DeleteFunc(s.empty, func(_ subject, empty int64) bool { return empty <= now })
	}
	every := int64(a.bucket.every)
	empty := max(s.empty[a.who], now)
	spare := int64(a.bucket.window) - (empty - now) - every
	if spare < 0 {
		a.left, a.reset, a.refused = 0, -spare, true
		return
	}
	empty += every
	s.empty[a.who] = empty
	a.left, a.reset = spare/every, empty-now
}

// shard spreads by what differs between subjects.
func (w subject) shard() int {
	h := uint32(w.user[15]) ^ uint32(w.user[14])
	if w.addr.IsValid() {
		a := w.addr.As16()
		h ^= uint32(a[15]) ^ uint32(a[7])
	}
	if n := len(w.name); n > 0 {
		h ^= uint32(w.name[n-1])
	}
	return int(h % 16)
}
