package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"souk/internal/search/index"
)

// Texts that were folded are compared byte by byte: folding leaves nothing to
// fold.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"Red  Mug", "Größe", "GROẞE", "crème brûlée", "\u202eabc", "ﬁve ℌats", "İstanbul", "Ⅻ ½", "shoe_size (EU)", "a\u00a0b", "\u0301", "한국어", "日本語",
		`"a phrase" -without or las`, `t-shir`, `"open`, "mug ", "-", "%%%%", "A OR b", "\xff", "\x00", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		index.Parse(s, index.Vocabulary{}) // takes anything
		if !utf8.ValidString(s) {          // the edge refuses it
			return
		}
		folded := index.Fold(s)
		if again := index.Fold(folded); again != folded {
			t.Errorf("%q is folded to %q, then to %q", s, folded, again)
		}
		if key := facetKey(s); facetKey(key) != key {
			t.Errorf("%q has the key %q, which has the key %q", s, key, facetKey(key))
		}
		for _, v := range foldedValues(s) {
			if index.Fold(v) != v || v == "" || strings.Contains(v, ",") {
				t.Errorf("%q holds the value %q", s, v)
			}
		}
	})
}
