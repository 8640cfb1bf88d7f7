package payments

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
)

// Online is a provider at the other end of a network, with books of its own. It
// also tells of what happens by itself, in notices, which are only a doorbell:
// what is believed is what [Online.Look] reads afterwards.
//
// A call that is not answered is an unknown outcome. It is repeated with the
// same key until the provider says what has become of it.
type Online interface {
	Provider

	// Fields lists what an account needs to be used: keys, names, versions.
	Fields() []Field

	// Captures says in how many parts what is promised can be taken.
	Captures() Captures

	// Probe makes a harmless call with the keys of an account and says whose it
	// is. An errs.Error is the provider's no.
	Probe(context.Context) (string, error)

	// Look reads all that the provider knows of a payment. What is not in our
	// account, or was made for another payment, is ErrMismatch.
	Look(context.Context, Known) (Report, error)

	// Returned makes sure that what a buyer's browser has brought back is what the
	// provider gave it for this payment. ErrNotice when it is not.
	Returned(context.Context, Known, url.Values) error

	// Hear makes sure that a notice is the provider's, and not older than it
	// should be, and says what it is about. ErrNotice when it is not.
	Hear(context.Context, http.Header, []byte) (Notice, error)

	// Contest sends the shop's evidence against a dispute, for good. A dispute that
	// wants no answer any more has had it: that is no error, Look sees what became
	// of it.
	Contest(context.Context, Response) error

	// Concede gives a dispute up, which loses it. One that is lost is given up.
	Concede(context.Context, Response) error

	// Forget gives up what was kept for a buyer, by its Saved.Ref, for good. What is
	// not there, or was given up before, is forgotten.
	Forget(ctx context.Context, ref string) error

	// Statement lists what moved on the provider's books from one instant until
	// another, the oldest first.
	Statement(ctx context.Context, from, until time.Time) ([]Movement, error)
}

// ErrNotice says that a notice does not come from the provider, or was changed
// on the way.
var ErrNotice = errs.New(errs.Malformed, "invalid_signature", "The signature of this notice is not valid.")

// Field is one thing that an account needs. Secrets are sealed when they are
// kept, and never shown.
type Field struct {
	Name     string   `json:"name" example:"secret_key"`
	Help     string   `json:"help"`
	Secret   bool     `json:"secret"`
	Required bool     `json:"required"`
	Default  string   `json:"default,omitempty"`
	Prefix   string   `json:"prefix,omitempty" example:"pk_" doc:"What it begins with"`
	Choices  []Choice `json:"choices,omitempty" doc:"What it can be; left out where that is any text"`
}

// Choice is what a field can be, and which others have to be filled in then.
type Choice struct {
	Value string   `json:"value" example:"redirect"`
	Help  string   `json:"help"`
	Needs []string `json:"needs,omitempty" doc:"Fields that are required with it"`
}

// Captures is in how many parts a provider takes what it has promised.
type Captures string

// What providers can do about a promise.
const (
	CapturesWhole   Captures = "whole"   // take all of it or nothing
	CapturesOnce    Captures = "once"    // take a part or all of it, once: the rest is given up
	CapturesSeveral Captures = "several" // take parts, until one of them is said to be the last
)

// Known is by which names we know a payment.
type Known struct {
	Payment id.Payment
	Ref     string   // what Start has called it
	Refs    []string // and what else was read since, the oldest first
	Amount  money.Amount
	At      time.Time // when that was, by the clock of the database, which also says when notices came
}

// Report is what a provider knows of a payment.
type Report struct {
	Refs []string // further names that its notices use: an intent, a charge

	// Open says that the buyer can still pay; Approved that they have agreed, and
	// that the money comes when Capture is called. A payment that is neither, and
	// of which nothing was captured, is over.
	Open, Approved bool

	// Facts are in an order in which they can be applied, each with the provider's
	// name for it as its cause: the authorisation, each capture (by the name that a
	// refund has to say), its fee, refunds that were accepted, those that failed
	// after all, disputes whose money was taken and came back.
	Facts []Fact

	Disputes []Dispute
	Saved    *Saved // nil unless it was to be kept, and could be
}

// Dispute is a buyer's complaint to the bank, and how far it has come.
type Dispute struct {
	Ref    string       `db:"ref" json:"reference"` // the provider's name for it
	Amount money.Amount `db:"amount" json:"amount"`
	Reason string       `db:"reason" json:"reason"` // the provider's word
	Status string       `db:"status" json:"status" enum:"needs_response,under_review,won,lost,closed"`
	DueBy  *time.Time   `db:"due_by" json:"due_by,omitempty" doc:"Until when evidence can be sent"`
}

// Notice is what a provider tells by itself.
type Notice struct {
	ID   string // the same each time that it is delivered
	Type string
	Ref  string    // one of the names of the payment that it is about; "" when it is about none
	At   time.Time // when it happened

	// Foreign says why a genuine notice is not for us: another account, test mode
	// on a live shop. It is kept and counted, and never applied.
	Foreign string
}

// Movement is an entry of a provider's books. Amounts are above zero when money
// comes in for the shop, and below when it leaves.
type Movement struct {
	Ref     string // the provider's name for it: the cause of the fact that it is
	Payment string // one of the names of the payment; "" of a payout
	Kind    Kind   // capture, refund, refund_failed, chargeback, chargeback_reversed, payout, or fee for what belongs to no payment
	Amount  money.Amount
	Fee     money.Amount // what the provider keeps of it, not below zero
	At      time.Time
}

// Payout is the kind of a movement to the shop's bank.
const Payout Kind = "payout"
