package index

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// segment is rows in the order of their popularity and all that is looked up
// in them. Document numbers are row numbers. Nothing in it changes.
type segment struct {
	*rows
	n int

	// Sets of documents by the number of what they refer to; nil for none.
	vendors, brands, byCategory, byTag, byFacet []*roaring.Bitmap
	stocked                                     *roaring.Bitmap
	stars                                       [6]*roaring.Bitmap // rated at least 0 to 5

	byRating, byCreated, byName order
	listings                    map[string]*listing // by currency
	byProduct                   []uint32
	skuHashes                   []uint64 // ascending, side by side with skuDocs
	skuDocs                     []uint32

	lexicon
	inTitle, anywhere postings
}

// listing is what depends on the currency.
type listing struct {
	priced  *roaring.Bitmap
	price   []int64
	bucket  []uint8 // between which edges of the price facet
	buckets int
	byPrice order
}

func newSegment(r *rows, edges func(currency string) []int64) *segment {
	s := &segment{rows: r, n: r.len(), listings: map[string]*listing{}}
	s.addSets()
	s.byRating = newOrder(s.n, func(a, b uint32) int { return cmp.Compare(r.rating[a], r.rating[b]) }, r)
	s.byCreated = newOrder(s.n, func(a, b uint32) int { return cmp.Compare(r.created[a], r.created[b]) }, r)
	s.byName = newOrder(s.n, func(a, b uint32) int { return strings.Compare(r.name[a], r.name[b]) }, r)
	s.byRating.divide()
	s.byCreated.divide()
	s.byProduct = newOrder(s.n, func(uint32, uint32) int { return 0 }, r).docs
	for currency := range r.prices {
		s.listings[currency] = newListing(r, currency, edges(currency))
	}
	s.addSKUs()
	s.lexicon.fill(&r.dictionary)
	s.inTitle, s.anywhere = newPostings(r, inTitle), newPostings(r, anywhere)
	return s
}

// addSets makes the sets that filters are made of.
func (s *segment) addSets() {
	s.stocked = roaring.New()
	for i := range s.stars {
		s.stars[i] = roaring.New()
	}
	for doc := range uint32(s.n) {
		addTo(&s.vendors, s.vendor[doc], doc)
		addTo(&s.brands, s.brand[doc], doc)
		for _, c := range s.categories.of(doc) {
			addTo(&s.byCategory, c, doc)
		}
		for _, t := range s.tags.of(doc) {
			addTo(&s.byTag, t, doc)
		}
		for _, f := range s.facets.of(doc) {
			addTo(&s.byFacet, f, doc)
		}
		if s.inStock[doc] {
			s.stocked.Add(doc)
		}
		for star := range s.stars {
			if s.rating[doc] >= int64(100*star) {
				s.stars[star].Add(doc)
			}
		}
	}
}

// addTo adds doc to the set with that number; 0 is none.
func addTo(sets *[]*roaring.Bitmap, number, doc uint32) {
	if number == 0 {
		return
	}
	if missing := int(number) + 1 - len(*sets); missing > 0 {
		*sets = append(*sets, make([]*roaring.Bitmap, missing)...)
	}
	if (*sets)[number] == nil {
		(*sets)[number] = roaring.New()
	}
	(*sets)[number].Add(doc)
}

func newListing(r *rows, currency string, edges []int64) *listing {
	l := &listing{priced: roaring.New(), price: r.prices[currency], buckets: len(edges) + 1}
	for len(l.price) < r.len() {
		l.price = append(l.price, noPrice)
	}
	r.prices[currency] = l.price
	l.bucket = make([]uint8, r.len())
	for doc, price := range l.price {
		if price != noPrice {
			l.priced.Add(uint32(doc))
			l.bucket[doc] = uint8(sort.Search(len(edges), func(i int) bool { return edges[i] > price }))
		}
	}
	l.byPrice = newOrder(r.len(), func(a, b uint32) int { return cmp.Compare(l.price[a], l.price[b]) }, r)
	l.byPrice.divide()
	return l
}

func (s *segment) addSKUs() {
	type sku struct {
		hash uint64
		doc  uint32
	}
	list := make([]sku, 0, len(s.skus.values))
	for doc := range uint32(s.n) {
		for _, hash := range s.skus.of(doc) {
			list = append(list, sku{hash, doc})
		}
	}
	slices.SortFunc(list, func(a, b sku) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.doc, b.doc)) })
	for _, one := range list {
		s.skuHashes, s.skuDocs = append(s.skuHashes, one.hash), append(s.skuDocs, one.doc)
	}
}

// withSKU are the documents that have it.
func (s *segment) withSKU(sku string) *roaring.Bitmap {
	set, hash := roaring.New(), hashSKU(sku)
	at, _ := slices.BinarySearch(s.skuHashes, hash)
	for ; at < len(s.skuHashes) && s.skuHashes[at] == hash; at++ {
		set.Add(s.skuDocs[at])
	}
	return set
}

// find is the document of a product.
func (s *segment) find(product uuid.UUID) (doc uint32, ok bool) {
	at, ok := slices.BinarySearchFunc(s.byProduct, product, func(doc uint32, p uuid.UUID) int {
		return compareProducts(s.product[doc], p)
	})
	if !ok {
		return 0, false
	}
	return s.byProduct[at], true
}
