package razorpaytest

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"souk/internal/money"
)

// problem is an error of the API. https://razorpay.com/docs/errors/
type problem struct {
	status int

	Code        string         `json:"code"`
	Description string         `json:"description"`
	Source      string         `json:"source"`
	Step        string         `json:"step"`
	Reason      string         `json:"reason"`
	Metadata    map[string]any `json:"metadata"`
}

func bad(description string) *problem {
	return &problem{http.StatusBadRequest, "BAD_REQUEST_ERROR", description, "business", "payment_initiation", "input_validation_failed", map[string]any{}}
}

// serve answers who knows the key.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, answer func(*http.Request) (any, *problem)) {
	id, secret, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(id+":"+secret), []byte(s.KeyID+":"+s.KeySecret)) != 1 {
		write(w, nil, &problem{http.StatusUnauthorized, "BAD_REQUEST_ERROR", "Authentication failed", "NA", "NA", "NA", map[string]any{}})
		return
	}
	var body any
	var no *problem
	_ = s.do(r.Context(), func() error { // no is what went wrong
		body, no = answer(r)
		if no == nil {
			body = snapshot(body)
		}
		return nil
	})
	write(w, body, no)
}

// snapshot is what a thing looks like now, whoever changes it afterwards.
func snapshot(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of it is ours
	}
	return text
}

