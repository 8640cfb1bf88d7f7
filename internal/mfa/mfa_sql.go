package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// HasTOTP reports whether a user's authenticator app is set up and confirmed.
func (f *Factors) HasTOTP(ctx context.Context, db postgres.DB, user id.User) (bool, error) {
	there, err := postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM totp_factors WHERE user_id = @user AND confirmed_at IS NOT NULL)`, pgx.NamedArgs{"user": user})
	if err != nil {
		return false, fmt.Errorf("look for authenticator of user %s: %w", user, err)
	}
	return there, nil
}

// hasFactor reports whether a user has an app or a passkey.
func hasFactor(ctx context.Context, db postgres.DB, user id.User) (bool, error) {
	has, err := postgres.Scalar[bool](ctx, db, `
		SELECT EXISTS (SELECT FROM totp_factors WHERE user_id = @user AND confirmed_at IS NOT NULL)
		    OR EXISTS (SELECT FROM passkeys WHERE user_id = @user)`, pgx.NamedArgs{"user": user})
	if err != nil {
		return false, fmt.Errorf("look for factors of user %s: %w", user, err)
	}
	return has, nil
}

func putTOTP(ctx context.Context, tx pgx.Tx, user id.User, sealed []byte, now time.Time) error {
	n, err := postgres.Exec(ctx, tx, `
		INSERT INTO totp_factors AS f (user_id, secret, created_at) VALUES (@user, @secret, @now)
		ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, created_at = excluded.created_at
		WHERE f.confirmed_at IS NULL`, pgx.NamedArgs{"user": user, "secret": sealed, "now": now})
	switch {
	case err != nil:
		return fmt.Errorf("keep authenticator of user %s: %w", user, err)
	case n == 0:
		return ErrTOTPThere
	}
	return nil
}

func lockTOTP(ctx context.Context, tx pgx.Tx, user id.User) (totpFactor, error) {
	return postgres.Get[totpFactor](ctx, tx, `SELECT secret, confirmed_at FROM totp_factors WHERE user_id = @user FOR UPDATE`,
		pgx.NamedArgs{"user": user})
}

func confirmTOTP(ctx context.Context, tx pgx.Tx, user id.User, step int64, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `UPDATE totp_factors SET confirmed_at = @now, last_step = @step WHERE user_id = @user`,
		pgx.NamedArgs{"user": user, "step": step, "now": now})
	return err
}

// useStep reports false when the code of that step, or a later one, has been
// used before.
func useStep(ctx context.Context, tx pgx.Tx, user id.User, step int64) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `UPDATE totp_factors SET last_step = @step WHERE user_id = @user AND last_step < @step`,
		pgx.NamedArgs{"user": user, "step": step})
	if err != nil {
		return false, fmt.Errorf("use code of user %s: %w", user, err)
	}
	return n == 1, nil
}

func deleteTOTP(ctx context.Context, tx pgx.Tx, user id.User) error {
	args := pgx.NamedArgs{"user": user}
	b := postgres.NewBatch()
	b.QueueOne(`DELETE FROM totp_factors WHERE user_id = @user`, args, ErrNoTOTP)
	b.Queue(`DELETE FROM recovery_codes WHERE user_id = @user`, args)
	if err := b.Send(ctx, tx); err != nil {
		if errors.Is(err, ErrNoTOTP) {
			return ErrNoTOTP
		}
		return fmt.Errorf("remove authenticator of user %s: %w", user, err)
	}
	return nil
}

func deleteFactors(ctx context.Context, tx pgx.Tx, user id.User) error {
	args := pgx.NamedArgs{"user": user}
	b := postgres.NewBatch()
	b.Queue(`DELETE FROM totp_factors WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM recovery_codes WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM passkeys WHERE user_id = @user`, args)
	b.Queue(`DELETE FROM mfa_attempts WHERE user_id = @user`, args)
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("remove factors of user %s: %w", user, err)
	}
	return nil
}

func replaceCodes(ctx context.Context, tx pgx.Tx, user id.User, hashes [][]byte, now time.Time) error {
	args := pgx.NamedArgs{"user": user, "hashes": hashes, "now": now}
	b := postgres.NewBatch()
	b.Queue(`DELETE FROM recovery_codes WHERE user_id = @user`, args)
	b.Queue(`INSERT INTO recovery_codes (user_id, hash, created_at) SELECT @user, hash, @now FROM unnest(@hashes::bytea[]) AS hash`, args)
	return b.Send(ctx, tx)
}

// useCode is one statement, so that of two uses at once one finds no row.
func useCode(ctx context.Context, tx pgx.Tx, user id.User, hash []byte, now time.Time) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE recovery_codes SET used_at = @now WHERE user_id = @user AND hash = @hash AND used_at IS NULL`,
		pgx.NamedArgs{"user": user, "hash": hash, "now": now})
	if err != nil {
		return false, fmt.Errorf("use recovery code of user %s: %w", user, err)
	}
	return n == 1, nil
}

