package pricing

import (
	"iter"
	"math/bits"

	"souk/internal/id"
)

// A lineSet is some lines of a snapshot, a bit for each: by their place among the
// lines of a discounter, the cheapest first.
type lineSet []uint64

func (s lineSet) put(place int)      { s[place/64] |= 1 << (place % 64) }
func (s lineSet) has(place int) bool { return s[place/64]&(1<<(place%64)) != 0 }

// places goes through the places in the set, the cheapest line first.
func (s lineSet) places() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(i*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

func (s lineSet) isEmpty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// goods finds lines by what they are. Which lines a promotion is about is looked up
// by what it names: most of many promotions name little of what is in a cart.
type goods struct {
	words int     // of a set
	spare lineSet // of which new sets are cut
	named lineSet // scratch

	all        lineSet // lines that promotions may count or lower
	reduced    lineSet
	products   map[id.Product]lineSet
	variants   map[id.Variant]lineSet
	categories map[id.Category]lineSet
	tags       map[id.Tag]lineSet
	brands     map[id.Brand]lineSet
	vendors    map[id.Vendor]lineSet
}

// goodsOf sorts the lines of a snapshot into a goods, in an order of their places.
func goodsOf(s *Snapshot, order []int) *goods {
	g := &goods{
		words: (len(order) + 63) / 64, products: map[id.Product]lineSet{}, variants: map[id.Variant]lineSet{}, categories: map[id.Category]lineSet{},
		tags: map[id.Tag]lineSet{}, brands: map[id.Brand]lineSet{}, vendors: map[id.Vendor]lineSet{},
	}
	g.all, g.reduced, g.named = g.set(), g.set(), g.set()
	for place, i := range order {
		l := &s.Lines[i]
		if l.AsPriced {
			continue
		}
		g.all.put(place)
		if l.Reduced {
			g.reduced.put(place)
		}
		file(g, g.products, l.Product, place)
		file(g, g.variants, l.Variant, place)
		file(g, g.brands, l.Brand, place)
		file(g, g.vendors, l.Vendor, place)
		for _, c := range l.Categories {
			file(g, g.categories, c, place)
		}
		for _, t := range l.Tags {
			file(g, g.tags, t, place)
		}
	}
	return g
}

func file[T comparable](g *goods, by map[T]lineSet, is T, place int) {
	set, known := by[is]
	if !known {
		set = g.set()
		by[is] = set
	}
	set.put(place)
}

// set cuts a new, empty set: many of them from one piece of memory.
func (g *goods) set() lineSet {
	if len(g.spare) < g.words {
		g.spare = make(lineSet, 64*g.words)
	}
	set := g.spare[:g.words:g.words]
	g.spare = g.spare[g.words:]
	return set
}

// in is the lines in a scope, of a vendor's goods alone where there is one. It is
// not to be changed.
func (g *goods) in(c *Scope, vendor id.Vendor) lineSet {
	if vendor.IsZero() && c.isAll() {
		return g.all
	}
	set := g.set()
	copy(set, g.all)
	if !vendor.IsZero() {
		keep(g, set, g.vendors, []id.Vendor{vendor})
	}
	keep(g, set, g.vendors, c.Vendors)
	keep(g, set, g.brands, c.Brands)
	keep(g, set, g.categories, c.Categories)
	keep(g, set, g.tags, c.Tags)
	keep(g, set, g.products, c.Products)
	keep(g, set, g.variants, c.Variants)
	for _, p := range c.Except {
		for i, word := range g.products[p] {
			set[i] &^= word
		}
	}
	if c.FullPrice {
		for i, word := range g.reduced {
			set[i] &^= word
		}
	}
	return set
}

// keep leaves those lines in a set that are one of what is wanted; all, where
// nothing is.
func keep[T comparable](g *goods, set lineSet, by map[T]lineSet, wanted []T) {
	if len(wanted) == 0 {
		return
	}
	clear(g.named)
	for _, w := range wanted {
		for i, word := range by[w] {
			g.named[i] |= word
		}
	}
	for i, word := range g.named {
		set[i] &= word
	}
}
