package app_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/app/apptest"
	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Bad input 102: what was ordered as a guest is somebody's once they have proven
// the mailbox as who they are, and not because they signed up with its address.
func TestGuestOrdersWaitForTheMailbox(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	placed := a.PlacedOrder(t, "", 1, a.Variant(t))
	signedIn := apptest.Read[accounts.SignIn](t, a.Call(t, "", "POST", "/auth/register",
		`{"username": "somebody", "email": "`+placed.Order.Email+`", "password": "`+apptest.Password+`"}`).Want(t, 201))
	a.Know("somebody", signedIn.AccessToken)
	flush(t, a)
	a.Call(t, "somebody", "GET", "/me/orders", "").Want(t, 200, `"data":[]`)
	a.Call(t, "somebody", "GET", "/me/orders/"+placed.Order.ID.String(), "").Want(t, 404)
	link := verifyLink(t, a, signedIn.User.ID)

	// The owner of the mailbox clicks on a link that a stranger's sign-up has brought.
	a.Call(t, "", "POST", "/auth/verify-email", link).Want(t, 204)
	flush(t, a)
	a.Call(t, "somebody", "GET", "/me/orders", "").Want(t, 200, `"data":[]`)

	a.InTx(t, func(tx pgx.Tx) error {
		_, err := postgres.Exec(t.Context(), tx, `UPDATE mail_tokens SET used_at = NULL`, nil)
		return err
	})
	a.Call(t, "somebody", "POST", "/auth/verify-email", link).Want(t, 204)
	flush(t, a)
	a.Call(t, "somebody", "GET", "/me/orders", "").Want(t, 200, placed.Order.Number)
}

// Bad input 102: to name somebody's address at checkout puts nothing into their
// history until they come in by that mailbox.
func TestAGuestNamesSomebodysAddress(t *testing.T) {
	a := apptest.New(t, pgtest.Tx(t))
	ann := a.User(t, "ann") // whose mailbox is proven, but not by the one who is signed in
	cart := a.Basket(t, "", 1, a.Variant(t))
	a.Call(t, "", "PUT", cart.Path("/addresses"), strings.Replace(apptest.Home, "ada@example.com", strings.ToUpper(ann.Email), 1)).Want(t, 200)
	placed := apptest.Read[checkout.Placed](t, a.Place(t, "", a.Ship(t, "", cart)).Want(t, 201))
	flush(t, a)
	a.Call(t, "ann", "GET", "/me/orders", "").Want(t, 200, `"data":[]`)
	a.Call(t, "ann", "GET", "/orders/"+placed.Order.ID.String(), "").Want(t, 404)

	a.Call(t, "", "POST", "/auth/link", body(t, map[string]string{"email": ann.Email})).Want(t, 202)
	a.Call(t, "", "POST", "/auth/link/use", body(t, map[string]string{"token": mailedTo(t, a, ann.Email)})).Want(t, 200)
	flush(t, a)
	a.Call(t, "ann", "GET", "/me/orders", "").Want(t, 200, placed.Order.Number)
}

// verifyLink is what opening the newest link that was mailed to a user sends.
func verifyLink(t *testing.T, a *apptest.App, user id.User) string {
	t.Helper()
	token, err := postgres.Scalar[id.MailToken](t.Context(), a.DB, `
		SELECT id FROM mail_tokens WHERE user_id = @user AND purpose = 'verify_email' ORDER BY id DESC LIMIT 1`, pgx.NamedArgs{"user": user})
	if err != nil {
		t.Fatal(err)
	}
	mailed, err := a.Accounts.MailedToken(t.Context(), a.DB, token)
	if err != nil {
		t.Fatal(err)
	}
	return `{"token": "` + mailed.Token + `"}`
}
