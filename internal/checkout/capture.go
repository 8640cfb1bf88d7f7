package checkout

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/httpapi"
)

var errNotByHand = errs.New(errs.Conflict, "capture_not_by_hand", "Who takes the money of this payment says so. Bank transfers, and what a provider has promised, are captured by hand.")

func (c *Checkout) captureRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/admin/payments/{id}/capture", c.captureByHand, httpapi.Needs(payments.CanWrite), httpapi.RequireIdempotencyKey(),
		httpapi.Status(http.StatusOK), httpapi.Summary("Take what was promised, or say that a bank transfer has come"),
		httpapi.Describe("A provider that has promised the money is told to take what is due; `instructions` of the payment tell of it. Of a bank transfer, the whole of it: 409 `payment_mismatch` with what is `due` for another amount. The order is confirmed; one that was cancelled meanwhile is owed back. Saying it again changes nothing."))
}

type captureInput struct {
	ID id.Payment `path:"id"`
}

// captureByHand records money that staff have seen, or has a provider take what
// it has promised.
func (c *Checkout) captureByHand(ctx context.Context, tx pgx.Tx, in *captureInput) (payments.Payment, error) {
	payment, err := payments.Get(ctx, tx, in.ID)
	if err != nil {
		return payments.Payment{}, err
	}
	due, err := orders.Lock(ctx, tx, payment.Order)
	if err != nil {
		return payments.Payment{}, err
	}
	if c.isOnline(payment) && payment.Status == payments.Authorized {
		return payment, c.takePromised(ctx, tx, due)
	}
	if payment.Provider != payments.BankTransfer {
		return payments.Payment{}, errNotByHand
	}
	amount := due.Due().Minus(due.Credit())
	if due.Status == orders.StatusCancelled || !payment.Captured.IsZero() { // too late, or again
		amount = payment.Amount
	}
	if _, err := c.Settle(ctx, tx, payments.Fact{Payment: in.ID, Kind: payments.Capture, Amount: amount, Cause: "seen by staff"}); err != nil {
		return payments.Payment{}, err
	}
	return payments.Get(ctx, tx, in.ID)
}
