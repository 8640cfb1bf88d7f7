package index

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

const (
	tailFactor   = 4     // a tail is at most a quarter of the one before
	largestTail  = 8_000 // documents; to merge more would hold changes back noticeably
	smallestBase = 2_000 // documents; fewer are merged at once
	baseFactor   = 16    // the tails, and what is dead, are at most a sixteenth of the base
)

// mergeTails merges small segments at the end until each is at most a quarter
// of the one before it, or together they would be large; so there are few, and
// a document is written again about as often as there are. The base, and what
// MergeBase is at, stay.
func (ix *Index) mergeTails(parts []part) []part {
	frozen := max(ix.merging, 1)
	if len(parts) > 0 && parts[0].n < smallestBase && ix.merging == 0 {
		frozen = 0
	}
	for len(parts)-2 >= frozen {
		last, before := parts[len(parts)-1].live.GetCardinality(), parts[len(parts)-2].live.GetCardinality()
		if before > tailFactor*last || before+last > largestTail {
			break
		}
		merged := ix.merge(parts[len(parts)-2:])
		parts = withSegment(parts[:len(parts)-2:len(parts)-2], merged)
	}
	return parts
}

// merge makes one segment of the live documents of parts.
func (ix *Index) merge(parts []part) *segment {
	var from []*rows
	var live []*roaring.Bitmap
	for _, p := range parts {
		from, live = append(from, p.rows), append(live, p.live)
	}
	return newSegment(rank(from, live), ix.options.PriceEdges)
}

// WantsMerge reports whether so much has changed that MergeBase is due.
func (ix *Index) WantsMerge() bool {
	sn := ix.current.Load()
	if len(sn.parts) == 0 {
		return false
	}
	base := sn.parts[0]
	loose := base.n - int(base.live.GetCardinality())
	for _, p := range sn.parts[1:] {
		loose += p.n
	}
	return loose > max(smallestBase, base.n/baseFactor)
}

// MergeBase makes one base of all that the index has when it is called. That
// takes a while, in which Apply goes on: what it takes out meanwhile is taken
// out of the new base at the end. Only one may be under way.
func (ix *Index) MergeBase() {
	parts := ix.beginMerge()
	base := ix.merge(parts)
	if len(parts) > 0 {
		base.prepare(parts[0].prepared())
	}
	ix.finishMerge(parts, base)
}

func (ix *Index) beginMerge() []part {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	parts := ix.current.Load().parts
	ix.merging = len(parts)
	return parts
}

func (ix *Index) finishMerge(merged []part, base *segment) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	now := ix.current.Load()
	next := &Snapshot{options: now.options, numbers: now.numbers}
	next.parts = without(withSegment(nil, base), goneSince(merged, now.parts))
	next.parts = append(next.parts, now.parts[len(merged):]...)
	ix.merging = 0
	ix.current.Store(next)
}

// goneSince are the products that were live in parts and are not any more.
func goneSince(before, now []part) []uuid.UUID {
	var gone []uuid.UUID
	for i, p := range before {
		each(roaring.AndNot(p.live, now[i].live), func(doc uint32) { gone = append(gone, p.product[doc]) })
	}
	return gone
}
