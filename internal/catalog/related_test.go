package catalog

import (
	"slices"
	"testing"

	"souk/internal/id"
)

// A file takes the places of what it would name; what it cannot name stays where
// it is, once.
func TestAFileLeavesRelationsThatItCannotName(t *testing.T) {
	t.Parallel()
	a, b, c, other, gone := id.New[id.Product](), id.New[id.Product](), id.New[id.Product](), id.New[id.Product](), id.New[id.Product]()
	told := []id.Product{a, b, c}
	for name, of := range map[string]struct{ now, says, want []id.Product }{
		"the same":          {[]id.Product{other, a, gone, b}, []id.Product{a, b}, []id.Product{other, a, gone, b}},
		"in another order":  {[]id.Product{a, other, b}, []id.Product{b, a}, []id.Product{b, other, a}},
		"one less":          {[]id.Product{a, other, b}, []id.Product{b}, []id.Product{b, other}},
		"one more":          {[]id.Product{a, other}, []id.Product{a, c}, []id.Product{a, other, c}},
		"none any more":     {[]id.Product{a, other}, nil, []id.Product{other}},
		"one that was gone": {[]id.Product{gone, a}, []id.Product{a, gone}, []id.Product{a, gone}},
		"where none was":    {nil, []id.Product{a, b}, []id.Product{a, b}},
	} {
		got := Relations{Upsell: of.now}.refilled(Relations{Upsell: of.says}, told)
		if !slices.Equal(got.Upsell, of.want) || len(got.Related)+len(got.CrossSell) > 0 {
			t.Errorf("%s: %v, want %v", name, got.Upsell, of.want)
		}
	}
	many := make([]id.Product, maxRelated+1)
	for i := range many {
		many[i] = id.New[id.Product]()
	}
	if bad := (Product{}).relatedTo(Relations{Related: many}, many); len(bad) != 1 || bad[0].Code != "too_many" {
		t.Errorf("%d of a kind: %v", len(many), bad)
	}
	if bad := (Product{}).relatedTo(Relations{Related: many[1:]}, many); len(bad) > 0 {
		t.Errorf("%d of a kind: %v", maxRelated, bad)
	}
}
