package notifications_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"souk/internal/id"
	"souk/internal/invoices"
	"souk/internal/notifications"
	"souk/internal/platform/config"
)

func hello() notifications.Message {
	return notifications.Message{
		ID: id.New[id.Message](), Kind: "test", Recipient: "ann@example.com", Locale: "hi", Subject: "नमस्ते €", HTML: "<p>नमस्ते</p>", Text: "नमस्ते\n",
	}
}

func TestMailLeavesEncryptedAndLoggedIn(t *testing.T) {
	t.Parallel()
	cert, trust := authority(t)
	for name, c := range map[string]struct {
		tls  config.TLS
		door door
	}{
		"STARTTLS":               {config.TLSMandatory, door{cert: cert, password: "secret"}},
		"STARTTLS where offered": {config.TLSOpportunistic, door{cert: cert, password: "secret"}},
		"from the start":         {config.TLSFromStart, door{cert: cert, implicit: true, password: "secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSink(t, c.door)
			sender := &notifications.SMTP{
				Server: config.SMTP{Host: "localhost", Port: s.Port, User: "souk", Password: "secret", TLS: c.tls},
				From:   "Souk <shop@example.com>", ReplyTo: "help@example.com", TLS: trust,
			}
			m := hello()
			status, err := sender.Send(t.Context(), m, "https://shop.example/unsubscribe?token=abc")
			if err != nil || status != notifications.Sent {
				t.Fatalf("%s, %v", status, err)
			}
			got := s.Next(t)
			if !got.Encrypted || got.User != "souk" || got.From != "shop@example.com" || got.To != "ann@example.com" {
				t.Errorf("encrypted %v, user %q, from %q, to %q", got.Encrypted, got.User, got.From, got.To)
			}
			if got.Subject != m.Subject || got.HTML != m.HTML || got.Text != m.Text {
				t.Errorf("got %q, %q, %q", got.Subject, got.HTML, got.Text)
			}
			for header, want := range map[string]string{
				"From": `"Souk" <shop@example.com>`, "Reply-To": "<help@example.com>", "Message-Id": "<" + m.ID.String() + "@example.com>", "Auto-Submitted": "auto-generated",
				"List-Unsubscribe": "<https://shop.example/unsubscribe?token=abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Content-Language": "hi",
			} {
				if got := got.Header.Get(header); got != want {
					t.Errorf("%s: %s, want %s", header, got, want)
				}
			}
			if err := sender.Check(t.Context()); err != nil {
				t.Errorf("check: %v", err)
			}
			s.WantNone(t)
		})
	}
}

// A file goes beside the text, and its HTML, and not among them.
func TestAFileGoesWithAMail(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	sender := &notifications.SMTP{Server: config.SMTP{Host: "localhost", Port: s.Port, TLS: config.TLSNever}, From: "shop@example.com"}
	m := hello()
	m.File = invoices.File{Name: "NK-I2026-000001.pdf", Type: "application/pdf", Content: []byte("%PDF-1.3\r\n\x00\xff.\r\n.\n")}
	if status, err := sender.Send(t.Context(), m, ""); err != nil || status != notifications.Sent {
		t.Fatalf("%s, %v", status, err)
	}
	got := s.Next(t)
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/mixed;") {
		t.Errorf("the mail is %s", kind)
	}
	if got.HTML != m.HTML || got.Text != m.Text || got.Subject != m.Subject {
		t.Errorf("got %q, %q, %q", got.Subject, got.HTML, got.Text)
	}
	want := []attached{{m.File.Name, `application/pdf; name="NK-I2026-000001.pdf"`, string(m.File.Content)}}
	if !slices.Equal(got.Files, want) {
		t.Errorf("got files %q, want %q", got.Files, want)
	}
}

// Nothing is sent, and no password told, where the line is not safe.
func TestMailStaysWhereTheLineIsNotSafe(t *testing.T) {
	t.Parallel()
	cert, trust := authority(t)
	_, stranger := authority(t)
	for name, c := range map[string]struct {
		door   door
		sender notifications.SMTP
	}{
		"no STARTTLS":                    {door{}, notifications.SMTP{Server: config.SMTP{TLS: config.TLSMandatory}, TLS: trust}},
		"certificate of a stranger":      {door{cert: cert}, notifications.SMTP{Server: config.SMTP{TLS: config.TLSMandatory}, TLS: stranger}},
		"stranger, though opportunistic": {door{cert: cert}, notifications.SMTP{Server: config.SMTP{TLS: config.TLSOpportunistic}, TLS: stranger}},
		"password over a plain line":     {door{password: "secret"}, notifications.SMTP{Server: config.SMTP{TLS: config.TLSNever, User: "souk", Password: "secret"}}},
		"wrong password":                 {door{cert: cert, password: "secret"}, notifications.SMTP{Server: config.SMTP{TLS: config.TLSMandatory, User: "souk", Password: "guess"}, TLS: trust}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSink(t, c.door)
			sender := c.sender
			sender.Server.Host, sender.Server.Port, sender.From = "localhost", s.Port, "Souk <shop@example.com>"
			status, err := sender.Send(t.Context(), hello(), "")
			if err == nil || status != notifications.Failed {
				t.Fatalf("%s, %v", status, err)
			}
			if errors.Is(err, notifications.ErrRefused) { // somebody may mend the settings meanwhile
				t.Errorf("given up: %v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
			if sender.Check(t.Context()) == nil {
				t.Error("check found nothing wrong")
			}
			s.WantNone(t)
		})
	}
}

func TestARefusalForGoodIsToldFromOneForNow(t *testing.T) {
	t.Parallel()
	s := newSink(t, door{})
	sender := &notifications.SMTP{Server: config.SMTP{Host: "localhost", Port: s.Port, TLS: config.TLSNever}, From: "shop@example.com"}
	s.Refuse(&smtp.SMTPError{Code: 451, Message: "greylisted"}, &smtp.SMTPError{Code: 550, Message: "no such mailbox"})
	if _, err := sender.Send(t.Context(), hello(), ""); err == nil || errors.Is(err, notifications.ErrRefused) {
		t.Errorf("451: %v", err)
	}
	if _, err := sender.Send(t.Context(), hello(), ""); !errors.Is(err, notifications.ErrRefused) {
		t.Errorf("550: %v", err)
	}
	if status, err := sender.Send(t.Context(), hello(), ""); err != nil || status != notifications.Sent {
		t.Errorf("then: %s, %v", status, err)
	}
}

// A server that takes the connection and says nothing more costs a job a few
// seconds, not its life.
func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	sender := &notifications.SMTP{
		Server: config.SMTP{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: config.TLSNever}, From: "shop@example.com", Timeout: 50 * time.Millisecond,
	}
	_, err = sender.Send(t.Context(), hello(), "")
	var slow net.Error
	if !errors.As(err, &slow) || !slow.Timeout() {
		t.Errorf("sending to a server that hangs: %v", err)
	}
}
