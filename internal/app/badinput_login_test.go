package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
)

// guess sends a password from an address, again while the shop is busy, and
// returns the status and the code of the answer.
func guess(t *testing.T, a *apptest.App, address, name, password string, headers ...string) string {
	t.Helper()
	for range 10 {
		if answer := guessOnce(t, a, address, name, password, headers...); answer != "503 busy" {
			return answer
		}
	}
	return "503 busy"
}

func guessOnce(t *testing.T, a *apptest.App, address, name, password string, headers ...string) string {
	t.Helper()
	r := a.Request(t, "", "POST", "/auth/login", body(t, map[string]string{"username": name, "password": password}), headers...)
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), address+":1234"
	w := httptest.NewRecorder()
	a.Router.Handler().ServeHTTP(w, r)
	got := apptest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		t.Errorf("429 does not say when to come back: %v", w.Header())
	}
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", got.Code()))
}

// burst makes so many guesses at once, by their number, and counts the answers.
func burst(n int, guess func(i int) string) map[string]int {
	answers := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { answers[i] = guess(i) })
	}
	wg.Wait()
	counts := map[string]int{}
	for _, answer := range answers {
		counts[answer]++
	}
	return counts
}

const (
	wrong     = "401 invalid_credentials"
	throttled = "429 too_many_attempts"
	byMail    = "429 sign_in_by_mail"
)

// Bad input 97: bursts of wrong logins count in full, whichever way they are
// spread, and the owner gets in by mail all the while.
func TestBurstsOfWrongLogins(t *testing.T) {
	t.Parallel()
	for _, flood := range []struct {
		name  string
		guess func(i int) (address, login string)
		want  []map[string]int // of bursts of 50
	}{
		{"one address, one account", func(int) (string, string) { return "203.0.113.9", "@" }, []map[string]int{{wrong: 5, throttled: 45}, {throttled: 50}}},
		{"many addresses, one account", func(i int) (string, string) { return fmt.Sprint("198.51.100.", i), "@" }, []map[string]int{{wrong: 50}, {byMail: 50}}},
		{"one address, many accounts", func(i int) (string, string) { return "203.0.113.9", fmt.Sprint("somebody", i) }, []map[string]int{{wrong: 50}, {wrong: 50}, {throttled: 50}}},
	} {
		t.Run(flood.name, func(t *testing.T) {
			a := apptest.New(t, pgtest.DB(t))
			ann := a.User(t, "ann")
			for round, want := range flood.want {
				got := burst(50, func(i int) string {
					address, login := flood.guess(50*round + i)
					return guess(t, a, address, strings.Replace(login, "@", ann.Username, 1), fmt.Sprint("a wrong password ", i))
				})
				if !maps.Equal(got, want) {
					t.Errorf("burst %d: answered %v, want %v", round+1, got, want)
				}
			}
			a.Call(t, "", "POST", "/auth/link", body(t, map[string]string{"email": ann.Email})).Want(t, 202)
			a.Call(t, "", "POST", "/auth/link/use", body(t, map[string]string{"token": mailedTo(t, a, ann.Email)})).Want(t, 200)
		})
	}
}

// Bad inputs 15 and 97: a guesser counts as the peer that they are, not as whom
// a header names; behind a proxy that the shop trusts, as whom the proxy has seen.
func TestGuessesCountForThePeer(t *testing.T) {
	for _, c := range []struct {
		name, forwarded string   // @ in it is another number each time
		proxies         []string // that are trusted
		want            string   // of the sixth guess
	}{
		{"a stranger's claims", "198.51.100.@", nil, throttled},
		{"a stranger's claim to be the machine itself", "127.0.0.1", nil, throttled},
		{"claims that a proxy passes on", "127.0.0.@, 198.51.100.7", []string{"203.0.113.9"}, throttled},
		{"what a proxy has seen", "198.51.100.@", []string{"203.0.113.9"}, wrong},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := apptest.New(t, pgtest.Tx(t), func(settings *config.Config) { settings.TrustedProxies = c.proxies })
			ann := a.User(t, "ann")
			for i := range 6 {
				want := wrong
				if i == 5 {
					want = c.want
				}
				forwarded := strings.Replace(c.forwarded, "@", fmt.Sprint(i), 1)
				got := guess(t, a, "203.0.113.9", ann.Username, "a wrong password", "X-Forwarded-For", forwarded, "X-Real-Ip", forwarded, "Forwarded", "for="+forwarded)
				if got != want {
					t.Errorf("guess %d is answered %s, want %s", i+1, got, want)
				}
			}
		})
	}
}

// Bad input 98: a refresh token that comes back after its use ends the session
// that it is of, and its owner is told; within ten seconds it is a reply that
// was lost.
func TestAStolenRefreshToken(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann := a.User(t, "ann")
	first := apptest.Read[accounts.SignIn](t, a.Call(t, "", "POST", "/auth/login", body(t, map[string]string{"username": ann.Username, "password": apptest.Password})).Want(t, 200))
	refresh := func(token string) apptest.Answer {
		return a.Call(t, "", "POST", "/auth/refresh", body(t, map[string]string{"refresh_token": token}))
	}
	next := apptest.Read[accounts.Tokens](t, refresh(first.RefreshToken).Want(t, 200))
	a.Time.Advance(10 * time.Second)
	if again := apptest.Read[accounts.Tokens](t, refresh(first.RefreshToken).Want(t, 200)); again.RefreshToken != next.RefreshToken {
		t.Error("a lost reply is another reply")
	}
	a.Know("the owner", next.AccessToken)
	a.Call(t, "the owner", "GET", "/me", "").Want(t, 200)

	a.Time.Advance(time.Second)
	thief := refresh(first.RefreshToken).Want(t, 401, "invalid_refresh_token")
	a.Call(t, "the owner", "GET", "/me", "").Want(t, 401)
	if owner := refresh(next.RefreshToken).Want(t, 401); told(owner) != told(thief) {
		t.Errorf("the thief learns more than the owner: %s\n%s", told(thief), told(owner))
	}
	a.Call(t, "ann", "GET", "/me", "").Want(t, 200) // another session, which nothing was stolen of
	flush(t, a)
	if n := a.Count(t, `SELECT count(*)::int FROM messages WHERE kind = 'session_ended'`, nil); n != 1 {
		t.Errorf("the owner was told %d times", n)
	}
}
