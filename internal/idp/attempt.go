package idp

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"souk/internal/id"
)

// attempt is a sign-in that a browser has begun and keeps in a cookie.
type attempt struct {
	Provider id.LoginProvider `json:"provider"`
	State    string           `json:"state"`
	Nonce    string           `json:"nonce"`
	Verifier string           `json:"verifier"`
	ReturnTo string           `json:"return_to"`
	Brief    bool             `json:"brief,omitempty"` // do not remember
	Expires  time.Time        `json:"expires"`

	// Who wants to connect the provider to their account; zero for a sign-in.
	User    id.User    `json:"user,omitzero"`
	Session id.Session `json:"session,omitzero"`
}

// pending is somebody whom a provider vouches for, and whose second factor is
// still to come.
type pending struct {
	User     id.User   `json:"user"`
	ReturnTo string    `json:"return_to"`
	Brief    bool      `json:"brief,omitempty"`
	Expires  time.Time `json:"expires"`
}

// What the cookies are called, how long they are good for, and what their seal
// is for: one is never taken for the other.
const (
	attemptCookie = "__Host-souk-oidc"
	attemptLife   = 10 * time.Minute
	pendingCookie = "__Host-souk-mfa"
	pendingLife   = 5 * time.Minute
)

func (a attempt) links() bool { return !a.User.IsZero() }

// newAttempt has secrets that nobody guesses.
func (p *Providers) newAttempt(provider Provider, returnTo string) attempt {
	return attempt{
		Provider: provider.ID, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		ReturnTo: returnTo, Expires: p.Clock.Now().Add(attemptLife),
	}
}

// keep makes the cookie of an attempt. Apple posts from its own page, and then
// browsers send only cookies that may come from everywhere.
func (p *Providers) keep(a attempt, preset Preset) (*http.Cookie, error) {
	site := http.SameSiteLaxMode
	if preset == Apple {
		site = http.SameSiteNoneMode
	}
	return p.seal(attemptCookie, attemptLife, site, a)
}

// attempt reads the cookie of an attempt, [ErrState] without a good one.
func (p *Providers) attempt(cookie string) (a attempt, err error) {
	if !p.open(attemptCookie, cookie, &a) || !p.Clock.Now().Before(a.Expires) {
		return attempt{}, ErrState
	}
	return a, nil
}

// pending reads the cookie of somebody whose second factor is to come.
func (p *Providers) pending(cookie string) (w pending, err error) {
	if !p.open(pendingCookie, cookie, &w) || !p.Clock.Now().Before(w.Expires) {
		return pending{}, ErrState
	}
	return w, nil
}

func (p *Providers) seal(name string, life time.Duration, site http.SameSite, value any) (*http.Cookie, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	sealed := base64.RawURLEncoding.EncodeToString(p.Vault.Seal("cookie "+name, plain))
	return &http.Cookie{
		Name: name, Value: sealed, Path: "/", MaxAge: int(life.Seconds()), Secure: true, HttpOnly: true, SameSite: site,
	}, nil
}

func (p *Providers) open(name, value string, into any) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return false
	}
	plain, err := p.Vault.Open("cookie "+name, sealed)
	return err == nil && json.Unmarshal(plain, into) == nil
}

// dropped makes the browser forget a cookie.
func dropped(name string) *http.Cookie {
	return &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true}
}

// checkReturnTo lets people be sent to a path of the shop or to an origin that
// staff have listed. Browsers read \ as / and overlook control characters, so
// neither may be there.
func (p *Providers) checkReturnTo(to string) (string, error) {
	if to == "" {
		return "/account", nil
	}
	u, err := url.Parse(to)
	if err != nil || len(to) > 1000 || strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return "", ErrReturnTo
	}
	switch {
	case u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//"):
		return to, nil
	case u.User == nil && slices.Contains(p.Origins, u.Scheme+"://"+u.Host):
		return to, nil
	}
	return "", ErrReturnTo
}
