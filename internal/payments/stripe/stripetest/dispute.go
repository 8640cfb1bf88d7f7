package stripetest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"souk/internal/id"
	"souk/internal/payments"
)

// dispute is a charge that its buyer complains of to the bank.
type dispute struct {
	id      string
	charge  *charge
	amount  int64
	status  string
	created int64
	entries []*entry
	said    []object // the evidence that was submitted
}

// waits reports whether the shop has to answer.
func (d *dispute) waits() bool { return d.status == payments.NeedsResponse }

// disputeNamed is the dispute of a path.
func (c *call) disputeNamed() (*dispute, *failure) {
	for _, i := range c.paid {
		if i.charge == nil {
			continue
		}
		for _, d := range i.charge.disputes {
			if d.id == c.id {
				return d, nil
			}
		}
	}
	return nil, noSuch("dispute", c.id)
}

func (c *call) readDispute() (object, *failure) {
	d, f := c.disputeNamed()
	if f != nil {
		return nil, f
	}
	return c.viewDispute(d), nil
}

// updateDispute takes evidence, and sends it to the bank where that is asked for.
// https://docs.stripe.com/api/disputes/update
func (c *call) updateDispute() (object, *failure) {
	d, f := c.disputeNamed()
	switch {
	case f != nil:
		return nil, f
	case !d.waits():
		return nil, unfit("", "This dispute is already closed, or its evidence was submitted.")
	case c.form.Get("submit") == "true":
		d.said = append(d.said, c.tagged("evidence"))
		d.status = "under_review"
		c.tell("charge.dispute.updated", c.viewDispute(d))
	}
	return c.viewDispute(d), nil
}

// closeDispute loses it. https://docs.stripe.com/api/disputes/close
func (c *call) closeDispute() (object, *failure) {
	d, f := c.disputeNamed()
	switch {
	case f != nil:
		return nil, f
	case !d.waits():
		return nil, unfit("", "This dispute is already closed.")
	}
	c.decide(d, false)
	return c.viewDispute(d), nil
}

// Answers is the evidence that the shop has submitted.
func (s *Server) Answers(p id.Payment) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.paid[p].charge.disputes {
		for _, said := range d.said {
			list = append(list, string(written(said)))
		}
	}
	return list
}

func (c *call) listDisputes() (object, *failure) {
	ch, f := c.chargeAsked()
	if f != nil {
		return nil, f
	}
	var list []object
	for _, d := range slices.Backward(ch.disputes) {
		list = append(list, c.viewDispute(d))
	}
	return page("/v1/disputes", list, c), nil
}

// Dispute takes all that is left of a payment.
func (s *Server) Dispute(ctx context.Context, p id.Payment) error {
	return s.with(ctx, p, func(i *intent) error {
		ch := i.charge
		left := ch.amount - ch.refunded
		if !ch.taken || left == 0 {
			return errors.New("there is nothing to dispute")
		}
		d := &dispute{id: named("du"), charge: ch, amount: left, status: "needs_response", created: s.now()}
		ch.disputed, ch.disputes = true, append(ch.disputes, d)
		s.tell("charge.dispute.created", s.viewDispute(d))
		s.move(d, -left, disputeFee, "dispute", payments.Chargeback)
		s.tell("charge.dispute.funds_withdrawn", s.viewDispute(d))
		return nil
	})
}

// Decide ends the dispute of a payment.
func (s *Server) Decide(ctx context.Context, p id.Payment, won bool) error {
	return s.with(ctx, p, func(i *intent) error {
		at := slices.IndexFunc(i.charge.disputes, func(d *dispute) bool { return d.waits() || d.status == "under_review" })
		if at < 0 {
			return errors.New("there is no open dispute")
		}
		s.decide(i.charge.disputes[at], won)
		return nil
	})
}

func (s *Server) decide(d *dispute, won bool) {
	d.status = "lost"
	if won {
		d.status = "won"
		s.move(d, d.amount, 0, "dispute_reversal", payments.ChargebackReversed)
		s.tell("charge.dispute.funds_reinstated", s.viewDispute(d))
	}
	s.tell("charge.dispute.closed", s.viewDispute(d))
}

func (s *Server) move(d *dispute, n, cost int64, category string, kind payments.Kind) {
	i := d.charge.intent
	d.entries = append(d.entries, s.enter(entry{
		category: category, kind: "adjustment", amount: n, fee: cost, currency: i.currency, source: link{d.id, func() object { return s.viewDispute(d) }},
	}, kind, n, i.payment()))
}

func (s *Server) viewDispute(d *dispute) object {
	entries := []object{}
	for _, e := range d.entries {
		entries = append(entries, viewEntry(e))
	}
	said := object{}
	if len(d.said) > 0 {
		said = d.said[len(d.said)-1]
	}
	return object{
		"id": d.id, "object": "dispute", "amount": d.amount, "balance_transactions": entries, "charge": s.linkCharge(d.charge), "created": d.created,
		"currency": strings.ToLower(d.charge.intent.currency), "enhanced_eligibility_types": []string{}, "evidence": said,
		"evidence_details": object{"due_by": d.created + life, "has_evidence": len(d.said) > 0, "past_due": false, "submission_count": len(d.said)}, "is_charge_refundable": false,
		"livemode": s.Live, "metadata": object{}, "payment_intent": s.linkIntent(d.charge.intent), "reason": "fraudulent", "status": d.status,
	}
}
