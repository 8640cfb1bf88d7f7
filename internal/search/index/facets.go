package index

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// Counts are how many products each value of a facet leaves. A filter does not
// narrow its own facet. Values without a product are left out of the lists.
type Counts struct {
	Categories []Count[uuid.UUID]
	Brands     []Count[uuid.UUID]
	Vendors    []Count[uuid.UUID]
	Facets     []Count[int32]
	Price      []int // below the first edge, from it to the second ...
	InStock    int
	SoldOut    int
	Stars      [6]int // rated at least 0 to 5
}

// Count is how many products a value leaves; never none.
type Count[K comparable] struct {
	Key K
	N   int
}

// counting adds up the counts of the parts, by the numbers of what is counted.
type counting struct {
	sn       *Snapshot
	shown    map[uint32]bool
	all      [][]uint32 // the values of each attribute that is filtered
	selected []bool     // by number: values of those attributes

	categories, brands, vendors, facets []int
	totals                              Counts
}

func (sn *Snapshot) newCounting(q *Query) *counting {
	c := &counting{
		sn: sn, shown: map[uint32]bool{}, selected: make([]bool, len(sn.keys.facets.keys)),
		categories: make([]int, len(sn.keys.categories.keys)), brands: make([]int, len(sn.keys.brands.keys)),
		vendors: make([]int, len(sn.keys.vendors.keys)), facets: make([]int, len(sn.keys.facets.keys)),
	}
	for _, n := range sn.keys.categories.numbers(q.Shown) {
		c.shown[n] = true
	}
	for _, a := range q.Attributes {
		numbers := sn.keys.facets.numbers(a.All)
		for _, n := range numbers {
			c.selected[n] = true
		}
		c.all = append(c.all, numbers)
	}
	return c
}

// add counts a part. Each facet whose filter is set has a base of its own; the
// others share what all filters leave.
func (c *counting) add(p part, l *listing, chosen selection, all *roaring.Bitmap) {
	base := func(f facet) *roaring.Bitmap {
		if chosen.filters(f) {
			return chosen.without(f)
		}
		return all
	}
	each(base(brandFacet), func(doc uint32) { c.brands[p.brand[doc]]++ })
	each(base(vendorFacet), func(doc uint32) { c.vendors[p.vendor[doc]]++ })
	c.addPrices(base(priceFacet), l)

	stock := base(stockFacet)
	inStock := int(stock.AndCardinality(p.stocked))
	c.totals.InStock += inStock
	c.totals.SoldOut += int(stock.GetCardinality()) - inStock

	rating := base(ratingFacet)
	for star := range p.stars {
		c.totals.Stars[star] += int(rating.AndCardinality(p.stars[star]))
	}
	if n := int(all.GetCardinality()); n < max(p.n/6, fewestIntersected) || len(p.byFacet) > mostIntersected {
		c.scan(p, all)
	} else {
		c.intersect(p, all)
	}
	for i, values := range c.all {
		base := chosen.without(firstAttribute + facet(i))
		for _, n := range values {
			c.facets[n] += sizeIn(p.byFacet, n, base)
		}
	}
}

// scan counts categories and values by running through the documents: for
// narrow choices.
func (c *counting) scan(p part, all *roaring.Bitmap) {
	each(all, func(doc uint32) {
		for _, n := range p.categories.of(doc) {
			c.categories[n]++
		}
		for _, n := range p.facets.of(doc) {
			if !c.selected[n] {
				c.facets[n]++
			}
		}
	})
}

// intersect counts them by intersecting all with the set of each: for broad ones.
func (c *counting) intersect(p part, all *roaring.Bitmap) {
	for n := range c.shown {
		c.categories[n] += sizeIn(p.byCategory, n, all)
	}
	for n := range p.byFacet {
		if !c.selected[n] {
			c.facets[n] += sizeIn(p.byFacet, uint32(n), all)
		}
	}
}

// With fewer documents, or with more sets, intersecting does not pay.
const (
	fewestIntersected = 16_384
	mostIntersected   = 2_000
)

func (c *counting) addPrices(base *roaring.Bitmap, l *listing) {
	if len(c.totals.Price) == 0 {
		c.totals.Price = make([]int, l.buckets)
	}
	each(base, func(doc uint32) { c.totals.Price[l.bucket[doc]]++ })
}

// sizeIn is how many of set number n are in base.
func sizeIn(sets []*roaring.Bitmap, n uint32, base *roaring.Bitmap) int {
	if int(n) >= len(sets) || sets[n] == nil {
		return 0
	}
	return int(sets[n].AndCardinality(base))
}

// each calls fn for every document of set.
func each(set *roaring.Bitmap, fn func(doc uint32)) {
	var buffer [256]uint32
	docs := set.ManyIterator()
	for n := docs.NextMany(buffer[:]); n > 0; n = docs.NextMany(buffer[:]) {
		for _, doc := range buffer[:n] {
			fn(doc)
		}
	}
}

func (c *counting) result() *Counts {
	k := c.sn.keys
	for n := range c.categories { // scan counts them all
		if !c.shown[uint32(n)] {
			c.categories[n] = 0
		}
	}
	c.totals.Categories = counted(k.categories, c.categories)
	c.totals.Brands = counted(k.brands, c.brands)
	c.totals.Vendors = counted(k.vendors, c.vendors)
	c.totals.Facets = counted(k.facets, c.facets)
	return &c.totals
}

// counted puts keys to counts by number; number 0 is of those without a key.
func counted[K comparable](n *numbering[K], counts []int) []Count[K] {
	var list []Count[K]
	for number, count := range counts {
		if number > 0 && count > 0 {
			list = append(list, Count[K]{n.keys[number], count})
		}
	}
	return list
}

// HasCategory reports whether some product is in it or below it.
func (sn *Snapshot) HasCategory(id uuid.UUID) bool {
	return sn.has(sn.keys.categories.number[id], func(s *segment) []*roaring.Bitmap { return s.byCategory })
}

// HasBrand reports whether some product is of it.
func (sn *Snapshot) HasBrand(id uuid.UUID) bool {
	return sn.has(sn.keys.brands.number[id], func(s *segment) []*roaring.Bitmap { return s.brands })
}

// HasVendor reports whether some product is theirs.
func (sn *Snapshot) HasVendor(id uuid.UUID) bool {
	return sn.has(sn.keys.vendors.number[id], func(s *segment) []*roaring.Bitmap { return s.vendors })
}

func (sn *Snapshot) has(number uint32, sets func(*segment) []*roaring.Bitmap) bool {
	for _, p := range sn.parts {
		if list := sets(p.segment); int(number) < len(list) && list[number] != nil && list[number].Intersects(p.live) {
			return true
		}
	}
	return false
}
