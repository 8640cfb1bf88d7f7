package idp

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Preset is the kind of a provider: what need not be said of it.
type Preset string

// The presets. OIDC is any other OpenID provider.
const (
	OIDC      Preset = "oidc"
	Google    Preset = "google"
	Microsoft Preset = "microsoft"
	Apple     Preset = "apple"
	GitHub    Preset = "github"
)

// defaults is what a preset says where staff say nothing.
var defaults = map[Preset]struct {
	name, issuer string
	scopes       []string
}{
	OIDC:      {"", "", []string{"openid", "email", "profile"}},
	Google:    {"Google", "https://accounts.google.com", []string{"openid", "email", "profile"}},
	Microsoft: {"Microsoft", "https://login.microsoftonline.com/common/v2.0", []string{"openid", "email", "profile"}},
	Apple:     {"Apple", "https://appleid.apple.com", []string{"openid", "email", "name"}},
	GitHub:    {"GitHub", "https://github.com", []string{"read:user", "user:email"}},
}

// Provider is one that people can sign in with, as staff see it.
type Provider struct {
	ID          id.LoginProvider `db:"id" json:"id"`
	Slug        string           `db:"slug" json:"slug"`
	Preset      Preset           `db:"preset" json:"preset" enum:"oidc,google,microsoft,apple,github"`
	Name        string           `db:"name" json:"name" doc:"What stands on the button."`
	Issuer      string           `db:"issuer" json:"issuer"`
	ClientID    string           `db:"client_id" json:"client_id"`
	HasSecret   bool             `db:"has_secret" json:"has_secret" doc:"Whether a secret is kept: the client's, or Apple's key. It is never shown."`
	Scopes      []string         `db:"scopes" json:"scopes"`
	Enabled     bool             `db:"enabled" json:"enabled"`
	Position    int              `db:"position" json:"position" doc:"The lowest comes first."`
	CallbackURL string           `db:"-" json:"callback_url" doc:"Register exactly this address at the provider."`
	CreatedAt   time.Time        `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time        `db:"updated_at" json:"updated_at"`
	Version     int64            `db:"version" json:"-"`
	Secret      []byte           `db:"secret_sealed" json:"-"`
	Extra       []byte           `db:"extra_sealed" json:"-"`
}

// ETag is the version that edits name in If-Match.
func (p Provider) ETag() string { return httpapi.VersionTag(p.Version) }

// AppleKey is what Apple's client secret is made of.
type AppleKey struct {
	TeamID     string `json:"team_id" maxLength:"20" example:"A1B2C3D4E5"`
	KeyID      string `json:"key_id" maxLength:"20" example:"F6G7H8J9K0"`
	PrivateKey string `json:"private_key" maxLength:"2000" doc:"The .p8 file, whole." format:"password"`
}

func (k AppleKey) signer() (*ecdsa.PrivateKey, error) {
	return jwt.ParseECPrivateKeyFromPEM([]byte(k.PrivateKey))
}

// Edit is what staff say of a provider; nil stays as it is.
type Edit struct {
	Name, Issuer, ClientID, ClientSecret *string
	Apple                                *AppleKey
	Scopes                               *[]string
	Enabled                              *bool
	Position                             *int
}

var (
	// ErrSlugTaken says that another provider has the slug.
	ErrSlugTaken = errs.New(errs.Conflict, "slug_taken", "Another login provider has this slug. Choose another one.")
	// ErrInUse says that people sign in with the provider.
	ErrInUse = errs.New(errs.Conflict, "provider_in_use", "People sign in with this provider. Switch it off instead.")
	// ErrIssuerInUse says that the issuer cannot change under those who use it.
	ErrIssuerInUse = errs.New(errs.Conflict, "issuer_in_use",
		"People sign in with this provider, and another issuer may call others by their names. Make a new provider.")
)

func init() {
	postgres.Name("login_providers_slug_key", ErrSlugTaken)
	postgres.Name("oidc_identities_provider_id_fkey", ErrInUse)
}

var (
	slugs  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	scopes = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,200}$`) // RFC 6749, section 3.3
)

// Create adds a provider.
func (p *Providers) Create(ctx context.Context, tx pgx.Tx, slug string, preset Preset, in Edit) (Provider, error) {
	usual := defaults[preset]
	made := Provider{
		ID: id.New[id.LoginProvider](), Slug: slug, Preset: preset, Name: usual.name, Issuer: usual.issuer, Scopes: usual.scopes,
	}
	if err := p.apply(&made, in); err != nil {
		return Provider{}, err
	}
	if err := insertProvider(ctx, tx, made, p.Clock.Now()); err != nil {
		return Provider{}, fmt.Errorf("make login provider %s: %w", slug, err)
	}
	return p.get(ctx, tx, made.ID)
}

// edit changes a provider that the caller has locked.
func (p *Providers) edit(ctx context.Context, tx pgx.Tx, old Provider, in Edit) (Provider, error) {
	edited := old
	if err := p.apply(&edited, in); err != nil {
		return Provider{}, err
	}
	if edited.Issuer != old.Issuer {
		used, err := isUsed(ctx, tx, old.ID)
		if err != nil {
			return Provider{}, err
		}
		if used {
			return Provider{}, ErrIssuerInUse
		}
	}
	if err := updateProvider(ctx, tx, edited, p.Clock.Now()); err != nil {
		return Provider{}, fmt.Errorf("edit login provider %s: %w", old.ID, err)
	}
	return p.get(ctx, tx, old.ID)
}

