package mfa_test

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/hotp"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/mfa"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

type shop struct {
	*mfa.Factors
	t    *testing.T
	time *clock.Manual
}

func open(t *testing.T, db postgres.DB, now time.Time) shop {
	t.Helper()
	at := clock.At(now)
	label := func(context.Context, postgres.DB, id.User) (string, error) { return "ann@example.com", nil }
	return shop{&mfa.Factors{
		DB: db, Clock: at, Vault: vault.New(make([]byte, 32)), Origin: "https://shop.example", ShopName: "Souk & Sons", Label: label,
	}, t, at}
}

func (s shop) user(name string) id.User {
	s.t.Helper()
	user := id.New[id.User]()
	s.tx(func(tx pgx.Tx) error {
		_, err := tx.Exec(s.t.Context(), `INSERT INTO users (id, username, email) VALUES (@id, @name, @name || '@example.com')`,
			pgx.NamedArgs{"id": user, "name": name})
		return err
	})
	return user
}

func (s shop) tx(fn func(tx pgx.Tx) error) {
	s.t.Helper()
	if err := s.try(fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s shop) try(fn func(tx pgx.Tx) error) error {
	return postgres.InTx(s.t.Context(), s.DB, fn)
}

// code is what the user's app shows, some steps from now.
func (s shop) code(secret string, steps int64) string {
	s.t.Helper()
	code, err := hotp.GenerateCode(secret, uint64(s.time.Now().Unix()/30+steps))
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// setUp gives a user an authenticator app and recovery codes.
func (s shop) setUp(user id.User) (secret string, codes []string) {
	s.t.Helper()
	s.tx(func(tx pgx.Tx) error {
		made, err := s.Enroll(s.t.Context(), tx, user)
		if err != nil {
			return err
		}
		secret = made.Secret
		codes, err = s.Confirm(s.t.Context(), tx, user, s.code(secret, 0))
		return err
	})
	s.time.Advance(time.Minute) // past the code that confirmed it
	return secret, codes
}

func TestAnAppCountsOnceItIsConfirmed(t *testing.T) {
	s := open(t, pgtest.Tx(t), noon)
	ann := s.user("ann")
	confirm := func(code string) error {
		return s.try(func(tx pgx.Tx) error { _, err := s.Confirm(t.Context(), tx, ann, code); return err })
	}
	if err := confirm("123456"); !errors.Is(err, mfa.ErrNoTOTP) {
		t.Errorf("before it is set up: %v", err)
	}
	var first, made mfa.Enrollment
	for _, e := range []*mfa.Enrollment{&first, &made} { // whoever begins again begins anew
		s.tx(func(tx pgx.Tx) (err error) { *e, err = s.Enroll(t.Context(), tx, ann); return err })
	}
	if made.URI != "otpauth://totp/Souk%20&%20Sons:ann@example.com?secret="+made.Secret+"&issuer=Souk%20&%20Sons" {
		t.Errorf("the address is %s", made.URI)
	}
	if err := xml.Unmarshal([]byte(made.QR), new(struct{})); err != nil || !strings.HasPrefix(made.QR, "<svg ") {
		t.Errorf("the picture is %.60s: %v", made.QR, err)
	}
	if sealed, err := postgres.Scalar[[]byte](t.Context(), s.DB, `SELECT secret FROM totp_factors`, nil); err != nil || len(sealed) <= 20 {
		t.Errorf("the secret lies bare: %d bytes, %v", len(sealed), err)
	}
	for _, bad := range []string{"", "12345", "1234567", s.code(first.Secret, 0), s.code(made.Secret, 2), s.code(made.Secret, -2)} {
		if err := confirm(bad); !errors.Is(err, errs.Validation) {
			t.Errorf("by %q: %v", bad, err)
		}
	}
	if there, err := s.HasTOTP(t.Context(), s.DB, ann); err != nil || there {
		t.Errorf("it counts before it is confirmed: %v", err)
	}
	good := s.code(made.Secret, 0)
	if err := confirm(good[:3] + " " + good[3:]); err != nil {
		t.Fatal(err)
	}
	if err := s.try(func(tx pgx.Tx) error { _, err := s.Enroll(t.Context(), tx, ann); return err }); !errors.Is(err, mfa.ErrTOTPThere) {
		t.Errorf("a second app: %v", err)
	}
	if err := s.Prove(t.Context(), ann, good); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("the code that confirmed it is good once more: %v", err)
	}
	state, err := s.Status(t.Context(), s.DB, ann)
	if err != nil || !state.TOTP || state.RecoveryCodesLeft != 10 {
		t.Errorf("%+v, %v", state, err)
	}
}

// RFC 6238, appendix B, for SHA-1, the last six of its eight digits.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			s := open(t, pgtest.Tx(t), time.Unix(at, 0).Add(-time.Minute)) // which setting it up takes
			ann := s.user("ann")
			s.setUp(ann)
			s.tx(func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE totp_factors SET secret = @secret, last_step = 0`,
					pgx.NamedArgs{"secret": s.Vault.Seal("mfa.totp "+ann.String(), []byte("12345678901234567890"))})
				return err
			})
			if err := s.Prove(t.Context(), ann, code); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		})
	}
}

// Bad input 99: a code works once, and no more than a step early or late.
func TestACodeWorksOnceAndNextToNow(t *testing.T) {
	s := open(t, pgtest.Tx(t), noon)
	ann, bob := s.user("ann"), s.user("bob")
	secret, _ := s.setUp(ann)
	s.setUp(bob)
	for _, test := range []struct {
		name  string
		steps int64
		want  error
	}{
		{"two steps early", 2, mfa.ErrWrongCode},
		{"two steps late", -2, mfa.ErrWrongCode},
		{"a step late", -1, nil},
		{"now", 0, nil},
		{"now, again", 0, mfa.ErrWrongCode},
		{"one that is older", -1, mfa.ErrWrongCode},
		{"a step early", 1, nil},
		{"now, after a later one", 0, mfa.ErrWrongCode},
	} {
		if err := s.Prove(t.Context(), ann, s.code(secret, test.steps)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	s.time.Advance(2 * time.Minute)
	if err := s.Prove(t.Context(), bob, s.code(secret, 0)); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("another user's code: %v", err)
	}
	if err := s.Prove(t.Context(), s.user("eve"), s.code(secret, 0)); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("of one who has no app: %v", err)
	}
}

// Bad input 99: guessing a code gets slow, and never shuts the owner out.
func TestWrongCodesMakeOneWait(t *testing.T) {
	s := open(t, pgtest.Tx(t), noon)
	ann := s.user("ann")
	secret, _ := s.setUp(ann)
	for range 5 {
		if err := s.Prove(t.Context(), ann, "000000"); !errors.Is(err, mfa.ErrWrongCode) {
			t.Fatal(err)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		var refusal *errs.Error
		if err := s.Prove(t.Context(), ann, s.code(secret, 0)); !errors.As(err, &refusal) || refusal.RetryAfter != want*time.Second {
			t.Fatalf("got %v, want a wait of %d s", err, want)
		}
		s.time.Advance(want * time.Second)
		if err := s.Prove(t.Context(), ann, "000000"); !errors.Is(err, mfa.ErrWrongCode) {
			t.Fatalf("after %d s: %v", want, err)
		}
	}
	s.time.Advance(15 * time.Minute)
	if err := s.Prove(t.Context(), ann, s.code(secret, 0)); err != nil {
		t.Fatalf("the owner is locked out: %v", err)
	}
	if err := s.Prove(t.Context(), ann, "000000"); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("a good code has not forgiven the wrong ones: %v", err)
	}
}

// Bad input 99: of two sign-ins at once with one code, one gets in; twenty
// guesses at once count in full.
func TestCodesUnderRaces(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.DB(t), noon)
	ann := s.user("ann")
	secret, codes := s.setUp(ann)
	race := func(n int, code string) (in, wrong, waits int) {
		t.Helper()
		var wg sync.WaitGroup
		found := make([]error, n)
		for i := range n {
			wg.Go(func() { found[i] = s.Prove(t.Context(), ann, code) })
		}
		wg.Wait()
		for _, err := range found {
			switch {
			case err == nil:
				in++
			case errors.Is(err, mfa.ErrWrongCode):
				wrong++
			case errors.Is(err, mfa.ErrThrottled):
				waits++
			default:
				t.Error(err)
			}
		}
		return in, wrong, waits
	}
	if in, _, _ := race(4, s.code(secret, 0)); in != 1 {
		t.Errorf("%d came in with one code of the app", in)
	}
	s.time.Advance(time.Hour)
	if err := s.Prove(t.Context(), ann, s.code(secret, 0)); err != nil { // forgives
		t.Fatal(err)
	}
	if in, _, _ := race(4, codes[0]); in != 1 {
		t.Errorf("%d came in with one recovery code", in)
	}
	s.time.Advance(time.Hour)
	if err := s.Prove(t.Context(), ann, s.code(secret, 0)); err != nil {
		t.Fatal(err)
	}
	if in, wrong, waits := race(20, "000000"); in != 0 || wrong != 5 || waits != 15 {
		t.Errorf("%d came in, %d guesses were looked at and %d had to wait; want 0, 5 and 15", in, wrong, waits)
	}
}

// Bad input 99: a recovery code works once.
func TestRecoveryCodes(t *testing.T) {
	s := open(t, pgtest.Tx(t), noon)
	ann := s.user("ann")
	_, codes := s.setUp(ann)
	seen := map[string]bool{}
	for _, code := range codes {
		raw, err := base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(code, "-", ""))
		if err != nil || len(raw) < 8 || seen[code] {
			t.Errorf("%s has %d bytes, %v", code, len(raw), err)
		}
		seen[code] = true
	}
	if err := s.Prove(t.Context(), ann, strings.ToUpper(strings.ReplaceAll(codes[3], "-", " "))); err != nil {
		t.Errorf("in capitals and with spaces: %v", err)
	}
	if err := s.Prove(t.Context(), ann, codes[3]); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("twice: %v", err)
	}
	var fresh []string
	s.tx(func(tx pgx.Tx) (err error) { fresh, err = s.RenewCodes(t.Context(), tx, ann); return err })
	if err := s.Prove(t.Context(), ann, codes[4]); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("of the set before: %v", err)
	}
	if err := s.Prove(t.Context(), ann, fresh[0]); err != nil {
		t.Errorf("of the new set: %v", err)
	}
	s.tx(func(tx pgx.Tx) error { return s.Remove(t.Context(), tx, ann) })
	if err := s.Prove(t.Context(), ann, fresh[1]); !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("after the app is gone: %v", err)
	}
	err := s.try(func(tx pgx.Tx) error { _, err := s.RenewCodes(t.Context(), tx, ann); return err })
	if !errors.Is(err, mfa.ErrNoTOTP) {
		t.Errorf("codes without an app: %v", err)
	}
}

// device is somebody's phone, with a browser that is at a shop.
type device struct {
	party virtualwebauthn.RelyingParty
	auth  virtualwebauthn.Authenticator
	key   virtualwebauthn.Credential
}

// newKey draws until both coordinates of the public key are 32 bytes long: the
// virtual device forgets their leading zeros, which RFC 9053 7.1.1 wants kept.
func newKey() virtualwebauthn.Credential {
	const whole = 77 // bytes of a COSE key with two coordinates of 32
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

func newDevice(user id.User) *device {
	d := &device{
		party: virtualwebauthn.RelyingParty{Name: "Souk", ID: "shop.example", Origin: "https://shop.example"},
		auth:  virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: user[:]}),
		key:   newKey(),
	}
	d.auth.AddCredential(d.key)
	return d
}

func options(t *testing.T, c mfa.Ceremony) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"publicKey": c.Options})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parsed(t *testing.T, answer string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(answer), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func (d *device) register(t *testing.T, c mfa.Ceremony) map[string]any {
	t.Helper()
	asked, err := virtualwebauthn.ParseAttestationOptions(options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, virtualwebauthn.CreateAttestationResponse(d.party, d.auth, d.key, *asked))
}

func (d *device) answer(t *testing.T, c mfa.Ceremony) map[string]any {
	t.Helper()
	asked, err := virtualwebauthn.ParseAssertionOptions(options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	d.key.Counter++
	return parsed(t, virtualwebauthn.CreateAssertionResponse(d.party, d.auth, d.key, *asked))
}

func (s shop) start(user id.User) mfa.Ceremony {
	s.t.Helper()
	c, err := s.StartPasskey(s.t.Context(), s.DB, user)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s shop) add(user id.User, c mfa.Ceremony, answer map[string]any) (key mfa.Passkey, err error) {
	err = s.try(func(tx pgx.Tx) (err error) {
		key, err = s.AddPasskey(s.t.Context(), tx, user, c.Session, "My phone", answer)
		return err
	})
	return key, err
}

func (s shop) ask() mfa.Ceremony {
	s.t.Helper()
	c, err := s.StartSignIn()
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s shop) enter(c mfa.Ceremony, answer map[string]any) (user id.User, err error) {
	err = s.try(func(tx pgx.Tx) (err error) {
		user, err = s.SignIn(s.t.Context(), tx, c.Session, answer)
		return err
	})
	return user, err
}

func TestPasskeys(t *testing.T) {
	s := open(t, pgtest.Tx(t), clock.System{}.Now()) // the library looks at the machine's clock
	ann, bob := s.user("ann"), s.user("bob")
	phone := newDevice(ann)

	begun := s.start(ann)
	if _, err := s.add(bob, begun, phone.register(t, begun)); !errors.Is(err, errs.Validation) {
		t.Errorf("another user's ceremony: %v", err)
	}
	elsewhere := *phone
	elsewhere.party.Origin = "https://evil.example"
	if _, err := s.add(ann, begun, elsewhere.register(t, begun)); !errors.Is(err, errs.Validation) {
		t.Errorf("another origin: %v", err)
	}
	answer := phone.register(t, begun)
	key, err := s.add(ann, begun, answer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.add(ann, begun, answer); err == nil {
		t.Error("one answer makes two passkeys")
	}

	question := s.ask()
	good := phone.answer(t, question)
	if _, err := s.enter(begun, good); !errors.Is(err, mfa.ErrPasskey) {
		t.Errorf("a ceremony that makes passkeys signs in: %v", err)
	}
	for name, bad := range map[string]map[string]any{
		"the answer to another question": phone.answer(t, s.ask()),
		"another origin":                 elsewhere.answer(t, question),
		"a device that is not known":     newDevice(ann).answer(t, question),
		"nothing":                        {},
	} {
		if _, err := s.enter(question, bad); !errors.Is(err, mfa.ErrPasskey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if user, err := s.enter(question, good); err != nil || user != ann {
		t.Fatalf("the passkey signs in %s, want %s: %v", user, ann, err)
	}
	if _, err := s.enter(question, good); !errors.Is(err, mfa.ErrPasskey) {
		t.Errorf("one answer signs in twice: %v", err)
	}
	again := s.ask()
	phone.key.Counter = 0 // a copy of the key counts from where it was copied
	_, copied := s.enter(again, phone.answer(t, again))
	if err := s.Told(t.Context(), copied); !errors.Is(err, mfa.ErrPasskey) {
		t.Errorf("a copied key: %v", err)
	}
	told, err := postgres.Column[string](t.Context(), s.DB, `SELECT data->>'passkey_id' FROM events WHERE name = 'mfa.passkey_copied'`, nil)
	if err != nil || len(told) != 1 || told[0] != key.ID.String() {
		t.Errorf("of the copy was told %v, %v", told, err)
	}

	if err := s.try(func(tx pgx.Tx) error { return s.RemovePasskey(t.Context(), tx, bob, key.ID) }); !errors.Is(err, mfa.ErrNoPasskey) {
		t.Errorf("another user removes it: %v", err)
	}
	if err := s.try(func(tx pgx.Tx) error { _, err := s.Rename(t.Context(), tx, bob, key.ID, "Mine"); return err }); !errors.Is(err, mfa.ErrNoPasskey) {
		t.Errorf("another user renames it: %v", err)
	}
	s.tx(func(tx pgx.Tx) error { return s.RemovePasskey(t.Context(), tx, ann, key.ID) })
	last := s.ask()
	phone.key.Counter = 100
	if _, err := s.enter(last, phone.answer(t, last)); !errors.Is(err, mfa.ErrPasskey) {
		t.Errorf("a passkey that was removed: %v", err)
	}
}

// A device that does not verify its owner is one factor, and not enough.
func TestPasskeysVerifyTheirOwner(t *testing.T) {
	s := open(t, pgtest.Tx(t), clock.System{}.Now())
	ann := s.user("ann")
	phone := newDevice(ann)
	begun := s.start(ann)
	if _, err := s.add(ann, begun, phone.register(t, begun)); err != nil {
		t.Fatal(err)
	}
	phone.auth.Options.UserNotVerified = true
	question := s.ask()
	if _, err := s.enter(question, phone.answer(t, question)); !errors.Is(err, mfa.ErrPasskey) {
		t.Errorf("without verification: %v", err)
	}
}

// Where the shop wants a second factor, the password of somebody who has one
// changes none: a thief would set up an app of their own.
func TestAPasswordAloneChangesNoFactors(t *testing.T) {
	s := open(t, pgtest.Tx(t), clock.System{}.Now())
	ann := s.user("ann")
	thief := auth.With(t.Context(), auth.Actor{User: ann, Withheld: errs.New(errs.Forbidden, "mfa_enrollment_required", "")})
	enroll := func() error {
		return s.try(func(tx pgx.Tx) error { _, err := s.Enroll(thief, tx, ann); return err })
	}
	if err := enroll(); err != nil {
		t.Fatalf("of one who has none yet: %v", err)
	}
	phone := newDevice(ann)
	begun := s.start(ann)
	key, err := s.add(ann, begun, phone.register(t, begun))
	if err != nil {
		t.Fatal(err)
	}
	second := s.start(ann)
	for name, change := range map[string]func(tx pgx.Tx) error{
		"set up an app":    func(tx pgx.Tx) error { _, err := s.Enroll(thief, tx, ann); return err },
		"confirm it":       func(tx pgx.Tx) error { _, err := s.Confirm(thief, tx, ann, "000000"); return err },
		"remove the app":   func(tx pgx.Tx) error { return s.Remove(thief, tx, ann) },
		"recovery codes":   func(tx pgx.Tx) error { _, err := s.RenewCodes(thief, tx, ann); return err },
		"remove a passkey": func(tx pgx.Tx) error { return s.RemovePasskey(thief, tx, ann, key.ID) },
		"add a passkey": func(tx pgx.Tx) error {
			_, err := s.AddPasskey(thief, tx, ann, second.Session, "Mine", newDevice(ann).register(t, second))
			return err
		},
	} {
		if err := s.try(change); !errors.Is(err, mfa.ErrProveFactor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Browsers make passkeys for names only.
func TestAnAddressHasNoPasskeys(t *testing.T) {
	s := open(t, nil, noon)
	s.Origin = "http://127.0.0.1:8080"
	if _, err := s.StartSignIn(); !errors.Is(err, mfa.ErrNoName) {
		t.Errorf("got %v", err)
	}
	s.Origin = "http://localhost:8080"
	if _, err := s.StartSignIn(); err != nil {
		t.Error(err)
	}
}
