package accounts

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const (
	accessLife = 10 * time.Minute
	audience   = "souk"
	tokenType  = "at+jwt"         // RFC 9068: an ID token is not an access token
	clockSkew  = 10 * time.Second // between our own nodes
)

type claims struct {
	jwt.RegisteredClaims
	Session string   `json:"sid"`
	Roles   []string `json:"roles"`
}

func (u *Users) tokens(key signingKey, user id.User, session id.Session, roles []string, refresh string) (Tokens, error) {
	now := u.Clock.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: u.Issuer, Audience: jwt.ClaimStrings{audience}, Subject: user.String(), ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-clockSkew)), ExpiresAt: jwt.NewNumericDate(now.Add(accessLife)),
		},
		Session: session.String(), Roles: roles,
	})
	t.Header["typ"], t.Header["kid"] = tokenType, key.ID
	signed, err := t.SignedString(ed25519.NewKeyFromSeed(key.Seed))
	if err != nil {
		return Tokens{}, fmt.Errorf("sign access token: %w", err)
	}
	return Tokens{AccessToken: signed, TokenType: "Bearer", ExpiresIn: int(accessLife.Seconds()), RefreshToken: refresh}, nil
}

// Authenticate says who sent an access token. The roles in it are for clients
// to show; what counts is what the database says now, in one query.
func (u *Users) Authenticate(ctx context.Context, bearer string) (auth.Actor, error) {
	user, session, err := u.parse(ctx, bearer)
	if err != nil {
		return auth.Actor{}, err
	}
	s, err := liveSession(ctx, u.DB, user, session)
	if errors.Is(err, postgres.ErrNoRow) {
		return auth.Actor{}, auth.ErrUnauthenticated
	}
	if err != nil {
		return auth.Actor{}, fmt.Errorf("read session %s: %w", session, err)
	}
	// A customer who was made staff since has the shorter session of staff.
	now := u.Clock.Now()
	if !now.Before(s.ExpiresAt) || !now.Before(s.CreatedAt.Add(u.lifetime(s.Roles).Absolute)) {
		return auth.Actor{}, auth.ErrUnauthenticated
	}
	actor := auth.Actor{
		User: user, Session: session, Roles: s.Roles, Permissions: u.Grants.Of(s.Roles),
		AuthenticatedAt: s.AuthenticatedAt, ReadOnly: s.ReadOnly,
	}
	if s.Impersonator != nil {
		actor.Impersonator = *s.Impersonator
	}
	return actor, nil
}

// parse checks the token itself. Nothing in it chooses how it is checked: the
// method is fixed, and kid only picks among our own keys.
func (u *Users) parse(ctx context.Context, bearer string) (user id.User, session id.Session, err error) {
	var c claims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(u.Issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(u.Clock.Now))
	var trouble error // of ours, not of the token
	_, err = parser.ParseWithClaims(bearer, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		if t.Header["typ"] != tokenType || len(t.Header) != 3 { // alg, typ, kid: no jku, x5u, jwk, crit
			return nil, auth.ErrUnauthenticated
		}
		key, err := u.publicKey(ctx, kid)
		if !errors.Is(err, auth.ErrUnauthenticated) {
			trouble = err
		}
		return key, err
	})
	if trouble != nil {
		return user, session, trouble
	}
	if err != nil || user.UnmarshalText([]byte(c.Subject)) != nil || session.UnmarshalText([]byte(c.Session)) != nil {
		return user, session, auth.ErrUnauthenticated
	}
	return user, session, nil
}

// signingKey is an Ed25519 key of ours.
type signingKey struct {
	ID        string     `db:"kid"`
	Seed      []byte     `db:"private_key"`
	RetiredAt *time.Time `db:"retired_at"`
}

func (k signingKey) public() ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(k.Seed).Public().(ed25519.PublicKey)
}

// keyring remembers the keys, for they hardly ever change.
type keyring struct {
	mu      sync.Mutex
	known   map[string]ed25519.PublicKey
	current signingKey
	readAt  time.Time
}

// keyMemory is how long a node goes on signing with a key it has read.
const keyMemory = 5 * time.Minute

// signingKey is the key to sign with; the first node to ask makes it.
func (u *Users) signingKey(ctx context.Context) (signingKey, error) {
	u.keys.mu.Lock()
	defer u.keys.mu.Unlock()
	if u.keys.current.ID != "" && u.Clock.Now().Sub(u.keys.readAt) < keyMemory {
		return u.keys.current, nil
	}
	if err := u.readKeys(ctx); err != nil {
		return signingKey{}, err
	}
	if u.keys.current.ID != "" {
		return u.keys.current, nil
	}
	err := postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		return insertKeyUnlessThereIsOne(ctx, tx, newSigningKey(), u.Clock.Now())
	})
	if err != nil {
		return signingKey{}, fmt.Errorf("make signing key: %w", err)
	}
	err = u.readKeys(ctx)
	return u.keys.current, err
}

// publicKey finds the key that a token names, if it is ours. A name not known
// here may be a key that another node has just made; looking costs a query, at
// most once a second.
func (u *Users) publicKey(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	u.keys.mu.Lock()
	defer u.keys.mu.Unlock()
	if u.keys.known[kid] == nil && u.Clock.Now().Sub(u.keys.readAt) >= time.Second {
		if err := u.readKeys(ctx); err != nil {
			return nil, err
		}
	}
	if key := u.keys.known[kid]; key != nil {
		return key, nil
	}
	return nil, auth.ErrUnauthenticated
}

// readKeys is called with the lock held. A retired key stays known for as long
// as tokens that it signed may live.
func (u *Users) readKeys(ctx context.Context) error {
	now := u.Clock.Now()
	keys, err := selectKeys(ctx, u.DB, now.Add(-accessLife-keyMemory))
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	u.keys.known, u.keys.current, u.keys.readAt = map[string]ed25519.PublicKey{}, signingKey{}, now
	for _, k := range keys {
		u.keys.known[k.ID] = k.public()
		if k.RetiredAt == nil {
			u.keys.current = k
		}
	}
	return nil
}

func newSigningKey() signingKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails, by its documentation
	return signingKey{ID: rand.Text(), Seed: seed}
}

// JWK is a public key as RFC 8037 writes it.
type JWK struct {
	KeyType   string `json:"kty" example:"OKP"`
	Curve     string `json:"crv" example:"Ed25519"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Use       string `json:"use" example:"sig"`
	Algorithm string `json:"alg" example:"EdDSA"`
}

// JWKS is the set of keys that access tokens may be signed with.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWKS lists our public keys, for services that check access tokens themselves.
func (u *Users) JWKS(ctx context.Context) (JWKS, error) {
	if _, err := u.signingKey(ctx); err != nil { // so that there is one
		return JWKS{}, err
	}
	keys, err := selectKeys(ctx, u.DB, u.Clock.Now().Add(-accessLife-keyMemory))
	if err != nil {
		return JWKS{}, fmt.Errorf("read signing keys: %w", err)
	}
	set := JWKS{Keys: []JWK{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, JWK{
			KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(k.public()),
			ID: k.ID, Use: "sig", Algorithm: jwt.SigningMethodEdDSA.Alg(),
		})
	}
	return set, nil
}
