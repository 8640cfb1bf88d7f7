// Package accounts knows the people of the shop and lets them in.
//
// Owns: users, roles and who has which, impersonation by staff, passwords,
// sessions with rotating refresh tokens, access tokens and the keys that sign
// them, links that are mailed, saved addresses, the one-time link that makes the
// first administrator.
// Tables: users, credentials, roles, user_roles, sessions, refresh_tokens,
// signing_keys, setup_tokens, addresses, avatars, mail_tokens, mail_requests,
// login_failures.
// Raises: what stands in events.go.
// Calls: mfa.
//
// What somebody may do is read from the database at each request, so that
// ending a session, disabling a user or taking a role works on the next one.
package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/language"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/mfa"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/platform/vault"
)

// What staff may be permitted to do with users.
const (
	CanReadUsers           auth.Permission = "users.read"
	CanWriteUsers          auth.Permission = "users.write"
	CanReadRoles           auth.Permission = "roles.read"
	CanWriteRoles          auth.Permission = "roles.write"
	CanImpersonate         auth.Permission = "users.impersonate"
	CanImpersonateAndWrite auth.Permission = "users.impersonate_write"
	CanEraseUsers          auth.Permission = "users.erase"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission {
	return []auth.Permission{
		CanReadUsers, CanWriteUsers, CanEraseUsers, CanReadRoles, CanWriteRoles, CanImpersonate, CanImpersonateAndWrite, auth.AsCustomer, auth.AsVendor,
		auth.VendorCatalog, auth.VendorInventory, auth.VendorOrders, auth.VendorFinance, auth.VendorTeam, auth.VendorSettings,
	}
}

// Users is everybody who has an account. Use it by pointer: it remembers the
// signing keys, the failed logins and how many passwords wait to be hashed.
type Users struct {
	DB       postgres.DB
	Settings *settings.Settings
	MFA      *mfa.Factors
	Clock    clock.Clock
	Grants   *auth.Grants
	Issuer   string // the shop's base URL, iss of access tokens
	ShopName string // a password may not lean on it
	MailKey  []byte // makes the tokens that are mailed
	Blobs    blob.Store
	Vault    *vault.Vault // seals the keys that sign access tokens

	// DropIdentities forgets who a user is at other login providers, so that none
	// lets them in.
	DropIdentities func(ctx context.Context, tx pgx.Tx, user id.User) error

	// Languages that the shop speaks, its own first; none is English.
	Languages []language.Tag

	// How long sessions last. Zero values mean 30 days and 14 idle for
	// customers, 12 hours and 30 idle minutes for staff and vendors.
	CustomerSessions Lifetime
	StaffSessions    Lifetime

	cursors  httpapi.Cursors
	keys     keyring
	hashing  hashing
	refusals refusals
}

// Lifetime is how long a session lasts: Absolute after signing in, and Idle
// after its refresh token was last exchanged.
type Lifetime struct{ Absolute, Idle time.Duration }

// maxAuthBody holds every honest sign-in; a password of 10,000 letters is cut here.
const maxAuthBody = 8 << 10

// Routes mounts everything that accounts answers.
func (u *Users) Routes(r *httpapi.Router) {
	u.cursors = r.Cursors
	u.authRoutes(r)
	u.recoverRoutes(r)
	u.meRoutes(r)
	u.avatarRoutes(r)
	u.addressRoutes(r)
	u.countryRoutes(r)
	u.staffRoutes(r)
	u.roleRoutes(r)
	u.groupRoutes(r)
}
