package index

import (
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// tier is a set of documents that a text scores alike but for what they sell,
// so that each is in the order of relevance as it stands.
type tier struct {
	weight float64
	plus   int64
	docs   *roaring.Bitmap
}

// What a word of the title counts against one elsewhere, and a SKU above all.
const (
	inTitleWeight = 1.0
	partlyWeight  = 0.5
	elseWeight    = 0.2
	skuScore      = 1_000_000_000_000
)

// score is the relevance of a document: its tier, and the logarithm of what it
// has sold, so that the hundredth sale counts less than the second.
func (t tier) score(popularity int64) int64 {
	return t.plus + int64(math.Round(t.weight*math.Log(2+float64(popularity))*1e9))
}

// found are the documents of one part that a text finds.
type found struct {
	all     *roaring.Bitmap // live
	inTitle *roaring.Bitmap // that have every word in the title
	partly  *roaring.Bitmap // that have some there
	sku     *roaring.Bitmap
}

// tiers divides those of a set that were found.
func (f found) tiers(set *roaring.Bitmap) []tier {
	sku := roaring.And(set, f.sku)
	rest := roaring.AndNot(set, sku)
	title := roaring.And(rest, f.inTitle)
	rest.AndNot(title)
	partly := roaring.And(rest, f.partly)
	rest.AndNot(partly)
	return []tier{{inTitleWeight, skuScore, sku}, {inTitleWeight, 0, title}, {partlyWeight, 0, partly}, {elseWeight, 0, rest}}
}

// byRelevance is the first of set.
func (s *segment) byRelevance(set *roaring.Bitmap, f found, p page) []Place {
	var places []Place
	for _, t := range f.tiers(set) {
		places = append(places, s.inNumberOrder(t.docs, p, func(doc uint32) int64 { return t.score(s.popularity[doc]) })...)
	}
	return p.sorted(places)
}

func (s *segment) in(f field) *postings {
	if f == inTitle {
		return &s.inTitle
	}
	return &s.anywhere
}

// find evaluates x in one part.
func (x *Expression) find(p part) found {
	f := found{roaring.New(), roaring.New(), roaring.New(), roaring.And(p.live, p.withCode(x.codes))}
	for _, clauses := range x.alternatives {
		f.add(p.conjunction(clauses, x.languages))
	}
	f.all.Or(f.sku)
	return f
}

// withCode are the documents that have one of codes.
func (s *segment) withCode(codes []string) *roaring.Bitmap {
	set := roaring.New()
	for _, code := range codes {
		set.Or(s.withSKU(code))
	}
	return set
}

func (f *found) add(all, inTitle, partly *roaring.Bitmap) {
	f.all.Or(all)
	f.inTitle.Or(inTitle)
	f.partly.Or(partly)
}

// conjunction is where all clauses hold: all of that, what has all of them in
// the title, and what has one there. Words narrow before texts are read for
// phrases.
func (p part) conjunction(clauses []clause, languages []Language) (all, title, partly *roaring.Bitmap) {
	all = p.live
	for _, c := range clauses {
		if !c.not {
			all = p.clause(all, c, anywhere, languages, p.words)
		}
	}
	for _, c := range clauses {
		if c.not {
			all = roaring.AndNot(all, p.clause(all, c, anywhere, languages, p.way))
		} else if slices.ContainsFunc(c.ways, way.isPhrase) {
			all = p.clause(all, c, anywhere, languages, p.way)
		}
	}
	title, partly = all, roaring.New()
	positive := false
	for _, c := range clauses {
		if c.not {
			continue
		}
		positive = true
		here := p.clause(all, c, inTitle, languages, p.way)
		title = roaring.And(title, here)
		partly.Or(here)
	}
	if !positive {
		return all, partly, partly
	}
	return all, title, partly
}

// clause is the set of those of candidates in which one of the ways of c is
// found by find.
func (s *segment) clause(candidates *roaring.Bitmap, c clause, f field, languages []Language,
	find func(*roaring.Bitmap, way, field, []Language) *roaring.Bitmap,
) *roaring.Bitmap {
	set := find(candidates, c.ways[0], f, languages)
	for _, w := range c.ways[1:] {
		set = roaring.Or(set, find(candidates, w, f, languages))
	}
	return set
}

// way is the set of those of candidates in which w is found.
func (s *segment) way(candidates *roaring.Bitmap, w way, f field, languages []Language) *roaring.Bitmap {
	set := s.words(candidates, w, f, languages)
	if w.isPhrase() {
		return s.withPhrase(set, w, f, languages)
	}
	return set
}

// words is the set of those of candidates that have all words of w.
func (s *segment) words(candidates *roaring.Bitmap, w way, f field, languages []Language) *roaring.Bitmap {
	for i := range w.words {
		candidates = roaring.And(candidates, s.word(w, i, f, languages))
	}
	return candidates
}

// word is the set of documents with word i of w in one of its forms.
func (s *segment) word(w way, i int, f field, languages []Language) *roaring.Bitmap {
	in := s.in(f)
	terms := s.forms(w.words[i], languages)
	begins := w.unfinished && i == len(w.words)-1
	if !begins && len(terms) == 1 {
		return in.of(terms[0])
	}
	if begins {
		terms = slices.Concat(terms, s.spelt(w.words[i], languages))
	}
	set := in.union(terms)
	if begins {
		set.Or(s.withBeginning(w.words[i], f))
	}
	return set
}

// withPhrase keeps those of candidates, which have all words, that have them in
// a row. It reads the texts: a phrase is rare, positions in each posting list
// would double the index.
func (s *segment) withPhrase(candidates *roaring.Bitmap, w way, f field, languages []Language) *roaring.Bitmap {
	ph := s.phrase(w, languages)
	set := roaring.New()
	docs := candidates.Iterator()
	for docs.HasNext() {
		if doc := docs.Next(); s.hasPhrase(doc, ph, f) {
			set.Add(doc)
		}
	}
	return set
}

// phrase says for each term at which places of it the term may stand, as bits.
type phrase struct {
	places map[uint32]uint64
	filter uint64 // has bit n if some term has number n modulo 64: most others are told by it
	last   uint64 // the place of the last word

	begins    string // what the last word may go on from; "" if it is finished
	languages []Language
}

func (ph *phrase) at(term uint32) uint64 {
	if ph.filter>>(term%64)&1 == 0 {
		return 0
	}
	return ph.places[term]
}

func (s *segment) phrase(w way, languages []Language) *phrase {
	ph := &phrase{places: map[uint32]uint64{}, last: 1 << (len(w.words) - 1), languages: languages}
	if w.unfinished {
		ph.begins = w.words[len(w.words)-1]
	}
	for i, word := range w.words { // at most mostWords
		for _, t := range s.forms(word, languages) {
			ph.places[t] |= 1 << i
			ph.filter |= 1 << (t % 64)
		}
	}
	return ph
}

// hasPhrase runs through a text with all beginnings of the phrase that end at
// the present term as bits (shift-and: Baeza-Yates and Gonnet, "A new approach
// to text searching", 1992).
func (s *segment) hasPhrase(doc uint32, ph *phrase, f field) bool {
	matched := uint64(0)
	for token := range s.tokens(doc) {
		if token == passageEnd {
			if f == inTitle {
				return false
			}
			matched = 0
			continue
		}
		term, next := token-firstTerm, matched<<1|1
		matched = next & ph.at(term)
		if matched&ph.last != 0 || ph.begins != "" && next&ph.last != 0 && s.begins(term, ph.begins, ph.languages) {
			return true
		}
	}
	return false
}
