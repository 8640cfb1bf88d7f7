package stripetest

import (
	"strings"

	"souk/internal/id"
)

// session is a page on which somebody can pay.
type session struct {
	id, reference    string
	amount           int64
	currency         string
	status, paid     string
	url              string // of its page; "" when it is shown on the shop's
	secret           string // of the client that shows it there
	success, cancel  string // where the buyer goes on; they cannot cancel what is shown on the shop's
	email            string
	created, expires int64
	manual, save     bool
	metadata         object // of the intent
	intent           *intent
}

// A session lives for half an hour at least, and a day at most.
const (
	shortest = 30 * 60
	longest  = 24 * 60 * 60
)

func (c *call) createSession() (object, *failure) {
	now := c.now()
	x := &session{
		id: named("cs_test"), reference: c.form.Get("client_reference_id"), currency: strings.ToUpper(c.form.Get("line_items[0][price_data][currency]")),
		amount: c.number("line_items[0][price_data][unit_amount]") * max(1, c.number("line_items[0][quantity]")), status: "open", paid: "unpaid",
		success: c.form.Get("success_url"), cancel: c.form.Get("cancel_url"), email: c.form.Get("customer_email"), created: now, expires: now + longest,
		manual: c.form.Get("payment_intent_data[capture_method]") == "manual", save: c.form.Has("payment_intent_data[setup_future_usage]"),
		metadata: c.tagged("payment_intent_data[metadata]"),
	}
	if c.form.Get("ui_mode") == embedded {
		x.secret, x.success = x.id+named("_secret"), c.form.Get("return_url")
	} else {
		x.url = "http://" + c.host + "/c/pay/" + x.id
	}
	if f := c.addresses(); f != nil {
		return nil, f
	}
	if c.form.Has("expires_at") {
		x.expires = c.number("expires_at")
	}
	switch {
	case x.expires < now+shortest || x.expires > now+longest:
		return nil, invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	case x.save && c.form.Get("customer_creation") != "always": // Stripe would do it by itself, without a name to come back to
		return nil, invalid("customer_creation", "Save a payment method for a customer.")
	}
	if f := countable(x.amount, x.currency); f != nil {
		return nil, f
	}
	c.sessions[x.id] = x
	c.ends(x.expires)
	if p, err := id.Parse[id.Payment](x.reference); err == nil { // it is the shop's
		c.pages[p] = x
	}
	return c.viewSession(x), nil
}

// embedded is the ui_mode of sessions on pages of the shop. Before this version of
// the API it was called "embedded", and the other "hosted": those are refused.
// https://docs.stripe.com/changelog/dahlia/2026-03-25/updates-available-checkout-session-ui-modes
const embedded = "embedded_page"

// addresses refuses where the buyer would go on to but for the mode of the session:
// success_url and cancel_url are of Stripe's page, return_url is of the shop's.
func (c *call) addresses() *failure {
	wanted, others := "success_url", []string{"return_url"}
	if c.form.Get("ui_mode") == embedded {
		wanted, others = "return_url", []string{"success_url", "cancel_url"}
	}
	for _, name := range others {
		if c.form.Has(name) {
			return invalid(name, "You cannot set `"+name+"` in this `ui_mode`.")
		}
	}
	if !c.form.Has(wanted) {
		return &failure{status: 400, code: "parameter_missing", param: wanted, message: "Missing required param: " + wanted + ".", unsaved: true}
	}
	return nil
}

// countable refuses amounts that are too small, or have digits that Stripe does
// not count. https://docs.stripe.com/currencies
func countable(n int64, currency string) *failure {
	least := map[string]int64{"USD": 50, "EUR": 50, "GBP": 30, "INR": 50, "JPY": 50}[currency]
	switch currency {
	case "BHD", "JOD", "KWD", "OMR", "TND":
		if n%10 != 0 {
			return invalid("amount", "The last digit of amounts in "+currency+" must be 0.")
		}
	case "ISK", "UGX":
		if n%100 != 0 {
			return invalid("amount", "Amounts in "+currency+" must be divisible by 100.")
		}
	}
	if n < max(least, 1) {
		return unfit("amount_too_small", "The Checkout Session's total amount must convert to at least 50 cents.")
	}
	return nil
}

