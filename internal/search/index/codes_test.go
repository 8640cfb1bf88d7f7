package index

import (
	"slices"
	"testing"
)

// A number finds its product however it is written.
func TestOneNumberInManySpellings(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"036000291452", "0036000291452", "00036000291452", "0-36000-29145-2", "0 36000 29145 2", "36000291452"},
		{"9780306406157", "978-0-306-40615-7", "0306406152", "0-306-40615-2", "09780306406157"},
		{"043942089X", "0-439-42089-x", "9780439420891"},
		{"96385074", "00000096385074", "000096385074"},
		{"TR-1", "tr-1", " Tr-1 "},
	} {
		for _, a := range same {
			for _, b := range same {
				if !slices.ContainsFunc(Codes(a), func(code string) bool { return slices.Contains(Codes(b), code) }) {
					t.Errorf("%q %q and %q %q are two numbers", a, Codes(a), b, Codes(b))
				}
			}
		}
	}
	for _, other := range [][2]string{
		{"036000291452", "036000291453"}, {"TR-1", "TR1"}, {"0306406153", "9780306406157"}, // a wrong check digit
		{"123", "0123"}, {"1234567", "01234567"},
	} {
		for _, code := range Codes(other[0]) {
			if slices.Contains(Codes(other[1]), code) {
				t.Errorf("%q and %q are one number", other[0], other[1])
			}
		}
	}
	if Codes("") != nil || Codes("  ") != nil {
		t.Error("nothing is a number")
	}
}
