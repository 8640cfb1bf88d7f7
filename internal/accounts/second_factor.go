package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

var (
	// ErrMFARequired says that the password was right and is not enough.
	ErrMFARequired = errs.New(errs.Unauthenticated, "mfa_required", "Send the code of your authenticator app, or a recovery code, as otp.")
	// ErrEnroll keeps those out of their rights who must have a second factor and have none.
	ErrEnroll = errs.New(errs.Forbidden, "mfa_enrollment_required", "This shop wants a second factor of you. Set one up at /api/v1/me/mfa, or sign in with the one you have.")
)

// secondFactor asks for a user's second factor, where they have set one up, and
// uses it up.
func (u *Users) secondFactor(ctx context.Context, user id.User, otp string) error {
	needed, err := u.MFA.HasTOTP(ctx, u.DB, user)
	switch {
	case err != nil || !needed:
		return err
	case otp == "":
		return ErrMFARequired
	}
	return u.MFA.Prove(ctx, user, otp)
}

// withheld says why somebody has no rights but their own: the shop wants a
// second factor of people like them, and this session was begun without one.
func (u *Users) withheld(ctx context.Context, s signedIn, actor auth.Actor) (*errs.Error, error) {
	if s.AppProven || s.Method == byPasskey || len(actor.Permissions) <= 1 { // all that everybody has is me.use
		return nil, nil //nolint:nilnil // no reason to withhold anything
	}
	who, err := RequireMFASetting.Get(ctx, u.Settings)
	if err != nil {
		return nil, fmt.Errorf("read who needs a second factor: %w", err)
	}
	if who == MFAOfStaffAndVendors || who == MFAOfStaff && actor.Staff() {
		return ErrEnroll, nil
	}
	return nil, nil //nolint:nilnil // no reason to withhold anything
}

// SignInByPasskey signs in whoever's passkey has answered.
func (u *Users) SignInByPasskey(ctx context.Context, session string, credential map[string]any, from Client) (SignIn, error) {
	signedIn, err := u.begin(ctx, byPasskey, from, func(tx pgx.Tx) (User, error) {
		user, err := u.MFA.SignIn(ctx, tx, session, credential)
		if err != nil {
			return User{}, err
		}
		if err := holdUser(ctx, tx, user); err != nil {
			return User{}, err
		}
		return u.Get(ctx, tx, user)
	})
	return signedIn, u.MFA.Told(ctx, err)
}

// StepUpByPasskey is [Users.StepUp] by a passkey of the actor of ctx.
func (u *Users) StepUpByPasskey(ctx context.Context, session string, credential map[string]any) error {
	actor := auth.From(ctx)
	if !actor.Impersonator.IsZero() {
		return auth.ErrForbidden
	}
	return u.MFA.Told(ctx, postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		user, err := u.MFA.SignIn(ctx, tx, session, credential)
		switch {
		case err != nil:
			return err
		case user != actor.User:
			return ErrNotProven
		}
		return setAuthenticated(ctx, tx, actor.Session, u.Clock.Now())
	}))
}

// ErrShutOut says that a user who has proven who they are may not come in.
var ErrShutOut = errs.New(errs.Forbidden, "account_disabled", "This account is closed. Write to the shop.")

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

// ResetFactors removes a user's second factors and passkeys and ends their
// sessions: for those who have lost their device and have shown who they are.
func (u *Users) ResetFactors(ctx context.Context, tx pgx.Tx, user id.User) error {
	if _, err := u.Get(ctx, tx, user); err != nil {
		return err
	}
	if err := u.MFA.Reset(ctx, tx, user); err != nil {
		return err
	}
	return u.endSessions(ctx, tx, user, id.Session{}, "second factors reset")
}
