package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
func (u *Users) Login(ctx context.Context, name, password string, from Client) (SignIn, error) {
	account := strings.ToLower(name)
	if err := u.failures.take(account, from.address(), u.Clock.Now()); err != nil {
		return SignIn{}, err
	}
	found, err := credentialOf(ctx, u.DB, name)
	if err != nil && !errors.Is(err, postgres.ErrNoRow) {
		return SignIn{}, fmt.Errorf("read credential: %w", err)
	}
	if err := u.verify(ctx, password, found.Hash); err != nil {
		return SignIn{}, err
	}
	signedIn, err := u.begin(ctx, byPassword, from, func(tx pgx.Tx) (User, error) {
		// The password may have been changed, or the user disabled, while we hashed.
		if err := holdCredential(ctx, tx, found); err != nil {
			return User{}, err
		}
		return u.Get(ctx, tx, found.UserID)
	})
	if err == nil {
		u.failures.forgive(account, from.address())
	}
	return signedIn, err
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
	if err := u.failures.take(actor.User.String(), from.address(), u.Clock.Now()); err != nil {
		return err
	}
	user, err := u.Get(ctx, u.DB, actor.User)
	if err != nil {
		return err
	}
	found, err := credentialOf(ctx, u.DB, user.Username)
	if err != nil {
		return fmt.Errorf("read credential of user %s: %w", user.ID, err)
	}
	switch err := u.verify(ctx, current, found.Hash); {
	case errors.Is(err, ErrWrongPassword):
		return ErrCurrentPassword
	case err != nil:
		return err
	}
	u.failures.forgive(actor.User.String(), from.address())
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
	if err := u.endSessions(ctx, tx, user, keep, "password changed"); err != nil {
		return err
	}
	return events.Raise(ctx, tx, PasswordChanged{user})
}
