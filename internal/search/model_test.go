package search

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"souk/internal/money"
	"souk/internal/search/index"
)

// model is the brute force: the products and the query, and a loop.
type model struct {
	s        *shop
	v        url.Values
	currency money.Currency
	sort     Sort
}

func modelOf(s *shop, v url.Values) *model {
	m := &model{s: s, v: v, currency: "USD", sort: Sort(v.Get("sort"))}
	if c := v.Get("currency"); c != "" {
		m.currency = money.Currency(c)
	}
	switch {
	case m.sort == "" && v.Get("q") != "":
		m.sort = Relevance
	case m.sort == "", m.sort == Relevance && v.Get("q") == "":
		m.sort = Popularity
	}
	return m
}

// cheapest is the price a product is listed with; false when it has none.
func (m *model) cheapest(p *product) (low int64, ok bool) {
	for _, v := range p.Variants {
		if price, priced := v.Prices[m.currency]; priced && (!ok || price < low) {
			low, ok = price, true
		}
	}
	return low, ok
}

func inStock(p *product) bool {
	return slices.ContainsFunc(p.Variants, func(v variant) bool { return !v.Counted || v.Stock > 0 })
}

func (m *model) below(p *product) map[string]bool {
	in := map[string]bool{}
	for _, c := range p.Categories {
		for _, ancestor := range m.s.categories[c].Ancestors {
			for _, other := range m.s.categories {
				if other.ID == ancestor {
					in[other.Slug] = true
				}
			}
		}
	}
	return in
}

func attributes(p *product) map[string]bool {
	has := map[string]bool{}
	for name, values := range p.Attributes {
		for _, v := range values {
			has[facetKey(name)+"="+index.Fold(v)] = true
		}
	}
	if p.Option != "" {
		for _, v := range p.Variants {
			has[facetKey(p.Option)+"="+index.Fold(v.Value)] = true
		}
	}
	return has
}

// text is what a product is found by, as words.
func (m *model) text(p *product) string {
	return m.names(p) + ";" + strings.NewReplacer("<p>", "", "</p>", "").Replace(" "+m.s.vendors[p.Vendor].Name+" ; "+p.Text+" ")
}

// names is the part of it that counts more.
func (m *model) names(p *product) string {
	words := []string{p.Title}
	if p.Brand >= 0 {
		words = append(words, ";", m.s.brands[p.Brand].Name)
	}
	for _, c := range p.Categories {
		words = append(words, ";", m.s.categories[c].Path)
	}
	for _, g := range p.Tags {
		words = append(words, ";", m.s.tags[g].Name)
	}
	for a := range attributes(p) {
		words = append(words, ";", strings.Split(a, "=")[1])
	}
	return " " + strings.ReplaceAll(strings.Join(words, " "), ">", ";") + " "
}

// needles are what a padded text must have to match.
func (m *model) needles() []string {
	switch q := m.v.Get("q"); q {
	case `"sofa tent"`:
		return []string{" sofa tent "}
	case "bowl -mug":
		return []string{" bowl "}
	default:
		words := strings.Fields(q)
		for i := range words {
			words[i] = " " + words[i]
			if i < len(words)-1 {
				words[i] += " "
			}
		}
		return words
	}
}

func (m *model) matches(p *product) bool {
	text := m.text(p)
	for _, n := range m.needles() {
		if !strings.Contains(text, n) {
			return false
		}
	}
	return m.v.Get("q") != "bowl -mug" || !strings.Contains(text, " mug ")
}

// relevance is what counts where nothing else is asked for: where the words
// are, what is sold, and what buyers think.
func (m *model) relevance(p *product) float64 {
	weight := 0.0
	needles := m.needles()
	if last := needles[len(needles)-1]; !strings.HasSuffix(last, " ") {
		weight = 0.35 * m.weight(p, needles)
		needles = append(slices.Clone(needles[:len(needles)-1]), last+" ")
	}
	weight = max(weight, m.weight(p, needles))
	switch {
	case p.Rating >= 4:
		weight *= 1.1
	case p.Rating >= 1 && p.Rating < 3:
		weight *= 0.85
	}
	return weight * math.Log(8+float64(p.Sold))
}

func (m *model) weight(p *product, needles []string) float64 {
	in := func(text string) (n int) {
		for _, needle := range needles {
			if strings.Contains(text, needle) {
				n++
			}
		}
		return n
	}
	titles, names, all := in(" "+p.Title+" "), in(m.names(p)), in(m.text(p))
	switch len(needles) {
	case titles:
		if in(strings.TrimPrefix(m.names(p), " "+p.Title)) == titles {
			return 1.25
		}
		return 1
	case names:
		if titles > 0 {
			return 0.7
		}
		return 0.5
	case all:
		if titles > 0 {
			return 0.35
		}
		return 0.2
	}
	return 0
}

// unheardOf reports whether no listing has the words asked for.
func (m *model) unheardOf() bool {
	return !slices.ContainsFunc(m.s.products, func(p *product) bool {
		return p.Status == "active" && m.s.vendors[p.Vendor].Status == "active" && m.matches(p)
	})
}

// fits reports whether p meets every filter but the one left out.
func (m *model) fits(p *product, leaveOut string) bool {
	low, priced := m.cheapest(p)
	if !priced || p.Status != "active" || m.s.vendors[p.Vendor].Status != "active" || !m.matches(p) {
		return false
	}
	for name := range m.v {
		value := m.v.Get(name)
		if name == leaveOut || strings.HasPrefix(name, "price") && leaveOut == "price" || strings.TrimSuffix(name, "[gte]") == leaveOut {
			continue
		}
		if !m.fitsOne(p, name, strings.Split(value, ","), low) {
			return false
		}
	}
	return true
}

