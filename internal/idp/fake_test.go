package idp_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// liar is an OpenID provider, or GitHub, by what they publish: it checks what it
// is asked as they do, and signs with a key of its own. Unlike the certified
// provider it says whatever a test wants.
type liar struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu     sync.Mutex
	asked  map[string]url.Values // by code: the request for it
	issuer string                // in its document and its tokens; its address unless told

	// What a test changes.
	claims   func(jwt.MapClaims)                               // of an ID token
	sign     func(*testing.T, jwt.MapClaims) string            // an ID token
	document func(map[string]any)                              // of discovery
	down     bool                                              // says 503 to all
	appleKey *ecdsa.PublicKey                                  // checks the client secret as Apple does
	emails   string                                            // of GitHub's user
	user     string                                            // that Apple posts
	wait     func(w http.ResponseWriter, r *http.Request) bool // true when it has answered
}

func lie(t *testing.T) *liar {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{key: key, asked: map[string]url.Values{}}
	l.sign = func(t *testing.T, c jwt.MapClaims) string { return signed(t, jwt.SigningMethodRS256, l.key, c) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { l.discovery(t, w) })
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { l.keys(t, w) })
	mux.HandleFunc("GET /authorize", l.authorize)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { l.token(t, w, r) })
	mux.HandleFunc("GET /login/oauth/authorize", l.authorize)
	mux.HandleFunc("POST /login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) { l.gitHubToken(t, w, r) })
	mux.HandleFunc("GET /api/v3/user", func(w http.ResponseWriter, r *http.Request) {
		l.gitHubSays(t, w, r, `{"id": 583231, "login": "octo", "name": "Octo"}`)
	})
	mux.HandleFunc("GET /api/v3/user/emails", func(w http.ResponseWriter, r *http.Request) { l.gitHubSays(t, w, r, l.emails) })
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case l.down:
			http.Error(w, "down for <b>maintenance</b>", http.StatusServiceUnavailable)
		case l.wait != nil && l.wait(w, r):
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(l.Close)
	l.issuer = l.URL
	return l
}

func signed(t *testing.T, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = "one"
	text, err := token.SignedString(key)
	if err != nil {
		t.Error(err)
	}
	return text
}

func (l *liar) discovery(t *testing.T, w http.ResponseWriter) {
	document := map[string]any{
		"issuer": l.issuer, "authorization_endpoint": l.URL + "/authorize", "token_endpoint": l.URL + "/token", "jwks_uri": l.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	if l.document != nil {
		l.document(document)
	}
	answerJSON(t, w, http.StatusOK, document)
}

func (l *liar) keys(t *testing.T, w http.ResponseWriter) {
	answerJSON(t, w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(l.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(l.key.E)).Bytes()),
	}}})
}

// authorize lets everybody in at once. With form_post it gives a page whose
// fields the browser would post, as Apple does.
func (l *liar) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	code := rand.Text()
	l.mu.Lock()
	l.asked[code] = asked
	l.mu.Unlock()
	back := url.Values{"code": {code}, "state": {asked.Get("state")}}
	if asked.Get("response_mode") == "form_post" {
		if l.user != "" {
			back.Set("user", l.user)
		}
		_, _ = io.WriteString(w, back.Encode()) // what the page would post
		return
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// redeem checks a code as RFC 6749 and RFC 7636 want it; each is good once.
func (l *liar) redeem(r *http.Request) (asked url.Values, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked, ok = l.asked[r.FormValue("code")]
	delete(l.asked, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	return asked, ok && asked.Get("code_challenge_method") == "S256" && asked.Get("code_challenge") == base64.RawURLEncoding.EncodeToString(challenge[:]) &&
		asked.Get("redirect_uri") == r.FormValue("redirect_uri") && r.FormValue("grant_type") == "authorization_code"
}

func (l *liar) token(t *testing.T, w http.ResponseWriter, r *http.Request) {
	if !l.knows(r) {
		answerJSON(t, w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	asked, ok := l.redeem(r)
	if !ok {
		answerJSON(t, w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := jwt.MapClaims{
		"iss": l.issuer, "aud": "souk", "sub": "subject-1", "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"email": "ann@elsewhere.example", "email_verified": true, "name": "Ann Elsewhere",
	}
	if l.claims != nil {
		l.claims(claims)
	}
	answerJSON(t, w, http.StatusOK, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": l.sign(t, claims)})
}

// knows checks the client's secret; Apple's is a token that the client signs.
func (l *liar) knows(r *http.Request) bool {
	name, secret, basic := r.BasicAuth()
	if l.appleKey == nil {
		return basic && name == "souk" && secret == url.QueryEscape("a secret of the shop")
	}
	var c jwt.RegisteredClaims
	token, err := jwt.ParseWithClaims(r.FormValue("client_secret"), &c, func(*jwt.Token) (any, error) { return l.appleKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(l.issuer), jwt.WithIssuer("TEAM123456"), jwt.WithSubject("souk"), jwt.WithExpirationRequired())
	return err == nil && !basic && token.Header["kid"] == "KEY1234567" && r.FormValue("client_id") == "souk" && time.Until(c.ExpiresAt.Time) < 180*24*time.Hour
}

// gitHubToken says no with 200, as GitHub does.
func (l *liar) gitHubToken(t *testing.T, w http.ResponseWriter, r *http.Request) {
	if r.FormValue("client_id") != "souk" || r.FormValue("client_secret") != "a secret of the shop" {
		answerJSON(t, w, http.StatusOK, map[string]string{"error": "incorrect_client_credentials"})
		return
	}
	if _, ok := l.redeem(r); !ok {
		answerJSON(t, w, http.StatusOK, map[string]string{"error": "bad_verification_code"})
		return
	}
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	_, _ = io.WriteString(w, "access_token=gho_16C7e42F&scope=read%3Auser%2Cuser%3Aemail&token_type=bearer")
}

func (l *liar) gitHubSays(t *testing.T, w http.ResponseWriter, r *http.Request, text string) {
	if r.Header.Get("Authorization") != "Bearer gho_16C7e42F" || r.Header.Get("User-Agent") == "" || r.Header.Get("Accept") != "application/vnd.github+json" {
		answerJSON(t, w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		return
	}
	answerJSON(t, w, http.StatusOK, json.RawMessage(text))
}

func answerJSON(t *testing.T, w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		t.Error(err)
	}
}

// visit opens a page of the liar and is where it leads.
func visit(t *testing.T, page string) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: stay}
	response, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	if form := text(t, response); response.StatusCode == http.StatusOK {
		return &url.URL{Path: "form", RawQuery: form}
	}
	return parse(t, response.Header.Get("Location"))
}

func text(t *testing.T, response *http.Response) string {
	t.Helper()
	defer func() { _ = response.Body.Close() }()
	var b strings.Builder
	if _, err := io.Copy(&b, response.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
