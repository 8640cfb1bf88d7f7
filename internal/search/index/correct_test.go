package index

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A correction is for texts that find little, and finds more.
func TestCorrectionsFindMore(t *testing.T) {
	t.Parallel()
	corrected := 0
	rapid.Check(t, func(t *rapid.T) {
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		n := newNaive()
		for range rapid.IntRange(0, 60).Draw(t, "documents") {
			d := r.document()
			n.docs[d.Product] = d
		}
		ix := New(testOptions(), slices.Values(n.list()))
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			r.apply(ix, n)
		}
		exactly := func(q *Query) (n2, filtered int) {
			for _, d := range n.docs {
				if n.textWeight(q.Text, d) > 0 {
					n2++
					if n.fits(q, d, none) {
						filtered++
					}
				}
			}
			return n2, filtered
		}
		for range 8 {
			q, v, text := r.query(), r.vocabulary(), pick(r, someTexts)
			q.Text = Parse(text, v)
			words := ix.Snapshot().Correct(q, text, v)
			if words == nil {
				continue
			}
			corrected++
			before, filtered := exactly(q)
			q.Text = Parse(Replace(text, words), v)
			if after, more := exactly(q); before > Few || after <= before || more <= filtered {
				t.Fatalf("%s with %v: %d and %d of them under the filters, before %d and %d", text, words, after, more, before, filtered)
			}
		}
	})
	if corrected == 0 {
		t.Error("nothing was corrected")
	}
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	var docs []*Document
	add := func(n int, title string, skus ...string) {
		for range n {
			docs = append(docs, &Document{Product: thing(9, len(docs)), Title: title, SKUs: skus, Prices: []Price{{"USD", int64(100 + len(docs))}}})
		}
	}
	add(40, "leather jacket")
	add(20, "leather weather shoe")
	add(8, "lamp shade")
	add(1, "jackal mask")
	add(1, "lether strap", "jaket")
	sn := New(testOptions(), slices.Values(docs)).Snapshot()
	v := Vocabulary{Languages: []Language{"en"}}
	for text, want := range map[string]string{
		"lether jaket":           "leather jacket", // "lether" is a word of the shop,
		"lether":                 "leather",        // but a rare one
		"leather jakcet":         "leather jacket",
		`"leather jakcet" -mask`: `"leather jacket" -mask`,
		"Leather Jakcet!":        "Leather jacket!",
		"lampshade":              "lamp shade",
		"jackal":                 "", // a real word that finds what it should
		"jackets":                "",
		"jaket":                  "", // a SKU
		"jack":                   "", // goes on
		"leather xyzzyx":         "",
		"leather -jakcet":        "",
		"jakcet or shoe":         "",
		"":                       "",
	} {
		q := &Query{Currency: "USD", Text: Parse(text, v)}
		got := ""
		if words := sn.Correct(q, text, v); words != nil {
			got = Replace(text, words)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	q := &Query{Currency: "USD", Text: Parse("jakcet", v), Price: &Range{5000, 6000}}
	if words := sn.Correct(q, "jakcet", v); words != nil {
		t.Errorf("%v, which finds nothing under the filters", words)
	}
	if product, ok := sn.Example("jackal"); !ok || product != thing(9, 68) {
		t.Errorf("jackal stands in %v", product)
	}
	if got := Spelling("The  MÖBEL, again", "mobel"); got != "MÖBEL" {
		t.Errorf("mobel is written %q", got)
	}
}

// A name goes on from what is begun at one of its words, give or take typos.
func TestCompletions(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("abcé日 "))
	text := rapid.StringOfN(letters, 1, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		begun := Fold(text.Draw(t, "begun"))
		var names []string
		for _, name := range rapid.SliceOfN(text, 1, 20).Draw(t, "names") {
			names = append(names, Fold(name))
		}
		if begun == "" {
			return
		}
		var want [3][]int // by typos
		for n, name := range names {
			if typos := typosIn(begun, name); typos <= tolerance(begun) {
				want[typos] = append(want[typos], n)
			}
		}
		var got [][]int
		for some := range NewCompletions(len(names), func(n int) []string { return names[n : n+1] }).Of(begun) {
			got = append(got, some)
		}
		if wanted := slices.DeleteFunc(want[:], func(some []int) bool { return len(some) == 0 }); !slices.EqualFunc(got, wanted, slices.Equal) {
			t.Fatalf("%q is gone on from in %v of %q, want %v", begun, got, names, wanted)
		}
	})
}

// typosIn is how many typos what is begun has, if name goes on from it.
func typosIn(begun, name string) int {
	fewest := len(begun)
	for at := range name {
		if at > 0 && name[at-1] != ' ' {
			continue
		}
		runes := []rune(name[at:])
		for end := range len(runes) + 1 {
			fewest = min(fewest, tableDistance(begun, string(runes[:end])))
		}
	}
	return fewest
}
