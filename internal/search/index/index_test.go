package index

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// describe is a query for the eyes of whoever reads a failure.
func describe(q *Query) string {
	text := "none"
	if q.Text != nil {
		text = fmt.Sprintf("%+v", *q.Text)
	}
	return fmt.Sprintf("%+v\ntext %s", *q, text)
}

// The order of counts does not matter.
var (
	byKey   = cmpopts.SortSlices(func(a, b Count[uuid.UUID]) bool { return compareProducts(a.Key, b.Key) < 0 })
	byValue = cmpopts.SortSlices(func(a, b Count[int32]) bool { return a.Key < b.Key })
)

// compare reads all pages of q and holds them against the naive answer.
func compare(t rapid.TB, sn *Snapshot, n *naive, q Query) {
	want := n.search(&q, someEdges)
	places := []Place{}
	for first := true; ; first = false {
		got := sn.Search(&q)
		if got.Total != want.Total {
			t.Fatalf("%s\n%d found, want %d", describe(&q), got.Total, want.Total)
		}
		if first && q.Counts {
			if diff := cmp.Diff(want.Counts, got.Counts, cmpopts.EquateEmpty(), byKey, byValue); diff != "" && want.Total+len(n.docs) > 0 && !nobodyCounts(got.Counts, want.Counts) {
				t.Fatalf("%s\ncounts %s", describe(&q), diff)
			}
		}
		places = append(places, got.Places...)
		if got.More && len(got.Places) != q.Limit || len(got.Places) > q.Limit {
			t.Fatalf("%s\npage of %d", describe(&q), len(got.Places))
		}
		if !got.More {
			break
		}
		q.After, q.Counts = &got.Places[len(got.Places)-1], false
	}
	if diff := cmp.Diff(want.Places, places); diff != "" {
		q.After = nil
		t.Fatalf("%s\nplaces %s", describe(&q), diff)
	}
}

// nobodyCounts reports whether both have counted nothing in a currency that no
// part has, whose price ranges nobody knows.
func nobodyCounts(got, want *Counts) bool {
	return len(got.Price) == 0 && !slices.ContainsFunc(want.Price, func(n int) bool { return n > 0 })
}

// Totals, order, pages and counts equal a naive scan on random catalogues,
// filters and texts, in an index of one segment and of many.
func TestSearchEqualsNaiveScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		n := newNaive()
		for range rapid.IntRange(0, 80).Draw(t, "documents") {
			d := r.document()
			n.docs[d.Product] = d
		}
		ix := New(testOptions(), slices.Values(n.list()))
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			r.apply(ix, n)
		}
		if rapid.Bool().Draw(t, "merge") {
			ix.MergeBase()
		}
		for range 8 {
			compare(t, ix.Snapshot(), n, *r.query())
		}
	})
}

// apply changes some documents of both.
func (r *random) apply(ix *Index, n *naive) {
	var put []*Document
	var removed []uuid.UUID
	named := map[uuid.UUID]bool{}
	all := n.list()
	for range r.IntN(6) {
		d := r.document()
		if len(all) > 0 && r.IntN(4) > 0 {
			d = r.change(pick(r, all))
		}
		if named[d.Product] {
			continue
		}
		named[d.Product] = true
		if r.IntN(5) == 0 {
			removed = append(removed, d.Product)
			delete(n.docs, d.Product)
		} else {
			put = append(put, d)
			n.docs[d.Product] = d
		}
	}
	ix.Apply(put, removed)
}

// A page that is asked for after changes goes on where the last one ended: who
// has not moved is seen once, whatever became of the product on the seam.
func TestCursorSurvivesChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		n := newNaive()
		for range 80 {
			d := r.document()
			n.docs[d.Product] = d
		}
		ix := New(testOptions(), slices.Values(n.list()))
		q := Query{Currency: "USD", Sort: Sort(r.IntN(int(ByName) + 1)), Limit: 7}
		steady := map[Place]bool{} // who has not moved so far
		for _, p := range n.search(&q, someEdges).Places {
			steady[p] = true
		}
		seen := map[uuid.UUID]int{}
		for {
			got := ix.Snapshot().Search(&q)
			for _, p := range got.Places {
				seen[p.Product]++
			}
			if !got.More {
				break
			}
			q.After = &got.Places[len(got.Places)-1]
			r.apply(ix, n)
			now := n.search(&q, someEdges).Places
			maps.DeleteFunc(steady, func(p Place, _ bool) bool { return !slices.Contains(now, p) })
		}
		for p := range steady {
			if seen[p.Product] != 1 {
				t.Fatalf("%v has not moved and was seen %d times", p, seen[p.Product])
			}
		}
	})
}

