package index

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// naive answers queries by a loop over the documents.
type naive struct {
	docs     map[uuid.UUID]*Document
	meanings map[string]func(term string) bool // of one search
}

// passages are the terms of each text of d, the title's first.
func passages(d *Document) [][]string {
	list := [][]string{slices.Collect(terms(d.Title))}
	for _, text := range d.Texts {
		list = append(list, slices.Collect(terms(text)))
	}
	return list
}

// wordIs reports whether term is what w means by its word i.
func wordIs(w way, i int, term string, languages []Language) bool {
	if sameWord(w.words[i], term, languages) {
		return true
	}
	if !w.unfinished || i < len(w.words)-1 {
		return false
	}
	umlauts := slices.Contains(languages, "de") && len([]rune(plainVowels(w.words[i]))) >= 3 &&
		strings.HasPrefix(Language("de").stem(term), plainVowels(w.words[i]))
	return strings.HasPrefix(term, w.words[i]) || umlauts
}

func clauseIn(c clause, passages [][]string, languages []Language) bool {
	return slices.ContainsFunc(c.ways, func(w way) bool { return wayIn(w, passages, languages) })
}

func wayIn(w way, passages [][]string, languages []Language) bool {
	if w.apart {
		for i := range w.words {
			if !slices.ContainsFunc(slices.Concat(passages...), func(term string) bool { return wordIs(w, i, term, languages) }) {
				return false
			}
		}
		return true
	}
	for _, p := range passages {
		for at := 0; at+len(w.words) <= len(p); at++ {
			all := true
			for i := range w.words {
				all = all && wordIs(w, i, p[at+i], languages)
			}
			if all {
				return true
			}
		}
	}
	return false
}

// textWeight is 0 where x is not found.
func (n *naive) textWeight(x *Expression, d *Document) float64 {
	best, p := 0.0, passages(d)
	for _, clauses := range x.alternatives {
		last := clauses[len(clauses)-1]
		if last.not || !last.ways[0].unfinished {
			best = max(best, weightIn(clauses, p, x.languages))
			continue
		}
		finished := append(slices.Clone(clauses[:len(clauses)-1]), last.finished())
		best = max(best, begunFactor*weightIn(clauses, p, x.languages), weightIn(finished, p, x.languages))
	}
	return best
}

func weightIn(clauses []clause, p [][]string, languages []Language) float64 {
	var titles, names []bool
	for _, c := range clauses {
		if clauseIn(c, p, languages) == c.not {
			return 0
		}
		if !c.not {
			titles, names = append(titles, clauseIn(c, p[:1], languages)), append(names, clauseIn(c, p[1:2], languages))
		}
	}
	return weightOf(titles, names)
}

// weightOf goes by where each word is.
func weightOf(titles, names []bool) float64 {
	var either []bool
	for i := range titles {
		either = append(either, titles[i] || names[i])
	}
	missing := func(list []bool) bool { return slices.Contains(list, false) }
	switch {
	case len(titles) == 0:
		return weights[elsewhere]
	case !missing(titles) && !missing(names):
		return weights[allInBoth]
	case !missing(titles):
		return weights[allInTitle]
	case !missing(either) && slices.Contains(titles, true):
		return weights[titleAndName]
	case !missing(either):
		return weights[allInNames]
	case slices.Contains(titles, true):
		return weights[partlyInTitle]
	default:
		return weights[elsewhere]
	}
}

// similarWeight is the same for what resembles the text.
func (n *naive) similarWeight(x *Expression, d *Document) float64 {
	best := 0.0
	for _, clauses := range x.alternatives {
		var titles, names []bool
		here, forbidden := 0, false
		for _, c := range clauses {
			for _, w := range c.ways[0].words {
				if c.not {
					forbidden = forbidden || n.has(d, func(term string) bool { return sameWord(term, w, x.languages) }, 0, 3)
					continue
				}
				matches := n.meant(w, x.languages)
				if n.has(d, matches, 0, 3) {
					here++
				}
				titles, names = append(titles, n.has(d, matches, 0, 1)), append(names, n.has(d, matches, 1, 2))
			}
		}
		words := len(titles)
		switch {
		case words == 0 || forbidden || here < words-(words+1)/3:
		case here < words:
			best = max(best, fewerFactor*weightOf(titles, names))
		default:
			best = max(best, weightOf(titles, names))
		}
	}
	return best
}

