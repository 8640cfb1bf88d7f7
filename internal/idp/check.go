package idp

import (
	"context"
	"errors"

	"golang.org/x/oauth2"
)

// Test is how a provider answers us.
type Test struct {
	Discovery   string `json:"discovery" enum:"ok,unreachable,invalid" doc:"Whether it answers, and under the issuer's name."`
	Credentials string `json:"credentials" enum:"ok,refused,unknown" doc:"Whether it knows the client and its secret."`
}

// Test asks a provider for what it says of itself, and then to exchange a code
// that it has never given out: who knows us refuses the code, and who does not
// refuses us.
func (p *Providers) Test(ctx context.Context, provider Provider) (Test, error) {
	p.known.put(provider.ID, discovery{}) // not what it said an hour ago
	with, err := p.speak(ctx, provider)
	switch {
	case errors.Is(err, ErrUnavailable):
		return Test{"unreachable", "unknown"}, nil
	case errors.Is(err, ErrProvider):
		return Test{"invalid", "unknown"}, nil
	case err != nil:
		return Test{}, err
	}
	_, err = with.client().Exchange(p.calling(ctx), "souk-test", oauth2.VerifierOption(oauth2.GenerateVerifier()))
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) {
		return Test{"unreachable", "unknown"}, nil
	}
	switch said.ErrorCode {
	case "invalid_grant", "bad_verification_code": // the latter is GitHub's
		return Test{"ok", "ok"}, nil
	case "invalid_client", "unauthorized_client", "incorrect_client_credentials":
		return Test{"ok", "refused"}, nil
	}
	return Test{"ok", "unknown"}, nil
}
