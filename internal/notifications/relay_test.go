package notifications_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/notifications"
	"souk/internal/platform/config"
	"souk/internal/platform/events"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// sendingTo makes a shop send its mail to a sink.
func sendingTo(s *sink) apptest.Option {
	return func(c *config.Config) {
		c.SMTPURL, c.MailFrom, c.BaseURL = fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", s.Port), "Souk <shop@example.com>", "https://shop.example"
	}
}

func raise(t *testing.T, shop *apptest.App, e events.Event) {
	t.Helper()
	shop.InTx(t, func(tx pgx.Tx) error { return events.Raise(t.Context(), tx, e) })
}

// mailToken asks for a link as accounts does.
func mailToken(t *testing.T, shop *apptest.App, user accounts.User, purpose accounts.Purpose, to string) id.MailToken {
	t.Helper()
	token := id.New[id.MailToken]()
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `
			INSERT INTO mail_tokens (id, user_id, purpose, email, previous_email, hash, expires_at)
			VALUES (@id, @user, @purpose, @email, @previous, uuid_send(@id), now() + interval '30 minutes')`,
			pgx.NamedArgs{"id": token, "user": user.ID, "purpose": string(purpose), "email": to, "previous": user.Email})
		return err
	})
	return token
}

// idle waits until every event has been worked.
func idle(t *testing.T, shop *apptest.App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := shop.Relay.Idle(ctx); err != nil {
		t.Fatal(err)
	}
}

// again has every job of a subscriber worked once more, as happens when a
// process dies before it has said that it is done.
func again(t *testing.T, shop *apptest.App, kind string) {
	t.Helper()
	shop.InTx(t, func(tx pgx.Tx) error {
		n, err := postgres.Exec(t.Context(), tx, `
			UPDATE river_job SET state = 'available', finalized_at = NULL, attempt = 0, scheduled_at = now() WHERE kind = @kind`,
			pgx.NamedArgs{"kind": kind})
		if err == nil && n == 0 {
			err = fmt.Errorf("no job of %s", kind)
		}
		return err
	})
	idle(t, shop)
}

func messages(t *testing.T, shop *apptest.App) []notifications.Message {
	t.Helper()
	all, err := postgres.All[notifications.Message](t.Context(), shop.DB, `
		SELECT id, event_id, kind, recipient, user_id, locale, subject, html, text, invoice_id, status, attempts, error, created_at, sent_at FROM messages ORDER BY id`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnEventIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	ann := shop.User(t, "ann")
	raise(t, shop, accounts.PasswordChanged{UserID: ann.ID})
	first := s.Next(t)
	if first.To != ann.Email || !strings.Contains(first.Text, "Hello ann,") || first.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("to %s: %s", first.To, first.Text)
	}
	idle(t, shop)
	again(t, shop, "email_the_user")
	s.WantNone(t)

	// A process that died after the send and before the mark sends once more, and
	// the mail says that it is the same.
	shop.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `UPDATE messages SET status = 'queued', sent_at = NULL`, nil)
		return err
	})
	again(t, shop, "email_the_user")
	if second := s.Next(t); second.Header.Get("Message-Id") != first.Header.Get("Message-Id") {
		t.Errorf("Message-ID %s, then %s", first.Header.Get("Message-Id"), second.Header.Get("Message-Id"))
	}
	again(t, shop, "email_the_user")
	s.WantNone(t)
	if all := messages(t, shop); len(all) != 1 || all[0].Status != notifications.Sent || all[0].Attempts != 2 || all[0].HTML == "" {
		t.Errorf("messages: %+v", all)
	}
}

func TestAServerThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	s.Refuse(&smtp.SMTPError{Code: 451, Message: "come back later"})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	raise(t, shop, accounts.PasswordChanged{UserID: shop.User(t, "ann").ID})
	s.Next(t)
	idle(t, shop)
	if all := messages(t, shop); len(all) != 1 || all[0].Status != notifications.Sent || all[0].Attempts != 2 || all[0].Error != "" || s.Refused() != 1 {
		t.Errorf("refused %d times: %+v", s.Refused(), all)
	}
}

func TestAMailboxThatIsNotThereIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	ann := shop.User(t, "ann")
	shop.Token(t, apptest.Admin)
	s.Next(t) // the administrator hears of the new role
	s.Refuse(&smtp.SMTPError{Code: 550, Message: "no mailbox of " + ann.Email})
	raise(t, shop, accounts.PasswordChanged{UserID: ann.ID})
	idle(t, shop)
	if n := shop.Count(t, `SELECT count(*) FROM river_job WHERE kind = 'email_the_user' AND state <> 'completed'`, nil); n != 0 {
		t.Errorf("%d jobs want to try again", n)
	}
	s.WantNone(t)

	list := shop.Call(t, apptest.Admin, "GET", "/admin/notifications/messages?status=failed&kind=password_changed&recipient="+ann.Email, "").Want(t, 200, "no mailbox of a•••@example.com")
	if strings.Contains(list.Body, ann.Email) || strings.Contains(list.Body, "<html") {
		t.Errorf("staff see %s", list.Body)
	}
	failed := messages(t, shop)[1]
	retry := "/admin/notifications/messages/" + failed.ID.String() + "/retry"
	shop.Call(t, "ann", "POST", retry, "").Want(t, 403)
	shop.Call(t, apptest.Admin, "POST", retry, "").Want(t, 202)
	if got := s.Next(t); got.To != ann.Email || !strings.Contains(got.Header.Get("Message-Id"), failed.ID.String()) || got.Text != failed.Text {
		t.Errorf("sent again to %s as %s:\n%s", got.To, got.Header.Get("Message-Id"), got.Text)
	}
	idle(t, shop)
	if answer := shop.Call(t, apptest.Admin, "POST", retry, ""); answer.Code() != "message_not_failed" {
		t.Errorf("retry of what has left: %s", answer.Body)
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/notifications/messages/"+id.New[id.Message]().String()+"/retry", "").Want(t, 404)
}