func (c *call) readSession() (object, *failure) {
	x, ok := c.sessions[c.id]
	if !ok {
		return nil, noSuch("checkout.session", c.id)
	}
	return c.viewSession(x), nil
}

func (c *call) expireSession() (object, *failure) {
	x, ok := c.sessions[c.id]
	switch {
	case !ok:
		return nil, noSuch("checkout.session", c.id)
	case x.status != "open":
		return nil, unfit("", `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of `+x.status+".")
	}
	c.close(x)
	return c.viewSession(x), nil
}

func (s *Server) close(x *session) {
	x.status = "expired"
	if x.intent != nil {
		x.intent.status, x.intent.canceled = "canceled", s.now()
	}
	s.tell("checkout.session.expired", s.viewSession(x))
}

// life is how long a bank's promise lasts.
const life = 7 * 24 * 60 * 60

// ends remembers when something has to be ended.
func (s *Server) ends(at int64) {
	if s.due == 0 || at < s.due {
		s.due = at
	}
}

// pass lets end what has come to its time.
func (s *Server) pass() {
	s.begin()
	now := s.now()
	if s.due == 0 || now < s.due {
		return
	}
	s.due = 0
	for _, x := range s.sessions {
		switch {
		case x.status != "open":
		case now >= x.expires:
			s.close(x)
		default:
			s.ends(x.expires)
		}
	}
	for _, i := range s.intents {
		switch {
		case i.status != "requires_capture":
		case now >= i.charge.created+life:
			s.release(i)
		default:
			s.ends(i.charge.created + life)
		}
	}
}

// release gives a promise up.
func (s *Server) release(i *intent) {
	i.status, i.canceled, i.capturable = "canceled", s.now(), 0
	i.charge.refunded = i.charge.amount
	i.charge.refunds = append(i.charge.refunds, &refund{
		id: named("re"), charge: i.charge, amount: i.charge.amount, status: "succeeded", created: s.now(), metadata: object{},
	})
	s.tell("charge.refunded", s.viewCharge(i.charge))
	s.tell("payment_intent.canceled", s.viewIntent(i))
}

func (s *Server) viewSession(x *session) object {
	o := object{
		"id": x.id, "object": "checkout.session", "amount_subtotal": x.amount, "amount_total": x.amount, "automatic_tax": object{"enabled": false},
		"cancel_url": x.cancel, "client_reference_id": orNull(x.reference), "created": x.created, "currency": strings.ToLower(x.currency),
		"custom_fields": []object{}, "custom_text": object{}, "customer": link{}, "customer_email": orNull(x.email), "expires_at": x.expires,
		"livemode": s.Live, "metadata": object{}, "mode": "payment", "payment_intent": s.linkIntent(x.intent), "payment_method_types": []string{"card"},
		"payment_status": x.paid, "shipping_options": []object{}, "status": x.status, "success_url": x.success, "ui_mode": "hosted_page", "url": nil,
		"client_secret": nil,
	}
	if x.secret != "" {
		delete(o, "success_url")
		o["ui_mode"], o["return_url"], o["redirect_on_completion"], o["cancel_url"] = embedded, x.success, "always", nil
	}
	if x.status == "open" {
		o["url"], o["client_secret"] = orNull(x.url), orNull(x.secret)
	}
	if x.intent != nil && x.intent.method != nil && x.save {
		o["customer"] = link{id: x.intent.method.customer}
	}
	return o
}

func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func (c *call) readAccount() (object, *failure) {
	return object{
		"id": "acct_of_a_fake", "object": "account", "country": "US", "default_currency": "usd", "charges_enabled": true, "payouts_enabled": true,
		"settings": object{"dashboard": object{"display_name": "A fake"}},
	}, nil
}
