package cart

import (
	"bytes"
	"cmp"
	"slices"

	"souk/internal/id"
	"souk/internal/inventory"
)

// A Part is what a line takes from the stock: of a bundle each component, else
// the variant itself.
type Part struct {
	Variant   id.Variant
	SKU       *string
	Title     string
	Quantity  int // in one unit of the line
	Tracked   bool
	Gone      bool   // not sold any more, neither alone nor in a bundle
	Minor     *int64 // what it costs by itself; nil: no price in the cart's currency
	Locations []id.Location
	Available []int

	told string // what Title is in the language of who is told of it; "" is the same
}

// Told is the title in the language of who is told of the cart.
func (p Part) Told() string { return cmp.Or(p.told, p.Title) }

// sortPlaces puts the locations of a line in the order in which they are picked
// from.
func (l *Line) sortPlaces(priority map[id.Location]int) {
	if len(l.Locations) < 2 {
		return
	}
	type stocked struct {
		at   id.Location
		left int
	}
	list := make([]stocked, len(l.Locations))
	for i, at := range l.Locations {
		list[i] = stocked{at, l.Available[i]}
	}
	slices.SortFunc(list, func(a, b stocked) int {
		return cmp.Or(cmp.Compare(priority[a.at], priority[b.at]), bytes.Compare(a.at[:], b.at[:]))
	})
	for i, s := range list {
		l.Locations[i], l.Available[i] = s.at, s.left
	}
}

func (l Line) parts() []Part {
	if len(l.Components) > 0 {
		return l.Components
	}
	return []Part{{Variant: l.VariantID, Quantity: 1, Tracked: l.Tracked, Locations: l.Locations, Available: l.Available}}
}

// shelves is what the lines of a cart have not taken yet, by variant and place.
// They take one after another, so that a bundle and its component in one cart
// are not promised the same units.
type shelves map[id.Variant][]int

func (s shelves) of(p Part) []int {
	if _, known := s[p.Variant]; !known {
		s[p.Variant] = append([]int(nil), p.Available...)
	}
	return s[p.Variant]
}

// reach is how many units of a line can be made of what is left, and the part
// that ends first; nil is any number.
func (s shelves) reach(l Line) (most *int, scarce Part) {
	for _, p := range l.parts() {
		if !p.Tracked {
			continue
		}
		left := 0
		for _, n := range s.of(p) {
			left += max(n, 0)
		}
		if left /= p.Quantity; most == nil || left < *most {
			most, scarce = &left, p
		}
	}
	return most, scarce
}

// take says where the units of a line are taken from: the first location that
// has enough of a part, else as many as each has in their order. What is not
// tracked is taken from nowhere.
func (s shelves) take(l Line) (picks []inventory.Pick) {
	for _, p := range l.parts() {
		if !p.Tracked {
			continue
		}
		left, wanted := s.of(p), p.Quantity*l.Quantity
		for i, n := range left {
			if n >= wanted {
				picks = append(picks, inventory.Pick{Variant: p.Variant, Location: p.Locations[i], Quantity: wanted})
				left[i], wanted = n-wanted, 0
				break
			}
		}
		for i, n := range left {
			if some := min(n, wanted); some > 0 {
				picks = append(picks, inventory.Pick{Variant: p.Variant, Location: p.Locations[i], Quantity: some})
				left[i], wanted = n-some, wanted-some
			}
		}
	}
	return picks
}

// Picks says where the units of the line, which has become one of an order, are
// taken from. It is nil for what is not tracked.
func (l Line) Picks(line id.OrderLine) []inventory.Pick {
	picks := make([]inventory.Pick, len(l.picks))
	for i, pick := range l.picks {
		pick.Line = line
		picks[i] = pick
	}
	return picks
}

// Shortage is the issue of a line of whose part, or of itself, only so many
// units are left, and how many of those the line wants. It reports false where
// the line takes none of the variant.
func (l Line) Shortage(variant id.Variant, left int) (issue Issue, wanted int, takes bool) {
	for _, p := range l.parts() {
		if p.Tracked && p.Variant == variant {
			return l.short(left/p.Quantity, p), p.Quantity * l.Quantity, true
		}
	}
	return Issue{}, 0, false
}

func (l Line) short(left int, scarce Part) Issue {
	issue := Issue{Code: inventory.ErrInsufficientStock.Code, Detail: "There is not enough stock left.", Available: &left}
	if len(l.Components) > 0 {
		issue.Component = new(scarce.view())
		issue.Detail = "There is not enough left of a part of this: " + scarce.Told() + "."
	}
	return issue
}

func (l Line) without(gone Part) Issue {
	return Issue{
		Code: ErrNotPurchasable.Code, Detail: "A part of this is not sold any more: " + gone.Told() + ".",
		Component: new(gone.view()),
	}
}
