package index

import (
	"cmp"
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

// level is how well a document has what was asked for, the best first.
type level int

const (
	allInBoth level = iota // every word in the title, and among names: of its kind, brand, categories, attributes
	allInTitle
	titleAndName // one in the title, the others among names
	allInNames
	partlyInTitle // the others in the description
	elsewhere
	levels // how many there are; as many again for words that the last one only begins
)

// weights of levels, and what they are multiplied with.
var weights = [levels]float64{1.25, 1, 0.7, 0.5, 0.35, 0.2}

const (
	begunFactor = 0.35 // the last word goes on: "tea" has begun "teapot"
	fewerFactor = 0.5  // some words are not there
	likedFactor = 1.1  // rated at least likedStars
	poorFactor  = 0.85 // rated below poorStars
	likedStars  = 4
	poorStars   = 3

	skuScore = 1_000_000_000_000
)

// unsold is what is added to sales, so that a product nobody has bought yet is
// found by its title before a bestseller that says the word in its description.
const unsold = 8

// score is the relevance of a document: its tier, and the logarithm of what it
// has sold, so that the hundredth sale counts less than the second.
func (t tier) score(popularity int64) int64 {
	return t.plus + int64(math.Round(t.weight*math.Log(unsold+float64(popularity))*1e9))
}

// found are the documents of one part that a text finds.
type found struct {
	all *roaring.Bitmap // live
	sku *roaring.Bitmap

	// ranked are the documents of each level, those of better ones too: first
	// where all is as it should be, then where it is nearly so.
	ranked [2 * levels]*roaring.Bitmap
	nearly float64 // what the weights of the second half are multiplied with
}

func newFound(sku *roaring.Bitmap, nearly float64) *found {
	f := &found{all: roaring.New(), sku: sku, nearly: nearly}
	for i := range f.ranked {
		f.ranked[i] = roaring.New()
	}
	return f
}

func (f *found) weight(i int) float64 {
	if i < int(levels) {
		return weights[i]
	}
	return weights[i-int(levels)] * f.nearly
}

// tiers divides those of a set that were found.
func (f *found) tiers(s *segment, set *roaring.Bitmap) []tier {
	list := s.byStars(tier{1, skuScore, roaring.And(set, f.sku)})
	rest := roaring.AndNot(set, f.sku)
	order := make([]int, len(f.ranked))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.weight(b), f.weight(a)) })
	for _, i := range order {
		docs := roaring.And(rest, f.ranked[i])
		rest.AndNot(docs)
		list = append(list, s.byStars(tier{f.weight(i), 0, docs})...)
	}
	return list
}

// byStars divides a tier by what buyers think.
func (s *segment) byStars(t tier) []tier {
	if t.docs.IsEmpty() {
		return nil
	}
	liked := roaring.And(t.docs, s.stars[likedStars])
	poor := roaring.And(t.docs, roaring.AndNot(s.stars[1], s.stars[poorStars]))
	rest := roaring.AndNot(t.docs, liked)
	rest.AndNot(poor)
	return []tier{{t.weight * likedFactor, t.plus, liked}, {t.weight, t.plus, rest}, {t.weight * poorFactor, t.plus, poor}}
}

// byRelevance is the first of set.
func (s *segment) byRelevance(set *roaring.Bitmap, f *found, p page) []Place {
	var places []Place
	for _, t := range f.tiers(s, set) {
		places = append(places, s.inNumberOrder(t.docs, p, func(doc uint32) int64 { return t.score(s.popularity[doc]) })...)
	}
	return p.sorted(places)
}

func (s *segment) in(f field) *postings {
	switch f {
	case inTitle:
		return &s.inTitle
	case named:
		return &s.named
	default:
		return &s.anywhere
	}
}

// find evaluates x in one part, without levels unless it is to be ranked.
func (x *Expression) find(p part, ranked bool) *found {
	f := newFound(roaring.And(p.live, p.withCode(x.codes)), begunFactor)
	for _, clauses := range x.alternatives {
		all := p.holds(clauses, x.languages)
		f.all.Or(all)
		if ranked {
			p.conjunction(f, all, clauses, x.languages)
		}
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

// conjunction adds documents, for all of which the clauses hold, to the levels
// of f: to the first half where the last word is a whole one.
func (p part) conjunction(f *found, all *roaring.Bitmap, clauses []clause, languages []Language) {
	if last := clauses[len(clauses)-1]; !last.not && last.written().unfinished {
		p.rank(f.ranked[levels:], all, clauses, languages)
		clauses = append(slices.Clip(clauses[:len(clauses)-1]), last.finished())
		all = p.holds(clauses, languages)
	}
	p.rank(f.ranked[:levels], all, clauses, languages)
}

// holds is where all clauses hold. Words narrow before texts are read for
// phrases.
func (p part) holds(clauses []clause, languages []Language) *roaring.Bitmap {
	all := p.live
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
	return all
}

// rank adds documents, for all of which the clauses hold, to their levels.
func (p part) rank(ranked []*roaring.Bitmap, all *roaring.Bitmap, clauses []clause, languages []Language) {
	if all.IsEmpty() {
		return
	}
	var titles, names []*roaring.Bitmap // of each clause
	for _, c := range clauses {
		if !c.not {
			titles = append(titles, p.clause(all, c, inTitle, languages, p.way))
			names = append(names, p.clause(all, c, named, languages, p.way))
		}
	}
	addRanked(ranked, all, titles, names)
}

// addRanked adds documents to their levels, by where each of the words is.
func addRanked(ranked []*roaring.Bitmap, all *roaring.Bitmap, titles, names []*roaring.Bitmap) {
	ranked[elsewhere].Or(all)
	if len(titles) == 0 {
		return
	}
	both, title, either, partly := all, all, all, roaring.New()
	for i := range titles {
		title = roaring.And(title, titles[i])
		both = roaring.And(both, roaring.And(titles[i], names[i]))
		either = roaring.And(either, roaring.Or(titles[i], names[i]))
		partly.Or(titles[i])
	}
	partly.And(all)
	ranked[allInBoth].Or(both)
	ranked[allInTitle].Or(title)
	ranked[titleAndName].Or(roaring.And(either, partly))
	ranked[allInNames].Or(either)
	ranked[partlyInTitle].Or(partly)
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
	matched, passage := uint64(0), 0
	for token := range s.tokens(doc) {
		if token == passageEnd {
			passage, matched = passage+1, 0
			continue
		}
		if f.isBefore(passage) {
			return false
		}
		if !f.has(passage) {
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
