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
	sn    *Snapshot
	shown map[uint32]bool
	few   []uint32   // all values but vendors and brands, of which there may be thousands
	all   [][]uint32 // the values of each attribute that is filtered

	// Shared are the counts of what all filters leave. Facets with a filter set
	// have their own, of what the others leave.
	shared, own []uint32
	hasOwn      [ofAttribute]bool // by kind, but for attributes
	selected    []bool            // by number: values of attributes with their own
	totals      Counts
}

func (sn *Snapshot) newCounting(q *Query) *counting {
	n := len(sn.numbers.values)
	c := &counting{sn: sn, shown: map[uint32]bool{}, shared: make([]uint32, n), own: make([]uint32, n), selected: make([]bool, n)}
	for _, number := range sn.numbers.of(ofCategory, q.Shown) {
		c.shown[number] = true
	}
	for _, a := range q.Attributes {
		numbers := sn.numbers.ofAttribute(a.All)
		for _, number := range numbers {
			c.selected[number] = true
		}
		c.all = append(c.all, numbers)
	}
	for number, v := range sn.numbers.values {
		if v.kind == ofAttribute || c.shown[uint32(number)] {
			c.few = append(c.few, uint32(number))
		}
	}
	c.hasOwn[ofBrand], c.hasOwn[ofVendor] = q.Brands != nil, q.Vendors != nil
	return c
}

// add counts a part.
func (c *counting) add(p part, l *listing, chosen selection, all *roaring.Bitmap) {
	base := func(f facet) *roaring.Bitmap {
		if chosen.filters(f) {
			return chosen.without(f)
		}
		return all
	}
	c.addShared(p, all)
	if c.hasOwn[ofBrand] {
		each(base(brandFacet), func(doc uint32) { c.own[p.brand[doc]]++ })
	}
	if c.hasOwn[ofVendor] {
		each(base(vendorFacet), func(doc uint32) { c.own[p.vendor[doc]]++ })
	}
	for i, values := range c.all {
		p.countEach(base(firstAttribute+facet(i)), values, c.own)
	}
	c.addPrices(base(priceFacet), l)

	stock := base(stockFacet)
	inStock := int(stock.AndCardinality(p.stocked))
	c.totals.InStock += inStock
	c.totals.SoldOut += int(stock.GetCardinality()) - inStock

	rating := base(ratingFacet)
	for star := range p.stars {
		c.totals.Stars[star] += int(rating.AndCardinality(p.stars[star]))
	}
}

// valueWords is how many words of flat sets are compared in the time in which one
// value is read from the row of a document, which is seldom in a processor's cache.
const valueWords = 16

// addShared counts the values of all: by reading the rows of documents, or set by
// set, whichever is less work.
func (c *counting) addShared(p part, all *roaring.Bitmap) {
	values := all.GetCardinality() * uint64(len(p.values.values)/p.n)
	if values*valueWords < uint64(len(c.few))*uint64(p.n)/64 {
		p.countRows(all, c.shared)
		return
	}
	each(all, func(doc uint32) {
		c.shared[p.vendor[doc]]++
		c.shared[p.brand[doc]]++
	})
	p.countEach(all, c.few, c.shared)
}

// countRows adds how many of docs have each value that any of them has.
func (s *segment) countRows(docs *roaring.Bitmap, counts []uint32) {
	each(docs, func(doc uint32) {
		for _, number := range s.values.of(doc) {
			counts[number]++
		}
	})
}

// countEach adds how many of docs have each of some values.
func (s *segment) countEach(docs *roaring.Bitmap, numbers, counts []uint32) {
	flat := flatten(docs, s.n)
	for _, number := range numbers {
		switch {
		case int(number) >= len(s.sets) || s.sets[number] == nil:
		case s.flat[number] != nil:
			counts[number] += flat.common(s.flat[number])
		default:
			counts[number] += uint32(s.sets[number].AndCardinality(docs))
		}
	}
}

func (c *counting) addPrices(base *roaring.Bitmap, l *listing) {
	if len(c.totals.Price) == 0 {
		c.totals.Price = make([]int, l.buckets)
	}
	each(base, func(doc uint32) { c.totals.Price[l.bucket[doc]]++ })
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
	for number, v := range c.sn.numbers.values {
		n := int(c.shared[number])
		if c.selected[number] || v.kind < ofAttribute && c.hasOwn[v.kind] {
			n = int(c.own[number])
		}
		switch {
		case n == 0:
		case v.kind == ofVendor:
			c.totals.Vendors = append(c.totals.Vendors, Count[uuid.UUID]{v.id, n})
		case v.kind == ofBrand:
			c.totals.Brands = append(c.totals.Brands, Count[uuid.UUID]{v.id, n})
		case v.kind == ofCategory && c.shown[uint32(number)]: // reading rows counts them all
			c.totals.Categories = append(c.totals.Categories, Count[uuid.UUID]{v.id, n})
		case v.kind == ofAttribute:
			c.totals.Facets = append(c.totals.Facets, Count[int32]{v.attribute(), n})
		}
	}
	return &c.totals
}

// HasCategory reports whether some product is in it or below it.
func (sn *Snapshot) HasCategory(id uuid.UUID) bool { return sn.has(value{ofCategory, id}) }

// HasBrand reports whether some product is of it.
func (sn *Snapshot) HasBrand(id uuid.UUID) bool { return sn.has(value{ofBrand, id}) }

// HasVendor reports whether some product is theirs.
func (sn *Snapshot) HasVendor(id uuid.UUID) bool { return sn.has(value{ofVendor, id}) }

func (sn *Snapshot) has(v value) bool {
	number := sn.numbers.number[v]
	for _, p := range sn.parts {
		if int(number) < len(p.sets) && p.sets[number] != nil && p.sets[number].Intersects(p.live) {
			return true
		}
	}
	return false
}