// has looks at some of the texts.
func (n *naive) has(d *Document, matches func(string) bool, from, to int) bool {
	for i, p := range passages(d) {
		if i >= from && i < to && slices.ContainsFunc(p, matches) {
			return true
		}
	}
	return false
}

// meant tells the terms that w may stand for.
func (n *naive) meant(w string, languages []Language) func(term string) bool {
	if n.meanings[w] == nil {
		n.meanings[w] = n.meaning(w, languages)
	}
	return n.meanings[w]
}

func (n *naive) meaning(w string, languages []Language) func(term string) bool {
	plain := func(term string) bool {
		return sameWord(term, w, languages) || len([]rune(w)) >= shortestBeginning && strings.HasPrefix(term, w)
	}
	fewest := math.MaxInt
	for _, d := range n.docs {
		if n.has(d, plain, 0, 3) {
			return plain
		}
		for _, p := range passages(d) {
			for _, term := range p {
				fewest = min(fewest, tableDistance(w, term))
			}
		}
	}
	return func(term string) bool { return fewest <= tolerance(w) && tableDistance(w, term) == fewest }
}

// tableDistance is optimal string alignment by the whole table.
func tableDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	table := make([][]int, len(x)+1)
	for i := range table {
		table[i] = make([]int, len(y)+1)
		for j := range table[i] {
			switch {
			case i == 0 || j == 0:
				table[i][j] = i + j
			default:
				replaced := table[i-1][j-1]
				if x[i-1] != y[j-1] {
					replaced++
				}
				table[i][j] = min(table[i-1][j]+1, table[i][j-1]+1, replaced)
				if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
					table[i][j] = min(table[i][j], table[i-2][j-2]+1)
				}
			}
		}
	}
	return table[len(x)][len(y)]
}

func (d *Document) price(currency string) (int64, bool) {
	for _, p := range d.Prices {
		if p.Currency == currency {
			return p.Minor, true
		}
	}
	return 0, false
}

func oneOf[K comparable](wanted []K, has ...K) bool {
	return wanted == nil || slices.ContainsFunc(has, func(k K) bool { return slices.Contains(wanted, k) })
}

// fits reports whether d meets every filter but those of the facet left out.
func (n *naive) fits(q *Query, d *Document, left facet) bool {
	price, priced := d.price(q.Currency)
	if !priced || !oneOf(q.Categories, d.Categories...) || !oneOf(q.Tags, d.Tags...) {
		return false
	}
	brands := []uuid.UUID{d.Brand}
	if d.Brand == uuid.Nil {
		brands = nil
	}
	ok := (left == brandFacet || oneOf(q.Brands, brands...)) &&
		(left == vendorFacet || oneOf(q.Vendors, d.Vendor)) &&
		(left == priceFacet || q.Price == nil || price >= q.Price.Min && price <= q.Price.Max) &&
		(left == stockFacet || q.InStock == nil || *q.InStock == d.InStock) &&
		(left == ratingFacet || d.Rating >= q.RatingMin)
	for i, a := range q.Attributes {
		ok = ok && (left == firstAttribute+facet(i) || oneOf(a.Selected, d.Facets...))
	}
	return ok
}

const none = facet(-1)

