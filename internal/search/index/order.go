package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
)

// order is all documents of a segment, ascending by a key and then by product.
type order struct {
	docs []uint32

	// upTo[i] is the set of the first i*step documents, so that any range of
	// the order is the difference of two of them and a few more documents.
	// (A range-encoded bitmap index with quantiles as bins: O'Neil and Quass,
	// "Improved query performance with variant indexes", 1997.)
	upTo []*roaring.Bitmap
	step int
}

// quantiles is into how many ranges an order is divided.
const quantiles = 64

// sorted are the numbers below n, ascending by key, and as compare says where
// keys are equal. The keys are laid side by side first: to look them up through
// the numbers costs most of the time of a large sort.
func sorted(n int, key func(uint32) uint64, compare func(a, b uint32) int) []uint32 {
	type entry struct {
		key    uint64
		number uint32
	}
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = entry{key(uint32(i)), uint32(i)}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return compare(a.number, b.number)
	})
	numbers := make([]uint32, n)
	for i, e := range entries {
		numbers[i] = e.number
	}
	return numbers
}

// ascending is a key of [sorted] for numbers that may be negative.
func ascending(n int64) uint64 { return uint64(n) ^ 1<<63 }

// beginning is a key of [sorted] for texts: equal where they begin alike.
func beginning(text string) uint64 {
	var first [8]byte
	copy(first[:], text)
	return binary.BigEndian.Uint64(first[:])
}

// divide makes the sets that between needs.
func (o *order) divide() {
	o.step = max(64, (len(o.docs)+quantiles-1)/quantiles)
	set := roaring.New()
	for i := 0; i < len(o.docs); i += o.step {
		o.upTo = append(o.upTo, set.Clone())
		set.AddMany(o.docs[i:min(i+o.step, len(o.docs))])
	}
}

// between is the set of the documents from place a of the order to before b.
func (o *order) between(a, b int) *roaring.Bitmap {
	if b-a <= o.step {
		return roaring.BitmapOf(o.docs[a:max(a, b)]...)
	}
	return roaring.AndNot(o.first(b), o.first(a))
}

func (o *order) first(n int) *roaring.Bitmap {
	i := min(n/o.step, len(o.upTo)-1)
	set := o.upTo[i].Clone()
	set.AddMany(o.docs[i*o.step : n])
	return set
}

// Sort is an order of what is found.
type Sort int

// The orders; products that are equal in one are in the order of their ids,
// in the same direction.
const (
	ByPopularity Sort = iota // descending, as the next three
	ByRelevance
	ByRating
	ByCreated
	ByPriceDown
	ByPriceUp // ascending, as the next
	ByName
)

func (s Sort) descending() bool { return s < ByPriceUp }

// Key is what a product is sorted by: a number, or a name.
type Key struct {
	Number int64
	Text   string
}

// Place is where a page ends: the next one begins after it, whether or not the
// product is still there.
type Place struct {
	Key     Key
	Product [16]byte
	Similar bool // the list is of what resembles the text
	Pin     int  // its place among those that come first, from 1; 0 for others
}

// compare orders ascending, by key and product.
func (p Place) compare(other Place) int {
	return cmp.Or(
		cmp.Compare(p.Key.Number, other.Key.Number),
		cmp.Compare(p.Key.Text, other.Key.Text),
		compareProducts(p.Product, other.Product),
	)
}

// page is what is asked of each part: the first limit in an order, after a
// place if there is one.
type page struct {
	sort  Sort
	limit int
	after *Place
}

// before reports whether a comes before b on the page.
func (p page) before(a, b Place) bool {
	if p.sort.descending() {
		return a.compare(b) > 0
	}
	return a.compare(b) < 0
}

func (p page) wanted(at Place) bool { return p.after == nil || p.before(*p.after, at) }

// sorted cuts places from several parts to the page.
func (p page) sorted(places []Place) []Place {
	slices.SortFunc(places, func(a, b Place) int {
		if p.sort.descending() {
			return b.compare(a)
		}
		return a.compare(b)
	})
	return places[:min(len(places), p.limit)]
}

// first is the first of set on the page.
func (s *segment) first(set *roaring.Bitmap, p page, l *listing) []Place {
	switch p.sort {
	case ByRating:
		return s.pick(set, p, &s.byRating, func(doc uint32) Key { return Key{Number: int64(s.rating[doc])} })
	case ByCreated:
		return s.pick(set, p, &s.byCreated, func(doc uint32) Key { return Key{Number: s.created[doc]} })
	case ByPriceUp, ByPriceDown:
		return s.pick(set, p, &l.byPrice, func(doc uint32) Key { return Key{Number: l.price[doc]} })
	case ByName:
		return s.pick(set, p, &s.byName, func(doc uint32) Key { return Key{Text: s.name.of(doc)} })
	default:
		return s.inNumberOrder(set, p, func(doc uint32) int64 { return s.popularity[doc] })
	}
}

// inNumberOrder is for keys that descend while document numbers ascend.
func (s *segment) inNumberOrder(set *roaring.Bitmap, p page, key func(doc uint32) int64) []Place {
	place := func(doc uint32) Place { return Place{Key: Key{Number: key(doc)}, Product: s.product[doc]} }
	docs := set.Iterator()
	if p.after != nil {
		begin := sort.Search(s.n, func(doc int) bool { return p.wanted(place(uint32(doc))) })
		docs.AdvanceIfNeeded(uint32(begin))
	}
	var places []Place
	for len(places) < p.limit && docs.HasNext() {
		places = append(places, place(docs.Next()))
	}
	return places
}

// pick walks the order and takes what is in set. Where few are, that may be a
// long way: after as many steps as set has documents it looks at each of those
// instead.
func (s *segment) pick(set *roaring.Bitmap, p page, o *order, key func(doc uint32) Key) []Place {
	place := func(doc uint32) Place { return Place{Key: key(doc), Product: s.product[doc]} }
	size := int(set.GetCardinality())
	at := func(step int) uint32 { // the doc at a step of the way
		if p.sort.descending() {
			return o.docs[s.n-1-step]
		}
		return o.docs[step]
	}
	begin := 0
	if p.after != nil {
		begin = sort.Search(s.n, func(step int) bool { return p.wanted(place(at(step))) })
	}
	var places []Place
	for step := begin; step < min(begin+size, s.n); step++ {
		if doc := at(step); set.Contains(doc) {
			if places = append(places, place(doc)); len(places) == p.limit {
				return places
			}
		}
	}
	if begin+size >= s.n {
		return places
	}
	return s.best(set, p, place)
}

// best looks at each document of set and keeps the best.
func (s *segment) best(set *roaring.Bitmap, p page, place func(doc uint32) Place) []Place {
	kept := make([]Place, 0, 4*p.limit)
	var worst *Place // that still counts
	docs := set.Iterator()
	for docs.HasNext() {
		one := place(docs.Next())
		if !p.wanted(one) || worst != nil && !p.before(one, *worst) {
			continue
		}
		if kept = append(kept, one); len(kept) == cap(kept) {
			kept = p.sorted(kept)
			last := kept[len(kept)-1]
			worst = &last
		}
	}
	return p.sorted(kept)
}
