package notifications

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"souk/internal/platform/config"
)

// stepTime is for each of three steps: to connect and greet, to encrypt and log
// in, to hand over. Together they fit into a job's half a minute.
const stepTime = 8 * time.Second

// SMTP hands messages to a mail server, one connection for each.
type SMTP struct {
	Server  config.SMTP
	From    string // Souk <shop@example.com>
	ReplyTo string // "" is From
	TLS     *tls.Config
	Timeout time.Duration // for each step; 8 s when 0
}

// Send hands m to the mail server. Once the server has taken it, nothing that
// happens to the connection is an error: another try would be a second mail.
func (s *SMTP) Send(ctx context.Context, m Message, optOut string) (Status, error) {
	msg, err := s.compose(m, optOut)
	if err != nil {
		return Failed, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	client, err := s.client()
	if err != nil {
		return Failed, err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return Failed, fmt.Errorf("connect to the mail server: %w", err)
	}
	defer func() { _ = client.CloseWithSMTPClient(conn) }() // a goodbye that is lost changes nothing
	err = client.SendWithSMTPClient(conn, msg)
	if err == nil || msg.IsDelivered() {
		return Sent, nil
	}
	var said *gomail.SendError
	if errors.As(err, &said) && said.ErrorCode() >= 500 {
		return Failed, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return Failed, err
}

// Check connects, encrypts and logs in, and sends nothing.
func (s *SMTP) Check(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	return client.CloseWithSMTPClient(conn)
}

func (s *SMTP) client() (*gomail.Client, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = stepTime
	}
	options := []gomail.Option{gomail.WithPort(s.Server.Port), gomail.WithTimeout(timeout), gomail.WithoutNoop()}
	switch s.Server.TLS {
	case config.TLSFromStart:
		options = append(options, gomail.WithSSL())
	case config.TLSOpportunistic:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case config.TLSNever:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case config.TLSMandatory:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.TLS != nil {
		options = append(options, gomail.WithTLSConfig(s.TLS))
	}
	if s.Server.User != "" { // the library sends no plain password over a line that is not encrypted
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.Server.User), gomail.WithPassword(s.Server.Password))
	}
	client, err := gomail.NewClient(s.Server.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	return client, nil
}

// compose makes the mail. Its Message-ID is the message's own, so that two
// copies, of which a crash can make one, are known to be the same.
func (s *SMTP) compose(m Message, optOut string) (*gomail.Msg, error) {
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return nil, fmt.Errorf("read the sender's address: %w", err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	if err := msg.To(m.Recipient); err != nil {
		return nil, fmt.Errorf("read the recipient's address: %w", err)
	}
	if s.ReplyTo != "" {
		if err := msg.ReplyTo(s.ReplyTo); err != nil {
			return nil, fmt.Errorf("read the address of answers: %w", err)
		}
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID.String() + "@" + from.Address[strings.LastIndexByte(from.Address, '@')+1:])
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers by machines
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")  // the same for Exchange
	msg.SetGenHeader(gomail.HeaderContentLang, m.Locale) // RFC 3282
	if strings.HasPrefix(optOut, "https://") {           // RFC 8058 knows no other
		if err := msg.SetListUnsubscribeOneClick(optOut); err != nil {
			return nil, fmt.Errorf("write List-Unsubscribe: %w", err)
		}
	} else if optOut != "" {
		msg.SetListUnsubscribe(optOut)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	if m.File.Name != "" {
		if err := msg.AttachReader(m.File.Name, bytes.NewReader(m.File.Content), gomail.WithFileContentType(gomail.ContentType(m.File.Type))); err != nil {
			return nil, fmt.Errorf("attach %s: %w", m.File.Name, err)
		}
	}
	return msg, nil
}
