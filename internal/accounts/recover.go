package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// RedeemReset gives whoever has a mailed token another password and ends all
// sessions. It signs nobody in: a second factor is asked for as ever.
func (u *Users) RedeemReset(ctx context.Context, token, wanted string) error {
	found, err := u.readMailToken(ctx, ResetPassword, token) // before any hashing, or strangers could have us hash
	if err != nil {
		return err
	}
	user, err := u.Get(ctx, u.DB, found.UserID)
	if err != nil {
		return err
	}
	hash, err := u.newHash(ctx, "/password", wanted, user)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		if _, err := u.useMailToken(ctx, tx, ResetPassword, token); err != nil {
			return err
		}
		if err := u.proveMailbox(ctx, tx, user.ID); err != nil {
			return err
		}
		return u.setPassword(ctx, tx, user.ID, hash, id.Session{})
	})
}

// SignInByLink signs in whoever has a mailed token, and the second factor of
// the user where there is one.
func (u *Users) SignInByLink(ctx context.Context, token, otp string, from Client) (SignIn, error) {
	owner, err := u.readMailToken(ctx, SignInByMail, token)
	if err != nil {
		return SignIn{}, err
	}
	if err := u.secondFactor(ctx, owner.UserID, otp); err != nil {
		return SignIn{}, err
	}
	return u.begin(ctx, byLink, from, func(tx pgx.Tx) (User, error) {
		found, err := u.useMailToken(ctx, tx, SignInByMail, token)
		if err != nil {
			return User{}, err
		}
		if err := u.proveMailbox(ctx, tx, found.UserID); err != nil {
			return User{}, err
		}
		return u.Get(ctx, tx, found.UserID)
	})
}

// AskVerification mails the actor of ctx a link that proves their mailbox. One
// who has proven it, or asks too often, is sent nothing.
func (u *Users) AskVerification(ctx context.Context, from Client) error {
	user, err := u.Get(ctx, u.DB, auth.From(ctx).User)
	if err != nil {
		return err
	}
	return u.remindToVerify(ctx, user, from)
}

func (u *Users) remindToVerify(ctx context.Context, user User, from Client) error {
	if user.EmailVerified {
		return nil
	}
	switch err := u.takeAttempt(ctx, mailAttempt, user.Email, from); {
	case errors.Is(err, ErrThrottled):
		return nil
	case err != nil:
		return err
	}
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return u.mailToken(ctx, tx, user, VerifyEmail) })
}

// Verify proves the mailbox that a token was mailed to.
func (u *Users) Verify(ctx context.Context, tx pgx.Tx, token string) error {
	found, err := u.useMailToken(ctx, tx, VerifyEmail, token)
	if err != nil {
		return err
	}
	return u.proveMailbox(ctx, tx, found.UserID)
}

// proveMailbox notes that a user reads what is mailed to their address.
func (u *Users) proveMailbox(ctx context.Context, tx pgx.Tx, user id.User) error {
	first, err := setVerified(ctx, tx, user, u.Clock.Now())
	if err != nil || !first {
		return err
	}
	return events.Raise(ctx, tx, EmailVerified{user})
}

// ErrSameEmail says that the new address is the old one.
var ErrSameEmail = errs.Validation.Field("/email", "same", "This is your address already.")

// AskEmailChange mails a link to the address that the actor of ctx wants; theirs
// it is when they open it. The answer does not tell whether somebody else has
// it: that one is told, by mail.
func (u *Users) AskEmailChange(ctx context.Context, wanted string, from Client) error {
	wanted, err := checkEmail(wanted)
	if err != nil {
		return err
	}
	user, err := u.Get(ctx, u.DB, auth.From(ctx).User)
	switch {
	case err != nil:
		return err
	case wanted == user.Email:
		return ErrSameEmail
	}
	if err := u.takeAttempt(ctx, mailAttempt, user.ID.String(), from); err != nil {
		return err
	}
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		owner, err := u.Named(ctx, tx, wanted)
		switch {
		case err == nil && owner.ID != user.ID:
			return events.Raise(ctx, tx, RegisteredAgain{owner.ID})
		case err != nil && !errors.Is(err, ErrNoUser):
			return err
		}
		token, err := u.makeMailToken(ctx, tx, user.ID, ChangeEmail, wanted, user.Email)
		if err != nil {
			return err
		}
		return events.Raise(ctx, tx, EmailChangeAsked{user.ID, token})
	})
}

// ConfirmEmail gives a user the address that a token was mailed to.
func (u *Users) ConfirmEmail(ctx context.Context, tx pgx.Tx, token string) error {
	found, err := u.useMailToken(ctx, tx, ChangeEmail, token)
	if err != nil {
		return err
	}
	if err := setEmail(ctx, tx, found.UserID, found.Email, u.Clock.Now()); err != nil {
		return fmt.Errorf("change e-mail of user %s: %w", found.UserID, err)
	}
	return events.Raise(ctx, tx, EmailChanged{found.UserID, found.ID})
}
