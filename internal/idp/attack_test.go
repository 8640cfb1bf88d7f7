package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/id"
	"souk/internal/idp"
)

// wantRefused fails unless the shop led to the sign-in page with a code, and
// nobody is signed in or known.
func wantRefused(t *testing.T, b *browser, to, code string) {
	t.Helper()
	if to != "/account/sign-in?error="+code {
		t.Errorf("led to %s, want error %s", to, code)
	}
	if b.cookies["__Host-souk"] != "" {
		t.Error("signed in")
	}
	b.shop.WantRows(t, "oidc_identities", 0)
}

// What comes back must belong to what this browser began.
func TestTheStateBelongsToTheBrowser(t *testing.T) {
	shop := open(t)
	issuer := house(t)
	provider(t, shop, "house", idp.OIDC, issuer, withSecret)
	provider(t, shop, "second", idp.OIDC, issuer, withSecret)
	for name, attack := range map[string]func(b *browser, back *url.URL){
		"another state":         func(_ *browser, back *url.URL) { change(back, "state", "another") },
		"no state":              func(_ *browser, back *url.URL) { change(back, "state", "") },
		"the state twice":       func(_ *browser, back *url.URL) { back.RawQuery += "&state=" + back.Query().Get("state") },
		"the code twice":        func(_ *browser, back *url.URL) { back.RawQuery += "&code=x" },
		"no cookie":             func(b *browser, _ *url.URL) { clear(b.cookies) },
		"a cookie of one's own": func(b *browser, _ *url.URL) { b.cookies["__Host-souk-oidc"] = "bm90IHNlYWxlZCBieSB0aGUgc2hvcA" },
		"the cookie of another attempt": func(b *browser, _ *url.URL) {
			other := surf(t, shop)
			other.start("house", "")
			b.cookies = other.cookies
		},
		"too late": func(*browser, *url.URL) { shop.Time.Advance(10 * time.Minute) },
		"the code of another provider": func(_ *browser, back *url.URL) {
			back.Path = strings.Replace(back.Path, "house", "second", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := surf(t, shop)
			b.t = t
			back := agree(t, b.start("house", ""), "ann@house.example")
			attack(b, back)
			wantRefused(t, b, b.comeBack(back), "invalid_state")
		})
	}
}

// A code works once, even where the browser kept its cookie.
func TestACodeWorksOnce(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	b := surf(t, shop)
	back := agree(t, b.start("house", ""), "ann@house.example")
	kept := b.cookies["__Host-souk-oidc"]
	if to := b.comeBack(back); to != "/account" {
		t.Fatalf("led to %s", to)
	}
	delete(b.cookies, "__Host-souk")
	if to := b.comeBack(back); to != "/account/sign-in?error=invalid_state" {
		t.Errorf("the second time led to %s", to)
	}
	b.cookies["__Host-souk-oidc"] = kept
	if to := b.comeBack(back); to != "/account/sign-in?error=provider_error" || b.cookies["__Host-souk"] != "" {
		t.Errorf("with the cookie it led to %s", to)
	}
}

// The certified provider names itself in its answer, so an answer that does not,
// or names another, is another's (RFC 9207).
func TestTheAnswerNamesItsIssuer(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	for _, iss := range []string{"", "https://evil.example"} {
		b := surf(t, shop)
		back := agree(t, b.start("house", ""), "ann@house.example")
		if back.Query().Get("iss") == "" {
			t.Fatal("the provider does not name itself: this test proves nothing")
		}
		change(back, "iss", iss)
		wantRefused(t, b, b.comeBack(back), "provider_error")
	}
}

// What a provider may say no with, and who hears it.
func TestAProviderSaysNo(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	for said, want := range map[string]string{
		"access_denied": "access_denied", "server_error": "provider_error", "<script>alert(1)</script>": "provider_error", "": "provider_error",
	} {
		b := surf(t, shop)
		state := parse(t, b.start("house", "")).Query().Get("state")
		back := parse(t, base+"/auth/oidc/house/callback?"+url.Values{
			"state": {state}, "error": {said}, "error_description": {"<b>words of the provider</b>"}, "iss": {issuerOf(t, shop)},
		}.Encode())
		wantRefused(t, b, b.comeBack(back), want)
	}
}

