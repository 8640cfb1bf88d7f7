package index

import (
	"slices"
	"strings"
	"testing"
)

// Words that a shopper takes for the same are found by each other, in the
// languages of the shop and in no other.
func TestFormsOfAWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		languages string
		words     string // all of them the same
		apart     string // none of those
	}{
		{"en", "table tables Table TABLES", "tablet cable"},
		{"en", "run running runs", "ran"},
		{"de", "Möbel moebel mobel MÖBEL", "Mobil"},
		{"de", "Straße Strasse Straßen STRASSE", "Stress"},
		{"de", "Tür tuer Türen", "Tor"},
		{"de", "neue neuer neues", "nu"},
		{"de", "Lampe Lampen", "Lamm"},
		{"hi", "कुर्सी कुर्सियाँ कुर्सियां कुर्सियों", "करसना"},
		{"hi", "किताब किताबें", "कताई"},
		{"hi", "मेज मेज़ मेज़ें", "मोजा"},
		{"hi", "हिन्दी हिंदी", "हद"},
		{"hi", "चाँद चांद", "चीनी"},
		{"fr", "chaise chaises", "chasse"},
		{"es", "mesa mesas", "misa"},
		{"it", "sedia sedie", "sodio"},
		{"nl", "lampen lamp", "lomp"},
		{"pt", "cadeira cadeiras", "caderno"},
		{"en de", "tables table", "tabu"},
		{"en de", "Möbel moebel", "mob"},
		{"", "table Table", "tables"},
	} {
		var languages []Language
		for _, l := range strings.Fields(c.languages) {
			languages = append(languages, Language(l))
		}
		same, apart := slices.Collect(terms(c.words)), slices.Collect(terms(c.apart))
		for _, a := range same {
			for _, b := range same {
				if !sameWord(a, b, languages) {
					t.Errorf("%s: %s is not %s", c.languages, a, b)
				}
			}
			for _, b := range apart {
				if sameWord(a, b, languages) {
					t.Errorf("%s: %s is %s", c.languages, a, b)
				}
			}
		}
	}
}

// What is typed so far finds the word however it is spelt.
func TestBeginningsInGerman(t *testing.T) {
	t.Parallel()
	doc := func(n int, title string) *Document {
		return &Document{Product: thing(9, n), Title: title, Prices: []Price{{"EUR", 100}}}
	}
	sn := New(testOptions(), slices.Values([]*Document{doc(1, "Möbelhaus"), doc(2, "Moebelhaus"), doc(3, "Mobelhaus"), doc(4, "Modell")})).Snapshot()
	for text, want := range map[string]int{"möbelh": 3, "moebelh": 3, "mobelh": 3, "möb": 3, "moeb": 3, "MÖBELHAUS": 3, `"möbelhaus"`: 3, "mo": 4, "möbelx": 0} {
		r := sn.Search(&Query{Currency: "EUR", Text: Parse(text, Vocabulary{Languages: []Language{"de"}}), Limit: 9})
		if len(r.Places) > 0 && r.Places[0].Similar {
			r.Total = 0
		}
		if r.Total != want {
			t.Errorf("%s finds %d, want %d", text, r.Total, want)
		}
	}
}

func TestEveryLanguageHasAStemmer(t *testing.T) {
	t.Parallel()
	if len(Languages()) != len(stemmers) || !slices.Contains(Languages(), "en") {
		t.Errorf("%v", Languages())
	}
	for _, l := range Languages() {
		if l.stem("42") != "42" || l.stem("日本語") != "日本語" {
			t.Errorf("%s changes words of other languages", l)
		}
	}
}
