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

// Login signs in whoever knows the password that belongs to a name, which is
// an e-mail or a user name. Nobody learns from the answer, or from how long it
// takes, whether the name exists or is disabled.
func (u *Users) Login(ctx context.Context, name, password, otp string, from Client) (SignIn, error) {
	at, err := u.hashing.enter(u.hashing.isRegular(name, from))
	if err != nil {
		return SignIn{}, err
	}
	defer at.leave()
	slot, err := u.takeLogin(ctx, name, from)
	if err != nil {
		return SignIn{}, err
	}
	found, err := credentialOf(ctx, u.DB, name)
	if err != nil && !errors.Is(err, postgres.ErrNoRow) {
		return SignIn{}, fmt.Errorf("read credential: %w", err)
	}
	if err := at.verify(ctx, password, found.Hash); err != nil {
		return SignIn{}, err
	}
	if err := u.mailboxFirst(ctx, found.UserID, from); err != nil {
		return SignIn{}, err
	}
	switch err := u.secondFactor(ctx, found.UserID, otp); {
	case errors.Is(err, ErrMFARequired): // the first step of two; the password was right
		return SignIn{}, errors.Join(err, u.forgive(ctx, slot, name, from))
	case err != nil:
		return SignIn{}, err
	}
	signedIn, err := u.begin(ctx, byPassword, from, func(tx pgx.Tx) (User, error) {
		// The password may have been changed, or the user disabled, while we hashed.
		if err := holdCredential(ctx, tx, found); err != nil {
			return User{}, err
		}
		return u.Get(ctx, tx, found.UserID)
	})
	if err != nil {
		return SignIn{}, err
	}
	u.hashing.remember(name, from)
	return signedIn, u.forgive(ctx, slot, name, from)
}

// mailboxFirst refuses a user, whose password was right, until they have proven
// their mailbox, where the shop wants that; and mails the link again.
func (u *Users) mailboxFirst(ctx context.Context, user id.User, from Client) error {
	first, err := VerifyEmailSetting.Get(ctx, u.Settings)
	if err != nil || !first {
		return err
	}
	found, err := u.Get(ctx, u.DB, user)
	if err != nil || found.EmailVerified {
		return err
	}
	if err := u.remindToVerify(ctx, found, from); err != nil {
		return err
	}
	return ErrVerifyFirst
}

// Logout ends the session that ctx's actor uses; one that has ended is no error.
func (u *Users) Logout(ctx context.Context, tx pgx.Tx) error {
	actor := auth.From(ctx)
	err := endSession(ctx, tx, actor.User, actor.Session, "logged out", u.Clock.Now())
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	return err
}

// ErrCurrentPassword says that the password to be replaced is another one.
var ErrCurrentPassword = errs.Validation.Field("/current_password", "wrong_password", "This is not your current password.")

// ChangePassword replaces the password of ctx's actor and ends all their other
// sessions.
func (u *Users) ChangePassword(ctx context.Context, current, wanted string, from Client) error {
	actor := auth.From(ctx)
	if !actor.Impersonator.IsZero() {
		return auth.ErrForbidden
	}
	user, found, err := u.prove(ctx, actor.User, current, from)
	if errors.Is(err, ErrWrongPassword) {
		return ErrCurrentPassword
	}
	if err != nil {
		return err
	}
	hash, err := u.newHash(ctx, "/new_password", wanted, user)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		if err := holdCredential(ctx, tx, found); err != nil {
			return err
		}
		return u.setPassword(ctx, tx, user.ID, hash, actor.Session)
	})
}

// prove looks at the password of somebody who has signed in.
func (u *Users) prove(ctx context.Context, who id.User, password string, from Client) (User, credential, error) {
	at, err := u.hashing.enter(true) // they are signed in
	if err != nil {
		return User{}, credential{}, err
	}
	defer at.leave()
	if err := u.takeAttempt(ctx, proofAttempt, who.String(), from); err != nil {
		return User{}, credential{}, err
	}
	user, err := u.Get(ctx, u.DB, who)
	if err != nil {
		return User{}, credential{}, err
	}
	found, err := credentialOf(ctx, u.DB, user.Username)
	if err != nil && !errors.Is(err, postgres.ErrNoRow) { // none for those who sign in elsewhere
		return User{}, credential{}, fmt.Errorf("read credential of user %s: %w", user.ID, err)
	}
	if err := at.verify(ctx, password, found.Hash); err != nil {
		return User{}, credential{}, err
	}
	return user, found, u.forgive(ctx, proofAttempt, who.String(), from)
}

// StepUp notes that the actor of ctx has just proven again who they are, with
// all that signing in would take: that opens what is worth a second look for
// [auth.StepUpLife].
func (u *Users) StepUp(ctx context.Context, password, otp string, from Client) error {
	actor := auth.From(ctx)
	if !actor.Impersonator.IsZero() {
		return auth.ErrForbidden
	}
	_, found, err := u.prove(ctx, actor.User, password, from)
	if errors.Is(err, ErrWrongPassword) {
		return ErrNotProven
	}
	if err != nil {
		return err
	}
	if err := u.secondFactor(ctx, actor.User, otp); err != nil {
		return err
	}
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		if err := holdCredential(ctx, tx, found); err != nil {
			return err
		}
		return setAuthenticated(ctx, tx, actor.Session, u.Clock.Now())
	})
}

// ErrNotProven says that a proof of identity was none. It is not the answer to a
// token that has run out, and clients must not take it for that.
var ErrNotProven = errs.Validation.Field("/password", "wrong_password", "This is not your password. Those who have none sign in again.")

// ResetPassword gives the user with a name another password and ends all their
// sessions. It hashes while tx is open: it is for the command line.
func (u *Users) ResetPassword(ctx context.Context, tx pgx.Tx, name, wanted string) (User, error) {
	user, err := u.Named(ctx, tx, name)
	if err != nil {
		return User{}, err
	}
	hash, err := u.newHash(ctx, "/password", wanted, user)
	if err != nil {
		return User{}, err
	}
	return user, u.setPassword(ctx, tx, user.ID, hash, id.Session{})
}

func (u *Users) newHash(ctx context.Context, pointer, password string, user User) (string, error) {
	if bad := errs.Fields(checkPassword(pointer, password, user.Username, user.Email, user.Name, u.ShopName)); len(bad) > 0 {
		return "", bad.Err()
	}
	return u.hash(ctx, password)
}

func (u *Users) setPassword(ctx context.Context, tx pgx.Tx, user id.User, hash string, keep id.Session) error {
	if err := putCredential(ctx, tx, user, hash, u.Clock.Now()); err != nil {
		return fmt.Errorf("set password of user %s: %w", user, err)
	}
	// Whoever knew the old one may have asked for a link before it was changed.
	if err := deleteOpenTokens(ctx, tx, user); err != nil {
		return fmt.Errorf("drop mailed tokens of user %s: %w", user, err)
	}
	if err := u.endSessions(ctx, tx, user, keep, "password changed"); err != nil {
		return err
	}
	return events.Raise(ctx, tx, PasswordChanged{user})
}
