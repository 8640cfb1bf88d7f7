package stripetest

import (
	"slices"
	"strings"

	"souk/internal/id"
	"souk/internal/payments"
)

// intent is a payment as Stripe sees it.
type intent struct {
	id                           string
	amount, capturable, received int64
	currency, status             string
	manual, save                 bool
	created, canceled            int64
	metadata                     object
	charge                       *charge // the latest
	method                       *method
	declined                     object // why it was, the last time
}

// charge is an attempt to pay.
type charge struct {
	id                         string
	intent                     *intent
	amount, captured, refunded int64
	status                     string
	taken, disputed            bool
	created                    int64
	entry                      *entry
	refunds                    []*refund
	disputes                   []*dispute
}

// payment is ours.
func (i *intent) payment() id.Payment {
	name, _ := i.metadata["payment"].(string)
	p, err := id.Parse[id.Payment](name)
	if err != nil {
		return id.Payment{} // it was not made by the shop
	}
	return p
}

func (s *Server) newIntent(amount int64, currency string, metadata object) *intent {
	i := &intent{
		id: named("pi"), amount: amount, currency: currency, status: "requires_payment_method", created: s.now(), metadata: metadata,
	}
	s.intents[i.id] = i
	return i
}

// attempt adds a charge.
func (s *Server) attempt(i *intent, status string) {
	ch := &charge{id: named("ch"), intent: i, amount: i.amount, status: status, created: s.now()}
	s.charges[ch.id], i.charge = ch, ch
}

// succeed is a bank that pays, or promises to.
func (s *Server) succeed(i *intent) {
	if i.charge == nil || i.charge.status != "pending" {
		s.attempt(i, "succeeded")
	}
	i.charge.status, i.declined = "succeeded", nil
	s.paid[i.payment()] = i
	if i.manual {
		s.ends(i.charge.created + life)
		i.status, i.capturable = "requires_capture", i.amount
		s.tell("charge.succeeded", s.viewCharge(i.charge))
		s.tell("payment_intent.amount_capturable_updated", s.viewIntent(i))
		return
	}
	s.tell("charge.succeeded", s.viewCharge(i.charge)) // its entry comes later, with charge.updated
	s.take(i, i.amount)
	s.tell("charge.updated", s.viewCharge(i.charge))
}

// take books what is captured. The entry is of all of the charge; what is not
// taken is booked against it. https://docs.stripe.com/reports/reporting-categories
func (s *Server) take(i *intent, n int64) {
	ch := i.charge
	ch.taken, ch.captured = true, n
	ch.entry = s.enter(entry{
		category: "charge", kind: "charge", amount: ch.amount, fee: fee(n, i.currency), currency: i.currency, source: s.linkCharge(ch),
	}, payments.Capture, n, i.payment())
	if rest := ch.amount - n; rest > 0 {
		ch.refunded = rest
		r := &refund{id: named("re"), charge: ch, amount: rest, status: "succeeded", created: s.now(), metadata: object{}}
		r.entry = &entry{
			id: named("txn"), category: "partial_capture_reversal", kind: "refund", amount: -rest, currency: i.currency, created: s.now(), source: s.linkRefund(r),
		}
		s.entries, ch.refunds = append(s.entries, r.entry), append(ch.refunds, r)
	}
	i.status, i.received, i.capturable = "succeeded", n, 0
	s.tell("payment_intent.succeeded", s.viewIntent(i))
}

// decline is a bank that does not pay.
func (s *Server) decline(i *intent, code, why string) {
	s.attempt(i, "failed")
	i.status, i.method = "requires_payment_method", nil
	i.declined = object{"type": "card_error", "code": code, "decline_code": why, "message": "Your card was declined."}
	s.tell("charge.failed", s.viewCharge(i.charge))
	s.tell("payment_intent.payment_failed", s.viewIntent(i))
}

func (c *call) createIntent() (object, *failure) {
	m, ok := c.methods[c.form.Get("payment_method")]
	switch {
	case c.form.Get("confirm") != "true" || c.form.Get("off_session") != "true":
		return nil, invalid("confirm", "This fake knows intents only that are confirmed off session.")
	case !ok:
		return nil, &failure{status: 400, code: "resource_missing", param: "payment_method", message: "No such PaymentMethod"}
	case m.customer == "" || m.detached || m.customer != c.form.Get("customer"):
		return nil, unfit("", "The PaymentMethod you provided does not belong to the Customer.")
	}
	currency := strings.ToUpper(c.form.Get("currency"))
	if f := countable(c.number("amount"), currency); f != nil {
		return nil, f
	}
	i := c.newIntent(c.number("amount"), currency, c.tagged("metadata"))
	i.manual, i.method = c.form.Get("capture_method") == "manual", m
	if why := c.OffSession; why != "" {
		code := "card_declined"
		if why == "authentication_required" {
			code = why
		}
		c.decline(i, code, why)
		view := c.viewIntent(i)
		shut(view)
		return nil, &failure{status: 402, kind: "card_error", code: code, decline: why, message: "Your card was declined.", intent: view}
	}
	c.succeed(i)
	return c.viewIntent(i), nil
}

