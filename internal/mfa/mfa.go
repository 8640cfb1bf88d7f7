// Package mfa knows what people prove themselves with besides a password:
// authenticator apps, recovery codes and passkeys.
//
// Owns: one-time codes of RFC 6238 and the recovery codes beside them, passkeys
// (WebAuthn Level 3), how often somebody may guess.
// Tables: totp_factors, recovery_codes, mfa_attempts, passkeys, webauthn_answers.
// Raises: [FactorAdded], [FactorRemoved], [RecoveryCodeUsed],
// [RecoveryCodesMade], [PasskeyCopied].
// Calls: nobody; accounts, to its right, asks it at sign-in.
package mfa

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// Factors is everybody's second factors and passkeys.
type Factors struct {
	DB       postgres.DB
	Clock    clock.Clock
	Vault    *vault.Vault
	Origin   string // the shop's base URL: passkeys are made for its host
	ShopName string // what authenticators show

	// Label is what a user calls themselves, for authenticators to show.
	Label func(ctx context.Context, db postgres.DB, user id.User) (string, error)
}

// Status is what somebody has set up.
type Status struct {
	TOTP              bool      `json:"totp" doc:"Whether an authenticator app is set up: a code is asked for besides the password."`
	RecoveryCodesLeft int       `json:"recovery_codes_left"`
	Passkeys          []Passkey `json:"passkeys"`
}

// Routes mounts what people do with their own factors.
func (f *Factors) Routes(r *httpapi.Router) {
	me, proven, unstored := httpapi.Needs(auth.AsCustomer), httpapi.StepUp(), httpapi.NeverStored()
	done, created := httpapi.Status(http.StatusNoContent), httpapi.Status(http.StatusCreated)
	httpapi.Get(r, "/api/v1/me/mfa", f.show, me, httpapi.Private(), httpapi.Summary("Show my second factors and passkeys"))
	httpapi.Post(r, "/api/v1/me/mfa/totp", f.enroll, me, proven, unstored, httpapi.Status(http.StatusOK), httpapi.Summary("Begin to set up an authenticator app"),
		httpapi.Describe("It counts when a code of it has been confirmed."))
	httpapi.Post(r, "/api/v1/me/mfa/totp/confirm", f.confirm, me, proven, unstored, httpapi.Status(http.StatusOK), httpapi.Summary("Confirm my authenticator app"),
		httpapi.Describe("The recovery codes are shown this once."))
	httpapi.Delete(r, "/api/v1/me/mfa/totp", f.remove, me, proven, done, httpapi.Summary("Remove my authenticator app"),
		httpapi.Describe("Its recovery codes go with it."))
	httpapi.Post(r, "/api/v1/me/mfa/recovery-codes", f.renewCodes, me, proven, unstored, httpapi.Status(http.StatusOK), httpapi.Summary("Replace my recovery codes"))
	httpapi.Get(r, "/api/v1/me/mfa/passkeys", f.listPasskeys, me, httpapi.Private(), httpapi.Summary("List my passkeys"))
	httpapi.Post(r, "/api/v1/me/mfa/passkeys/start", f.startPasskey, me, proven, unstored, httpapi.Status(http.StatusOK), httpapi.Summary("Begin to make a passkey"),
		httpapi.Describe("`options` is for `PublicKeyCredential.parseCreationOptionsFromJSON`; send `session` back with what the browser makes of it."))
	httpapi.Post(r, "/api/v1/me/mfa/passkeys", f.createPasskey, me, proven, unstored, created, httpapi.Summary("Keep a passkey"))
	httpapi.Patch(r, "/api/v1/me/mfa/passkeys/{passkey}", f.renamePasskey, me, httpapi.Summary("Rename one of my passkeys"))
	httpapi.Delete(r, "/api/v1/me/mfa/passkeys/{passkey}", f.removePasskey, me, proven, done, httpapi.Summary("Remove one of my passkeys"))
}

// Status reads what a user has set up.
func (f *Factors) Status(ctx context.Context, db postgres.DB, user id.User) (Status, error) {
	s := Status{}
	var err error
	if s.TOTP, err = f.HasTOTP(ctx, db, user); err != nil {
		return s, err
	}
	if s.RecoveryCodesLeft, err = codesLeft(ctx, db, user); err != nil {
		return s, err
	}
	s.Passkeys, err = f.Passkeys(ctx, db, user)
	return s, err
}

// Reset removes every factor and passkey of a user, for staff, who have seen
// that it is them.
func (f *Factors) Reset(ctx context.Context, tx pgx.Tx, user id.User) error {
	if err := deleteFactors(ctx, tx, user); err != nil {
		return err
	}
	return events.Raise(ctx, tx, FactorRemoved{user, "all"})
}

// Forget is Reset for who is erased: there is nobody to tell.
func (f *Factors) Forget(ctx context.Context, tx pgx.Tx, user id.User) error {
	return deleteFactors(ctx, tx, user)
}

// ErrProveFactor keeps a password alone from changing what stands beside it.
var ErrProveFactor = errs.New(errs.Forbidden, "second_factor_required", "Sign in with the second factor that you have before you change it.")

// mayChange refuses a session whose rights wait for a second factor when its
// user has one: else a stolen password would set up an app of its own.
func (f *Factors) mayChange(ctx context.Context, db postgres.DB) error {
	actor := auth.From(ctx)
	if actor.Withheld == nil {
		return nil
	}
	has, err := hasFactor(ctx, db, actor.User)
	if err == nil && has {
		return ErrProveFactor
	}
	return err
}

// Sweep forgets answers whose challenges have expired.
func (f *Factors) Sweep(ctx context.Context) error {
	return postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error { return deleteAnswers(ctx, tx, f.Clock.Now()) })
}

var (
	// ErrWrongCode says no to a one-time or recovery code, whatever is wrong with it.
	ErrWrongCode = errs.New(errs.Unauthenticated, "invalid_otp", "This code is not good, or was used. Wait for the next one.")
	// ErrThrottled asks to wait after too many wrong codes.
	ErrThrottled = errs.New(errs.TooMany, "too_many_attempts", "There were too many wrong codes. Wait before you try again.")
)
