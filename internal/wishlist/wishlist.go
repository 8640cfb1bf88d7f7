// Package wishlist is what people mean to buy some day, and what they want to be
// told of it.
//
// Owns: named lists and their items, the links that share them (list.go,
// item.go); alerts of those who have no account (alert.go); who is due to be
// told of a lower price or of new stock (follow.go, tell.go).
// Tables: wishlists, wishlist_items, product_alerts, wishlist_due. It reads the
// catalogue, stock, prices and order lines in its own joined statements.
// Raises: [PricesFell], [BackInStock], [AlertAsked], [AlertDue].
// Calls: accounts (what an e-mail address is), catalog (addresses of pictures, and in which language goods are told).
// The cart, a floor above, moves things from lists and back.
//
// A guest's list is known by its id, 128 random bits: who has it may use it,
// until it is merged into an account or nobody has touched it for 90 days.
//
// # From a change to a mail
//
//	pricing..., inventory..., orders..., vendors...
//	   └ follow.go   one consumer: which watched variants? (in the log's transaction)
//	       └ tell.go     a sweep: who has not been told? raises one event for each person
//	           └ notifications mails it
//
// Each watcher's row holds what they were last told, and the statement that
// finds news writes it down: so however often it runs, and however often a
// price goes down and up again, nobody is told twice.
package wishlist

import (
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// Wishlists keeps everybody's lists and alerts.
type Wishlists struct {
	DB       postgres.DB
	Clock    clock.Clock
	Settings *settings.Settings
	Locales  *catalog.Locales
	Currency money.Currency // of those who name none
	MailKey  []byte         // makes the tokens of alerts

	// Pool, Bell and Log are for Run.
	Pool *pgxpool.Pool
	Bell *events.Bell
	Log  *slog.Logger
}

// PriceDropSetting is how much cheaper something must be.
var PriceDropSetting = settings.Value[int]{
	Key: "wishlist.price_drop_percent", Help: "Tell people who wait for a lower price when it is this many percent lower than the last they were told of.",
	Default: 5, Check: func(percent int) bool { return 1 <= percent && percent <= 90 }, Rule: "Give a number from 1 to 90.",
}

// Settings lists what this module declares.
func Settings() []settings.Declared { return []settings.Declared{PriceDropSetting} }

const (
	maxLists = 50 // and as many more as one's plan gives
	maxItems = 500
	maxNote  = 500
	maxName  = 100

	guestLife = 90 * 24 * time.Hour
)

// FirstName is what the list is called that everybody begins with.
const FirstName = "Wishlist"

var (
	// ErrNotFound is the answer to every id that is not a list the caller may
	// use. It is word for word that of an id that cannot be read.
	ErrNotFound = errs.New(errs.NotFound, "not_found", "There is no such thing here.")
	// ErrItemNotFound says that the list has no such item.
	ErrItemNotFound = errs.New(errs.NotFound, "item_not_found", "There is no such item on the list.")
	// ErrVariantNotFound says that nothing like that was ever for sale.
	ErrVariantNotFound = errs.New(errs.NotFound, "variant_not_found", "There is no such thing for sale.")
	// ErrTooManyLists bounds how many lists somebody has.
	ErrTooManyLists = errs.New(errs.Conflict, "too_many_wishlists", "You keep as many wishlists as you may. Remove one first.")
	// ErrListFull bounds a list.
	ErrListFull = errs.New(errs.Conflict, "wishlist_full", "A wishlist holds 500 different things at most. Remove some first, or use another list.")
	// ErrDefaultList keeps everybody a list that a heart on a page means.
	ErrDefaultList = errs.New(errs.Conflict, "default_wishlist", "This is the list that things are put on unless told otherwise. Make another one that first.")
)

// init names what the database says where a list is removed while somebody puts
// something on it.
func init() { postgres.Name("wishlist_items_wishlist_fkey", ErrNotFound) }

// Which says which list is meant.
type Which struct {
	Owner id.User     // zero: a guest's, whose id is the permission
	List  id.Wishlist // zero: the owner's default list
}

// List is one row.
type List struct {
	ID          id.Wishlist      `db:"id"`
	UserID      id.User          `db:"user_id"`
	Name        string           `db:"name"`
	Default     bool             `db:"is_default"`
	PriceDrops  bool             `db:"price_drops"`
	BackInStock bool             `db:"back_in_stock"`
	ShareID     id.WishlistShare `db:"share_id"` // zero while it is not shared
	ShareName   bool             `db:"share_name"`
	CreatedAt   time.Time        `db:"created_at"`
	UpdatedAt   time.Time        `db:"updated_at"`
}
