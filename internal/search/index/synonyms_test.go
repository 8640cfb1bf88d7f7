package index

import (
	"strings"
	"testing"
)

// Whoever writes a list is told which line is wrong and why.
func TestSynonymsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"sofa":                                  `line 1: "sofa" has no synonym; write them with commas between, or an arrow =>`,
		"sofa, couch\n\nchair":                  `line 3: "chair" has no synonym; write them with commas between, or an arrow =>`,
		"sofa, , couch":                         `line 1: there is no word in ""`,
		"sofa =>":                               `line 1: there is no word in ""`,
		"=> sofa":                               `line 1: there is no word in ""`,
		"a => b => c":                           `line 1: "a => b => c" has two arrows`,
		"%, sofa":                               `line 1: there is no word in "%"`,
		"a very long name of one, thing":        `line 1: "a very long name of one" has more than 4 words`,
		strings.Repeat("a,", mostMembers) + "b": "line 1: more than 20 words in one rule",
		strings.Repeat("a, b\n", mostRules+1):   "line 2001: a list has 2000 rules at most",
	} {
		if _, err := ParseSynonyms(list, nil); err == nil || err.Error() != want {
			t.Errorf("%.40q: %v, want %s", list, err, want)
		}
	}
	for _, list := range []string{"", "\n \n", "# nothing", "a => a", "tv, television\r\ncouch => sofa\r\n"} {
		if _, err := ParseSynonyms(list, nil); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}
