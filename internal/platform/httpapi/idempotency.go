package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/crash"
	"souk/internal/platform/postgres"
)

var (
	beforeCommit = crash.At("httpapi.write.before_commit")
	afterCommit  = crash.At("httpapi.write.after_commit")
	afterAction  = crash.At("httpapi.action.before_store")
)

// keptFor is how long an answer can be asked for again: the 24 hours that the
// API promises, and as much again for clocks and weekends.
const keptFor = 48 * time.Hour

// keyed is a request under an Idempotency-Key.
type keyed struct {
	Principal string // the user, "guest", or "guest" and an address
	Operation string
	Key       string
	Hash      []byte // of all that makes the request what it is
}

// key reads the Idempotency-Key of a request that is to be stored; nil when
// there is none. The guard has seen that it is well formed.
//
// Guests have no name. Where the key is required (placing an order), the body
// names a secret of theirs, the cart's id, and that is in the hash: a stranger
// who guesses a key has another hash and gets a conflict, not an answer. So all
// guests are one principal there and may even change networks. Elsewhere the
// answer may be the secret (a new cart), and a guest is known by the address.
func (ex *exchange) key() *keyed {
	key := ex.r.Header.Get("Idempotency-Key")
	if key == "" || ex.op.neverStored || ex.op.method != "POST" {
		return nil
	}
	principal := "guest"
	switch {
	case !ex.actor.User.IsZero():
		principal = ex.actor.User.String()
	case !ex.actor.Key.IsZero():
		principal = ex.actor.Key.String()
	case !ex.op.keyRequired:
		principal += " " + Household(ex.client).String()
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", ex.r.Method, ex.r.URL.RequestURI())
	h.Write(ex.body)
	return &keyed{Principal: principal, Operation: ex.op.id, Key: key, Hash: h.Sum(nil)}
}

// lock is the number of the advisory lock that holders of the key take.
func (k *keyed) lock() int64 {
	sum := sha256.Sum256([]byte(k.Principal + "\x00" + k.Operation + "\x00" + k.Key))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// transact runs a write in one transaction with its idempotency key, then
// answers. The answer is made before the commit, so that one that cannot be
// made undoes the write.
func (ex *exchange) transact(ctx context.Context, run func(ctx context.Context, tx pgx.Tx) (any, error)) error {
	a, err := ex.commit(ctx, run)
	if err != nil && ex.op.mend != nil {
		again, failed := ex.op.mend(ctx, err)
		if failed != nil {
			return failed
		}
		if again != nil {
			a, err = ex.commit(again, run)
		}
	}
	if err != nil {
		return err
	}
	afterCommit.Here()
	ex.op.afterCommit.Here()
	if ex.op.then != nil && a.status < 300 {
		a.body = ex.op.then(ctx, a.body)
	}
	ex.write(a)
	a.release()
	return nil
}

// commit runs a write in a transaction, whose answer is to be told.
func (ex *exchange) commit(ctx context.Context, run func(ctx context.Context, tx pgx.Tx) (any, error)) (a written, err error) {
	key := ex.key()
	extra := ex.extra
	err = postgres.InTx(ctx, ex.router.config.DB, func(tx pgx.Tx) error {
		ex.extra, ex.note = extra.Clone(), note{} // without those of a run that was undone
		a.release()
		if key != nil {
			stored, err := lockKey(ctx, tx, key)
			if err != nil {
				return err
			}
			if stored != nil {
				ex.extra, a = nil, stored.answer()
				return nil
			}
		}
		out, err := run(ctx, tx)
		if err != nil {
			return err
		}
		if a, err = ex.encode(out); err != nil {
			return err
		}
		if err := ex.audit(ctx, tx, a.status); err != nil {
			return err
		}
		if key != nil && a.status < 300 {
			if err := insertAnswer(ctx, tx, key, a.status, a.body); err != nil {
				return err
			}
		}
		beforeCommit.Here()
		ex.op.beforeCommit.Here()
		return nil
	})
	if err != nil {
		ex.extra = extra
	}
	return a, err
}

// claimed runs an action under its idempotency key. The key is claimed before
// and the answer stored after, each for itself, since no transaction may be
// open in between. So the promise is weaker than a write's: a crash in between
// leaves a claim without an answer, which is given up after a minute, and the
// same call then runs again. Actions are built to bear that (a provider is
// called with an idempotency key of ours).
func (ex *exchange) claimed(ctx context.Context, run func() (any, error)) error {
	key := ex.key()
	if key == nil {
		out, err := run()
		if err != nil {
			return err
		}
		ex.auditDone(ctx)
		return ex.answer(out)
	}
	db := ex.router.config.DB
	var stored *storedAnswer
	err := postgres.InTx(ctx, db, func(tx pgx.Tx) (err error) {
		stored, err = claimKey(ctx, tx, key)
		return err
	})
	if err != nil {
		return err
	}
	if stored != nil {
		ex.write(stored.answer())
		return nil
	}
	// Whatever becomes of the caller, the claim must not outlive the action.
	later := context.WithoutCancel(ctx)
	settled := false
	defer func() {
		if settled {
			return
		}
		err := postgres.InTx(later, db, func(tx pgx.Tx) error { return dropClaim(later, tx, key) })
		if err != nil {
			ex.logFailure("drop claim on idempotency key", err)
		}
	}()
	out, err := run()
	if err != nil {
		return err
	}
	a, err := ex.encode(out)
	if err != nil {
		return err
	}
	afterAction.Here()
	ex.auditDone(later)
	if a.status < 300 {
		err := postgres.InTx(later, db, func(tx pgx.Tx) error { return settleClaim(later, tx, key, a.status, a.body) })
		if err != nil {
			return err
		}
		settled = true
	}
	ex.write(a)
	a.release()
	return nil
}

// storedAnswer is a row of idempotency_keys.
type storedAnswer struct {
	Hash     []byte `db:"request_hash"`
	Status   int    `db:"status"`
	Response []byte `db:"response"`
}

// judge says what the stored row means for a request with this key.
func (s *storedAnswer) judge(key *keyed) error {
	switch {
	case !bytes.Equal(s.Hash, key.Hash):
		return ErrKeyConflict
	case s.Status == running:
		return ErrKeyInProgress
	}
	return nil
}

func (s *storedAnswer) answer() written {
	return written{status: s.Status, body: s.Response, replayed: true}
}

// SweepIdempotencyKeys forgets answers older than 48 hours and says how many.
func SweepIdempotencyKeys(ctx context.Context, db postgres.DB) (int64, error) {
	var swept int64
	for {
		var n int64
		err := postgres.InTx(ctx, db, func(tx pgx.Tx) (err error) {
			n, err = sweep(ctx, tx)
			return err
		})
		swept += n
		if err != nil || n < sweepBatch {
			return swept, err
		}
	}
}
