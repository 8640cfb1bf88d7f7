package idp

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// openID is OpenID Connect, which Google, Microsoft and Apple speak too, each
// with an accent.
type openID struct {
	discovery
	preset   Preset
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func (p *Providers) openID(ctx context.Context, of Provider) (protocol, error) {
	d, err := p.discover(ctx, of)
	if err != nil {
		return nil, err
	}
	secret, err := p.clientSecret(of)
	if err != nil {
		return nil, err
	}
	o := openID{discovery: d, preset: of.Preset, oauth: oauth2.Config{
		ClientID: of.ClientID, ClientSecret: secret, RedirectURL: of.CallbackURL, Scopes: of.Scopes, Endpoint: d.provider.Endpoint(),
	}}
	o.oauth.Endpoint.AuthStyle = authStyle(d.metadata.AuthMethods, secret)
	o.verifier = d.provider.Verifier(&oidc.Config{
		ClientID: of.ClientID, Now: p.Clock.Now, SkipIssuerCheck: of.Preset == Microsoft, // which checkTenant does
	})
	return o, nil
}

// clientSecret is what a provider knows us by. Apple wants one that we sign
// with our key each time.
func (p *Providers) clientSecret(of Provider) (string, error) {
	if of.Preset != Apple {
		return p.secret(of)
	}
	key, err := p.appleKey(of)
	if err != nil {
		return "", err
	}
	signer, err := key.signer()
	if err != nil {
		return "", fmt.Errorf("read key of login provider %s: %w", of.Slug, err)
	}
	now := p.Clock.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: key.TeamID, Subject: of.ClientID, Audience: jwt.ClaimStrings{of.Issuer},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(5 * time.Minute)),
	})
	token.Header["kid"] = key.KeyID
	return token.SignedString(signer)
}

// authStyle is how we say who we are, by what the provider takes: its default
// is the header (OpenID Connect Discovery 1.0, section 3).
func authStyle(takes []string, secret string) oauth2.AuthStyle {
	if secret == "" || len(takes) > 0 && !slices.Contains(takes, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

func (o openID) client() *oauth2.Config { return &o.oauth }

func (o openID) asks(a attempt) []oauth2.AuthCodeOption {
	ask := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce)}
	if o.preset == Apple && len(o.oauth.Scopes) > 1 { // it tells a name or an e-mail only so
		ask = append(ask, oauth2.SetAuthURLParam("response_mode", "form_post"))
	}
	return ask
}

func (o openID) checkIssuer(iss string) error {
	switch {
	case iss == "" && !o.metadata.NamesItself:
		return nil
	case o.preset == Microsoft && sameHost(iss, o.metadata.Issuer), iss == o.metadata.Issuer:
		return nil
	}
	return fmt.Errorf("%w (answer of issuer %q)", ErrProvider, clip(iss))
}

// idClaims is what we read of an ID token or of the user-info endpoint.
type idClaims struct {
	Email         string `json:"email"`
	EmailVerified loose  `json:"email_verified"`
	DomainOwner   loose  `json:"xms_edov"` // Microsoft's word for a verified e-mail
	Name          string `json:"name"`
	Party         string `json:"azp"`
	Tenant        string `json:"tid"` // of Microsoft
}

// loose is a boolean that some providers write as a text or a number.
type loose bool

// UnmarshalJSON takes true, "true", 1 and "1" for true.
func (l *loose) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	*l = text == "true" || text == "1"
	return nil
}

func (o openID) person(ctx context.Context, token *oauth2.Token, a attempt) (person, error) {
	raw, _ := token.Extra("id_token").(string)
	verified, err := o.verifier.Verify(ctx, raw)
	if err != nil {
		return person{}, fmt.Errorf("%w (%s)", ErrProvider, clip(err.Error()))
	}
	var claims idClaims
	if err := verified.Claims(&claims); err != nil {
		return person{}, fmt.Errorf("%w (claims: %s)", ErrProvider, clip(err.Error()))
	}
	if err := o.checkToken(verified, claims, token, a); err != nil {
		return person{}, err
	}
	who := person{Subject: verified.Subject}
	if o.preset == Microsoft { // a subject is one of its tenant's
		who.Subject = claims.Tenant + ":" + verified.Subject
	}
	if claims.Email == "" && o.provider.UserInfoEndpoint() != "" {
		if err := o.askMore(ctx, token, verified.Subject, &claims); err != nil {
			return person{}, err
		}
	}
	who.Email, who.Verified, who.Name = claims.Email, bool(claims.EmailVerified), claims.Name
	if o.preset == Microsoft { // where any tenant's administrator writes any address
		who.Verified = bool(claims.DomainOwner)
	}
	return who, nil
}

// checkToken is what the library leaves to its caller.
func (o openID) checkToken(verified *oidc.IDToken, claims idClaims, token *oauth2.Token, a attempt) error {
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(a.Nonce)) != 1 {
		return fmt.Errorf("%w (another nonce)", ErrProvider)
	}
	if (len(verified.Audience) > 1 || claims.Party != "") && claims.Party != o.oauth.ClientID {
		return fmt.Errorf("%w (made for %q)", ErrProvider, clip(claims.Party))
	}
	if verified.AccessTokenHash != "" {
		if err := verified.VerifyAccessToken(token.AccessToken); err != nil {
			return fmt.Errorf("%w (another access token)", ErrProvider)
		}
	}
	if o.preset == Microsoft {
		return checkTenant(o.metadata.Issuer, verified.Issuer, claims.Tenant)
	}
	return nil
}

// checkTenant is the check of the issuer at Microsoft, whose discovery document
// for several tenants has {tenantid} where each token has its tenant's.
func checkTenant(discovered, issuer, tenant string) error {
	if _, err := uuid.Parse(tenant); err != nil || len(tenant) != 36 ||
		issuer != strings.ReplaceAll(discovered, "{tenantid}", tenant) {
		return fmt.Errorf("%w (issuer %q of tenant %q)", ErrProvider, clip(issuer), clip(tenant))
	}
	return nil
}

func sameHost(a, b string) bool {
	ua, err := url.Parse(strings.ReplaceAll(a, "{tenantid}", "tenantid"))
	ub, err2 := url.Parse(strings.ReplaceAll(b, "{tenantid}", "tenantid"))
	return err == nil && err2 == nil && ua.Host != "" && ua.Scheme == ub.Scheme && ua.Host == ub.Host
}

// askMore reads the claims that are not in the ID token.
func (o openID) askMore(ctx context.Context, token *oauth2.Token, subject string, claims *idClaims) error {
	info, err := o.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	switch {
	case err != nil:
		return fmt.Errorf("%w (user info: %s)", ErrProvider, clip(err.Error()))
	case info.Subject != subject:
		return fmt.Errorf("%w (user info of somebody else)", ErrProvider)
	}
	if err := info.Claims(claims); err != nil {
		return fmt.Errorf("%w (user info: %s)", ErrProvider, clip(err.Error()))
	}
	return nil
}

// appleName is the name in the form that Apple posts the first time somebody
// signs in. Nobody signs it, so it is a name and nothing more.
func appleName(user string) string {
	var said struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if json.Unmarshal([]byte(user), &said) != nil {
		return ""
	}
	return strings.TrimSpace(said.Name.First + " " + said.Name.Last)
}
