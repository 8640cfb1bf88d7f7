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
	stems        []string // of each term
	letters      []uint64 // of each term: see lettersOf
	beginnings   sync.Map // string to *roaring.Bitmap: of the short ones, which very many terms have
}

func (l *lexicon) fill(terms []string) {
	l.alphabetical, l.byStem = make([]uint32, len(terms)), make([]uint32, len(terms))
	l.stems, l.letters = make([]string, len(terms)), make([]uint64, len(terms))
	for i, term := range terms {
		l.alphabetical[i], l.byStem[i] = uint32(i), uint32(i)
		l.stems[i], l.letters[i] = stem(term), lettersOf(term)
	}
	slices.SortFunc(l.alphabetical, func(a, b uint32) int { return strings.Compare(terms[a], terms[b]) })
	slices.SortFunc(l.byStem, func(a, b uint32) int { return strings.Compare(l.stems[a], l.stems[b]) })
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
func (s *segment) withBeginning(prefix string, in *postings) *roaring.Bitmap {
	if len(prefix) > shortBeginning || in != &s.anywhere {
		return in.union(s.begun(prefix))
	}
	if set, ok := s.beginnings.Load(prefix); ok {
		return set.(*roaring.Bitmap)
	}
	set, _ := s.beginnings.LoadOrStore(prefix, in.union(s.begun(prefix)))
	return set.(*roaring.Bitmap)
}
