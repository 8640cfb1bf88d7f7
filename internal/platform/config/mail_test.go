package config_test

import (
	"strings"
	"testing"

	"souk/internal/platform/config"
)

func TestSMTPAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]config.SMTP{
		"":                    {},
		"smtp://mail.example": {Host: "mail.example", Port: 587, TLS: config.TLSMandatory},
		"smtp://user:p%40ss@mail.example:2525?tls=starttls": {Host: "mail.example", Port: 2525, User: "user", Password: "p@ss", TLS: config.TLSMandatory},
		"smtp://mail.example:25?tls=opportunistic":          {Host: "mail.example", Port: 25, TLS: config.TLSOpportunistic},
		"smtp://127.0.0.1:25?tls=none":                      {Host: "127.0.0.1", Port: 25, TLS: config.TLSNever},
		"smtps://ann%40example.com:secret@mail.example":     {Host: "mail.example", Port: 465, User: "ann@example.com", Password: "secret", TLS: config.TLSFromStart},
		"smtps://mail.example:4650/":                        {Host: "mail.example", Port: 4650, TLS: config.TLSFromStart},
		"smtp://[::1]:25?tls=none":                          {Host: "::1", Port: 25, TLS: config.TLSNever},
	} {
		c := config.Config{SMTPURL: address}
		if got, err := c.SMTP(); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", address, got, err, want)
		}
	}
	for _, address := range []string{
		"mail.example:587", "http://mail.example", "smtp://", "smtp://:587", "smtp://mail.example?tls=off", "smtp://mail.example?tls=implicit",
		"smtps://mail.example?tls=none", "smtp://mail.example?starttls=1", "smtp://mail.example:0", "smtp://mail.example/box", "smtp://u:hidden@mail.example:x",
	} {
		c := config.Config{SMTPURL: address}
		if got, err := c.SMTP(); err == nil {
			t.Errorf("%s was read as %+v", address, got)
		} else if strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: the error tells the password: %v", address, err)
		}
	}
}

func TestMailSettings(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want string // "" is well
	}{
		"a server and a sender":  {map[string]string{"SOUK_SMTP_URL": "smtp://u:pw@mail.example", "SOUK_MAIL_FROM": "Souk <shop@example.com>", "SOUK_LOCALE": "de-AT"}, ""},
		"a server and no sender": {map[string]string{"SOUK_SMTP_URL": "smtp://u:pw@mail.example"}, "--mail-from"},
		"no such sender":         {map[string]string{"SOUK_MAIL_FROM": "the shop"}, "--mail-from"},
		"no such reply":          {map[string]string{"SOUK_MAIL_REPLY_TO": "a@b\r\nBcc: x"}, "--mail-reply-to"},
		"no such server":         {map[string]string{"SOUK_SMTP_URL": "mail.example"}, "--smtp-url"},
		"no such language":       {map[string]string{"SOUK_LOCALE": "english please"}, "--locale"},
	} {
		_, settings, err := load(t, c.env, "")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if shown := settings["smtp-url"].Value; strings.Contains(shown, "pw") {
			t.Errorf("%s: the password is shown: %s", name, shown)
		}
	}
}
