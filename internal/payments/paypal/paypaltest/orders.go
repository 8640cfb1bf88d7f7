package paypaltest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
)

// The statuses that make a difference here.
const (
	created        = "CREATED"
	actionRequired = "PAYER_ACTION_REQUIRED"
	approved       = "APPROVED"
	completed      = "COMPLETED"
	pending        = "PENDING"
	failed         = "FAILED"
	voided         = "VOIDED"
)

// orderLife is how long an order waits for its buyer.
const orderLife = 3 * time.Hour

type order struct {
	id, intent, status   string
	reference, custom    string
	invoice              string
	asked, amount        money.Amount // as the shop asked for, and what will be taken
	returnURL, cancelURL string
	createdAt, updatedAt time.Time
	slow                 bool // the buyer's money takes its time
	declines             bool // the next try is declined
	auth                 *authorization
	captures             []*capture
}

func (o *order) to(status string, now time.Time) { o.status, o.updatedAt = status, now }

func (o *order) ours() id.Payment {
	p, err := id.Parse[id.Payment](o.custom)
	if err != nil {
		return id.Payment{} // somebody else's
	}
	return p
}

func (o *order) forgotten(now time.Time) bool {
	return o.status == actionRequired && now.Sub(o.createdAt) >= orderLife
}

// open is nil while the buyer can approve.
func (o *order) open(now time.Time) error {
	if o.status == completed || o.forgotten(now) {
		return errors.New("the order is " + o.status + " or forgotten")
	}
	return nil
}

