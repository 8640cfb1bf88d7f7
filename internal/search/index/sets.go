package index

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
)

// Sets of documents are compressed bitmaps (Lemire et al., "Roaring bitmaps:
// implementation of an optimized software library", 2018). Those of a segment
// are read by many at once and never changed.

// flatSet is a set with one bit for each document: how much two of them have in
// common is soon told, whatever is in them, where compressed ones of middling
// size are gone through one by one.
type flatSet []uint64

func flatten(set *roaring.Bitmap, documents int) flatSet {
	flat := make(flatSet, (documents+63)/64)
	set.WriteDenseTo(flat)
	return flat
}

// common is how many documents are in both of two sets of a segment.
func (f flatSet) common(other flatSet) uint32 {
	n := 0
	other = other[:len(f)]
	for i, word := range f {
		n += bits.OnesCount64(word & other[i])
	}
	return uint32(n)
}

// union is the set of documents in one of sets by number.
func union(sets []*roaring.Bitmap, numbers []uint32) *roaring.Bitmap {
	var list []*roaring.Bitmap
	for _, n := range numbers {
		if int(n) < len(sets) && sets[n] != nil {
			list = append(list, sets[n])
		}
	}
	switch len(list) {
	case 0:
		return roaring.New()
	case 1:
		return list[0]
	default:
		return roaring.FastOr(list...)
	}
}

// intersection begins with the smallest: the others then cost little. There is
// at least one, which may be what is returned.
func intersection(sets []*roaring.Bitmap) *roaring.Bitmap {
	if len(sets) == 1 {
		return sets[0]
	}
	type sized struct {
		set  *roaring.Bitmap
		size uint64
	}
	list := make([]sized, 0, len(sets))
	for _, s := range sets {
		list = append(list, sized{s, s.GetCardinality()})
	}
	slices.SortStableFunc(list, func(a, b sized) int { return cmp.Compare(a.size, b.size) })
	result := roaring.And(list[0].set, list[1].set)
	for _, one := range list[2:] {
		result.And(one.set)
	}
	return result
}

// within is the set of documents with a price in r.
func (l *listing) within(r Range) *roaring.Bitmap {
	docs := l.byPrice.docs
	from := sort.Search(len(docs), func(i int) bool { return l.price[docs[i]] >= max(0, r.Min) })
	to := sort.Search(len(docs), func(i int) bool { return l.price[docs[i]] > r.Max })
	return l.byPrice.between(from, max(from, to))
}

// ratedAtLeast is the set of documents with so many hundredths of a star.
func (s *segment) ratedAtLeast(rating int) *roaring.Bitmap {
	if star := rating / 100; rating%100 == 0 && star < len(s.stars) {
		return s.stars[star]
	}
	docs := s.byRating.docs
	from := sort.Search(len(docs), func(i int) bool { return int(s.rating[docs[i]]) >= rating })
	return s.byRating.between(from, s.n)
}
