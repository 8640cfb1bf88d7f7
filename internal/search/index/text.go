package index

import (
	"math"
	"slices"
	"strings"

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
func (x *Expression) find(p part, synonyms map[string][]string) found {
	f := found{roaring.New(), roaring.New(), roaring.New(), roaring.And(p.live, p.withSKU(x.sku))}
	for _, clauses := range x.alternatives {
		f.add(p.conjunction(clauses, synonyms))
	}
	f.all.Or(f.sku)
	return f
}

func (f *found) add(all, inTitle, partly *roaring.Bitmap) {
	f.all.Or(all)
	f.inTitle.Or(inTitle)
	f.partly.Or(partly)
}

// conjunction is where all clauses hold: all of that, what has all of them in
// the title, and what has one there. Words narrow before texts are read for
// phrases.
func (p part) conjunction(clauses []clause, synonyms map[string][]string) (all, title, partly *roaring.Bitmap) {
	all = p.live
	for _, c := range clauses {
		if !c.not {
			all = p.words(all, c, anywhere, synonyms)
		}
	}
	for _, c := range clauses {
		if c.not {
			all = roaring.AndNot(all, p.clause(all, c, anywhere, synonyms))
		} else if c.isPhrase() {
			all = p.withPhrase(all, c, anywhere, synonyms)
		}
	}
	title, partly = all, roaring.New()
	positive := false
	for _, c := range clauses {
		if c.not {
			continue
		}
		positive = true
		here := p.clause(all, c, inTitle, synonyms)
		title = roaring.And(title, here)
		partly.Or(here)
	}
	if !positive {
		return all, partly, partly
	}
	return all, title, partly
}

// clause is the set of those of candidates in which c is found.
func (s *segment) clause(candidates *roaring.Bitmap, c clause, f field, synonyms map[string][]string) *roaring.Bitmap {
	set := s.words(candidates, c, f, synonyms)
	if c.isPhrase() {
		return s.withPhrase(set, c, f, synonyms)
	}
	return set
}

// words is the set of those of candidates that have all words of c.
func (s *segment) words(candidates *roaring.Bitmap, c clause, f field, synonyms map[string][]string) *roaring.Bitmap {
	for i := range c.words {
		candidates = roaring.And(candidates, s.word(c, i, f, synonyms))
	}
	return candidates
}

// word is the set of documents with word i of c in one of its forms.
func (s *segment) word(c clause, i int, f field, synonyms map[string][]string) *roaring.Bitmap {
	in := s.in(f)
	terms := s.forms(c.words[i])
	for _, other := range synonyms[c.words[i]] {
		terms = append(slices.Clip(terms), s.forms(other)...)
	}
	begins := c.unfinished && i == len(c.words)-1
	if !begins && len(terms) == 1 {
		return in.of(terms[0])
	}
	set := in.union(terms)
	if begins {
		set.Or(s.withBeginning(c.words[i], f))
	}
	return set
}

// withPhrase keeps those of candidates, which have all words, that have them in
// a row. It reads the texts: a phrase is rare, positions in each posting list
// would double the index.
func (s *segment) withPhrase(candidates *roaring.Bitmap, c clause, f field, synonyms map[string][]string) *roaring.Bitmap {
	ph := s.phrase(c, synonyms)
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
	begins string // what the last word may go on from; "" if it is finished
}

func (ph *phrase) at(term uint32) uint64 {
	if ph.filter>>(term%64)&1 == 0 {
		return 0
	}
	return ph.places[term]
}

func (s *segment) phrase(c clause, synonyms map[string][]string) *phrase {
	ph := &phrase{places: map[uint32]uint64{}, last: 1 << (len(c.words) - 1)}
	if c.unfinished {
		ph.begins = c.words[len(c.words)-1]
	}
	for i, word := range c.words { // at most mostWords
		terms := s.forms(word)
		for _, other := range synonyms[word] {
			terms = append(slices.Clip(terms), s.forms(other)...)
		}
		for _, t := range terms {
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
		if matched&ph.last != 0 || ph.begins != "" && next&ph.last != 0 && strings.HasPrefix(s.terms[term], ph.begins) {
			return true
		}
	}
	return false
}