func (c *call) readIntent() (object, *failure) {
	i, ok := c.intents[c.id]
	if !ok {
		return nil, noSuch("payment_intent", c.id)
	}
	return c.viewIntent(i), nil
}

func (c *call) captureIntent() (object, *failure) {
	i, ok := c.intents[c.id]
	if !ok {
		return nil, noSuch("payment_intent", c.id)
	}
	n := i.capturable
	if c.form.Has("amount_to_capture") {
		n = c.number("amount_to_capture")
	}
	switch {
	case i.status != "requires_capture":
		return nil, unfit("payment_intent_unexpected_state", "This PaymentIntent could not be captured because it has a status of "+i.status+".")
	case n < 1 || n > i.capturable:
		return nil, &failure{status: 400, code: "amount_too_large", param: "amount_to_capture", message: "The amount to capture is not within what is authorized."}
	}
	c.take(i, n)
	c.tell("charge.captured", c.viewCharge(i.charge))
	return c.viewIntent(i), nil
}

func (c *call) cancelIntent() (object, *failure) {
	i, ok := c.intents[c.id]
	switch {
	case !ok:
		return nil, noSuch("payment_intent", c.id)
	case i.status == "succeeded" || i.status == "canceled" || i.status == "processing":
		return nil, unfit("payment_intent_unexpected_state", "You cannot cancel this PaymentIntent because it has a status of "+i.status+".")
	case i.status != "requires_capture":
		for _, x := range c.sessions {
			if x.intent == i {
				return nil, unfit("", "You cannot cancel the PaymentIntent of a Checkout Session. Expire the session instead.")
			}
		}
		i.status, i.canceled = "canceled", c.now()
		return c.viewIntent(i), nil
	}
	c.release(i)
	return c.viewIntent(i), nil
}

func (s *Server) linkIntent(i *intent) link {
	if i == nil {
		return link{}
	}
	return link{i.id, func() object { return s.viewIntent(i) }}
}

func (s *Server) viewIntent(i *intent) object {
	o := object{
		"id": i.id, "object": "payment_intent", "amount": i.amount, "amount_capturable": i.capturable, "amount_received": i.received, "canceled_at": nil,
		"capture_method": "automatic", "client_secret": i.id + "_secret_of_a_fake", "created": i.created, "currency": strings.ToLower(i.currency),
		"customer": link{}, "last_payment_error": nil, "latest_charge": link{}, "livemode": s.Live, "metadata": i.metadata, "payment_method": link{},
		"setup_future_usage": nil, "status": i.status,
	}
	if i.manual {
		o["capture_method"] = "manual"
	}
	if i.canceled > 0 {
		o["canceled_at"] = i.canceled
	}
	if i.declined != nil {
		o["last_payment_error"] = i.declined
	}
	if i.save {
		o["setup_future_usage"] = "off_session"
	}
	if i.charge != nil {
		o["latest_charge"] = s.linkCharge(i.charge)
	}
	if m := i.method; m != nil {
		o["payment_method"] = link{m.id, func() object { return s.viewMethod(m) }}
		o["customer"] = link{id: m.customer}
	}
	return o
}

func (s *Server) linkCharge(ch *charge) link {
	return link{ch.id, func() object { return s.viewCharge(ch) }}
}

func (s *Server) viewCharge(ch *charge) object {
	o := object{
		"id": ch.id, "object": "charge", "amount": ch.amount, "amount_captured": ch.captured, "amount_refunded": ch.refunded, "balance_transaction": link{},
		"billing_details": object{}, "captured": ch.taken, "created": ch.created, "currency": strings.ToLower(ch.intent.currency), "disputed": ch.disputed,
		"livemode": s.Live, "metadata": ch.intent.metadata, "paid": ch.status == "succeeded", "payment_intent": s.linkIntent(ch.intent),
		"refunded": ch.taken && ch.refunded == ch.amount, "status": ch.status,
		"refunds": hidden(func() object {
			list := []object{}
			for _, r := range slices.Backward(ch.refunds) {
				list = append(list, s.viewRefund(r))
			}
			return object{"object": "list", "url": "/v1/charges/" + ch.id + "/refunds", "has_more": len(list) > 10, "data": list[:min(10, len(list))]}
		}),
	}
	if ch.entry != nil {
		o["balance_transaction"] = s.linkEntry(ch.entry)
	}
	return o
}
