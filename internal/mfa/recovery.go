package mfa

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

const (
	recoveryCodes = 10
	recoveryBytes = 10 // 80 random bits each
	freeGuesses   = 5
	longestWait   = 15 * time.Minute
)

// letters that are not taken for others, 32 of them.
var letters = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding)

// RenewCodes replaces a user's recovery codes, which are shown this once.
func (f *Factors) RenewCodes(ctx context.Context, tx pgx.Tx, user id.User) ([]string, error) {
	if err := f.mayChange(ctx, tx); err != nil {
		return nil, err
	}
	there, err := f.HasTOTP(ctx, tx, user)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, ErrNoTOTP
	}
	return f.makeCodes(ctx, tx, user)
}

func (f *Factors) makeCodes(ctx context.Context, tx pgx.Tx, user id.User) ([]string, error) {
	codes, hashes := make([]string, recoveryCodes), make([][]byte, recoveryCodes)
	for i := range codes {
		random := make([]byte, recoveryBytes)
		_, _ = rand.Read(random) // never fails, by its documentation
		text := letters.EncodeToString(random)
		codes[i], hashes[i] = text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:], hashOf(text)
	}
	if err := replaceCodes(ctx, tx, user, hashes, f.Clock.Now()); err != nil {
		return nil, fmt.Errorf("make recovery codes of user %s: %w", user, err)
	}
	return codes, events.Raise(ctx, tx, RecoveryCodesMade{user})
}

func (f *Factors) useRecoveryCode(ctx context.Context, tx pgx.Tx, user id.User, code string) (bool, error) {
	used, err := useCode(ctx, tx, user, hashOf(code), f.Clock.Now())
	if err != nil || !used {
		return false, err
	}
	left, err := codesLeft(ctx, tx, user)
	if err != nil {
		return false, err
	}
	return true, events.Raise(ctx, tx, RecoveryCodeUsed{user, left})
}

// hashOf needs no salt and no slow function: nobody guesses 80 random bits.
func hashOf(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}

func (f *Factors) takeSlot(ctx context.Context, user id.User) error {
	var wait time.Duration
	err := postgres.InTx(ctx, f.DB, func(tx pgx.Tx) (err error) {
		wait, err = takeSlot(ctx, tx, user, f.Clock.Now())
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("count attempt of user %s: %w", user, err)
	case wait > 0:
		return ErrThrottled.After(wait)
	}
	return nil
}
