package accounts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

var (
	// ErrThrottled asks to wait after too many attempts.
	ErrThrottled = errs.New(errs.TooMany, "too_many_attempts", "There were too many attempts. Wait before you try again.")
	// ErrSignInByMail closes the password of a name for a while, to all but the
	// addresses that its owner comes from. The owner has the mailbox.
	ErrSignInByMail = errs.New(errs.TooMany, "sign_in_by_mail",
		"Somebody is guessing this password. Use the link that we mail to the address of the account.")
)

// An attempt is a kind of thing that is guessed at or overdone.
type attempt struct {
	name       string
	waits      bool        // of one account from one address: five are free, then one waits 1, 2, 4 … 900 s
	perAddress int         // in an hour, over all accounts; 0 counts none
	perAccount int         // in an hour, over all addresses; 0 counts none
	shut       *errs.Error // what a shut account answers; nil is [ErrThrottled]
}

var (
	loginAttempt = attempt{name: "login", waits: true, perAddress: 100, perAccount: 50, shut: ErrSignInByMail}
	knownAttempt = attempt{name: "login", waits: true, perAddress: 100} // a login from where the owner has been before
	proofAttempt = attempt{name: "proof", waits: true, perAddress: 100} // of somebody who has signed in
	mailAttempt  = attempt{name: "mail", perAddress: 30, perAccount: 5} // asking for a mail
	rescueMail   = attempt{name: "rescue", perAccount: 1}               // the link that a guessed account is mailed
)

const (
	freeFailures  = 5                   // of one account from one address, before anybody waits
	longestWait   = 15 * time.Minute    // between two attempts
	refusalMemory = 30 * time.Second    // how long this node says no without asking the database
	knownFor      = 90 * 24 * time.Hour // how long an address counts as one of the owner's
)

// counter is one row of login_failures.
type counter struct {
	key     [sha256.Size]byte
	perHour int // 0 makes one wait
	refusal *errs.Error
}

// counters are what an attempt counts against, in the order in which they
// answer.
func (a attempt) counters(account string, from Client) []counter {
	account, network := strings.ToLower(account), from.network()
	var list []counter
	add := func(perHour int, refusal *errs.Error, of ...string) {
		key := sha256.Sum256([]byte(a.name + "\x00" + strings.Join(of, "\x00")))
		list = append(list, counter{key, perHour, refusal})
	}
	if a.waits {
		add(0, ErrThrottled, "both", account, network)
	}
	if a.perAddress > 0 {
		add(a.perAddress, ErrThrottled, "address", network)
	}
	if a.perAccount > 0 {
		refusal := ErrThrottled
		if a.shut != nil {
			refusal = a.shut
		}
		add(a.perAccount, refusal, "account", account)
	}
	return list
}

// pair is the key of an account and where somebody comes from.
func (a attempt) pair(account string, from Client) [sha256.Size]byte {
	return a.counters(account, from)[0].key
}

// takeAttempt counts an attempt as failed before it is looked at, so that a
// parallel burst counts in full, or refuses it and counts nothing. Who succeeds
// is forgiven. The counters stand in the database, for every node and the next
// start; only a refusal is remembered here, so that a flood costs no query.
func (u *Users) takeAttempt(ctx context.Context, kind attempt, account string, from Client) error {
	counters, now := kind.counters(account, from), u.Clock.Now()
	if err := u.refusals.of(counters, now); err != nil {
		return err
	}
	var shut map[[sha256.Size]byte]time.Time
	err := postgres.InTx(ctx, u.DB, func(tx pgx.Tx) (err error) {
		shut, err = takeSlots(ctx, tx, counters, now)
		if err == nil && len(shut) > 0 {
			err = ErrThrottled // takes back what was counted beside
		}
		return err
	})
	for _, c := range counters {
		if until, ok := shut[c.key]; ok {
			if c.refusal == ErrThrottled { // the owner of a shut account may have another way in
				u.refusals.add(c.key, c.refusal, until, now)
			}
			return c.refusal.After(until.Sub(now))
		}
	}
	if err != nil {
		return fmt.Errorf("count %s attempt: %w", kind.name, err)
	}
	return nil
}

// forgive forgets the failures of somebody who knew the secret, and takes back
// what was counted against their address and account.
func (u *Users) forgive(ctx context.Context, kind attempt, account string, from Client) error {
	counters := kind.counters(account, from)
	err := postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return giveSlotsBack(ctx, tx, counters, u.Clock.Now()) })
	if err != nil {
		return fmt.Errorf("forgive %s attempts: %w", kind.name, err)
	}
	u.refusals.drop(counters)
	return nil
}

// takeLogin takes the slot of a login and returns what has to be forgiven. When
// a name is guessed at from all over, its password opens only to addresses that
// have signed in with it before, and its owner is mailed a link: nobody locks
// somebody else out. Names that do not exist are treated alike.
func (u *Users) takeLogin(ctx context.Context, name string, from Client) (attempt, error) {
	pair, now := loginAttempt.counters(name, from)[:1], u.Clock.Now()
	if err := u.refusals.of(pair, now); err != nil {
		return loginAttempt, err
	}
	err := u.takeAttempt(ctx, loginAttempt, name, from)
	var shut *errs.Error
	if !errors.As(err, &shut) || shut.Code != ErrSignInByMail.Code {
		return loginAttempt, err
	}
	known, knownErr := isKnownAddress(ctx, u.DB, name, from.address(), now.Add(-knownFor))
	switch {
	case knownErr != nil:
		return knownAttempt, fmt.Errorf("look for earlier sign-ins: %w", knownErr)
	case known:
		return knownAttempt, u.takeAttempt(ctx, knownAttempt, name, from)
	}
	switch mailErr := u.takeAttempt(ctx, rescueMail, name, Client{}); {
	case errors.Is(mailErr, ErrThrottled):
	case mailErr != nil:
		return knownAttempt, mailErr
	default:
		if err := u.askForMail(ctx, SignInByMail, name); err != nil {
			return knownAttempt, err
		}
	}
	u.refusals.add(pair[0].key, shut, now.Add(shut.RetryAfter), now)
	return knownAttempt, err
}

// ForgetAttempts drops what counts no more; a sweep calls it.
func (u *Users) ForgetAttempts(ctx context.Context) error {
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return deleteOldSlots(ctx, tx, u.Clock.Now().Add(-time.Hour)) })
}

// refusals is what this node has been told of shut counters.
type refusals struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]refused
}

type refused struct {
	refusal           *errs.Error
	until, forgetting time.Time
}

const maxRefusals = 100_000 // so that guessing names fills no machine

func (r *refusals) of(counters []counter, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range counters {
		if known, ok := r.known[c.key]; ok && now.Before(known.until) && now.Before(known.forgetting) {
			return known.refusal.After(known.until.Sub(now))
		}
	}
	return nil
}

func (r *refusals) add(key [sha256.Size]byte, refusal *errs.Error, until, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= maxRefusals {
		r.known = map[[sha256.Size]byte]refused{} // what is true will be told again
	}
	r.known[key] = refused{refusal, until, now.Add(refusalMemory)}
}

func (r *refusals) drop(counters []counter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range counters {
		delete(r.known, c.key)
	}
}
