package checkout_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"souk/internal/checkout"
	"souk/internal/money"
	"souk/internal/payments"
)

// unread is a card of which the shop cannot read what it costs, or how long it takes.
type unread struct {
	card
	fee, waits error
}

func (unread) Method() string { return "paypal" }

func (p unread) Fee(_ context.Context, c money.Currency) (money.Amount, error) {
	return money.Zero(c), p.fee
}

func (p unread) Waits(context.Context) (time.Duration, error) { return 0, p.waits }

// What the shop cannot read is no fault of who pays.
func TestAWayToPayThatCannotBeReadIsNotTheBuyersFault(t *testing.T) {
	t.Parallel()
	s := open(t)
	placed := decode[checkout.Placed](s.checkout("", s.fill("", 1, s.sell(goods{})), "stripe").want(201))
	ways := s.flow.Payments.Providers
	for name, broken := range map[string]payments.Provider{"fee": unread{fee: errors.New("no settings")}, "waits": unread{waits: errors.New("no settings")}} {
		s.flow.Payments.Providers = append(ways[:len(ways):len(ways)], broken)
		s.call("", "POST", path(placed, "/pay"), `{"payment_method": "paypal"}`, "Idempotency-Key", name).want(500)
	}
}
