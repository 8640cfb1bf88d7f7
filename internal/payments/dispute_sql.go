package payments

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const disputeColumnsFragment = `d.id, d.payment_id, d.ref, (d.amount_minor, d.currency) AS amount, d.reason, d.status, d.due_by, d.created_at, d.updated_at`

func upsertDispute(ctx context.Context, tx pgx.Tx, payment id.Payment, d Dispute) (which id.Dispute, news bool, err error) {
	which, err = postgres.Scalar[id.Dispute](ctx, tx, `
		INSERT INTO payment_disputes AS d (id, payment_id, ref, currency, amount_minor, reason, status, due_by)
		VALUES (@id, @payment, @ref, @currency, @amount, @reason, @status, @due)
		ON CONFLICT ON CONSTRAINT payment_disputes_ref_key DO UPDATE
		SET status = excluded.status, due_by = excluded.due_by, updated_at = now()
		WHERE d.status <> excluded.status AND d.status NOT IN ('won', 'lost', 'closed')
		RETURNING id`,
		pgx.NamedArgs{
			"id": id.New[id.Dispute](), "payment": payment, "ref": d.Ref, "currency": string(d.Amount.Currency), "amount": d.Amount.Minor,
			"reason": d.Reason, "status": d.Status, "due": d.DueBy,
		})
	if errors.Is(err, postgres.ErrNoRow) {
		return which, false, nil
	}
	return which, err == nil, err
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
