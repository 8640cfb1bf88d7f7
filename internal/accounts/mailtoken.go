package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Purpose is what a mailed token is good for, and nothing else.
type Purpose string

// The purposes.
const (
	VerifyEmail   Purpose = "verify_email"
	ResetPassword Purpose = "reset_password"
	ChangeEmail   Purpose = "change_email"
	SignInByMail  Purpose = "sign_in"
)

// life is how long a token of a purpose is good for: minutes where it lets
// somebody in, days where it only proves a mailbox.
func (p Purpose) life() time.Duration {
	if p == VerifyEmail {
		return 3 * 24 * time.Hour
	}
	return 30 * time.Minute
}

// ErrMailToken says no to a mailed token, whatever is wrong with it.
var ErrMailToken = errs.New(errs.Malformed, "invalid_token", "This link is not valid any more. Ask for a new one.")

// mailToken is the row of a token that was or will be mailed.
type mailToken struct {
	ID            id.MailToken `db:"id"`
	UserID        id.User      `db:"user_id"`
	Purpose       Purpose      `db:"purpose"`
	Email         string       `db:"email"`
	PreviousEmail string       `db:"previous_email"`
	ExpiresAt     time.Time    `db:"expires_at"`
}

// A MailedToken is what a mail that carries a token needs to be written.
type MailedToken struct {
	User          User
	Purpose       Purpose
	Email         string // where it goes; of ChangeEmail, the new address
	PreviousEmail string // of ChangeEmail
	Token         string
	ExpiresAt     time.Time
}

// makeMailToken keeps the hash of a new token; the mail's job makes the token
// itself again from the row's id, so that it stands in no table, log or event.
func (u *Users) makeMailToken(ctx context.Context, tx pgx.Tx, user id.User, purpose Purpose, email, previous string) (id.MailToken, error) {
	t := mailToken{
		ID: id.New[id.MailToken](), UserID: user, Purpose: purpose, Email: email, PreviousEmail: previous,
		ExpiresAt: u.Clock.Now().Add(purpose.life()),
	}
	if err := insertMailToken(ctx, tx, t, sum(u.secretOf(t.ID, purpose)), u.Clock.Now()); err != nil {
		return id.MailToken{}, fmt.Errorf("make token %s of user %s: %w", purpose, user, err)
	}
	return t.ID, nil
}

// MailedToken makes the token of a row again, for the job that mails it. It
// says [ErrMailToken] when there is nothing to mail any more.
func (u *Users) MailedToken(ctx context.Context, db postgres.DB, token id.MailToken) (MailedToken, error) {
	t, err := liveMailToken(ctx, db, token, u.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return MailedToken{}, ErrMailToken
	}
	if err != nil {
		return MailedToken{}, fmt.Errorf("read mail token %s: %w", token, err)
	}
	user, err := u.Get(ctx, db, t.UserID)
	if err != nil {
		return MailedToken{}, err
	}
	return MailedToken{user, t.Purpose, t.Email, t.PreviousEmail, u.secretOf(t.ID, t.Purpose), t.ExpiresAt}, nil
}

// useMailToken spends a token of one purpose: once, in time, the newest only.
func (u *Users) useMailToken(ctx context.Context, tx pgx.Tx, purpose Purpose, token string) (mailToken, error) {
	t, err := spendMailToken(ctx, tx, purpose, sum(token), u.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return mailToken{}, ErrMailToken
	}
	if err != nil {
		return mailToken{}, fmt.Errorf("use mail token: %w", err)
	}
	return t, nil
}

// readMailToken is useMailToken without the use.
func (u *Users) readMailToken(ctx context.Context, purpose Purpose, token string) (mailToken, error) {
	t, err := liveToken(ctx, u.DB, purpose, sum(token), u.Clock.Now())
	if errors.Is(err, postgres.ErrNoRow) {
		return mailToken{}, ErrMailToken
	}
	if err != nil {
		return mailToken{}, fmt.Errorf("read mail token: %w", err)
	}
	return t, nil
}

// secretOf is 256 bits that nobody makes who has not the shop's key.
func (u *Users) secretOf(token id.MailToken, purpose Purpose) string {
	mac := hmac.New(sha256.New, u.MailKey)
	fmt.Fprintf(mac, "%s %s", purpose, token)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
