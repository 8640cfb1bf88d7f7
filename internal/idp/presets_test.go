package idp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/idp"
)

// appleKey is a key as Apple's developer pages give it out, and what checks its
// signatures.
func appleKey(t *testing.T) (members string, public *ecdsa.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(idp.AppleKey{
		TeamID: "TEAM123456", KeyID: "KEY1234567", PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return `, "apple": ` + string(sent), &key.PublicKey
}

// Apple wants a client secret that we sign, posts its answer from its own page,
// writes booleans as texts and tells a name once.
func TestApple(t *testing.T) {
	shop := open(t)
	l := lie(t)
	members, public := appleKey(t)
	l.appleKey = public
	l.document = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"} }
	l.claims = func(c jwt.MapClaims) { c["email_verified"] = "true"; delete(c, "name") }
	l.user = `{"name": {"firstName": "Ann", "lastName": "Apple"}, "email": "forged@elsewhere.example"}`
	provider(t, shop, "apple", idp.Apple, l.URL, members)

	b := surf(t, shop)
	started := b.call("", "GET", "/auth/oidc/apple/start?return_to=/cart", "").Want(t, 303)
	if cookie := started.Header.Get("Set-Cookie"); !strings.Contains(cookie, "SameSite=None") {
		t.Errorf("no browser sends this cookie with a post of Apple's: %s", cookie)
	}
	page := started.Header.Get("Location")
	if got := parse(t, page).Query().Get("response_mode"); got != "form_post" {
		t.Errorf("response_mode is %q", got)
	}
	form := visit(t, page).RawQuery
	done := b.call("", "POST", "/auth/oidc/apple/callback", form,
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://appleid.apple.com", "Sec-Fetch-Site", "cross-site").Want(t, 303)
	if to := done.Header.Get("Location"); to != "/cart" {
		t.Fatalf("led to %s", to)
	}
	if me := b.me(); me["name"] != "Ann Apple" || me["email"] != "ann@elsewhere.example" || me["email_verified"] != true {
		t.Errorf("the account is %v", me)
	}
	// Posts of other sites reach nothing but this.
	shop.Call(t, "", "POST", "/auth/oidc/otp", `{"otp": "1"}`, "Origin", "https://appleid.apple.com", "Sec-Fetch-Site", "cross-site").Want(t, 403)
}

// A form that nobody here has begun gets nowhere.
func TestAFormFromNowhere(t *testing.T) {
	shop := open(t)
	members, _ := appleKey(t)
	provider(t, shop, "apple", idp.Apple, lie(t).URL, members)
	b := surf(t, shop)
	done := b.call("", "POST", "/auth/oidc/apple/callback", "code=a&state=b",
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").Want(t, 303)
	wantRefused(t, b, done.Header.Get("Location"), "invalid_state")
}

const (
	tenant  = "11111111-2222-4333-8444-555555555555"
	another = "99999999-2222-4333-8444-555555555555"
)

// Microsoft's document for all tenants names no issuer: each token does, and
// must name its own tenant's. An e-mail there is what an administrator wrote,
// unless Microsoft has seen the domain.
func TestMicrosoft(t *testing.T) {
	shop := open(t)
	l := lie(t)
	l.issuer = l.URL + "/{tenantid}/v2.0"
	provider(t, shop, "microsoft", idp.Microsoft, l.URL, withSecret)
	claims := func(iss, tid string, more ...any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) {
			c["iss"], c["tid"] = iss, tid
			for i := 0; i < len(more); i += 2 {
				c[more[i].(string)] = more[i+1]
			}
		}
	}
	for name, bad := range map[string]func(jwt.MapClaims){
		"another tenant's issuer": claims(l.URL+"/"+another+"/v2.0", tenant),
		"no tenant":               claims(l.URL+"/"+tenant+"/v2.0", ""),
		"the template":            claims(l.issuer, "{tenantid}"),
		"a path for a tenant":     claims(l.URL+"/a/../b/v2.0", "a/../b"),
		"another host":            claims("https://evil.example/"+tenant+"/v2.0", tenant),
	} {
		l.claims = bad
		b := surf(t, shop)
		if to := b.comeBack(visit(t, b.start("microsoft", ""))); to != "/account/sign-in?error=provider_error" {
			t.Errorf("%s: led to %s", name, to)
		}
	}
	shop.WantRows(t, "oidc_identities", 0)

	l.claims = claims(l.URL+"/"+tenant+"/v2.0", tenant) // email_verified is true, and nobody here believes it
	b := surf(t, shop)
	b.comeBack(visit(t, b.start("microsoft", "")))
	if me := b.me(); me["email_verified"] != false {
		t.Errorf("the account is %v", me)
	}
	l.claims = claims(l.URL+"/"+another+"/v2.0", another, "email", "bob@elsewhere.example", "xms_edov", 1) // the same subject of another tenant
	b.comeBack(visit(t, b.start("microsoft", "")))
	if me := b.me(); me["email"] != "bob@elsewhere.example" || me["email_verified"] != true {
		t.Errorf("the other tenant's account is %v", me)
	}
	shop.WantRows(t, "oidc_identities", 2)
}

// A document of Microsoft's that sends to another host is none.
func TestMicrosoftElsewhere(t *testing.T) {
	shop := open(t)
	l := lie(t)
	l.issuer = "https://evil.example/{tenantid}/v2.0"
	provider(t, shop, "microsoft", idp.Microsoft, l.URL, withSecret)
	shop.Call(t, "", "GET", "/auth/oidc/microsoft/start", "").Want(t, 503, `"code":"provider_error"`)
}

// GitHub is no OpenID provider: who somebody is, its API says, by a number that
// stays. The primary e-mail counts, verified or not.
func TestGitHub(t *testing.T) {
	shop := open(t)
	l := lie(t)
	provider(t, shop, "github", idp.GitHub, l.URL, withSecret)
	for name, test := range map[string]struct {
		emails, to string
		verified   bool
	}{
		"primary and verified":          {`[{"email": "noise@elsewhere.example", "verified": true}, {"email": "a@elsewhere.example", "primary": true, "verified": true}]`, "/account", true},
		"primary, not verified":         {`[{"email": "a@elsewhere.example", "primary": true, "verified": false}, {"email": "v@elsewhere.example", "verified": true}]`, "/account", false},
		"none":                          {`[]`, "/account/sign-in?error=email_missing", false},
		"an answer that makes no sense": {`{"message": "Not Found"}`, "/account/sign-in?error=provider_error", false},
	} {
		t.Run(name, func(t *testing.T) {
			l.emails = test.emails
			b := surf(t, shop)
			b.t = t
			page := parse(t, b.start("github", ""))
			if page.Query().Get("scope") != "read:user user:email" || page.Query().Get("code_challenge_method") != "S256" {
				t.Errorf("asked for %s", page)
			}
			if to := b.comeBack(visit(t, page.String())); to != test.to {
				t.Fatalf("led to %s, want %s", to, test.to)
			}
			if test.to != "/account" {
				return
			}
			me := b.me()
			if me["email"] != "a@elsewhere.example" || me["email_verified"] != test.verified || me["name"] != "Octo" {
				t.Errorf("the account is %v", me)
			}
			if got := scalar[string](t, shop, `SELECT subject FROM oidc_identities`, nil); got != "583231" {
				t.Errorf("known by %q", got)
			}
			shop.InTx(t, func(tx pgx.Tx) error { return shop.Accounts.Erase(t.Context(), tx, userOf(t, me)) })
			shop.InTx(t, func(tx pgx.Tx) error { return shop.Logins.Forget(t.Context(), tx, userOf(t, me)) })
		})
	}
	l.down = true
	b := surf(t, shop)
	b.start("github", "") // needs no answer of it
	l.down = false
}

// Staff see whether a provider answers and whether it knows the shop, before
// anybody is sent there.
func TestProvidersAreTested(t *testing.T) {
	shop := open(t)
	l, certified := lie(t), house(t)
	members, public := appleKey(t)
	apple := lie(t)
	apple.appleKey = public
	apple.document = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"} }
	mine := provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	for _, test := range []struct {
		name string
		p    idp.Provider
		want idp.Test
	}{
		{"certified", provider(t, shop, "house", idp.OIDC, certified, withSecret), idp.Test{Discovery: "ok", Credentials: "ok"}},
		{"another secret", provider(t, shop, "house-2", idp.OIDC, certified, `, "client_secret": "another"`), idp.Test{Discovery: "ok", Credentials: "refused"}},
		{"GitHub", provider(t, shop, "github", idp.GitHub, l.URL, withSecret), idp.Test{Discovery: "ok", Credentials: "ok"}},
		{"GitHub, another secret", provider(t, shop, "github-2", idp.GitHub, l.URL, `, "client_secret": "another"`), idp.Test{Discovery: "ok", Credentials: "refused"}},
		{"Apple", provider(t, shop, "apple", idp.Apple, apple.URL, members), idp.Test{Discovery: "ok", Credentials: "ok"}},
		{"nobody there", provider(t, shop, "nobody", idp.OIDC, "http://127.0.0.1:1", withSecret), idp.Test{Discovery: "unreachable", Credentials: "unknown"}},
		{"fine", mine, idp.Test{Discovery: "ok", Credentials: "ok"}},
	} {
		if got := apptest.Read[idp.Test](t, shop.Call(t, apptest.Admin, "POST", "/admin/login-providers/"+test.p.ID.String()+"/test", "").Want(t, 200)); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
	l.document = func(d map[string]any) { d["issuer"] = "https://another.example" }
	shop.Call(t, apptest.Admin, "POST", "/admin/login-providers/"+mine.ID.String()+"/test", "").Want(t, 200, `"discovery":"invalid"`)
	l.document, l.wait = nil, func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, certified, http.StatusFound)
		return true
	}
	shop.Call(t, apptest.Admin, "POST", "/admin/login-providers/"+mine.ID.String()+"/test", "").Want(t, 200, `"discovery":"unreachable"`)
}
