package app_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/hotp"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// canaries is a shop in which every secret and everything personal is noted as
// it comes up.
type canaries struct {
	*apptest.App
	t        *testing.T
	log      *bytes.Buffer
	stop     func()
	secrets  map[string]string // what each is, by its text
	personal []string
}

// Secrets and what is personal stand where they belong: not in the log, however
// much it tells, nor in the audit trail, the events or the jobs, which are read
// by others and outlive an erasure. Secrets stand in no table at all but as what
// proves them.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	c := newCanaries(t)
	c.setsUp()
	c.signsUp()
	c.hasFactors()
	c.recovers()
	c.governs()
	c.buys()
	c.leaves()
	c.stop()

	for what, text := range c.places() {
		secretsKept := what == "messages" || // where nothing sends mail, it is kept
			what == "idempotency_keys" // an order is answered once more with its token
		for secret, is := range c.secrets {
			if !secretsKept && holds(text, secret) {
				t.Errorf("%s holds %s: %s", what, is, around(text, secret))
			}
		}
		if !slices.Contains([]string{"the log", "audit_log", "events", "river_job"}, what) {
			continue
		}
		if text == "" {
			t.Errorf("%s is empty: this test sees nothing", what)
		}
		for _, p := range c.personal {
			if strings.Contains(strings.ToLower(text), strings.ToLower(p)) {
				t.Errorf("%s tells of somebody: %s", what, around(strings.ToLower(text), strings.ToLower(p)))
			}
		}
	}
	if len(c.secrets) < 50 || len(c.personal) < 10 {
		t.Errorf("%d secrets and %d texts about people: this test sees too little", len(c.secrets), len(c.personal))
	}
}

func newCanaries(t *testing.T) *canaries {
	t.Helper()
	c := &canaries{t: t, log: &bytes.Buffer{}, secrets: map[string]string{}}
	c.App = apptest.NewLogging(t, pgtest.DB(t), slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	c.secret("the password of tests", apptest.Password)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- c.Relay.Run(ctx) }()
	c.stop = func() {
		c.settle()
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
	return c
}

// settle waits until everything has followed that follows.
func (c *canaries) settle() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	if err := c.Relay.Idle(ctx); err != nil {
		c.t.Fatal(err)
	}
}

func (c *canaries) secret(what, text string) string {
	c.t.Helper()
	if len(text) < 6 {
		c.t.Fatalf("%s is %q", what, text)
	}
	c.secrets[text] = what
	return text
}

func (c *canaries) person(text string) string {
	c.personal = append(c.personal, text)
	return text
}

// mailed is the token that an address is mailed.
func (c *canaries) mailed(to string) string {
	c.t.Helper()
	c.settle()
	return c.secret("a token in the mail to "+to, newestToken(c.t, c.App, to))
}

// said are members of a request or an answer.
type said map[string]any

// do sends a request and notes the secrets in its answer.
func (c *canaries) do(as, method, path string, members said, status int, headers ...string) said {
	c.t.Helper()
	text := ""
	if members != nil {
		b, err := json.Marshal(members)
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(b)
	}
	return c.heard(path, c.Call(c.t, as, method, path, text, headers...).Want(c.t, status))
}

func (c *canaries) heard(path string, got apptest.Answer) said {
	c.t.Helper()
	for _, cookie := range got.Header.Values("Set-Cookie") {
		if _, value, _ := strings.Cut(strings.Split(cookie, ";")[0], "="); value != "" {
			c.secret("a cookie of "+path, value)
		}
	}
	answer := said{}
	if strings.Contains(got.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
			c.t.Fatal(err)
		}
	}
	c.note(path, answer)
	return answer
}

// note notes the secrets among the members of an answer, at any depth.
func (c *canaries) note(path string, members map[string]any) {
	for name, value := range members {
		switch value := value.(type) {
		case map[string]any:
			c.note(path, value)
		case []any:
			for _, item := range value {
				if code, ok := item.(string); ok && name == "recovery_codes" {
					c.secret("a recovery code", code)
				}
			}
		case string:
			if slices.Contains([]string{"access_token", "refresh_token", "secret", "otpauth_uri", "session"}, name) {
				c.secret(name+" of "+path, value)
			}
		}
	}
}

func (s said) text(name string) string { return s[name].(string) }

// places are the log and every table, as text.
func (c *canaries) places() map[string]string {
	c.t.Helper()
	tables, err := postgres.Column[string](c.t.Context(), c.DB, `
		SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	places := map[string]string{"the log": c.log.String()}
	for _, table := range tables {
		places[table], err = postgres.Scalar[string](c.t.Context(), c.DB, `SELECT coalesce(string_agg(r::text, E'\n'), '') FROM `+pgx.Identifier{table}.Sanitize()+` r`, nil)
		if err != nil {
			c.t.Fatal(err)
		}
	}
	return places
}

// holds reports whether a text has a secret in it, as it is or as bytes are
// shown. A code of digits is one by itself, not a part of a number or a moment.
func holds(text, secret string) bool {
	if aCode.MatchString(secret) {
		return regexp.MustCompile(`(^|[^0-9a-z.:+-])` + secret + `([^0-9a-z:]|$)`).MatchString(text)
	}
	return strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret)))
}

var aCode = regexp.MustCompile(`^\d{6}$`)

// around is where a text is found.
func around(text, found string) string {
	at := max(strings.Index(text, found), 0)
	return text[max(at-200, 0):min(at+len(found)+50, len(text))]
}

// code is what an authenticator app shows in its next step.
func (c *canaries) code(secret string) string {
	c.t.Helper()
	c.Time.Advance(30 * time.Second)
	code, err := hotp.GenerateCode(secret, uint64(c.Time.Now().Unix()/30))
	if err != nil {
		c.t.Fatal(err)
	}
	return c.secret("a code of the app", code)
}

// linkIn is the address in a text that begins with a path of the shop.
func (c *canaries) linkIn(text, path string) *url.URL {
	c.t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(c.URL+path) + `[^\s"<]*`).FindString(text)
	link, err := url.Parse(strings.ReplaceAll(found, "&amp;", "&"))
	if err != nil || found == "" {
		c.t.Fatalf("there is no link to %s: %v", path, fmt.Sprintf("%.500s", text))
	}
	return link
}
