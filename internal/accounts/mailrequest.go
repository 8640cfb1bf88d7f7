package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

// AskForMail asks for a link that resets a password or signs in, at an address
// that may be nobody's. What it does and how long it takes is the same for all:
// whether there is such a user, a job finds out ([Users.AnswerMailRequest]).
// Who asks too often is answered as ever and sent nothing.
func (u *Users) AskForMail(ctx context.Context, purpose Purpose, email string, from Client) error {
	if !ValidEmail(email) {
		return errs.Validation.Field("/email", "invalid", "This is not an e-mail address.")
	}
	switch err := u.takeAttempt(ctx, mailAttempt, email, from); {
	case errors.Is(err, ErrThrottled):
		return nil
	case err != nil:
		return err
	}
	return u.askForMail(ctx, purpose, email)
}

func (u *Users) askForMail(ctx context.Context, purpose Purpose, name string) error {
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		request := id.New[id.MailToken]()
		if err := insertMailRequest(ctx, tx, request, purpose, name, u.Clock.Now()); err != nil {
			return fmt.Errorf("ask for mail: %w", err)
		}
		return events.Raise(ctx, tx, MailAsked{request})
	})
}

// AnswerMailRequest makes the token that somebody asked for, if they are a user
// who may sign in. It is done once: the request is gone with its answer.
func (u *Users) AnswerMailRequest(ctx context.Context, e MailAsked) error {
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error {
		request, err := takeMailRequest(ctx, tx, e.RequestID)
		if errors.Is(err, postgres.ErrNoRow) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take mail request %s: %w", e.RequestID, err)
		}
		user, err := u.Named(ctx, tx, request.Name)
		switch {
		case errors.Is(err, ErrNoUser):
			return nil
		case err != nil:
			return err
		case user.DisabledAt != nil || user.ErasedAt != nil:
			return nil
		}
		return u.mailToken(ctx, tx, user, request.Purpose)
	})
}

// mailToken makes a token for the user's mailbox and says so.
func (u *Users) mailToken(ctx context.Context, tx pgx.Tx, user User, purpose Purpose) error {
	token, err := u.makeMailToken(ctx, tx, user.ID, purpose, user.Email, "")
	if err != nil {
		return err
	}
	var asked events.Event
	switch purpose {
	case VerifyEmail:
		asked = VerificationAsked{user.ID, token}
	case ResetPassword:
		asked = PasswordResetAsked{user.ID, token}
	case SignInByMail:
		asked = SignInLinkAsked{user.ID, token}
	case ChangeEmail:
		return fmt.Errorf("a changed address is not the user's mailbox yet")
	}
	return events.Raise(ctx, tx, asked)
}

// ForgetMail drops tokens and requests that are of no use any more; a sweep
// calls it. A token stays for a day, so that one who comes late is told so.
func (u *Users) ForgetMail(ctx context.Context) error {
	return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return deleteOldMail(ctx, tx, u.Clock.Now().Add(-24*time.Hour)) })
}

// checkEmail tidies an address and says what is wrong with it.
func checkEmail(email string) (string, error) {
	email = strings.TrimSpace(email)
	if !ValidEmail(email) {
		return "", errs.Validation.Field("/email", "invalid", "This is not an e-mail address.")
	}
	return email, nil
}
