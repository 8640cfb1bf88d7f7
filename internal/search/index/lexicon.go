package index

import (
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// lexicon is the term dictionary of a segment with the ways into it: by the
// alphabet for terms and their beginnings, by stem for the forms of a word, by
// letters for typos.
type lexicon struct {
	alphabetical []uint32 // numbers of terms
	byStem       []uint32
	letters      []uint64 // of each term: see lettersOf

	// beginnings are the sets of short ones, which very many terms have, by
	// field: string to *roaring.Bitmap.
	beginnings [2]sync.Map
}

func (l *lexicon) fill(d *dictionary) {
	n := len(d.terms)
	l.alphabetical, l.byStem, l.letters = make([]uint32, n), make([]uint32, n), make([]uint64, n)
	for i, term := range d.terms {
		l.alphabetical[i], l.byStem[i], l.letters[i] = uint32(i), uint32(i), lettersOf(term)
	}
	slices.SortFunc(l.alphabetical, func(a, b uint32) int { return strings.Compare(d.terms[a], d.terms[b]) })
	slices.SortFunc(l.byStem, func(a, b uint32) int { return strings.Compare(d.stems[a], d.stems[b]) })
}

// term is the number of a term.
func (s *segment) term(term string) (number uint32, known bool) {
	at, known := slices.BinarySearchFunc(s.alphabetical, term, func(n uint32, term string) int { return strings.Compare(s.terms[n], term) })
	if !known {
		return 0, false
	}
	return s.alphabetical[at], true
}

// forms are the terms with the same stem as word.
func (s *segment) forms(word string) []uint32 {
	wanted := stem(word)
	at, _ := slices.BinarySearchFunc(s.byStem, wanted, func(n uint32, stem string) int { return strings.Compare(s.stems[n], stem) })
	end := at
	for end < len(s.byStem) && s.stems[s.byStem[end]] == wanted {
		end++
	}
	return s.byStem[at:end]
}

// begun are the terms that begin with prefix.
func (s *segment) begun(prefix string) []uint32 {
	at, _ := slices.BinarySearchFunc(s.alphabetical, prefix, func(n uint32, prefix string) int { return strings.Compare(s.terms[n], prefix) })
	rest := s.alphabetical[at:]
	end, _ := slices.BinarySearchFunc(rest, prefix, func(n uint32, prefix string) int {
		if strings.HasPrefix(s.terms[n], prefix) {
			return -1
		}
		return 1
	})
	return rest[:end]
}

// shortBeginning is the longest beginning whose set is kept: there are few of
// them, and each is of terms by the thousand.
const shortBeginning = 2

// withBeginning is the set of documents with a term that begins with prefix; it
// belongs to the index.
func (s *segment) withBeginning(prefix string, f field) *roaring.Bitmap {
	if len(prefix) > shortBeginning {
		return s.in(f).union(s.begun(prefix))
	}
	if set, ok := s.beginnings[f].Load(prefix); ok {
		return set.(*roaring.Bitmap)
	}
	set, _ := s.beginnings[f].LoadOrStore(prefix, s.in(f).union(s.begun(prefix)))
	return set.(*roaring.Bitmap)
}

// prepare makes the sets of single letters and digits, which take so long that
// the first to ask would notice.
func (s *segment) prepare() {
	for _, r := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		s.withBeginning(string(r), anywhere)
		s.withBeginning(string(r), inTitle)
	}
}
