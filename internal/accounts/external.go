package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// External is what another identity provider says of somebody.
type External struct {
	Email         string
	EmailVerified bool // the provider has seen that the mailbox is theirs
	Name          string
}

// CreateExternal makes a customer who signs in elsewhere and has no password. A
// mailbox that the provider has not verified is to be proven to us.
func (u *Users) CreateExternal(ctx context.Context, tx pgx.Tx, in External) (User, error) {
	in.Name = tidy(in.Name)
	if letters(in.Name) > 200 || !OneLine(in.Name) {
		in.Name = "" // theirs to write later; no reason to send them away
	}
	username, err := freeUsername(ctx, tx, in.Email)
	if err != nil {
		return User{}, fmt.Errorf("find a user name: %w", err)
	}
	user := id.New[id.User]()
	if err := insertExternal(ctx, tx, user, username, in, u.Clock.Now()); err != nil {
		return User{}, fmt.Errorf("register user: %w", err)
	}
	if err := insertRoles(ctx, tx, user, []string{auth.RoleCustomer}); err != nil {
		return User{}, fmt.Errorf("give roles to user %s: %w", user, err)
	}
	if err := events.Raise(ctx, tx, Registered{user}); err != nil {
		return User{}, err
	}
	made, err := u.Get(ctx, tx, user)
	if err != nil {
		return User{}, err
	}
	if in.EmailVerified {
		return made, errors.Join(events.Raise(ctx, tx, EmailVerified{user}), events.Raise(ctx, tx, MailboxOwned{user}))
	}
	return made, u.mailToken(ctx, tx, made, VerifyEmail)
}

// SignInExternal signs in a user whom another identity provider vouches for,
// with the code of their second factor where they have one: the provider's word
// stands for the password and for no more.
func (u *Users) SignInExternal(ctx context.Context, user id.User, otp string, from Client) (SignIn, error) {
	if err := u.mailboxFirst(ctx, user, from); err != nil {
		return SignIn{}, err
	}
	if err := u.secondFactor(ctx, user, otp); err != nil {
		return SignIn{}, err
	}
	return u.begin(ctx, byExternal, from, func(tx pgx.Tx) (User, error) {
		if err := holdUser(ctx, tx, user); err != nil {
			return User{}, err
		}
		return u.Get(ctx, tx, user)
	})
}

// KeepInCookie moves the refresh token from the answer to the browser's cookie.
func KeepInCookie(ctx context.Context, in *SignIn) { Stay{Cookie: true}.deliver(ctx, &in.Tokens) }

// HoldSession reports whether a session of a user still lets them in, and keeps
// it so until tx ends.
func (u *Users) HoldSession(ctx context.Context, tx pgx.Tx, user id.User, session id.Session) (bool, error) {
	if err := holdSession(ctx, tx, session); err != nil {
		return false, fmt.Errorf("hold session %s: %w", session, err)
	}
	s, err := liveSession(ctx, tx, user, session)
	if errors.Is(err, postgres.ErrNoRow) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read session %s: %w", session, err)
	}
	return u.Clock.Now().Before(s.ExpiresAt), nil
}