func issuerOf(t *testing.T, shop *apptest.App) string {
	t.Helper()
	return scalar[string](t, shop, `SELECT issuer FROM login_providers WHERE slug = 'house'`, nil)
}

// An ID token counts when the provider's key has signed it, for us, for this
// attempt, and lately.
func TestForgedTokens(t *testing.T) {
	shop := open(t)
	other := lie(t)
	for name, forge := range map[string]func(l *liar){
		"another nonce":       func(l *liar) { l.claims = func(c jwt.MapClaims) { c["nonce"] = "another" } },
		"no nonce":            func(l *liar) { l.claims = func(c jwt.MapClaims) { delete(c, "nonce") } },
		"another issuer":      func(l *liar) { l.claims = func(c jwt.MapClaims) { c["iss"] = other.URL } },
		"another audience":    func(l *liar) { l.claims = func(c jwt.MapClaims) { c["aud"] = "another" } },
		"two audiences":       func(l *liar) { l.claims = func(c jwt.MapClaims) { c["aud"] = []string{"souk", "another"} } },
		"another party":       func(l *liar) { l.claims = func(c jwt.MapClaims) { c["azp"] = "another" } },
		"expired":             func(l *liar) { l.claims = func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() } },
		"no expiry":           func(l *liar) { l.claims = func(c jwt.MapClaims) { delete(c, "exp") } },
		"no subject":          func(l *liar) { l.claims = func(c jwt.MapClaims) { delete(c, "sub") } },
		"a very long subject": func(l *liar) { l.claims = func(c jwt.MapClaims) { c["sub"] = strings.Repeat("s", 301) } },
		"another token":       func(l *liar) { l.claims = func(c jwt.MapClaims) { c["at_hash"] = "bm90IHRoZSBoYXNo" } },
		"no signature": func(l *liar) {
			l.sign = func(t *testing.T, c jwt.MapClaims) string {
				return signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, c)
			}
		},
		"signed with the public key": func(l *liar) {
			l.sign = func(t *testing.T, c jwt.MapClaims) string {
				return signed(t, jwt.SigningMethodHS256, l.key.N.Bytes(), c)
			}
		},
		"signed with the client secret": func(l *liar) {
			l.sign = func(t *testing.T, c jwt.MapClaims) string {
				return signed(t, jwt.SigningMethodHS256, []byte("a secret of the shop"), c)
			}
		},
		"signed by another": func(l *liar) {
			l.sign = func(t *testing.T, c jwt.MapClaims) string { return signed(t, jwt.SigningMethodRS256, other.key, c) }
		},
		"no token":  func(l *liar) { l.sign = func(*testing.T, jwt.MapClaims) string { return "" } },
		"no sense":  func(l *liar) { l.sign = func(*testing.T, jwt.MapClaims) string { return "a.b.c" } },
		"no claims": func(l *liar) { l.claims = func(c jwt.MapClaims) { clear(c) } },
	} {
		t.Run(name, func(t *testing.T) {
			l := lie(t)
			slug := strings.ReplaceAll(name, " ", "-")
			provider(t, shop, slug, idp.OIDC, l.URL, withSecret)
			forge(l)
			b := surf(t, shop)
			b.t = t
			wantRefused(t, b, b.comeBack(visit(t, b.start(slug, ""))), "provider_error")

			l.claims = nil
			l.sign = func(t *testing.T, c jwt.MapClaims) string { return signed(t, jwt.SigningMethodRS256, l.key, c) }
			if to := b.comeBack(visit(t, b.start(slug, ""))); to != "/account" && to != "/account/sign-in?error=account_exists" {
				t.Errorf("without the forgery it led to %s: this test proves nothing", to)
			}
			forget(t, shop)
		})
	}
}

// forget lets the next case begin with nobody connected.
func forget(t *testing.T, shop *apptest.App) {
	t.Helper()
	ann := scalar[id.User](t, shop, `SELECT id FROM users WHERE email = 'ann@elsewhere.example'`, nil)
	shop.InTx(t, func(tx pgx.Tx) error { return shop.Logins.Forget(t.Context(), tx, ann) })
}

