// Package paypaltest is a PayPal for tests: Orders v2, Payments v2, Disputes v1,
// Transaction Search v1 and signed webhooks, as far as the shop uses them.
//
// Owns: [Server]. Tables: none. Raises: nothing. Calls: the shop, with notices.
//
// It follows github.com/paypal/paypal-rest-api-specifications more strictly than
// PayPal does: what is not in there, or is not used by the shop, is refused.
package paypaltest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// Server is a PayPal with one business account.
type Server struct {
	Clock   clock.Clock
	Book    *fakes.Book
	Faults  *fakes.Faults
	Postman *fakes.Postman

	ClientID, Secret, WebhookID string
	Scope                       string  // what the app may do
	Signer                      *Signer // of its notices

	mu       sync.Mutex
	base     string // as the shop calls this server
	tokens   map[string]time.Time
	orders   map[string]*order
	byOurs   map[id.Payment]*order
	invoices map[string]bool
	replies  map[string]reply
	disputes []*dispute
	rows     []row
	letters  []fakes.Letter // to be sent when the lock is free
}

var _ fakes.Server = (*Server)(nil)

// New makes a server whose keys are its own.
func New(c clock.Clock) *Server {
	return &Server{
		Clock: c, Book: &fakes.Book{Clock: c}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{},
		ClientID: "client-" + rand.Text(), Secret: "secret-" + rand.Text(), WebhookID: name(),
		Scope: "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/payments/refund " +
			"https://uri.paypal.com/services/applications/webhooks https://uri.paypal.com/services/disputes/read-seller " +
			"https://uri.paypal.com/services/disputes/update-seller " +
			"https://uri.paypal.com/services/reporting/search/read",
		Signer: sharedSigner(), tokens: map[string]time.Time{}, orders: map[string]*order{}, byOurs: map[id.Payment]*order{},
		invoices: map[string]bool{}, replies: map[string]reply{},
	}
}

// name makes a name as PayPal's are: 17 capitals and digits.
func name() string { return rand.Text()[:17] }

// Method is "paypal".
func (s *Server) Method() string { return "paypal" }

// Books are the server's own.
func (s *Server) Books() *fakes.Book { return s.Book }

// Fields is what the shop has to be told.
func (s *Server) Fields() map[string]string {
	return map[string]string{
		"client_id": s.ClientID, "client_secret": s.Secret, "webhook_id": s.WebhookID, "certificate_roots": s.Signer.roots,
	}
}

// Handler answers the shop's calls, and the browsers of its buyers.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, route := range map[string]struct {
		operation string
		act       http.HandlerFunc
	}{
		"POST /v1/oauth2/token":                            {"token", s.grant},
		"POST /v2/checkout/orders":                         {"start", s.once(http.StatusCreated, orderKeys, s.createOrder)},
		"GET /v2/checkout/orders/{id}":                     {"look", s.read(s.showOrder)},
		"POST /v2/checkout/orders/{id}/capture":            {"capture", s.once(http.StatusCreated, orderKeys, s.captureOrder)},
		"POST /v2/checkout/orders/{id}/authorize":          {"authorize", s.once(http.StatusCreated, orderKeys, s.authorizeOrder)},
		"POST /v2/payments/authorizations/{id}/capture":    {"capture", s.once(http.StatusCreated, paymentKeys, s.captureAuthorization)},
		"POST /v2/payments/authorizations/{id}/void":       {"void", s.once(http.StatusOK, paymentKeys, s.voidAuthorization)},
		"POST /v2/payments/captures/{id}/refund":           {"refund", s.once(http.StatusCreated, paymentKeys, s.refundCapture)},
		"GET /v1/customer/disputes":                        {"disputes", s.read(s.listDisputes)},
		"GET /v1/customer/disputes/{id}":                   {"disputes", s.read(s.showDispute)},
		"POST /v1/customer/disputes/{id}/provide-evidence": {"answer", s.answers(s.provideEvidence)},
		"POST /v1/customer/disputes/{id}/accept-claim":     {"answer", s.answers(s.acceptClaim)},
		"GET /v1/reporting/transactions":                   {"statement", s.read(s.listTransactions)},
		"GET /v1/notifications/webhooks/{id}":              {"webhook", s.read(s.showWebhook)},
		"GET /v1/notifications/certs/" + certificateName:   {"certificate", s.showCertificate},
		"GET /checkoutnow":                                 {"page", s.showPage},
		"POST /checkoutnow":                                {"page", s.leavePage},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			s.base = "http://" + r.Host
			s.mu.Unlock()
			s.Faults.Serve(w, r, route.operation, route.act)
		})
	}
	return mux
}

