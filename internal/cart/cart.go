// Package cart is what somebody means to buy.
//
// Owns: carts and their items; the snapshot that a quote is made of ([Carts.Lock]), what is remembered for
// it of the whole shop, and until when (shop.go).
// Tables: carts, cart_items, cart_coupons, cart_gift_cards; quote_epochs and quote_features, which triggers
// write. It reads the catalogue, stock, prices, shipping options and tax zones in its own joined statements.
// Raises: nothing; a cart is nobody's business until it is an order.
// Calls: accounts (saved addresses), catalog (in which language goods are told), pricing (the quote), shipping and tax (what
// options and rates mean), payments (ways to pay), credit (what a code is), inventory (picks), wishlist
// (later.go).
//
// A cart's id is 128 random bits: who knows it may use it, until a signed-in
// user owns it. What does not exist, is somebody else's or is no id at all gives
// one and the same answer.
//
// Every write first touches the cart's row, and only while it is no order: it
// waits for a checkout that holds the row and is refused after it. The write,
// and the reads that the answer is made of, travel in one pipeline; what the
// reads then show to be wrong rolls the write back.
package cart

import (
	"sync/atomic"
	"time"

	"souk/internal/accounts"
	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
	"souk/internal/platform/postgres"
	"souk/internal/promotions"
	"souk/internal/tax"
	"souk/internal/wishlist"
)

// Carts keeps everybody's cart.
type Carts struct {
	DB       postgres.DB
	Clock    clock.Clock
	Users    *accounts.Users
	Payments *payments.Payments
	Currency money.Currency // of carts that name none

	Promotions *promotions.Promotions
	Tax        *tax.Zones
	Wishlists  *wishlist.Wishlists
	Locales    *catalog.Locales // that goods are told in; nil: only the shop's own

	shop atomic.Pointer[shop] // as it was read last
}

// A Cart is one row.
type Cart struct {
	ID              id.Cart                     `db:"id"`
	UserID          id.User                     `db:"user_id"`
	Currency        money.Currency              `db:"currency"`
	Email           string                      `db:"email"`
	Phone           string                      `db:"phone"`
	ShippingAddress *accounts.PostalAddress     `db:"shipping_address"` // nil also where nothing is shipped
	BillingAddress  *accounts.PostalAddress     `db:"billing_address"`  // nil: the shipping address
	Shipping        map[id.Vendor]id.ShipOption `db:"shipping"`
	OrderID         id.Order                    `db:"order_id"`
	Version         int64                       `db:"version"`
	CreatedAt       time.Time                   `db:"created_at"`
	UpdatedAt       time.Time                   `db:"updated_at"`
	Epoch           []int64                     `db:"epoch"`   // of the shop, when it was read
	ReadAt          time.Time                   `db:"read_at"` // by the database's clock
}

const (
	maxLines    = 500
	maxQuantity = 10_000
)

var (
	// ErrNotFound is the answer to every id that is not a cart the caller may
	// use. It is word for word that of an id that cannot be read.
	ErrNotFound = errs.New(errs.NotFound, "not_found", "There is no such thing here.")
	// ErrItemNotFound says that the cart has no such item.
	ErrItemNotFound = errs.New(errs.NotFound, "item_not_found", "There is no such item in the cart.")
	// ErrVariantNotFound says that nothing of this id was ever for sale.
	ErrVariantNotFound = errs.New(errs.NotFound, "variant_not_found", "There is no such thing for sale.")
	// ErrCompleted says that the cart has become an order; it carries order_id.
	ErrCompleted = errs.New(errs.Conflict, "cart_completed", "This cart has been ordered already.")
	// ErrNotPurchasable says that something cannot be bought now, or not in this currency.
	ErrNotPurchasable = errs.New(errs.Conflict, "not_purchasable", "This cannot be bought at the moment.")
	// ErrAccountRequired says that something is sold to people with an account.
	ErrAccountRequired = errs.New(errs.Conflict, "account_required", "Sign in first: a membership belongs to an account.")
	// ErrMembersOnly says that something is sold to members of some plans; it carries their names.
	ErrMembersOnly = errs.New(errs.Conflict, "members_only", "This is for members.")
	// ErrQuantityLimit says that the vendor sells fewer or more at once.
	ErrQuantityLimit = errs.New(errs.Invalid, "quantity_limit", "This is not sold in that quantity.")
	// ErrIncomplete says what is missing before the cart can be ordered.
	ErrIncomplete = errs.New(errs.Conflict, "cart_incomplete", "Something is missing before this can be ordered.")
	// ErrTooManyLines bounds a cart.
	ErrTooManyLines = errs.Validation.Field("/items", "too_many", "A cart holds 500 different things at most.")
	// ErrQuantity bounds a line.
	ErrQuantity = errs.Validation.Field("/quantity", "too_large", "A cart holds 10,000 of one thing at most.")
)

func init() {
	postgres.Name("cart_items_quantity_range", ErrQuantity)
	postgres.Name("cart_items_cart_id_fkey", ErrNotFound)
	postgres.Name("cart_coupons_cart_id_fkey", ErrNotFound)
	postgres.Name("cart_gift_cards_cart_id_fkey", ErrNotFound)
}

// Country is where the cart goes, or its invoice where nothing is shipped; ""
// while that is not known.
func (c Cart) Country() string {
	if to := c.place(); to != nil {
		return to.Country
	}
	return ""
}

// Billing is the address of the invoice.
func (c Cart) Billing() *accounts.PostalAddress {
	if c.BillingAddress == nil {
		return c.ShippingAddress
	}
	return c.BillingAddress
}
