package stripetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// refund is money of a charge that was given back, or let go.
type refund struct {
	id             string
	charge         *charge
	amount         int64
	status         string
	created        int64
	metadata       object
	entry, failure *entry // no entry: nothing was taken
}

func (c *call) createRefund() (object, *failure) {
	ch, f := c.chargeAsked()
	if f != nil {
		return nil, f
	}
	n := ch.amount - ch.refunded
	if c.form.Has("amount") {
		n = c.number("amount")
	}
	r, f := c.giveBack(ch, n, c.tagged("metadata"))
	if f != nil {
		return nil, f
	}
	return c.viewRefund(r), nil
}

func (s *Server) giveBack(ch *charge, n int64, metadata object) (*refund, *failure) {
	open := slices.ContainsFunc(ch.disputes, func(d *dispute) bool { return d.status != "won" })
	switch {
	case !ch.taken:
		return nil, unfit("", "This charge was not captured. Cancel its PaymentIntent instead.")
	case open:
		return nil, unfit("charge_disputed", "The charge has been charged back; cannot issue a refund.")
	case ch.refunded == ch.amount:
		return nil, unfit("charge_already_refunded", "Charge "+ch.id+" has already been refunded.")
	case n < 1 || n > ch.amount-ch.refunded:
		return nil, &failure{status: 400, param: "amount", message: "Refund amount is greater than unrefunded amount on charge."}
	}
	if currency := ch.intent.currency; slices.Contains([]string{"BHD", "JOD", "KWD", "OMR", "TND"}, currency) && n%10 != 0 {
		return nil, invalid("amount", "The last digit of amounts in "+currency+" must be 0.")
	}
	r := &refund{id: named("re"), charge: ch, amount: n, status: "succeeded", created: s.now(), metadata: metadata}
	ch.refunded += n
	r.entry = s.enter(entry{
		category: "refund", kind: "refund", amount: -n, currency: ch.intent.currency, source: s.linkRefund(r),
	}, payments.Refund, -n, ch.intent.payment())
	ch.refunds = append(ch.refunds, r)
	s.tell("refund.created", s.viewRefund(r))
	s.tell("charge.refunded", s.viewCharge(ch))
	return r, nil
}

// chargeAsked is the one whose refunds or disputes are asked for.
func (c *call) chargeAsked() (*charge, *failure) {
	if ch, ok := c.charges[c.form.Get("charge")]; ok {
		return ch, nil
	}
	if i, ok := c.intents[c.form.Get("payment_intent")]; ok && i.charge != nil {
		return i.charge, nil
	}
	return nil, noSuch("charge", c.form.Get("charge"))
}

func (c *call) listRefunds() (object, *failure) {
	ch, f := c.chargeAsked()
	if f != nil {
		return nil, f
	}
	var list []object
	for _, r := range slices.Backward(ch.refunds) {
		list = append(list, c.viewRefund(r))
	}
	return page("/v1/refunds", list, c), nil
}

func (c *call) listEntries() (object, *failure) {
	var list []object
	for _, e := range slices.Backward(c.entries) {
		if c.form.Has("created[gte]") && e.created < c.number("created[gte]") || c.form.Has("created[lt]") && e.created >= c.number("created[lt]") {
			continue
		}
		list = append(list, viewEntry(e))
	}
	return page("/v1/balance_transactions", list, c), nil
}

// RefundHere gives money back from Stripe's dashboard.
func (s *Server) RefundHere(ctx context.Context, p id.Payment, a money.Amount) error {
	return s.with(ctx, p, func(i *intent) error {
		n := a.Minor
		for worth(n, i.currency) != a { // ISK and MGA
			if n *= 10; n > 1000*a.Minor {
				n = a.Minor / 100
				break
			}
		}
		if _, f := s.giveBack(i.charge, n, object{}); f != nil {
			return errors.New(f.message)
		}
		return nil
	})
}

// FailRefunds lets the bank send back what was given to it.
func (s *Server) FailRefunds(ctx context.Context, p id.Payment) error {
	return s.with(ctx, p, func(i *intent) error {
		for _, r := range i.charge.refunds {
			if r.status != "succeeded" || r.entry == nil || r.entry.category != "refund" {
				continue
			}
			r.status = "failed"
			r.charge.refunded -= r.amount
			r.failure = s.enter(entry{
				category: "refund_failure", kind: "refund_failure", amount: r.amount, currency: i.currency, source: s.linkRefund(r),
			}, payments.RefundFailed, r.amount, p)
			s.tell("refund.updated", s.viewRefund(r))
			s.tell("refund.failed", s.viewRefund(r))
		}
		return nil
	})
}

func (s *Server) linkRefund(r *refund) link {
	return link{r.id, func() object { return s.viewRefund(r) }}
}

func (s *Server) viewRefund(r *refund) object {
	o := object{
		"id": r.id, "object": "refund", "amount": r.amount, "balance_transaction": link{}, "charge": s.linkCharge(r.charge), "created": r.created,
		"currency": strings.ToLower(r.charge.intent.currency), "metadata": r.metadata, "payment_intent": s.linkIntent(r.charge.intent), "reason": nil, "status": r.status,
	}
	if r.entry != nil {
		o["balance_transaction"] = s.linkEntry(r.entry)
	}
	if r.failure != nil {
		o["failure_balance_transaction"], o["failure_reason"] = s.linkEntry(r.failure), "lost_or_stolen_card"
	} else {
		o["failure_balance_transaction"] = link{}
	}
	return o
}

func (s *Server) linkEntry(e *entry) link { return link{e.id, func() object { return viewEntry(e) }} }

func viewEntry(e *entry) object {
	return object{
		"id": e.id, "object": "balance_transaction", "amount": e.amount, "available_on": e.created, "balance_type": "payments", "created": e.created,
		"currency": strings.ToLower(e.currency), "fee": e.fee, "fee_details": []object{}, "net": e.amount - e.fee, "reporting_category": e.category,
		"source": e.source, "status": "pending", "type": e.kind,
	}
}

// with does something to a payment that was made, and tells of it.
func (s *Server) with(ctx context.Context, p id.Payment, act func(*intent) error) error {
	s.mu.Lock()
	s.pass()
	err := fmt.Errorf("stripe: nobody has paid %s", p)
	if i, ok := s.paid[p]; ok {
		err = act(i)
	}
	letters := s.taken()
	s.mu.Unlock()
	s.post(ctx, letters)
	return err
}
