package index

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/spanish"
)

// Language is one whose forms of words are known, by its code: "en". A document
// may mix them, and so may a query: a word finds its forms in each language of
// the shop.
type Language string

// stemmers give what the forms of a folded word have in common.
var stemmers = map[Language]func(term string) string{
	"de": func(term string) string { return snowball(german.Stem, plainVowels(term)) },
	"en": func(term string) string { return snowball(english.Stem, term) }, // Porter2
	"es": func(term string) string { return snowball(spanish.Stem, term) },
	"fr": func(term string) string { return snowball(french.Stem, term) },
	"hi": stemHindi,
	"it": func(term string) string { return snowball(italian.Stem, term) },
	"nl": func(term string) string { return snowball(dutch.Stem, term) },
	"pt": func(term string) string { return snowball(portuguese.Stem, term) },
}

// Languages are those whose forms of words are known, by the alphabet.
func Languages() []Language {
	var list []Language
	for l := range stemmers {
		list = append(list, l)
	}
	slices.Sort(list)
	return list
}

// stem of a term that is no word of the language is mostly the term.
func (l Language) stem(term string) string {
	if stem := stemmers[l]; stem != nil {
		return stem(term)
	}
	return term
}

// environments are those of snowball, which are not for two at once.
var environments = sync.Pool{New: func() any { return snowballstem.NewEnv("") }}

// snowball stems terms of Latin letters.
func snowball(stem func(*snowballstem.Env) bool, term string) string {
	for i := 0; i < len(term); i++ {
		if term[i] < 'a' || term[i] > 'z' {
			return term
		}
	}
	env := environments.Get().(*snowballstem.Env)
	defer environments.Put(env)
	env.SetCurrent(term)
	stem(env)
	return env.Current()
}

// plainVowels writes a German vowel that stands for one with dots, as in
// "moebel", as Fold does the dotted one. Not so in "neue" and "quelle".
func plainVowels(term string) string {
	if !strings.Contains(term, "ae") && !strings.Contains(term, "oe") && !strings.Contains(term, "ue") {
		return term
	}
	var b strings.Builder
	for i := 0; i < len(term); i++ {
		b.WriteByte(term[i])
		switch {
		case i+1 == len(term) || term[i+1] != 'e':
		case term[i] == 'a', term[i] == 'o', term[i] == 'u' && (i == 0 || !strings.ContainsRune("aeioq", rune(term[i-1]))):
			i++
		}
	}
	return b.String()
}

// shortestSpelling is how many letters the beginning of a word must have for
// its other spellings to be looked for.
const shortestSpelling = 3

// spelling is the beginning of a word as stems spell it, in languages whose
// words are spelt in more than one way: what somebody writes who begins with
// "moeb" and means "Möbel".
func (l Language) spelling(prefix string) (spelt string, ok bool) {
	if l != "de" {
		return "", false
	}
	spelt = plainVowels(prefix)
	return spelt, utf8.RuneCountInString(spelt) >= shortestSpelling
}

// endings of Hindi words by their length in letters, the longest first
// (Ramanathan and Rao, "A lightweight stemmer for Hindi", 2003), folded.
var endings = func() [][]string {
	return [][]string{
		5: foldedFields("ाएंगी ाएंगे ाऊंगी ाऊंगा ाइयाँ ाइयों ाइयां"),
		4: foldedFields("ाएगी ाएगा ाओगी ाओगे एंगी ेंगी एंगे ेंगे ूंगी ूंगा ातीं नाओं नाएं ताओं ताएं ियाँ ियों ियां"),
		3: foldedFields("ाकर ाइए ाईं ाया ेगी ेगा ोगी ोगे ाने ाना ाते ाती ाता तीं ाओं ाएं ुओं ुएं ुआं"),
		2: foldedFields("कर ाओ िए ाई ाए ने नी ना ते ीं ती ता ाँ ां ों ें"),
		1: foldedFields("ो े ू ु ी ि ा"),
	}
}()

func foldedFields(s string) []string { return strings.Fields(Fold(s)) }

// stemHindi takes the longest ending off that leaves two letters.
func stemHindi(term string) string {
	if first, _ := utf8.DecodeRuneInString(term); first < 0x0900 || first > 0x097F {
		return term
	}
	letters := utf8.RuneCountInString(term)
	for length := len(endings) - 1; length > 0; length-- {
		if letters < length+2 {
			continue
		}
		for _, ending := range endings[length] {
			if stem, ok := strings.CutSuffix(term, ending); ok {
				return stem
			}
		}
	}
	return term
}
