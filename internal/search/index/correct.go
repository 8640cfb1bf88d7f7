package index

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
)

// Few is how many documents a text may find and still be taken for a mistake.
const Few = 5

const (
	timesAsMany   = 10 // how much more frequent a word must be than one that is there, too
	mostCorrected = 8  // words of a text
	shortestHalf  = 3  // letters of a word that was written together with another
)

// Correct are words of a text and what was probably meant by them: nil where
// the text finds enough, or where nothing is known that would find more under
// the filters of q.
func (sn *Snapshot) Correct(q *Query, text string, v Vocabulary) map[string]string {
	found := sn.count(q.Text)
	if found > Few || sn.hasCode(q.Text.codes) {
		return nil
	}
	unknown := map[string]string{}
	var rare []string // words that a far more frequent one is like
	meant := map[string]string{}
	for _, word := range q.Text.words() {
		known := sn.frequency(word, v.Languages)
		better, n := sn.meant(word, v.Languages)
		switch {
		case known == 0 && better == "":
			return nil
		case known == 0:
			unknown[word] = better
		case n >= timesAsMany*known:
			rare, meant[word] = append(rare, word), better
		}
	}
	for _, words := range attempts(unknown, rare, meant) {
		if sn.better(q, text, v, words, timesAsMany*found) {
			return words
		}
	}
	return nil
}

// attempts are what to replace: the unknown words, with one of the rare ones,
// with all.
func attempts(unknown map[string]string, rare []string, meant map[string]string) []map[string]string {
	var list []map[string]string
	if len(unknown) > 0 {
		list = append(list, unknown)
	}
	all := maps.Clone(unknown)
	for _, word := range rare {
		one := maps.Clone(unknown)
		one[word], all[word] = meant[word], meant[word]
		list = append(list, one)
	}
	if len(rare) > 1 {
		list = append(list, all)
	}
	return list
}

// better reports whether with other words the text finds more than so many
// documents, and more than before under the filters.
func (sn *Snapshot) better(q *Query, text string, v Vocabulary, words map[string]string, than int) bool {
	corrected := *q
	corrected.Text = Parse(Replace(text, words), v)
	return sn.count(corrected.Text) > than && sn.Matches(&corrected) > sn.Matches(q)
}

// Matches is how many documents have the words of q under its filters, not
// counting what resembles them. It has a text.
func (sn *Snapshot) Matches(q *Query) int {
	n := 0
	for _, p := range sn.parts {
		if l := p.listings[q.Currency]; l != nil {
			chosen := sn.choose(p, l, q, q.Text.find(p, false).all)
			n += int(chosen.all().GetCardinality())
		}
	}
	return n
}

// count is how many documents have the words of x, whatever the filters.
func (sn *Snapshot) count(x *Expression) int {
	n := 0
	for _, p := range sn.parts {
		n += int(x.find(p, false).all.GetCardinality())
	}
	return n
}

func (sn *Snapshot) hasCode(codes []string) bool {
	return slices.ContainsFunc(sn.parts, func(p part) bool { return p.withCode(codes).Intersects(p.live) })
}

// words are the first of those that x asks for.
func (x *Expression) words() []string {
	var list []string
	for _, clauses := range x.alternatives {
		for _, c := range clauses {
			if !c.not {
				list = append(list, c.written().words...)
			}
		}
	}
	return list[:min(len(list), mostCorrected)]
}

// frequency is how many documents have a form of word.
func (sn *Snapshot) frequency(word string, languages []Language) int {
	n := 0
	for _, p := range sn.parts {
		n += int(p.anywhere.union(p.forms(word, languages)).AndCardinality(p.live))
	}
	return n
}

// meant is the most frequent of the terms with the fewest typos, or two words
// that were written as one; with the number of its documents.
func (sn *Snapshot) meant(word string, languages []Language) (term string, documents int) {
	for _, other := range sn.nearest(word, languages) {
		if n := sn.frequency(other, nil); n > documents {
			term, documents = other, n
		}
	}
	if term != "" {
		return term, documents
	}
	runes := []rune(word)
	for at := shortestHalf; at <= len(runes)-shortestHalf; at++ {
		halves := []string{string(runes[:at]), string(runes[at:])}
		both := &Expression{alternatives: [][]clause{{{ways: []way{{words: halves}}}}}, languages: languages}
		if n := sn.count(both); n > documents {
			term, documents = strings.Join(halves, " "), n
		}
	}
	return term, documents
}

// Example is a product that has a term, the most popular one of its segment.
func (sn *Snapshot) Example(term string) (uuid.UUID, bool) {
	for _, p := range sn.parts {
		n, known := p.term(term)
		if !known {
			continue
		}
		if docs := p.anywhere.of(n).Iterator(); docs.HasNext() {
			for docs.HasNext() {
				if doc := docs.Next(); p.live.Contains(doc) {
					return p.product[doc], true
				}
			}
		}
	}
	return uuid.UUID{}, false
}

// Replace is text with other words in place of some, by the terms they are.
func Replace(text string, words map[string]string) string {
	var b strings.Builder
	for _, run := range runs(text) {
		if other := words[only(run)]; other != "" {
			run = other
		}
		b.WriteString(run)
	}
	return b.String()
}

// Spelling is how a text writes a term; "" if it does not.
func Spelling(text, term string) string {
	for _, run := range runs(text) {
		if only(run) == term {
			return run
		}
	}
	return ""
}

// only is the term that a run is, if it is one.
func only(run string) string {
	found := ""
	for term := range terms(run) {
		if found != "" {
			return ""
		}
		found = term
	}
	return found
}

// runs divides a text into words and what is between them.
func runs(text string) []string {
	var list []string
	begin, inWord := 0, false
	for at, r := range text {
		if word := !separates(unicode.ToLower(r)); word != inWord {
			if at > begin {
				list = append(list, text[begin:at])
			}
			begin, inWord = at, word
		}
	}
	return append(list, text[begin:])
}
