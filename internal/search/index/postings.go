package index

import (
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

// postings are the documents of each term, ascending. Most terms are in few,
// for which a bitmap would be several times the size: those are kept as lists.
type postings struct {
	start []uint32 // of each term's list in docs; empty where it has a bitmap
	docs  []uint32
	many  []*roaring.Bitmap
}

// mostListed is how many documents are kept as a list.
const mostListed = 200

// newPostings sorts the terms of all documents by counting them first.
func newPostings(r *rows, f field) postings {
	counts := make([]uint32, len(r.terms)+1)
	r.eachTerm(f, func(term, _ uint32) { counts[term]++ })
	start, total := make([]uint32, len(counts)), uint32(0)
	for term, n := range counts {
		start[term] = total
		total += n
	}
	docs, next := make([]uint32, total), slices.Clone(start)
	r.eachTerm(f, func(term, doc uint32) {
		docs[next[term]] = doc
		next[term]++
	})
	return compress(start, docs)
}

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

// compress makes bitmaps of long lists.
func compress(start, docs []uint32) postings {
	p := postings{start: make([]uint32, len(start)), many: make([]*roaring.Bitmap, len(start)-1)}
	listed := 0
	for term := range p.many {
		if n := int(start[term+1] - start[term]); n <= mostListed {
			listed += n
		}
	}
	p.docs = make([]uint32, 0, listed)
	for term := range p.many {
		list := docs[start[term]:start[term+1]]
		if len(list) <= mostListed {
			p.docs = append(p.docs, list...)
		} else {
			p.many[term] = roaring.New()
			p.many[term].AddMany(list)
		}
		p.start[term+1] = uint32(len(p.docs))
	}
	return p
}

// of is the set of documents that have term; it may belong to the index.
func (p *postings) of(term uint32) *roaring.Bitmap {
	if set := p.many[term]; set != nil {
		return set
	}
	return roaring.BitmapOf(p.listed(term)...)
}

func (p *postings) listed(term uint32) []uint32 { return p.docs[p.start[term]:p.start[term+1]] }

// union is the set of documents that have one of terms; the caller's own.
func (p *postings) union(terms []uint32) *roaring.Bitmap {
	var listed []uint32
	var many []*roaring.Bitmap
	for _, t := range terms {
		if p.many[t] != nil {
			many = append(many, p.many[t])
		} else {
			listed = append(listed, p.listed(t)...)
		}
	}
	slices.Sort(listed)
	set := roaring.BitmapOf(listed...)
	if len(many) == 0 {
		return set
	}
	return roaring.FastOr(append(many, set)...)
}
