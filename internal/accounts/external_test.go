package accounts

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
)

// Who comes from elsewhere is a customer without a password, with what the
// provider says of them as far as it can stand here.
func TestCreateExternal(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	register(t, u, "ann")
	for _, test := range []struct {
		in             External
		username, name string
	}{
		{External{Email: "bob.b@elsewhere.example", EmailVerified: true, Name: "  Bob   B "}, "bob.b", "Bob B"},
		{External{Email: "ann@elsewhere.example", Name: "A\nnn"}, "ann-", ""},
		{External{Email: "x@elsewhere.example", Name: strings.Repeat("x", 201)}, "x-", ""},
		{External{Email: "Ünal+shop@elsewhere.example", Name: "Ünal"}, "nal-shop", "Ünal"},
	} {
		var made User
		change(t, u, func(tx pgx.Tx) (err error) { made, err = u.CreateExternal(t.Context(), tx, test.in); return err })
		if made.Email != test.in.Email || made.EmailVerified != test.in.EmailVerified || made.Name != test.name || !strings.HasPrefix(made.Username, test.username) || len(made.Roles) != 1 {
			t.Errorf("%+v became %+v", test.in, made)
		}
		if has, err := u.HasPassword(t.Context(), u.DB, made.ID); err != nil || has {
			t.Errorf("has a password: %t, %v", has, err)
		}
		in, err := u.SignInExternal(t.Context(), made.ID, "", home)
		if err != nil || in.User.ID != made.ID || in.AccessToken == "" {
			t.Errorf("sign in: %+v, %v", in, err)
		}
	}
	if raised(t, u, "accounts.registered") != 5 || raised(t, u, "accounts.signed_in") != 5 {
		t.Error("an event is missing")
	}
}

// The disabled and the erased do not come in, whoever vouches for them.
func TestTheShutOutStayOutFromElsewhere(t *testing.T) {
	u, _ := open(t, pgtest.Tx(t))
	ann := register(t, u, "ann")
	change(t, u, func(tx pgx.Tx) error { return u.Disable(t.Context(), tx, ann.User.ID) })
	if _, err := u.SignInExternal(t.Context(), ann.User.ID, "", home); !errors.Is(err, ErrShutOut) {
		t.Errorf("disabled: %v", err)
	}
	change(t, u, func(tx pgx.Tx) error { return u.Enable(t.Context(), tx, ann.User.ID) })
	change(t, u, func(tx pgx.Tx) error { return u.Erase(t.Context(), tx, ann.User.ID) })
	if _, err := u.SignInExternal(t.Context(), ann.User.ID, "", home); !errors.Is(err, ErrShutOut) {
		t.Errorf("erased: %v", err)
	}
}
