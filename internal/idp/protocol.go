package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"souk/internal/id"
)

// protocol is how one provider is spoken with: as an OpenID provider, or as
// GitHub, which is none.
type protocol interface {
	// client is who we are there, and where it listens.
	client() *oauth2.Config
	// asks is what a request for a sign-in says besides OAuth's own.
	asks(a attempt) []oauth2.AuthCodeOption
	// checkIssuer refuses an answer that names another issuer (RFC 9207).
	checkIssuer(iss string) error
	// person asks who has signed in.
	person(ctx context.Context, token *oauth2.Token, a attempt) (person, error)
}

// speak finds out how a provider is spoken with; [ErrUnavailable] when it does
// not answer.
func (p *Providers) speak(ctx context.Context, provider Provider) (protocol, error) {
	if provider.Preset == GitHub {
		return p.gitHub(provider)
	}
	return p.openID(ctx, provider)
}

// address is where the browser goes to sign in.
func address(with protocol, a attempt) string {
	return with.client().AuthCodeURL(a.State, append(with.asks(a), oauth2.S256ChallengeOption(a.Verifier))...)
}

// exchange turns the code that the browser brought into whoever signed in.
func (p *Providers) exchange(ctx context.Context, with protocol, code string, a attempt) (person, error) {
	ctx = p.calling(ctx)
	token, err := with.client().Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return person{}, trouble(err)
	}
	who, err := with.person(ctx, token, a)
	switch {
	case err != nil:
		return person{}, err
	case who.Subject == "" || len(who.Subject) > 300:
		return person{}, fmt.Errorf("%w (a subject of %d bytes)", ErrProvider, len(who.Subject))
	}
	return who, nil
}

// calling makes the libraries call through the client that cannot be talked
// into reaching the inside.
func (p *Providers) calling(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.Outbound.HTTP(answerLimit))
}

// trouble tells a provider that says no from one that does not answer.
func trouble(err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response.StatusCode < http.StatusInternalServerError {
		return fmt.Errorf("%w (%d %q)", ErrProvider, said.Response.StatusCode, clip(said.ErrorCode))
	}
	return fmt.Errorf("%w (%s)", ErrUnavailable, clip(err.Error()))
}

func clip(text string) string { return text[:min(len(text), 300)] }

const (
	discoveryLife = time.Hour        // how long what a provider says of itself is believed
	discoveryRest = 10 * time.Second // how long one that does not answer is left in peace
)

// discoveries remembers what providers say of themselves.
type discoveries struct {
	mu    sync.Mutex
	known map[id.LoginProvider]discovery
}

type discovery struct {
	version  int64 // of the provider's row
	provider *oidc.Provider
	metadata metadata
	at       time.Time
	failure  error
	failedAt time.Time
}

// metadata is what we need of a discovery document besides what the library
// keeps.
type metadata struct {
	Issuer           string   `json:"issuer"`
	AuthorizationURL string   `json:"authorization_endpoint"`
	AuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself      bool     `json:"authorization_response_iss_parameter_supported"`
}

// discover reads the discovery document of an OpenID provider, at most once an
// hour. When it does not answer, what it said before is still good.
func (p *Providers) discover(ctx context.Context, of Provider) (discovery, error) {
	now := p.Clock.Now()
	p.known.mu.Lock()
	d := p.known.known[of.ID]
	p.known.mu.Unlock()
	if d.version != of.Version {
		d = discovery{version: of.Version}
	}
	switch {
	case d.provider != nil && now.Sub(d.at) < discoveryLife:
		return d, nil
	case d.provider == nil && d.failure != nil && now.Sub(d.failedAt) < discoveryRest:
		return d, d.failure
	}
	provider, metadata, err := p.readDiscovery(ctx, of)
	if err != nil {
		d.failure, d.failedAt = err, now
		if d.provider != nil {
			d.at = now.Add(discoveryRest - discoveryLife)
			err = nil
		}
	} else {
		d.provider, d.metadata, d.at, d.failure = provider, metadata, now, nil
	}
	if ctx.Err() == nil { // a browser that left says nothing of the provider
		p.known.put(of.ID, d)
	}
	return d, err
}

func (k *discoveries) put(provider id.LoginProvider, d discovery) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = map[id.LoginProvider]discovery{}
	}
	k.known[provider] = d
}

func (p *Providers) readDiscovery(ctx context.Context, of Provider) (*oidc.Provider, metadata, error) {
	ctx = p.calling(ctx)
	if of.Preset == Microsoft { // names another issuer than it is asked for; see checkTenant
		ctx = oidc.InsecureIssuerURLContext(ctx, of.Issuer)
	}
	var m metadata
	provider, err := oidc.NewProvider(ctx, of.Issuer)
	if err == nil {
		err = provider.Claims(&m)
	}
	var other *oidc.IssuerMismatchError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &other), errors.As(err, &syntax):
		return nil, m, fmt.Errorf("%w (%s)", ErrProvider, clip(err.Error()))
	case err != nil:
		return nil, m, fmt.Errorf("%w (%s)", ErrUnavailable, clip(err.Error()))
	}
	if err := p.Outbound.Check(m.AuthorizationURL); err != nil {
		return nil, m, fmt.Errorf("%w (authorization endpoint: %w)", ErrProvider, err)
	}
	if of.Preset == Microsoft && !sameHost(m.Issuer, of.Issuer) {
		return nil, m, fmt.Errorf("%w (issuer %q)", ErrProvider, clip(m.Issuer))
	}
	return provider, m, nil
}
