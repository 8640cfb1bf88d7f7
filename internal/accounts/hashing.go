package accounts

import (
	"context"
	"crypto/sha256"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"souk/internal/clock"
)

// hashing is where passwords wait to be hashed: 19 MiB and a core for 20 ms each
// is how a flood of sign-ins would take the shop down, and its owners' way in.
// So there are two doors: one for regulars, and one for everybody else, who get a
// sixth of two cores at most while they throng.
type hashing struct {
	strangers, regulars gate

	mu    sync.Mutex
	known map[[sha256.Size]byte]bool // names from networks that this node has let in
}

type gate struct {
	once    sync.Once
	slots   chan struct{}
	waiting atomic.Int64
}

// machine is the clock of work, which no test sets.
var machine clock.System

const (
	hashQueue    = 50      // strangers that may wait: some three seconds of work
	restTimes    = 2       // the work of a stranger, while others wait
	mostRegulars = 100_000 // that are remembered
)

// place is where a caller stands.
type place struct {
	gate    *gate
	regular bool
}

// enter takes a place before anything is done for a caller, the counting of
// their attempt included: who is told to come again has lost nothing. It says
// [ErrHashingBusy], to strangers only.
func (h *hashing) enter(regular bool) (place, error) {
	p := place{&h.strangers, regular}
	if regular {
		p.gate = &h.regulars
	}
	if p.gate.waiting.Add(1) > hashQueue && !regular {
		p.leave()
		return place{}, ErrHashingBusy
	}
	return p, nil
}

func (p place) leave() { p.gate.waiting.Add(-1) }

// derive waits for a core and makes a key out of a password.
func (p place) derive(ctx context.Context, password string, salt []byte, memory, passes uint32, threads uint8, size uint32) ([]byte, error) {
	g := p.gate
	g.once.Do(func() { g.slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)) })
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := machine.Now()
	key := make(chan []byte)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread and its priority end with the work
		giveWay()
		key <- argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, passes, memory, threads, size)
	}()
	made := <-key
	rest := time.Duration(0)
	if !p.regular && g.waiting.Load() > 1 {
		rest = restTimes * machine.Now().Sub(began)
	}
	time.AfterFunc(rest, func() { <-g.slots })
	return made, nil
}

// isRegular reports whether somebody has signed in with a name from where this
// attempt comes from, since this node started.
func (h *hashing) isRegular(name string, from Client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known[loginAttempt.pair(name, from)]
}

func (h *hashing) remember(name string, from Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil || len(h.known) >= mostRegulars {
		h.known = map[[sha256.Size]byte]bool{}
	}
	h.known[loginAttempt.pair(name, from)] = true
}
