package search

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Texts that were folded are compared byte by byte: folding leaves nothing to
// fold. And of what a shopper types no word is lost or moved.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"Red  Mug", "Größe", "GROẞE", "crème brûlée", "\u202eabc", "ﬁve ℌats", "İstanbul", "Ⅻ ½", "shoe_size (EU)", "a\u00a0b", "\u0301", "한국어", "日本語",
		`"a phrase" -without or las`, `t-shir`, `"open`, "mug ", "-", "%%%%", "A OR b", "\xff", "\x00", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if whole, unfinished := words(s); whole+unfinished != s || strings.ContainsFunc(unfinished, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			t.Errorf("words(%q) = %q, %q", s, whole, unfinished)
		}
		if !utf8.ValidString(s) { // the edge refuses it
			return
		}
		folded := fold(s)
		if again := fold(folded); again != folded {
			t.Errorf("%q is folded to %q, then to %q", s, folded, again)
		}
		if key := facetKey(s); facetKey(key) != key {
			t.Errorf("%q has the key %q, which has the key %q", s, key, facetKey(key))
		}
		for _, v := range foldedValues(s) {
			if fold(v) != v || v == "" || strings.Contains(v, ",") {
				t.Errorf("%q holds the value %q", s, v)
			}
		}
	})
}
