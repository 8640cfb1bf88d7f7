package pricing

import (
	"fmt"
	"slices"
	"strings"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
)

// A Promotion lowers what goods or their carriage cost. It is data that [Price]
// reads: whether it runs at all (its window, its limits, whose code it is) has
// been decided by whoever put it into the snapshot.
type Promotion struct {
	ID       id.Promotion
	Name     string    // as buyers are told of it
	Code     string    // with which the buyer asked for it; "" where none is needed
	Vendor   id.Vendor // whose goods and parcels alone it lowers; zero is the shop's own
	Priority int       // the higher is considered first
	// Exclusive is not combined: it gives way to what is considered before it,
	// and keeps out what comes after.
	Exclusive bool
	Group     string // of those in one group the first that matches applies alone; "" is no group
	// PlatformPPM is the part of the discount that the platform pays, in parts
	// per million; the vendor of the goods pays the rest.
	PlatformPPM int64
	Conditions  Conditions
	Reward      Reward
	// Given is what it took off an order that has been placed: minor units off
	// each line of the snapshot, or off each parcel where the reward is on
	// shipping. It takes that again, as far as others leave it there, whatever
	// its conditions and its reward say by now, and keeps no other such out; nil
	// in carts.
	Given []int64
}

// Amounts are sums of money in minor units, one for each currency.
type Amounts map[money.Currency]int64

// Conditions must all hold; what is empty asks for nothing. Subtotals and
// quantities are those before any discount, so no promotion makes another fail.
type Conditions struct {
	Goods       Scope     `json:"goods,omitzero" doc:"Which goods min_subtotal and min_quantity count"`
	MinSubtotal Amounts   `json:"min_subtotal,omitempty" doc:"Minor units by currency. A cart in another currency does not match."`
	MinQuantity int64     `json:"min_quantity,omitempty" minimum:"0" maximum:"10000"`
	Groups      []string  `json:"customer_groups,omitempty" maxItems:"100" doc:"The buyer is in one of them"`
	Plans       []id.Plan `json:"plans,omitempty" maxItems:"100" doc:"The buyer is a member of one of them"`
	FirstOrder  bool      `json:"first_order,omitempty" doc:"The buyer has ordered nothing before"`
	Countries   []string  `json:"countries,omitempty" maxItems:"300" doc:"ISO 3166-1 alpha-2 codes; the goods go to one of them"`
	Methods     []string  `json:"payment_methods,omitempty" maxItems:"20" doc:"One of them has been chosen"`
}

// A Scope is a part of the goods. Of what is named of one kind any will do, and
// every kind that is named must agree; an empty scope is all goods.
type Scope struct {
	Products   []id.Product  `json:"products,omitempty" maxItems:"1000"`
	Variants   []id.Variant  `json:"variants,omitempty" maxItems:"1000"`
	Categories []id.Category `json:"categories,omitempty" maxItems:"1000" doc:"With all categories below them"`
	Tags       []id.Tag      `json:"tags,omitempty" maxItems:"1000"`
	Brands     []id.Brand    `json:"brands,omitempty" maxItems:"1000"`
	Vendors    []id.Vendor   `json:"vendors,omitempty" maxItems:"1000"`
	Except     []id.Product  `json:"except_products,omitempty" maxItems:"1000"`
	FullPrice  bool          `json:"full_price,omitempty" doc:"Without goods whose price is reduced already"`
}

// asks reports whether it depends on more of goods than what they are and who
// sells them.
func (c Scope) asks() bool { return len(c.Categories)+len(c.Tags)+len(c.Brands) > 0 || c.FullPrice }

// AsksOfGoods reports whether it must be known what brand, categories and tags
// goods have, or whether their price is reduced, to reckon a promotion.
func AsksOfGoods(c Conditions, r Reward) bool {
	return c.Goods.asks() || r.Goods.asks() || r.BuyGoods.asks()
}

// AsksOfBuyer reports whether it must be known who buys.
func (c Conditions) AsksOfBuyer() bool { return len(c.Groups)+len(c.Plans) > 0 || c.FirstOrder }

// RewardKind says how a reward is reckoned.
type RewardKind string

