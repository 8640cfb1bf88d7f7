package accounts

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/postgres"
)

// cookie is what an answer sets for the refresh token, nil when it sets nothing.
func (a answer) cookie(t *testing.T) *http.Cookie {
	t.Helper()
	set := a.Header.Values("Set-Cookie")
	if len(set) == 0 {
		return nil
	}
	c, err := http.ParseSetCookie(set[0])
	if err != nil || len(set) > 1 || c.Name != refreshCookie {
		t.Fatalf("cookies %q, %v", set, err)
	}
	return c
}

func (a answer) wantDropped(t *testing.T) {
	t.Helper()
	if c := a.cookie(t); c == nil || c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the cookie is not taken away: %v", c)
	}
}

func (d *door) logIn(t *testing.T, name, more string, headers ...string) answer {
	t.Helper()
	return d.call(t, "", "POST", "/api/v1/auth/login", `{"username":"`+name+`","password":"`+goodPassword+`"`+more+`}`, headers...).want(t, 200)
}

func (d *door) refreshByCookie(t *testing.T, c *http.Cookie) answer {
	t.Helper()
	return d.call(t, "", "POST", "/api/v1/auth/refresh", `{}`, "Cookie", c.Name+"="+c.Value)
}

// A page of the shop never sees its refresh token: it is in a cookie that only
// this host gets, by TLS, and no script reads.
func TestTheRefreshTokenOfABrowserIsInACookie(t *testing.T) {
	d := serve(t)
	boss := d.signUp(t, "boss")
	d.signUp(t, "ann")
	makeAdmin(t, d.Users, boss.User.ID)
	for _, test := range []struct {
		name, user, more string
		site             http.SameSite
		stays            time.Duration
	}{
		{"a customer", "ann", `,"cookie":true`, http.SameSiteLaxMode, 30 * 24 * time.Hour},
		{"a customer who is not remembered", "ann", `,"cookie":true,"remember":false`, http.SameSiteLaxMode, 0},
		{"staff", "boss", `,"cookie":true`, http.SameSiteStrictMode, 12 * time.Hour},
	} {
		a := d.logIn(t, test.user, test.more)
		c := a.cookie(t)
		if c == nil || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != test.site || c.MaxAge != int(test.stays.Seconds()) {
			t.Errorf("%s: %v", test.name, c)
		}
		if strings.Contains(a.Body, "refresh_token") {
			t.Errorf("%s: the answer shows it: %s", test.name, a.Body)
		}
		next := d.refreshByCookie(t, c).want(t, 200, `"access_token"`)
		if n := next.cookie(t); n == nil || n.Value == c.Value || n.MaxAge != c.MaxAge || n.SameSite != c.SameSite || strings.Contains(next.Body, "refresh_token") {
			t.Errorf("%s, the next: %v %s", test.name, n, next.Body)
		}
	}
	if c := d.logIn(t, "ann", "").cookie(t); c != nil {
		t.Errorf("one who did not ask gets a cookie: %v", c)
	}
}

// Bad input 100: a browser that brings a cookie gets another session all the
// same, and a cookie that is good for nothing is taken away.
func TestCookiesThatAreGoodForNothing(t *testing.T) {
	d := serve(t)
	ann := d.signUp(t, "ann")
	fixed := d.logIn(t, "ann", `,"cookie":true`).cookie(t)
	mine := d.logIn(t, "ann", `,"cookie":true`, "Cookie", fixed.Name+"="+fixed.Value)
	if c := mine.cookie(t); c == nil || c.Value == fixed.Value {
		t.Errorf("the session was chosen beforehand: %v", c)
	}
	sessions, err := postgres.Scalar[int](t.Context(), d.DB, `SELECT count(*)::int FROM sessions`, nil)
	if err != nil || sessions != 3 {
		t.Errorf("%d sessions, want one for each sign-in: %v", sessions, err)
	}

	keep := read[SignIn](t, mine)
	d.call(t, keep.AccessToken, "POST", "/api/v1/auth/password/change",
		`{"current_password":"`+goodPassword+`","new_password":"`+otherPassword+`"}`).want(t, 204)
	d.refreshByCookie(t, fixed).want(t, 401, `"code":"invalid_refresh_token"`).wantDropped(t)
	next := d.refreshByCookie(t, mine.cookie(t)).want(t, 200)

	change(t, d.Users, func(tx pgx.Tx) error {
		return d.Disable(auth.With(t.Context(), auth.Actor{System: "test"}), tx, ann.User.ID)
	})
	d.refreshByCookie(t, next.cookie(t)).want(t, 401, `"code":"invalid_refresh_token"`).wantDropped(t)
	d.refreshByCookie(t, &http.Cookie{Name: refreshCookie, Value: "souk_rt_x"}).want(t, 401).wantDropped(t)

	// One who keeps the token themselves has no cookie to lose.
	if c := d.call(t, "", "POST", "/api/v1/auth/refresh", `{"refresh_token":"souk_rt_x"}`).want(t, 401).cookie(t); c != nil {
		t.Errorf("a cookie is taken from one who has none: %v", c)
	}
}

func TestLogoutTakesTheCookieAway(t *testing.T) {
	d := serve(t)
	ann := d.signUp(t, "ann")
	d.call(t, ann.AccessToken, "POST", "/api/v1/auth/logout", "").want(t, 204).wantDropped(t)
}

// A browser that is not to remember is signed out after 12 hours, however busy.
func TestWhoIsNotRememberedIsSignedOutSoon(t *testing.T) {
	d := serve(t)
	d.signUp(t, "ann")
	c := d.logIn(t, "ann", `,"cookie":true,"remember":false`).cookie(t)
	for range 11 {
		d.clock.Advance(time.Hour)
		c = d.refreshByCookie(t, c).want(t, 200).cookie(t)
	}
	d.clock.Advance(time.Hour)
	d.refreshByCookie(t, c).want(t, 401).wantDropped(t)
}
