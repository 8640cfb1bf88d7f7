package checkout

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (c *Checkout) disputeRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/disputes/{id}", c.showDispute, httpapi.Needs(payments.CanRead),
		httpapi.Summary("Show a dispute, what the shop knows about it, and how it was answered"))
	answers := []httpapi.Option{httpapi.Needs(orders.CanRefund), httpapi.RequireIdempotencyKey(), httpapi.Status(http.StatusAccepted)}
	const refusals = "409 `dispute_not_open` when no answer is wanted (any more), `dispute_overdue` after its time, `dispute_answered` when it was answered before. " +
		"From the setting `orders.refund_step_up` on it asks for a fresh proof of identity. A provider's no is shown in its answer, and at `/admin/reconciliation`."
	httpapi.Post(r, "/api/v1/admin/disputes/{id}/evidence", c.contest, append(answers, httpapi.ID("admin-answer-dispute"),
		httpapi.Summary("Answer a dispute with evidence, for good"),
		httpapi.Describe("What is left out of the order's number, its products, its shipments and the buyer's e-mail is filled in as `evidence` of the dispute shows it. The provider is told at once and until it answers. "+refusals))...)
	httpapi.Post(r, "/api/v1/admin/disputes/{id}/accept", c.concede, append(answers, httpapi.ID("admin-accept-dispute"),
		httpapi.Summary("Give a dispute up, which loses it"),
		httpapi.Describe("From the setting `orders.refund_second_approver` on it is asked for by a `refund_request`, which somebody else approves. "+refusals))...)
}

// DisputeView is a dispute as staff see it.
type DisputeView struct {
	payments.KeptDispute
	Provider string                `json:"provider"`
	Order    id.Order              `json:"order_id"`
	Evidence payments.Evidence     `json:"evidence" doc:"What the shop knows itself; the explanation is yours to write"`
	Answer   *payments.Instruction `json:"answer,omitempty" doc:"How it was answered last, and what the provider says to it"`
	Request  *orders.RefundRequest `json:"refund_request,omitempty" doc:"Somebody has asked to give it up, and somebody else has to approve that"`
}

type disputeInput struct {
	ID id.Dispute `path:"id"`
}

func (c *Checkout) showDispute(ctx context.Context, in *disputeInput) (DisputeView, error) {
	return c.disputeView(ctx, c.DB, in.ID)
}

func disputeOf(ctx context.Context, db postgres.DB, which id.Dispute) (payments.KeptDispute, payments.Payment, error) {
	d, err := payments.ReadDispute(ctx, db, which)
	if err != nil {
		return d, payments.Payment{}, err
	}
	payment, err := payments.Get(ctx, db, d.Payment)
	return d, payment, err
}

func (c *Checkout) disputeView(ctx context.Context, db postgres.DB, which id.Dispute) (DisputeView, error) {
	d, payment, err := disputeOf(ctx, db, which)
	if err != nil {
		return DisputeView{}, err
	}
	v := DisputeView{KeptDispute: d, Provider: payment.Provider, Order: payment.Order}
	order, err := c.Orders.Show(ctx, db, payment.Order)
	if err != nil {
		return v, err
	}
	v.Evidence = evidenceOf(order)
	told, err := payments.InstructionsOf(ctx, db, payment.ID)
	if err != nil {
		return v, err
	}
	for _, in := range told {
		if in.Dispute == d.ID {
			v.Answer = &in
		}
	}
	asked, err := orders.AskedOfDispute(ctx, db, which)
	if errors.Is(err, orders.ErrNoRefundRequest) {
		return v, nil
	}
	v.Request = &asked
	return v, err
}

type contestInput struct {
	ID   id.Dispute `path:"id"`
	Body payments.Evidence
}

func (c *Checkout) contest(ctx context.Context, tx pgx.Tx, in *contestInput) (DisputeView, error) {
	if strings.TrimSpace(in.Body.Explanation) == "" {
		return DisputeView{}, errs.Validation.Field("/explanation", "required", "Say why the payment is right.")
	}
	d, w, err := c.answerable(ctx, tx, in.ID)
	if err != nil {
		return DisputeView{}, err
	}
	proof, err := c.reaches(ctx, tx, StepUpSetting, d.Amount)
	if err == nil && proof {
		err = httpapi.Proven(ctx)
	}
	if err != nil {
		return DisputeView{}, err
	}
	v, err := c.disputeView(ctx, tx, in.ID)
	if err != nil {
		return v, err
	}
	e := filled(in.Body, v.Evidence)
	if err := answer(ctx, tx, w, d, payments.Contest, &e); err != nil {
		return v, err
	}
	return c.disputeView(ctx, tx, in.ID)
}

// concede gives a dispute up, or asks for it where a refund of as much would be
// asked for.
func (c *Checkout) concede(ctx context.Context, tx pgx.Tx, in *disputeInput) (DisputeView, error) {
	d, w, err := c.answerable(ctx, tx, in.ID)
	if err != nil {
		return DisputeView{}, err
	}
	second, err := c.guard(ctx, tx, d.Amount)
	switch {
	case err != nil:
	case second:
		err = askToConcede(ctx, tx, w, d)
	default:
		err = answer(ctx, tx, w, d, payments.Concede, nil)
	}
	if err != nil {
		return DisputeView{}, err
	}
	return c.disputeView(ctx, tx, in.ID)
}
