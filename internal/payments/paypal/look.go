package paypal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// Look reads the order of a payment, and the disputes of what was captured of it.
func (p *Provider) Look(ctx context.Context, k payments.Known) (payments.Report, error) {
	r, err := p.look(ctx, k)
	if err != nil {
		return payments.Report{}, fmt.Errorf("look at payment %s: %w", k.Payment, err)
	}
	return r, nil
}

func (p *Provider) look(ctx context.Context, k payments.Known) (payments.Report, error) {
	account, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Report{}, err
	}
	o, err := p.ours(ctx, account, k.Ref, k.Payment)
	switch {
	case unknown(err) && len(k.Refs) == 0 && p.age(k.Payment) > forgotten:
		return payments.Report{}, nil
	case unknown(err):
		return payments.Report{}, payments.ErrMismatch
	case err != nil:
		return payments.Report{}, err
	}
	if o.Status == approved && o.Intent == intentAuthorize {
		if o, err = p.authorize(ctx, account, o); err != nil {
			return payments.Report{}, err
		}
	}
	r := o.report(k)
	return r, p.disputes(ctx, account, k, o, &r)
}

// forgotten is after how long PayPal may not know an order any more that nobody
// has paid. It says three hours, and that it can be more.
const forgotten = 3 * time.Hour

// age is how long ago a payment was opened: its id tells.
func (p *Provider) age(payment id.Payment) time.Duration {
	return p.Accounts.Clock.Now().Sub(time.Unix(uuid.UUID(payment).Time().UnixTime()))
}

// report is what an order says of a payment. Money that is pending is not there
// yet, and not lost either: the payment stays approved. An authorisation of
// another amount than was asked for is told, and nothing is to be taken of it.
func (o order) report(k payments.Known) payments.Report {
	paid := o.Units[0].Payments
	r := payments.Report{
		Open:     o.Status == created || o.Status == saved || o.Status == actionRequired,
		Approved: o.Status == approved,
	}
	add := func(kind payments.Kind, amount money.Amount, cause string) {
		r.Facts = append(r.Facts, payments.Fact{Payment: k.Payment, Kind: kind, Amount: amount, Cause: cause})
	}
	for _, a := range paid.Authorizations {
		r.Refs = append(r.Refs, a.ID)
		switch a.Status {
		case pending:
			r.Approved = true
		case denied:
			add(payments.Fail, money.Zero(a.Amount.Currency), a.ID)
		default:
			add(payments.Authorize, a.Amount.Amount, a.ID)
			r.Approved = r.Approved || (a.Status == created || a.Status == partiallyCaptured) && a.Amount.Amount == k.Amount && !o.hasFinal()
		}
	}
	for _, c := range paid.Captures {
		r.Refs = append(r.Refs, c.ID)
		switch c.Status {
		case declined, failedStatus:
			add(payments.Fail, money.Zero(c.Amount.Currency), c.ID)
		case completed, partiallyRefunded, refunded:
			add(payments.Capture, c.Amount.Amount, c.ID)
			if fee := c.Breakdown.Fee; fee != nil && !fee.IsZero() {
				add(payments.Fee, fee.Amount, c.ID)
			}
		default:
			r.Approved = true
		}
	}
	for _, a := range paid.Authorizations {
		if rest := o.left(a); (a.Status == voided || a.Status == captured || o.hasFinal()) && rest.Minor > 0 && !o.isPending() {
			add(payments.Void, rest, a.ID)
		}
	}
	for _, back := range paid.Refunds {
		r.Refs = append(r.Refs, back.ID)
		r.Facts = append(r.Facts, payments.Fact{Payment: k.Payment, Kind: payments.Refund, Amount: back.Amount.Amount, Cause: back.ID, Taken: back.capture()})
		if back.Status == failedStatus || back.Status == cancelled {
			add(payments.RefundFailed, back.Amount.Amount, back.ID)
		}
	}
	return r
}

// hasFinal reports whether the last capture was made that there will be.
func (o order) hasFinal() bool {
	for _, c := range o.Units[0].Payments.Captures {
		if _, err := c.taken(id.Payment{}); err == nil && c.Final {
			return true
		}
	}
	return false
}

// isPending reports whether a capture has not ended.
func (o order) isPending() bool {
	for _, c := range o.Units[0].Payments.Captures {
		if c.Status == pending {
			return true
		}
	}
	return false
}
