package razorpay

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// Look reads the order of a payment, the attempts at it, and of what was captured
// the refunds and the disputes.
func (p *Provider) Look(ctx context.Context, k payments.Known) (payments.Report, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Report{}, err
	}
	r, err := p.look(ctx, a, k.Payment, k.Ref)
	if err != nil {
		return payments.Report{}, fmt.Errorf("look for payment %s at razorpay: %w", k.Payment, err)
	}
	return r, nil
}

func (p *Provider) look(ctx context.Context, a payments.Account, payment id.Payment, ref string) (payments.Report, error) {
	var o order
	if err := p.call(ctx, a, call{path: "/v1/orders/" + ref}, &o); err != nil {
		return payments.Report{}, err
	}
	if o.ID != ref || o.Receipt != payment.String() {
		return payments.Report{}, payments.ErrMismatch
	}
	attempts, err := p.attempts(ctx, a, ref)
	if err != nil {
		return payments.Report{}, err
	}
	l := &ledger{payment: payment, order: ref}
	for _, t := range attempts {
		l.Refs = append(l.Refs, t.ID)
		if t.Status == "failed" {
			l.fact(payments.Fail, money.Zero(t.Currency), t.ID)
		}
	}
	moved := counting(attempts)
	for _, t := range moved {
		if err := p.money(ctx, a, l, t); err != nil {
			return payments.Report{}, err
		}
	}
	l.Approved = slices.ContainsFunc(moved, func(t attempt) bool { return t.Status == "authorized" })
	l.Open = o.Status != "paid" && !l.Approved
	return l.Report, nil
}

// attempts lists what a buyer has tried, the oldest first.
func (p *Provider) attempts(ctx context.Context, a payments.Account, order string) ([]attempt, error) {
	var found collection[attempt]
	if err := p.call(ctx, a, call{path: "/v1/orders/" + order + "/payments"}, &found); err != nil {
		return nil, err
	}
	slices.SortStableFunc(found.Items, func(a, b attempt) int { return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return found.Items, nil
}

// counting picks the attempts whose money counts: those captured; before there is
// one, the first that is authorised; else the first that was, and that Razorpay
// has given back because nobody captured it. Others that were authorised besides
// are given back by Razorpay, and were never the shop's.
func counting(attempts []attempt) []attempt {
	captured := slices.DeleteFunc(slices.Clone(attempts), func(t attempt) bool { return !t.Captured })
	if len(captured) > 0 {
		return captured
	}
	for _, status := range []string{"authorized", "refunded"} {
		if at := slices.IndexFunc(attempts, func(t attempt) bool { return t.Status == status }); at >= 0 {
			return attempts[at : at+1]
		}
	}
	return nil
}

// ledger is a report that is being written.
type ledger struct {
	payments.Report
	payment id.Payment
	order   string
}

func (l *ledger) fact(k payments.Kind, amount money.Amount, cause string) {
	l.Facts = append(l.Facts, payments.Fact{Payment: l.payment, Kind: k, Amount: amount, Cause: cause})
}

// money writes down what became of an attempt that counts.
func (p *Provider) money(ctx context.Context, a payments.Account, l *ledger, t attempt) error {
	if !slices.ContainsFunc(l.Facts, func(f payments.Fact) bool { return f.Kind == payments.Authorize }) {
		l.fact(payments.Authorize, t.amount(), l.order)
	}
	if !t.Captured {
		if t.Status == "refunded" {
			l.fact(payments.Void, t.amount(), l.order)
		}
		return nil
	}
	l.fact(payments.Capture, t.amount(), t.ID)
	if fee := t.fee(); fee.Minor > 0 {
		l.fact(payments.Fee, fee, t.ID)
	}
	refunds, err := list[refund](ctx, p, a, "/v1/payments/"+t.ID+"/refunds", url.Values{})
	if err != nil {
		return err
	}
	slices.SortStableFunc(refunds, func(a, b refund) int { return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	for _, r := range refunds {
		l.fact(payments.Refund, r.amount(), r.ID)
		if r.Status == "failed" {
			l.fact(payments.RefundFailed, r.amount(), r.ID)
		}
	}
	return p.disputes(ctx, a, l, t)
}

// disputes writes down the disputes of an attempt. Razorpay lists them of a time
// only, not of a payment: so all since it was made are read.
func (p *Provider) disputes(ctx context.Context, a payments.Account, l *ledger, t attempt) error {
	all, err := list[dispute](ctx, p, a, "/v1/disputes", since(time.Unix(t.CreatedAt, 0)))
	if err != nil {
		return err
	}
	slices.Reverse(all)
	for _, d := range all {
		if d.Payment != t.ID {
			continue
		}
		l.Disputes = append(l.Disputes, payments.Dispute{
			Ref: d.ID, Amount: money.Of(d.Amount, d.Currency), Reason: d.Reason, Status: disputed(d.Status), DueBy: due(d.RespondBy),
		})
		if d.Deducted > 0 {
			l.fact(payments.Chargeback, d.deducted(), d.ID)
		}
		if d.Deducted > 0 && d.Status == "won" {
			l.fact(payments.ChargebackReversed, d.deducted(), d.ID)
		}
	}
	return nil
}

func disputed(status string) string {
	if status == "open" {
		return "needs_response"
	}
	return status
}

func due(second int64) *time.Time {
	if second == 0 {
		return nil
	}
	at := time.Unix(second, 0).UTC()
	return &at
}
