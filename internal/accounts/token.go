package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

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
	Act     *acting  `json:"act,omitempty"` // RFC 8693: who acts in the name of the subject
}

type acting struct {
	Subject string `json:"sub"`
}

func (u *Users) tokens(key SigningKey, user id.User, session id.Session, roles []string, refresh string) (Tokens, error) {
	access, err := u.accessToken(key, claims{Session: session.String(), Roles: roles}, user, accessLife)
	return Tokens{AccessToken: access, TokenType: "Bearer", ExpiresIn: int(accessLife.Seconds()), RefreshToken: refresh}, err
}

func (u *Users) accessToken(key SigningKey, c claims, user id.User, life time.Duration) (string, error) {
	now := u.Clock.Now()
	c.RegisteredClaims = jwt.RegisteredClaims{
		Issuer: u.Issuer, Audience: jwt.ClaimStrings{audience}, Subject: user.String(), ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-clockSkew)), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["typ"], t.Header["kid"] = tokenType, key.ID
	signed, err := t.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
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
	if !now.Before(s.ExpiresAt) || !now.Before(s.CreatedAt.Add(u.lifetime(s.Roles, false).Absolute)) {
		return auth.Actor{}, auth.ErrUnauthenticated
	}
	actor := auth.Actor{
		User: user, Session: session, Roles: s.Roles, Permissions: u.Grants.Of(s.Roles, s.Custom...),
		AuthenticatedAt: s.AuthenticatedAt, ReadOnly: s.ReadOnly,
	}
	if s.Impersonator != nil {
		actor.Impersonator = *s.Impersonator
		return actor, u.mayStillImpersonate(actor, s)
	}
	if actor.Withheld, err = u.withheld(ctx, s, actor); err != nil {
		return auth.Actor{}, err
	}
	if actor.Withheld != nil {
		actor.Permissions = map[auth.Permission]bool{auth.AsCustomer: true}
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
