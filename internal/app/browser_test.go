package app_test

import (
	"testing"

	"github.com/pquerna/otp/totp"

	"souk/internal/app/apptest"
	"souk/internal/clock"
	"souk/internal/platform/pgtest"
)

// A wrong password is told at the form, and nobody gets in.
func TestSignInPage(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	b := shop.Browser(t)
	b.Open("/account/sign-in")
	b.Type("[name=name]", "nobody@example.com")
	b.Type("[name=password]", "quite wrong words")
	b.Click("#password .primary")
	b.Sees("#notice", "do not belong together")
	b.Picture("sign-in-wrong")
}

// Somebody signs up in a browser, sets up a passkey and an authenticator app,
// and comes back with each of them; the refresh token is in no script's reach.
func TestAccountPages(t *testing.T) {
	t.Parallel()
	shop := apptest.Run(t, pgtest.DB(t))
	b := shop.Browser(t)
	b.Authenticator()

	b.Open("/account")
	b.At("/account/sign-in")
	b.Open("/account/register")
	b.Type("[name=username]", "ann")
	b.Type("[name=email]", "ann@example.com")
	b.Type("[name=password]", "short")
	b.Click("#register .primary")
	b.Sees(".wrong", "at least 10 characters")
	b.Picture("register-wrong")
	b.Type("[name=password]", "seven purple lanterns")
	b.Click("#register .primary")
	b.At("/account")
	b.Sees("#who", "ann")
	b.Sees("#mailbox", "not verified yet")
	if cookie := b.Read("document.cookie"); cookie != "" {
		t.Errorf("scripts can read the cookie %s", cookie)
	}

	b.Click("#add-passkey")
	b.Sees("#notice", "passkey is ready")
	b.Click("#add-totp")
	b.Sees("#totp", "Scan this")
	b.Type("#totp [name=code]", oneTimeCode(t, b.Read(`document.querySelector("#totp-secret").textContent`)))
	b.Click("#totp .primary")
	b.Sees("#recovery", "Keep these recovery codes")
	b.Picture("account")
	recovery := b.Read(`document.querySelector("#codes li").textContent`)

	b.Click("#sign-out")
	b.At("/account/sign-in")
	b.Click("#passkey")
	b.At("/account")
	b.Sees("#who", "ann")

	b.Click("#sign-out")
	b.At("/account/sign-in")
	b.Type("[name=name]", "ann@example.com")
	b.Type("[name=password]", "seven purple lanterns")
	b.Click("#password .primary")
	b.Sees("#otp", "authenticator app")
	b.Picture("sign-in-otp")
	b.Type("[name=otp]", recovery)
	b.Click("#otp .primary")
	b.At("/account")
	b.Sees("#totp-state", "9 recovery codes")
}

// oneTimeCode is what an authenticator app shows now.
func oneTimeCode(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, clock.System{}.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}
