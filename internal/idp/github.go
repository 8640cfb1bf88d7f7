package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"golang.org/x/oauth2"

	"souk/internal/platform/outbound"
)

// gitHub is OAuth 2 with GitHub's own API for who somebody is.
type gitHub struct {
	outbound *outbound.Client
	api      string
	oauth    oauth2.Config
}

// gitHub reaches github.com, or an Enterprise Server at the issuer's address,
// whose API is under a path of its own.
func (p *Providers) gitHub(of Provider) (protocol, error) {
	secret, err := p.secret(of)
	if err != nil {
		return nil, err
	}
	api := of.Issuer + "/api/v3"
	if of.Issuer == defaults[GitHub].issuer {
		api = "https://api.github.com"
	}
	return gitHub{p.Outbound, api, oauth2.Config{
		ClientID: of.ClientID, ClientSecret: secret, RedirectURL: of.CallbackURL, Scopes: of.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: of.Issuer + "/login/oauth/authorize", TokenURL: of.Issuer + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams,
		},
	}}, nil
}

func (g gitHub) client() *oauth2.Config { return &g.oauth }

func (g gitHub) asks(attempt) []oauth2.AuthCodeOption { return nil }

// checkIssuer has nothing to compare with: GitHub publishes no issuer.
func (g gitHub) checkIssuer(string) error { return nil }

func (g gitHub) person(ctx context.Context, token *oauth2.Token, _ attempt) (person, error) {
	var user struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
		Name  string `json:"name"`
	}
	if err := g.get(ctx, token, "/user", &user); err != nil {
		return person{}, err
	}
	var emails []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if err := g.get(ctx, token, "/user/emails", &emails); err != nil {
		return person{}, err
	}
	if user.ID == 0 {
		return person{}, fmt.Errorf("%w (a user without an id)", ErrProvider)
	}
	who := person{Subject: strconv.FormatInt(user.ID, 10), Name: user.Name} // the login can be given to somebody else
	if who.Name == "" {
		who.Name = user.Login
	}
	for _, e := range emails {
		if e.Primary {
			who.Email, who.Verified = e.Email, e.Verified
		}
	}
	return who, nil
}

func (g gitHub) get(ctx context.Context, token *oauth2.Token, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.api+path, nil)
	if err != nil {
		return fmt.Errorf("ask GitHub for %s: %w", path, err)
	}
	r.Header.Set("Accept", "application/vnd.github+json")
	r.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	r.Header.Set("User-Agent", "souk")
	token.SetAuthHeader(r)
	answer, err := g.outbound.Do(r, answerLimit)
	switch {
	case err != nil, answer.Status >= http.StatusInternalServerError:
		return fmt.Errorf("%w (%s: %d, %v)", ErrUnavailable, path, answer.Status, err)
	case answer.Status != http.StatusOK:
		return fmt.Errorf("%w (%s: %d)", ErrProvider, path, answer.Status)
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("%w (%s: %w)", ErrProvider, path, err)
	}
	return nil
}
