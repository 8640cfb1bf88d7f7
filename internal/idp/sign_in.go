package idp

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// begin makes where the browser goes, and the cookie it takes along. more says
// what else belongs to the attempt.
func (p *Providers) begin(ctx context.Context, slug, returnTo string, more func(*attempt)) (to string, cookie *http.Cookie, err error) {
	returnTo, err = p.checkReturnTo(returnTo)
	if err != nil {
		return "", nil, err
	}
	provider, err := p.enabled(ctx, p.DB, slug)
	if err != nil {
		return "", nil, err
	}
	with, err := p.speak(ctx, provider)
	if err != nil {
		return "", nil, err
	}
	a := p.newAttempt(provider, returnTo)
	more(&a)
	cookie, err = p.keep(a, provider.Preset)
	return address(with, a), cookie, err
}

// answer is what a provider sent the browser back with.
type answer struct {
	Code, State, Issuer, Error, User string
}

// readAnswer refuses parameters that come twice, as RFC 6749 wants it.
func readAnswer(values url.Values) (answer, error) {
	for _, name := range []string{"code", "state", "iss", "error", "user"} {
		if len(values[name]) > 1 {
			return answer{}, ErrState
		}
	}
	return answer{values.Get("code"), values.Get("state"), values.Get("iss"), values.Get("error"), values.Get("user")}, nil
}

// identify finds out who came back from a provider. Until the state has matched,
// nothing that the answer says counts.
func (p *Providers) identify(ctx context.Context, slug string, a attempt, said answer) (Provider, person, error) {
	if said.State == "" || subtle.ConstantTimeCompare([]byte(said.State), []byte(a.State)) != 1 {
		return Provider{}, person{}, ErrState
	}
	provider, err := p.enabled(ctx, p.DB, slug)
	switch {
	case err != nil:
		return Provider{}, person{}, err
	case provider.ID != a.Provider: // an answer of another one than was asked
		return Provider{}, person{}, ErrState
	}
	with, err := p.speak(ctx, provider)
	if err != nil {
		return Provider{}, person{}, err
	}
	if err := with.checkIssuer(said.Issuer); err != nil {
		return Provider{}, person{}, err
	}
	switch {
	case said.Error == "access_denied", said.Error == "user_cancelled_authorize": // Apple's word for it
		return Provider{}, person{}, ErrDenied
	case said.Error != "", said.Code == "":
		return Provider{}, person{}, fmt.Errorf("%w (%q)", ErrProvider, clip(said.Error))
	}
	who, err := p.exchange(ctx, with, said.Code, a)
	if err != nil {
		return Provider{}, person{}, err
	}
	if who.Name == "" && provider.Preset == Apple {
		who.Name = appleName(said.User)
	}
	if !accounts.ValidEmail(who.Email) {
		who.Email, who.Verified = "", false
	}
	return provider, who, nil
}

// admit finds or makes the account of somebody. Two browsers of one newcomer
// may come at once: the later one looks again.
func (p *Providers) admit(ctx context.Context, provider Provider, who person, from accounts.Client) (id.User, error) {
	user, err := p.admitOnce(ctx, provider, who)
	if errors.Is(err, accounts.ErrEmailTaken) || errors.Is(err, accounts.ErrUsernameTaken) || errors.Is(err, ErrIdentityTaken) {
		user, err = p.admitOnce(ctx, provider, who)
	}
	if errors.Is(err, ErrAccountExists) {
		if err := p.Users.AskForMail(ctx, accounts.SignInByMail, who.Email, from); err != nil {
			return id.User{}, err
		}
	}
	return user, err
}

func (p *Providers) admitOnce(ctx context.Context, provider Provider, who person) (user id.User, err error) {
	err = postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error {
		// The e-mail before the identity: who sees the account that another tab has
		// just made sees then that it is theirs.
		_, ownerErr := p.Users.Named(ctx, tx, who.Email)
		user, err = useIdentity(ctx, tx, provider.ID, who.Subject, p.Clock.Now())
		switch {
		case !errors.Is(err, postgres.ErrNoRow):
			return err
		case who.Email == "":
			return ErrNoEmail
		case ownerErr == nil:
			return ErrAccountExists
		case !errors.Is(ownerErr, accounts.ErrNoUser):
			return ownerErr
		}
		user, err = p.join(ctx, tx, provider, who)
		return err
	})
	if err != nil {
		return id.User{}, fmt.Errorf("admit from %s: %w", provider.Slug, err)
	}
	return user, nil
}

// join makes the account of somebody new.
func (p *Providers) join(ctx context.Context, tx pgx.Tx, provider Provider, who person) (id.User, error) {
	made, err := p.Users.CreateExternal(ctx, tx, accounts.External{Email: who.Email, EmailVerified: who.Verified, Name: who.Name})
	if err != nil {
		return id.User{}, err
	}
	return made.ID, p.insert(ctx, tx, provider, who, made.ID)
}
