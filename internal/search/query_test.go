package search

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

// The words of the random shop. None is the beginning of another, and none is
// changed by the stemmer, so that "has the word" is plain.
var someWords = []string{"lamp", "mug", "sofa", "tent", "drum", "kilt", "vest", "bowl"}

// drawShop makes a random catalogue.
func drawShop(t *rapid.T) *shop {
	s := &shop{
		vendors: []thing{newThing("vendor one"), newThing("vendor two"), newThing("vendor three")},
		brands:  []thing{newThing("brand one"), newThing("brand two"), newThing("brand three")},
		tags:    []thing{newThing("tag one"), newThing("tag two")},
	}
	s.vendors[2].Status = "suspended"
	top := s.category("top one", -1)
	s.category("top two", -1)
	below := s.category("below one", top)
	s.category("below two", top)
	s.category("leaf one", below)
	word := rapid.SampledFrom(someWords)
	for range rapid.IntRange(1, 30).Draw(t, "products") {
		p := &product{
			Title:      word.Draw(t, "title") + " " + word.Draw(t, "title"),
			Text:       "<p>" + word.Draw(t, "text") + "</p>",
			Vendor:     rapid.IntRange(0, 2).Draw(t, "vendor"),
			Brand:      rapid.IntRange(-1, 2).Draw(t, "brand"),
			Categories: rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 2, rapid.ID[int]).Draw(t, "categories"),
			Tags:       rapid.SliceOfNDistinct(rapid.IntRange(0, 1), 0, 2, rapid.ID[int]).Draw(t, "tags"),
			Status:     rapid.SampledFrom([]string{"active", "active", "active", "draft"}).Draw(t, "status"),
			Created:    time.Date(2026, 1, rapid.IntRange(1, 5).Draw(t, "day"), 0, 0, 0, 0, time.UTC),
			Rating:     float64(rapid.IntRange(0, 10).Draw(t, "rating")) / 2,
			Sold:       rapid.Int64Range(0, 4).Draw(t, "sold"),
		}
		if rapid.Bool().Draw(t, "has material") {
			p.Attributes = map[string][]string{"Material": {rapid.SampledFrom([]string{"Oak", "oak", "Steel"}).Draw(t, "material")}}
		}
		if rapid.Bool().Draw(t, "has sizes") {
			p.Option = "Size"
		}
		for i := range rapid.IntRange(1, 2).Draw(t, "variants") {
			if i > 0 && p.Option == "" {
				break // two variants without an option would be the same
			}
			v := variant{
				Value: []string{"S", "L"}[i], Prices: map[money.Currency]int64{}, Counted: rapid.Bool().Draw(t, "counted"),
				SKU: fmt.Sprintf("SKU-%d-%d", len(s.products), i), Stock: rapid.IntRange(0, 1).Draw(t, "stock"),
			}
			for _, c := range rapid.SliceOfNDistinct(rapid.SampledFrom([]money.Currency{"USD", "EUR"}), 0, 2, rapid.ID[money.Currency]).Draw(t, "currencies") {
				v.Prices[c] = rapid.SampledFrom([]int64{0, 99, 100, 999, 1000, 5000, 70000}).Draw(t, "price")
			}
			p.Variants = append(p.Variants, v)
		}
		s.products = append(s.products, p)
	}
	return s
}

// drawQuery makes a random query string.
func drawQuery(t *rapid.T, s *shop) url.Values {
	v := url.Values{}
	some := func(name string, list []thing) {
		if rapid.IntRange(0, 3).Draw(t, name+"?") > 0 {
			return
		}
		var values []string
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(list)-1), 1, 2, rapid.ID[int]).Draw(t, name) {
			values = append(values, list[i].Slug)
		}
		v.Set(name, strings.Join(values, ","))
	}
	some("category", s.categories)
	some("brand", s.brands)
	some("vendor", s.vendors)
	some("tag", s.tags)
	one := func(name string, values ...string) {
		if rapid.IntRange(0, 3).Draw(t, name+"?") == 0 {
			v.Set(name, rapid.SampledFrom(values).Draw(t, name))
		}
	}
	one("price[gte]", "0", "100", "999", "1000")
	one("price[lte]", "1000", "5000", "80000")
	one("rating[gte]", "1", "3", "4.5")
	one("in_stock", "true", "false")
	one("attr[material]", "oak", "OAK,steel", "steel", "none")
	one("attr[size]", "s", "L", "s,l")
	one("currency", "USD", "EUR")
	one("q", "lamp", "mug", "lamp mug", "la", "drum ve", `"sofa tent"`, "bowl -mug", "brand one", "nothing")
	one("sort", "relevance", "price", "-price", "-rating", "-popularity", "-created_at", "name")
	return v
}

// TestListingAgainstBruteForce compares what search finds, orders and counts
// with what a loop over the same products does.
func TestListingAgainstBruteForce(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	rapid.Check(t, func(rt *rapid.T) {
		inner, err := tx.Begin(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = inner.Rollback(t.Context()) }()
		s, search := drawShop(rt), newSearch(inner)
		s.insert(t, inner)
		s.refresh(t, inner, search)
		h := serve(t, search)
		for range 5 {
			compare(rt, t, h, s, drawQuery(rt, s), rapid.IntRange(1, 7).Draw(rt, "limit"))
		}
	})
}

func compare(rt *rapid.T, t *testing.T, h http.Handler, s *shop, v url.Values, limit int) {
	m := modelOf(s, v)
	if m.unheardOf() {
		v.Del("q") // would be answered with titles that resemble it, see TestTypos
		m = modelOf(s, v)
	}
	want := m.list()
	var got []string
	v.Set("limit", fmt.Sprint(limit))
	for page := 0; ; page++ {
		first := url.Values{}
		for name, value := range v {
			first[name] = value
		}
		if page == 0 {
			first.Set("facets", "true")
			first.Set("include", "total_count")
		}
		w := get(h, "/api/v1/products?"+first.Encode())
		if w.Code != http.StatusOK {
			rt.Fatalf("%s: %d %s", first.Encode(), w.Code, w.Body)
		}
		l := decode[Listing](t, w.Body.Bytes())
		if page == 0 {
			if *l.TotalCount != int64(len(want)) {
				rt.Fatalf("%s: total_count %d, want %d", first.Encode(), *l.TotalCount, len(want))
			}
			m.compareFacets(rt, l.Facets)
		}
		if len(l.Data) > limit || l.HasMore != (l.NextCursor != "") || l.HasMore && len(l.Data) != limit {
			rt.Fatalf("%s: %d of %d, has_more %v, cursor %q", first.Encode(), len(l.Data), limit, l.HasMore, l.NextCursor)
		}
		for _, card := range l.Data {
			got = append(got, card.Slug)
		}
		if !l.HasMore {
			break
		}
		v.Set("after", l.NextCursor)
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%s\n got %v\nwant %v", v.Encode(), got, want)
	}
}

func TestFirstOfEqualsSorting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.IntRange(0, 50)).Draw(t, "list")
		n := rapid.IntRange(1, 10).Draw(t, "n")
		want := slices.Sorted(slices.Values(list))
		want = want[:min(len(want), n)]
		if got := firstOf(list, n, cmp.Compare[int]); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
