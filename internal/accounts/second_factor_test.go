package accounts

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/hotp"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/mfa"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/settings"
)

// setUpApp gives a user an authenticator app and returns what it shows now.
func setUpApp(t *testing.T, u *Users, user id.User) (show func() string, recovery []string) {
	t.Helper()
	var secret string
	show = func() string {
		t.Helper()
		code, err := hotp.GenerateCode(secret, uint64(u.Clock.Now().Unix()/30))
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	change(t, u, func(tx pgx.Tx) error {
		made, err := u.MFA.Enroll(t.Context(), tx, user)
		if err != nil {
			return err
		}
		secret = made.Secret
		recovery, err = u.MFA.Confirm(t.Context(), tx, user, show())
		return err
	})
	return show, recovery
}

// Whoever has set up an app is asked for its code by each way in that is one
// factor; a wrong password is told before anything of a second factor is.
func TestASecondFactorIsAskedFor(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	change(t, u, func(tx pgx.Tx) error { return u.ProveMailbox(t.Context(), tx, ann.User.ID) })
	code, recovery := setUpApp(t, u, ann.User.ID)
	now.Advance(time.Minute)
	for _, test := range []struct {
		name, password, otp string
		want                error
	}{
		{"no code", goodPassword, "", ErrMFARequired},
		{"a wrong password", otherPassword, "", ErrWrongPassword},
		{"a wrong password, a good code", otherPassword, code(), ErrWrongPassword},
		{"a wrong code", goodPassword, "000000", mfa.ErrWrongCode},
		{"a good code", goodPassword, code(), nil},
		{"the same code", goodPassword, code(), mfa.ErrWrongCode},
		{"a recovery code", goodPassword, recovery[0], nil},
	} {
		if _, err := u.Login(t.Context(), "ann", test.password, test.otp, home); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if err := u.AskForMail(t.Context(), SignInByMail, "ann@example.com", home); err != nil {
		t.Fatal(err)
	}
	answerMail(t, u)
	link := mailed(t, u, SignInByMail)
	if _, err := u.SignInByLink(t.Context(), link, "", home); !errors.Is(err, ErrMFARequired) {
		t.Errorf("by link without a code: %v", err)
	}
	if _, err := u.SignInByLink(t.Context(), link, recovery[1], home); err != nil {
		t.Errorf("by link with a code: %v", err)
	}
	actor, err := u.Authenticate(t.Context(), fresh(t, u, &ann))
	if err != nil {
		t.Fatal(err)
	}
	ctx := auth.With(t.Context(), actor)
	if err := u.StepUp(ctx, goodPassword, "", home); !errors.Is(err, ErrMFARequired) {
		t.Errorf("step-up without a code: %v", err)
	}
	if err := u.StepUp(ctx, goodPassword, recovery[2], home); err != nil {
		t.Errorf("step-up with a code: %v", err)
	}
	change(t, u, func(tx pgx.Tx) error { return u.ResetFactors(t.Context(), tx, ann.User.ID) })
	wantFamily(t, u, ann.AccessToken, false)
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("after staff have reset it: %v", err)
	}
}

// Where the shop wants a second factor of its staff, they have no rights until
// they have one, from the next request on.
func TestRightsWaitForASecondFactor(t *testing.T) {
	db := pgtest.Tx(t)
	u, now := open(t, db)
	u.Settings = &settings.Settings{DB: db}
	u.Settings.Declare(Settings()...)
	policy := func(who string) {
		t.Helper()
		text, err := json.Marshal(who)
		if err != nil {
			t.Fatal(err)
		}
		change(t, u, func(tx pgx.Tx) error {
			return u.Settings.Set(t.Context(), tx, map[string]json.RawMessage{RequireMFASetting.Key: text})
		})
	}
	admin, vendor, customer := register(t, u, "admin"), register(t, u, "vendor"), register(t, u, "customer")
	makeAdmin(t, u, admin.User.ID)
	change(t, u, func(tx pgx.Tx) error { return Grant(t.Context(), tx, vendor.User.ID, auth.RoleVendor) })
	check := func(when string, in SignIn, may auth.Permission, want bool) {
		t.Helper()
		actor, err := u.Authenticate(t.Context(), in.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if actor.Can(may) != want || !actor.Can(auth.AsCustomer) || (actor.Withheld == nil) != want {
			t.Errorf("%s: may %s: %t, want %t; withheld: %v", when, may, actor.Can(may), want, actor.Withheld)
		}
	}
	check("without a policy", admin, CanReadUsers, true)
	policy(MFAOfStaff)
	check("staff", admin, CanReadUsers, false)
	check("a vendor, where staff are meant", vendor, auth.AsVendor, true)
	policy(MFAOfStaffAndVendors)
	check("a vendor", vendor, auth.AsVendor, false)
	check("a customer", customer, auth.AsCustomer, true)
	now.Advance(time.Minute)
	code, _ := setUpApp(t, u, admin.User.ID)
	check("a session from before the app", admin, CanReadUsers, false)
	now.Advance(time.Minute)
	in, err := u.Login(t.Context(), "admin", goodPassword, code(), home)
	if err != nil {
		t.Fatal(err)
	}
	check("staff with an app", in, CanReadUsers, true)
}

// The password of an account that is shut is not told from a wrong one.
func TestTheDisabledAreNotAskedForACode(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	setUpApp(t, u, ann.User.ID)
	now.Advance(time.Minute)
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.User.ID) })
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("got %v", err)
	}
}

// Signing in takes two calls where the client does not know of the app: the
// first one, with the right password, is no failure.
func TestARightPasswordWithoutACodeIsForgiven(t *testing.T) {
	u, now := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	code, _ := setUpApp(t, u, ann.User.ID)
	now.Advance(time.Minute)
	for range 2 * freeFailures {
		if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); !errors.Is(err, ErrMFARequired) {
			t.Fatal(err)
		}
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, code(), home); err != nil {
		t.Error(err)
	}
}

func TestAResetIsTold(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	setUpApp(t, u, ann.User.ID)
	change(t, u, func(tx pgx.Tx) error { return u.ResetFactors(t.Context(), tx, ann.User.ID) })
	if n := raised(t, u, "mfa.factor_removed"); n != 1 {
		t.Errorf("told %d times", n)
	}
}
