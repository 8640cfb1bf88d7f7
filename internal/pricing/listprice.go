package pricing

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"souk/internal/id"
	"souk/internal/money"
)

// A ListPrice is what a price list asks for a variant, from so many units on.
// Whether the list is open to the buyer and runs has been decided by whoever put
// it into the snapshot.
type ListPrice struct {
	List        id.PriceList
	Name        string
	Priority    int
	MinQuantity int64
	Price       money.Amount
}

// A UnitPrice is what one unit of a line costs, and the price list that says so;
// nil where none does.
type UnitPrice struct {
	Price money.Amount
	List  *ListPrice
}

// UnitPrices is what one unit of each line costs. How many are bought is counted
// over all lines of a variant.
func UnitPrices(lines []Line) []UnitPrice {
	prices, listed := make([]UnitPrice, len(lines)), false
	for i, l := range lines {
		prices[i].Price = l.UnitPrice
		listed = listed || len(l.Lists) > 0
	}
	if !listed {
		return prices
	}
	units := map[id.Variant]int64{}
	for _, l := range lines {
		units[l.Variant] += l.Quantity
	}
	for i, l := range lines {
		if list := choose(l.Lists, units[l.Variant]); list != nil {
			prices[i] = UnitPrice{list.Price, list}
		}
	}
	return prices
}

// choose is the list price that so many units of a variant cost; nil where no
// list has one for so few. Each list offers its largest quantity that is
// reached; of those the one with the highest priority counts, then the cheapest,
// then that of the oldest list.
func choose(lists []ListPrice, units int64) *ListPrice {
	reached := map[id.PriceList]*ListPrice{}
	for i := range lists {
		l := &lists[i]
		if was := reached[l.List]; l.MinQuantity <= units && (was == nil || was.MinQuantity < l.MinQuantity) {
			reached[l.List] = l
		}
	}
	var best *ListPrice
	for _, l := range reached {
		if best == nil || compareListPrices(l, best) < 0 {
			best = l
		}
	}
	return best
}

func compareListPrices(a, b *ListPrice) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Price.Minor, b.Price.Minor), bytes.Compare(a.List[:], b.List[:]))
}

// A Break is a number of units from which on each of them costs something else.
type Break struct {
	MinQuantity int64        `json:"min_quantity"`
	Price       money.Amount `json:"price"`
}

// Breaks is what a variant costs by how many are bought; the first is from one
// unit on.
func Breaks(base money.Amount, lists []ListPrice) []Break {
	steps := []int64{1}
	for _, l := range lists {
		steps = append(steps, l.MinQuantity)
	}
	slices.Sort(steps)
	var breaks []Break
	for _, units := range slices.Compact(steps) {
		price := base
		if list := choose(lists, units); list != nil {
			price = list.Price
		}
		if len(breaks) == 0 || breaks[len(breaks)-1].Price != price {
			breaks = append(breaks, Break{units, price})
		}
	}
	return breaks
}

// listed is lines at the prices of their price lists. What a list makes cheaper
// than it was counts as reduced.
func listed(lines []Line, prices []UnitPrice) []Line {
	if !slices.ContainsFunc(prices, func(p UnitPrice) bool { return p.List != nil }) {
		return lines
	}
	lines = slices.Clone(lines)
	for i, p := range prices {
		l := &lines[i]
		l.Reduced = l.Reduced || p.Price.Minor < l.UnitPrice.Minor
		l.UnitPrice = p.Price
	}
	return lines
}

// text tells people why a line does not cost its usual price.
func (l *ListPrice) text(usual money.Amount) string {
	text := l.Name
	if l.MinQuantity > 1 {
		text += ", from " + strconv.FormatInt(l.MinQuantity, 10) + " units"
	}
	text += ": " + l.Price.String()
	if usual != l.Price {
		text += " instead of " + usual.String()
	}
	return text
}