// The kinds of rewards. Those that are about single goods come first, each on
// the prices of the goods; then those on what is left of the order; then those on
// shipping.
const (
	PercentOff      RewardKind = "percent_off"       // PPM of the goods
	AmountOff       RewardKind = "amount_off"        // Amounts, spread over the goods by what they cost
	AmountOffEach   RewardKind = "amount_off_each"   // Amounts off each unit
	FixedPrice      RewardKind = "fixed_price"       // each unit costs Amounts, where it cost more
	BuyGet          RewardKind = "buy_get"           // for Buy units of BuyGoods, Get units of Goods are PPM cheaper, the cheapest
	OrderPercentOff RewardKind = "order_percent_off" // PPM of what is left of the goods
	OrderAmountOff  RewardKind = "order_amount_off"  // Amounts, spread over what is left of the goods
	ShippingOff     RewardKind = "shipping_off"      // PPM of shipping: all of it is free shipping
	ShippingPrice   RewardKind = "shipping_price"    // each parcel costs Amounts, where it cost more
)

// A Reward is what a promotion gives.
type Reward struct {
	Kind     RewardKind `json:"kind" enum:"percent_off,amount_off,amount_off_each,fixed_price,buy_get,order_percent_off,order_amount_off,shipping_off,shipping_price"`
	Goods    Scope      `json:"goods,omitzero" doc:"Which goods become cheaper"`
	PPM      int64      `json:"percent_ppm,omitempty" minimum:"0" maximum:"1000000" doc:"Parts per million: 100000 is 10 %"`
	Amounts  Amounts    `json:"amounts,omitempty" doc:"Minor units by currency. A cart in another currency does not match."`
	MaxUnits int64      `json:"max_units,omitempty" minimum:"0" maximum:"10000" doc:"So many units at most, the cheapest first; 0 is all. For percent_off, amount_off_each and fixed_price."`
	BuyGoods Scope      `json:"buy_goods,omitzero" doc:"For buy_get: what must be bought"`
	Buy      int64      `json:"buy,omitempty" minimum:"0" maximum:"1000"`
	Get      int64      `json:"get,omitempty" minimum:"0" maximum:"1000"`
	MaxTimes int64      `json:"max_times,omitempty" minimum:"0" maximum:"1000" doc:"For buy_get: so often in one order at most; 0 is any number"`
	Ways     []string   `json:"shipping_kinds,omitempty" maxItems:"10" doc:"For shipping: standard, express, pickup; none is all"`
	Most     Amounts    `json:"max_discount,omitempty" doc:"So much in one order at most, in minor units by currency"`
}

// UpTo is the reward where no more than that is left of a budget: it is given in
// no other currency.
func (r Reward) UpTo(left money.Amount) Reward {
	if most, limited := r.Most[left.Currency]; limited {
		left.Minor = min(left.Minor, most)
	}
	r.Most = Amounts{left.Currency: left.Minor}
	return r
}

// When a kind is applied.
const (
	goodsStage = iota
	orderStage
	shippingStage
)

func (k RewardKind) stage() int {
	switch k {
	case OrderPercentOff, OrderAmountOff:
		return orderStage
	case ShippingOff, ShippingPrice:
		return shippingStage
	}
	return goodsStage
}

// needsAmounts reports whether a kind reads amounts, so that a cart in a currency
// without any does not match.
func (k RewardKind) needsAmounts() bool {
	switch k {
	case AmountOff, AmountOffEach, FixedPrice, OrderAmountOff, ShippingPrice:
		return true
	}
	return false
}

// maxAmount is the largest amount that a promotion may name, in minor units.
const maxAmount = 1_000_000_000_000

