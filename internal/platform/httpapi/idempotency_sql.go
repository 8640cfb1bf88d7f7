package httpapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// running is the status of an action's claim before its answer is stored.
const running = 0

const sweepBatch = 5000

// lockKey takes the key for this transaction and reads what is stored under
// it, in one round trip: nil when nothing is. A statement's snapshot is taken
// when it starts, so the read sees what the lock's last holder committed.
func lockKey(ctx context.Context, tx pgx.Tx, key *keyed) (*storedAnswer, error) {
	var (
		locked bool
		stored *storedAnswer
	)
	b := &pgx.Batch{}
	b.Queue(`SELECT pg_try_advisory_xact_lock($1)`, key.lock()).QueryRow(func(row pgx.Row) error {
		return row.Scan(&locked)
	})
	b.Queue(`
		SELECT request_hash, status, response
		FROM idempotency_keys
		WHERE principal = $1 AND operation = $2 AND key = $3`, key.Principal, key.Operation, key.Key).Query(func(rows pgx.Rows) error {
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[storedAnswer])
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		stored = row
		return err
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("lock idempotency key: %w", err)
	}
	if !locked {
		return nil, ErrKeyInProgress
	}
	if stored == nil {
		return nil, nil //nolint:nilnil // no answer yet is the usual case, not a fault
	}
	return stored, stored.judge(key)
}

// insertAnswer keeps the answer in the transaction of its effect.
func insertAnswer(ctx context.Context, tx pgx.Tx, key *keyed, status int, response []byte) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO idempotency_keys (principal, operation, key, request_hash, status, response)
		VALUES ($1, $2, $3, $4, $5, coalesce($6::bytea, ''))`,
		key.Principal, key.Operation, key.Key, key.Hash, status, response)
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	return nil
}

// claimKey makes the key this action's, or reads what is stored under it. A
// claim older than a minute belongs to a process that is gone: no handler
// outlives the 30 seconds in which its answer can be written.
func claimKey(ctx context.Context, db postgres.DB, key *keyed) (*storedAnswer, error) {
	tag, err := db.Exec(ctx, `
		INSERT INTO idempotency_keys AS k (principal, operation, key, request_hash, status, response)
		VALUES ($1, $2, $3, $4, 0, '')
		ON CONFLICT (principal, operation, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
		WHERE k.status = 0 AND k.created_at < now() - interval '1 minute'`,
		key.Principal, key.Operation, key.Key, key.Hash)
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return nil, nil //nolint:nilnil // claimed: there is no answer yet
	}
	stored, err := postgres.Get[storedAnswer](ctx, db, `
		SELECT request_hash, status, response
		FROM idempotency_keys
		WHERE principal = @principal AND operation = @operation AND key = @key`,
		pgx.NamedArgs{"principal": key.Principal, "operation": key.Operation, "key": key.Key})
	if errors.Is(err, postgres.ErrNoRow) { // given up a moment ago
		return nil, ErrKeyInProgress
	}
	if err != nil {
		return nil, fmt.Errorf("read idempotency key: %w", err)
	}
	return &stored, stored.judge(key)
}

func storeAnswer(ctx context.Context, db postgres.DB, key *keyed, status int, response []byte) error {
	_, err := db.Exec(ctx, `
		UPDATE idempotency_keys SET status = $4, response = coalesce($5::bytea, '')
		WHERE principal = $1 AND operation = $2 AND key = $3`,
		key.Principal, key.Operation, key.Key, status, response)
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	return nil
}

func dropClaim(ctx context.Context, db postgres.DB, key *keyed) error {
	_, err := db.Exec(ctx, `
		DELETE FROM idempotency_keys
		WHERE principal = $1 AND operation = $2 AND key = $3 AND status = 0`,
		key.Principal, key.Operation, key.Key)
	return err
}

// sweep deletes in batches, so that no transaction holds the event log back.
func sweep(ctx context.Context, db postgres.DB) (int64, error) {
	tag, err := db.Exec(ctx, `
		DELETE FROM idempotency_keys
		WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM idempotency_keys WHERE created_at < now() - $1::interval LIMIT $2))`, keptFor, sweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep idempotency keys: %w", err)
	}
	return tag.RowsAffected(), nil
}
