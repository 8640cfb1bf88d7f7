package index

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// tolerance is how many typos a word may have: the shorter it is, the more
// words are near it by chance.
func tolerance(word string) int {
	switch n := utf8.RuneCountInString(word); {
	case n < 4:
		return 0
	case n < 8:
		return 1
	default:
		return 2
	}
}

// outline is the set of letters of a term as bits, below its length, as far as it
// can be told in 6 bits. A typo adds a letter to the set at most, takes one away
// at most, or both.
type outline uint64

const letterBits = 58

func outlineOf(term string) outline {
	set, n := outline(0), outline(0)
	for _, r := range term {
		n++
		switch {
		case r >= 'a' && r <= 'z':
			set |= 1 << (r - 'a')
		case r >= '0' && r <= '9':
			set |= 1 << (r - '0' + 26)
		default:
			set |= 1 << (36 + r%(letterBits-36))
		}
	}
	return set | min(n, 1<<(64-letterBits)-1)<<letterBits
}

// mayBe reports whether a term may be so many typos away from another.
func (o outline) mayBe(other outline, typos int) bool {
	const letters = 1<<letterBits - 1
	longer := int(o>>letterBits) - int(other>>letterBits)
	return longer <= typos && -longer <= typos &&
		bits.OnesCount64(uint64(o&^other&letters)) <= typos && bits.OnesCount64(uint64(other&^o&letters)) <= typos
}

// near are the terms so many typos away from word, not fewer.
func (s *segment) near(word string, typos int) (terms []uint32) {
	pattern, wanted := newPattern(word), outlineOf(word)
	for n := range s.candidates([]rune(word), typos) {
		if !wanted.mayBe(s.outlines[n], typos) {
			continue
		}
		if d, _ := pattern.distance(s.terms[n]); d == typos {
			terms = append(terms, n)
		}
	}
	return terms
}

// candidates are all terms, or for one typo those that begin as the word does or
// end so: it is in one half or the other. A swap may be in the middle, so that the
// letter there belongs to neither.
func (s *segment) candidates(word []rune, typos int) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		if typos > 1 {
			for n := range uint32(len(s.terms)) {
				if !yield(n) {
					return
				}
			}
			return
		}
		half := (len(word) - 1) / 2
		beginning, end := string(word[:half]), string(word[min(half+1, len(word)):])
		for _, n := range s.begun(beginning) {
			if !yield(n) {
				return
			}
		}
		for _, n := range s.ended(end) {
			if !strings.HasPrefix(s.terms[n], beginning) && !yield(n) {
				return
			}
		}
	}
}

// pattern is a word of at most 64 letters prepared for distance.
type pattern struct {
	ascii [utf8.RuneSelf]uint64 // where in the word a letter is, as bits
	other map[rune]uint64
	n     int
}

func newPattern(word string) *pattern {
	p := &pattern{}
	for _, r := range word {
		bit := uint64(1) << p.n
		p.n++
		if r < utf8.RuneSelf {
			p.ascii[r] |= bit
			continue
		}
		if p.other == nil {
			p.other = map[rune]uint64{}
		}
		p.other[r] |= bit
	}
	return p
}

func (p *pattern) at(r rune) uint64 {
	if r < utf8.RuneSelf {
		return p.ascii[r]
	}
	return p.other[r]
}

// distance is how many letters must be added, removed, replaced or swapped with
// their neighbour to make the word of the whole term, and of the beginning of
// it that is nearest (optimal string alignment). It works
// out a column of the table of distances in a few operations on words of 64
// bits: Myers, "A fast bit-vector algorithm for approximate string matching
// based on dynamic programming", 1999; with swaps as in Hyyrö, "A bit-vector
// algorithm for computing Levenshtein and Damerau edit distances", 2003.
func (p *pattern) distance(term string) (whole, beginning int) {
	if p.n == 0 {
		return utf8.RuneCountInString(term), 0
	}
	var (
		up, down  = ^uint64(0), uint64(0) // where the column steps by +1, by -1
		diagonal  = uint64(0)             // where it equals its diagonal neighbour
		previous  = uint64(0)             // matches of the letter before
		last      = uint64(1) << (p.n - 1)
		matches   uint64
		swapped   uint64
		right     uint64 // where the row steps by +1, by -1
		leftwards uint64
	)
	whole, beginning = p.n, p.n
	for _, r := range term {
		matches = p.at(r)
		swapped = (^diagonal & matches) << 1 & previous
		diagonal = (((matches & up) + up) ^ up) | matches | down | swapped
		right = down | ^(diagonal | up)
		leftwards = diagonal & up
		if right&last != 0 {
			whole++
		}
		if leftwards&last != 0 {
			whole--
		}
		beginning = min(beginning, whole)
		right = right<<1 | 1
		leftwards <<= 1
		up = leftwards | ^(diagonal | right)
		down = right & diagonal
		previous = matches
	}
	return whole, beginning
}
