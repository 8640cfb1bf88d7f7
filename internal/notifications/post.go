package notifications

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// A Sender hands messages over.
type Sender interface {
	// Send hands m over and says what it is now: [Sent], or [Kept] where nothing
	// leaves. optOut is the address that switches its topic off, "" where that
	// cannot be. [ErrRefused] is for good; any other error is worth another try.
	Send(ctx context.Context, m Message, optOut string) (Status, error)
}

// ErrRefused says that a mail server will never take a message.
var ErrRefused = errors.New("the mail server refuses the message for good")

// Database keeps messages where they are, for a demo and for shops without a
// mail server: /dev/mail shows them.
type Database struct{}

// Send says that the message stays.
func (Database) Send(context.Context, Message, string) (Status, error) { return Kept, nil }

// keeps reports whether nothing leaves.
func (n *Notifications) keeps() bool {
	_, keeps := n.Sender.(Database)
	return keeps
}

// post sends a letter about the current event, unless it was sent before or
// its recipient does not want it.
func (n *Notifications) post(ctx context.Context, l letter) error {
	if l.To == "" { // erased in the meantime
		return nil
	}
	wanted, err := n.wants(ctx, l.User, l.Kind)
	if err != nil || !wanted {
		return err
	}
	m, err := n.write(l)
	if err != nil {
		return err
	}
	m.ID, m.Event = id.New[id.Message](), events.Current(ctx).ID
	return n.deliver(ctx, m, l.Kind, l.optOut)
}

// deliver claims the row of m, sends it and says in the row what became of it.
// No transaction is open while somebody else's server takes its time.
func (n *Notifications) deliver(ctx context.Context, m Message, kind Kind, optOut string) error {
	mine := false
	err := postgres.InTx(ctx, n.DB, func(tx pgx.Tx) (err error) {
		m.ID, mine, err = claim(ctx, tx, m)
		return err
	})
	if err != nil {
		return fmt.Errorf("claim message %s to %s: %w", m.Kind, m.User, err)
	}
	if !mine { // it was sent before
		return nil
	}
	var failure error
	m.Status, failure = n.send(ctx, m, optOut)
	if failure != nil {
		m.Status, m.Error = Failed, failure.Error()
	}
	if kind.Secret && m.Status != Kept {
		m.HTML, m.Text = "", "" // whoever reads the table must not get in by the link
	}
	err = postgres.InTx(context.WithoutCancel(ctx), n.DB, func(tx pgx.Tx) error { return mark(context.WithoutCancel(ctx), tx, m) })
	if err != nil {
		return fmt.Errorf("mark message %s as %s: %w", m.ID, m.Status, err)
	}
	if failure == nil {
		return nil
	}
	said := m.masked().Error // the log and the jobs know people by their ids
	if errors.Is(failure, ErrRefused) {
		n.Log.WarnContext(ctx, "mail was refused", "message", m.ID, "kind", m.Kind, "error", said)
		return nil // to try again would be refused again
	}
	return fmt.Errorf("send message %s: %s", m.ID, said)
}

// send hands m over, with its file.
func (n *Notifications) send(ctx context.Context, m Message, optOut string) (Status, error) {
	if !m.Invoice.IsZero() && !n.keeps() {
		var err error
		if m.File, err = invoices.Print(ctx, n.DB, m.Invoice); err != nil {
			return Failed, fmt.Errorf("print invoice %s: %w", m.Invoice, err)
		}
	}
	return n.Sender.Send(ctx, m, optOut)
}

// Resend is what follows when staff want a message sent again, with the words
// that it had and the same file.
func (n *Notifications) Resend(ctx context.Context, e RetryAsked) error {
	m, err := messageByID(ctx, n.DB, e.MessageID)
	if errors.Is(err, ErrNoMessage) { // swept, or its user erased, in the meantime
		return nil
	}
	if err != nil {
		return err
	}
	kind, known := kindNamed(m.Kind)
	if !known || m.HTML == "" {
		return nil
	}
	return n.deliver(ctx, m, kind, n.optOut(m.User, kind))
}

// SendTest sends a message that says that mail works, at once.
func (n *Notifications) SendTest(ctx context.Context, to string) (Status, error) {
	m, err := n.write(letter{Kind: Test, To: to, Locale: n.Locale, Words: words{"time": n.when(n.Clock.Now())}})
	if err != nil {
		return "", err
	}
	m.ID, m.Event = id.New[id.Message](), id.New[id.Event]() // an event of its own: each test is sent
	if err := n.deliver(ctx, m, Test, ""); err != nil {
		return Failed, err
	}
	sent, err := messageByID(ctx, n.DB, m.ID)
	if err == nil && sent.Status == Failed {
		err = errors.New(sent.Error)
	}
	return sent.Status, err
}

// Failed counts the messages of the time just past that could not be sent.
func (n *Notifications) Failed(ctx context.Context, within time.Duration) (int64, error) {
	failed, err := countFailed(ctx, n.DB, n.Clock.Now().Add(-within))
	if err != nil {
		return 0, fmt.Errorf("count failed messages: %w", err)
	}
	return failed, nil
}

// Sweep drops messages that have been kept long enough, some thousand a round.
func (n *Notifications) Sweep(ctx context.Context) error {
	return postgres.InTx(ctx, n.DB, func(tx pgx.Tx) error { return sweep(ctx, tx, n.Clock.Now().Add(-kept)) })
}