// Problems is what is wrong with conditions that stand at pointer.
func (c Conditions) Problems(pointer string) errs.Fields {
	var bad errs.Fields
	c.Goods.problems(&bad, pointer+"/goods")
	c.MinSubtotal.problems(&bad, pointer+"/min_subtotal")
	counted := len(c.MinSubtotal) > 0 || c.MinQuantity != 0
	bad.Require(counted || c.Goods.isAll(), pointer+"/goods", "needs_minimum", "Say how many of these goods are needed, or goods for how much.")
	bad.Require(c.MinQuantity >= 0, pointer+"/min_quantity", "out_of_range", "A quantity is 0 or more.")
	for _, country := range c.Countries {
		bad.Require(len(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z',
			pointer+"/countries", "invalid", "A country is two capitals of ISO 3166-1.")
	}
	return bad
}

// Problems is what is wrong with a reward that stands at pointer.
func (r Reward) Problems(pointer string) errs.Fields {
	var bad errs.Fields
	r.Goods.problems(&bad, pointer+"/goods")
	r.BuyGoods.problems(&bad, pointer+"/buy_goods")
	r.Amounts.problems(&bad, pointer+"/amounts")
	r.Most.problems(&bad, pointer+"/max_discount")
	switch r.Kind {
	case PercentOff, OrderPercentOff, ShippingOff, BuyGet:
		bad.Require(r.PPM > 0 && r.PPM <= million, pointer+"/percent_ppm", "out_of_range", "A percentage is between 1 and 1,000,000 parts per million.")
		bad.Require(len(r.Amounts) == 0, pointer+"/amounts", "not_for_kind", "This kind has a percentage, not amounts.")
	case AmountOff, AmountOffEach, FixedPrice, OrderAmountOff, ShippingPrice:
		bad.Require(len(r.Amounts) > 0, pointer+"/amounts", "required", "Name an amount in at least one currency.")
		bad.Require(r.PPM == 0, pointer+"/percent_ppm", "not_for_kind", "This kind has amounts, not a percentage.")
	default:
		bad.Require(false, pointer+"/kind", "unknown_kind", "There is no such kind of reward.")
	}
	if r.Kind == BuyGet {
		bad.Require(r.Buy > 0, pointer+"/buy", "required", "Say how many must be bought.")
		bad.Require(r.Get > 0, pointer+"/get", "required", "Say how many become cheaper for it.")
	} else {
		bad.Require(r.Buy == 0 && r.Get == 0 && r.MaxTimes == 0, pointer+"/buy", "not_for_kind", "These are for buy_get.")
	}
	ranged := slices.Contains([]RewardKind{PercentOff, AmountOffEach, FixedPrice}, r.Kind)
	bad.Require(r.MaxUnits == 0 || ranged && r.MaxUnits > 0, pointer+"/max_units", "not_for_kind", "Units are limited for percent_off, amount_off_each and fixed_price.")
	bad.Require(r.BuyGoods.isAll() || r.Kind == BuyGet, pointer+"/buy_goods", "not_for_kind", "These are for buy_get.")
	beyondVendors := r.Goods
	beyondVendors.Vendors = nil
	bad.Require(r.Kind.stage() != shippingStage || beyondVendors.isAll(), pointer+"/goods", "not_for_kind", "What parcels cost is lowered by vendor, not by what is in them.")
	bad.Require(len(r.Ways) == 0 || r.Kind.stage() == shippingStage, pointer+"/shipping_kinds", "not_for_kind", "Ways to ship are for rewards on shipping.")
	return bad
}

func (a Amounts) problems(bad *errs.Fields, pointer string) {
	for c, minor := range a {
		bad.Require(c.Valid(), pointer, "unknown_currency", string(c)+" is not the ISO 4217 code of a currency.")
		bad.Require(minor >= 0 && minor <= maxAmount, pointer+"/"+string(c), "out_of_range", "An amount is between 0 and a million million minor units.")
	}
}

// isAll reports whether a scope names nothing.
func (c Scope) isAll() bool {
	return len(c.Products)+len(c.Variants)+len(c.Categories)+len(c.Tags)+len(c.Brands)+len(c.Vendors)+len(c.Except) == 0 && !c.FullPrice
}

const maxNamed = 1000

func (c Scope) problems(bad *errs.Fields, pointer string) {
	for _, n := range []int{len(c.Products), len(c.Variants), len(c.Categories), len(c.Tags), len(c.Brands), len(c.Vendors), len(c.Except)} {
		bad.Require(n <= maxNamed, pointer, "too_many", "At most 1,000 of a kind can be named.")
	}
}

// Percent writes parts per million as people read them: 100000 is "10 %", 12500
// is "1.25 %".
func Percent(ppm int64) string {
	text := strings.TrimRight(fmt.Sprintf("%d.%04d", ppm/10_000, ppm%10_000), "0")
	return strings.TrimSuffix(text, ".") + " %"
}
