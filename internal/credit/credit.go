// Package credit is what the shop owes to its buyers and they pay with: gift
// cards, which belong to whoever has the code, and store credit, which belongs
// to a customer.
//
// Owns: gift cards, their codes and how they are sent ([GiftCard], code.go,
// send.go), store credit ([Balance]), what they pay of orders ([QueueSpend],
// [GiveBack]). Each is bound to its currency.
// Tables: gift_cards, gift_card_entries, store_credits, store_credit_entries.
// The entries are append-only, and a balance is their sum.
// Raises: [GiftCardDue].
// Calls: ledger. What is given away is posted here; what is bought, spent and
// given back is posted by checkout, which knows the order.
//
// A balance moves by conditional updates: one that does not cover an amount is
// not touched, and a CHECK stands behind that. Locks are taken after those of
// coupons and before stock: gift cards by id, then store credit.
package credit

import (
	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

// What staff may be permitted to do with gift cards and store credit.
const (
	CanRead  auth.Permission = "credit.read"
	CanWrite auth.Permission = "credit.write"
)

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// MonthsSetting is how long a gift card is good for.
var MonthsSetting = settings.Value[int]{
	Key: "credit.gift_card_months", Help: "For how many months a gift card that is bought is good; 0 is for good. Laws ask for years.",
	Default: 0, Check: func(n int) bool { return 0 <= n && n <= 1200 }, Rule: "Give a number from 0 to 1200.",
}

// Settings lists what this module declares.
func Settings() []settings.Declared { return []settings.Declared{MonthsSetting} }

// Balances is every gift card and all store credit.
type Balances struct {
	DB       postgres.DB
	Clock    clock.Clock
	Settings *settings.Settings
	CodeKeys [][]byte // make the codes of gift cards, the newest first

	cursors httpapi.Cursors
}

var (
	// ErrNotApplicable says that a gift card pays nothing of a cart. It has one
	// reason for those that strangers must not tell apart: unknown and disabled.
	ErrNotApplicable = errs.New(errs.Invalid, "gift_card_not_applicable", "This gift card cannot be used here.")
	// ErrNoGiftCard says that there is no such gift card, or that it is disabled.
	ErrNoGiftCard = errs.New(errs.NotFound, "gift_card_not_found", "There is no such gift card.")
	// ErrChanged says that a balance does not cover what the buyer was shown.
	ErrChanged = errs.New(errs.Conflict, "credit_changed", "What gift cards and store credit pay of this order has changed. Look at it again before you order.")
	// ErrUsed says that something was paid with a gift card that should be as good as new.
	ErrUsed = errs.New(errs.Conflict, "gift_card_used", "Something has been paid with this gift card already.")
	// ErrBounds says that a gift card holds between nothing and what it was issued
	// with, less what it has paid: that may come back to it.
	ErrBounds = errs.New(errs.Conflict, "gift_card_bounds", "A gift card holds between nothing and what it was issued with, less what it has paid and may get back. Issue another one to give more.")
	// ErrNotSendable says that a code cannot be mailed: the card is disabled, or it is forgotten whom it was for.
	ErrNotSendable = errs.New(errs.Conflict, "gift_card_not_sendable", "This gift card is disabled, or it is not known any more whom it was for.")
	// ErrTooLittle says that a customer has less store credit than that.
	ErrTooLittle = errs.New(errs.Conflict, "store_credit_too_little", "There is not so much store credit.")

	errNoUser = errs.New(errs.NotFound, "not_found", "There is no such user.")
)

func init() {
	postgres.Name("gift_cards_balance", ErrBounds)
	postgres.Name("store_credits_balance", ErrTooLittle)
	postgres.Name("store_credits_user_id_fkey", errNoUser)
}

// Routes mounts what holders of gift cards, customers and staff do with them.
func (m *Balances) Routes(r *httpapi.Router) {
	m.cursors = r.Cursors
	m.cardRoutes(r)
	m.storeRoutes(r)
}
