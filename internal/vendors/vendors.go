// Package vendors knows who sells in the market.
//
// Owns: vendors, from application to approval or suspension, their profile,
// their commission, and their teams: who works for which vendor, and as what;
// the marketplace's own shop ([Vendors.House]).
// Tables: vendors, vendor_members, vendor_invitations.
// Raises: [Applied], [Approved], [Rejected], [Suspended], [Invited], [Joined],
// [Left], and [Changed] with
// each of them and for every other change.
// Calls: accounts (the vendor role).
package vendors

import (
	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// What staff may be permitted to do with vendors.
const (
	CanRead  auth.Permission = "vendors.read"
	CanWrite auth.Permission = "vendors.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Vendors is everybody who sells.
type Vendors struct {
	DB       postgres.DB
	Clock    clock.Clock
	Users    *accounts.Users
	MailKey  []byte // makes the tokens of invitations
	ShopName string // what the marketplace's own shop is called

	cursors httpapi.Cursors
}

// Routes mounts everything that vendors answers.
func (v *Vendors) Routes(r *httpapi.Router) {
	v.cursors = r.Cursors
	v.publicRoutes(r)
	v.profileRoutes(r)
	v.teamRoutes(r)
	v.staffRoutes(r)
}
