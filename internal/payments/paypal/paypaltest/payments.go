package paypaltest

import (
	"net/http"
	"time"

	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

type authorization struct {
	id, status string
	amount     money.Amount
	createdAt  time.Time
}

type capture struct {
	id, status  string
	amount, fee money.Amount
	final       bool
	refunds     []*refund
	at          time.Time
}

type refund struct {
	id, status, invoice, note string
	amount                    money.Amount
	at                        time.Time
}

// given is what was given back and has stayed there.
func (c *capture) given() (minor int64) {
	for _, r := range c.refunds {
		if r.status != failed {
			minor += r.amount.Minor
		}
	}
	return minor
}

func (c *capture) shown() string {
	switch {
	case c.status != completed || c.given() == 0:
		return c.status
	case c.given() == c.amount.Minor:
		return "REFUNDED"
	}
	return "PARTIALLY_REFUNDED"
}

// left is what can still be given back of a capture: what is disputed, or was
// lost that way, is gone.
func (s *Server) left(c *capture) int64 {
	left := c.amount.Minor - c.given()
	for _, d := range s.disputes {
		if d.capture == c && d.transaction != completed {
			left -= d.amount.Minor
		}
	}
	return left
}

// take captures money of an order.
func (s *Server) take(o *order, amount money.Amount, final bool) *capture {
	fee := amount.Share(349, 10_000) // and nothing fixed
	fee.Minor -= fee.Minor % unit(fee.Currency)
	c := &capture{id: name(), status: pending, amount: amount, fee: fee, final: final, at: s.Clock.Now()}
	o.captures = append(o.captures, c)
	if o.slow {
		s.tell("PAYMENT.CAPTURE.PENDING", "capture", s.captureBody(o, c, true))
	} else {
		s.settle(o, c)
	}
	return c
}

func (s *Server) settle(o *order, c *capture) {
	c.status = completed
	s.write(fakes.Entry{Kind: payments.Capture, Ref: c.id, Payment: o.ours(), Amount: c.amount, Fee: c.fee}, "T0006", c.id, o.id)
	s.tell("PAYMENT.CAPTURE.COMPLETED", "capture", s.captureBody(o, c, true))
}

func (s *Server) findAuthorization(r *http.Request) (*order, *problem) {
	for _, o := range s.orders {
		if o.auth != nil && o.auth.id == r.PathValue("id") {
			return o, nil
		}
	}
	return nil, notFound()
}

func (s *Server) captureAuthorization(r *http.Request, body []byte) (func() any, *problem) {
	o, p := s.findAuthorization(r)
	if p != nil {
		return nil, p
	}
	var in struct {
		Amount *wireAmount `json:"amount"`
		Final  bool        `json:"final_capture"`
	}
	if p := strict(body, &in); p != nil {
		return nil, p
	}
	amount := o.auth.amount
	if in.Amount != nil {
		if amount, p = in.Amount.read(); p != nil {
			return nil, p
		}
	}
	before := int64(0)
	for _, c := range o.captures {
		before += c.amount.Minor
	}
	switch {
	case o.auth.status == voided:
		return nil, unprocessable("AUTHORIZATION_VOIDED", "A voided authorization cannot be captured or reauthorized.")
	case o.auth.status == "CAPTURED":
		return nil, unprocessable("AUTHORIZATION_ALREADY_CAPTURED", "Authorization has previously been captured.")
	case amount.Currency != o.auth.amount.Currency:
		return nil, unprocessable("AUTH_CAPTURE_CURRENCY_MISMATCH", "Currency of capture must be the same as currency of authorization.")
	case (before+amount.Minor)*100 > o.auth.amount.Minor*115:
		return nil, unprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED", "Capture amount exceeds allowable limit.")
	}
	o.auth.status = "PARTIALLY_CAPTURED"
	if in.Final || before+amount.Minor >= o.auth.amount.Minor {
		o.auth.status = "CAPTURED"
	}
	c := s.take(o, amount, in.Final)
	return func() any { return s.captureBody(o, c, true) }, nil
}

func (s *Server) voidAuthorization(r *http.Request, body []byte) (func() any, *problem) {
	o, p := s.findAuthorization(r)
	switch {
	case p != nil:
		return nil, p
	case len(body) > 0:
		return nil, invalid("MALFORMED_REQUEST_JSON", "nothing is read here")
	case o.auth.status == voided:
		return nil, unprocessable("PREVIOUSLY_VOIDED", "Authorization has been previously voided and hence cannot be voided again.")
	case o.auth.status == "CAPTURED":
		return nil, unprocessable("PREVIOUSLY_CAPTURED", "Authorization has been previously captured and hence cannot be voided.")
	}
	o.auth.status = voided
	s.tell("PAYMENT.AUTHORIZATION.VOIDED", "authorization", s.authBody(o, o.auth, true))
	return func() any { return s.authBody(o, o.auth, true) }, nil
}

func (s *Server) findCapture(ref string) (*order, *capture) {
	for _, o := range s.orders {
		for _, c := range o.captures {
			if c.id == ref {
				return o, c
			}
		}
	}
	return nil, nil
}

func (s *Server) refundCapture(r *http.Request, body []byte) (func() any, *problem) {
	o, c := s.findCapture(r.PathValue("id"))
	if c == nil {
		return nil, notFound()
	}
	var in struct {
		Amount  *wireAmount `json:"amount"`
		Invoice string      `json:"invoice_id"`
		Note    string      `json:"note_to_payer"`
	}
	if p := strict(body, &in); p != nil {
		return nil, p
	}
	amount, left := c.amount, s.left(c)
	if in.Amount != nil {
		var p *problem
		if amount, p = in.Amount.read(); p != nil {
			return nil, p
		}
	}
	switch {
	case len(in.Invoice) > 127 || len([]rune(in.Note)) > 255:
		return nil, invalid("INVALID_STRING_LENGTH", "invoice_id, note_to_payer")
	case in.Invoice != "" && s.invoices[in.Invoice]:
		return nil, unprocessable("DUPLICATE_INVOICE_ID", "Invoice ID was previously used to refund a capture.")
	case c.status != completed:
		return nil, unprocessable("PENDING_CAPTURE", "Cannot initiate a refund as the capture is pending.")
	case amount.Currency != c.amount.Currency:
		return nil, unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH", "Refund must be in the same currency as the capture")
	case s.isDisputed(c):
		return nil, unprocessable("TRANSACTION_DISPUTED", "Partial refunds cannot be offered at this time because there is an open case on this transaction.")
	case left == 0:
		return nil, unprocessable("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded")
	case amount.Minor > left:
		return nil, unprocessable("REFUND_AMOUNT_EXCEEDED", "The refund amount must be less than or equal to the capture amount that has not yet been refunded.")
	}
	s.invoices[in.Invoice] = true
	back := s.giveBack(o, c, amount, in.Invoice, in.Note)
	return func() any { return s.refundBody(c, back) }, nil
}

func (s *Server) giveBack(o *order, c *capture, amount money.Amount, invoice, note string) *refund {
	r := &refund{id: name(), status: completed, amount: amount, invoice: invoice, note: note, at: s.Clock.Now()}
	c.refunds = append(c.refunds, r)
	s.write(fakes.Entry{Kind: payments.Refund, Ref: r.id, Payment: o.ours(), Amount: money.Of(-amount.Minor, amount.Currency)}, "T1107", r.id, c.id)
	s.tell("PAYMENT.CAPTURE.REFUNDED", "refund", s.refundBody(c, r))
	return r
}

func (s *Server) authBody(o *order, a *authorization, alone bool) map[string]any {
	body := map[string]any{
		"id": a.id, "status": a.status, "amount": show(a.amount), "custom_id": o.custom, "invoice_id": o.invoice,
		"create_time": stamp(a.createdAt), "update_time": stamp(a.createdAt), "expiration_time": stamp(a.createdAt.Add(29 * 24 * time.Hour)),
		"links": []map[string]any{{"href": s.base + "/v2/payments/authorizations/" + a.id, "rel": "self", "method": "GET"}},
	}
	if a.status == pending {
		body["status_details"] = map[string]any{"reason": "PENDING_REVIEW"}
	}
	if alone {
		body["supplementary_data"] = map[string]any{"related_ids": map[string]any{"order_id": o.id}}
	}
	return body
}

func (s *Server) captureBody(o *order, c *capture, alone bool) map[string]any {
	body := map[string]any{
		"id": c.id, "status": c.shown(), "amount": show(c.amount), "final_capture": c.final, "custom_id": o.custom, "invoice_id": o.invoice,
		"create_time": stamp(c.at), "update_time": stamp(c.at),
		"links": []map[string]any{
			{"href": s.base + "/v2/payments/captures/" + c.id, "rel": "self", "method": "GET"},
			{"href": s.base + "/v2/payments/captures/" + c.id + "/refund", "rel": "refund", "method": "POST"},
			{"href": s.base + "/v2/checkout/orders/" + o.id, "rel": "up", "method": "GET"},
		},
	}
	if c.status == pending {
		body["status_details"] = map[string]any{"reason": "PENDING_REVIEW"}
	} else {
		body["seller_receivable_breakdown"] = map[string]any{
			"gross_amount": show(c.amount), "paypal_fee": show(c.fee), "net_amount": show(c.amount.Minus(c.fee)),
		}
	}
	if alone {
		body["supplementary_data"] = map[string]any{"related_ids": map[string]any{"order_id": o.id}}
	}
	return body
}

func (s *Server) refundBody(c *capture, r *refund) map[string]any {
	body := map[string]any{
		"id": r.id, "status": r.status, "amount": show(r.amount), "create_time": stamp(r.at), "update_time": stamp(r.at),
		"seller_payable_breakdown": map[string]any{
			"gross_amount": show(r.amount), "paypal_fee": show(money.Zero(r.amount.Currency)), "net_amount": show(r.amount),
			"total_refunded_amount": show(money.Of(c.given(), r.amount.Currency)),
		},
		"links": []map[string]any{
			{"href": s.base + "/v2/payments/refunds/" + r.id, "rel": "self", "method": "GET"},
			{"href": s.base + "/v2/payments/captures/" + c.id, "rel": "up", "method": "GET"},
		},
	}
	if r.invoice != "" {
		body["invoice_id"] = r.invoice
	}
	if r.note != "" {
		body["note_to_payer"] = r.note
	}
	return body
}
