package index

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Completions tells which of some names go on from what somebody has begun to
// write, at one of their words.
type Completions struct {
	rests []string // of names, from each of their words on, in alphabetical order
	name  []int    // the number of the name of each
}

// NewCompletions takes the folded names of so many things, each of which may have
// several.
func NewCompletions(things int, names func(n int) []string) *Completions {
	type rest struct {
		text string
		name int
	}
	var all []rest
	for n := range things {
		for _, name := range names(n) {
			for text, more := name, true; more; _, text, more = strings.Cut(text, " ") {
				all = append(all, rest{text, n})
			}
		}
	}
	slices.SortFunc(all, func(a, b rest) int { return strings.Compare(a.text, b.text) })
	c := &Completions{rests: make([]string, len(all)), name: make([]int, len(all))}
	for i, r := range all {
		c.rests[i], c.name[i] = r.text, r.name
	}
	return c
}

// Of are the numbers, ascending, of the names that go on from a folded text, at
// least one, by how many typos: first those without, then those with one, if a
// text of its length may have any. They are worked out as they are asked for.
func (c *Completions) Of(begun string) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		if exact := c.exact(begun); len(exact) > 0 && !yield(exact) {
			return
		}
		if typos := tolerance(begun); typos > 0 && utf8.RuneCountInString(begun) <= longestTerm {
			for _, names := range c.near(begun, typos) {
				if len(names) > 0 && !yield(names) {
					return
				}
			}
		}
	}
}

func (c *Completions) exact(begun string) []int {
	at, _ := slices.BinarySearch(c.rests, begun)
	end := at
	for end < len(c.rests) && strings.HasPrefix(c.rests[end], begun) {
		end++
	}
	names := slices.Clone(c.name[at:end])
	slices.Sort(names)
	return slices.Compact(names)
}

// near are the names with one typo, with two and so on.
func (c *Completions) near(begun string, typos int) [][]int {
	pattern, longest, fewest := newPattern(begun), utf8.RuneCountInString(begun)+typos, map[int]int{}
	for i, rest := range c.rests {
		if _, n := pattern.distance(firstLetters(rest, longest)); n <= typos {
			if known, there := fewest[c.name[i]]; !there || n < known {
				fewest[c.name[i]] = n
			}
		}
	}
	names := make([][]int, typos+1)
	for name, n := range fewest {
		names[n] = append(names[n], name)
	}
	for _, some := range names {
		slices.Sort(some)
	}
	return names[1:]
}

// firstLetters is a text up to so many of them.
func firstLetters(text string, n int) string {
	for at := range text {
		if n--; n < 0 {
			return text[:at]
		}
	}
	return text
}