// A mail server repeats whom it refuses; the log and the jobs do not.
func TestTheLogDoesNotTellWhomAServerRefuses(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	var log bytes.Buffer
	shop := apptest.NewLogging(t, pgtest.DB(t), slog.New(slog.NewTextHandler(&log, nil)), sendingTo(s))
	ann := shop.User(t, "ann")
	s.Refuse(&smtp.SMTPError{Code: 451, Message: "come back later, " + ann.Email}, &smtp.SMTPError{Code: 550, Message: "no mailbox of " + ann.Email})
	raise(t, shop, accounts.PasswordChanged{UserID: ann.ID})
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- shop.Relay.Run(ctx) }()
	apptest.Await(t, "two refusals", func() bool { return s.Refused() == 2 })
	idle(t, shop)
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for _, said := range []string{"come back later, a•••@example.com", "no mailbox of a•••@example.com"} {
		if !strings.Contains(log.String(), said) {
			t.Errorf("the log lacks %q: %s", said, log.String())
		}
	}
	if strings.Contains(log.String(), ann.Email) {
		t.Errorf("the log tells whom: %s", log.String())
	}
	if n := shop.Count(t, `SELECT count(*)::int FROM river_job AS r WHERE r::text LIKE '%' || @email || '%'`, pgx.NamedArgs{"email": ann.Email}); n != 0 {
		t.Error("a job tells whom")
	}
}

// A link that lets in stands in the mail and nowhere else.
func TestASecretLinkIsNotKept(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	ann := shop.User(t, "ann")
	shop.Token(t, apptest.Admin)
	s.Next(t) // the administrator hears of the new role
	token := mailToken(t, shop, ann, accounts.ResetPassword, ann.Email)
	secret, err := shop.Accounts.MailedToken(t.Context(), shop.DB, token)
	if err != nil {
		t.Fatal(err)
	}
	s.Refuse(&smtp.SMTPError{Code: 550, Message: "not now"})
	raise(t, shop, accounts.PasswordResetAsked{UserID: ann.ID, TokenID: token})
	idle(t, shop)
	failed := messages(t, shop)[1]
	if answer := shop.Call(t, apptest.Admin, "POST", "/admin/notifications/messages/"+failed.ID.String()+"/retry", ""); answer.Code() != "message_not_stored" {
		t.Errorf("retry of a secret: %s", answer.Body)
	}
	again(t, shop, "email_the_user")
	got := s.Next(t)
	if link := "https://shop.example/account/reset#token=" + secret.Token; !strings.Contains(got.Text, link) || !strings.Contains(got.HTML, `href="`+link+`"`) {
		t.Errorf("the mail lacks %s:\n%s", link, got.Text)
	}
	idle(t, shop)
	for _, table := range []string{"messages", "events", "river_job", "mail_tokens"} {
		if n := shop.Count(t, `SELECT count(*) FROM `+table+` AS r WHERE r::text LIKE '%' || @secret || '%'`, pgx.NamedArgs{"secret": secret.Token}); n != 0 {
			t.Errorf("the secret stands in %s", table)
		}
	}
}

func TestAnOldLinkIsNotMailed(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	ann := shop.User(t, "ann")
	old := mailToken(t, shop, ann, accounts.SignInByMail, ann.Email)
	newest := mailToken(t, shop, ann, accounts.SignInByMail, ann.Email)
	raise(t, shop, accounts.SignInLinkAsked{UserID: ann.ID, TokenID: old})
	raise(t, shop, accounts.SignInLinkAsked{UserID: ann.ID, TokenID: newest})
	idle(t, shop)
	s.Next(t)
	s.WantNone(t)
}

func TestBothAddressesHearOfAChange(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	shop := apptest.Run(t, pgtest.DB(t), sendingTo(s))
	ann := shop.User(t, "ann")
	token := mailToken(t, shop, ann, accounts.ChangeEmail, "new@example.com")
	raise(t, shop, accounts.EmailChangeAsked{UserID: ann.ID, TokenID: token})
	notice, link := s.Next(t), s.Next(t)
	if notice.To != ann.Email || strings.Contains(notice.Text, "#token=") || !strings.Contains(notice.Text, "new@example.com") {
		t.Errorf("notice to %s:\n%s", notice.To, notice.Text)
	}
	if link.To != "new@example.com" || !strings.Contains(link.Text, "/account/email#token=") {
		t.Errorf("link to %s:\n%s", link.To, link.Text)
	}
	raise(t, shop, accounts.EmailChanged{UserID: ann.ID, TokenID: token})
	both := []string{s.Next(t).To, s.Next(t).To}
	slices.Sort(both)
	if !slices.Equal(both, []string{ann.Email, "new@example.com"}) {
		t.Errorf("told %v", both)
	}
}
