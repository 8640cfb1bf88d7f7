// Package pricing is what things cost: the price of a variant in each currency
// and by price list, and what a whole cart comes to.
//
// Owns: prices with their history, currencies that follow the main one
// ([Currency]), price lists ([PriceList]), and the pure calculation [Price].
// Tables: prices, price_history (append-only), currencies, price_lists,
// price_list_prices.
// Raises: [PricesChanged], [ListsChanged].
// Calls: catalog (whose a variant is, and whether staff look at its prices), inventory (stock that is set together
// with prices, see [Prices.SetOffers]), accounts (which customer groups there
// are), tax.
package pricing

import (
	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Prices is what each variant costs.
type Prices struct {
	DB       postgres.DB
	Catalog  *catalog.Catalog // holds prices that staff want to look at
	Stock    *inventory.Stock // for SetOffers and Offers only
	Currency money.Currency   // of the shop, which others may follow
}

// What staff may be permitted to do with prices.
const (
	CanRead  auth.Permission = "prices.read"
	CanWrite auth.Permission = "prices.write"
)

// Permissions are those that this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// ErrSummed says that the price of a bundle follows from others.
var ErrSummed = errs.New(errs.Conflict, "summed_price", "This bundle costs what its components do. Change their prices, its discount, or make its price a fixed one.")

// ErrPrice says that an amount cannot be a price.
var ErrPrice = errs.New(errs.Invalid, "invalid_price", "A price is not negative, in a known currency, and below the price that it is compared with.")

func init() {
	postgres.Name("prices_amount_range", ErrPrice)
	postgres.Name("prices_compare_at_above", ErrPrice)
}

// PricesChanged says that variants cost something else than before.
type PricesChanged struct {
	VariantIDs []id.Variant `json:"variant_ids"`
}

// EventName names the event in the log.
func (PricesChanged) EventName() string { return "pricing.prices_changed" }

// ListsChanged says that price lists are not what they were: whoever keeps what
// they say reads it again.
type ListsChanged struct{}

// EventName names the event in the log.
func (ListsChanged) EventName() string { return "pricing.lists_changed" }