// One who does not tell an e-mail, or tells none that is one, gets no account.
func TestNoEmail(t *testing.T) {
	shop := open(t)
	l := lie(t)
	provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	for _, email := range []any{nil, "", "no e-mail", "a@b.example\r\nBcc: c@d.example", "Ann <ann@elsewhere.example>"} {
		l.claims = func(c jwt.MapClaims) { c["email"] = email }
		b := surf(t, shop)
		wantRefused(t, b, b.comeBack(visit(t, b.start("liar", ""))), "email_missing")
	}
}

// An account follows the subject and not the e-mail: who has given up an address
// has not given up the account, and who has taken it over has not got one.
func TestTheSubjectIsWhoTheyAre(t *testing.T) {
	shop := open(t)
	l := lie(t)
	provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	b := surf(t, shop)
	b.comeBack(visit(t, b.start("liar", "")))
	ann := b.me()["id"]
	l.claims = func(c jwt.MapClaims) { c["email"] = "renamed@elsewhere.example" }
	b.comeBack(visit(t, b.start("liar", "")))
	if me := b.me(); me["id"] != ann || me["email"] != "ann@elsewhere.example" {
		t.Errorf("renamed, she is %v", me)
	}
	l.claims = func(c jwt.MapClaims) { c["sub"] = "subject-2" }
	if to := b.comeBack(visit(t, b.start("liar", ""))); to != "/account/sign-in?error=account_exists" {
		t.Errorf("another with her address was led to %s", to)
	}
}

// A provider that is down or slow stops nobody from signing in another way, and
// is not asked again at once.
func TestAProviderThatIsDown(t *testing.T) {
	shop := open(t)
	l := lie(t)
	provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	l.down = true
	answer := shop.Call(t, "", "GET", "/auth/oidc/liar/start", "").Want(t, 503)
	if answer.Code() != "provider_unavailable" || answer.Header.Get("Retry-After") == "" || strings.Contains(answer.Body, "maintenance") {
		t.Errorf("answered %v %s", answer.Header, answer.Body)
	}
	if to := shop.Call(t, "", "GET", "/auth/oidc/liar/start", "", "Accept", "text/html,*/*").Want(t, 303).Header.Get("Location"); to != "/account/sign-in?error=provider_unavailable" {
		t.Errorf("a browser was led to %s", to)
	}
	l.down = false
	shop.Call(t, "", "GET", "/auth/oidc/liar/start", "").Want(t, 503) // left in peace
	shop.Time.Advance(10 * time.Second)
	b := surf(t, shop)
	page := b.start("liar", "")
	back := visit(t, page)
	l.down = true
	wantRefused(t, b, b.comeBack(back), "provider_unavailable") // while the browser was away
	shop.Time.Advance(2 * time.Hour)
	b.start("liar", "") // what it said before is good
	shop.User(t, "ann")
	shop.Call(t, "", "GET", "/auth/oidc", "").Want(t, 200, `"slug":"liar"`)
}

// A provider that does not answer is given up on; nothing waits for it but the
// browser that asked.
func TestAProviderThatIsSlow(t *testing.T) {
	shop := open(t)
	shop.Logins.Outbound.Timeout = 50 * time.Millisecond
	l := lie(t)
	provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	l.wait = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
	if got := shop.Call(t, "", "GET", "/auth/oidc/liar/start", "").Want(t, 503).Code(); got != "provider_unavailable" {
		t.Errorf("answered %s", got)
	}
}

// A provider's document is not believed where it speaks for another, or leads
// the shop inside.
func TestBadDiscovery(t *testing.T) {
	shop := open(t)
	for name, lie := range map[string]struct {
		l      *liar
		change func(map[string]any)
	}{
		"another issuer":  {lie(t), func(d map[string]any) { d["issuer"] = "https://accounts.google.com" }},
		"a page for code": {lie(t), func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" }},
	} {
		slug := strings.ReplaceAll(name, " ", "-")
		provider(t, shop, slug, idp.OIDC, lie.l.URL, withSecret)
		lie.l.document = lie.change
		if got := shop.Call(t, "", "GET", "/auth/oidc/"+slug+"/start", "").Want(t, 503).Code(); got != "provider_error" {
			t.Errorf("%s: answered %s", name, got)
		}
	}
}

func change(u *url.URL, name, value string) {
	q := u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
}
