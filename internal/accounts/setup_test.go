package accounts

import (
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func setupToken(t *testing.T, u *Users) (token string) {
	t.Helper()
	change(t, u, func(tx pgx.Tx) (err error) { token, err = u.MakeSetupToken(t.Context(), tx); return err })
	return token
}

var boss = Registration{Username: "boss", Email: "boss@example.com", Password: goodPassword}

func TestSetUp(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	expired := setupToken(t, u)
	at.Advance(setupLife)
	token := setupToken(t, u)
	for name, bad := range map[string]string{"expired": expired, "empty": "", "truncated": token[:len(token)-1], "made up": "x"} {
		if _, err := u.SetUp(t.Context(), bad, boss, home); !errors.Is(err, ErrSetupToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	weak := boss
	weak.Password = "password123"
	if _, err := u.SetUp(t.Context(), token, weak, home); !errors.Is(err, errs.Validation) {
		t.Errorf("a weak password: %v", err)
	}
	in, err := u.SetUp(t.Context(), token, boss, home) // what was refused before has not used it up
	if err != nil {
		t.Fatal(err)
	}
	actor, err := u.Authenticate(t.Context(), in.AccessToken)
	if err != nil || !actor.Can(CanWriteUsers) {
		t.Errorf("the administrator is %+v, %v", actor, err)
	}
	other := Registration{Username: "thief", Email: "thief@example.com", Password: goodPassword}
	for name, late := range map[string]string{"the same link": token, "a new link": setupToken(t, u)} {
		if _, err := u.SetUp(t.Context(), late, other, home); !errors.Is(err, ErrSetUp) {
			t.Errorf("%s, again: %v", name, err)
		}
	}
}

func TestTwoLinksMakeOneAdmin(t *testing.T) {
	t.Parallel()
	u, _ := open(t, pgtest.DB(t))
	var wg sync.WaitGroup
	found := make([]error, 4)
	for i := range found {
		token := setupToken(t, u)
		who := Registration{Username: "boss" + string(rune('a'+i)), Email: string(rune('a'+i)) + "@example.com", Password: goodPassword}
		wg.Go(func() { _, found[i] = u.SetUp(t.Context(), token, who, home) })
	}
	wg.Wait()
	made := 0
	for _, err := range found {
		if err == nil {
			made++
		} else if !errors.Is(err, ErrSetUp) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d administrators were made", made)
	}
}

func TestCreateAdmin(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	create := func(email, password string) (user User, err error) {
		err = postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error {
			user, err = u.CreateAdmin(t.Context(), tx, email, password)
			return err
		})
		return user, err
	}
	if has, err := u.HasAdmin(t.Context()); err != nil || has {
		t.Errorf("an empty shop has an administrator: %v", err)
	}
	first, err := create("Ann.Lee+shop@example.com", goodPassword)
	if err != nil || first.Username != "ann.lee-shop" {
		t.Errorf("made %q, %v", first.Username, err)
	}
	if has, err := u.HasAdmin(t.Context()); err != nil || !has {
		t.Errorf("there is no administrator: %v", err)
	}
	second, err := create("ann.lee-shop@example.org", goodPassword)
	if err != nil || second.Username == first.Username {
		t.Errorf("made %q, %v", second.Username, err)
	}
	if short, err := create("x@example.org", goodPassword); err != nil || len(short.Username) < 3 {
		t.Errorf("made %q, %v", short.Username, err)
	}
	if _, err := create("ann.lee+shop@example.com", goodPassword); !errors.Is(err, ErrEmailTaken) {
		t.Errorf("twice: %v", err)
	}
	if _, err := create("nope", goodPassword); !errors.Is(err, errs.Validation) {
		t.Errorf("no e-mail: %v", err)
	}
}
