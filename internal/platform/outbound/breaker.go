package outbound

import (
	"errors"
	"sync"
	"time"
)

// ErrSilent says that a host has not answered for a while, and was not called. It is
// no refusal: nobody knows what the calls before this one have done.
var ErrSilent = errors.New("it does not answer: not called")

const (
	silences = 3                // timeouts in a row after which a host is left alone
	pause    = 10 * time.Second // for how long, and until the next if the first call after it is not answered either
	hosts    = 1000             // that are remembered: others choose some of them
)

// breaker keeps callers from waiting, one after the other, for a host that hangs.
// When it was silent some times in a row nobody calls it for a pause, and then one
// does, for all. Whatever it answers is an answer. The zero value is ready.
type breaker struct {
	mu     sync.Mutex
	silent map[string]*silence // by host and port: those that did not answer last time
}

type silence struct {
	times   int // in a row
	until   time.Time
	probing bool // somebody calls it, for all
}

// admit refuses to call a host that is silent.
func (b *breaker) admit(host string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.silent[host]
	if s == nil || s.times < silences {
		return nil
	}
	if s.probing || now.Before(s.until) {
		return ErrSilent
	}
	s.probing = true
	return nil
}

// answered notes that a host was heard.
func (b *breaker) answered(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.silent, host)
}

// timedOut notes that a host was not heard.
func (b *breaker) timedOut(host string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.silent == nil || len(b.silent) >= hosts {
		b.silent = map[string]*silence{} // nobody hangs by being forgotten
	}
	s := b.silent[host]
	if s == nil {
		s = &silence{}
		b.silent[host] = s
	}
	s.times, s.until, s.probing = s.times+1, now.Add(pause), false
}

// gaveUp notes that nobody knows whether a host would have answered: its caller did
// not wait.
func (b *breaker) gaveUp(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.silent[host]; s != nil {
		s.probing = false
	}
}