func (n *naive) search(q *Query, edges []int64) Result {
	weight := map[uuid.UUID]float64{}
	similar := false
	n.meanings = map[string]func(string) bool{}
	if q.Text != nil {
		for id, d := range n.docs {
			weight[id] = n.textWeight(q.Text, d)
			if slices.ContainsFunc(q.Text.codes, func(code string) bool { return slices.Contains(d.SKUs, code) }) {
				weight[id] = math.Inf(1)
			}
		}
		if similar = !slices.ContainsFunc(slices.Collect(maps.Values(weight)), func(w float64) bool { return w > 0 }); similar {
			for id, d := range n.docs {
				weight[id] = n.similarWeight(q.Text, d)
			}
		}
	}
	var found, counted []*Document
	for id, d := range n.docs {
		if q.Text == nil || weight[id] > 0 {
			counted = append(counted, d)
			if n.fits(q, d, none) {
				found = append(found, d)
			}
		}
	}
	r := Result{Total: len(found), Places: []Place{}}
	for _, d := range found {
		place := Place{Key: n.key(q, d, weight[d.Product]), Product: d.Product, Similar: similar}
		r.Places = append(r.Places, place)
	}
	slices.SortFunc(r.Places, func(a, b Place) int {
		c := cmp.Or(cmp.Compare(a.Key.Number, b.Key.Number), strings.Compare(a.Key.Text, b.Key.Text), strings.Compare(string(a.Product[:]), string(b.Product[:])))
		if q.Sort == ByPriceUp || q.Sort == ByName {
			return c
		}
		return -c
	})
	if q.Counts {
		r.Counts = n.count(q, counted, edges)
	}
	return r
}

func (n *naive) key(q *Query, d *Document, weight float64) Key {
	switch q.Sort {
	case ByRating:
		return Key{Number: int64(d.Rating)}
	case ByCreated:
		return Key{Number: d.Created}
	case ByPriceUp, ByPriceDown:
		price, _ := d.price(q.Currency)
		return Key{Number: price}
	case ByName:
		return Key{Text: d.Name}
	case ByRelevance:
		liked := 1.0
		switch {
		case d.Rating >= 400:
			liked = likedFactor
		case d.Rating >= 100 && d.Rating < 300:
			liked = poorFactor
		}
		if math.IsInf(weight, 1) {
			return Key{Number: tier{weight: liked, plus: skuScore}.score(d.Popularity)}
		}
		if q.Text != nil {
			return Key{Number: tier{weight: weight * liked}.score(d.Popularity)}
		}
	}
	return Key{Number: d.Popularity}
}

func (n *naive) count(q *Query, docs []*Document, edges []int64) *Counts {
	c := &Counts{Price: make([]int, len(edges)+1)}
	categories, brands, vendors, values := map[uuid.UUID]int{}, map[uuid.UUID]int{}, map[uuid.UUID]int{}, map[int32]int{}
	defer func() {
		c.Categories, c.Brands, c.Vendors, c.Facets = listed(categories), listed(brands), listed(vendors), listed(values)
	}()
	for _, d := range docs {
		if n.fits(q, d, none) {
			for _, category := range d.Categories {
				if slices.Contains(q.Shown, category) {
					categories[category]++
				}
			}
		}
		if d.Brand != uuid.Nil && n.fits(q, d, brandFacet) {
			brands[d.Brand]++
		}
		if n.fits(q, d, vendorFacet) {
			vendors[d.Vendor]++
		}
		if n.fits(q, d, priceFacet) {
			price, _ := d.price(q.Currency)
			bucket := 0
			for bucket < len(edges) && price >= edges[bucket] {
				bucket++
			}
			c.Price[bucket]++
		}
		if n.fits(q, d, stockFacet) {
			if d.InStock {
				c.InStock++
			} else {
				c.SoldOut++
			}
		}
		if n.fits(q, d, ratingFacet) {
			for star := range c.Stars {
				if d.Rating >= 100*star {
					c.Stars[star]++
				}
			}
		}
		for _, f := range d.Facets {
			left := none
			for i, a := range q.Attributes {
				if slices.Contains(a.All, f) {
					left = firstAttribute + facet(i)
				}
			}
			if n.fits(q, d, left) {
				values[f]++
			}
		}
	}
	return c
}

func listed[K comparable](counts map[K]int) []Count[K] {
	var list []Count[K]
	for k, n := range counts {
		list = append(list, Count[K]{k, n})
	}
	return list
}
