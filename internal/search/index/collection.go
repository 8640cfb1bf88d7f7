package index

import (
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// Collection is a set of products that rules make: those for which all of them
// hold, or any. What is pinned is in it whatever they say.
type Collection struct {
	Any      bool
	Rules    []Rule
	Pinned   []uuid.UUID
	Excluded []uuid.UUID
}

// Rule holds for what has one of the values of the only list that is set, or
// a price in Range, or was created at Since or later.
type Rule struct {
	Categories, Tags, Brands, Vendors []uuid.UUID
	Facets                            []int32
	Price                             *Range
	Currency                          string // of Price
	Since                             *int64
}

// collected is what is in one of several collections.
func (sn *Snapshot) collected(p part, collections []Collection) *roaring.Bitmap {
	set := roaring.New()
	for _, c := range collections {
		set.Or(sn.collection(p, c))
	}
	return set
}

func (sn *Snapshot) collection(p part, c Collection) *roaring.Bitmap {
	set := roaring.New()
	var sets []*roaring.Bitmap
	for _, r := range c.Rules {
		sets = append(sets, sn.rule(p, r))
	}
	switch {
	case len(sets) == 0:
	case c.Any:
		set = roaring.FastOr(sets...)
	default:
		set = intersection(append(sets, p.live))
	}
	for _, product := range c.Pinned {
		if doc, ok := p.find(product); ok {
			set.Add(doc)
		}
	}
	for _, product := range c.Excluded {
		if doc, ok := p.find(product); ok {
			set.Remove(doc)
		}
	}
	return set
}

func (sn *Snapshot) rule(p part, r Rule) *roaring.Bitmap {
	switch {
	case r.Categories != nil:
		return union(p.sets, sn.numbers.of(ofCategory, r.Categories))
	case r.Tags != nil:
		return union(p.sets, sn.numbers.of(ofTag, r.Tags))
	case r.Brands != nil:
		return union(p.sets, sn.numbers.of(ofBrand, r.Brands))
	case r.Vendors != nil:
		return union(p.sets, sn.numbers.of(ofVendor, r.Vendors))
	case r.Facets != nil:
		return union(p.sets, sn.numbers.ofAttribute(r.Facets))
	case r.Since != nil:
		return p.createdSince(*r.Since)
	case r.Price != nil && p.listings[r.Currency] != nil:
		return p.listings[r.Currency].within(*r.Price)
	}
	return roaring.New()
}

// createdSince is the set of documents that are not older.
func (s *segment) createdSince(since int64) *roaring.Bitmap {
	docs := s.byCreated.docs
	from := sort.Search(len(docs), func(i int) bool { return s.created[docs[i]] >= since })
	return s.byCreated.between(from, s.n)
}

// pins takes the products that come first out of a set, with their places.
func (p part) pins(first []uuid.UUID, after *Place, all *roaring.Bitmap) (places []Place, rest *roaring.Bitmap) {
	if len(first) == 0 {
		return nil, all
	}
	rest = all.Clone()
	for i, product := range first {
		doc, ok := p.find(product)
		if !ok || !rest.CheckedRemove(doc) {
			continue
		}
		if after == nil || after.Pin > 0 && after.Pin < i+1 {
			places = append(places, Place{Pin: i + 1, Product: product})
		}
	}
	return places, rest
}

func sortedPins(places []Place) []Place {
	slices.SortFunc(places, func(a, b Place) int { return a.Pin - b.Pin })
	return places
}
