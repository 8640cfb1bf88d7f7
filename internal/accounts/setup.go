package accounts

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

var (
	// ErrSetUp says that the shop has an administrator already.
	ErrSetUp = errs.New(errs.Gone, "already_set_up", "This shop has an administrator. Sign in, or ask them.")
	// ErrSetupToken says no to a set-up link, whatever is wrong with it.
	ErrSetupToken = errs.New(errs.Malformed, "invalid_token", "This link is not valid any more. Restart the server to get a new one.")
)

const setupLife = 30 * time.Minute

// MakeSetupToken makes the secret of the link with which the first
// administrator is made, good for 30 minutes and once. Only its hash is kept.
func (u *Users) MakeSetupToken(ctx context.Context, tx pgx.Tx) (string, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, by its documentation
	token := base64.RawURLEncoding.EncodeToString(secret)
	if err := insertSetupToken(ctx, tx, sum(token), u.Clock.Now()); err != nil {
		return "", fmt.Errorf("make set-up token: %w", err)
	}
	return token, nil
}

// SetUp makes the first administrator and signs them in. It works only with a
// good token, and only while there is no administrator.
func (u *Users) SetUp(ctx context.Context, token string, in Registration, from Client) (SignIn, error) {
	if set, err := u.HasAdmin(ctx); err != nil || set {
		return SignIn{}, firstOf(err, ErrSetUp)
	}
	if good, err := isSetupToken(ctx, u.DB, sum(token), u.Clock.Now()); err != nil || !good {
		return SignIn{}, firstOf(err, ErrSetupToken)
	}
	if err := u.check(&in); err != nil {
		return SignIn{}, err
	}
	hash, err := u.hash(ctx, in.Password)
	if err != nil {
		return SignIn{}, err
	}
	return u.begin(ctx, bySetup, from, func(tx pgx.Tx) (User, error) {
		if err := useSetupToken(ctx, tx, sum(token), u.Clock.Now()); err != nil {
			return User{}, err
		}
		if set, err := hasAdmin(ctx, tx); err != nil || set {
			return User{}, firstOf(err, ErrSetUp)
		}
		return u.insert(ctx, tx, in, hash, auth.RoleAdmin)
	})
}

func firstOf(err error, refusal *errs.Error) error {
	if err != nil {
		return err
	}
	return refusal
}

// CreateAdmin makes an administrator; the user name is made from the e-mail. It
// hashes while tx is open: it is for the command line.
func (u *Users) CreateAdmin(ctx context.Context, tx pgx.Tx, email, password string) (User, error) {
	name, err := freeUsername(ctx, tx, email)
	if err != nil {
		return User{}, fmt.Errorf("find a user name for administrator: %w", err)
	}
	return u.Create(ctx, tx, Registration{Username: name, Email: email, Password: password}, auth.RoleAdmin)
}

// freeUsername is the local part of an e-mail, with random letters where that
// is taken or too short.
func freeUsername(ctx context.Context, db postgres.DB, email string) (string, error) {
	local, _, _ := strings.Cut(email, "@")
	name := strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-_", r) {
			return r
		}
		return '-'
	}, strings.ToLower(local)), ".-_")
	name = name[:min(len(name), 30)]
	taken, err := isUsername(ctx, db, name)
	if err != nil {
		return "", err
	}
	if taken || len(name) < 3 {
		name = strings.Trim(name+"-"+strings.ToLower(rand.Text()[:6]), "-")
	}
	return name, nil
}
