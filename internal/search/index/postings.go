package index

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// field is where words are looked for.
type field int

const (
	anywhere field = iota
	inTitle
	named // in the text after it
	fields
)

// has reports whether a passage, by its number, is in the field.
func (f field) has(passage int) bool {
	return f == anywhere || f == inTitle && passage == 0 || f == named && passage == 1
}

// isBefore reports whether the field has none from this passage on.
func (f field) isBefore(passage int) bool {
	return f == inTitle && passage > 0 || f == named && passage > 1
}

// postings are the documents of each term, ascending. Most terms are in few of
// them: their lists are packed, as differences from one to the next in varints.
// Frequent terms have bitmaps, which need not be unpacked.
type postings struct {
	n      int      // documents
	start  []uint32 // of each term's list in packed; empty where it has a bitmap
	packed []byte
	many   []*roaring.Bitmap
}

// mostListed is how many documents of n are kept as a list.
func mostListed(n int) int { return max(200, n/64) }

// newPostings runs through all documents twice, first for the sizes: so nothing
// grows or is copied.
func newPostings(r *rows, f field) postings {
	p := postings{n: r.len(), start: make([]uint32, len(r.terms)+1), many: make([]*roaring.Bitmap, len(r.terms))}
	counts, sizes, last := make([]uint32, len(r.terms)), make([]uint32, len(r.terms)), make([]uint32, len(r.terms))
	r.eachTerm(f, func(term, doc uint32) {
		counts[term]++
		sizes[term] += uint32(varintLen(doc - last[term]))
		last[term] = doc
	})
	next := make([]uint32, len(r.terms)) // where a term's list goes on
	total := uint32(0)
	for term, n := range counts {
		p.start[term], next[term] = total, total
		if int(n) > mostListed(p.n) {
			p.many[term] = roaring.New()
		} else {
			total += sizes[term]
		}
	}
	p.start[len(r.terms)] = total
	p.packed = make([]byte, total)
	clear(last)
	r.eachTerm(f, func(term, doc uint32) {
		if set := p.many[term]; set != nil {
			set.Add(doc)
			return
		}
		next[term] += uint32(binary.PutUvarint(p.packed[next[term]:], uint64(doc-last[term])))
		last[term] = doc
	})
	return p
}

func varintLen(n uint32) int { return (bits.Len32(n|1) + 6) / 7 }

// eachTerm calls fn once for each term of each document.
func (r *rows) eachTerm(f field, fn func(term, doc uint32)) {
	seen := make([]uint32, len(r.terms)) // the last document with the term, plus one
	for doc := range uint32(r.len()) {
		passage := 0
		for token := range r.tokens(doc) {
			if token == passageEnd {
				if passage++; f.isBefore(passage) {
					break
				}
				continue
			}
			if !f.has(passage) {
				continue
			}
			if term := token - firstTerm; seen[term] != doc+1 {
				seen[term] = doc + 1
				fn(term, doc)
			}
		}
	}
}

// of is the set of documents that have term; it may belong to the index.
func (p *postings) of(term uint32) *roaring.Bitmap {
	if set := p.many[term]; set != nil {
		return set
	}
	return roaring.BitmapOf(p.listed(term, nil)...)
}

// listed appends the list of term to docs.
func (p *postings) listed(term uint32, docs []uint32) []uint32 {
	packed := p.packed[p.start[term]:p.start[term+1]]
	docs = slices.Grow(docs, len(packed))
	doc := uint32(0)
	for len(packed) > 0 {
		step, n := uint32(packed[0]), 1
		if step >= 0x80 {
			long, length := binary.Uvarint(packed)
			step, n = uint32(long), length
		}
		packed = packed[n:]
		doc += step
		docs = append(docs, doc)
	}
	return docs
}

// union is the set of documents that have one of terms; the caller's own.
func (p *postings) union(terms []uint32) *roaring.Bitmap {
	var many []*roaring.Bitmap
	size := 0
	for _, t := range terms {
		if p.many[t] != nil {
			many = append(many, p.many[t])
		}
		size += int(p.start[t+1] - p.start[t])
	}
	set := p.unionOfLists(terms, size)
	if len(many) == 0 {
		return set
	}
	return roaring.FastOr(append(many, set)...)
}

// unionOfLists sorts few documents, and makes a mark for each of many.
func (p *postings) unionOfLists(terms []uint32, size int) *roaring.Bitmap {
	var docs []uint32
	if size < p.n/64 {
		for _, t := range terms {
			docs = p.listed(t, docs)
		}
		slices.Sort(docs)
		return roaring.BitmapOf(docs...)
	}
	marks := make([]uint64, (p.n+63)/64)
	for _, t := range terms {
		docs = p.listed(t, docs[:0])
		for _, doc := range docs {
			marks[doc/64] |= 1 << (doc % 64)
		}
	}
	return roaring.FromDense(marks, false)
}