func (m *model) fitsOne(p *product, name string, values []string, low int64) bool {
	any := func(has func(string) bool) bool { return slices.ContainsFunc(values, has) }
	number := func() (n float64) { _, _ = fmt.Sscan(values[0], &n); return n }
	switch name {
	case "category":
		in := m.below(p)
		return any(func(c string) bool { return in[c] })
	case "tag":
		return slices.ContainsFunc(p.Tags, func(g int) bool { return slices.Contains(values, m.s.tags[g].Slug) })
	case "brand":
		return p.Brand >= 0 && slices.Contains(values, m.s.brands[p.Brand].Slug)
	case "vendor":
		return slices.Contains(values, m.s.vendors[p.Vendor].Slug)
	case "price[gte]":
		return float64(low) >= number()
	case "price[lte]":
		return float64(low) <= number()
	case "rating[gte]":
		return p.Rating >= number()
	case "in_stock":
		return fmt.Sprint(inStock(p)) == values[0]
	case "attr[material]", "attr[size]":
		has := attributes(p)
		return any(func(v string) bool { return has[name[5:len(name)-1]+"="+index.Fold(v)] })
	}
	return true
}

// list is the slugs in order.
func (m *model) list() []string {
	var fit []*product
	for _, p := range m.s.products {
		if m.fits(p, "") {
			fit = append(fit, p)
		}
	}
	slices.SortFunc(fit, func(a, b *product) int {
		lowA, _ := m.cheapest(a)
		lowB, _ := m.cheapest(b)
		by, sign := 0, -1
		switch m.sort {
		case PriceUp:
			by, sign = int(lowA-lowB), 1
		case PriceDown:
			by = int(lowA - lowB)
		case Rated:
			by = int(2 * (a.Rating - b.Rating))
		case Popularity:
			by = int(a.Sold - b.Sold)
		case Newest:
			by = a.Created.Compare(b.Created)
		case Relevance:
			by = cmp.Compare(math.Round(1e9*m.relevance(a)), math.Round(1e9*m.relevance(b)))
		case Name:
			by, sign = strings.Compare(a.Title, b.Title), 1
		}
		if by == 0 {
			by = strings.Compare(uuid.UUID(a.ID).String(), uuid.UUID(b.ID).String())
		}
		return sign * by
	})
	var slugs []string
	for _, p := range fit {
		slugs = append(slugs, p.Slug)
	}
	return slugs
}

func (m *model) compareFacets(t *rapid.T, facets []Facet) {
	got := map[string]int64{}
	prices := int64(0)
	for _, f := range facets {
		for _, v := range f.Values {
			if f.Key != "price" {
				got[f.Key+":"+v.Value] = v.Count
				if want := m.selected(f.Key, v.Value); v.Selected != want {
					t.Fatalf("%s: %s %s selected = %v", m.v.Encode(), f.Key, v.Value, v.Selected)
				}
				continue
			}
			low, high := int64(0), int64(anyPrice)
			from, to, _ := strings.Cut(v.Value, "-")
			_, _ = fmt.Sscan(from, &low)
			_, _ = fmt.Sscan(to, &high)
			n := int64(0)
			for _, p := range m.s.products {
				if price, ok := m.cheapest(p); ok && price >= low && price <= high && m.fits(p, "price") {
					n++
				}
			}
			prices += n
			if n != v.Count {
				t.Fatalf("%s: %d with a price of %s, want %d", m.v.Encode(), v.Count, v.Value, n)
			}
		}
	}
	want, priced := m.counts()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: %s", m.v.Encode(), diff)
	}
	if prices != priced {
		t.Fatalf("%s: the price ranges hold %d of %d", m.v.Encode(), prices, priced)
	}
}

func (m *model) selected(facet, value string) bool {
	param := facet
	if facet == "rating" {
		param = "rating[gte]"
	}
	return slices.ContainsFunc(strings.Split(m.v.Get(param), ","), func(v string) bool { return v != "" && index.Fold(v) == value })
}

// counts is every facet but price by brute force, and how many have a price.
func (m *model) counts() (n map[string]int64, priced int64) {
	n = map[string]int64{}
	shown := m.shownCategories()
	for _, p := range m.s.products {
		if m.fits(p, "") { // a category is hard: those below it are counted within it
			for c := range m.below(p) {
				if shown[c] {
					n["category:"+c]++
				}
			}
		}
		if m.fits(p, "brand") && p.Brand >= 0 {
			n["brand:"+m.s.brands[p.Brand].Slug]++
		}
		if m.fits(p, "vendor") {
			n["vendor:"+m.s.vendors[p.Vendor].Slug]++
		}
		if m.fits(p, "in_stock") {
			n["in_stock:"+fmt.Sprint(inStock(p))]++
		}
		if m.fits(p, "price") {
			priced++
		}
		for stars := 1; stars <= 4; stars++ {
			if m.fits(p, "rating") && p.Rating >= float64(stars) {
				n[fmt.Sprintf("rating:%d", stars)]++
			}
		}
		for a := range attributes(p) {
			key, value, _ := strings.Cut(a, "=")
			if m.fits(p, "attr["+key+"]") {
				n["attr["+key+"]:"+value]++
			}
		}
	}
	return n, priced
}

func (m *model) shownCategories() map[string]bool {
	asked := strings.Split(m.v.Get("category"), ",")
	shown := map[string]bool{}
	for _, c := range m.s.categories {
		parent := ""
		for _, other := range m.s.categories {
			if c.ParentID != nil && *c.ParentID == other.ID {
				parent = other.Slug
			}
		}
		shown[c.Slug] = m.v.Get("category") == "" && parent == "" || slices.Contains(asked, c.Slug) || parent != "" && slices.Contains(asked, parent)
	}
	return shown
}
