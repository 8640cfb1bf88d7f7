package idp_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pquerna/otp/totp"

	"souk/internal/app/apptest"
	"souk/internal/idp"
)

// A provider's word stands for the password and for no more: who has set up a
// second factor is asked for it, in the browser that came back, and for five
// minutes.
func TestASecondFactorIsAskedFor(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	b := surf(t, shop)
	b.signIn("house", "ann@house.example")
	ann := b.me()["id"]
	secret := object(t, shop.Call(t, "somebody", "POST", "/me/mfa/totp", "").Want(t, 200).Body)["secret"].(string)
	code := func() string {
		t.Helper()
		shop.Time.Advance(30 * time.Second) // each works once
		text, err := totp.GenerateCode(secret, shop.Time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	shop.Call(t, "somebody", "POST", "/me/mfa/totp/confirm", `{"code": "`+code()+`"}`).Want(t, 200)

	const asks = "/account/sign-in?otp=1&return_to=%2Fcart"
	if to := b.signIn("house", "ann@house.example"); to != asks {
		t.Fatalf("led to %s", to)
	}
	if b.cookies["__Host-souk"] != "" {
		t.Fatal("signed in without it")
	}
	finish := func(b *browser, code string, status int) apptest.Answer {
		t.Helper()
		return b.call("", "POST", "/auth/oidc/otp", `{"otp": "`+code+`", "cookie": true}`).Want(t, status)
	}
	finish(surf(t, shop), code(), 400) // another browser
	mixed := surf(t, shop)
	mixed.start("house", "")
	mixed.cookies["__Host-souk-mfa"] = mixed.cookies["__Host-souk-oidc"]
	finish(mixed, code(), 400) // one cookie is not the other
	if got := finish(b, "000000", 401).Code(); got != "invalid_otp" {
		t.Errorf("a wrong code is %s", got)
	}
	used := code()
	done := object(t, finish(b, used, 200).Body)
	if done["return_to"] != "/cart" || done["refresh_token"] != nil || done["access_token"] == nil || b.cookies["__Host-souk-mfa"] != "" {
		t.Errorf("answered %v", done)
	}
	if me := b.me(); me["id"] != ann {
		t.Errorf("signed in %v", me)
	}

	b.signIn("house", "ann@house.example")
	finish(b, used, 401) // was used
	shop.Time.Advance(5 * time.Minute)
	finish(b, code(), 400) // too late
}

// Where the shop wants mailboxes proven first, a provider that has not verified
// one makes an account and lets nobody in.
func TestTheMailboxComesFirst(t *testing.T) {
	shop := open(t)
	provider(t, shop, "house", idp.OIDC, house(t), withSecret)
	tag := shop.Call(t, apptest.Admin, "GET", "/admin/settings", "").Want(t, 200).Header.Get("ETag")
	shop.Call(t, apptest.Admin, "PATCH", "/admin/settings", `{"settings": {"accounts.verify_email": true}}`, "If-Match", tag).Want(t, 200)
	for range 2 {
		b := surf(t, shop)
		if to := b.signIn("house", "unproven@house.example"); to != "/account/sign-in?error=email_unverified" || b.cookies["__Host-souk"] != "" {
			t.Errorf("led to %s", to)
		}
	}
	if to := surf(t, shop).signIn("house", "ann@house.example"); to != "/cart" {
		t.Errorf("one that is verified was led to %s", to)
	}
}

// Nobody's mailbox is flooded by whoever claims it at a provider.
func TestClaimsDoNotFloodAMailbox(t *testing.T) {
	shop := open(t)
	l := lie(t)
	provider(t, shop, "liar", idp.OIDC, l.URL, withSecret)
	b := surf(t, shop)
	b.comeBack(visit(t, b.start("liar", "")))
	l.claims = func(c jwt.MapClaims) { c["sub"] = "another" }
	for range 20 {
		if to := b.comeBack(visit(t, b.start("liar", ""))); to != "/account/sign-in?error=account_exists" {
			t.Fatalf("led to %s", to)
		}
	}
	if got := scalar[int](t, shop, `SELECT count(*)::int FROM mail_requests`, nil); got == 0 || got > 5 {
		t.Errorf("%d mails were asked for", got)
	}
}
