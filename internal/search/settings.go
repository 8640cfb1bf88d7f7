package search

import (
	"fmt"
	"slices"
	"strings"

	"souk/internal/platform/settings"
	"souk/internal/search/index"
)

// longestSynonyms is the size of a list, in bytes.
const longestSynonyms = 100_000

// What staff may decide about search.
var (
	LanguagesSetting = settings.Value[string]{
		Key: "search.languages",
		Help: "The languages that the catalogue is written in, by their codes with commas between: \"de,en\". Their forms of a word find each other. " +
			"There are " + known() + ".",
		Default: "en", Complain: complainOfLanguages,
	}
	SynonymsSetting = settings.Value[string]{
		Key: "search.synonyms",
		Help: "Words that find each other, a rule on each line: \"sofa, couch, settee\" in every direction, \"trainers => sneakers\" in one. " +
			"A line that begins with # is a remark.",
		Complain: complainOfSynonyms,
	}
	PastQueriesSetting = settings.Value[bool]{
		Key:     "search.past_queries",
		Help:    "Suggest what several visitors have searched for and found. Off, nothing of it is kept.",
		Default: true,
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{LanguagesSetting, SynonymsSetting, PastQueriesSetting}
}

func known() string {
	var codes []string
	for _, l := range index.Languages() {
		codes = append(codes, string(l))
	}
	return strings.Join(codes, ", ")
}

// languages reads "de, en".
func languages(list string) []index.Language {
	var read []index.Language
	for code := range strings.SplitSeq(list, ",") {
		read = append(read, index.Language(strings.TrimSpace(code)))
	}
	return read
}

func complainOfLanguages(list string) string {
	read := languages(list)
	for i, l := range read {
		if !slices.Contains(index.Languages(), l) {
			return fmt.Sprintf("%q is none of %s.", l, known())
		}
		if slices.Contains(read[:i], l) {
			return fmt.Sprintf("%q is there twice.", l)
		}
	}
	return ""
}

func complainOfSynonyms(list string) string {
	if len(list) > longestSynonyms {
		return fmt.Sprintf("The list is longer than %d bytes.", longestSynonyms)
	}
	if _, err := index.ParseSynonyms(list, nil); err != nil {
		return "This list cannot be read, " + err.Error() + "."
	}
	return ""
}
