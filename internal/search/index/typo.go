package index

import (
	"math/bits"
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

// lettersOf is the set of letters of a term, as bits: a typo adds one to the
// set at most, takes one away at most, or both.
func lettersOf(term string) uint64 {
	set := uint64(0)
	for _, r := range term {
		switch {
		case r >= 'a' && r <= 'z':
			set |= 1 << (r - 'a')
		case r >= '0' && r <= '9':
			set |= 1 << (r - '0' + 26)
		default:
			set |= 1 << (36 + r%28)
		}
	}
	return set
}

// near are the terms at most so many typos away from word, by number, with
// their distance.
func (s *segment) near(word string, typos int) (terms []uint32, distances []int) {
	if typos == 0 {
		return nil, nil
	}
	pattern, letters := newPattern(word), lettersOf(word)
	for n, other := range s.letters {
		if bits.OnesCount64(letters&^other) > typos || bits.OnesCount64(other&^letters) > typos {
			continue
		}
		term := s.terms[n]
		if len(term) > len(word)+4*typos || len(word) > len(term)+4*typos { // a letter has 4 bytes at most
			continue
		}
		if d, _ := pattern.distance(term); d <= typos {
			terms, distances = append(terms, uint32(n)), append(distances, d)
		}
	}
	return terms, distances
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