// The words that the first page was found by may be gone when the next one is
// asked for; it does not go on with something else.
func TestNextPageIsOfTheSameList(t *testing.T) {
	t.Parallel()
	doc := func(n int, title string) *Document {
		return &Document{Product: thing(9, n), Title: title, Prices: []Price{{"USD", 100}}}
	}
	ix := New(testOptions(), slices.Values([]*Document{doc(1, "lamb"), doc(2, "lamb"), doc(3, "lamp"), doc(4, "lamp")}))
	q := &Query{Currency: "USD", Text: Parse("lamp.", Vocabulary{Languages: []Language{"en"}}), Sort: ByRelevance, Limit: 1}
	first := ix.Snapshot().Search(q)
	if first.Total != 2 || !first.More {
		t.Fatalf("%+v", first)
	}
	ix.Apply(nil, []uuid.UUID{thing(9, 3), thing(9, 4)})
	q.After = &first.Places[0]
	if second := ix.Snapshot().Search(q); len(second.Places) != 0 {
		t.Errorf("the second page has %+v", second.Places)
	}
	q.After = nil
	similar := ix.Snapshot().Search(q)
	if similar.Total != 2 || !similar.Places[0].Similar {
		t.Fatalf("asked anew: %+v", similar)
	}
	q.After = &similar.Places[0]
	if next := ix.Snapshot().Search(q); len(next.Places) != 1 || next.Places[0].Product != thing(9, 1) {
		t.Errorf("the second page of what resembles the text has %+v", next.Places)
	}
}

// Any range of an order is the set of what stands in it.
func TestOrderBetween(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := newRandom(seed)
		keys := make([]uint64, 1+random.IntN(400))
		for i := range keys {
			keys[i] = random.Uint64N(50)
		}
		o := order{docs: sorted(len(keys), func(doc uint32) uint64 { return keys[doc] }, func(a, b uint32) int { return int(a) - int(b) })}
		o.divide()
		a := random.IntN(len(keys))
		b := a + random.IntN(len(keys)-a+1)
		if got, want := o.between(a, b).ToArray(), slices.Sorted(slices.Values(o.docs[a:b])); !slices.Equal(got, want) {
			t.Fatalf("from %d to %d of %d: %v, want %v", a, b, len(keys), got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("abcé日"))
	word := rapid.StringOfN(letters, 0, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		whole, beginning := newPattern(a).distance(b)
		if want := tableDistance(a, b); whole != want {
			t.Fatalf("%q to %q: %d, want %d", a, b, whole, want)
		}
		nearest, runes := len([]rune(a)), []rune(b)
		for end := range len(runes) + 1 {
			nearest = min(nearest, tableDistance(a, string(runes[:end])))
		}
		if beginning != nearest {
			t.Fatalf("%q to a beginning of %q: %d, want %d", a, b, beginning, nearest)
		}
	})
	for _, pair := range []struct {
		a, b string
		want int
	}{{"lamp", "lmap", 1}, {"table", "tables", 1}, {"jacket", "jaket", 1}, {strings.Repeat("x", 64), strings.Repeat("x", 63) + "y", 1}} {
		if got, _ := newPattern(pair.a).distance(pair.b); got != pair.want {
			t.Errorf("%s to %s: %d, want %d", pair.a, pair.b, got, pair.want)
		}
	}
}

