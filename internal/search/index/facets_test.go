package index

import (
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"
)

// Which of the two ways is taken to count changes no count.
func TestRowsCountAsSetsDo(t *testing.T) {
	t.Parallel()
	ix := New(testOptions(), newMall().documents(3000))
	p := ix.Snapshot().parts[0]
	large, small := 0, 0
	for number, set := range p.sets {
		if set != nil && p.flat[number] != nil {
			large++
		} else if set != nil {
			small++
		}
	}
	if large == 0 || small == 0 {
		t.Fatalf("%d sets are large, %d small", large, small)
	}
	rapid.Check(t, func(t *rapid.T) {
		docs := roaring.BitmapOf(rapid.SliceOf(rapid.Uint32Range(0, uint32(p.n-1))).Draw(t, "docs")...)
		if rapid.Bool().Draw(t, "all others") {
			docs.Flip(0, uint64(p.n))
		}
		byRow, bySet := make([]uint32, len(p.sets)), make([]uint32, len(p.sets))
		p.countRows(docs, byRow)
		var numbers []uint32
		for number := range p.sets[1:] {
			numbers = append(numbers, uint32(number+1))
		}
		p.countEach(docs, numbers, bySet)
		for _, number := range numbers { // 0 is none: no brand
			if byRow[number] != bySet[number] {
				t.Fatalf("value %d is counted %d times by row, %d by set", number, byRow[number], bySet[number])
			}
		}
	})
}
