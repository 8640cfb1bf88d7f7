// Package free is the way to pay for orders that cost nothing.
//
// Owns: the rules of paying that way. Tables: none. Raises: nothing.
// Calls: nobody: there is no money to move.
package free

import (
	"context"
	"time"

	"souk/internal/payments"
)

// Method is how orders and payments call it.
const Method = "free"

// Provider is nothing to pay.
type Provider struct{ payments.WithoutFee }

var _ payments.Provider = Provider{}

// Method is "free".
func (Provider) Method() string { return Method }

// Settled is true: there is nothing to wait for.
func (Provider) Settled() bool { return true }

// ByHand is true: there is nothing to give back.
func (Provider) ByHand() bool { return true }

// Offered refuses orders that cost something.
func (Provider) Offered(_ context.Context, o payments.Offer) error {
	if !o.Total.IsZero() {
		return payments.ErrMethod.Field("/payment_method", "not_free", "This order costs something. Choose another way to pay.")
	}
	return nil
}

// Waits is no time.
func (Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: there is nothing to do.
func (Provider) Tells(context.Context, payments.Start) (*payments.Action, error) {
	return nil, nil //nolint:nilnil // nothing is to be done
}

// Start promises nothing at all. The payment was opened as authorised, so the
// fact is known already.
func (Provider) Start(_ context.Context, s payments.Start) (payments.Begun, error) {
	return payments.Begun{Fact: &payments.Fact{Payment: s.Payment, Kind: payments.Authorize, Amount: s.Amount, Cause: payments.Placed}}, nil
}

// Capture says that nothing was taken.
func (Provider) Capture(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Capture, m), nil
}

// Void says that nothing will be asked for.
func (Provider) Void(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Void, m), nil
}

// Refund says that nothing was given back.
func (Provider) Refund(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Refund, m), nil
}

func fact(k payments.Kind, m payments.Move) payments.Fact {
	return payments.Fact{Payment: m.Payment, Kind: k, Amount: m.Amount, Cause: m.Cause}
}
