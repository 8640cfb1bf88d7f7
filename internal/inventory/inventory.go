// Package inventory is what is on hand and the promises made against it.
//
// Owns: locations, stock levels, movements, reservations. Tables: locations,
// stock_levels, stock_movements (append-only), reservations.
// Raises: [StockChanged]. Calls: catalog (whose a variant is, and what it is called).
//
// A unit is promised once. Whoever wants it takes it with one conditional
// UPDATE of its level, and a CHECK stands behind that: on hand, less what is
// held for unpaid orders, less what is allocated to confirmed ones, never falls
// below the backorder limit. There is no way to look first and take later.
// A bundle has no level: a line that sells one takes its components.
//
//	held       an order that is not paid yet; given back when it expires
//	allocated  a confirmed order; leaves with the parcel
//
// Locks: stock levels come last of all, by variant id then location id.
package inventory

import (
	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Stock answers for every unit in the shop.
type Stock struct {
	DB      postgres.DB
	Clock   clock.Clock
	Cursors httpapi.Cursors
}

// What staff may do here.
const (
	CanRead  auth.Permission = "inventory.read"
	CanWrite auth.Permission = "inventory.write"
)

// Permissions lists what this module can permit.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

var (
	// ErrInsufficientStock says that there are fewer units left than wanted.
	ErrInsufficientStock = errs.New(errs.Conflict, "insufficient_stock", "There is not enough stock left.")
	// ErrNotReserved says that a line has no such promise left to ship.
	ErrNotReserved = errs.New(errs.Conflict, "not_reserved", "These units are not reserved for the order any more.")
	// ErrNotOnHand says that a backorder cannot ship before stock arrives.
	ErrNotOnHand = errs.New(errs.Conflict, "not_on_hand", "These units have not arrived yet. Receive the stock first.")
	// ErrPromised says that a count would leave less than was promised.
	ErrPromised = errs.New(errs.Conflict, "stock_promised", "More units than that are promised to orders.")
	// ErrStale says that a level changed since it was read.
	ErrStale = errs.New(errs.Conflict, "stock_changed", "The stock has changed since you looked. Count again.")
	// ErrNotTracked says that the stock of a variant is not counted.
	ErrNotTracked = errs.New(errs.Conflict, "not_tracked", "The stock of this variant is not counted. Set tracked on it first.")
	// ErrBundle says that the stock of a bundle is that of its components.
	ErrBundle = errs.New(errs.Conflict, "bundle_stock", "A bundle has no stock of its own. Count its components.")
	// ErrSerialised says that the units of a variant are its licence keys.
	ErrSerialised = errs.New(errs.Conflict, "stock_serialised", "The stock of this variant is its free licence keys. Add or revoke keys instead.")
	// ErrCounted says that units were counted that are no licence keys.
	ErrCounted = errs.New(errs.Conflict, "stock_counted", "This variant has stock that was counted. Set it and its backorder limit to 0 before you add keys.")
	// ErrNoLocation says that there is no such location, or that it is not theirs.
	ErrNoLocation = errs.New(errs.NotFound, "location_not_found", "There is no such location.")
	// ErrLocationTaken says that the vendor has a location of that name.
	ErrLocationTaken = errs.New(errs.Conflict, "location_taken", "There is a location of this name.")
)

func init() {
	postgres.Name("stock_levels_nothing_negative", ErrNotOnHand)
	postgres.Name("stock_levels_no_oversell", ErrPromised)
	postgres.Name("locations_name_key", ErrLocationTaken)
	postgres.Name("locations_vendor_id_fkey", errs.Validation.Field("/vendor_id", "not_found", "There is no such vendor."))
}
