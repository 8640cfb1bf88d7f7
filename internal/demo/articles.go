package demo

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"souk/internal/catalog"
)

// An article is a product to be, with its prices and stock.
type article struct {
	seller   int
	draft    catalog.Draft
	minor    []int64 // what each variant costs, before the currency is known
	onHand   []int
	drop     int     // with which of the vendor's collections it comes, from 0
	fame     float64 // how many people want it
	fate     catalog.Command
	picture  string
	backdrop string // hex
	shot     catalog.Picture
}

// drops is how many collections a vendor brings out; the first holds half of all.
const drops = 6

// articles makes n of them out of the goods in turn, each with a title of its own.
func (m *market) articles(rng *rand.Rand, n int) []article {
	list := make([]article, 0, n)
	for i := range n {
		which, round := i%len(m.Goods), i/len(m.Goods)
		g := m.Goods[which]
		a := m.article(rng, g, i, m.Moods[(which*7+round*11)%len(m.Moods)], m.Makes[g.Of][(which+round)%len(m.Makes[g.Of])])
		if round > 0 && rng.IntN(2) == 0 {
			a.drop = 1 + rng.IntN(drops-1)
		}
		list = append(list, a)
	}
	setFates(list)
	return list
}

// setFates leaves one article in twenty, among the newest of its vendor, where
// not all goes well: waiting for review, sent back, taken off sale.
func setFates(list []article) {
	fates := []catalog.Command{catalog.Submit, catalog.Reject, catalog.Submit, catalog.Hide, catalog.Archive}
	for i := 19; i < len(list); i += 20 {
		list[i].fate = fates[i/20%len(fates)]
		list[i].drop = drops - 1
	}
}

func (m *market) article(rng *rand.Rand, g good, i int, mood, make string) article {
	s := slices.IndexFunc(m.Vendors, func(v seller) bool { return v.Slug == g.Vendor })
	title := mood + " " + make + " " + g.Noun
	colour := pick(rng, m.Colours)
	a := article{
		seller: s, picture: g.Picture, backdrop: colour[1], fame: 1 / math.Pow(float64(3+rng.IntN(60)), 0.8),
		draft: catalog.Draft{
			Title: title, Kind: g.Noun, Brand: pick(rng, m.Vendors[s].Brands), CategoryPaths: [][]string{g.Category},
			Description: m.description(rng, title, make, g), Tags: m.tags(rng), Status: catalog.Active,
			Attributes: map[string][]string{"material": {make}},
			SEO: catalog.SEO{
				Title:       title + " – " + m.Vendors[s].Name,
				Description: fmt.Sprintf("%s from %s: %s in %s.", title, m.Vendors[s].Name, strings.ToLower(g.Noun), strings.ToLower(g.Category[1])),
			},
		},
	}
	switch g.Of {
	case "book", "play", "plant", "art", "tech", "taste":
		a.draft.Attributes = map[string][]string{"style": {make}}
	}
	for key, values := range g.Attributes {
		a.draft.Attributes[key] = []string{values[i/len(m.Goods)%len(values)]}
	}
	if strings.Contains(g.Options, "colour") {
		a.backdrop = m.colour(rng, &a, g)
	}
	addSizes(&a, g)
	addVariants(rng, &a, g, strings.ToUpper(m.Vendors[s].Slug[:2])+"-"+fmt.Sprintf("%04d", 1000+i))
	return a
}

func (m *market) description(rng *rand.Rand, title, make string, g good) string {
	return "<p>" + strings.ReplaceAll(pick(rng, m.Openings), "{title}", title) + "</p>\n<p>" + pick(rng, m.Details) +
		fmt.Sprintf(" %s, about %s.</p>", make, weight(g.Grams))
}

func weight(grams int) string {
	if grams < 1000 {
		return itoa(grams) + " g"
	}
	return strconv.FormatFloat(float64(grams)/1000, 'f', 1, 64) + " kg"
}

func (m *market) tags(rng *rand.Rand) []string {
	list := []string{}
	for range rng.IntN(4) {
		if t := pick(rng, m.Tags); !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// colour gives an article an option of two to four colours, and says what the
// first looks like.
func (m *market) colour(rng *rand.Rand, a *article, g good) string {
	n := 2 + rng.IntN(3)
	if strings.Contains(g.Options, "size") {
		n = 2
	}
	order := rng.Perm(len(m.Colours))[:n]
	option := catalog.Option{Name: "Color"}
	for _, c := range order {
		option.Values = append(option.Values, m.Colours[c][0])
	}
	a.draft.Options = append(a.draft.Options, option)
	return m.Colours[order[0]][1]
}

// ranges are the values of options that are no colours.
var ranges = map[string]catalog.Option{
	"shoe":    {Name: "Size", Values: []string{"38", "39", "40", "41", "42", "43"}},
	"clothes": {Name: "Size", Values: []string{"S", "M", "L", "XL"}},
	"thing":   {Name: "Size", Values: []string{"Small", "Medium", "Large"}},
	"pack":    {Name: "Pack", Values: []string{"Single", "Pack of 3"}},
}

// dearer is what some values cost more, in percent.
var dearer = map[string]int64{"Medium": 25, "Large": 60, "Pack of 3": 170}

func addSizes(a *article, g good) {
	kind := ""
	switch {
	case g.Options == "shoe", g.Options == "pack":
		kind = g.Options
	case strings.Contains(g.Options, "size") && g.Category[0] == "Clothing":
		kind = "clothes"
	case strings.Contains(g.Options, "size"):
		kind = "thing"
	default:
		return
	}
	a.draft.Options = append(a.draft.Options, ranges[kind])
}

// addVariants makes one of each combination of options.
func addVariants(rng *rand.Rand, a *article, g good, sku string) {
	base := tidyPrice(g.Price[0] + int64(float64(g.Price[1]-g.Price[0])*math.Pow(rng.Float64(), 1.6)))
	for _, values := range combinations(a.draft.Options) {
		minor, code := base, sku
		for _, v := range values {
			code += "-" + strings.ToUpper(strings.ReplaceAll(v, " ", ""))
			if more, ok := dearer[v]; ok {
				minor = tidyPrice(minor + minor*more/100)
			}
		}
		a.draft.Variants = append(a.draft.Variants, catalog.VariantDraft{
			SKU: code, Options: values, WeightGrams: g.Grams, Taxable: true, RequiresShipping: true, Tracked: true,
		})
		a.minor = append(a.minor, minor)
		a.onHand = append(a.onHand, 12+rng.IntN(50))
	}
}

func combinations(options []catalog.Option) [][]string {
	all := [][]string{nil}
	for _, o := range options {
		var longer [][]string
		for _, values := range all {
			for _, v := range o.Values {
				longer = append(longer, append(slices.Clone(values), v))
			}
		}
		all = longer
	}
	return all
}

// tidyPrice ends on 90, or on 900 where it is high.
func tidyPrice(minor int64) int64 {
	step := int64(100)
	if minor >= 20_000 {
		step = 1000
	}
	return max(cmp.Or(minor/step, 1)*step-step/10, 90)
}

func itoa(n int) string { return strconv.Itoa(n) }
