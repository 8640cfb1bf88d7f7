package search

import (
	"html"
	"strings"
	"unicode"

	"souk/internal/search/index"
)

// facetKey is the name of an attribute or option as a parameter: "shoe_size".
func facetKey(name string) string {
	return strings.Join(strings.FieldsFunc(index.Fold(name), func(r rune) bool {
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
