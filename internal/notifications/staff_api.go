package notifications

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
)

var (
	// ErrNotFailed says that there is nothing to send again.
	ErrNotFailed = errs.New(errs.Conflict, "message_not_failed", "Only a message that could not be sent is sent again.")
	// ErrNotStored says that the words of a message are gone, because they held a secret.
	ErrNotStored = errs.New(errs.Conflict, "message_not_stored", "This message held a secret link, so it was not kept. Let the user ask for a new one.")
)

func (n *Notifications) staffRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/notifications/messages", n.listMessages, httpapi.Needs(CanRead), httpapi.Summary("List messages to users, the newest first"),
		httpapi.Describe("The bodies are not shown, and of an address only its beginning and its domain: who looks for an address knows it. Messages are kept for 30 days."))
	httpapi.Post(r, "/api/v1/admin/notifications/messages/{message}/retry", n.retryMessage, httpapi.Needs(CanWrite), httpapi.Status(http.StatusAccepted),
		httpapi.Summary("Send a message again that could not be sent"))
}

type listMessagesInput struct {
	httpapi.Page
	Status    string `query:"status" enum:"queued,sent,failed,kept"`
	Kind      string `query:"kind" maxLength:"60" doc:"Such as order_confirmed."`
	Recipient string `query:"recipient" maxLength:"254" doc:"The whole address."`
}

func (n *Notifications) listMessages(ctx context.Context, in *listMessagesInput) (httpapi.List[Message], error) {
	s := search{Status: in.Status, Kind: in.Kind, Recipient: in.Recipient, Limit: in.Limit + 1}
	if err := n.cursors.Open(httpapi.Scope(ctx), in.After, &s.After); err != nil {
		return httpapi.List[Message]{}, err
	}
	found, err := findMessages(ctx, n.DB, s)
	if err != nil {
		return httpapi.List[Message]{}, err
	}
	for i := range found {
		found[i] = found[i].masked()
	}
	return httpapi.ListOf(n.cursors, httpapi.Scope(ctx), found, in.Limit, func(m Message) any { return m.ID }), nil
}

type messageInput struct {
	Message id.Message `path:"message"`
}

func (n *Notifications) retryMessage(ctx context.Context, tx pgx.Tx, in *messageInput) (Message, error) {
	m, err := messageByID(ctx, tx, in.Message)
	switch {
	case err != nil:
		return Message{}, err
	case m.Status != Failed:
		return Message{}, ErrNotFailed
	case m.HTML == "":
		return Message{}, ErrNotStored
	}
	return m.masked(), events.Raise(ctx, tx, RetryAsked{m.ID})
}

// masked is m for those who need not know the whole address. What the mail
// server said may repeat it.
func (m Message) masked() Message {
	shown := mask(m.Recipient)
	m.Error = strings.ReplaceAll(m.Error, m.Recipient, shown)
	m.Recipient = shown
	return m
}

// mask turns ann@example.com into a•••@example.com.
func mask(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return "•••"
	}
	_, first := utf8.DecodeRuneInString(email)
	return email[:first] + "•••" + email[at:]
}
