package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"

	"golang.org/x/text/language"
)

// SMTP is the server that takes mail. The zero value is none.
type SMTP struct {
	Host           string
	Port           int
	User, Password string // empty where the server asks for none
	TLS            TLS
}

// TLS is when a connection to a mail server is encrypted.
type TLS string

// When a connection is encrypted.
const (
	TLSFromStart     TLS = "implicit"      // smtps://
	TLSMandatory     TLS = "starttls"      // or nothing is sent
	TLSOpportunistic TLS = "opportunistic" // if the server offers it
	TLSNever         TLS = "none"          // for a relay on this machine
)

// Configured reports whether there is a server.
func (s SMTP) Configured() bool { return s.Host != "" }

var errSMTP = errors.New("--smtp-url: it is not an address such as smtp://user:password@host:587 or smtps://host; ?tls= may be starttls, opportunistic or none")

// SMTP reads SMTPURL. The errors do not show it: it may hold a password.
func (c *Config) SMTP() (SMTP, error) {
	if c.SMTPURL == "" {
		return SMTP{}, nil
	}
	u, err := url.Parse(c.SMTPURL)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return SMTP{}, errSMTP
	}
	s := SMTP{Host: u.Hostname(), User: u.User.Username()}
	s.Password, _ = u.User.Password()
	query := u.Query()
	switch {
	case u.Scheme == "smtps" && len(query) == 0:
		s.Port, s.TLS = 465, TLSFromStart
	case u.Scheme == "smtp" && (len(query) == 0 || len(query) == 1 && query.Has("tls")):
		s.Port, s.TLS = 587, TLS(query.Get("tls"))
	default:
		return SMTP{}, errSMTP
	}
	switch s.TLS {
	case "":
		s.TLS = TLSMandatory
	case TLSMandatory, TLSOpportunistic, TLSNever:
	case TLSFromStart:
		if u.Scheme != "smtps" {
			return SMTP{}, errSMTP
		}
	default:
		return SMTP{}, errSMTP
	}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return SMTP{}, errSMTP
		}
	}
	return s, nil
}

// checkMail says what is wrong with the settings of mail.
func (c *Config) checkMail() (bad []error) {
	server, err := c.SMTP()
	if err != nil {
		bad = append(bad, err)
	}
	if server.Configured() && c.MailFrom == "" {
		bad = append(bad, errors.New("--mail-from: say whom mail is from, such as Souk <shop@example.com>"))
	}
	if _, err := mail.ParseAddress(c.MailFrom); c.MailFrom != "" && err != nil {
		bad = append(bad, fmt.Errorf("--mail-from: %q is not an address such as Souk <shop@example.com>", c.MailFrom))
	}
	if _, err := mail.ParseAddress(c.MailReplyTo); c.MailReplyTo != "" && err != nil {
		bad = append(bad, fmt.Errorf("--mail-reply-to: %q is not an address such as help@example.com", c.MailReplyTo))
	}
	if _, err := language.Parse(c.Locale); c.Locale != "" && err != nil {
		bad = append(bad, fmt.Errorf("--locale: %q is not a language such as en or de-AT", c.Locale))
	}
	return bad
}
