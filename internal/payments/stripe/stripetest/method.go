package stripetest

import "souk/internal/id"

// method is what was paid with.
type method struct {
	id, customer string // no customer: it is not kept
	created      int64
	detached     bool // for good
}

// Keeps reports whether what paid a payment can be charged again.
func (s *Server) Keeps(p id.Payment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.paid[p]
	return ok && i.method != nil && i.method.customer != "" && !i.method.detached
}

func (c *call) readMethod() (object, *failure) {
	m, ok := c.methods[c.id]
	if !ok {
		return nil, noSuch("PaymentMethod", c.id)
	}
	return c.viewMethod(m), nil
}

// detachMethod names no code for what is not attached, as Stripe does not.
func (c *call) detachMethod() (object, *failure) {
	m, ok := c.methods[c.id]
	switch {
	case !ok:
		return nil, noSuch("PaymentMethod", c.id)
	case m.customer == "" || m.detached:
		return nil, unfit("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	m.detached = true
	return c.viewMethod(m), nil
}

func (s *Server) viewMethod(m *method) object {
	o := object{
		"id": m.id, "object": "payment_method", "type": "card", "created": m.created, "livemode": s.Live, "billing_details": object{},
		"customer": link{id: m.customer}, "card": object{"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2031},
	}
	if m.detached {
		o["customer"] = link{}
	}
	return o
}
