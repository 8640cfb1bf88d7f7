package idp_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/idp"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// base is the address of a shop that is called without a socket.
const base = "http://shop.test/api/v1"

// open opens a shop that may call this machine.
func open(t *testing.T) *apptest.App {
	t.Helper()
	shop := apptest.New(t, pgtest.Tx(t), func(c *config.Config) {
		c.OutboundAllowPrivate = true
		c.CORSOrigins = []string{"https://app.example"}
	})
	shop.Client.CheckRedirect = stay
	return shop
}

// stay lets a test see a redirect.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// house starts the certified provider until the test ends, and is its issuer.
func house(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("testdata/provider/node_modules/oidc-provider"); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the OpenID provider of this test is not installed: make need-oidc")
	}
	node := exec.CommandContext(t.Context(), "node", "provider.mjs", `["`+base+`/auth/oidc/house/callback", "`+base+`/auth/oidc/second/callback"]`)
	node.Dir = "testdata/provider"
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Wait() }) // killed with the test's context
	issuer, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the OpenID provider did not start: %v", err)
	}
	return strings.TrimSpace(issuer)
}

// provider adds a login provider; more is further members of its JSON.
func provider(t *testing.T, shop *apptest.App, slug string, preset idp.Preset, issuer, more string) idp.Provider {
	t.Helper()
	return apptest.Read[idp.Provider](t, shop.Call(t, apptest.Admin, "POST", "/admin/login-providers",
		`{"slug": "`+slug+`", "preset": "`+string(preset)+`", "name": "The `+slug+`", "issuer": "`+issuer+`", "client_id": "souk", "enabled": true`+more+`}`).Want(t, 201))
}

// asMade is the version of a login provider that nobody has edited.
const asMade = `"v1"`

const withSecret = `, "client_secret": "a secret of the shop"`

// browser is one that keeps cookies as a browser does over TLS.
type browser struct {
	t       *testing.T
	shop    *apptest.App
	cookies map[string]string
}

func surf(t *testing.T, shop *apptest.App) *browser {
	t.Helper()
	return &browser{t, shop, map[string]string{}}
}

// call sends what the browser has, and keeps what it is given.
func (b *browser) call(as, method, path, body string, headers ...string) apptest.Answer {
	b.t.Helper()
	var jar []string
	for name, value := range b.cookies {
		jar = append(jar, name+"="+value)
	}
	if len(jar) > 0 {
		headers = append(headers, "Cookie", strings.Join(jar, "; "))
	}
	answer := b.shop.Call(b.t, as, method, path, body, headers...)
	for _, line := range answer.Header["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			b.t.Fatal(err)
		}
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
			b.t.Errorf("no browser takes this cookie, or a script reads it: %s", line)
		}
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer
}

// start begins a sign-in and is where the provider's page is.
func (b *browser) start(slug, query string) string {
	b.t.Helper()
	answer := b.call("", "GET", "/auth/oidc/"+slug+"/start"+query, "")
	answer.Want(b.t, 303)
	return answer.Header.Get("Location")
}

// comeBack opens the address that a provider sent the browser to, and is where
// the shop leads.
func (b *browser) comeBack(to *url.URL) string {
	b.t.Helper()
	answer := b.call("", "GET", strings.TrimPrefix(to.String(), base), "")
	answer.Want(b.t, 303)
	return answer.Header.Get("Location")
}

// signIn goes the whole way through the certified provider.
func (b *browser) signIn(slug, login string) string {
	b.t.Helper()
	return b.comeBack(agree(b.t, b.start(slug, "?return_to=/cart"), login))
}

// me is who the browser's cookie signs in.
func (b *browser) me() map[string]any {
	b.t.Helper()
	tokens := apptest.Read[struct {
		Access string `json:"access_token"`
	}](b.t, b.shop.Call(b.t, "", "POST", "/auth/refresh", `{"refresh_token": "`+b.cookies["__Host-souk"]+`"}`).Want(b.t, 200))
	delete(b.cookies, "__Host-souk") // used up
	b.shop.Know("somebody", tokens.Access)
	return apptest.Read[map[string]any](b.t, b.shop.Call(b.t, "somebody", "GET", "/me", "").Want(b.t, 200))
}

var action = regexp.MustCompile(`action="([^"]+)"`)

// agree signs in at the certified provider's pages and lets the shop know, in a
// browser of its own, until the provider leads back to the shop.
func agree(t *testing.T, page, login string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	there := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "shop.test" {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := there.Get(page)
	for range 3 {
		if err != nil {
			t.Fatal(err)
		}
		text := text(t, response)
		if back != nil {
			return back
		}
		form := action.FindStringSubmatch(text)
		if form == nil {
			t.Fatalf("no form on the provider's page: %s", text)
		}
		to, err := response.Request.URL.Parse(form[1])
		if err != nil {
			t.Fatal(err)
		}
		filled := url.Values{"prompt": {"login"}, "login": {login}, "password": {"any"}}
		if strings.Contains(text, `value="consent"`) {
			filled = url.Values{"prompt": {"consent"}}
		}
		response, err = there.PostForm(to.String(), filled) //nolint:bodyclose // text closes it
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = response.Body.Close()
	if back == nil {
		t.Fatal("the provider did not lead back")
	}
	return back
}

// scalar reads one value of the shop's database.
func scalar[T any](t *testing.T, shop *apptest.App, sql string, args pgx.NamedArgs) T {
	t.Helper()
	value, err := postgres.Scalar[T](t.Context(), shop.DB, sql, args)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func object(t *testing.T, text string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
