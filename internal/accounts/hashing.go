package accounts

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// gate is where passwords wait to be hashed: 19 MiB and a core for 20 ms each is
// how a flood of sign-ins would take the shop down. It leaves a core to others,
// gives way to whatever else wants the machine, and keeps the queue short.
type gate struct {
	once    sync.Once
	slots   chan struct{}
	waiting atomic.Int64
}

// hashQueue is how many may be in the queue: about a second of work.
const hashQueue = 50

// enter takes a place before anything is done for a caller, the counting of
// their attempt included: who is told to come again has lost nothing. It says
// [ErrHashingBusy].
func (g *gate) enter() (leave func(), err error) {
	if g.waiting.Add(1) > hashQueue {
		g.waiting.Add(-1)
		return nil, ErrHashingBusy
	}
	return func() { g.waiting.Add(-1) }, nil
}

// derive waits for a core and makes a key out of a password.
func (g *gate) derive(ctx context.Context, password string, salt []byte, memory, passes uint32, threads uint8, size uint32) ([]byte, error) {
	g.once.Do(func() { g.slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)) })
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-g.slots }()
	key := make(chan []byte)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread and its priority end with the work
		giveWay()
		key <- argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, passes, memory, threads, size)
	}()
	return <-key, nil
}
