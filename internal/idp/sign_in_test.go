package idp_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/idp"
)

// Somebody new comes by a certified provider, gets an account, and comes back to
// the same one.
func TestSignInElsewhere(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	b := surf(t, shop)
	page := parse(t, b.start("house", "?return_to=/cart%3Fa%3Db"))
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "souk", "redirect_uri": base + "/auth/oidc/house/callback",
		"scope": "openid email profile", "code_challenge_method": "S256", "response_mode": "",
	} {
		if got := page.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if q := page.Query(); len(q.Get("state")) < 20 || len(q.Get("nonce")) < 20 || len(q.Get("code_challenge")) != 43 {
		t.Errorf("the request lacks a secret: %s", page)
	}
	if to := b.comeBack(agree(t, page.String(), "ann@house.example")); to != "/cart?a=b" {
		t.Fatalf("led to %s", to)
	}
	if b.cookies["__Host-souk-oidc"] != "" {
		t.Error("the attempt's cookie stays")
	}
	me := b.me()
	if me["email"] != "ann@house.example" || me["email_verified"] != true || me["name"] != "ann@house.example of the house" || me["username"] != "ann" {
		t.Errorf("the account is %v", me)
	}
	if got := scalar[string](t, shop, `SELECT method FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = 'ann@house.example')`, nil); got != "external" {
		t.Errorf("the session was begun by %s", got)
	}

	if n := scalar[int](t, shop, `SELECT count(*)::int FROM audit_log WHERE action = 'auth-finish-oidc' AND subject = @user`, pgx.NamedArgs{"user": me["id"]}); n != 1 {
		t.Errorf("the sign-in stands in the audit trail %d times", n)
	}

	again := surf(t, shop)
	if to := again.signIn("house", "ann@house.example"); to != "/cart" {
		t.Fatalf("the second time led to %s", to)
	}
	if got := again.me()["id"]; got != me["id"] {
		t.Errorf("the second time it is %v, not %v", got, me["id"])
	}
}

// A public client has no secret: the proof of the code is all.
func TestSignInWithoutASecret(t *testing.T) {
	shop := open(t)
	p := provider(t, shop, "house", idp.OIDC, house(t), "")
	shop.Call(t, apptest.Admin, "PATCH", "/admin/login-providers/"+p.ID.String(), `{"client_id": "public"}`, "If-Match", asMade).Want(t, 200)
	if to := surf(t, shop).signIn("house", "ann@house.example"); to != "/cart" {
		t.Errorf("led to %s", to)
	}
}

// An e-mail that somebody here has lets nobody in, whoever vouches for it.
func TestAKnownEmailIsNoWayIn(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	ann := shop.User(t, "ann")
	for _, login := range []string{ann.Email, strings.ToUpper(ann.Email[:1]) + ann.Email[1:]} {
		b := surf(t, shop)
		if to := b.signIn("house", login); to != "/account/sign-in?error=account_exists" {
			t.Fatalf("led to %s", to)
		}
		if b.cookies["__Host-souk"] != "" {
			t.Error("and signed in")
		}
	}
	shop.WantRows(t, "oidc_identities", 0)
	if got := scalar[int](t, shop, `SELECT count(*)::int FROM mail_requests WHERE purpose = 'sign_in' AND lower(name) = lower(@email)`, pgx.NamedArgs{"email": ann.Email}); got != 2 {
		t.Errorf("%d links were asked for the owner, want 2", got)
	}
}

// What the provider has not verified is to be proven to us.
func TestAnUnverifiedEmailStaysUnverified(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	b := surf(t, shop)
	b.signIn("house", "unproven@house.example")
	me := b.me()
	if me["email_verified"] != false {
		t.Errorf("the account is %v", me)
	}
	if got := scalar[int](t, shop, `SELECT count(*)::int FROM mail_tokens WHERE purpose = 'verify_email' AND email = 'unproven@house.example'`, nil); got != 1 {
		t.Errorf("%d links to verify, want 1", got)
	}
}

