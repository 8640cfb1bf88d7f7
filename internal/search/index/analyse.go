package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The same code takes documents and queries apart; otherwise they would miss
// each other.

// Fold makes texts comparable: lower case, no accents, single spaces.
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
			if isAccent(r) || unicode.Is(unicode.Cf, r) { // marks of direction
				return -1
			}
			return r
		}, strings.ReplaceAll(s, "ß", "ss"))
		s = nasals.Replace(s)
	}
	return strings.Join(strings.Fields(s), " ")
}

// isAccent tells marks that people leave out from those without which a word
// is another: the vowel signs of Devanagari and Thai are marks, too.
func isAccent(r rune) bool {
	return unicode.Is(unicode.Mn, r) && unicode.In(r, unicode.Inherited, unicode.Hebrew, unicode.Arabic, unicode.Cyrillic) || isNukta(r)
}

// isNukta tells the dot below a letter of an Indian script, which stands at the
// same place of each block.
func isNukta(r rune) bool { return r >= 0x0900 && r < 0x0D00 && r&0x7F == 0x3C }

// nasals writes a nasal of Devanagari before a consonant as the dot that it may
// be written as: हिन्दी is हिंदी, चाँद is चांद.
var nasals = strings.NewReplacer("ङ्", "ं", "ञ्", "ं", "ण्", "ं", "न्", "ं", "म्", "ं", "ँ", "ं")

// longestTerm is what a term is cut to, in bytes. What is longer is no word;
// and the distance of two terms is worked out in the bits of one machine word.
const longestTerm = 64

// terms are the words of a text: runs of letters and digits, folded.
func terms(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for word := range strings.FieldsFuncSeq(withoutPossessives(Fold(text)), separates) {
			if len(word) > longestTerm {
				word = strings.ToValidUTF8(word[:longestTerm], "")
			}
			if !yield(word) {
				return
			}
		}
	}
}

// withoutPossessives makes "men" of "men's", which would be two words.
func withoutPossessives(folded string) string {
	folded = strings.ReplaceAll(folded, "’", "'")
	if !strings.Contains(folded, "'s") {
		return folded
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(folded, "'s")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if next, _ := utf8.DecodeRuneInString(after); after != "" && !separates(next) {
			b.WriteString("'s")
		}
		folded = after
	}
}

func separates(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}
