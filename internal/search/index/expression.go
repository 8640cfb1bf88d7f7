package index

import (
	"slices"
	"strings"
	"unicode"
)

// Expression is a text that somebody searches for, taken apart:
//
//	oak table            both words
//	"oak table"          one after the other; so is oak-table
//	oak -table           oak without table
//	oak or elm table     oak, or elm with table
//	oak ta               the last word may be unfinished
//
// A text that is a SKU finds that besides.
type Expression struct {
	alternatives [][]clause // one of them must hold: all of its clauses
	sku          string
}

// clause asks for a word, or several in a row.
type clause struct {
	words      []string
	unfinished bool // the last word
	apart      bool // anywhere in the document, not in a row
	not        bool
}

func (c clause) isPhrase() bool { return len(c.words) > 1 && !c.apart }

// What a text may ask for at most, so that none takes long. People write less.
const (
	mostWords   = 32 // the rest is not looked for
	mostPhrases = 4  // the words of the rest may stand apart: texts must be read to tell
)

// Parse takes any text.
func Parse(text string) *Expression {
	x := &Expression{sku: Fold(text)}
	var (
		clauses        []clause
		either         bool // has it an "or"?
		count, phrases int
	)
	parts := split(text)
	for i, p := range parts {
		if strings.EqualFold(p.text, "or") && !p.quoted && !p.not && len(clauses) > 0 && i < len(parts)-1 {
			x.alternatives = append(x.alternatives, clauses)
			clauses, either = nil, true
			continue
		}
		words := slices.Collect(terms(p.text))
		words = words[:min(len(words), mostWords-count)]
		if len(words) == 0 {
			continue
		}
		if len(words) > 1 {
			phrases++
		}
		count += len(words)
		clauses = append(clauses, clause{words: words, not: p.not, apart: phrases > mostPhrases})
	}
	if len(clauses) > 0 {
		x.alternatives = append(x.alternatives, clauses)
	}
	if len(clauses) > 0 && !either && unfinished(text, parts[len(parts)-1]) {
		clauses[len(clauses)-1].unfinished = true
	}
	return x
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
