package shipping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

// The kinds of options.
const (
	Standard = "standard"
	Express  = "express"
	Pickup   = "pickup"
)

// The rules by which an option is priced.
const (
	Flat     = "flat"      // one price
	ByWeight = "by_weight" // by tiers of grams
	ByValue  = "by_value"  // by tiers of what the goods cost
)

// An Option is one way for a parcel to go, in one zone and currency.
type Option struct {
	ID        id.ShipOption `json:"id" db:"id"`
	ZoneID    id.ShipZone   `json:"zone_id" db:"zone_id"`
	VendorID  id.Vendor     `json:"vendor_id,omitzero" db:"vendor_id" doc:"Whose parcels may go this way; everybody's when left out"`
	Name      string        `json:"name" db:"name"`
	Kind      string        `json:"kind" db:"kind" enum:"standard,express,pickup"`
	Rule      string        `json:"rule" db:"rule" enum:"flat,by_weight,by_value"`
	Price     money.Amount  `json:"price" db:"price" doc:"The price of the rule flat, and the currency of the option"`
	Tiers     Tiers         `json:"tiers" db:"tiers" doc:"The prices of the other rules"`
	FreeAbove *money.Amount `json:"free_above,omitempty" db:"free_above" doc:"Goods of this value or more go free"`
	MinDays   int           `json:"min_days" db:"min_days"`
	MaxDays   int           `json:"max_days" db:"max_days"`
	Position  int           `json:"position" db:"position"`
	Active    bool          `json:"active" db:"active"`
	Version   int64         `json:"version" db:"version"`
}

// A Tier is the price from a weight in grams, or a value in minor units,
// upwards.
type Tier struct {
	From  int64 `json:"from" minimum:"0"`
	Minor int64 `json:"amount" minimum:"0" maximum:"1000000000000"`
}

// Tiers ascend from 0.
type Tiers []Tier

// MarshalJSON never says null.
func (t Tiers) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]Tier(t))
}

// at is the price that applies to n grams or minor units.
func (t Tiers) at(n int64) int64 {
	price := int64(0)
	for _, tier := range t {
		if tier.From > n {
			break
		}
		price = tier.Minor
	}
	return price
}

// A Parcel is what one vendor has to send.
type Parcel struct {
	Vendor      id.Vendor
	WeightGrams int64
	Value       money.Amount
}

// A Quote is an option with what it costs a parcel.
type Quote struct {
	Option Option
	Price  money.Amount
}

// For prices the option for a parcel; false where the parcel cannot go this way.
func (o Option) For(p Parcel) (Quote, bool) {
	if o.Price.Currency != p.Value.Currency || (!o.VendorID.IsZero() && o.VendorID != p.Vendor) {
		return Quote{}, false
	}
	minor := o.Price.Minor
	switch o.Rule {
	case ByWeight:
		minor = o.Tiers.at(p.WeightGrams)
	case ByValue:
		minor = o.Tiers.at(p.Value.Minor)
	}
	if o.FreeAbove != nil && p.Value.Minor >= o.FreeAbove.Minor {
		minor = 0
	}
	return Quote{Option: o, Price: money.Of(minor, o.Price.Currency)}, true
}

// QuotesFor prices for a parcel those of options that it can take, in their order.
func QuotesFor(options []Option, p Parcel) []Quote {
	quotes := make([]Quote, 0, len(options))
	for _, o := range options {
		if q, ok := o.For(p); ok {
			quotes = append(quotes, q)
		}
	}
	return quotes
}

// ETag lets editors say which version they have seen.
func (o Option) ETag() string { return httpapi.VersionTag(o.Version) }

// ErrOptionNotFound says that there is no such option.
var ErrOptionNotFound = errs.New(errs.NotFound, "not_found", "There is no such shipping option.")

// check says what is wrong with an option that staff wrote.
func (o *Option) check() error {
	var bad errs.Fields
	o.Name = strings.TrimSpace(o.Name)
	bad.Require(o.Name != "" && len(o.Name) <= 100, "/name", "invalid", "Give the option a name of at most 100 letters.")
	bad.Require(o.Price.Currency.Valid(), "/price/currency", "invalid", "This is not a currency.")
	bad.Require(o.FreeAbove == nil || o.FreeAbove.Currency == o.Price.Currency, "/free_above/currency", "invalid", "The option has one currency.")
	bad.Require(o.MaxDays >= o.MinDays, "/max_days", "invalid", "It cannot take fewer days at most than at least.")
	if o.Rule == Flat {
		bad.Require(len(o.Tiers) == 0, "/tiers", "invalid", "A flat price has no tiers.")
	} else {
		bad.Require(o.Price.Minor == 0, "/price/amount", "invalid", fmt.Sprintf("The prices of the rule %s are its tiers.", o.Rule))
		bad.Require(len(o.Tiers) > 0 && o.Tiers[0].From == 0, "/tiers", "invalid", "Tiers begin at 0.")
		bad.Require(slices.IsSortedFunc(o.Tiers, ascending), "/tiers", "invalid", "Each tier begins above the one before.")
	}
	return bad.Err()
}

// ascending refuses equals, too.
func ascending(a, b Tier) int {
	if a.From <= b.From {
		return -1
	}
	return 1
}
