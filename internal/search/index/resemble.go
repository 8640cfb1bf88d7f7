package index

import (
	"slices"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"
)

// resemblance is what is looked for when nothing has the words asked for: most
// of them, unfinished or with typos.
type resemblance struct {
	codes        []string
	languages    []Language
	alternatives [][]alike
}

// alike are the terms that may stand for a word.
type alike struct {
	word  string // and its forms, and what begins with it
	typos []string
	not   bool
}

// resemble looks for what the words of x may have been meant to be.
func (sn *Snapshot) resemble(x *Expression) *resemblance {
	r := &resemblance{codes: x.codes, languages: x.languages}
	for _, clauses := range x.alternatives {
		var words []alike
		for _, c := range clauses {
			for _, w := range c.written().words {
				words = append(words, sn.alike(w, c.not, x.languages))
			}
		}
		r.alternatives = append(r.alternatives, words)
	}
	return r
}

// shortestBeginning is how many letters of a word that is not the last must be
// there for the rest to be guessed.
const shortestBeginning = 3

func (sn *Snapshot) alike(word string, not bool, languages []Language) alike {
	a := alike{word: word, not: not}
	if not {
		return a
	}
	for _, p := range sn.parts {
		if a.in(p.segment, anywhere, languages).Intersects(p.live) {
			return a
		}
	}
	a.typos = sn.nearest(word, nil)
	return a
}

// nearest are the terms with the fewest typos that some live document has, and
// that are no forms of the word.
func (sn *Snapshot) nearest(word string, languages []Language) (terms []string) {
	for typos := 1; typos <= tolerance(word) && terms == nil; typos++ {
		for _, p := range sn.parts {
			for _, n := range p.near(word, typos) {
				if !sameWord(word, p.terms[n], languages) && p.anywhere.of(n).Intersects(p.live) {
					terms = append(terms, p.terms[n])
				}
			}
		}
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// sameWord reports whether two terms are forms of one word.
func sameWord(a, b string, languages []Language) bool {
	return a == b || slices.ContainsFunc(languages, func(l Language) bool { return l.stem(a) == l.stem(b) })
}

// in is the set of documents that have one of the terms.
func (a alike) in(s *segment, f field, languages []Language) *roaring.Bitmap {
	numbers := slices.Clone(s.forms(a.word, languages))
	if !a.not && utf8.RuneCountInString(a.word) >= shortestBeginning {
		numbers = append(numbers, s.begun(a.word)...)
	}
	for _, t := range a.typos {
		if n, known := s.term(t); known {
			numbers = append(numbers, n)
		}
	}
	return s.in(f).union(numbers)
}

// find evaluates r in one part.
func (r *resemblance) find(p part) *found {
	f := newFound(roaring.And(p.live, p.withCode(r.codes)), fewerFactor)
	for _, words := range r.alternatives {
		p.mostOf(f, words, r.languages)
	}
	f.all.Or(f.sku)
	return f
}

// fewest is how many of the words must be there: one of two, two of three,
// three of four, five, ...
func fewest(words int) int { return words - (words+1)/3 }

// mostOf adds where most of the words are. It counts in sets: reached[n]
// has the documents with more than n of the words so far.
func (p part) mostOf(f *found, words []alike, languages []Language) {
	var titles, names []*roaring.Bitmap
	reached := []*roaring.Bitmap{}
	all := p.live
	for _, a := range words {
		set := a.in(p.segment, anywhere, languages)
		if a.not {
			all = roaring.AndNot(all, set)
			continue
		}
		reached = append(reached, roaring.New())
		for n := len(reached) - 1; n > 0; n-- {
			reached[n].Or(roaring.And(reached[n-1], set))
		}
		reached[0].Or(set)
		titles, names = append(titles, a.in(p.segment, inTitle, languages)), append(names, a.in(p.segment, named, languages))
	}
	if len(reached) == 0 {
		return
	}
	every := roaring.And(all, reached[len(reached)-1])
	most := roaring.And(all, reached[fewest(len(reached))-1])
	f.all.Or(most)
	addRanked(f.ranked[:levels], every, titles, names)
	addRanked(f.ranked[levels:], most, titles, names)
}
