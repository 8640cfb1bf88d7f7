package payments

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const disputeColumnsFragment = `d.id, d.payment_id, d.ref, (d.amount_minor, d.currency) AS amount, d.reason, d.status, d.due_by, d.created_at, d.updated_at`

// told is a dispute of which something has changed; news, when it is its status.
type told struct {
	ID   id.Dispute `db:"id"`
	News bool       `db:"news"`
}

// upsertDispute keeps a dispute as it is told last, until it is decided. Its
// updated_at says since when it has its status, and a reminder is of one deadline.
// No row comes back when nothing has changed.
func upsertDispute(ctx context.Context, tx pgx.Tx, payment id.Payment, d Dispute) (told, error) {
	return postgres.Get[told](ctx, tx, `
		WITH was AS (SELECT status FROM payment_disputes WHERE payment_id = @payment AND ref = @ref)
		INSERT INTO payment_disputes AS d (id, payment_id, ref, currency, amount_minor, reason, status, due_by)
		VALUES (@id, @payment, @ref, @currency, @amount, @reason, @status, @due)
		ON CONFLICT ON CONSTRAINT payment_disputes_ref_key DO UPDATE SET
			status = excluded.status, amount_minor = excluded.amount_minor, due_by = excluded.due_by,
			updated_at = CASE WHEN d.status = excluded.status THEN d.updated_at ELSE now() END,
			reminded_at = CASE WHEN (d.status, d.due_by) IS NOT DISTINCT FROM (excluded.status, excluded.due_by) THEN d.reminded_at END
		WHERE d.status NOT IN ('won', 'lost', 'closed')
		  AND (d.status, d.amount_minor, d.due_by) IS DISTINCT FROM (excluded.status, excluded.amount_minor, excluded.due_by)
		RETURNING d.id, d.status IS DISTINCT FROM (SELECT status FROM was) AS news`,
		pgx.NamedArgs{
			"id": id.New[id.Dispute](), "payment": payment, "ref": d.Ref, "currency": string(d.Amount.Currency), "amount": d.Amount.Minor,
			"reason": d.Reason, "status": d.Status, "due": d.DueBy,
		})
}

func disputesOf(ctx context.Context, db postgres.DB, payment id.Payment) ([]KeptDispute, error) {
	return postgres.All[KeptDispute](ctx, db, `
		SELECT `+disputeColumnsFragment+` FROM payment_disputes d WHERE d.payment_id = @payment ORDER BY d.id`, pgx.NamedArgs{"payment": payment})
}

func readDispute(ctx context.Context, db postgres.DB, which id.Dispute) (KeptDispute, error) {
	return postgres.Get[KeptDispute](ctx, db, `SELECT `+disputeColumnsFragment+` FROM payment_disputes d WHERE d.id = @id`, pgx.NamedArgs{"id": which})
}

const disputeFilterFragment = `(@status::text[] IS NULL OR d.status = ANY (@status)) AND (@payment::uuid IS NULL OR d.payment_id = @payment)`

func (f disputesInput) args() pgx.NamedArgs {
	return pgx.NamedArgs{"status": f.Status, "payment": f.Payment}
}

func listDisputes(ctx context.Context, db postgres.DB, f disputesInput, before id.Dispute) ([]KeptDispute, error) {
	args := f.args()
	args["before"], args["limit"] = before, f.Limit+1
	return postgres.All[KeptDispute](ctx, db, `
		SELECT `+disputeColumnsFragment+` FROM payment_disputes d
		WHERE `+disputeFilterFragment+` AND (@before::uuid IS NULL OR d.id < @before)
		ORDER BY d.id DESC LIMIT @limit`, args)
}

func countDisputes(ctx context.Context, db postgres.DB, f disputesInput) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM payment_disputes d WHERE `+disputeFilterFragment, f.args())
}

func remindOf(ctx context.Context, tx pgx.Tx, now, until time.Time) ([]id.Dispute, error) {
	return postgres.Column[id.Dispute](ctx, tx, `
		UPDATE payment_disputes d SET reminded_at = now()
		WHERE d.status = 'needs_response' AND d.due_by > @now AND d.due_by <= @until AND d.reminded_at IS NULL
		  AND NOT EXISTS (SELECT FROM payment_instructions i WHERE i.dispute_id = d.id AND i.state <> 'refused' AND i.updated_at >= d.updated_at)
		RETURNING d.id`, pgx.NamedArgs{"now": now, "until": until})
}

func isDisputed(ctx context.Context, db postgres.DB, order id.Order) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `
		WITH of AS (SELECT id FROM payments WHERE order_id = @order)
		SELECT coalesce((SELECT sum(CASE kind WHEN 'chargeback' THEN amount_minor ELSE -amount_minor END)
		                 FROM payment_events WHERE payment_id IN (SELECT id FROM of) AND kind IN ('chargeback', 'chargeback_reversed')), 0)
		     > coalesce((SELECT sum(amount_minor) FROM payment_disputes WHERE payment_id IN (SELECT id FROM of) AND status = 'lost'), 0) AS disputed`,
		pgx.NamedArgs{"order": order})
}
