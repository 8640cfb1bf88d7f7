package payments

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const exceptionColumnsFragment = `
	e.id, e.provider, e.kind, e.payment_id, e.order_id, e.subject, e.detail, e.state, e.resolution, e.action, e.settled_minor, e.resolved_by, e.created_at, e.resolved_at`

// insertException shows what is not shown already, and what staff have not dismissed
// while it said the same. Of a call that is not answered each try says something else,
// and a dispute may ask once more.
func insertException(ctx context.Context, tx pgx.Tx, e Exception, detail []byte) (int64, error) {
	return postgres.Exec(ctx, tx, `
		INSERT INTO payment_exceptions (id, provider, kind, payment_id, order_id, subject, detail)
		SELECT @id, @provider, @kind, @payment, coalesce(@order::uuid, (SELECT order_id FROM payments WHERE id = @payment)), @subject, @detail
		WHERE NOT EXISTS (SELECT FROM payment_exceptions
		                  WHERE provider = @provider AND kind = @kind AND subject = @subject AND action = 'dismiss'
		                    AND CASE @kind WHEN 'no_answer' THEN true WHEN 'dispute' THEN false ELSE detail = @detail END)
		ON CONFLICT (provider, kind, subject) WHERE state = 'open' DO NOTHING`,
		pgx.NamedArgs{
			"id": e.ID, "provider": e.Provider, "kind": string(e.Kind), "payment": e.Payment, "order": e.Order, "subject": e.Subject, "detail": detail,
		})
}

func lockException(ctx context.Context, tx pgx.Tx, which id.Exception) (Exception, error) {
	return postgres.Get[Exception](ctx, tx, `SELECT `+exceptionColumnsFragment+` FROM payment_exceptions e WHERE e.id = @id FOR UPDATE`, pgx.NamedArgs{"id": which})
}

func readException(ctx context.Context, db postgres.DB, which id.Exception) (Exception, error) {
	return postgres.Get[Exception](ctx, db, `SELECT `+exceptionColumnsFragment+` FROM payment_exceptions e WHERE e.id = @id`, pgx.NamedArgs{"id": which})
}

func openExceptions(ctx context.Context, db postgres.DB, provider string) ([]Exception, error) {
	return postgres.All[Exception](ctx, db, `
		SELECT `+exceptionColumnsFragment+` FROM payment_exceptions e WHERE e.state = 'open' AND (@provider = '' OR e.provider = @provider) ORDER BY e.id`,
		pgx.NamedArgs{"provider": provider})
}

func resolveException(ctx context.Context, tx pgx.Tx, which id.Exception, action, how, by string, settled int64) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE payment_exceptions SET
			state = 'resolved', action = @action, resolution = @how, resolved_by = @by, settled_minor = @settled, resolved_at = now()
		WHERE id = @id AND state = 'open'`,
		pgx.NamedArgs{"id": which, "action": action, "how": how, "by": by, "settled": settled})
	return err
}

func resolveAbout(ctx context.Context, tx pgx.Tx, provider string, kind ExceptionKind, subject, how, by string) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE payment_exceptions SET state = 'resolved', resolution = @how, resolved_by = @by, resolved_at = now()
		WHERE provider = @provider AND kind = @kind AND subject = @subject AND state = 'open'`,
		pgx.NamedArgs{"provider": provider, "kind": string(kind), "subject": subject, "how": how, "by": by})
	return err
}

const exceptionFilterFragment = `(@state::text[] IS NULL OR e.state = ANY (@state)) AND (@kind::text[] IS NULL OR e.kind = ANY (@kind))
	AND (@provider::text[] IS NULL OR e.provider = ANY (@provider)) AND (@order::uuid IS NULL OR e.order_id = @order)`

func (f exceptionsInput) args() pgx.NamedArgs {
	return pgx.NamedArgs{"state": f.State, "kind": f.Kind, "provider": f.Provider, "order": f.Order}
}

func listExceptions(ctx context.Context, db postgres.DB, f exceptionsInput, before id.Exception) ([]Exception, error) {
	args := f.args()
	args["before"], args["limit"] = before, f.Limit+1
	return postgres.All[Exception](ctx, db, `
		SELECT `+exceptionColumnsFragment+` FROM payment_exceptions e
		WHERE `+exceptionFilterFragment+` AND (@before::uuid IS NULL OR e.id < @before)
		ORDER BY e.id DESC LIMIT @limit`, args)
}

func countExceptions(ctx context.Context, db postgres.DB, f exceptionsInput) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM payment_exceptions e WHERE `+exceptionFilterFragment, f.args())
}
