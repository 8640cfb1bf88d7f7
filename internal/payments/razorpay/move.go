package razorpay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"souk/internal/errs"
	"souk/internal/payments"
)

// Capture takes what the buyer has agreed to. Razorpay takes all of it or
// nothing. https://razorpay.com/docs/api/payments/capture/
func (p *Provider) Capture(ctx context.Context, m payments.Move) (payments.Fact, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Fact{}, err
	}
	t, err := p.capture(ctx, a, m)
	if err != nil {
		return payments.Fact{}, fmt.Errorf("capture payment %s at razorpay: %w", m.Payment, err)
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Capture, Amount: t.amount(), Cause: t.ID}, nil
}

func (p *Provider) capture(ctx context.Context, a payments.Account, m payments.Move) (attempt, error) {
	t, err := p.counts(ctx, a, m.Ref)
	switch {
	case err != nil:
		return attempt{}, err
	case t.Status != "authorized" && !t.Captured:
		return attempt{}, errState
	case t.amount() != m.Amount:
		return attempt{}, refusal("partial_capture", "Razorpay captures the whole of what was authorised, "+t.amount().String()+".")
	case t.Captured: // by an earlier call, or by itself
		return t, nil
	}
	body := map[string]any{"amount": m.Amount.Minor, "currency": m.Amount.Currency}
	err = p.call(ctx, a, call{path: "/v1/payments/" + t.ID + "/capture", body: body}, &t)
	if !refused(err) {
		return t, err
	}
	now, again := p.counts(ctx, a, m.Ref) // somebody else may have been faster
	if again != nil || now.ID != t.ID || !now.Captured {
		return attempt{}, errors.Join(err, again)
	}
	return now, nil
}

// counts is the attempt whose money counts, the zero attempt when there is none.
func (p *Provider) counts(ctx context.Context, a payments.Account, order string) (attempt, error) {
	attempts, err := p.attempts(ctx, a, order)
	if err != nil {
		return attempt{}, err
	}
	for _, t := range counting(attempts) {
		return t, nil
	}
	return attempt{}, nil
}

// Void gives up what is authorised: by not capturing it. Razorpay has no call for
// that, and gives the money back when its time is over (see capturing). The fact
// has the name that Look gives it then. An order cannot be closed either: what is
// paid late is given back by whoever sees it.
func (p *Provider) Void(ctx context.Context, m payments.Move) (payments.Fact, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Fact{}, err
	}
	t, err := p.counts(ctx, a, m.Ref)
	if err == nil && (t.Captured || m.Amount.IsZero() && t.Status == "authorized") {
		err = errState
	}
	if err != nil {
		return payments.Fact{}, fmt.Errorf("void payment %s at razorpay: %w", m.Payment, err)
	}
	cause := m.Ref
	if m.Amount.IsZero() {
		cause = m.Cause
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Void, Amount: m.Amount, Cause: cause}, nil
}

// Refund gives captured money back, to what it was paid with. The key makes it
// one refund; how long Razorpay remembers keys is not published, so a refund with
// our receipt is looked for first.
// https://razorpay.com/docs/api/refunds/normal-refunds-idempotent/
func (p *Provider) Refund(ctx context.Context, m payments.Move) (payments.Fact, error) {
	a, err := p.Accounts.Open(ctx, Method)
	if err != nil {
		return payments.Fact{}, err
	}
	r, err := p.refund(ctx, a, m)
	if err != nil {
		return payments.Fact{}, fmt.Errorf("refund payment %s at razorpay: %w", m.Payment, err)
	}
	return payments.Fact{Payment: m.Payment, Kind: payments.Refund, Amount: r.amount(), Cause: r.ID}, nil
}

func (p *Provider) refund(ctx context.Context, a payments.Account, m payments.Move) (refund, error) {
	switch {
	case m.Taken == "":
		return refund{}, errState
	case !expressible(m.Amount):
		return refund{}, refusal("amount_unsupported", "Razorpay cannot give back "+m.Amount.String()+" so exactly.")
	}
	refunds, err := list[refund](ctx, p, a, "/v1/payments/"+m.Taken+"/refunds", url.Values{})
	if err != nil {
		return refund{}, err
	}
	key := name(m.Key)
	if at := slices.IndexFunc(refunds, func(r refund) bool { return r.Receipt == key }); at >= 0 {
		return refunds[at], nil
	}
	var r refund
	err = p.call(ctx, a, call{path: "/v1/payments/" + m.Taken + "/refund", key: key, body: map[string]any{
		"amount": m.Amount.Minor, "speed": "normal", "receipt": key, "notes": map[string]string{"payment": m.Payment.String()},
	}}, &r)
	return r, err
}

var nameable = regexp.MustCompile(`^[A-Za-z0-9_-]{10,40}$`)

// name is a key as Razorpay takes it: ten characters or more, of few kinds.
func name(key string) string {
	if nameable.MatchString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:20])
}

// refused says whether an error is Razorpay's no.
func refused(err error) bool {
	var no *errs.Error
	return errors.As(err, &no)
}
