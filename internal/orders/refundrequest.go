package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// RefundRequest is a refund that waits for a second person, and what became of it;
// or a dispute that is to be given up, which costs as much.
type RefundRequest struct {
	ID        id.RefundRequest `db:"id" json:"id"`
	Order     id.Order         `db:"order_id" json:"order_id"`
	Amount    money.Amount     `db:"amount" json:"amount" doc:"What it came to when it was asked for"`
	Body      json.RawMessage  `db:"body" json:"request" doc:"What was asked for, as POST /admin/orders/{id}/refunds takes it"`
	Dispute   id.Dispute       `db:"dispute_id" json:"dispute_id,omitzero" doc:"What is to be given up, instead"`
	State     string           `db:"state" json:"state" enum:"waiting,approved,rejected"`
	AskedBy   string           `db:"asked_by" json:"asked_by"`
	DecidedBy string           `db:"decided_by" json:"decided_by,omitempty"`
	Reason    string           `db:"reason" json:"reason,omitempty" doc:"Why it was rejected"`
	Refund    id.Refund        `db:"refund_id" json:"refund_id,omitzero" doc:"What it became"`
	CreatedAt time.Time        `db:"created_at" json:"created_at"`
	DecidedAt *time.Time       `db:"decided_at" json:"decided_at,omitempty"`
}

var (
	// ErrNoRefundRequest says that there is no such request.
	ErrNoRefundRequest = errs.New(errs.NotFound, "not_found", "There is no such request for a refund.")
	// ErrRefundDecided says that a request was decided on before.
	ErrRefundDecided = errs.New(errs.Conflict, "refund_request_decided", "This was decided on already.")
)

const requestColumnsFragment = `
	r.id, r.order_id, (r.amount_minor, r.currency) AS amount, r.body, r.dispute_id, r.state, r.asked_by, r.decided_by, r.reason, r.refund_id, r.created_at, r.decided_at`

// AskRefund writes a request down. Those who may approve it are told.
func AskRefund(ctx context.Context, tx pgx.Tx, r RefundRequest) (RefundRequest, error) {
	asked, err := postgres.Get[RefundRequest](ctx, tx, `
		INSERT INTO refund_requests AS r (id, order_id, currency, amount_minor, body, dispute_id, asked_by)
		VALUES (@id, @order, @currency, @amount, @body, @dispute, @by)
		RETURNING `+requestColumnsFragment,
		pgx.NamedArgs{
			"id": id.New[id.RefundRequest](), "order": r.Order, "currency": string(r.Amount.Currency), "amount": r.Amount.Minor,
			"body": []byte(r.Body), "dispute": r.Dispute, "by": r.AskedBy,
		})
	if err != nil {
		return asked, fmt.Errorf("ask for a refund of order %s: %w", r.Order, err)
	}
	return asked, events.Raise(ctx, tx, RefundAsked{asked.ID})
}

// AskedRefund reads a request; ErrNoRefundRequest when there is none.
func AskedRefund(ctx context.Context, db postgres.DB, which id.RefundRequest) (RefundRequest, error) {
	asked, err := postgres.Get[RefundRequest](ctx, db, `SELECT `+requestColumnsFragment+` FROM refund_requests r WHERE r.id = @id`, pgx.NamedArgs{"id": which})
	if errors.Is(err, postgres.ErrNoRow) {
		return asked, ErrNoRefundRequest
	}
	return asked, err
}

// AskedOfDispute reads the request to give a dispute up that waits;
// ErrNoRefundRequest when none does.
func AskedOfDispute(ctx context.Context, db postgres.DB, which id.Dispute) (RefundRequest, error) {
	asked, err := postgres.Get[RefundRequest](ctx, db, `
		SELECT `+requestColumnsFragment+` FROM refund_requests r WHERE r.dispute_id = @id AND r.state = 'waiting'`, pgx.NamedArgs{"id": which})
	if errors.Is(err, postgres.ErrNoRow) {
		return asked, ErrNoRefundRequest
	}
	return asked, err
}

// LockRefundRequest reads a request to decide on it, with its order locked.
func LockRefundRequest(ctx context.Context, tx pgx.Tx, which id.RefundRequest) (RefundRequest, error) {
	args := pgx.NamedArgs{"id": which}
	order, err := postgres.Scalar[id.Order](ctx, tx, `SELECT order_id FROM refund_requests WHERE id = @id`, args)
	if errors.Is(err, postgres.ErrNoRow) {
		return RefundRequest{}, ErrNoRefundRequest
	}
	if err == nil {
		_, err = Lock(ctx, tx, order)
	}
	if err != nil {
		return RefundRequest{}, fmt.Errorf("lock request %s for a refund: %w", which, err)
	}
	return postgres.Get[RefundRequest](ctx, tx, `SELECT `+requestColumnsFragment+` FROM refund_requests r WHERE r.id = @id FOR UPDATE`, args)
}

// DecideRefund writes down what became of a request: its state, the refund that was
// made, or why none was.
func DecideRefund(ctx context.Context, tx pgx.Tx, r RefundRequest) (RefundRequest, error) {
	decided, err := postgres.Get[RefundRequest](ctx, tx, `
		UPDATE refund_requests r SET state = @state, refund_id = @refund, reason = @why, decided_by = @by, decided_at = now()
		WHERE r.id = @id AND r.state = 'waiting'
		RETURNING `+requestColumnsFragment,
		pgx.NamedArgs{"id": r.ID, "state": r.State, "refund": r.Refund, "why": r.Reason, "by": auth.From(ctx).Name()})
	if errors.Is(err, postgres.ErrNoRow) {
		return decided, ErrRefundDecided
	}
	return decided, err
}

type refundRequestsInput struct {
	httpapi.Page
	State []string `query:"state" enum:"waiting,approved,rejected"`
	Order id.Order `query:"order"`
}

func (o *Orders) listRefundRequests(ctx context.Context, in *refundRequestsInput) (httpapi.List[RefundRequest], error) {
	var before id.RefundRequest
	if err := o.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return httpapi.List[RefundRequest]{}, err
	}
	rows, err := postgres.All[RefundRequest](ctx, o.DB, `
		SELECT `+requestColumnsFragment+` FROM refund_requests r
		WHERE (@state::text[] IS NULL OR r.state = ANY (@state)) AND (@order::uuid IS NULL OR r.order_id = @order) AND (@before::uuid IS NULL OR r.id < @before)
		ORDER BY r.id DESC LIMIT @limit`,
		pgx.NamedArgs{"state": in.State, "order": in.Order, "before": before, "limit": in.Limit + 1})
	if err != nil {
		return httpapi.List[RefundRequest]{}, fmt.Errorf("list requests for refunds: %w", err)
	}
	return httpapi.ListOf(o.cursors, httpapi.Scope(ctx), rows, in.Limit, func(r RefundRequest) any { return r.ID }), nil
}
