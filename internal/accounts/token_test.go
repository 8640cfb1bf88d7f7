package accounts

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// forge signs an access token like ours after edit has had its way with it.
func forge(t *testing.T, method jwt.SigningMethod, key any, kid string, c claims, edit func(*jwt.Token)) string {
	t.Helper()
	token := jwt.NewWithClaims(method, &c)
	token.Header["typ"], token.Header["kid"] = "at+jwt", kid
	if edit != nil {
		edit(token)
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Bad input 101: a token that we have not signed, for this shop and for now, is
// nobody's.
func TestForgedAccessTokens(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	ann, bob := register(t, u, "ann"), register(t, u, "bob")
	ours, err := u.signingKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	private := ours.private
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var good claims
	if _, _, err := jwt.NewParser().ParseUnverified(ann.AccessToken, &good); err != nil {
		t.Fatal(err)
	}
	with := func(edit func(*claims)) claims { c := good; edit(&c); return c }
	header := func(name string, value any) func(*jwt.Token) {
		return func(t *jwt.Token) { t.Header[name] = value }
	}
	jwk := map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey))}
	parts := strings.Split(ann.AccessToken, ".")

	for name, token := range map[string]string{
		"nothing":                         "",
		"no token":                        "sk_live_0123456789",
		"two parts":                       parts[0] + "." + parts[1],
		"no signature":                    parts[0] + "." + parts[1] + ".",
		"a signature of others":           strings.Join(append(parts[:2:2], strings.Split(bob.AccessToken, ".")[2]), "."),
		"another's claims":                parts[0] + "." + strings.Split(bob.AccessToken, ".")[1] + "." + parts[2],
		"alg none":                        forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, ours.ID, good, nil),
		"HS256 with the public key":       forge(t, jwt.SigningMethodHS256, []byte(private.Public().(ed25519.PublicKey)), ours.ID, good, nil),
		"RS256":                           forge(t, jwt.SigningMethodRS256, rsaKey, ours.ID, good, nil),
		"a stranger's key under our name": forge(t, jwt.SigningMethodEdDSA, stranger, ours.ID, good, nil),
		"a key of nobody":                 forge(t, jwt.SigningMethodEdDSA, stranger, "nobody", good, nil),
		"kid is a path":                   forge(t, jwt.SigningMethodEdDSA, private, "../../../../dev/null", good, nil),
		"kid is SQL":                      forge(t, jwt.SigningMethodEdDSA, private, "' OR 1=1 --", good, nil),
		"kid is a number":                 forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, header("kid", 7)),
		"no kid":                          forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, func(t *jwt.Token) { delete(t.Header, "kid") }),
		"its own key in jwk":              forge(t, jwt.SigningMethodEdDSA, stranger, ours.ID, good, header("jwk", jwk)),
		"jku":                             forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, header("jku", "https://evil.example/keys")),
		"x5u":                             forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, header("x5u", "https://evil.example/cert")),
		"crit":                            forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, header("crit", []string{"exp"})),
		"an ID token":                     forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, header("typ", "JWT")),
		"another audience":                forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Audience = jwt.ClaimStrings{"other"} }), nil),
		"no audience":                     forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Audience = nil }), nil),
		"another issuer":                  forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Issuer = "https://evil.example" }), nil),
		"expired a second ago":            forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(at.Now().Add(-time.Second)) }), nil),
		"no expiry":                       forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.ExpiresAt = nil }), nil),
		"not yet valid":                   forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.NotBefore = jwt.NewNumericDate(at.Now().Add(time.Minute)) }), nil),
		"another's session":               forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Subject = bob.User.ID.String() }), nil),
		"no session":                      forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Session = "" }), nil),
		"an unknown session":              forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Session = id.New[id.Session]().String() }), nil),
		"a refresh token":                 ann.RefreshToken,
	} {
		if actor, err := u.Authenticate(t.Context(), token); !errors.Is(err, auth.ErrUnauthenticated) || !actor.Anonymous() {
			t.Errorf("%s: let in as %v, %v", name, actor.User, err)
		}
	}

	// The same forgery without an edit is good, so the above fail for their reason.
	asAnn := forge(t, jwt.SigningMethodEdDSA, private, ours.ID, good, nil)
	if actor, err := u.Authenticate(t.Context(), asAnn); err != nil || actor.User != ann.User.ID {
		t.Errorf("the good one: %v", err)
	}
	// Roles in a token are for show.
	proud := forge(t, jwt.SigningMethodEdDSA, private, ours.ID, with(func(c *claims) { c.Roles = []string{"admin"} }), nil)
	if actor, err := u.Authenticate(t.Context(), proud); err != nil || actor.Can(CanWriteUsers) {
		t.Errorf("a token made an administrator: %v", err)
	}
	at.Advance(accessLife)
	if _, err := u.Authenticate(t.Context(), ann.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("after ten minutes: %v", err)
	}
}

func TestAccessTokenClaims(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	var c jwt.MapClaims
	token, _, err := jwt.NewParser().ParseUnverified(ann.AccessToken, &c)
	if err != nil {
		t.Fatal(err)
	}
	if token.Header["alg"] != "EdDSA" || token.Header["typ"] != "at+jwt" || token.Header["kid"] == "" {
		t.Errorf("header %v", token.Header)
	}
	for _, name := range []string{"iss", "aud", "exp", "nbf", "iat", "jti", "sub", "sid", "roles"} {
		if c[name] == nil {
			t.Errorf("no %s in %v", name, c)
		}
	}
	if len(c) != 9 || c["sub"] != ann.User.ID.String() || c["exp"].(float64)-c["iat"].(float64) != 600 {
		t.Errorf("claims %v", c)
	}
}