// Pay does what a buyer does on PayPal's page.
func (s *Server) Pay(ctx context.Context, payment id.Payment, outcome fakes.Outcome) error {
	return s.with(ctx, payment, func(o *order) error {
		if outcome == fakes.Abandons || outcome == fakes.Declined { // the order waits for another try
			return o.open(s.Clock.Now())
		}
		if err := o.open(s.Clock.Now()); err != nil {
			return err
		}
		switch outcome {
		case fakes.PaysLater:
			o.slow = true
		case fakes.WrongAmount:
			o.amount.Minor -= unit(o.amount.Currency)
		case fakes.WrongCurrency:
			if o.amount.Currency = "USD"; o.asked.Currency == "USD" {
				o.amount.Currency = "EUR"
			}
		case fakes.Pays, fakes.Declined, fakes.Abandons:
		}
		o.to(approved, s.Clock.Now())
		s.tell("CHECKOUT.ORDER.APPROVED", "checkout-order", s.orderBody(o))
		return nil
	})
}

// DeclineNext lets PayPal decline the next capture or authorisation of what the
// buyer has approved.
func (s *Server) DeclineNext(payment id.Payment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byOurs[payment].declines = true
}

// Late lets money arrive that takes its time.
func (s *Server) Late(ctx context.Context, payment id.Payment) error {
	return s.with(ctx, payment, func(o *order) error {
		if !o.slow {
			return errors.New("nothing is pending")
		}
		o.slow = false
		if o.auth != nil && o.auth.status == pending {
			o.auth.status = created
			s.tell("PAYMENT.AUTHORIZATION.CREATED", "authorization", s.authBody(o, o.auth, true))
		}
		for _, c := range o.captures {
			if c.status == pending {
				s.settle(o, c)
			}
		}
		return nil
	})
}

// Return is what the buyer's browser brings back to the shop.
func (s *Server) Return(payment id.Payment) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{"token": s.byOurs[payment].id, "PayerID": "QYR5Z8XDVJNXQ"}
}

// RefundHere gives money back as the merchant does on PayPal's pages.
func (s *Server) RefundHere(ctx context.Context, payment id.Payment, amount money.Amount) error {
	return s.with(ctx, payment, func(o *order) error {
		for _, c := range o.captures {
			if amount.Currency == c.amount.Currency && amount.Minor <= s.left(c) {
				s.giveBack(o, c, amount, "", "")
				return nil
			}
		}
		return errors.New("there is not so much to give back")
	})
}

// FailRefunds takes back what was given back: the bank did not take it.
func (s *Server) FailRefunds(ctx context.Context, payment id.Payment) error {
	return s.with(ctx, payment, func(o *order) error {
		for _, c := range o.captures {
			for _, r := range c.refunds {
				if r.status == failed {
					continue
				}
				r.status = failed
				s.write(fakes.Entry{Kind: payments.RefundFailed, Ref: r.id, Payment: o.ours(), Amount: r.amount}, "T1100", name(), r.id)
				s.tell("PAYMENT.REFUND.FAILED", "refund", s.refundBody(c, r))
			}
		}
		return nil
	})
}

// RevokeTokens ends the tokens that were granted, as when the secret is replaced.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]time.Time{}
}

// with does something to the order of a payment, and then lets the postman go.
func (s *Server) with(ctx context.Context, payment id.Payment, act func(*order) error) error {
	s.mu.Lock()
	o, ok := s.byOurs[payment]
	if !ok {
		s.mu.Unlock()
		return fmt.Errorf("payment %s was never begun", payment)
	}
	err := act(o)
	letters := s.takeLetters()
	s.mu.Unlock()
	s.post(ctx, letters)
	return err
}

func (s *Server) takeLetters() []fakes.Letter {
	letters := s.letters
	s.letters = nil
	return letters
}

func (s *Server) post(ctx context.Context, letters []fakes.Letter) {
	for _, l := range letters {
		s.Postman.Send(ctx, l)
	}
}

// row is an entry of the book as the transaction search shows it.
type row struct {
	fakes.Entry
	code, transaction, reference string
}

func (s *Server) write(e fakes.Entry, code, transaction, reference string) {
	s.rows = append(s.rows, row{s.Book.Write(e), code, transaction, reference})
}