func codesLeft(ctx context.Context, db postgres.DB, user id.User) (int, error) {
	left, err := postgres.Scalar[int](ctx, db, `SELECT count(*)::int FROM recovery_codes WHERE user_id = @user AND used_at IS NULL`,
		pgx.NamedArgs{"user": user})
	if err != nil {
		return 0, fmt.Errorf("count recovery codes of user %s: %w", user, err)
	}
	return left, nil
}

// takeSlot counts a guess in one statement, or says how long the next one has
// to wait.
func takeSlot(ctx context.Context, tx pgx.Tx, user id.User, now time.Time) (wait time.Duration, err error) {
	args := pgx.NamedArgs{"user": user, "now": now, "free": freeGuesses, "longest": longestWait}
	n, err := postgres.Exec(ctx, tx, `
		INSERT INTO mfa_attempts AS a (user_id, failures, open_at) VALUES (@user, 1, @now)
		ON CONFLICT (user_id) DO UPDATE SET failures = a.failures + 1, open_at = CASE
			WHEN a.failures + 1 >= @free
			THEN @now::timestamptz + least(interval '1 second' * 2 ^ least(a.failures + 1 - @free, 10), @longest::interval)
			ELSE @now END
		WHERE a.open_at <= @now`, args)
	if err != nil || n == 1 {
		return 0, err
	}
	open, err := postgres.Scalar[time.Time](ctx, tx, `SELECT open_at FROM mfa_attempts WHERE user_id = @user`, args)
	return max(open.Sub(now), time.Second), err
}

func forgive(ctx context.Context, tx pgx.Tx, user id.User) error {
	_, err := postgres.Exec(ctx, tx, `DELETE FROM mfa_attempts WHERE user_id = @user`, pgx.NamedArgs{"user": user})
	return err
}

// sealedSecret is the secret of a user's authenticator app.
type sealedSecret struct {
	UserID id.User `db:"user_id"`
	Secret []byte  `db:"secret"`
}

// Reseal seals the secrets of authenticator apps with the newest master key, and
// says how many there were.
func (f *Factors) Reseal(ctx context.Context, tx pgx.Tx) (int, error) {
	all, err := postgres.All[sealedSecret](ctx, tx, `SELECT user_id, secret FROM totp_factors ORDER BY user_id FOR UPDATE`, nil)
	if err != nil {
		return 0, err
	}
	b, renewed := postgres.NewBatch(), 0
	for _, s := range all {
		sealed, old, err := f.Vault.Renew(totpContext(s.UserID), s.Secret)
		if err != nil {
			return 0, fmt.Errorf("user %s: %w", s.UserID, err)
		}
		if old {
			b.Queue(`UPDATE totp_factors SET secret = @sealed WHERE user_id = @user`, pgx.NamedArgs{"user": s.UserID, "sealed": sealed})
			renewed++
		}
	}
	return renewed, b.Send(ctx, tx)
}
