package accounts

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func asRefusal(err error, into **errs.Error) bool { return errors.As(err, into) }

func TestRegister(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	in, err := u.Register(t.Context(), Registration{
		Username: "Ann", Email: "Ann@Example.com", Password: goodPassword, Name: " Ann  Lee ", Phone: "+49 151 23456789",
	}, home)
	if err != nil {
		t.Fatal(err)
	}
	want := User{
		ID: in.User.ID, Username: "Ann", Email: "Ann@Example.com", Name: "Ann Lee", Phone: "+4915123456789",
		Roles: []string{"customer"}, CreatedAt: noon, Version: 1,
	}
	if diff := cmp.Diff(want, in.User); diff != "" {
		t.Error(diff)
	}
	if n := raised(t, u, "accounts.registered"); n != 1 {
		t.Errorf("registered was raised %d times", n)
	}
	actor, err := u.Authenticate(t.Context(), in.AccessToken)
	if err != nil || actor.User != in.User.ID || !actor.Can(auth.AsCustomer) || actor.Can(auth.AsVendor) || actor.Can(CanReadUsers) {
		t.Errorf("the new customer is %+v, %v", actor, err)
	}
}

func TestRegisterTwice(t *testing.T) {
	for _, test := range []struct {
		name            string
		username, email string
		want            error
	}{
		{"the same e-mail in capitals", "ann2", "ANN@example.com", ErrEmailTaken},
		{"the same user name in capitals", "ANN", "ann2@example.com", ErrUsernameTaken},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			u, _ := open(t, pgtest.Tx(t))
			register(t, u, "ann")
			_, err := u.Register(t.Context(), Registration{Username: test.username, Email: test.email, Password: goodPassword}, home)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// Bad input 100: who is disabled is out on the next request.
func TestDisableShutsOutAtOnce(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	for range 2 { // the second time changes nothing
		change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.User.ID) })
	}
	if _, err := u.Authenticate(t.Context(), ann.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("access token: %v", err)
	}
	if _, err := u.Refresh(t.Context(), ann.RefreshToken, home); !errors.Is(err, ErrRefreshToken) {
		t.Errorf("refresh token: %v", err)
	}
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("log in: %v", err)
	}
	if n := raised(t, u, "accounts.disabled"); n != 1 {
		t.Errorf("disabled was raised %d times", n)
	}
	change(t, u, func(tx pgx.Tx) error { return u.Enable(t.Context(), tx, ann.User.ID) })
	if _, err := u.Login(t.Context(), "ann", goodPassword, "", home); err != nil {
		t.Errorf("log in again: %v", err)
	}
	if _, err := u.Authenticate(t.Context(), ann.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("the old session came back to life: %v", err)
	}
}

func TestEraseLeavesNothingPersonal(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	change(t, u, func(tx pgx.Tx) error {
		_, err := u.AddAddress(t.Context(), tx, ann.User.ID, Address{PostalAddress: berlin})
		return err
	})
	change(t, u, func(tx pgx.Tx) error { return u.Erase(t.Context(), tx, ann.User.ID) })

	left, err := postgres.Scalar[int](t.Context(), u.DB, `
		SELECT (SELECT count(*) FROM users WHERE username || coalesce(email, '') || name || phone ILIKE '%ann%')
		     + (SELECT count(*) FROM addresses) + (SELECT count(*) FROM credentials)
		     + (SELECT count(*) FROM sessions WHERE user_agent || address <> '' OR revoked_at IS NULL)
		     + (SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL)`, nil)
	if err != nil || left != 0 {
		t.Errorf("%d rows still tell of ann, %v", left, err)
	}
	if _, err := u.Authenticate(t.Context(), ann.AccessToken); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("access token: %v", err)
	}
	register(t, u, "ann") // the name and the e-mail are free again
	gone, err := u.Get(t.Context(), u.DB, ann.User.ID)
	if err != nil || gone.ErasedAt == nil || gone.Email != "" || len(gone.Roles) != 0 {
		t.Errorf("the erased user is %+v, %v", gone, err)
	}
	for name, again := range map[string]func(tx pgx.Tx) error{
		"erase":   func(tx pgx.Tx) error { return u.Erase(t.Context(), tx, ann.User.ID) },
		"enable":  func(tx pgx.Tx) error { return u.Enable(t.Context(), tx, ann.User.ID) },
		"disable": func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.User.ID) },
		"roles":   func(tx pgx.Tx) error { return u.SetRoles(t.Context(), tx, ann.User.ID, gone.Version, nil) },
	} {
		if err := postgres.InTx(t.Context(), u.DB, again); !errors.Is(err, ErrNoUser) {
			t.Errorf("%s an erased user: %v", name, err)
		}
	}
}

