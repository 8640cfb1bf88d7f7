package promotions

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// A first order, which the database asks for, and a limit for each customer, which
// goes by a hash, mean the same mailbox.
func TestTheDatabaseTellsMailboxesApartAsWeDo(t *testing.T) {
	tx := pgtest.Tx(t)
	for _, email := range []string{
		"ann.lee@example.com", " Ann.Lee+1@Example.com ", "A.n.n.Lee+shop@gmail.com", "annlee@googlemail.com", "ann.lee@mail.example.com",
		"+only@example.com", "ann+a+b@example.com", "ａｎｎ@example.com", "straße@example.com", "nobody", "@", "a@b@c", "",
	} {
		got, err := postgres.Scalar[string](t.Context(), tx, `SELECT souk_mailbox(@email)`, pgx.NamedArgs{"email": email})
		if err != nil {
			t.Fatal(err)
		}
		if want := mailbox(email); got != want {
			t.Errorf("%q is %q to the database and %q to us", email, got, want)
		}
	}
}
