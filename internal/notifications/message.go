package notifications

import (
	"time"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/invoices"
)

// Status is how far a message has come.
type Status string

// The statuses.
const (
	Queued Status = "queued" // being sent, or to be tried again
	Sent   Status = "sent"   // a mail server has taken it
	Failed Status = "failed" // the last attempt went wrong; Error says how
	Kept   Status = "kept"   // no mail leaves this shop: it stays here
)

// Message is what one recipient is told of one event.
type Message struct {
	ID        id.Message `db:"id" json:"id"`
	Event     id.Event   `db:"event_id" json:"event_id"`
	Kind      string     `db:"kind" json:"kind"`
	Recipient string     `db:"recipient" json:"recipient"`
	User      id.User    `db:"user_id" json:"user_id,omitzero"`
	Locale    string     `db:"locale" json:"locale"`
	Subject   string     `db:"subject" json:"subject"`
	HTML      string     `db:"html" json:"-"`
	Text      string     `db:"text" json:"-"`
	Invoice   id.Invoice `db:"invoice_id" json:"invoice_id,omitzero" doc:"The invoice or credit note that goes with it, as a file."`
	Status    Status     `db:"status" json:"status" enum:"queued,sent,failed,kept"`
	Attempts  int        `db:"attempts" json:"attempts"`
	Error     string     `db:"error" json:"error,omitempty" doc:"What the mail server said to the last attempt."`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	SentAt    *time.Time `db:"sent_at" json:"sent_at,omitempty"`

	File invoices.File `db:"-" json:"-"` // made of Invoice when the message is sent
}

// ErrNoMessage says that there is no such message.
var ErrNoMessage = errs.New(errs.NotFound, "not_found", "There is no such message.")
