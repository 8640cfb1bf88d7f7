// Package notifications tells people what happened: by e-mail, in their
// language, once.
//
// Owns: what is said ([Kind], text/*.json, layout.html and layout.txt), to whom
// (accounts.go, orders.go, invoices.go, reviews.go, wishlist.go), how it leaves ([Sender]), what people want to hear
// (preference.go), and /dev/mail, which shows mail where none leaves.
// Tables: messages, notification_preferences.
// Raises: [RetryAsked].
// Calls: accounts, vendors, catalog (which languages goods are told in), orders, invoices (also their files), shipping, credit, reviews and wishlist, to read (and to end
// alerts, which have no account to switch them off in); nobody imports it.
//
// # From an event to a mailbox
//
// Each handler is a subscriber of the relay (app/subscribers.go), so it runs in
// a job that River tries again. It reads what the mail is about, puts a [letter]
// together and posts it; post.go claims the row of (event, kind, recipient),
// sends, and marks the row. Of two tries the second finds the row done. A
// process that dies between the send and the mark sends once more, with the
// same Message-ID.
//
// Events older than [Fresh] when the relay comes to them are not told.
package notifications

import (
	"log/slog"
	"time"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/credit"
	"souk/internal/memberships"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/reviews"
	"souk/internal/shipping"
	"souk/internal/vendors"
	"souk/internal/wishlist"
)

// Fresh is how old an event may be when the relay comes to it. Yesterday's
// order may still be confirmed after a night without workers; the past of a
// shop that has just learned to send mail is nobody's news.
const Fresh = 24 * time.Hour

// kept is how long a message stays in its table.
const kept = 30 * 24 * time.Hour

// Notifications tells people what happened.
type Notifications struct {
	DB          postgres.DB
	Clock       clock.Clock
	Log         *slog.Logger
	Users       *accounts.Users
	Vendors     *vendors.Vendors
	Orders      *orders.Orders
	Credit      *credit.Balances
	Memberships *memberships.Memberships
	Shipping    *shipping.Shipping
	Reviews     *reviews.Reviews
	Wishlists   *wishlist.Wishlists
	Locales     *catalog.Locales
	Sender      Sender

	ShopName string
	BaseURL  string // of links, without a slash at its end
	Locale   string // of those who have chosen none
	Key      []byte // signs the links with which mail is switched off

	// Open shows /dev/mail to whoever comes, as a demo does. Else kept mail is
	// for people at the machine itself.
	Open bool

	cursors httpapi.Cursors
}

// The rights of staff.
const (
	CanRead  auth.Permission = "notifications.read"
	CanWrite auth.Permission = "notifications.write" // send again
)

// Permissions lists what this module can permit.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Routes mounts preferences, what staff see, the link in each mail that
// switches it off, and the mailbox of shops from which no mail leaves.
func (n *Notifications) Routes(r *httpapi.Router) {
	n.cursors = r.Cursors
	n.preferenceRoutes(r)
	n.unsubscribeRoutes(r)
	n.staffRoutes(r)
	n.devRoutes(r)
}
