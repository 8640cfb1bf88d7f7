package index

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// lexicon is the term dictionary of a segment with the ways into it: by the
// alphabet for terms and their beginnings, by stem for the forms of a word, by
// their ends and outlines for typos.
type lexicon struct {
	alphabetical []uint32  // numbers of terms
	backwards    []uint32  // the same by the alphabet from their last letter on
	outlines     []outline // of each term

	// stemmed has the stems in each language that was asked for, which the
	// shop may change at any time: Language to *inflection.
	stemmed sync.Map

	// beginnings are the sets of short ones, which very many terms have, by
	// field: string to *roaring.Bitmap.
	beginnings [fields]sync.Map
}

func (l *lexicon) fill(d *dictionary) {
	n := len(d.terms)
	l.alphabetical, l.backwards = make([]uint32, n), make([]uint32, n)
	for i := range d.terms {
		l.alphabetical[i], l.backwards[i] = uint32(i), uint32(i)
	}
	slices.SortFunc(l.alphabetical, func(a, b uint32) int { return strings.Compare(d.terms[a], d.terms[b]) })
	slices.SortFunc(l.backwards, func(a, b uint32) int { return compareBackwards(d.terms[a], d.terms[b]) })
	l.outline(d)
}

func (l *lexicon) outline(d *dictionary) {
	l.outlines = make([]outline, len(d.terms))
	for i, term := range d.terms {
		l.outlines[i] = outlineOf(term)
	}
}

// compareBackwards compares two texts from their last bytes on.
func compareBackwards(a, b string) int {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

// inflection is the terms of a segment by their stems in one language.
type inflection struct {
	stems  []string // of each term
	byStem []uint32
}

func (s *segment) stems(l Language) *inflection {
	if known, ok := s.stemmed.Load(l); ok {
		return known.(*inflection)
	}
	known, _ := s.stemmed.LoadOrStore(l, inflect(s.terms, l))
	return known.(*inflection)
}

func inflect(terms []string, l Language) *inflection {
	in := &inflection{make([]string, len(terms)), make([]uint32, len(terms))}
	for n, term := range terms {
		in.stems[n], in.byStem[n] = l.stem(term), uint32(n)
	}
	slices.SortFunc(in.byStem, func(a, b uint32) int {
		return cmp.Or(strings.Compare(in.stems[a], in.stems[b]), cmp.Compare(a, b))
	})
	return in
}

// among are the terms whose stem is one, or begins so.
func (in *inflection) among(stem string, begins bool) []uint32 {
	at, _ := slices.BinarySearchFunc(in.byStem, stem, func(n uint32, stem string) int { return strings.Compare(in.stems[n], stem) })
	end := at
	for end < len(in.byStem) && (in.stems[in.byStem[end]] == stem || begins && strings.HasPrefix(in.stems[in.byStem[end]], stem)) {
		end++
	}
	return in.byStem[at:end]
}

// term is the number of a term.
func (s *segment) term(term string) (number uint32, known bool) {
	at, known := slices.BinarySearchFunc(s.alphabetical, term, func(n uint32, term string) int { return strings.Compare(s.terms[n], term) })
	if !known {
		return 0, false
	}
	return s.alphabetical[at], true
}

// forms are the terms with the same stem as word in one of the languages.
func (s *segment) forms(word string, languages []Language) []uint32 {
	switch len(languages) {
	case 0:
		if n, known := s.term(word); known {
			return []uint32{n}
		}
		return nil
	case 1:
		return s.stems(languages[0]).among(languages[0].stem(word), false)
	}
	var all []uint32
	for _, l := range languages {
		all = append(all, s.stems(l).among(l.stem(word), false)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// spelt are the terms that begin with prefix in another spelling.
func (s *segment) spelt(prefix string, languages []Language) []uint32 {
	for _, l := range languages { // one of them at most
		if spelt, ok := l.spelling(prefix); ok {
			return s.stems(l).among(spelt, true)
		}
	}
	return nil
}

// begins reports whether term n begins with prefix, in any spelling.
func (s *segment) begins(n uint32, prefix string, languages []Language) bool {
	if strings.HasPrefix(s.terms[n], prefix) {
		return true
	}
	return slices.ContainsFunc(languages, func(l Language) bool {
		spelt, ok := l.spelling(prefix)
		return ok && strings.HasPrefix(s.stems(l).stems[n], spelt)
	})
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

// ended are the terms that end with suffix.
func (s *segment) ended(suffix string) []uint32 {
	at, _ := slices.BinarySearchFunc(s.backwards, suffix, func(n uint32, suffix string) int { return compareBackwards(s.terms[n], suffix) })
	rest := s.backwards[at:]
	end, _ := slices.BinarySearchFunc(rest, suffix, func(n uint32, suffix string) int {
		if strings.HasSuffix(s.terms[n], suffix) {
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

// prepare makes the sets of single letters and digits, and the stems of some
// languages, which take so long that the first to ask would notice.
func (s *segment) prepare(languages []Language) {
	for _, r := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		s.withBeginning(string(r), anywhere)
		s.withBeginning(string(r), inTitle)
		s.withBeginning(string(r), named)
	}
	for _, l := range languages {
		s.stems(l)
	}
}

// prepared are the languages of which there are stems.
func (s *segment) prepared() []Language {
	var list []Language
	s.stemmed.Range(func(l, _ any) bool { list = append(list, l.(Language)); return true })
	return list
}
