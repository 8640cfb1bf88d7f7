package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestLogin(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	if _, err := u.Register(t.Context(), Registration{Username: "ann", Email: "ann@example.com", Password: "tundra kéttle orbiting"}, home); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, login, password string
		want                  error
	}{
		{"by user name", "ann", "tundra kéttle orbiting", nil},
		{"by e-mail, in capitals", "ANN@Example.com", "tundra kéttle orbiting", nil},
		{"with the accent as a letter of its own", "ann", "tundra ke\u0301ttle orbiting", nil},
		{"a wrong password", "ann", goodPassword, ErrWrongPassword},
		{"an empty password", "ann", "", ErrWrongPassword},
		{"nobody", "bob", goodPassword, ErrWrongPassword},
		{"no name", "", goodPassword, ErrWrongPassword},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := u.Login(t.Context(), test.login, test.password, "", home)
			if !errors.Is(err, test.want) || (err == nil) != (in.AccessToken != "") {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// R35 and bad input 93: a name that is nobody's costs as much time.
func TestNobodyCostsAHash(t *testing.T) {
	t.Parallel()
	u, _ := open(t, nil)
	at, err := u.hashing.enter(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := at.verify(t.Context(), goodPassword, ""); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("got %v", err)
	}
	// The dummy goes the same way as a real hash: when nobody can hash, it waits too.
	for range cap(at.gate.slots) {
		at.gate.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := at.verify(ctx, goodPassword, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("an unknown user was answered without hashing: %v", err)
	}
}

func TestHashIsPHC(t *testing.T) {
	t.Parallel()
	u, _ := open(t, nil)
	at, err := u.hashing.enter(true)
	if err != nil {
		t.Fatal(err)
	}
	one, err := u.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	two, err := u.hash(t.Context(), goodPassword)
	if err != nil || one == two {
		t.Errorf("the salt is not random: %v", err)
	}
	if !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") || len(strings.Split(one, "$")) != 6 {
		t.Errorf("hash %q", one)
	}
	if err := at.verify(t.Context(), goodPassword, one); err != nil {
		t.Errorf("verify: %v", err)
	}
	if err := at.verify(t.Context(), otherPassword, one); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("verify another one: %v", err)
	}
	for _, broken := range []string{"x", "$argon2id$v=19$m=1,t=1$a$b", "$2b$v=19$m=19456,t=2,p=1$aaaa$aaaa", "$argon2id$v=19$m=19456,t=2,p=1$!$aaaa"} {
		if err := at.verify(t.Context(), goodPassword, broken); err == nil || errors.Is(err, ErrWrongPassword) {
			t.Errorf("a broken hash %q: %v", broken, err)
		}
	}
}

// Who comes while too many strangers wait is told to come again, and has lost
// nothing. Regulars have a door of their own.
func TestTheQueueOfHashingIsBounded(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	elsewhere := at("203.0.113.77")
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Fatal(err)
	}
	var last place
	for range hashQueue {
		var err error
		if last, err = u.hashing.enter(false); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * freeFailures {
		_, err := u.Login(t.Context(), "ann", goodPassword, "", elsewhere)
		_, registered := u.Register(t.Context(), Registration{Username: "bob", Email: "bob@example.com", Password: goodPassword}, home)
		if !errors.Is(err, ErrHashingBusy) || !errors.Is(registered, ErrHashingBusy) {
			t.Fatalf("beyond the queue: %v, %v", err, registered)
		}
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("a regular: %v", err)
	}
	actor, err := u.Authenticate(t.Context(), ann.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.StepUp(auth.With(t.Context(), actor), goodPassword, "", home); err != nil {
		t.Errorf("one who is signed in: %v", err)
	}
	last.leave()
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", elsewhere); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	here := register(t, u, "ann")
	elsewhere, err := u.Login(t.Context(), "ann", goodPassword, "", home)
	if err != nil {
		t.Fatal(err)
	}
	actor, err := u.Authenticate(t.Context(), here.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	ctx := auth.With(t.Context(), actor)
	if err := u.ChangePassword(ctx, otherPassword, "third cabbage on tuesdays", home); !errors.Is(err, ErrCurrentPassword) {
		t.Errorf("with a wrong current one: %v", err)
	}
	if err := u.ChangePassword(ctx, goodPassword, "ann@example", home); !errors.Is(err, errs.Validation) {
		t.Errorf("to a weak one: %v", err)
	}
	if err := u.ChangePassword(ctx, goodPassword, otherPassword, home); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Authenticate(t.Context(), here.AccessToken); err != nil {
		t.Errorf("this session: %v", err)
	}
	if _, err := u.Authenticate(t.Context(), elsewhere.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("the other session: %v", err)
	}
	if _, err := u.Refresh(t.Context(), elsewhere.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
		t.Errorf("the other session's refresh token: %v", err)
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := u.Login(t.Context(), "ann", otherPassword, "", home); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if n := raised(t, u, "accounts.password_changed"); n != 1 {
		t.Errorf("password_changed was raised %d times", n)
	}
}

// A login that has checked the old password when it is changed gets no session.
func TestLoginRacesWithPasswordChange(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	register(t, u, "ann")
	found, err := credentialOf(t.Context(), u.DB, "ann")
	if err != nil {
		t.Fatal(err)
	}
	change(t, u, func(tx pgx.Tx) error {
		_, err := u.ResetPassword(t.Context(), tx, "ann@example.com", otherPassword)
		return err
	})
	err = postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return holdCredential(t.Context(), tx, found) })
	if !errors.Is(err, ErrWrongPassword) {
		t.Errorf("got %v", err)
	}
}

func TestResetPassword(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	change(t, u, func(tx pgx.Tx) error { _, err := u.ResetPassword(t.Context(), tx, "ann", otherPassword); return err })
	wantFamily(t, u, ann.AccessToken, false)
	if _, err := u.Login(t.Context(), "ann", otherPassword, "", home); err != nil {
		t.Error(err)
	}
	err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { _, err := u.ResetPassword(t.Context(), tx, "bob", otherPassword); return err })
	if !errors.Is(err, ErrNoUser) {
		t.Errorf("nobody: %v", err)
	}
}
