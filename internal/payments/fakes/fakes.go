// Package fakes is payment providers for tests and tortures: servers that follow
// the API that each publishes, signatures included, keep books of their own, and
// misbehave as they are told to.
//
// Owns: what all of them share: the [Book], the [Faults] of their answers, the
// [Postman] of their notices, what buyers do ([Outcome]); and a server for each.
// Tables: none. Raises: nothing.
// Calls: the shop, with notices.
//
// Nothing here is part of how the shop pays: it sees these servers by their
// addresses only.
package fakes

import (
	"context"
	"net/http"

	"souk/internal/id"
	"souk/internal/money"
)

// Server is a fake provider.
type Server interface {
	// Method is the payment method that it is for.
	Method() string

	// Handler answers the shop's calls.
	Handler() http.Handler

	// Fields is what the shop has to be told of its account here, secrets included.
	Fields() map[string]string

	// Books are the server's own.
	Books() *Book

	// Pay does what a buyer does on the page that a payment has sent them to. The
	// payment is named as the shop knows it.
	Pay(context.Context, id.Payment, Outcome) error

	// Late lets a payment succeed that Pay has left pending.
	Late(context.Context, id.Payment) error

	// Return is what the buyer's browser brings back to the shop: fields of a query
	// or of a form.
	Return(id.Payment) map[string]string

	// RefundHere gives money back by hand, in the provider's own console.
	RefundHere(context.Context, id.Payment, money.Amount) error

	// FailRefunds takes back what was accepted of a payment.
	FailRefunds(context.Context, id.Payment) error

	// Dispute takes the money of a payment for a complaint, which Decide ends.
	Dispute(context.Context, id.Payment) error
	Decide(ctx context.Context, p id.Payment, won bool) error

	// Answers is the evidence that the shop has sent in disputes of a payment, a
	// text for each time.
	Answers(id.Payment) []string
}

// Outcome is what becomes of a buyer's visit.
type Outcome string

// The outcomes.
const (
	Pays          Outcome = "pays"
	Declined      Outcome = "declined"       // and may try again
	Abandons      Outcome = "abandons"       // closes the page
	PaysLater     Outcome = "pays_later"     // the bank takes its time: Late, or never
	WrongAmount   Outcome = "wrong_amount"   // one unit less is taken than was asked for
	WrongCurrency Outcome = "wrong_currency" // so many of another currency
)
