package apptest

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/vendors"
)

// Password is everybody's.
const Password = "harbour lantern velvet 42"

// Admin is the name of a member of staff with every right.
const Admin = "admin"

// Token is the access token of somebody who was introduced by User or Owner.
// Admin comes when called for the first time.
func (a *App) Token(t testing.TB, name string) string {
	t.Helper()
	a.mu.Lock()
	token := a.tokens[name]
	a.mu.Unlock()
	if token == "" && name == Admin {
		a.User(t, Admin, auth.RoleAdmin)
		return a.Token(t, name)
	}
	if token == "" {
		t.Fatalf("nobody is called %q here", name)
	}
	return token
}

// Know lets requests be made as name with a token.
func (a *App) Know(name, token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[name] = token
}

// User signs somebody up under a name, with roles besides customer.
func (a *App) User(t testing.TB, name string, roles ...string) accounts.User {
	t.Helper()
	n := a.number()
	signedIn, err := a.Accounts.Register(t.Context(), accounts.Registration{
		Username: fmt.Sprintf("%s-%d", name, n), Email: fmt.Sprintf("%s-%d@example.com", name, n), Password: Password, Name: name, Verified: true,
	}, accounts.Client{Address: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatalf("sign up %s: %v", name, err)
	}
	// What somebody may do is read at each request, so the token is good for it.
	a.InTx(t, func(tx pgx.Tx) error {
		for _, role := range roles {
			if err := accounts.Grant(t.Context(), tx, signedIn.User.ID, role); err != nil {
				return err
			}
		}
		return nil
	})
	a.Know(name, signedIn.AccessToken)
	return signedIn.User
}

// Owner signs somebody up who owns a new vendor.
func (a *App) Owner(t testing.TB, name string) id.Vendor {
	t.Helper()
	return a.vendor(t, name, a.User(t, name).ID)
}

// Vendor is a new one that nobody signs in for.
func (a *App) Vendor(t testing.TB, name string) id.Vendor {
	t.Helper()
	return a.vendor(t, name, id.User{})
}

func (a *App) vendor(t testing.TB, name string, owner id.User) (vendor id.Vendor) {
	t.Helper()
	shown := fmt.Sprintf("%s's stall %d", name, a.number())
	a.InTx(t, func(tx pgx.Tx) error {
		made, err := a.Vendors.Create(t.Context(), tx, vendors.Profile{Name: &shown}, vendors.StatusActive, owner)
		vendor = made.ID
		return err
	})
	return vendor
}
