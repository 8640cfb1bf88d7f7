package httpapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// running is the status of an action's claim before its answer is stored.
const running = 0

const sweepBatch = 5000

func (k *keyed) args() pgx.NamedArgs {
	return pgx.NamedArgs{"principal": k.Principal, "operation": k.Operation, "key": k.Key}
}

// lockKey takes the key for this transaction and reads what is stored under
// it, in one round trip: nil when nothing is. A statement's snapshot is taken
// when it starts, so the read sees what the lock's last holder committed.
func lockKey(ctx context.Context, tx pgx.Tx, key *keyed) (*storedAnswer, error) {
	var (
		locked bool
		stored []storedAnswer
	)
	b := postgres.NewBatch()
	b.Read(`SELECT pg_try_advisory_xact_lock(@lock)`, pgx.NamedArgs{"lock": key.lock()}, func(rows pgx.Rows) (err error) {
		locked, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
		return err
	})
	postgres.ReadAll(b, &stored, `
		SELECT request_hash, status, response
		FROM idempotency_keys
		WHERE principal = @principal AND operation = @operation AND key = @key`, key.args())
	if err := b.Send(ctx, tx); err != nil {
		return nil, fmt.Errorf("lock idempotency key: %w", err)
	}
	switch {
	case !locked:
		return nil, ErrKeyInProgress
	case len(stored) == 0:
		return nil, nil //nolint:nilnil // no answer yet is the usual case, not a fault
	}
	return &stored[0], stored[0].judge(key)
}

// insertAnswer keeps the answer in the transaction of its effect; it goes out
// with the COMMIT, so that it costs no lock any time.
func insertAnswer(ctx context.Context, tx pgx.Tx, key *keyed, status int, response []byte) error {
	args := key.args()
	args["hash"], args["status"], args["response"] = key.Hash, status, response
	err := postgres.AtCommit(ctx, tx, `
		INSERT INTO idempotency_keys (principal, operation, key, request_hash, status, response)
		VALUES (@principal, @operation, @key, @hash, @status, coalesce(@response::bytea, ''))`, args)
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	return nil
}

// claimKey makes the key this action's, or reads what is stored under it. A
// claim older than a minute belongs to a process that is gone: no handler
// outlives the 30 seconds in which its answer can be written.
func claimKey(ctx context.Context, tx pgx.Tx, key *keyed) (*storedAnswer, error) {
	args := key.args()
	args["hash"] = key.Hash
	claimed, err := postgres.Exec(ctx, tx, `
		INSERT INTO idempotency_keys AS k (principal, operation, key, request_hash, status, response)
		VALUES (@principal, @operation, @key, @hash, 0, '')
		ON CONFLICT (principal, operation, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
		WHERE k.status = 0 AND k.created_at < now() - interval '1 minute'`, args)
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if claimed == 1 {
		return nil, nil //nolint:nilnil // claimed: there is no answer yet
	}
	stored, err := postgres.Get[storedAnswer](ctx, tx, `
		SELECT request_hash, status, response
		FROM idempotency_keys
		WHERE principal = @principal AND operation = @operation AND key = @key`, key.args())
	if errors.Is(err, postgres.ErrNoRow) { // given up a moment ago
		return nil, ErrKeyInProgress
	}
	if err != nil {
		return nil, fmt.Errorf("read idempotency key: %w", err)
	}
	return &stored, stored.judge(key)
}

// settleClaim puts the answer in the place of an action's claim.
func settleClaim(ctx context.Context, tx pgx.Tx, key *keyed, status int, response []byte) error {
	args := key.args()
	args["status"], args["response"] = status, response
	_, err := postgres.Exec(ctx, tx, `
		UPDATE idempotency_keys SET status = @status, response = coalesce(@response::bytea, '')
		WHERE principal = @principal AND operation = @operation AND key = @key`, args)
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	return nil
}

func dropClaim(ctx context.Context, tx pgx.Tx, key *keyed) error {
	_, err := postgres.Exec(ctx, tx, `
		DELETE FROM idempotency_keys
		WHERE principal = @principal AND operation = @operation AND key = @key AND status = 0`, key.args())
	return err
}

// sweep deletes some, so that no transaction is long and holds the event log back.
func sweep(ctx context.Context, tx pgx.Tx) (int64, error) {
	n, err := postgres.Exec(ctx, tx, `
		DELETE FROM idempotency_keys
		WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM idempotency_keys WHERE created_at < now() - @age::interval LIMIT @batch))`,
		pgx.NamedArgs{"age": keptFor, "batch": sweepBatch})
	if err != nil {
		return 0, fmt.Errorf("sweep idempotency keys: %w", err)
	}
	return n, nil
}

// ForgetUser drops the answers that are kept for a user's repeated calls: they
// may tell of the user.
func ForgetUser(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM idempotency_keys WHERE principal = @principal`, pgx.NamedArgs{"principal": user.String()})
	if err != nil {
		return fmt.Errorf("forget answers to user %s: %w", user, err)
	}
	return nil
}
