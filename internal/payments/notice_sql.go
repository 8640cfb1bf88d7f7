package payments

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const noticeColumnsFragment = `
	n.id, n.provider, n.event_id, n.type, n.ref, n.state, n.problem, n.deliveries, n.attempts, n.happened_at, n.received_at, n.applied_at`

// inserted is what was kept under a notice's name before, nil when nothing was, and
// whether the new one is to be looked into at once.
type inserted struct {
	Was   []byte `db:"was"`
	Rings bool   `db:"rings"`
}

// insertNotice keeps a notice. One that names no payment yet waits for it, and
// one that comes while another of its payment is about to be looked into waits
// for that: providers tell one thing in several.
func insertNotice(ctx context.Context, tx pgx.Tx, k Kept, body []byte) (inserted, error) {
	return postgres.Get[inserted](ctx, tx, `
		WITH about AS (
			SELECT id FROM payments WHERE provider = @provider AND provider_ref = @ref
			UNION SELECT payment_id FROM payment_refs WHERE provider = @provider AND ref = @ref
		), names AS (
			SELECT p.provider_ref AS ref FROM about JOIN payments p ON p.id = about.id
			UNION ALL SELECT r.ref FROM about JOIN payment_refs r ON r.payment_id = about.id
		), others AS (
			SELECT FROM webhook_inbox w JOIN names ON names.ref = w.ref
			WHERE w.provider = @provider AND w.state = 'due' AND w.attempts = 0 AND w.due_at <= now()
		)
		INSERT INTO webhook_inbox AS n (id, provider, event_id, type, ref, body, happened_at, state, problem, due_at)
		SELECT @id, @provider, @event, @type, @ref, @body, @at, @state, @problem,
		       CASE WHEN EXISTS (SELECT FROM about) AND NOT EXISTS (SELECT FROM others) THEN now() ELSE now() + interval '10 seconds' END
		ON CONFLICT ON CONSTRAINT webhook_inbox_event_key DO UPDATE SET deliveries = n.deliveries + 1
		RETURNING CASE WHEN id <> @id THEN body END AS was, id = @id AND state = 'due' AND due_at <= now() AS rings`,
		pgx.NamedArgs{
			"id": k.ID, "provider": k.Provider, "event": k.EventID, "type": k.Type, "ref": k.Ref, "body": body, "at": k.HappenedAt,
			"state": string(k.State), "problem": k.Problem,
		})
}

func claimNotice(ctx context.Context, tx pgx.Tx, which id.Notice) (Kept, error) {
	return postgres.Get[Kept](ctx, tx, `
		UPDATE webhook_inbox n SET due_at = now() + interval '1 minute', attempts = attempts + 1
		WHERE id = @id AND state = 'due' AND due_at <= now()
		RETURNING `+noticeColumnsFragment, pgx.NamedArgs{"id": which})
}

func dueNotices(ctx context.Context, db postgres.DB, limit int) ([]id.Notice, error) {
	return postgres.Column[id.Notice](ctx, db, `
		SELECT id FROM webhook_inbox WHERE state = 'due' AND due_at <= now() ORDER BY due_at LIMIT @limit`, pgx.NamedArgs{"limit": limit})
}

func setNotice(ctx context.Context, tx pgx.Tx, which id.Notice, state NoticeState, problem string, wait time.Duration) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE webhook_inbox SET
			state = @state, problem = @problem, due_at = now() + make_interval(secs => @wait),
			applied_at = CASE @state WHEN 'applied' THEN now() ELSE applied_at END
		WHERE id = @id`,
		pgx.NamedArgs{"id": which, "state": string(state), "problem": problem, "wait": wait.Seconds()})
	return err
}

type noticeFilter struct {
	State    []string
	Provider []string
}

const noticeFilterFragment = `(@state::text[] IS NULL OR n.state = ANY (@state)) AND (@provider::text[] IS NULL OR n.provider = ANY (@provider))`

func listNotices(ctx context.Context, db postgres.DB, f noticeFilter, before id.Notice, limit int) ([]Kept, error) {
	return postgres.All[Kept](ctx, db, `
		SELECT `+noticeColumnsFragment+` FROM webhook_inbox n
		WHERE `+noticeFilterFragment+` AND (@before::uuid IS NULL OR n.id < @before)
		ORDER BY n.id DESC LIMIT @limit`,
		pgx.NamedArgs{"state": f.State, "provider": f.Provider, "before": before, "limit": limit})
}

func countNotices(ctx context.Context, db postgres.DB, f noticeFilter) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM webhook_inbox n WHERE `+noticeFilterFragment,
		pgx.NamedArgs{"state": f.State, "provider": f.Provider})
}

// replay makes a notice due again, whatever has become of it.
func replay(ctx context.Context, tx pgx.Tx, which id.Notice) (Kept, error) {
	return postgres.Get[Kept](ctx, tx, `
		UPDATE webhook_inbox n SET state = 'due', due_at = now(), attempts = 0, received_at = now()
		WHERE id = @id AND ref <> '' AND state <> 'ignored'
		RETURNING `+noticeColumnsFragment, pgx.NamedArgs{"id": which})
}

// forgetNotices removes those that were applied long ago.
func forgetNotices(ctx context.Context, tx pgx.Tx, after time.Duration) (int64, error) {
	return postgres.Exec(ctx, tx, `
		DELETE FROM webhook_inbox
		WHERE id IN (SELECT id FROM webhook_inbox WHERE received_at < now() - make_interval(secs => @after) AND state <> 'due' LIMIT 1000)`,
		pgx.NamedArgs{"after": after.Seconds()})
}
