package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// The same code takes documents and queries apart; otherwise they would miss
// each other.

// Fold makes texts comparable: lower case, no marks, single spaces.
func Fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if !ascii {
		s = norm.NFKD.String(s)
	}
	s = strings.ToLower(s) // after NFKD, which makes a capital H of ℌ
	if !ascii {
		s = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) { // accents; marks of direction
				return -1
			}
			return r
		}, strings.ReplaceAll(s, "ß", "ss"))
	}
	return strings.Join(strings.Fields(s), " ")
}

// longestTerm is what a term is cut to, in bytes. What is longer is no word;
// and the distance of two terms is worked out in the bits of one machine word.
const longestTerm = 64

// terms are the words of a text: runs of letters and digits, folded.
func terms(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for word := range strings.FieldsFuncSeq(Fold(text), separates) {
			if len(word) > longestTerm {
				word = strings.ToValidUTF8(word[:longestTerm], "")
			}
			if !yield(word) {
				return
			}
		}
	}
}

func separates(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// stem is what the forms of an English word have in common (Porter2); words of
// other languages mostly pass as they are.
func stem(term string) string {
	for i := 0; i < len(term); i++ {
		if term[i] < 'a' || term[i] > 'z' {
			return term
		}
	}
	env := snowballstem.NewEnv(term)
	english.Stem(env)
	return env.Current()
}
