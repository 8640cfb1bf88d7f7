// Package stripetest is a Stripe for tests and tortures.
//
// Owns: [Server]: the part of Stripe's API that the shop calls, as strictly as
// Stripe reads it, its page for buyers, the script that shows it on the shop's, and
// its events. Tables: none. Raises: nothing. Calls: the shop, with events.
//
// It is written from Stripe's published reference and shares no code with the
// adapter, the library neither.
package stripetest

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
)

// Version is the version of the API that the server speaks.
const Version = "2026-03-25.dahlia"

// Server is a Stripe account. Its operations, for [fakes.Faults], are "start",
// "capture", "void", "refund", "forget", "look", "statement", "account" and "script".
type Server struct {
	Book    *fakes.Book
	Faults  *fakes.Faults
	Postman *fakes.Postman

	Live       bool   // of live mode
	OffSession string // why the bank declines who pays with what was saved; "": it does not

	mu       sync.Mutex
	sessions map[string]*session
	intents  map[string]*intent
	charges  map[string]*charge
	methods  map[string]*method
	pages    map[id.Payment]*session // the youngest of each
	paid     map[id.Payment]*intent  // that a bank has agreed to
	entries  []*entry
	due      int64            // when something ends next; 0: nothing does
	replies  map[string]reply // by idempotency key
	letters  []fakes.Letter   // not yet sent
	secret   string           // of the webhook; "" the first
	previous string
}

var _ fakes.Server = (*Server)(nil)

// begin makes the maps of a server that is asked for the first time.
func (s *Server) begin() {
	if s.sessions != nil {
		return
	}
	s.sessions, s.intents, s.charges, s.methods = map[string]*session{}, map[string]*intent{}, map[string]*charge{}, map[string]*method{}
	s.pages, s.paid, s.replies = map[id.Payment]*session{}, map[id.Payment]*intent{}, map[string]reply{}
}

// What the shop has to be told of the account.
const (
	testKey     = "sk_test_of_a_fake"
	liveKey     = "sk_live_of_a_fake"
	firstSecret = "whsec_of_a_fake"
	publishable = "pk_test_of_a_fake"
)

// Method is "stripe".
func (*Server) Method() string { return "stripe" }

// Books are the server's own.
func (s *Server) Books() *fakes.Book { return s.Book }

// Fields is the keys of the account.
func (s *Server) Fields() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{"secret_key": s.key(), "webhook_secret": cmp.Or(s.secret, firstSecret), "publishable_key": publishable}
}

func (s *Server) key() string {
	if s.Live {
		return liveKey
	}
	return testKey
}

// Rotate replaces the secret that events are signed with.
func (s *Server) Rotate(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.previous, s.secret = cmp.Or(s.secret, firstSecret), secret
}

// sign is Stripe's signature. https://docs.stripe.com/webhooks#verify-manually
func (s *Server) sign(body []byte, m fakes.Manner) http.Header {
	s.mu.Lock()
	secret := cmp.Or(s.secret, firstSecret)
	if m == fakes.OldSecret {
		secret = cmp.Or(s.previous, firstSecret)
	}
	s.mu.Unlock()
	return http.Header{"Stripe-Signature": {Signature(s.Book.Clock.Now(), body, secret)}}
}

// Signature is the header that proves a body.
func Signature(at time.Time, body []byte, secret string) string {
	t := strconv.FormatInt(at.Unix(), 10)
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(t + "."))
	sum.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(sum.Sum(nil))
}

func (s *Server) now() int64 { return s.Book.Clock.Now().Unix() }

// named is a name as Stripe gives them.
func named(prefix string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return prefix + "_" + hex.EncodeToString(b[:])
}

// worth is what an amount of Stripe's comes to. Of the currencies that the shop
// has, it counts two otherwise than ISO 4217. https://docs.stripe.com/currencies
func worth(n int64, currency string) money.Amount {
	switch currency {
	case "ISK":
		n /= 100
	case "MGA":
		n *= 100
	}
	return money.Of(n, money.Currency(currency))
}

// fee is what the server keeps of a charge: 2.9 %.
func fee(n int64, currency string) int64 {
	if currency == "ISK" {
		return n * 29 / 100_000 * 100
	}
	return n * 29 / 1000
}

// disputeFee is what a dispute costs, in Stripe's units.
const disputeFee = 1500

// entry is a balance transaction.
type entry struct {
	id, category, kind string
	amount, fee        int64
	currency           string
	created            int64
	source             link
}

// enter writes an entry of the balance, and of the books.
func (s *Server) enter(e entry, kind payments.Kind, booked int64, of id.Payment) *entry {
	e.id, e.created = named("txn"), s.now()
	s.entries = append(s.entries, &e)
	s.Book.Write(fakes.Entry{Kind: kind, Ref: e.source.id, Payment: of, Amount: worth(booked, e.currency), Fee: worth(e.fee, e.currency)})
	return &e
}
