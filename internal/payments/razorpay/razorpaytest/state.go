package razorpaytest

import (
	"errors"
	"slices"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// order as the API shows it, and what it was told of captures.
type order struct {
	ID         string         `json:"id"`
	Entity     string         `json:"entity"`
	Amount     int64          `json:"amount"`
	AmountPaid int64          `json:"amount_paid"`
	AmountDue  int64          `json:"amount_due"`
	Currency   money.Currency `json:"currency"`
	Receipt    *string        `json:"receipt"`
	Status     string         `json:"status"`
	Attempts   int            `json:"attempts"`
	Notes      any            `json:"notes"`
	CreatedAt  int64          `json:"created_at"`

	capture capturing
}

// automatic is how long after it began an attempt is captured by itself, and
// manual when it is given back.
func (o *order) automatic() time.Duration {
	if o.capture.Capture == "manual" {
		return 0
	}
	return time.Duration(o.capture.Options.Automatic) * time.Minute
}

func (o *order) manual() time.Duration { return time.Duration(o.capture.Options.Manual) * time.Minute }

// payment is the shop's name for what an order pays; zero when its receipt is none
// of its payments.
func (o *order) payment() id.Payment {
	if o.Receipt == nil {
		return id.Payment{}
	}
	p, err := id.Parse[id.Payment](*o.Receipt)
	if err != nil {
		return id.Payment{}
	}
	return p
}

// payment as the API shows it: an attempt at an order.
type payment struct {
	ID               string         `json:"id"`
	Entity           string         `json:"entity"`
	Amount           int64          `json:"amount"`
	Currency         money.Currency `json:"currency"`
	BaseAmount       int64          `json:"base_amount,omitempty"`
	BaseCurrency     money.Currency `json:"base_currency,omitempty"`
	Status           string         `json:"status"`
	OrderID          string         `json:"order_id"`
	International    bool           `json:"international"`
	Method           string         `json:"method"`
	AmountRefunded   int64          `json:"amount_refunded"`
	RefundStatus     *string        `json:"refund_status"`
	Captured         bool           `json:"captured"`
	Email            string         `json:"email"`
	Contact          string         `json:"contact"`
	Notes            any            `json:"notes"`
	Fee              *int64         `json:"fee"`
	Tax              *int64         `json:"tax"`
	ErrorCode        *string        `json:"error_code"`
	ErrorDescription *string        `json:"error_description"`
	ErrorReason      *string        `json:"error_reason"`
	CreatedAt        int64          `json:"created_at"`

	of *order
}

// refund as the API shows it.
type refund struct {
	ID             string         `json:"id"`
	Entity         string         `json:"entity"`
	Amount         int64          `json:"amount"`
	Currency       money.Currency `json:"currency"`
	PaymentID      string         `json:"payment_id"`
	Notes          any            `json:"notes"`
	Receipt        *string        `json:"receipt"`
	AcquirerData   map[string]any `json:"acquirer_data"`
	BatchID        *string        `json:"batch_id"`
	Status         string         `json:"status"`
	SpeedProcessed string         `json:"speed_processed"`
	SpeedRequested string         `json:"speed_requested"`
	CreatedAt      int64          `json:"created_at"`

	of *payment
}

// settlement as the API shows it.
type settlement struct {
	ID        string `json:"id"`
	Entity    string `json:"entity"`
	Amount    int64  `json:"amount"`
	Status    string `json:"status"`
	Fees      int64  `json:"fees"`
	Tax       int64  `json:"tax"`
	UTR       string `json:"utr"`
	CreatedAt int64  `json:"created_at"`
}

// attempt begins a payment of an order, by UPI or by card.
func (s *Server) attempt(o *order, method string, amount money.Amount) (*payment, error) {
	if o.Status == "paid" {
		return nil, errors.New("the order is paid: nobody can pay it again")
	}
	p := &payment{
		ID: newID("pay"), Entity: "payment", Amount: amount.Minor, Currency: amount.Currency, Status: "created", OrderID: o.ID, Method: method,
		Email: "buyer@example.com", Contact: "+919000090000", Notes: []any{}, CreatedAt: s.now(), of: o,
	}
	if p.Currency != "INR" {
		p.International, p.BaseCurrency, p.BaseAmount = true, "INR", p.Amount*80
	}
	s.payments = append(s.payments, p)
	o.Status = "attempted"
	o.Attempts++
	return p, nil
}

func (s *Server) fail(p *payment, reason string) {
	code, description := "BAD_REQUEST_ERROR", "Your payment didn't go through. Try again or pay by another method."
	p.Status, p.ErrorCode, p.ErrorDescription, p.ErrorReason = "failed", &code, &description, &reason
	s.returns[p.OrderID] = returnFields{
		"error[code]": code, "error[description]": description, "error[source]": "bank", "error[step]": "payment_authorization", "error[reason]": reason,
		"error[metadata]": `{"payment_id":"` + p.ID + `","order_id":"` + p.OrderID + `"}`,
	}
	s.tell("payment.failed", map[string]any{"payment": p})
}

// authorize is the bank's yes. What comes when the order is paid already is given
// back at once; what comes early enough is captured, where the order says so.
func (s *Server) authorize(p *payment) {
	p.Status, p.ErrorCode, p.ErrorDescription, p.ErrorReason = "authorized", nil, nil, nil
	if p.of.Status == "paid" {
		s.giveBack(p)
		return
	}
	s.returns[p.OrderID] = returnFields{
		"razorpay_payment_id": p.ID, "razorpay_order_id": p.OrderID, "razorpay_signature": signature(s.KeySecret, []byte(p.OrderID+"|"+p.ID)),
	}
	s.tell("payment.authorized", map[string]any{"payment": p})
	if s.Clock.Now().Sub(time.Unix(p.CreatedAt, 0)) < p.of.automatic() {
		s.take(p)
	}
}

// take captures: 2 % are kept, and 18 % tax on those, in the currency of the
// account.
func (s *Server) take(p *payment) {
	of := p.Amount
	if p.BaseCurrency != "" {
		of = p.BaseAmount
	}
	tax := of * 2 / 100 * 18 / 100
	fee := of*2/100 + tax
	p.Status, p.Captured, p.Fee, p.Tax = "captured", true, &fee, &tax
	p.of.Status, p.of.AmountPaid, p.of.AmountDue = "paid", p.of.AmountPaid+p.Amount, p.of.AmountDue-p.Amount
	kept := money.Zero(p.Currency)
	if p.BaseCurrency == "" {
		kept.Minor = fee
	}
	s.Book.Write(fakes.Entry{Kind: payments.Capture, Ref: p.ID, Payment: p.of.payment(), Amount: money.Of(p.Amount, p.Currency), Fee: kept})
	s.tell("payment.captured", map[string]any{"payment": p})
	s.tell("order.paid", map[string]any{"payment": p, "order": p.of})
}

// giveBack returns what was authorised and never captured: the shop never had it.
func (s *Server) giveBack(p *payment) {
	full := "full"
	p.Status, p.AmountRefunded, p.RefundStatus = "refunded", p.Amount, &full
	r := s.newRefund(p, p.Amount, nil)
	s.tell("refund.created", map[string]any{"refund": r, "payment": p})
}

func (s *Server) newRefund(p *payment, amount int64, receipt *string) *refund {
	r := &refund{
		ID: newID("rfnd"), Entity: "refund", Amount: amount, Currency: p.Currency, PaymentID: p.ID, Notes: []any{}, Receipt: receipt,
		AcquirerData: map[string]any{"arn": nil}, Status: "pending", SpeedProcessed: "normal", SpeedRequested: "normal", CreatedAt: s.now(), of: p,
	}
	s.refunds = append(s.refunds, r)
	return r
}

// refund gives captured money back.
func (s *Server) refund(p *payment, amount int64, receipt *string) *refund {
	r := s.newRefund(p, amount, receipt)
	s.refunded(p, amount)
	s.Book.Write(fakes.Entry{Kind: payments.Refund, Ref: r.ID, Payment: p.of.payment(), Amount: money.Of(-amount, p.Currency)})
	s.tell("refund.created", map[string]any{"refund": r, "payment": p})
	return r
}

// refunded changes how much of a payment was given back.
func (s *Server) refunded(p *payment, by int64) {
	p.AmountRefunded += by
	p.Status, p.RefundStatus = "captured", nil
	partial, full := "partial", "full"
	switch p.AmountRefunded {
	case 0:
	case p.Amount:
		p.Status, p.RefundStatus = "refunded", &full
	default:
		p.RefundStatus = &partial
	}
}

// byReceipt is the order that pays for a payment of the shop's; the oldest, should
// there be several.
func (s *Server) byReceipt(p id.Payment) (*order, error) {
	at := slices.IndexFunc(s.orders, func(o *order) bool { return o.payment() == p })
	if at < 0 {
		return nil, errors.New("there is no order for this payment")
	}
	return s.orders[at], nil
}

// last is the latest attempt at an order that is in a state.
func (s *Server) last(o *order, in func(*payment) bool) (*payment, error) {
	for _, p := range slices.Backward(s.payments) {
		if p.of == o && in(p) {
			return p, nil
		}
	}
	return nil, errors.New("no attempt at this order is in that state")
}