// apply changes to as in says, seals what is secret and refuses what cannot be.
func (p *Providers) apply(to *Provider, in Edit) error {
	set(&to.Name, in.Name)
	set(&to.Issuer, in.Issuer)
	set(&to.ClientID, in.ClientID)
	set(&to.Scopes, in.Scopes)
	set(&to.Enabled, in.Enabled)
	set(&to.Position, in.Position)
	to.Name, to.ClientID = strings.TrimSpace(to.Name), strings.TrimSpace(to.ClientID)

	var bad errs.Fields
	if in.ClientSecret != nil {
		to.Secret = nil
		if *in.ClientSecret != "" {
			to.Secret = p.Vault.Seal(secretContext(to.ID), []byte(*in.ClientSecret))
		}
		bad.Require(to.Preset != Apple, "/client_secret", "not_taken", "Apple's client secret is made of a key: send apple.")
	}
	if in.Apple != nil {
		_, err := in.Apple.signer()
		bad.Require(to.Preset == Apple, "/apple", "not_taken", "Only Apple has such a key.")
		bad.Require(err == nil, "/apple/private_key", "invalid", "This is not the text of a .p8 file.")
		bad.Require(in.Apple.TeamID != "" && in.Apple.KeyID != "", "/apple", "incomplete", "Send the team's id, the key's id and the private key.")
		sealed, err := json.Marshal(in.Apple)
		if err != nil {
			return fmt.Errorf("write key of Apple: %w", err)
		}
		to.Extra = p.Vault.Seal(extraContext(to.ID), sealed)
	}
	p.check(*to, &bad)
	return bad.Err()
}

func (p *Providers) check(to Provider, bad *errs.Fields) {
	bad.Require(slugs.MatchString(to.Slug), "/slug", "invalid", "A slug has 1 to 40 small letters, digits and dashes.")
	bad.Require(to.Name != "" && len(to.Name) <= 60, "/name", "required", "Say what stands on the button.")
	bad.Require(to.ClientID != "", "/client_id", "required", "Send the client id that the provider gave you.")
	issuer, err := url.Parse(to.Issuer)
	bad.Require(err == nil && p.Outbound.Check(to.Issuer) == nil && issuer.RawQuery == "" && issuer.Fragment == "" && !issuer.ForceQuery,
		"/issuer", "invalid", "Give the issuer's public https address, as the provider writes it.")
	bad.Require(!slices.ContainsFunc(to.Scopes, func(s string) bool { return !scopes.MatchString(s) }), "/scopes", "invalid", "A scope has no spaces.")
	if to.Preset != GitHub {
		bad.Require(slices.Contains(to.Scopes, "openid"), "/scopes", "incomplete", "The scopes need openid.")
	}
	switch to.Preset {
	case Apple:
		bad.Require(to.Extra != nil, "/apple", "required", "Send the team's id, the key's id and the private key.")
	case Google, Microsoft, GitHub:
		bad.Require(to.Secret != nil, "/client_secret", "required", "Send the client secret that the provider gave you.")
	case OIDC: // a public client has none
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func secretContext(provider id.LoginProvider) string { return "idp " + provider.String() }
func extraContext(provider id.LoginProvider) string  { return "idp extra " + provider.String() }

// secret is a provider's client secret, "" when it has none.
func (p *Providers) secret(of Provider) (string, error) {
	if of.Secret == nil {
		return "", nil
	}
	plain, err := p.Vault.Open(secretContext(of.ID), of.Secret)
	if err != nil {
		return "", fmt.Errorf("open secret of login provider %s: %w", of.Slug, err)
	}
	return string(plain), nil
}

func (p *Providers) appleKey(of Provider) (k AppleKey, err error) {
	plain, err := p.Vault.Open(extraContext(of.ID), of.Extra)
	if err == nil {
		err = json.Unmarshal(plain, &k)
	}
	if err != nil {
		return k, fmt.Errorf("open key of login provider %s: %w", of.Slug, err)
	}
	return k, nil
}

// get reads one provider.
func (p *Providers) get(ctx context.Context, db postgres.DB, provider id.LoginProvider) (Provider, error) {
	return p.found(selectProvider(ctx, db, provider))
}

// enabled reads the provider with a slug that people can sign in with.
func (p *Providers) enabled(ctx context.Context, db postgres.DB, slug string) (Provider, error) {
	if !slugs.MatchString(slug) {
		return Provider{}, ErrNoProvider
	}
	return p.found(selectEnabled(ctx, db, slug))
}

func (p *Providers) found(provider Provider, err error) (Provider, error) {
	if errors.Is(err, postgres.ErrNoRow) {
		return Provider{}, ErrNoProvider
	}
	if err != nil {
		return Provider{}, fmt.Errorf("read login provider: %w", err)
	}
	provider.CallbackURL = p.callback(provider.Slug)
	return provider, nil
}

func (p *Providers) callback(slug string) string {
	return p.BaseURL + "/api/v1/auth/oidc/" + slug + "/callback"
}