func write(w http.ResponseWriter, body any, no *problem) {
	status := http.StatusOK
	if no != nil {
		status, body = no.status, map[string]any{"error": no}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(snapshot(body)) // who has hung up does not want it
}

// read takes a body of known fields and nothing else.
func read(r *http.Request, in any) *problem {
	if r.Header.Get("Content-Type") != "application/json" {
		return bad("The request body is not JSON.")
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(r.Body); err != nil {
		return bad("The request body cannot be read.")
	}
	d := json.NewDecoder(&text)
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		switch {
		case strings.Contains(err.Error(), "unknown field"):
			return bad(strings.TrimPrefix(err.Error(), "json: unknown field ") + " is/are not required and should not be sent")
		case strings.Contains(err.Error(), "into Go struct field"):
			return bad("The amount must be an integer.")
		}
		return bad("The request body is not valid JSON.")
	}
	return nil
}

// capturing is when an order's payments are captured.
// https://razorpay.com/docs/payments/payments/capture-settings/api/
type capturing struct {
	Capture string `json:"capture"`
	Options struct {
		Automatic int    `json:"automatic_expiry_period"`
		Manual    int    `json:"manual_expiry_period"`
		Speed     string `json:"refund_speed"`
	} `json:"capture_options"`
}

func (c *capturing) check() *problem {
	o := &c.Options
	if c.Capture == "" { // the account's own settings
		c.Capture, o.Automatic, o.Manual = "automatic", 3*24*60, 3*24*60
		return nil
	}
	if o.Manual == 0 {
		o.Manual = 7200
	}
	switch {
	case c.Capture != "automatic" && c.Capture != "manual":
		return bad("The selected capture is invalid.")
	case c.Capture == "automatic" && o.Automatic < 12:
		return bad("The automatic expiry period must be at least 12.")
	case o.Manual < o.Automatic || o.Manual > 7200:
		return bad("The manual expiry period must be between the automatic expiry period and 7200.")
	case o.Speed != "normal" && o.Speed != "optimum":
		return bad("The refund speed should be normal or optimum.")
	}
	return nil
}

// createOrder follows https://razorpay.com/docs/api/orders/create/
func (s *Server) createOrder(r *http.Request) (any, *problem) {
	var in struct {
		Amount   int64             `json:"amount"`
		Currency money.Currency    `json:"currency"`
		Receipt  *string           `json:"receipt"`
		Notes    map[string]string `json:"notes"`
		Payment  capturing         `json:"payment"`
	}
	if no := read(r, &in); no != nil {
		return nil, no
	}
	if no := checkAmount(in.Amount, in.Currency); no != nil {
		return nil, no
	}
	if in.Receipt != nil && len(*in.Receipt) > 40 {
		return nil, bad("The receipt may not be greater than 40 characters.")
	}
	if no := checkNotes(in.Notes); no != nil {
		return nil, no
	}
	if no := in.Payment.check(); no != nil {
		return nil, no
	}
	o := &order{
		ID: newID("order"), Entity: "order", Amount: in.Amount, AmountDue: in.Amount, Currency: in.Currency, Receipt: in.Receipt, Status: "created",
		Notes: in.Notes, CreatedAt: s.now(), capture: in.Payment,
	}
	s.orders = append(s.orders, o)
	return o, nil
}

func checkAmount(amount int64, currency money.Currency) *problem {
	decimals, known := exponents[currency]
	switch {
	case !known:
		return bad("Currency is not supported")
	case amount < 1 || currency == "INR" && amount < 100:
		return bad("The amount must be at least INR 1.00")
	case decimals == 3 && amount%10 != 0:
		return bad("The amount must have 0 as the last digit for a currency of three decimals.")
	}
	return nil
}

func checkNotes(notes map[string]string) *problem {
	if len(notes) > 15 {
		return bad("Number of fields in notes should be less than or equal to 15")
	}
	for name, value := range notes {
		if len(name) > 256 || len(value) > 256 {
			return bad("Notes may not be greater than 256 characters.")
		}
	}
	return nil
}

// capturePayment follows https://razorpay.com/docs/api/payments/capture/
func (s *Server) capturePayment(r *http.Request) (any, *problem) {
	var in struct {
		Amount   int64          `json:"amount"`
		Currency money.Currency `json:"currency"`
	}
	if no := read(r, &in); no != nil {
		return nil, no
	}
	p, no := s.find(r)
	switch {
	case no != nil:
		return nil, no
	case p.Captured:
		return nil, bad("This payment has already been captured")
	case p.Status != "authorized":
		return nil, bad("Only payments which have been authorized and not yet captured can be captured")
	case p.of.Status == "paid":
		return nil, bad("Your payment has been declined as the order is already paid. Please initiate the payment with a new order.")
	case in.Amount != p.Amount || in.Currency != p.Currency:
		return nil, bad("Capture amount must be equal to the amount authorized")
	}
	s.take(p)
	return p, nil
}

// kept is what a key of a refund has brought. How long it is kept is not
// published; here it is a day.
type kept struct {
	body   string
	refund *refund
	until  int64
}

var keyable = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// refundPayment follows https://razorpay.com/docs/api/refunds/normal-refunds-idempotent/
func (s *Server) refundPayment(r *http.Request) (any, *problem) {
	var in struct {
		Amount  *int64            `json:"amount"`
		Speed   string            `json:"speed"`
		Notes   map[string]string `json:"notes"`
		Receipt *string           `json:"receipt"`
	}
	if no := read(r, &in); no != nil {
		return nil, no
	}
	key, body := r.Header.Get("X-Refund-Idempotency"), r.URL.Path+string(snapshot(in))
	done, again := s.keys[key]
	again = again && s.now() < done.until
	switch {
	case key == "":
	case len(key) < 10:
		return nil, bad("The idempotency key must be at least 10 characters long.")
	case !keyable.MatchString(key):
		return nil, bad("The idempotency key must only contain alphanumeric characters, underscores, and hyphens")
	case again && done.body != body:
		no := bad("Different request with the same idempotency key has already been processed.")
		no.status = http.StatusConflict
		return nil, no
	case again:
		return done.refund, nil
	}
	p, no := s.find(r)
	if no != nil {
		return nil, no
	}
	amount := p.Amount
	if in.Amount != nil {
		amount = *in.Amount
	}
	switch {
	case in.Speed != "" && in.Speed != "normal" && in.Speed != "optimum":
		return nil, bad("The speed should be normal or optimum.")
	case !p.Captured:
		return nil, bad("The payment status should be captured for action to be taken")
	case p.AmountRefunded == p.Amount:
		return nil, bad("The payment has been fully refunded already")
	case amount > p.Amount-p.AmountRefunded:
		return nil, bad("The refund amount provided is greater than amount captured")
	}
	if no := checkAmount(amount, p.Currency); no != nil {
		return nil, no
	}
	if no := checkNotes(in.Notes); no != nil {
		return nil, no
	}
	made := s.refund(p, amount, in.Receipt)
	if key != "" {
		s.keys[key] = kept{body, made, s.now() + 24*3600}
	}
	return made, nil
}

// find is the payment that a path names.
func (s *Server) find(r *http.Request) (*payment, *problem) {
	at := slices.IndexFunc(s.payments, func(p *payment) bool { return p.ID == r.PathValue("id") })
	if at < 0 {
		return nil, bad("The id provided does not exist")
	}
	return s.payments[at], nil
}

func (s *Server) fetchPayment(r *http.Request) (any, *problem) {
	p, no := s.find(r)
	return p, no
}

func (s *Server) findOrder(r *http.Request) (*order, *problem) {
	at := slices.IndexFunc(s.orders, func(o *order) bool { return o.ID == r.PathValue("id") })
	if at < 0 {
		return nil, bad("The id provided does not exist")
	}
	return s.orders[at], nil
}

func (s *Server) fetchOrder(r *http.Request) (any, *problem) {
	o, no := s.findOrder(r)
	return o, no
}

func (s *Server) orderPayments(r *http.Request) (any, *problem) {
	o, no := s.findOrder(r)
	if no != nil {
		return nil, no
	}
	of := slices.DeleteFunc(slices.Clone(s.payments), func(p *payment) bool { return p.of != o })
	slices.Reverse(of)
	return collection(of), nil
}

func (s *Server) listOrders(r *http.Request) (any, *problem) {
	receipt := r.URL.Query().Get("receipt") // that the order's contains
	list := slices.DeleteFunc(slices.Clone(s.orders), func(o *order) bool {
		return receipt != "" && (o.Receipt == nil || !strings.Contains(*o.Receipt, receipt))
	})
	return part(r, list, func(o *order) int64 { return o.CreatedAt }, "receipt")
}

func (s *Server) listPayments(r *http.Request) (any, *problem) {
	return part(r, s.payments, func(p *payment) int64 { return p.CreatedAt })
}

func (s *Server) paymentRefunds(r *http.Request) (any, *problem) {
	p, no := s.find(r)
	if no != nil {
		return nil, no
	}
	of := slices.DeleteFunc(slices.Clone(s.refunds), func(r *refund) bool { return r.of != p })
	return part(r, of, func(r *refund) int64 { return r.CreatedAt })
}

func (s *Server) listRefunds(r *http.Request) (any, *problem) {
	return part(r, s.refunds, func(r *refund) int64 { return r.CreatedAt })
}

func (s *Server) listSettlements(r *http.Request) (any, *problem) {
	return part(r, s.payouts, func(t *settlement) int64 { return t.CreatedAt })
}

// part is what a query asks for of a list, the newest first: ten, if it does not
// say how many.
func part[T any](r *http.Request, all []T, made func(T) int64, more ...string) (any, *problem) {
	query := r.URL.Query()
	for name := range query {
		if !slices.Contains(append(more, "from", "to", "count", "skip"), name) {
			return nil, bad(name + " is/are not required and should not be sent")
		}
	}
	var no *problem
	number := func(name string, otherwise int64) int64 { return numeral(query, name, otherwise, &no) }
	from, to, count, skip := number("from", 0), number("to", 1<<40), number("count", 10), number("skip", 0)
	switch {
	case no != nil:
		return nil, no
	case count < 1 || count > 100:
		return nil, bad("The count must be between 1 and 100.")
	}
	var list []T
	for _, t := range slices.Backward(all) {
		if from <= made(t) && made(t) <= to {
			list = append(list, t)
		}
	}
	list = list[min(skip, int64(len(list))):]
	return collection(list[:min(count, int64(len(list)))]), nil
}

func numeral(query url.Values, name string, otherwise int64, no **problem) int64 {
	if !query.Has(name) {
		return otherwise
	}
	n, err := strconv.ParseInt(query.Get(name), 10, 64)
	if err != nil || n < 0 {
		*no = bad(fmt.Sprintf("The %s must be an integer.", name))
	}
	return n
}

func collection[T any](items []T) any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"entity": "collection", "count": len(items), "items": items}
}
