// Package index finds products in memory: which of them match a text and
// filters, in which order, how many there are, and how many each further
// filter would leave.
//
// Owns: the data structure. It knows nothing of SQL, HTTP or clocks, and the
// same documents give the same answers whatever happened before.
// Tables: none. Raises: nothing. Calls: nobody.
//
// # Structure
//
// It is a log-structured merge of segments, as in Lucene (O'Neil et al., "The
// log-structured merge-tree", 1996). A [segment] never changes. Its documents
// are numbered by popularity, so the first bits of a set are the first page.
//
//	Index ─ atomic pointer ─▶ Snapshot
//	                            ├ part: base segment (nearly everything) + which of it is live
//	                            ├ part: tail segment + live   each much smaller
//	                            └ part: tail segment + live   than the one before
//
// A change takes the old document out of its part's live set and writes the
// new one into a small segment at the end; small segments of like size are
// merged at once, everything into a new base in the background
// ([Index.MergeBase]). Readers take the pointer and never wait.
//
// # A query
//
// query.go turns each filter into a set of documents and intersects them
// (sets.go), text.go does so for words (expression.go, lexicon.go, typo.go),
// order.go picks the page, facets.go counts. Each works on one part; query.go
// puts the parts' answers together.
package index

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
)

// Options are fixed when an index is made.
type Options struct {
	// PriceEdges are the prices in minor units, ascending, at which the
	// ranges of the price facet of a currency begin.
	PriceEdges func(currency string) []int64

	// Languages are those that queries will ask for; others take a moment when
	// somebody does.
	Languages []Language
}

// Index is kept by one writer at a time and read by any number.
type Index struct {
	options Options

	mu      sync.Mutex // of writers
	current atomic.Pointer[Snapshot]
	merging int // how many of the first parts MergeBase is at
}

// Snapshot is the index at one moment. It does not change.
type Snapshot struct {
	options *Options
	numbers *numbering
	parts   []part
}

// part is a segment and which of its documents still count.
type part struct {
	*segment
	live *roaring.Bitmap
}

// New makes an index of docs.
func New(options Options, docs func(yield func(*Document) bool)) *Index {
	ix := &Index{options: options}
	snapshot := &Snapshot{options: &ix.options, numbers: newNumbering()}
	base := newSegment(rank(read(docs, snapshot.numbers), nil), ix.options.PriceEdges)
	snapshot.parts = withSegment(nil, base)
	ix.current.Store(snapshot)
	return ix
}

// numbered is a document and the numbers of its values.
type numbered struct {
	*Document
	values []uint32
}

// read takes docs apart with as many hands as there are processors, for that is
// half of the work of making an index. Each has rows of its own.
func read(docs func(yield func(*Document) bool), numbers *numbering) []*rows {
	hands := make([]*rows, runtime.GOMAXPROCS(0))
	given := make(chan []numbered, len(hands))
	var reading sync.WaitGroup
	for i := range hands {
		hands[i] = newRows()
		reading.Go(func() {
			for some := range given {
				for _, d := range some {
					hands[i].add(d.Document, d.values)
				}
			}
		})
	}
	var some []numbered
	for d := range docs {
		if some = append(some, numbered{d, numbers.add(d.values())}); len(some) == 256 {
			given <- some
			some = nil
		}
	}
	given <- some
	close(given)
	reading.Wait()
	return hands
}

// Prepare makes what the first to ask for would wait for. It may be called while
// others ask.
func (ix *Index) Prepare() {
	for _, p := range ix.current.Load().parts {
		p.prepare(ix.options.Languages)
	}
}

// Snapshot is the index as it is now.
func (ix *Index) Snapshot() *Snapshot { return ix.current.Load() }

// Apply replaces the documents of put, by product, and takes those of removed
// out. Put must not name a product twice.
func (ix *Index) Apply(put []*Document, removed []uuid.UUID) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	old := ix.current.Load()
	next := &Snapshot{options: old.options, numbers: old.numbers}
	gone := append([]uuid.UUID{}, removed...)
	for _, d := range put {
		gone = append(gone, d.Product)
	}
	next.parts = without(old.parts, gone)
	if len(put) > 0 {
		next.numbers = old.numbers.with(put)
		raw := newRows()
		for _, d := range put {
			raw.add(d, next.numbers.add(d.values()))
		}
		next.parts = withSegment(next.parts, newSegment(rank([]*rows{raw}, nil), ix.options.PriceEdges))
		next.parts = ix.mergeTails(next.parts)
	}
	ix.current.Store(next)
}

// without is parts after products have been taken out.
func without(parts []part, products []uuid.UUID) []part {
	next := make([]part, len(parts))
	for i, p := range parts {
		live := p.live
		for _, product := range products {
			doc, ok := p.find(product)
			if !ok || !live.Contains(doc) {
				continue
			}
			if live == p.live {
				live = live.Clone()
			}
			live.Remove(doc)
		}
		next[i] = part{p.segment, live}
	}
	return next
}

// withSegment is parts and a segment all of whose documents are live.
func withSegment(parts []part, s *segment) []part {
	if s.n == 0 {
		return parts
	}
	live := roaring.New()
	live.AddRange(0, uint64(s.n))
	return append(parts, part{s, live})
}

// Len is the number of documents.
func (sn *Snapshot) Len() int {
	n := 0
	for _, p := range sn.parts {
		n += int(p.live.GetCardinality())
	}
	return n
}

// Sizes is the number of documents of each segment, dead ones too, the base
// first.
func (sn *Snapshot) Sizes() []int {
	sizes := make([]int, 0, len(sn.parts))
	for _, p := range sn.parts {
		sizes = append(sizes, p.n)
	}
	return sizes
}

func compareProducts(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }
