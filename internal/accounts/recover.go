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
		if _, err := u.enterByMail(ctx, tx, user.ID); err != nil {
			return err
		}
		return u.setPassword(ctx, tx, user.ID, hash, id.Session{})
	})
}

// SignInByLink signs in whoever has a mailed token, and the second factor of
// the user where there is one. Who has never proven the mailbox has none that
// counts: see [Users.enterByMail].
func (u *Users) SignInByLink(ctx context.Context, token, otp string, from Client) (SignIn, error) {
	found, err := u.readMailToken(ctx, SignInByMail, token)
	if err != nil {
		return SignIn{}, err
	}
	owner, err := u.Get(ctx, u.DB, found.UserID)
	if err != nil {
		return SignIn{}, err
	}
	if owner.EmailVerified {
		if err := u.secondFactor(ctx, owner.ID, otp); err != nil {
			return SignIn{}, err
		}
	}
	return u.begin(ctx, byLink, from, func(tx pgx.Tx) (User, error) {
		found, err := u.useMailToken(ctx, tx, SignInByMail, token)
		if err != nil {
			return User{}, err
		}
		first, err := u.enterByMail(ctx, tx, found.UserID)
		switch {
		case err != nil:
			return User{}, err
		case !first && !owner.EmailVerified: // proven since we looked: there may be a second factor that counts
			return User{}, ErrMailToken
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
	return u.ProveMailbox(ctx, tx, found.UserID)
}

// ProveMailbox notes that a token which was mailed to a user has been shown. It
// says that the address is sound; it is the user's own when they were signed in.
func (u *Users) ProveMailbox(ctx context.Context, tx pgx.Tx, user id.User) error {
	if _, err := u.verified(ctx, tx, user); err != nil {
		return err
	}
	return raiseOwned(ctx, tx, user)
}

func (u *Users) verified(ctx context.Context, tx pgx.Tx, user id.User) (first bool, err error) {
	first, err = setVerified(ctx, tx, user, u.Clock.Now())
	if err != nil || !first {
		return false, err
	}
	return true, events.Raise(ctx, tx, EmailVerified{user})
}

// raiseOwned says so when who has shown a mailed token is in the account, too. A
// stranger's sign-up with somebody's address, or change to it, is confirmed by a
// careless click; that gives the stranger nothing of the mailbox's owner.
func raiseOwned(ctx context.Context, tx pgx.Tx, user id.User) error {
	if auth.From(ctx).User != user {
		return nil
	}
	return events.Raise(ctx, tx, MailboxOwned{user})
}

// enterByMail proves the mailbox of a user for whoever is about to enter by it.
// If nobody has done so before, the account is that of the mailbox's owner from
// now on, and what a stranger may have signed up with opens it no more.
func (u *Users) enterByMail(ctx context.Context, tx pgx.Tx, user id.User) (first bool, err error) {
	first, err = u.verified(ctx, tx, user)
	if err != nil {
		return false, err
	}
	if first && auth.From(ctx).User != user {
		if err := u.changeLocks(ctx, tx, user); err != nil {
			return false, fmt.Errorf("hand user %s over to the owner of the mailbox: %w", user, err)
		}
	}
	return first, events.Raise(ctx, tx, MailboxOwned{user})
}

// changeLocks takes away every way into an account. Sessions come first: what is
// under way in one of them is waited for, and goes with the rest.
func (u *Users) changeLocks(ctx context.Context, tx pgx.Tx, user id.User) error {
	if err := u.endSessions(ctx, tx, user, id.Session{}, "mailbox proven by its owner"); err != nil {
		return err
	}
	if err := deleteCredential(ctx, tx, user); err != nil {
		return err
	}
	if err := deleteOpenTokens(ctx, tx, user); err != nil {
		return err
	}
	if err := u.MFA.Forget(ctx, tx, user); err != nil {
		return err
	}
	return u.DropIdentities(ctx, tx, user)
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
	if err := raiseOwned(ctx, tx, found.UserID); err != nil {
		return err
	}
	return events.Raise(ctx, tx, EmailChanged{found.UserID, found.ID})
}
