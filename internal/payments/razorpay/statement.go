package razorpay

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
)

// Statement lists payments, refunds, disputes and settlements by when each was
// made: of a capture that is when the buyer began to pay, of a chargeback when the
// bank complained. Razorpay's report of settlements would tell the day of each
// movement, but only days later, when it was settled.
func (p *Provider) Statement(ctx context.Context, from, until time.Time) ([]payments.Movement, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return nil, err
	}
	s := &statement{from: from, until: until, seen: map[string]bool{}}
	for _, read := range []func(context.Context, payments.Account, *statement) error{p.captures, p.refunds, p.chargebacks, p.payouts} {
		if err := read(ctx, a, s); err != nil {
			return nil, fmt.Errorf("read razorpay's books: %w", err)
		}
	}
	slices.SortStableFunc(s.list, func(a, b payments.Movement) int { return a.At.Compare(b.At) })
	return s.list, nil
}

// statement is a list of movements that is being written.
type statement struct {
	from, until time.Time
	list        []payments.Movement
	seen        map[string]bool // a list that grows while it is read shows an entry twice
}

func (s *statement) add(m payments.Movement, at int64) {
	m.At = time.Unix(at, 0).UTC()
	if m.Fee.Currency == "" {
		m.Fee = money.Zero(m.Amount.Currency)
	}
	name := string(m.Kind) + m.Ref
	if s.seen[name] || m.At.Before(s.from.Truncate(time.Second)) || !m.At.Before(s.until) {
		return
	}
	s.seen[name] = true
	s.list = append(s.list, m)
}

func (p *Provider) captures(ctx context.Context, a payments.Account, s *statement) error {
	all, err := list[attempt](ctx, p, a, "/v1/payments", between(s.from, s.until))
	for _, t := range all {
		if t.Captured {
			s.add(payments.Movement{Ref: t.ID, Payment: cmp.Or(t.Order, t.ID), Kind: payments.Capture, Amount: t.amount(), Fee: t.fee()}, t.CreatedAt)
		}
	}
	return err
}

// refunds leaves out what Razorpay gave back of payments that were not captured:
// that was never the shop's. Such a refund has no fee and no receipt of ours, so
// the payment itself is asked.
func (p *Provider) refunds(ctx context.Context, a payments.Account, s *statement) error {
	all, err := list[refund](ctx, p, a, "/v1/refunds", between(s.from, s.until))
	if err != nil {
		return err
	}
	for _, r := range all {
		captured, err := p.captured(ctx, a, r, s)
		if err != nil {
			return err
		}
		if !captured {
			continue
		}
		m := payments.Movement{Ref: r.ID, Payment: r.Payment, Kind: payments.Refund, Amount: money.Of(-r.Amount, r.Currency)}
		s.add(m, r.CreatedAt)
		if r.Status == "failed" {
			m.Kind, m.Amount = payments.RefundFailed, r.amount()
			s.add(m, r.CreatedAt)
		}
	}
	return nil
}

func (p *Provider) captured(ctx context.Context, a payments.Account, r refund, s *statement) (bool, error) {
	if r.Receipt != "" || s.seen[string(payments.Capture)+r.Payment] {
		return true, nil
	}
	var t attempt
	err := p.call(ctx, a, call{path: "/v1/payments/" + r.Payment}, &t)
	return t.Captured, err
}

func (p *Provider) chargebacks(ctx context.Context, a payments.Account, s *statement) error {
	all, err := list[dispute](ctx, p, a, "/v1/disputes", between(s.from, s.until))
	for _, d := range all {
		if d.Deducted == 0 {
			continue
		}
		m := payments.Movement{Ref: d.ID, Payment: d.Payment, Kind: payments.Chargeback, Amount: money.Of(-d.Deducted, d.Currency)}
		s.add(m, d.CreatedAt)
		if d.Status == "won" {
			m.Kind, m.Amount = payments.ChargebackReversed, d.deducted()
			s.add(m, d.CreatedAt)
		}
	}
	return err
}

// payouts are without fees: each capture has told its own already. A settlement
// does not name its currency, which is that of the country of the account; shops
// elsewhere than in India are not served.
func (p *Provider) payouts(ctx context.Context, a payments.Account, s *statement) error {
	all, err := list[settlement](ctx, p, a, "/v1/settlements", between(s.from, s.until))
	for _, t := range all {
		if t.Status == "processed" {
			s.add(payments.Movement{Ref: t.ID, Kind: payments.Payout, Amount: money.Of(-t.Amount, "INR")}, t.CreatedAt)
		}
	}
	return err
}
