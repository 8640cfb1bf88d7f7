// Package idp lets people sign in with somebody else's identity provider.
//
// Owns: login providers (any OpenID provider; Google, Microsoft, Apple and
// GitHub need less to be said), the sign-in through them, and which user is who
// there.
// Tables: login_providers, oidc_identities.
// Raises: [Linked], [Unlinked].
// Calls: accounts, and the providers, never inside a transaction.
//
// A sign-in is a code with PKCE. What belongs to it until the browser is back
// (state, nonce, verifier) is sealed in a cookie, so that it works in the browser
// that began it, for ten minutes, on every node.
//
// An account is found by the provider's subject and by nothing else. An e-mail
// that somebody here has already lets nobody in: its owner is mailed a link, and
// connects the provider once signed in ([Providers.Routes], POST
// /me/identities/{provider}/start).
package idp

import (
	"context"
	"log/slog"
	"time"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// What staff may be permitted to do with login providers.
const (
	CanRead  auth.Permission = "login_providers.read"
	CanWrite auth.Permission = "login_providers.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Providers is every identity provider that the shop takes people from. Use it
// by pointer: it remembers what providers say of themselves.
type Providers struct {
	DB       postgres.DB
	Clock    clock.Clock
	Users    *accounts.Users
	Vault    *vault.Vault
	Outbound *outbound.Client
	Log      *slog.Logger
	BaseURL  string   // the shop's; providers send people back to it
	Origins  []string // where people may be sent after signing in, besides the shop

	// HasPasskey reports whether a user can sign in with a passkey.
	HasPasskey func(ctx context.Context, db postgres.DB, user id.User) (bool, error)

	cursors httpapi.Cursors
	known   discoveries
}

const (
	patience    = 5 * time.Second // with one answer of a provider
	answerLimit = 256 << 10       // of a provider's answer, in bytes
	formLimit   = 16 << 10        // of what a browser posts for a provider
)

// Impatient makes the client that providers are called with.
func Impatient(allowPrivate bool) *outbound.Client {
	return &outbound.Client{AllowPrivate: allowPrivate, Timeout: patience}
}

// Why somebody did not get in. The codes reach the sign-in page as ?error=.
var (
	// ErrNoProvider says that there is no such provider, or that it is switched off.
	ErrNoProvider = errs.New(errs.NotFound, "not_found", "There is no such way to sign in.")
	// ErrUnavailable says that the provider does not answer.
	ErrUnavailable = errs.New(errs.Unavailable, "provider_unavailable", "The other site does not answer. Try again, or sign in another way.").After(10 * time.Second)
	// ErrProvider says that the provider's answer is not to be believed, or no.
	ErrProvider = errs.New(errs.Unavailable, "provider_error", "The other site could not sign you in. Try again, or sign in another way.")
	// ErrDenied says that the person said no at the provider.
	ErrDenied = errs.New(errs.Forbidden, "access_denied", "You did not let the other site sign you in.")
	// ErrState says that this browser has not begun this sign-in, or too long ago.
	ErrState = errs.New(errs.Malformed, "invalid_state", "This sign-in was begun elsewhere, or too long ago. Begin again.")
	// ErrReturnTo refuses to send people to another site.
	ErrReturnTo = errs.New(errs.Invalid, "invalid_return_to", "Give a path of this shop, such as /account.")
	// ErrNoEmail says that the provider tells no e-mail address to make an account with.
	ErrNoEmail = errs.New(errs.Invalid, "email_missing", "The other site did not tell your e-mail address. Allow it there, or sign up here.")
	// ErrAccountExists says that somebody has the e-mail; they are mailed a link.
	ErrAccountExists = errs.New(errs.Conflict, "account_exists",
		"There is an account with that e-mail. We have mailed a link: use it, then connect the other sign-in in your account.")
	// ErrIdentityTaken says that the identity is another user's.
	ErrIdentityTaken = errs.New(errs.Conflict, "identity_taken", "That sign-in belongs to another account here.")
	// ErrSignedOut says that who began to link has signed out since.
	ErrSignedOut = errs.New(errs.Unauthenticated, "signed_out", "You have signed out since you began. Sign in, then connect again.")
)

// person is who somebody is at a provider.
type person struct {
	Subject  string // never another's, and never another
	Email    string // "" when it is not told
	Verified bool   // the provider has seen that the mailbox is theirs
	Name     string
}
