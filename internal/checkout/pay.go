package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
)

// Pay asks the provider for the money of an order that was placed, and records
// what it answers. No transaction is open while it does, so it may take its
// time, and it can be repeated: the provider knows the payment by its key. An
// error of the network is an unknown outcome; the order keeps waiting.
func (c *Checkout) Pay(ctx context.Context, order id.Order, returnURL string) (Payment, error) {
	payment, err := payments.LiveOf(ctx, c.DB, order)
	if err != nil {
		return Payment{}, err
	}
	provider, err := c.Payments.Provider(payment.Provider)
	if err != nil {
		return Payment{}, err
	}
	answer := Payment{ID: payment.ID, Method: payment.Provider, Status: payment.Status}
	if provider.Settled() {
		return answer, nil
	}
	w, err := orders.Read(ctx, c.DB, order)
	if err != nil {
		return Payment{}, err
	}
	beforeStart.Here()
	started, err := provider.Start(ctx, payments.Start{
		Payment: payment.ID, Number: w.Number, Email: w.Email, Amount: payment.Amount, ReturnURL: returnURL, Key: payment.ID.String(),
	})
	if err != nil {
		return Payment{}, fmt.Errorf("start payment %s: %w", payment.ID, err)
	}
	afterStart.Here()
	err = postgres.InTx(ctx, c.DB, func(tx pgx.Tx) error {
		if err := payments.Started(ctx, tx, payment.ID, started.Ref); err != nil {
			return err
		}
		if started.Fact == nil {
			return nil
		}
		_, err := c.Settle(ctx, tx, *started.Fact)
		return err
	})
	if err != nil {
		return Payment{}, err
	}
	afterPayCommit.Here()
	if payment, err = payments.Get(ctx, c.DB, payment.ID); err != nil {
		return Payment{}, err
	}
	answer.Status, answer.Next = payment.Status, started.Next
	return answer, nil
}
