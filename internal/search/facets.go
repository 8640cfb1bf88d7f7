package search

import (
	"slices"
	"strconv"
	"strings"

	"souk/internal/money"
)

// Facet is a filter that can be set, with how many products each value leaves.
type Facet struct {
	Key    string       `json:"key" doc:"The parameter to send: brand, attr[color]. A price range is sent as price[gte] and price[lte], a rating as rating[gte]."`
	Label  string       `json:"label"`
	Values []FacetValue `json:"values"`
}

// FacetValue is one choice.
type FacetValue struct {
	Value    string `json:"value" doc:"As it is asked for: of an attribute, a comma or backslash within has a backslash before it."`
	Label    string `json:"label"`
	Count    int64  `json:"count"`
	Selected bool   `json:"selected"`
}

// countRow is one count with the names of what was counted.
type countRow struct {
	Facet    string
	KeyLabel string
	Value    string
	Label    string
	Count    int64
	Selected bool
}

// fixedFacets stand before those of attributes, in this order.
var fixedFacets = []struct{ key, label string }{
	{"category", "Category"},
	{"brand", "Brand"},
	{"vendor", "Vendor"},
	{"price", "Price"},
	{"in_stock", "Availability"},
	{"rating", "Rating"},
}

// mostAttributeFacets is how many attributes are shown: those that most of what
// was found has, and those that are selected.
const mostAttributeFacets = 20

// facetsOf puts the counts together. Facets without a value are left out.
func facetsOf(q Query, counts []countRow) []Facet {
	by := map[string][]countRow{}
	var attributes []string
	for _, c := range counts {
		if strings.HasPrefix(c.Facet, "attr[") && by[c.Facet] == nil {
			attributes = append(attributes, c.Facet)
		}
		by[c.Facet] = append(by[c.Facet], c)
	}
	list := []Facet{}
	for _, f := range fixedFacets {
		var values []FacetValue
		switch f.key {
		case "price":
			values = priceValues(q, by[f.key])
		case "rating":
			values = ratingValues(q, by[f.key])
		case "in_stock":
			values = stockValues(q, by[f.key])
		default:
			values = plainValues(by[f.key])
		}
		if len(values) > 0 {
			list = append(list, Facet{f.key, f.label, values})
		}
	}
	return append(list, attributeFacets(attributes, by)...)
}

func plainValues(counts []countRow) []FacetValue {
	values := make([]FacetValue, 0, len(counts))
	for _, c := range counts {
		values = append(values, FacetValue{c.Value, c.Label, c.Count, c.Selected})
	}
	return values
}

func attributeFacets(keys []string, by map[string][]countRow) []Facet {
	weight := func(key string) (w int64) {
		for _, c := range by[key] {
			w += c.Count
			if c.Selected {
				w += 1 << 40
			}
		}
		return w
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := weight(b) - weight(a); d != 0 {
			return int(max(-1, min(1, d)))
		}
		return strings.Compare(a, b)
	})
	list := make([]Facet, 0, min(len(keys), mostAttributeFacets))
	for _, key := range keys[:min(len(keys), mostAttributeFacets)] {
		counts := by[key]
		slices.SortFunc(counts, func(a, b countRow) int {
			if a.Count != b.Count {
				return int(max(-1, min(1, b.Count-a.Count)))
			}
			return strings.Compare(a.Value, b.Value)
		})
		list = append(list, Facet{key, counts[0].KeyLabel, plainValues(counts)})
	}
	return list
}

func stockValues(q Query, counts []countRow) []FacetValue {
	values := plainValues(counts)
	for i := range values {
		values[i].Label = map[string]string{"true": "In stock", "false": "Out of stock"}[values[i].Value]
		values[i].Selected = values[i].Value == q.InStock
	}
	slices.SortFunc(values, func(a, b FacetValue) int { return strings.Compare(b.Value, a.Value) })
	return values
}

// ratingValues adds up: 4 and more, 3 and more, 2 and more, 1 and more.
func ratingValues(q Query, counts []countRow) []FacetValue {
	var values []FacetValue
	total := int64(0)
	for stars := 5; stars >= 1; stars-- {
		text := strconv.Itoa(stars)
		for _, c := range counts {
			if c.Value == text {
				total += c.Count
			}
		}
		if stars < 5 && total > 0 {
			values = append(values, FacetValue{text, text + " and more", total, q.RatingMin == float64(stars)})
		}
	}
	return values
}

// mostPriceRanges is into how many ranges prices are divided at most.
const mostPriceRanges = 6

// priceEdges are round figures, eight to a power of ten, in minor units.
func priceEdges(c money.Currency) []int64 {
	first := int64(1)
	for range c.Decimals() {
		first *= 10
	}
	var edges []int64
	for power := first; power < anyPrice; power *= 10 {
		for _, step := range []int64{100, 150, 200, 250, 300, 400, 500, 750} {
			if edge := power * step / 100; edge*100 == power*step {
				edges = append(edges, edge)
			}
		}
	}
	return edges
}

// priceValues joins the narrow ranges that were counted into few that hold
// about as many products each. They cover every price without a gap.
func priceValues(q Query, counts []countRow) []FacetValue {
	edges := priceEdges(q.Currency)
	in := make([]int64, len(edges)+1) // the count below edges[0], then from each edge
	total := int64(0)
	for _, c := range counts {
		if bucket, err := strconv.Atoi(c.Value); err == nil && bucket < len(in) {
			in[bucket] += c.Count
			total += c.Count
		}
	}
	if total == 0 {
		return nil
	}
	var values []FacetValue
	low, held, seen := int64(0), int64(0), int64(0)
	for bucket, n := range in {
		held, seen = held+n, seen+n
		switch {
		case seen == total:
			return append(values, priceValue(q, Range{low, anyPrice}, held))
		case held*mostPriceRanges >= total:
			values = append(values, priceValue(q, Range{low, edges[bucket] - 1}, held))
			low, held = edges[bucket], 0
		}
	}
	return values
}

func priceValue(q Query, r Range, n int64) FacetValue {
	from, to := money.Of(r.Min, q.Currency), money.Of(r.Max, q.Currency)
	v := FacetValue{Count: n, Selected: r == q.Price && r != Range{0, anyPrice}}
	switch {
	case r.Max == anyPrice:
		v.Value, v.Label = strconv.FormatInt(r.Min, 10)+"-", "from "+from.String()
	case r.Min == 0:
		v.Value, v.Label = "0-"+strconv.FormatInt(r.Max, 10), "up to "+to.String()
	default:
		v.Value, v.Label = strconv.FormatInt(r.Min, 10)+"-"+strconv.FormatInt(r.Max, 10), from.String()+" to "+to.String()
	}
	return v
}
