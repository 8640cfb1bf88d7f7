package accounts

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
)

// mayBeLost lets a commit not wait for the disk. A crash then forgets the last
// attempts or mails asked for, never money.
const mayBeLost = `SET LOCAL synchronous_commit = off`

// takeSlots counts one more failure in every counter that is open, in one
// statement, and says until when the others are shut. Rows are locked in the
// order of their keys.
func takeSlots(ctx context.Context, tx pgx.Tx, counters []counter, now time.Time) (map[[sha256.Size]byte]time.Time, error) {
	args := pgx.NamedArgs{"keys": keysOf(counters), "per_hour": limitsOf(counters), "now": now, "free": freeFailures, "longest": longestWait}
	var taken []slot
	b := postgres.NewBatch()
	b.Queue(mayBeLost, nil)
	postgres.ReadAll(b, &taken, `
		INSERT INTO login_failures AS f (key, per_hour, failures, since, last_at, open_at)
		SELECT key, per_hour, 1, @now, @now, CASE WHEN per_hour = 1 THEN @now::timestamptz + interval '1 hour' ELSE @now END
		FROM unnest(@keys::bytea[], @per_hour::int[]) AS t (key, per_hour) ORDER BY key
		ON CONFLICT (key) DO UPDATE SET (failures, since, last_at, open_at) = (
		    SELECT n.failures, n.since, @now, CASE
		           WHEN excluded.per_hour = 0 AND n.failures >= @free
		           THEN @now + least(interval '1 second' * 2 ^ least(n.failures - @free, 10), @longest::interval)
		           WHEN excluded.per_hour > 0 AND n.failures >= excluded.per_hour THEN n.since + interval '1 hour'
		           ELSE @now END
		    FROM (SELECT CASE WHEN old THEN 1 ELSE f.failures + 1 END AS failures, CASE WHEN old THEN @now ELSE f.since END AS since
		          FROM (SELECT CASE WHEN excluded.per_hour = 0 THEN f.last_at ELSE f.since END <= @now - interval '1 hour' AS old) o) n)
		WHERE f.open_at <= @now
		RETURNING f.key, f.open_at`, args)
	if err := b.Send(ctx, tx); err != nil {
		return nil, err
	}
	if len(taken) == len(counters) {
		return nil, nil
	}
	shut := map[[sha256.Size]byte]time.Time{}
	rows, err := postgres.All[slot](ctx, tx, `
		SELECT key, open_at FROM login_failures WHERE key = ANY(@keys) AND key <> ALL(@taken::bytea[])`,
		pgx.NamedArgs{"keys": args["keys"], "taken": keysOfSlots(taken)})
	for _, row := range rows {
		shut[[sha256.Size]byte(row.Key)] = row.OpenAt
	}
	return shut, err
}

// slot is a counter as the database has it.
type slot struct {
	Key    []byte    `db:"key"`
	OpenAt time.Time `db:"open_at"`
}

// giveSlotsBack locks in the order of takeSlots.
func giveSlotsBack(ctx context.Context, tx pgx.Tx, counters []counter, now time.Time) error {
	b := postgres.NewBatch()
	b.Queue(mayBeLost, nil)
	b.Queue(`
		UPDATE login_failures f
		SET failures = CASE WHEN f.per_hour = 0 THEN 0 ELSE greatest(f.failures - 1, 0) END, open_at = @now
		FROM (SELECT key FROM login_failures WHERE key = ANY(@keys) ORDER BY key FOR UPDATE) held
		WHERE f.key = held.key`, pgx.NamedArgs{"keys": keysOf(counters), "now": now})
	return b.Send(ctx, tx)
}

func deleteOldSlots(ctx context.Context, tx pgx.Tx, before time.Time) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM login_failures WHERE last_at < @before`, pgx.NamedArgs{"before": before})
	return err
}

// isKnownAddress reports whether the owner of a name has been signed in from an
// address lately. An address that came with a copied token is nobody's.
func isKnownAddress(ctx context.Context, db postgres.DB, name, address string, since time.Time) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (
		    SELECT FROM users u JOIN sessions s ON s.user_id = u.id
		    WHERE (lower(u.email) = lower(@name) OR lower(u.username) = lower(@name)) AND s.address = @address AND @address <> ''
		    AND s.last_seen_at > @since AND s.impersonator_id IS NULL AND s.revoked_why IS DISTINCT FROM @copied)`,
		pgx.NamedArgs{"name": name, "address": address, "since": since, "copied": tokenReused})
}

func keysOf(counters []counter) (keys [][]byte) {
	for _, c := range counters {
		keys = append(keys, c.key[:])
	}
	return keys
}

func keysOfSlots(slots []slot) [][]byte {
	keys := [][]byte{}
	for _, s := range slots {
		keys = append(keys, s.Key)
	}
	return keys
}

func limitsOf(counters []counter) (limits []int) {
	for _, c := range counters {
		limits = append(limits, c.perHour)
	}
	return limits
}
