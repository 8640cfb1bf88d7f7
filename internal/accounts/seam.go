package accounts

// What other branches of this issue bring, under the same names: this file goes
// when they meet.

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

var (
	// ErrMFARequired says that the password was right and is not enough.
	ErrMFARequired = errs.New(errs.Unauthenticated, "mfa_required", "Send the code of your authenticator app, or a recovery code, as otp.")
	// ErrShutOut says that a user who has proven who they are may not come in.
	ErrShutOut = errs.New(errs.Forbidden, "account_disabled", "This account is closed. Write to the shop.")
)

// secondFactor is nil, because nobody has one before package mfa is there.
func (u *Users) secondFactor(context.Context, id.User, string) error { return nil }

// holdUser keeps a user who may come in as they are until tx ends.
func holdUser(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Scalar[int](ctx, tx, `
		SELECT 1 FROM users WHERE id = @user AND disabled_at IS NULL AND erased_at IS NULL FOR SHARE`, pgx.NamedArgs{"user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		return ErrShutOut
	}
	if err != nil {
		return fmt.Errorf("hold user %s: %w", user, err)
	}
	return nil
}

// mailToken makes a token for the user's mailbox and says so.
func (u *Users) mailToken(ctx context.Context, tx pgx.Tx, user User, purpose Purpose) error {
	token, err := u.makeMailToken(ctx, tx, user.ID, purpose, user.Email, "")
	if err != nil {
		return err
	}
	if purpose == VerifyEmail {
		return events.Raise(ctx, tx, VerificationAsked{user.ID, token})
	}
	return events.Raise(ctx, tx, SignInLinkAsked{user.ID, token})
}

// Stay is how a browser wants to be kept signed in.
type Stay struct {
	Cookie bool `json:"cookie,omitempty" doc:"Put the refresh token into an HttpOnly cookie instead of the answer: for pages of this shop."`
}

func (s Stay) deliver(ctx context.Context, tokens *Tokens) {
	if !s.Cookie || tokens.RefreshToken == "" {
		return
	}
	httpapi.SetCookie(ctx, &http.Cookie{
		Name: "__Host-souk", Value: tokens.RefreshToken, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	tokens.RefreshToken = ""
}
