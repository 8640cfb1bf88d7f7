// Package cod is cash on delivery: the courier takes the money at the door.
//
// Owns: the rules of paying that way. Tables: none. Raises: nothing.
// Calls: nobody outside: the fact that cash changed hands is the delivery
// itself, so each method only says what has happened.
package cod

import (
	"context"
	"time"

	"souk/internal/payments"
)

// Method is how orders and payments call it.
const Method = "cod"

// Provider is cash on delivery.
type Provider struct{}

var _ payments.Provider = Provider{}

// Method is "cod".
func (Provider) Method() string { return Method }

// Settled is true: the promise to pay at the door is all there is to wait for.
func (Provider) Settled() bool { return true }

// ByHand is true: cash goes back from hand to hand.
func (Provider) ByHand() bool { return true }

// Offered refuses orders with files or licence keys, which nobody brings back,
// and those of which nothing is brought to a door.
func (Provider) Offered(_ context.Context, o payments.Offer) error {
	if o.Digital {
		return payments.ErrMethod.Field("/payment_method", "nothing_to_deliver", "Cash on delivery is for what is brought to a door, and not for digital goods.")
	}
	return nil
}

// Waits is no time.
func (Provider) Waits(context.Context) (time.Duration, error) { return 0, nil }

// Tells nothing: there is nothing to do.
func (Provider) Tells(context.Context, payments.Start) (*payments.Action, error) {
	return nil, nil //nolint:nilnil // nothing is to be done
}

// Start promises the whole amount. The payment was opened as authorised, so
// the fact is known already.
func (Provider) Start(_ context.Context, s payments.Start) (payments.Begun, error) {
	return payments.Begun{Fact: &payments.Fact{Payment: s.Payment, Kind: payments.Authorize, Amount: s.Amount, Cause: payments.Placed}}, nil
}

// Capture says that the courier took the cash.
func (Provider) Capture(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Capture, m), nil
}

// Void says that the cash will not be asked for.
func (Provider) Void(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Void, m), nil
}

// Refund says that the cash was handed back.
func (Provider) Refund(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Refund, m), nil
}

func fact(k payments.Kind, m payments.Move) payments.Fact {
	return payments.Fact{Payment: m.Payment, Kind: k, Amount: m.Amount, Cause: m.Cause}
}
