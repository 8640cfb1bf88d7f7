package accounts

import (
	"sync"
	"time"

	"souk/internal/errs"
)

// ErrThrottled asks to wait after too many wrong passwords.
var ErrThrottled = errs.New(errs.TooMany, "too_many_attempts", "There were too many wrong passwords. Wait before you try again.")

const (
	freeFailures    = 5                // of one account from one address, before anybody waits
	longestWait     = 15 * time.Minute // between two attempts
	failureMemory   = time.Hour        // after the last attempt all is forgotten
	addressFailures = 100              // of one address in an hour, over all accounts
	maxThrottled    = 100_000          // names in memory, so that guessing them fills no machine
)

// throttle slows guessing. Five wrong passwords of one account from one address
// are free, then one must wait 1, 2, 4 … 900 seconds; the owner, elsewhere,
// waits for nothing. One address has a hundred in an hour for all accounts.
type throttle struct {
	mu        sync.Mutex
	pairs     map[string]failures // by account and address
	addresses map[string]failures
}

type failures struct {
	count       int
	first, last time.Time
	until       time.Time // when the next attempt is let through
}

// take counts an attempt as failed before its password is looked at, so that a
// parallel burst counts in full; forgive takes it back.
func (t *throttle) take(account, address string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pairs == nil {
		t.pairs, t.addresses = map[string]failures{}, map[string]failures{}
	}
	from := t.addresses[address]
	if now.Sub(from.first) >= time.Hour {
		from = failures{first: now}
	}
	pair := t.pairs[account+" "+address]
	if now.Sub(pair.last) > failureMemory {
		pair = failures{first: now}
	}
	wait := pair.until.Sub(now)
	if from.count >= addressFailures {
		wait = max(wait, from.first.Add(time.Hour).Sub(now))
	}
	if wait > 0 {
		return ErrThrottled.After(wait)
	}
	pair.count++
	if over := pair.count - freeFailures; over >= 0 {
		pair.until = now.Add(min(time.Second<<min(over, 10), longestWait))
	}
	from.count++
	pair.last, from.last = now, now
	makeRoom(t.pairs, now)
	makeRoom(t.addresses, now)
	t.pairs[account+" "+address], t.addresses[address] = pair, from
	return nil
}

// forgive forgets the failures of somebody who knew the password, and the
// attempt that was counted against their address.
func (t *throttle) forgive(account, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.pairs, account+" "+address)
	if from := t.addresses[address]; from.count > 0 {
		from.count--
		t.addresses[address] = from
	}
}

// makeRoom drops what is forgotten anyway, and then anybody.
func makeRoom(seen map[string]failures, now time.Time) {
	if len(seen) < maxThrottled {
		return
	}
	for key, f := range seen {
		if now.Sub(f.last) > failureMemory {
			delete(seen, key)
		}
	}
	for key := range seen {
		if len(seen) < maxThrottled*9/10 {
			return
		}
		delete(seen, key)
	}
}
