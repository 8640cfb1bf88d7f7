package index

import (
	"slices"
	"strings"
	"unicode"
)

// Expression is a text that somebody searches for, taken apart:
//
//	oak table            both words
//	"oak table"          one after the other
//	oak-table            so, or as one word
//	oak -table           oak without table
//	oak or elm table     oak, or elm with table
//	oak ta               the last word may be unfinished
//	sofa                 or what the shop takes for the same, unless in quotes
//
// A text that is a SKU or a barcode finds that besides.
type Expression struct {
	alternatives [][]clause // one of them must hold: all of its clauses
	codes        []string
	languages    []Language
}

// clause asks for one of some wordings: what was written, and then synonyms.
type clause struct {
	ways   []way
	quoted bool // means what it says
	not    bool
}

// written is what the text itself has there.
func (c clause) written() way { return c.ways[0] }

// finished is c where the last word does not go on.
func (c clause) finished() clause {
	c.ways = slices.Clone(c.ways)
	for i := range c.ways {
		c.ways[i].unfinished = false
	}
	return c
}

// way is a word, or several in a row.
type way struct {
	words      []string
	unfinished bool // the last word
	apart      bool // anywhere in the document, not in a row
}

func (w way) isPhrase() bool { return len(w.words) > 1 && !w.apart }

// What a text may ask for at most, so that none takes long. People write less.
const (
	mostWords   = 32 // the rest is not looked for
	mostPhrases = 4  // the words of the rest may stand apart: texts must be read to tell
)

// parser makes an expression.
type parser struct {
	v              Vocabulary
	words, phrases int // so far
}

// Parse takes any text.
func Parse(text string, v Vocabulary) *Expression {
	x := &Expression{codes: Codes(text), languages: v.Languages}
	p := parser{v: v}
	parts := split(text)
	var list [][]clause
	var clauses []clause
	for i, q := range parts {
		if strings.EqualFold(q.text, "or") && !q.quoted && !q.not && len(clauses) > 0 && i < len(parts)-1 {
			list = append(list, clauses)
			clauses = nil
			continue
		}
		if c, ok := p.clause(q); ok {
			clauses = append(clauses, c)
		}
	}
	if len(clauses) > 0 && list == nil && unfinished(text, parts[len(parts)-1]) {
		clauses[len(clauses)-1].ways[0].unfinished = true
	}
	if len(clauses) > 0 {
		list = append(list, clauses)
	}
	for _, clauses := range list {
		x.alternatives = append(x.alternatives, p.widen(clauses))
	}
	return x
}

func (p *parser) clause(q quotable) (clause, bool) {
	words := slices.Collect(terms(q.text))
	words = words[:min(len(words), mostWords-p.words)]
	if len(words) == 0 {
		return clause{}, false
	}
	p.words += len(words)
	return clause{ways: []way{p.way(words)}, quoted: q.quoted, not: q.not}, true
}

// widen adds the other wordings: synonyms of a word or of several side by side,
// the longest match first, and t-shirt as one word.
func (p *parser) widen(clauses []clause) []clause {
	var wide []clause
	for len(clauses) > 0 {
		c, n, synonyms := clauses[0], 1, [][]string(nil)
		for longest := matchable(clauses); longest > 0 && synonyms == nil; longest-- {
			together := join(clauses[:longest])
			if synonyms = p.v.of(together.written().words); synonyms != nil {
				c, n = together, longest
			}
		}
		if w := c.written(); w.isPhrase() && !c.quoted && !c.not {
			c.ways = append(c.ways, way{words: []string{strings.Join(w.words, "")}, unfinished: w.unfinished})
		}
		for _, words := range synonyms {
			c.ways = append(c.ways, p.way(words))
		}
		wide, clauses = append(wide, c), clauses[n:]
	}
	return wide
}

// matchable is how many of the first clauses may be one member of a rule: a
// phrase, or single words side by side.
func matchable(clauses []clause) int {
	for i, c := range clauses {
		switch {
		case c.quoted || c.not || i == longestMatch:
			return i
		case len(c.written().words) > 1:
			return max(i, 1)
		}
	}
	return len(clauses)
}

// join makes one clause of several words, which may stand apart as before.
func join(clauses []clause) clause {
	if len(clauses) == 1 {
		return clauses[0]
	}
	all := way{apart: true, unfinished: clauses[len(clauses)-1].written().unfinished}
	for _, c := range clauses {
		all.words = append(all.words, c.written().words...)
	}
	return clause{ways: []way{all}}
}

func (p *parser) way(words []string) way {
	if len(words) > 1 {
		p.phrases++
	}
	return way{words: words, apart: len(words) > 1 && p.phrases > mostPhrases}
}

// unfinished reports whether a text may go on: it ends in a letter or digit.
func unfinished(text string, last quotable) bool {
	runes := []rune(text)
	end := runes[len(runes)-1]
	return !last.quoted && !last.not && !separates(unicode.ToLower(end))
}

// quotable is what stands between spaces or quotes.
type quotable struct {
	text        string
	quoted, not bool
}

// split knows quotes and minus signs. A quote without its partner goes on to
// the end.
func split(text string) []quotable {
	var list []quotable
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return list
		}
		var q quotable
		if text, q.not = strings.CutPrefix(text, "-"); text == "" {
			return list
		}
		if text[0] == '"' {
			q.quoted = true
			q.text, text, _ = strings.Cut(text[1:], `"`)
		} else {
			end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
			if end < 0 {
				end = len(text)
			}
			q.text, text = text[:end], text[end:]
		}
		list = append(list, q)
	}
}
