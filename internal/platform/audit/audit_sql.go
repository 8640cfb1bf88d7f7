package audit

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

func insert(ctx context.Context, tx pgx.Tx, e Entry) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO audit_log (id, action, outcome, actor, user_id, session_id, key_id, impersonator_id, subject, address, request_id, before, after)
		VALUES (@id, @action, @outcome, @actor, @user, @session, @key, @impersonator, @subject, @address, @request, @before, @after)`,
		pgx.NamedArgs{
			"id": e.ID, "action": e.Action, "outcome": e.Outcome, "actor": e.Actor, "user": e.User, "session": e.Session, "key": e.Key,
			"impersonator": e.Impersonator, "subject": e.Subject, "address": e.Address, "request": e.RequestID, "before": e.Before, "after": e.After,
		})
	return err
}

// seal takes up the chain where it ends. An entry is passed over for as long as
// a transaction that began before it may still commit one in front of it.
func seal(ctx context.Context, tx pgx.Tx, most int) (int, error) {
	mine, err := postgres.Scalar[bool](ctx, tx, `SELECT pg_try_advisory_xact_lock(hashtext('souk audit seal'))`, nil)
	if err != nil || !mine {
		return 0, err
	}
	n, err := postgres.Exec(ctx, tx, `
		WITH RECURSIVE head AS (
			SELECT n, xid, seq, hash FROM audit_seals ORDER BY n DESC LIMIT 1
		), waiting AS (
			SELECT e, row_number() OVER (ORDER BY e.xid, e.seq) AS i FROM audit_log e
			WHERE (e.xid, e.seq) > (coalesce((SELECT xid FROM head), '0'), coalesce((SELECT seq FROM head), 0))
			  AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY e.xid, e.seq LIMIT @most
		), chain AS (
			SELECT 0::bigint AS i, NULL::xid8 AS xid, NULL::bigint AS seq, (SELECT hash FROM head) AS hash
			UNION ALL
			SELECT w.i, (w.e).xid, (w.e).seq, audit_digest(c.hash, w.e) FROM chain c JOIN waiting w ON w.i = c.i + 1
		)
		INSERT INTO audit_seals (n, xid, seq, hash)
		SELECT coalesce((SELECT n FROM head), 0) + i, xid, seq, hash FROM chain WHERE i > 0 ORDER BY i`, pgx.NamedArgs{"most": most})
	return int(n), err
}

// standing is how far the chain is.
type standing struct {
	Sealed  int64  `db:"sealed"`
	Waiting int64  `db:"waiting"`
	Head    []byte `db:"head"`
}

const selectStanding = `
	SELECT (SELECT count(*) FROM audit_seals) AS sealed,
	       (SELECT count(*) FROM audit_log e WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.xid = e.xid AND s.seq = e.seq)) AS waiting,
	       coalesce((SELECT hash FROM audit_seals ORDER BY n DESC LIMIT 1), '') AS head`

// Query narrows the list of entries. Empty fields do not.
type Query struct {
	User     id.User
	Action   string
	Subject  string
	From, To time.Time
	After    Position
	Limit    int
}

// Position is a place in the list of entries, the newest first.
type Position struct {
	At time.Time
	ID id.Audit
}

// List reads entries, the newest first.
func List(ctx context.Context, db postgres.DB, q Query) ([]Entry, error) {
	return postgres.All[Entry](ctx, db, `
		SELECT id, at, action, outcome, actor, user_id, session_id, key_id, impersonator_id, subject, address, request_id, before, after
		FROM audit_log
		WHERE (@user::uuid IS NULL OR user_id = @user OR impersonator_id = @user)
		  AND (@action::text = '' OR action = @action) AND (@subject::text = '' OR subject = @subject)
		  AND (@from::timestamptz IS NULL OR at >= @from) AND (@to::timestamptz IS NULL OR at < @to)
		  AND (@after_id::uuid IS NULL OR (at, id) < (@after_at, @after_id))
		ORDER BY at DESC, id DESC LIMIT @limit`,
		pgx.NamedArgs{
			"user": q.User, "action": q.Action, "subject": q.Subject, "from": orNull(q.From), "to": orNull(q.To),
			"after_at": q.After.At, "after_id": q.After.ID, "limit": q.Limit,
		})
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
