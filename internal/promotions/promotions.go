// Package promotions is what lowers prices: promotions, the codes that ask for
// them, and what was given on which order.
//
// Owns: promotions and who may use them how often ([Promotion]), coupons
// ([Coupon], [Normalize]), redemptions and their limits ([Promotions.QueueRedeem],
// [Release]). What a promotion does to a price is in package pricing.
// Tables: promotions, coupons, promotion_redemptions.
// Raises: nothing; carts are priced anew each time they are read.
// Calls: pricing, accounts (which customer groups there are).
//
// A promotion starts and ends by the clock of the database, at the moment a cart
// is read; no job has to run for it.
//
// Limits are counted in the transaction that places the order, by conditional
// updates: promotions by id, then coupons by id, before any stock is taken.
package promotions

import (
	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// What staff may be permitted to do with promotions.
const (
	CanRead  auth.Permission = "promotions.read"
	CanWrite auth.Permission = "promotions.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Promotions is every promotion of the shop and of its vendors.
type Promotions struct {
	DB          postgres.DB
	CustomerKey []byte         // hashes the addresses of customers, see [Promotions.Customer]
	Currency    money.Currency // of the shop

	cursors httpapi.Cursors
}

var (
	// ErrNoPromotion says that there is no such promotion, or that it is not theirs.
	ErrNoPromotion = errs.New(errs.NotFound, "promotion_not_found", "There is no such promotion.")
	// ErrNoCoupon says that there is no such code.
	ErrNoCoupon = errs.New(errs.NotFound, "coupon_not_found", "There is no such code.")
	// ErrNotApplicable says that a code takes nothing off this cart. It has one
	// reason for all that strangers must not learn: unknown, ended, used up.
	ErrNotApplicable = errs.New(errs.Invalid, "coupon_not_applicable", "This code cannot be used for this cart.")
	// ErrNotCombined says that another promotion on the cart keeps a code out.
	ErrNotCombined = errs.New(errs.Conflict, "coupon_not_combined", "This code is not combined with another discount on this cart. Remove that one first.")
	// ErrUsedUp says that others took the last uses while the order was placed.
	ErrUsedUp = errs.New(errs.Conflict, "promotion_used_up", "A discount on this cart has just been used up. Look at the new total.")
	// ErrArchived keeps what has ended as it was.
	ErrArchived = errs.New(errs.Conflict, "promotion_archived", "This promotion is archived: make a new one.")

	errCodeTaken = errs.New(errs.Conflict, "code_taken", "There are coupons with some of these codes already. None was made.")
	errBelowUsed = errs.New(errs.Conflict, "limit_below_used", "It has been used more often, or has cost more, than this limit allows. Pause it to end it now.")
)

func init() {
	postgres.Name("promotions_window", errs.Validation.Field("/ends_at", "not_after", "It must end after it starts."))
	postgres.Name("promotions_vendor_id_fkey", errs.Validation.Field("/vendor_id", "not_found", "There is no such vendor."))
	postgres.Name("promotions_within_limit", ErrUsedUp)
	postgres.Name("promotions_within_budget", ErrUsedUp)
	postgres.Name("coupons_within_limit", ErrUsedUp)
	postgres.Name("promotion_redemptions_customer", ErrUsedUp)
}
