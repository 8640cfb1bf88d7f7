package index

import (
	"fmt"
	"slices"
	"strings"
)

// Vocabulary is what the words of queries mean in a shop.
type Vocabulary struct {
	Languages []Language // whose forms of a word it finds besides itself
	Synonyms  Synonyms
}

// Synonyms are the other words that words find, by the stems of those.
type Synonyms map[string][][]string

// What a list of synonyms may hold at most.
const (
	mostRules    = 2000
	mostMembers  = 20 // of a rule
	longestMatch = 4  // words of a member
)

// ParseSynonyms reads a list in the form that search servers share, a rule on
// each line:
//
//	sofa, couch, settee              each finds the others
//	trainers => sneakers, gym shoes  what is on the left finds what is on the right
//	# a remark
//
// The error says which line is wrong, and why.
func ParseSynonyms(list string, languages []Language) (Synonyms, error) {
	s := Synonyms{}
	rules := 0
	for n, line := range strings.Split(list, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if rules++; rules > mostRules {
			return nil, fmt.Errorf("line %d: a list has %d rules at most", n+1, mostRules)
		}
		if err := s.add(line, languages); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return s, nil
}

func (s Synonyms) add(rule string, languages []Language) error {
	left, right, oneWay := strings.Cut(rule, "=>")
	if strings.Contains(right, "=>") {
		return fmt.Errorf("%q has two arrows", rule)
	}
	from, err := members(left)
	if err != nil {
		return err
	}
	to := from
	if oneWay {
		if to, err = members(right); err != nil {
			return err
		}
	} else if len(from) < 2 {
		return fmt.Errorf("%q has no synonym; write them with commas between, or an arrow =>", rule)
	}
	for _, words := range from {
		for _, other := range to {
			s.join(words, other, languages)
		}
	}
	return nil
}

func members(list string) ([][]string, error) {
	var all [][]string
	for member := range strings.SplitSeq(list, ",") {
		words := slices.Collect(terms(member))
		switch {
		case len(words) == 0:
			return nil, fmt.Errorf("there is no word in %q", strings.TrimSpace(member))
		case len(words) > longestMatch:
			return nil, fmt.Errorf("%q has more than %d words", strings.TrimSpace(member), longestMatch)
		}
		all = append(all, words)
	}
	if len(all) > mostMembers {
		return nil, fmt.Errorf("more than %d words in one rule", mostMembers)
	}
	return all, nil
}

func (s Synonyms) join(words, other []string, languages []Language) {
	for _, key := range synonymKeys(words, languages) {
		known := func(w []string) bool { return slices.Equal(w, other) }
		if !slices.Equal(words, other) && !slices.ContainsFunc(s[key], known) && len(s[key]) < mostMembers {
			s[key] = append(s[key], other)
		}
	}
}

// of are the synonyms of words in a row.
func (v Vocabulary) of(words []string) [][]string {
	var all [][]string
	for _, key := range synonymKeys(words, v.Languages) {
		for _, other := range v.Synonyms[key] {
			if !slices.ContainsFunc(all, func(w []string) bool { return slices.Equal(w, other) }) {
				all = append(all, other)
			}
		}
	}
	return all
}

// synonymKeys are the words as they are and their stems in each language.
func synonymKeys(words []string, languages []Language) []string {
	keys := []string{strings.Join(words, " ")}
	for _, l := range languages {
		stems := make([]string, len(words))
		for i, w := range words {
			stems[i] = l.stem(w)
		}
		keys = append(keys, string(l)+": "+strings.Join(stems, " "))
	}
	return keys
}