// Whoever is signed in connects a provider, and then it lets them in.
func TestConnect(t *testing.T) {
	shop := open(t)
	issuer := house(t)
	provider(t, shop, "house", idp.OIDC, issuer, withSecret)
	ann := shop.User(t, "ann")
	b := surf(t, shop)
	connect := func(b *browser, as, login string) string {
		t.Helper()
		url := object(t, b.call(as, "POST", "/me/identities/house/start", `{"return_to": "/account"}`).Want(t, 200).Body)["url"].(string)
		return b.comeBack(agree(t, url, login))
	}
	for range 2 { // the second time is no mistake
		if to := connect(b, "ann", ann.Email); to != "/account" {
			t.Fatalf("led to %s", to)
		}
	}
	if b.cookies["__Host-souk"] != "" {
		t.Error("connecting signed in")
	}
	list := apptest.Read[struct{ Data []idp.Identity }](t, shop.Call(t, "ann", "GET", "/me/identities", "").Want(t, 200)).Data
	if len(list) != 1 || list[0].ProviderName != "The house" || list[0].Provider != "house" || list[0].Email != ann.Email {
		t.Fatalf("connected %+v", list)
	}
	b.signIn("house", ann.Email)
	if me := b.me(); me["id"] != ann.ID.String() {
		t.Errorf("signed in %v", me)
	}

	shop.User(t, "bob")
	if to := connect(surf(t, shop), "bob", ann.Email); to != "/account?error=identity_taken" {
		t.Errorf("taking ann's led to %s", to)
	}
	shop.Call(t, "bob", "DELETE", "/me/identities/"+list[0].ID.String(), "").Want(t, 404)
	shop.Call(t, "ann", "DELETE", "/me/identities/"+list[0].ID.String(), "").Want(t, 204)
	shop.WantRows(t, "oidc_identities", 0)
	if to := b.signIn("house", ann.Email); to != "/account/sign-in?error=account_exists" {
		t.Errorf("once disconnected it led to %s", to)
	}
}

// Who signs out while connecting does not leave the next one at that browser
// connected to their account.
func TestConnectEndsWithTheSession(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	shop.User(t, "ann")
	b := surf(t, shop)
	url := object(t, b.call("ann", "POST", "/me/identities/house/start", `{}`).Want(t, 200).Body)["url"].(string)
	shop.Call(t, "ann", "POST", "/auth/logout", "").Want(t, 204)
	if to := b.comeBack(agree(t, url, "bob@house.example")); to != "/account?error=signed_out" {
		t.Errorf("led to %s", to)
	}
	shop.WantRows(t, "oidc_identities", 0)
}

// Connecting is worth a second proof, and so is disconnecting.
func TestConnectNeedsAFreshProof(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, lie(t).URL, withSecret)
	shop.User(t, "ann")
	shop.Time.Advance(10*time.Minute - time.Second)
	shop.Call(t, "ann", "POST", "/me/identities/house/start", `{}`).Want(t, 200)
	shop.Call(t, "", "POST", "/me/identities/house/start", `{}`).Want(t, 401)
}

