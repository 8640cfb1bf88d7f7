package testpay

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// errTooMuch says that more is to move than there is.
var errTooMuch = errs.New(errs.Conflict, "provider_refused", "So much is not left of this test payment.").With("reason", "amount_too_large")

// Capture takes a part or all of what was promised; with the last of it the rest
// is given up.
func (p *Provider) Capture(ctx context.Context, m payments.Move) (payments.Fact, error) {
	return p.move(ctx, payments.Capture, m, func(s sums) error {
		switch {
		case s.held() <= 0:
			return errState
		case m.Amount.Minor > s.held():
			return errTooMuch
		}
		return nil
	})
}

// Void gives up what was promised; nothing of it: closes the page.
func (p *Provider) Void(ctx context.Context, m payments.Move) (payments.Fact, error) {
	if m.Amount.IsZero() {
		return p.close(ctx, m)
	}
	return p.move(ctx, payments.Void, m, func(s sums) error {
		if m.Amount.Minor > s.held() {
			return errState
		}
		return nil
	})
}

func (p *Provider) close(ctx context.Context, m payments.Move) (payments.Fact, error) {
	err := p.do(ctx, func(tx pgx.Tx) error {
		if _, err := lockVisit(ctx, tx, m.Payment); err != nil {
			return err
		}
		list, err := p.past(ctx, tx, m.Payment)
		if err == nil && sum(list).promised() {
			err = errState
		}
		if err != nil {
			return err
		}
		return closeVisit(ctx, tx, m.Payment, p.Clock.Now())
	})
	return payments.Fact{Payment: m.Payment, Kind: payments.Void, Amount: m.Amount, Cause: m.Cause}, err
}

// Refund gives back what was taken.
func (p *Provider) Refund(ctx context.Context, m payments.Move) (payments.Fact, error) {
	return p.move(ctx, payments.Refund, m, func(s sums) error {
		if m.Amount.Minor > s.left() {
			return errTooMuch
		}
		return nil
	})
}

// move writes down what the shop asks for, once for each key.
func (p *Provider) move(ctx context.Context, kind payments.Kind, m payments.Move, allowed func(sums) error) (payments.Fact, error) {
	var e entry
	err := p.do(ctx, func(tx pgx.Tx) error {
		if _, err := lockVisit(ctx, tx, m.Payment); err != nil {
			return err
		}
		list, err := p.past(ctx, tx, m.Payment)
		if err != nil {
			return err
		}
		for _, e = range list {
			if e.Kind == kind && e.Key == m.Key {
				return nil
			}
		}
		s := sum(list)
		if err := allowed(s); err != nil {
			return err
		}
		e = entry{Payment: m.Payment, Kind: kind, Ref: newRef(), Amount: m.Amount, Key: m.Key, At: p.Clock.Now()}
		if err := insertEntry(ctx, tx, e); err != nil {
			return err
		}
		rest := entry{Payment: m.Payment, Kind: payments.Void, Ref: newRef(), Amount: money.Of(s.held()-m.Amount.Minor, m.Amount.Currency), At: e.At}
		if kind != payments.Capture || !m.All || rest.Amount.IsZero() {
			return nil
		}
		return insertEntry(ctx, tx, rest)
	})
	return payments.Fact{Payment: m.Payment, Kind: kind, Amount: e.Amount, Cause: e.Ref}, err
}

// newRef is a name for an entry.
func newRef() string { return "test_" + id.New[id.PaymentEvent]().String() }
