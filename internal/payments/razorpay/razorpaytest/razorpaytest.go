// Package razorpaytest is a Razorpay for tests and tortures: it follows the API
// that Razorpay publishes, refuses what Razorpay refuses, signs its notices, and
// has a page on which a person can pay.
//
// Owns: [Server]. Tables: none. Raises: nothing. Calls: the shop, with notices.
package razorpaytest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"time"

	"souk/internal/clock"
	"souk/internal/money"
	"souk/internal/payments/fakes"
)

// Server is a Razorpay with one account. Make it with [New].
type Server struct {
	Clock   clock.Clock
	Book    *fakes.Book
	Faults  *fakes.Faults
	Postman *fakes.Postman

	KeyID, KeySecret string
	AccountID        string

	// DeductWhenLost takes the money of a dispute when it is lost, as the API's
	// reference has it, and not when it begins, which Razorpay calls deduct at onset.
	DeductWhenLost bool

	mu       sync.Mutex
	secret   string // of notices
	previous string // and what it was before
	orders   []*order
	payments []*payment
	refunds  []*refund
	disputes []*dispute
	papers   map[string]string // documents, by their names
	payouts  []*settlement
	keys     map[string]kept         // of refunds
	visits   map[string]url.Values   // of the page, by order
	out      []fakes.Letter          // notices that are still to be brought
	returns  map[string]returnFields // what a browser brings back, by order
}

type returnFields = map[string]string

var _ fakes.Server = &Server{}

// New opens an account in test mode.
func New(c clock.Clock) *Server {
	return &Server{
		Clock: c, Book: &fakes.Book{Clock: c}, Faults: &fakes.Faults{}, Postman: &fakes.Postman{},
		KeyID: "rzp_test_" + letters(14), KeySecret: letters(24), AccountID: "acc_" + letters(14), secret: letters(24),
		keys: map[string]kept{}, papers: map[string]string{}, visits: map[string]url.Values{}, returns: map[string]returnFields{},
	}
}

// Method is "razorpay".
func (s *Server) Method() string { return "razorpay" }

// Books are the server's own.
func (s *Server) Books() *fakes.Book { return s.Book }

// Fields is what the shop has to be told.
func (s *Server) Fields() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{
		"key_id": s.KeyID, "key_secret": s.KeySecret, "webhook_secret": s.secret, "name": "The shop", "account_id": s.AccountID,
	}
}

// Rotate replaces the secret of notices.
func (s *Server) Rotate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.previous, s.secret = s.secret, letters(24)
}

// Handler answers the shop's calls and shows buyers their page.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, route := range map[string]struct {
		operation string
		answer    func(*http.Request) (any, *problem)
	}{
		"POST /v1/orders":                 {"start", s.createOrder},
		"GET /v1/orders":                  {"look", s.listOrders},
		"GET /v1/orders/{id}":             {"look", s.fetchOrder},
		"GET /v1/orders/{id}/payments":    {"look", s.orderPayments},
		"GET /v1/payments":                {"look", s.listPayments},
		"GET /v1/payments/{id}":           {"look", s.fetchPayment},
		"POST /v1/payments/{id}/capture":  {"capture", s.capturePayment},
		"POST /v1/payments/{id}/refund":   {"refund", s.refundPayment},
		"GET /v1/payments/{id}/refunds":   {"look", s.paymentRefunds},
		"GET /v1/refunds":                 {"look", s.listRefunds},
		"GET /v1/disputes":                {"look", s.listDisputes},
		"GET /v1/disputes/{id}":           {"look", s.fetchDispute},
		"PATCH /v1/disputes/{id}/contest": {"answer", s.contestDispute},
		"POST /v1/disputes/{id}/accept":   {"answer", s.acceptDispute},
		"POST /v1/documents":              {"document", s.createDocument},
		"GET /v1/settlements":             {"look", s.listSettlements},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.Faults.Serve(w, r, route.operation, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route.answer) })
		})
	}
	mux.HandleFunc("POST /v1/checkout/embedded", s.page)
	mux.HandleFunc("POST /v1/checkout/embedded/{order}", s.choose)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		write(w, nil, bad("The requested URL was not found on the server."))
	})
	return mux
}

