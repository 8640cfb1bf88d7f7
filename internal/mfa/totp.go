package mfa

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/hotp"
	"rsc.io/qr"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

var (
	// ErrTOTPThere says that an authenticator app is set up already.
	ErrTOTPThere = errs.New(errs.Conflict, "totp_exists", "An authenticator app is set up. Remove it first.")
	// ErrNoTOTP says that no authenticator app is set up.
	ErrNoTOTP = errs.New(errs.NotFound, "not_found", "No authenticator app is set up.")
	// ErrConfirm says that a first code was not one of the app that is set up.
	ErrConfirm = errs.Validation.Field("/code", "wrong_code", "This is not the code of now. Look at the app and at the clock of its device.")
)

const (
	totpDigits = 6
	totpStep   = 30 * time.Second
	totpSkew   = 1  // steps that a clock may be off
	secretSize = 20 // bytes, RFC 4226 section 4
)

// Enrollment is what an authenticator app needs to know.
type Enrollment struct {
	Secret string `json:"secret" doc:"In base32, to be typed."`
	URI    string `json:"otpauth_uri"`
	QR     string `json:"qr_svg" doc:"The URI as a picture, to be scanned."`
}

// totpFactor is a row of totp_factors.
type totpFactor struct {
	Secret      []byte     `db:"secret"`
	ConfirmedAt *time.Time `db:"confirmed_at"`
}

func totpContext(user id.User) string { return "mfa.totp " + user.String() }

// Enroll makes the secret of an authenticator app. One that was never
// confirmed is replaced.
func (f *Factors) Enroll(ctx context.Context, tx pgx.Tx, user id.User) (Enrollment, error) {
	if err := f.mayChange(ctx, tx); err != nil {
		return Enrollment{}, err
	}
	label, err := f.Label(ctx, tx, user)
	if err != nil {
		return Enrollment{}, err
	}
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails, by its documentation
	if err := putTOTP(ctx, tx, user, f.Vault.Seal(totpContext(user), secret), f.Clock.Now()); err != nil {
		return Enrollment{}, err
	}
	text := base32Secret(secret)
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + f.ShopName + ":" + label}
	uri.RawQuery = "secret=" + text + "&issuer=" + url.PathEscape(f.ShopName) // apps read %20 and not +
	picture, err := drawQR(uri.String())
	return Enrollment{text, uri.String(), picture}, err
}

func base32Secret(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// drawQR is a QR code as SVG, a path of black modules on white.
func drawQR(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw QR code: %w", err)
	}
	const quiet = 4 // modules around it, ISO/IEC 18004
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	side := code.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, side, side, side, side, path.String()), nil
}

// Confirm makes an authenticator app count, by a code of it, and returns
// recovery codes, which are shown this once.
func (f *Factors) Confirm(ctx context.Context, tx pgx.Tx, user id.User, code string) ([]string, error) {
	if err := f.mayChange(ctx, tx); err != nil {
		return nil, err
	}
	factor, err := lockTOTP(ctx, tx, user)
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return nil, ErrNoTOTP
	case err != nil:
		return nil, fmt.Errorf("read authenticator of user %s: %w", user, err)
	case factor.ConfirmedAt != nil:
		return nil, ErrTOTPThere
	}
	step, ok, err := f.stepOf(user, factor, code)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrConfirm
	}
	if err := confirmTOTP(ctx, tx, user, step, f.Clock.Now()); err != nil {
		return nil, fmt.Errorf("confirm authenticator of user %s: %w", user, err)
	}
	if err := events.Raise(ctx, tx, FactorAdded{user, "totp"}); err != nil {
		return nil, err
	}
	return f.makeCodes(ctx, tx, user)
}

// Remove takes away a user's authenticator app and recovery codes.
func (f *Factors) Remove(ctx context.Context, tx pgx.Tx, user id.User) error {
	if err := f.mayChange(ctx, tx); err != nil {
		return err
	}
	if err := deleteTOTP(ctx, tx, user); err != nil {
		return err
	}
	return events.Raise(ctx, tx, FactorRemoved{user, "totp"})
}

// Prove says nil when code is a one-time code of the user's app or one of their
// recovery codes, and uses it up. The attempt is counted before the code is
// looked at; five are free, then one waits 1, 2, 4 … 900 seconds. It opens
// transactions of its own: a guess counts whatever becomes of the sign-in.
func (f *Factors) Prove(ctx context.Context, user id.User, code string) error {
	if err := f.takeSlot(ctx, user); err != nil {
		return err
	}
	return postgres.InTx(ctx, f.DB, func(tx pgx.Tx) error {
		used, err := f.use(ctx, tx, user, tidyCode(code))
		switch {
		case err != nil:
			return err
		case !used:
			return ErrWrongCode
		}
		return forgive(ctx, tx, user)
	})
}

func (f *Factors) use(ctx context.Context, tx pgx.Tx, user id.User, code string) (bool, error) {
	if len(code) != totpDigits {
		return f.useRecoveryCode(ctx, tx, user, code)
	}
	factor, err := lockTOTP(ctx, tx, user)
	if errors.Is(err, postgres.ErrNoRow) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read authenticator of user %s: %w", user, err)
	}
	step, ok, err := f.stepOf(user, factor, code)
	if err != nil || !ok || factor.ConfirmedAt == nil {
		return false, err
	}
	return useStep(ctx, tx, user, step)
}

// stepOf finds the time step whose code this is, now or next to it.
func (f *Factors) stepOf(user id.User, factor totpFactor, code string) (step int64, ok bool, err error) {
	secret, err := f.Vault.Open(totpContext(user), factor.Secret)
	if err != nil {
		return 0, false, fmt.Errorf("open authenticator of user %s: %w", user, err)
	}
	now := f.Clock.Now().Unix() / int64(totpStep.Seconds())
	for s := now - totpSkew; s <= now+totpSkew; s++ {
		want, err := hotp.GenerateCode(base32Secret(secret), uint64(s)) // RFC 6238: the counter of RFC 4226 is the step
		if err != nil {
			return 0, false, fmt.Errorf("make code of user %s: %w", user, err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(tidyCode(code))) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// tidyCode drops what people put between the letters.
func tidyCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
}
