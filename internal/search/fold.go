package search

import (
	"html"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes texts comparable: lower case, no marks, single spaces.
func fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
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

// facetKey is the name of an attribute or option as a parameter: "shoe_size".
func facetKey(name string) string {
	return strings.Join(strings.FieldsFunc(fold(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}), "_")
}

// longestText is how much of a description is searched.
const longestText = 20_000

// plain is the words of a sanitised description, without its markup.
func plain(s string) string {
	var b strings.Builder
	inTag := false
	for _, r := range s {
		switch {
		case r == '<':
			inTag = true
			b.WriteByte(' ') // "<p>a</p><p>b</p>" is two words
		case r == '>' && inTag:
			inTag = false
		case !inTag:
			b.WriteRune(r)
		}
		if b.Len() > longestText {
			break
		}
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}
