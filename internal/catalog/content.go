package catalog

import (
	"souk/internal/errs"
	"souk/internal/money"
)

// Content is how much of something is in a variant, so that its price can be told
// by the kilogram, litre, metre, square metre or piece. Nothing is said of 0.
type Content struct {
	Amount int    `db:"content_amount" json:"amount" minimum:"0" maximum:"1000000000" doc:"0 is not said"`
	Unit   string `db:"content_unit" json:"unit,omitempty" enum:"g,kg,ml,l,cm,m,cm2,m2,piece"`
}

// A UnitPrice is the price of a variant by what is in it.
type UnitPrice struct {
	Price money.Amount `json:"price"`
	Per   string       `json:"per" enum:"kg,l,m,m2,piece"`
}

// measures says what prices are told by, and how many of a unit make one of that.
var measures = map[string]struct {
	per  string
	many int64
}{
	"g": {"kg", 1000}, "kg": {"kg", 1}, "ml": {"l", 1000}, "l": {"l", 1},
	"cm": {"m", 100}, "m": {"m", 1}, "cm2": {"m2", 10_000}, "m2": {"m2", 1}, "piece": {"piece", 1},
}

const maxContent = 1_000_000_000

// Valid reports whether it says how much of something there is, or nothing.
func (c Content) Valid() bool { var bad errs.Fields; c.check(&bad, ""); return bad.Err() == nil }

func (c Content) check(bad *errs.Fields, pointer string) {
	_, known := measures[c.Unit]
	bad.Require(known == (c.Amount != 0) && (known || c.Unit == ""), pointer+"/unit", "unknown_unit", "Say how much in g, kg, ml, l, cm, m, cm2, m2 or piece.")
	bad.Require(c.Amount >= 0 && c.Amount <= maxContent, pointer+"/amount", "out_of_range", "A content is a whole number up to a thousand million; 0 is not said.")
}

// Per is what its price is told by; "" where nothing is said of it.
func (c Content) Per() string { return measures[c.Unit].per }

// PriceOf is what a variant that costs price costs by what is in it, rounded half
// up; nil where nothing is said of that.
func (c Content) PriceOf(price money.Amount) *UnitPrice {
	if c.Amount == 0 {
		return nil
	}
	whole, err := price.Times(measures[c.Unit].many)
	if err != nil {
		return nil // no price of this world
	}
	return &UnitPrice{whole.Share(1, int64(c.Amount)), c.Per()}
}
