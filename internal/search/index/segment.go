package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// segment is rows in the order of their popularity and all that is looked up
// in them. Document numbers are row numbers. Nothing in it changes.
type segment struct {
	*rows
	n int

	vendor, brand []uint32 // of each document, as in values: half of what is counted of a broad choice

	sets    []*roaring.Bitmap // of documents, by the number of a value; nil for none
	flat    []flatSet         // the large ones again, to be counted; nil for others
	stocked *roaring.Bitmap
	stars   [6]*roaring.Bitmap // rated at least 0 to 5

	byRating, byCreated, byName order
	listings                    map[string]*listing // by currency
	byProduct                   []uint32
	bySKU                       []uint32 // places of skus.values, ascending by hash

	lexicon
	inTitle, named, anywhere postings
}

// listing is what depends on the currency.
type listing struct {
	priced  *roaring.Bitmap
	price   []int64
	bucket  []uint8 // between which edges of the price facet
	buckets int
	byPrice order
}

// newSegment makes what is looked up of r, side by side.
func newSegment(r *rows, edges func(currency string) []int64) *segment {
	s := &segment{rows: r, n: r.len(), listings: map[string]*listing{}}
	var making sync.WaitGroup
	making.Go(func() { s.inTitle = newPostings(r, inTitle) })
	making.Go(func() { s.named = newPostings(r, named) })
	making.Go(func() { s.anywhere = newPostings(r, anywhere) })
	making.Go(func() { s.lexicon.fill(&r.dictionary) })
	making.Go(func() { s.addColumns(); s.addSets(); s.addFlat() })
	making.Go(s.addSKUs)
	s.addOrders(edges)
	making.Wait()
	return s
}

// addColumns copies vendors and brands out of the rows.
func (s *segment) addColumns() {
	s.vendor, s.brand = make([]uint32, s.n), make([]uint32, s.n)
	for doc := range uint32(s.n) {
		row := s.values.of(doc)
		s.vendor[doc], s.brand[doc] = row[vendorPlace], row[brandPlace]
	}
}

func (s *segment) addOrders(edges func(currency string) []int64) {
	s.byProduct = sorted(s.n, func(doc uint32) uint64 { return binary.BigEndian.Uint64(s.product[doc][:]) },
		func(a, b uint32) int { return compareProducts(s.product[a], s.product[b]) })
	turn := make([]uint32, s.n) // of a document among products
	for i, doc := range s.byProduct {
		turn[doc] = uint32(i)
	}
	byTurn := func(a, b uint32) int { return cmp.Compare(turn[a], turn[b]) }
	s.byRating.docs = sorted(s.n, func(doc uint32) uint64 { return uint64(s.rating[doc]) }, byTurn)
	s.byRating.divide()
	s.byCreated.docs = sorted(s.n, func(doc uint32) uint64 { return ascending(s.created[doc]) }, byTurn)
	s.byCreated.divide()
	s.byName.docs = sorted(s.n, func(doc uint32) uint64 { return beginning(s.name.of(doc)) },
		func(a, b uint32) int { return cmp.Or(strings.Compare(s.name.of(a), s.name.of(b)), byTurn(a, b)) })
	for currency := range s.prices {
		s.listings[currency] = newListing(s.rows, currency, edges(currency), byTurn)
	}
}

// addSets makes the sets that filters are made of.
func (s *segment) addSets() {
	s.stocked = roaring.New()
	for i := range s.stars {
		s.stars[i] = roaring.New()
	}
	for doc := range uint32(s.n) {
		for _, v := range s.values.of(doc) {
			addTo(&s.sets, v, doc)
		}
		if s.inStock[doc] {
			s.stocked.Add(doc)
		}
		for star := range s.stars {
			if int(s.rating[doc]) >= 100*star {
				s.stars[star].Add(doc)
			}
		}
	}
	for _, set := range append([]*roaring.Bitmap{s.stocked}, s.stars[:]...) { // nearly everything, often
		set.RunOptimize()
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

// largeShare of the documents make a set large: so many take no less room where
// sets are compressed.
const largeShare = 16

func (s *segment) addFlat() {
	s.flat = make([]flatSet, len(s.sets))
	for number, set := range s.sets {
		if set != nil && int(set.GetCardinality())*largeShare >= s.n {
			s.flat[number] = flatten(set, s.n)
		}
	}
}

func newListing(r *rows, currency string, edges []int64, byTurn func(a, b uint32) int) *listing {
	l := &listing{price: r.prices[currency]}
	for len(l.price) < r.len() {
		l.price = append(l.price, noPrice)
	}
	r.prices[currency] = l.price
	l.byPrice.docs = sorted(r.len(), func(doc uint32) uint64 { return ascending(l.price[doc]) }, byTurn)
	l.divide(edges)
	return l
}

// divide puts the prices into the ranges between edges and those of the order.
func (l *listing) divide(edges []int64) {
	l.priced, l.bucket, l.buckets = roaring.New(), make([]uint8, len(l.price)), len(edges)+1
	for doc, price := range l.price {
		if price != noPrice {
			l.priced.Add(uint32(doc))
			l.bucket[doc] = uint8(sort.Search(len(edges), func(i int) bool { return edges[i] > price }))
		}
	}
	l.priced.RunOptimize()
	l.byPrice.divide()
}

func (s *segment) addSKUs() {
	s.bySKU = sorted(len(s.skus.values), func(place uint32) uint64 { return s.skus.values[place] }, cmp.Compare[uint32])
}

// withSKU are the documents that have it.
func (s *segment) withSKU(sku string) *roaring.Bitmap {
	set, hash := roaring.New(), hashSKU(sku)
	at, _ := slices.BinarySearchFunc(s.bySKU, hash, func(place uint32, hash uint64) int { return cmp.Compare(s.skus.values[place], hash) })
	for ; at < len(s.bySKU) && s.skus.values[s.bySKU[at]] == hash; at++ {
		set.Add(s.skus.holder(s.bySKU[at]))
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
