package razorpaytest

import (
	"context"
	"errors"
	"maps"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// Pay does what a buyer does on the page.
func (s *Server) Pay(ctx context.Context, p id.Payment, outcome fakes.Outcome) error {
	return s.do(ctx, func() error {
		o, err := s.byReceipt(p)
		if err != nil {
			return err
		}
		return s.pay(o, outcome)
	})
}

func (s *Server) pay(o *order, outcome fakes.Outcome) error {
	if outcome == fakes.Abandons {
		return nil
	}
	amount, method := money.Of(o.Amount, o.Currency), "card"
	switch outcome {
	case fakes.WrongAmount:
		amount.Minor--
	case fakes.WrongCurrency:
		amount.Currency = other(o.Currency)
	case fakes.PaysLater:
		method = "upi"
	case fakes.Pays, fakes.Declined, fakes.Abandons:
	}
	p, err := s.attempt(o, method, amount)
	switch {
	case err != nil:
		return err
	case outcome == fakes.Declined:
		s.fail(p, "payment_failed")
	case outcome != fakes.PaysLater:
		s.authorize(p)
	}
	return nil
}

func other(c money.Currency) money.Currency {
	if c == "USD" {
		return "INR"
	}
	return "USD"
}

// Late is the answer of a bank that has taken its time, whether Razorpay still
// waits for it or has given up.
func (s *Server) Late(ctx context.Context, p id.Payment) error {
	return s.do(ctx, func() error {
		o, err := s.byReceipt(p)
		if err != nil {
			return err
		}
		t, err := s.last(o, func(p *payment) bool { return p.Method == "upi" && (p.Status == "created" || p.Status == "failed") })
		if err != nil {
			return err
		}
		s.authorize(t)
		return nil
	})
}

// Return is what the form brings to the callback, or the query to the address for
// those who gave up.
func (s *Server) Return(p id.Payment) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.byReceipt(p)
	if err != nil {
		return nil
	}
	return maps.Clone(s.returns[o.ID])
}

// captured is the attempt that has paid for a payment of the shop's.
func (s *Server) captured(p id.Payment) (*payment, error) {
	o, err := s.byReceipt(p)
	if err != nil {
		return nil, err
	}
	return s.last(o, func(p *payment) bool { return p.Captured })
}

// RefundHere is a refund by the dashboard: it has no receipt.
func (s *Server) RefundHere(ctx context.Context, p id.Payment, amount money.Amount) error {
	return s.do(ctx, func() error {
		t, err := s.captured(p)
		if err != nil {
			return err
		}
		if amount.Currency != t.Currency || amount.Minor > t.Amount-t.AmountRefunded {
			return errors.New("so much is not left")
		}
		s.refund(t, amount.Minor, nil)
		return nil
	})
}

// FailRefunds takes back what was not processed yet.
func (s *Server) FailRefunds(ctx context.Context, p id.Payment) error {
	return s.do(ctx, func() error {
		t, err := s.captured(p)
		if err != nil {
			return err
		}
		failed := false
		for _, r := range s.refunds {
			if r.of != t || r.Status != "pending" {
				continue
			}
			failed = true
			r.Status = "failed"
			s.refunded(t, -r.Amount)
			s.Book.Write(fakes.Entry{Kind: payments.RefundFailed, Ref: r.ID, Payment: p, Amount: money.Of(r.Amount, r.Currency)})
			s.tell("refund.failed", map[string]any{"refund": r, "payment": t})
		}
		if !failed {
			return errors.New("no refund of it is pending")
		}
		return nil
	})
}

// Settle sends what the shop has in rupees to its bank.
func (s *Server) Settle(ctx context.Context) error {
	return s.do(ctx, func() error {
		balance := s.Book.Balance("INR")
		if balance.Minor <= 0 {
			return errors.New("there is nothing to settle")
		}
		t := &settlement{
			ID: newID("setl"), Entity: "settlement", Amount: balance.Minor, Status: "processed", UTR: letters(16), CreatedAt: s.now(),
		}
		s.payouts = append(s.payouts, t)
		s.Book.Write(fakes.Entry{Kind: payments.Payout, Ref: t.ID, Amount: money.Of(-balance.Minor, "INR")})
		s.tell("settlement.processed", map[string]any{"settlement": t})
		return nil
	})
}