func TestTheLastAdminStays(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann, bob := register(t, u, "ann").User, register(t, u, "bob").User
	makeAdmin(t, u, ann.ID)
	now, err := u.Get(t.Context(), u.DB, ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, lose := range map[string]func(tx pgx.Tx) error{
		"disable": func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.ID) },
		"erase":   func(tx pgx.Tx) error { return u.Erase(t.Context(), tx, ann.ID) },
		"demote":  func(tx pgx.Tx) error { return u.SetRoles(t.Context(), tx, ann.ID, now.Version, []string{"vendor"}) },
	} {
		if err := postgres.InTx(t.Context(), u.DB, lose); !errors.Is(err, ErrLastAdmin) {
			t.Errorf("%s the last administrator: %v", name, err)
		}
	}
	makeAdmin(t, u, bob.ID)
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.ID) })
	if err := postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, bob.ID) }); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("a disabled administrator counts: %v", err)
	}
}

func TestTwoAdminsCannotDisableEachOther(t *testing.T) {
	t.Parallel()
	u, _ := open(t, pgtest.DB(t))
	ann, bob := register(t, u, "ann").User.ID, register(t, u, "bob").User.ID
	makeAdmin(t, u, ann)
	makeAdmin(t, u, bob)
	var wg sync.WaitGroup
	found := make([]error, 2)
	for i, victim := range []id.User{ann, bob} {
		wg.Go(func() {
			found[i] = postgres.InTx(t.Context(), u.DB, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, victim) })
		})
	}
	wg.Wait()
	if (found[0] == nil) == (found[1] == nil) || !(errors.Is(found[0], ErrLastAdmin) || errors.Is(found[1], ErrLastAdmin)) {
		t.Errorf("one of the two has to fail: %v", found)
	}
}

func TestSetRoles(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	ctx := auth.With(t.Context(), auth.Actor{Permissions: u.Grants.Of([]string{auth.RoleAdmin, auth.RoleVendor})})
	set := func(version int64, roles ...string) error {
		return postgres.InTx(ctx, u.DB, func(tx pgx.Tx) error { return u.SetRoles(ctx, tx, ann.User.ID, version, roles) })
	}
	if err := set(ann.User.Version, "admin", "vendor"); err != nil {
		t.Fatal(err)
	}
	actor, err := u.Authenticate(t.Context(), ann.AccessToken) // the token is older than the roles
	if err != nil || !slices.Equal(actor.Roles, []string{"admin", "customer", "vendor"}) || !actor.Can(CanWriteUsers) {
		t.Errorf("the new administrator is %+v, %v", actor, err)
	}
	if err := set(ann.User.Version, "vendor"); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("demote: %v", err)
	}
	if err := set(ann.User.Version, "admin"); !errors.Is(err, httpapi.ErrPreconditionFailed) {
		t.Errorf("an old version: %v", err)
	}
	if err := set(ann.User.Version+1, "emperor"); !errors.Is(err, errs.Validation) {
		t.Errorf("an unknown role: %v", err)
	}
}

func TestListUsers(t *testing.T) {
	u, at := open(t, pgtest.Tx(t))
	var users []User
	for _, name := range []string{"ann", "bob", "cat_x", "catsx"} {
		users = append(users, register(t, u, name).User)
		at.Advance(time.Minute)
	}
	makeAdmin(t, u, users[0].ID)
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, users[1].ID) })
	for _, test := range []struct {
		name   string
		search Search
		want   []string
	}{
		{"all, the newest first", Search{Limit: 9}, []string{"catsx", "cat_x", "bob", "ann"}},
		{"a page", Search{Limit: 2, After: Position{users[3].CreatedAt, users[3].ID}}, []string{"cat_x", "bob"}},
		{"by part of the e-mail", Search{Limit: 9, Text: "NN@Exam"}, []string{"ann"}},
		{"a wildcard is a letter", Search{Limit: 9, Text: "cat_x@"}, []string{"cat_x"}},
		{"a percent sign is a letter", Search{Limit: 9, Text: "%"}, nil},
		{"administrators", Search{Limit: 9, Role: "admin"}, []string{"ann"}},
		{"the disabled", Search{Limit: 9, Statuses: []string{"disabled", "erased"}}, []string{"bob"}},
	} {
		got, err := u.List(t.Context(), u.DB, test.search)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var names []string
		for _, user := range got {
			names = append(names, user.Username)
		}
		if diff := cmp.Diff(test.want, names); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}