// do changes the books, one caller at a time, and then tells the shop.
func (s *Server) do(ctx context.Context, change func() error) error {
	s.mu.Lock()
	s.pass()
	err := change()
	out := s.out
	s.out = nil
	s.mu.Unlock()
	for _, l := range out {
		s.Postman.Send(ctx, l)
	}
	return err
}

func (s *Server) now() int64 { return s.Clock.Now().Unix() }

// Razorpay's ids are a prefix and fourteen letters.
func newID(prefix string) string { return prefix + "_" + letters(14) }

func letters(n int) string { return rand.Text()[:n] }

// The times after which things happen by themselves, counted from when an attempt
// began. https://razorpay.com/docs/payments/payments/late-authorisation/
const (
	failedAfter    = 10 * time.Minute // when the bank does not answer
	processedAfter = 24 * time.Hour   // a refund
)

// pass lets happen what time has brought.
func (s *Server) pass() {
	for _, p := range s.payments {
		age := s.Clock.Now().Sub(time.Unix(p.CreatedAt, 0))
		switch {
		case p.Status == "created" && age >= failedAfter:
			s.fail(p, "payment_timed_out")
		case p.Status == "authorized" && age >= p.of.manual():
			s.giveBack(p)
		}
	}
	for _, r := range s.refunds {
		if r.Status == "pending" && s.Clock.Now().Sub(time.Unix(r.CreatedAt, 0)) >= processedAfter {
			r.Status = "processed"
			s.tell("refund.processed", map[string]any{"refund": r, "payment": r.of})
		}
	}
}

// exponents are the decimals of the currencies that Razorpay takes.
// https://razorpay.com/docs/payments/international-payments/#supported-currencies
var exponents = map[money.Currency]int{
	"AED": 2, "ALL": 2, "AMD": 2, "AUD": 2, "AWG": 2, "AZN": 2, "BAM": 2, "BBD": 2, "BDT": 2, "BGN": 2, "BHD": 3, "BIF": 0, "BMD": 2, "BND": 2,
	"BOB": 2, "BRL": 2, "BSD": 2, "BTN": 2, "BWP": 2, "BZD": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "COP": 2, "CRC": 2, "CUP": 2, "CVE": 2,
	"CZK": 2, "DJF": 0, "DKK": 2, "DOP": 2, "DZD": 2, "EGP": 2, "ETB": 2, "EUR": 2, "FJD": 2, "GBP": 2, "GHS": 2, "GIP": 2, "GMD": 2, "GNF": 0,
	"GTQ": 2, "GYD": 2, "HKD": 2, "HNL": 2, "HRK": 2, "HTG": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "IQD": 3, "ISK": 0, "JMD": 2, "JOD": 3,
	"JPY": 0, "KES": 2, "KGS": 2, "KHR": 2, "KMF": 0, "KRW": 0, "KWD": 3, "KYD": 2, "KZT": 2, "LAK": 2, "LKR": 2, "LRD": 2, "LSL": 2, "MAD": 2,
	"MDL": 2, "MGA": 2, "MKD": 2, "MMK": 2, "MNT": 2, "MOP": 2, "MUR": 2, "MVR": 2, "MWK": 2, "MXN": 2, "MYR": 2, "MZN": 2, "NAD": 2, "NGN": 2,
	"NIO": 2, "NOK": 2, "NPR": 2, "NZD": 2, "OMR": 3, "PEN": 2, "PGK": 2, "PHP": 2, "PKR": 2, "PLN": 2, "PYG": 0, "QAR": 2, "RON": 2, "RSD": 2,
	"RUB": 2, "RWF": 0, "SAR": 2, "SCR": 2, "SEK": 2, "SGD": 2, "SLL": 2, "SOS": 2, "SVC": 2, "SZL": 2, "THB": 2, "TND": 3, "TRY": 2, "TTD": 2,
	"TWD": 2, "TZS": 2, "UAH": 2, "UGX": 0, "USD": 2, "UYU": 2, "UZS": 2, "VND": 0, "VUV": 0, "XAF": 0, "XCD": 2, "XOF": 0, "XPF": 0, "YER": 2,
	"ZAR": 2, "ZMW": 2,
}
