// Package transfer is payment by bank transfer, UPI or whatever else buyers send
// by themselves: the shop says where to, and its staff say when it has come.
//
// Owns: the rules of paying that way, and what buyers are told of it. Tables:
// none. Raises: nothing.
// Calls: nobody outside: each method only says what has happened.
package transfer

import (
	"context"
	"time"

	"souk/internal/payments"
	"souk/internal/platform/settings"
)

// Method is how orders and payments call it.
const Method = payments.BankTransfer

// What staff decide about transfers.
var (
	InstructionsSetting = settings.Value[string]{
		Key: "payments.transfer_instructions", Help: "Where buyers send money who pay by bank transfer: account, UPI address. Empty: it is not offered.",
		Check: func(s string) bool { return len(s) <= 2000 }, Rule: "Write at most 2,000 letters.",
	}
	DaysSetting = settings.Value[int]{
		Key: "payments.transfer_days", Help: "For how many days an order waits for a bank transfer.",
		Default: 7, Check: func(n int) bool { return 1 <= n && n <= 60 }, Rule: "Give a number from 1 to 60.",
	}
)

// Settings lists what this package declares.
func Settings() []settings.Declared { return []settings.Declared{InstructionsSetting, DaysSetting} }

// Provider is payment by transfer.
type Provider struct {
	payments.WithoutFee

	Settings *settings.Settings
}

var _ payments.Provider = Provider{}

// Method is "bank_transfer".
func (Provider) Method() string { return Method }

// Settled is false: an order waits until staff have seen the money.
func (Provider) Settled() bool { return false }

// ByHand is true: staff send money back as buyers have sent it.
func (Provider) ByHand() bool { return true }

// Offered refuses orders for nothing, and all while the shop has not said where
// money is to be sent.
func (p Provider) Offered(ctx context.Context, o payments.Offer) error {
	if o.Total.IsZero() {
		return payments.ErrMethod.Field("/payment_method", "nothing_to_pay", "This order costs nothing. Choose free.")
	}
	text, err := InstructionsSetting.Get(ctx, p.Settings)
	if err == nil && text == "" {
		err = payments.ErrMethod.Field("/payment_method", "unavailable", "The shop takes no bank transfers.")
	}
	return err
}

// Waits is some days: transfers take theirs.
func (p Provider) Waits(ctx context.Context) (time.Duration, error) {
	days, err := DaysSetting.Get(ctx, p.Settings)
	return time.Duration(days) * 24 * time.Hour, err
}

// Tells where to send the money, and to name the order.
func (p Provider) Tells(ctx context.Context, s payments.Start) (*payments.Action, error) {
	text, err := InstructionsSetting.Get(ctx, p.Settings)
	return &payments.Action{Kind: Method, Text: text, Reference: s.Number}, err
}

// Start says what Tells does: nobody is asked.
func (p Provider) Start(ctx context.Context, s payments.Start) (payments.Begun, error) {
	next, err := p.Tells(ctx, s)
	return payments.Begun{Ref: s.Payment.String(), Next: next}, err
}

// Capture says that the money has come.
func (Provider) Capture(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Capture, m), nil
}

// Void says that the money is not waited for any more.
func (Provider) Void(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Void, m), nil
}

// Refund says that the money was sent back.
func (Provider) Refund(_ context.Context, m payments.Move) (payments.Fact, error) {
	return fact(payments.Refund, m), nil
}

func fact(k payments.Kind, m payments.Move) payments.Fact {
	return payments.Fact{Payment: m.Payment, Kind: k, Amount: m.Amount, Cause: m.Cause}
}