func TestNearMissesNoTerm(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("abcdeé日9"))
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.StringOfN(letters, 1, 12, -1), 1, 30, rapid.ID[string]).Draw(t, "terms")
		s := &segment{rows: newRows()}
		for _, term := range list {
			s.dictionary.add(term)
		}
		s.lexicon.fill(&s.dictionary)
		word, typos := rapid.StringOfN(letters, 1, 12, -1).Draw(t, "word"), rapid.IntRange(1, 2).Draw(t, "typos")
		numbers := s.near(word, typos)
		for n, term := range list {
			if want := tableDistance(word, term) == typos; want != slices.Contains(numbers, uint32(n)) {
				t.Fatalf("%q %d from %q: want %v", term, typos, word, want)
			}
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	word := func(w string) clause { return clause{ways: []way{{words: []string{w}}}} }
	begun := func(w string) clause { return clause{ways: []way{{words: []string{w}, unfinished: true}}} }
	not := func(c clause) clause { c.not = true; return c }
	hyphen := func(words ...string) clause {
		return clause{ways: []way{{words: words}, {words: []string{strings.Join(words, "")}}}}
	}
	quoted := func(words ...string) clause { return clause{ways: []way{{words: words}}, quoted: true} }
	for text, want := range map[string][][]clause{
		"oak elm":             {{word("oak"), begun("elm")}},
		`"oak elm"`:           {{quoted("oak", "elm")}},
		"oak-elm ":            {{hyphen("oak", "elm")}},
		"Oak -elm":            {{word("oak"), not(word("elm"))}},
		"oak or elm ash":      {{word("oak")}, {word("elm"), word("ash")}},
		`-"oak elm" ash!`:     {{not(quoted("oak", "elm")), word("ash")}},
		"or":                  {{begun("or")}},
		`"unclosed quote`:     {{quoted("unclosed", "quote")}},
		"men's lamp ’s oak’s": {{word("men"), word("lamp"), begun("oak")}},
		`a-b c-d "e f" -"g h" i-j`: {{
			hyphen("a", "b"), hyphen("c", "d"), quoted("e", "f"), not(quoted("g", "h")),
			{ways: []way{{words: []string{"i", "j"}, unfinished: true, apart: true}}}, // the fifth phrase is of words
		}},
		strings.Repeat("oak ", mostWords) + "elm ": {slices.Repeat([]clause{word("oak")}, mostWords)},
		strings.Repeat("oak-", mostWords) + "elm ": {{hyphen(slices.Repeat([]string{"oak"}, mostWords)...)}},
		"- -- \" \" \"\" ((%_ & |":                 nil,
		"":                                         nil,
		"couches oak":                              {{{ways: []way{{words: []string{"couches"}}, {words: []string{"sofa"}}, {words: []string{"day", "bed"}}}}, begun("oak")}},
		"sofas":                                    {{{ways: []way{{words: []string{"sofas"}, unfinished: true}, {words: []string{"couch"}}, {words: []string{"day", "bed"}}}}}},
		"oak day beds":                             {{word("oak"), {ways: []way{{words: []string{"day", "beds"}, unfinished: true, apart: true}, {words: []string{"couch"}}, {words: []string{"sofa"}}}}}},
		"day-bed ":                                 {{{ways: []way{{words: []string{"day", "bed"}}, {words: []string{"daybed"}}, {words: []string{"couch"}}, {words: []string{"sofa"}}}}}},
		`"sofa" -sofa day "bed" `:                  {{quoted("sofa"), not(word("sofa")), word("day"), quoted("bed")}},
		"trainer ":                                 {{{ways: []way{{words: []string{"trainer"}}, {words: []string{"sneakers"}}}}}},
		"sneakers ":                                {{word("sneakers")}}, // the arrow has one end
	} {
		languages := []Language{"en"}
		synonyms, err := ParseSynonyms("couch, sofa, day bed\n\n# shoes\ntrainers => sneakers", languages)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, Parse(text, Vocabulary{languages, synonyms}).alternatives, cmp.AllowUnexported(clause{}, way{})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range someTexts {
		f.Add(text)
	}
	r := newRandom(1)
	n := newNaive()
	for range 50 {
		d := r.document()
		n.docs[d.Product] = d
	}
	sn := New(testOptions(), slices.Values(n.list())).Snapshot()
	f.Fuzz(func(t *testing.T, text string) {
		q := &Query{Currency: "USD", Text: Parse(text, r.vocabulary()), Sort: ByRelevance, Limit: 10, Counts: true}
		if got, want := sn.Search(q).Total, n.search(q, someEdges).Total; got != want {
			t.Errorf("%q finds %d, want %d", text, got, want)
		}
	})
}