// The only way in stays.
func TestTheOnlyWayInStays(t *testing.T) {
	shop := open(t)
	issuer := house(t)
	provider(t, shop, "house", idp.OIDC, issuer, withSecret)
	b := surf(t, shop)
	b.signIn("house", "ann@house.example")
	b.me()
	list := apptest.Read[struct{ Data []idp.Identity }](t, shop.Call(t, "somebody", "GET", "/me/identities", "").Want(t, 200)).Data
	path := "/me/identities/" + list[0].ID.String()
	if got := shop.Call(t, "somebody", "DELETE", path, "").Want(t, 409).Code(); got != "only_sign_in" {
		t.Errorf("refused with %s", got)
	}

	second := provider(t, shop, "second", idp.OIDC, issuer, withSecret)
	url := object(t, b.call("somebody", "POST", "/me/identities/second/start", `{}`).Want(t, 200).Body)["url"].(string)
	if to := b.comeBack(agree(t, url, "ann@house.example")); to != "/account" {
		t.Fatalf("led to %s", to)
	}
	shop.Call(t, apptest.Admin, "PATCH", "/admin/login-providers/"+second.ID.String(), `{"enabled": false}`, "If-Match", asMade).Want(t, 200)
	shop.Call(t, "somebody", "DELETE", path, "").Want(t, 409) // the other one is switched off
	shop.Call(t, apptest.Admin, "PATCH", "/admin/login-providers/"+second.ID.String(), `{"enabled": true}`, "If-Match", `"v2"`).Want(t, 200)
	shop.Call(t, "somebody", "DELETE", path, "").Want(t, 204)
}

// The disabled stay out, and the erased are forgotten.
func TestTheDisabledStayOut(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	b := surf(t, shop)
	b.signIn("house", "ann@house.example")
	user := b.me()["id"].(string)
	shop.Call(t, apptest.Admin, "POST", "/admin/users/"+user+"/disable", "").Want(t, 200)
	if to := b.signIn("house", "ann@house.example"); to != "/account/sign-in?error=account_disabled" {
		t.Errorf("led to %s", to)
	}
}

// Where somebody is sent afterwards is a page of the shop, or of an origin that
// it trusts.
func TestReturnTo(t *testing.T) {
	shop := open(t)
	provider(t, shop, "liar", idp.OIDC, lie(t).URL, withSecret)
	for _, bad := range []string{
		"//evil.example", "https://evil.example", `\\evil.example`, `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "evil", "http:evil.example",
		"https://app.example@evil.example", "https://app.example.evil.example", "http://app.example", "https://app.example:444/", "//", "/a\nb", " //evil.example",
		"https:///evil.example", "/" + strings.Repeat("a", 1000),
	} {
		answer := shop.Call(t, "", "GET", "/auth/oidc/liar/start?return_to="+url.QueryEscape(bad), "")
		if answer.Status != 422 || answer.Code() != "invalid_return_to" {
			t.Errorf("%q: %d %s", bad, answer.Status, answer.Header.Get("Location"))
		}
	}
	for _, good := range []string{"", "/", "/cart?a=b#c", "/a//b", "https://app.example/done?x=1"} {
		b := surf(t, shop)
		want := good
		if want == "" {
			want = "/account"
		}
		if to := b.comeBack(visit(t, b.start("liar", "?return_to="+url.QueryEscape(good)))); to != want {
			t.Errorf("%q led to %q", good, to)
		}
	}
}

// The buttons of the sign-in page are public, in staff's order, and without
// what is switched off.
func TestButtons(t *testing.T) {
	shop := open(t)
	liar := lie(t)
	provider(t, shop, "later", idp.OIDC, liar.URL, withSecret+`, "position": 5`)
	provider(t, shop, "first", idp.GitHub, liar.URL, withSecret)
	off := provider(t, shop, "off", idp.OIDC, liar.URL, withSecret)
	shop.Call(t, apptest.Admin, "PATCH", "/admin/login-providers/"+off.ID.String(), `{"enabled": false}`, "If-Match", asMade).Want(t, 200)
	answer := shop.Call(t, "", "GET", "/auth/oidc", "").Want(t, 200)
	if want := `{"data":[{"slug":"first","name":"The first","preset":"github"},{"slug":"later","name":"The later","preset":"oidc"}],"has_more":false}`; answer.Body != want {
		t.Errorf("answered %s", answer.Body)
	}
	if got := answer.Header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("Cache-Control is %q", got)
	}
	shop.Call(t, "", "GET", "/auth/oidc/off/start", "").Want(t, 404)
	shop.Call(t, "", "GET", "/auth/oidc/none/start", "").Want(t, 404)
}