type orderRequest struct {
	Intent string `json:"intent"`
	Units  []struct {
		Reference string      `json:"reference_id"`
		Custom    string      `json:"custom_id"`
		Invoice   string      `json:"invoice_id"`
		Amount    *wireAmount `json:"amount"`
	} `json:"purchase_units"`
	Source *struct {
		PayPal *struct {
			Experience *experience `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

type experience struct {
	Return     string `json:"return_url"`
	Cancel     string `json:"cancel_url"`
	UserAction string `json:"user_action"`
	Shipping   string `json:"shipping_preference"`
	Preference string `json:"payment_method_preference"`
}

func (e experience) check() *problem {
	for _, address := range []string{e.Return, e.Cancel} {
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			return invalid("INVALID_PARAMETER_SYNTAX", "return_url, cancel_url")
		}
	}
	switch {
	case !slices.Contains([]string{"CONTINUE", "PAY_NOW"}, e.UserAction):
		return invalid("INVALID_PARAMETER_VALUE", "user_action")
	case !slices.Contains([]string{"GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"}, e.Shipping):
		return invalid("INVALID_PARAMETER_VALUE", "shipping_preference")
	case !slices.Contains([]string{"UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"}, e.Preference):
		return invalid("INVALID_PARAMETER_VALUE", "payment_method_preference")
	}
	return nil
}

func (s *Server) createOrder(r *http.Request, body []byte) (func() any, *problem) {
	var in orderRequest
	if p := strict(body, &in); p != nil {
		return nil, p
	}
	switch {
	case in.Intent != "CAPTURE" && in.Intent != "AUTHORIZE":
		return nil, invalid("INVALID_PARAMETER_VALUE", "intent")
	case len(in.Units) != 1 || in.Units[0].Amount == nil:
		return nil, invalid("MISSING_REQUIRED_PARAMETER", "purchase_units")
	case in.Source == nil || in.Source.PayPal == nil || in.Source.PayPal.Experience == nil:
		return nil, invalid("MISSING_REQUIRED_PARAMETER", "payment_source")
	case r.Header.Get("PayPal-Request-Id") == "":
		return nil, invalid("PAYPAL_REQUEST_ID_REQUIRED", "A PayPal-Request-Id is required if you are trying to process payment for an Order.")
	}
	u, e := in.Units[0], in.Source.PayPal.Experience
	if p := e.check(); p != nil {
		return nil, p
	}
	for text, most := range map[string]int{u.Reference: 256, u.Custom: 127, u.Invoice: 127} {
		if text == "" || len(text) > most {
			return nil, invalid("INVALID_STRING_LENGTH", "reference_id, custom_id, invoice_id")
		}
	}
	amount, p := u.Amount.read()
	if p != nil {
		return nil, p
	}
	now := s.Clock.Now()
	o := &order{
		id: name(), intent: in.Intent, status: actionRequired, reference: u.Reference, custom: u.Custom, invoice: u.Invoice, asked: amount, amount: amount,
		returnURL: e.Return, cancelURL: e.Cancel, createdAt: now, updatedAt: now,
	}
	s.orders[o.id], s.byOurs[o.ours()] = o, o
	return func() any { return s.orderBody(o) }, nil
}

func (s *Server) find(r *http.Request) (*order, *problem) {
	o, ok := s.orders[r.PathValue("id")]
	if !ok || o.forgotten(s.Clock.Now()) {
		return nil, notFound()
	}
	return o, nil
}

func (s *Server) showOrder(r *http.Request) (any, *problem) {
	o, p := s.find(r)
	if p != nil {
		return nil, p
	}
	return s.orderBody(o), nil
}

// ready refuses to take or authorise what is not there to take.
func (s *Server) ready(r *http.Request, intent string, body []byte) (*order, *problem) {
	o, p := s.find(r)
	if p != nil {
		return nil, p
	}
	var in struct{}
	if len(body) > 0 {
		if p := strict(body, &in); p != nil {
			return nil, p
		}
	}
	switch {
	case o.intent != intent:
		return nil, unprocessable("ACTION_DOES_NOT_MATCH_INTENT", "Order was created with an intent to '"+o.intent+"'.")
	case o.auth != nil:
		return nil, unprocessable("ORDER_ALREADY_AUTHORIZED", "Order already authorized.")
	case len(o.captures) > 0:
		return nil, unprocessable("ORDER_ALREADY_CAPTURED", "Order already captured.")
	case o.status != approved:
		return nil, unprocessable("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment.")
	case s.invoices[o.invoice]:
		return nil, unprocessable("DUPLICATE_INVOICE_ID", "Duplicate Invoice ID detected.")
	case o.declines:
		o.declines = false
		return nil, unprocessable("INSTRUMENT_DECLINED", "The instrument presented was either declined by the processor or bank, or it can't be used for this payment.")
	}
	s.invoices[o.invoice] = true
	return o, nil
}

func (s *Server) captureOrder(r *http.Request, body []byte) (func() any, *problem) {
	o, p := s.ready(r, "CAPTURE", body)
	if p != nil {
		return nil, p
	}
	o.to(completed, s.Clock.Now())
	s.take(o, o.amount, true)
	return func() any { return s.orderBody(o) }, nil
}

func (s *Server) authorizeOrder(r *http.Request, body []byte) (func() any, *problem) {
	o, p := s.ready(r, "AUTHORIZE", body)
	if p != nil {
		return nil, p
	}
	now := s.Clock.Now()
	o.auth = &authorization{id: name(), status: created, amount: o.amount, createdAt: now}
	o.to(completed, now)
	if o.slow {
		o.auth.status = pending
	} else {
		s.tell("PAYMENT.AUTHORIZATION.CREATED", "authorization", s.authBody(o, o.auth, true))
	}
	return func() any { return s.orderBody(o) }, nil
}

func (s *Server) orderBody(o *order) map[string]any {
	unit := map[string]any{
		"reference_id": o.reference, "custom_id": o.custom, "invoice_id": o.invoice, "amount": show(o.amount),
		"payee": map[string]any{"merchant_id": "C7CYMKZDG8D6E"},
	}
	paid := map[string]any{}
	if o.auth != nil {
		paid["authorizations"] = []any{s.authBody(o, o.auth, false)}
	}
	var captures, refunds []any
	for _, c := range o.captures {
		captures = append(captures, s.captureBody(o, c, false))
		for _, r := range c.refunds {
			refunds = append(refunds, s.refundBody(c, r))
		}
	}
	if captures != nil {
		paid["captures"] = captures
	}
	if refunds != nil {
		paid["refunds"] = refunds
	}
	if len(paid) > 0 {
		unit["payments"] = paid
	}
	links := []map[string]any{{"href": s.base + "/v2/checkout/orders/" + o.id, "rel": "self", "method": "GET"}}
	if o.status == actionRequired {
		links = append(links, map[string]any{"href": s.base + "/checkoutnow?token=" + o.id, "rel": "payer-action", "method": "GET"})
	}
	return map[string]any{
		"id": o.id, "intent": o.intent, "status": o.status, "create_time": stamp(o.createdAt), "update_time": stamp(o.updatedAt),
		"payment_source": map[string]any{"paypal": map[string]any{}}, "purchase_units": []any{unit}, "links": links,
	}
}
