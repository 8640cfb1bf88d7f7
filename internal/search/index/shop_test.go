package index

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// random makes documents and queries from small vocabularies, so that they meet.
type random struct {
	*rand.Rand
	made     int
	products []uuid.UUID // of the documents
}

func newRandom(seed uint64) *random { return &random{Rand: rand.New(rand.NewPCG(seed, 1))} }

func thing(kind, n int) uuid.UUID { return uuid.UUID{15: byte(n), 14: byte(kind), 13: 1} }

var (
	someWords  = strings.Fields("lamp lamps lamb table tables stable café running run runs shoe shoes snow 日本語 t-shirt oak elm tr 42 4 überfluss jackets jacket leather weather lampshade lampshape möbel moebel mobel mobeln neue tshirt gym कुर्सी कुर्सियाँ मेज मेज़ हिन्दी हिंदी")
	someEdges  = []int64{100, 200, 500, 1000, 5000}
	currencies = []string{"EUR", "INR", "USD"}
	values     = [][]int32{{1, 2, 3, 4}, {5, 6, 7}, {8, 9}} // of three attributes
)

var someLanguages = [][]Language{{"en"}, nil, {"de"}, {"en", "de", "hi"}}

// vocabulary is one of some, that queries are read by.
func (r *random) vocabulary() Vocabulary { return vocabularyIn(pick(r, someLanguages)) }

func vocabularyIn(languages []Language) Vocabulary {
	synonyms, err := ParseSynonyms("boots => shoes\ntable, oak\nrunning shoes, gym shoe, boots\nlamp, light, oak lamp, t-shirt\nkutscher, lamp", languages)
	if err != nil {
		panic(err) // it is the list above
	}
	return Vocabulary{languages, synonyms}
}

func testOptions() Options {
	return Options{
		PriceEdges: func(string) []int64 { return someEdges },
		Languages:  someLanguages[0],
	}
}

func pick[T any](r *random, list []T) T { return list[r.IntN(len(list))] }

func (r *random) words(n int) string {
	var list []string
	for range r.IntN(n + 1) {
		list = append(list, pick(r, someWords))
	}
	return strings.Join(list, " ")
}

func (r *random) things(kind, of, most int) []uuid.UUID {
	var list []uuid.UUID
	for range r.IntN(most + 1) {
		if id := thing(kind, 1+r.IntN(of)); !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

func (r *random) document() *Document {
	r.made++
	d := &Document{
		Product: uuid.UUID{0: byte(r.IntN(256)), 14: byte(r.made >> 8), 15: byte(r.made), 13: byte(r.made >> 16), 5: 1},
		Vendor:  thing(1, 1+r.IntN(4)), Categories: r.things(3, 6, 3), Tags: r.things(4, 3, 2),
		InStock: r.IntN(3) > 0, Rating: 25 * r.IntN(21), Popularity: int64(r.IntN(6) * r.IntN(200)), Created: int64(r.IntN(50)),
		Title: r.words(3), Texts: []string{r.words(2), r.words(5)},
	}
	r.products = append(r.products, d.Product)
	for range r.IntN(3) { // languages
		d.Texts = append(d.Texts, r.words(4))
	}
	d.Name = Fold(d.Title)
	if r.IntN(4) > 0 {
		d.Brand = thing(2, 1+r.IntN(5))
	}
	for _, attribute := range values {
		for _, v := range attribute {
			if r.IntN(len(attribute)) == 0 {
				d.Facets = append(d.Facets, v)
			}
		}
	}
	for _, c := range currencies {
		if r.IntN(3) > 0 {
			d.Prices = append(d.Prices, Price{c, int64(r.IntN(60) * r.IntN(200))})
		}
	}
	for range r.IntN(3) {
		d.SKUs = append(d.SKUs, fmt.Sprintf("sku-%d", r.IntN(60)))
	}
	if r.IntN(8) == 0 {
		d.SKUs = append(d.SKUs, Codes(pick(r, []string{"9780306406157", "036000291452", "0036000291452"}))...)
	}
	return d
}

// change is another version of d, as the shop's changes are: of stock, price,
// sales, category, text or all.
func (r *random) change(d *Document) *Document {
	other := r.document()
	changed := *d
	switch r.IntN(6) {
	case 0:
		changed.InStock = !d.InStock
	case 1:
		changed.Prices = other.Prices
	case 2:
		changed.Popularity, changed.Rating = other.Popularity, other.Rating
	case 3:
		changed.Categories, changed.Tags = other.Categories, other.Tags
	case 4:
		changed.Title, changed.Name, changed.Texts = other.Title, other.Name, other.Texts
	default:
		changed = *other
		changed.Product = d.Product
	}
	return &changed
}

var someTexts = []string{
	"lamp", "lamps", "running shoes", `"running shoe"`, "shoe -run", "-lamp", "oak or elm", "lamp oak or table elm", "t-shirt", "t-sh", "la", "sho", "s", "table", "boots", "jacke", "lether jaket", "jakcets", "tabel", "sho lamp oak", "lampshaed", "lampshpae",
	"sku-7", "sku-3", "978-0-306-40615-7", "0306406152", "36000291452", "0-36000-29145-2", "00036000291452", "Möbel", "moebel", "MÖB", "moebe", "कुर्सी", "मेज़", "हिंदी", "boot running shoes lamps", "tshirt", "t-shirts oak", "lamp's", `"running shoes"`, "-boots oak", "boots", "nothing", "日本", "CAFÉ", "uberflus", "zzz yyy xxx", "%", `"oak lamp" -table`, `"lamp`, "or", "lamp or", "4", "42 oak", "run shoes snow lamp table oak", "t-shirt or oak-lamp or oak-elm or lamp-oak or table-oak", "run-sho", `"oak lamp" "lamp oak" -"elm oak" "run shoe" -"tr lamp" oak-ta`,
}

func (r *random) query() *Query {
	q := &Query{Currency: pick(r, currencies), Sort: Sort(r.IntN(int(ByName) + 1)), Limit: 1 + r.IntN(9), Counts: r.IntN(2) == 0}
	maybe := func() bool { return r.IntN(4) == 0 }
	if r.IntN(2) == 0 {
		q.Text = Parse(pick(r, someTexts), r.vocabulary())
	}
	list := func(kind, of int) []uuid.UUID {
		if !maybe() {
			return nil
		}
		return append([]uuid.UUID{}, r.things(kind, of+1, 3)...)
	}
	q.Categories, q.Tags, q.Brands, q.Vendors = list(3, 6), list(4, 3), list(2, 5), list(1, 4)
	if maybe() {
		q.Price = &Range{int64(r.IntN(1000)), int64(1000 + r.IntN(5000))}
	}
	if maybe() {
		q.RatingMin = pick(r, []int{100, 300, 400, 450, 333, 500})
	}
	if maybe() {
		q.InStock = new(r.IntN(2) == 0)
	}
	for _, attribute := range values {
		if maybe() {
			q.Attributes = append(q.Attributes, Attribute{Selected: attribute[:1+r.IntN(len(attribute)-1)], All: attribute})
		}
	}
	if maybe() {
		q.Collections = []Collection{}
		for range r.IntN(3) {
			q.Collections = append(q.Collections, r.collection())
		}
	}
	if maybe() {
		q.First = r.some(8)
	}
	for i := range 6 {
		q.Shown = append(q.Shown, thing(3, i+1))
	}
	return q
}

// some are products of documents; one of them may be named twice.
func (r *random) some(most int) []uuid.UUID {
	var list []uuid.UUID
	for range min(r.IntN(most+1), len(r.products)) {
		list = append(list, pick(r, r.products))
	}
	return list
}

func (r *random) collection() Collection {
	c := Collection{Any: r.IntN(2) == 0, Pinned: r.some(3), Excluded: r.some(3)}
	for range r.IntN(4) {
		c.Rules = append(c.Rules, r.rule())
	}
	return c
}

func (r *random) rule() Rule {
	list := func(kind, of int) []uuid.UUID { return append([]uuid.UUID{}, r.things(kind, of+1, 3)...) }
	switch r.IntN(7) {
	case 0:
		return Rule{Categories: list(3, 6)}
	case 1:
		return Rule{Tags: list(4, 3)}
	case 2:
		return Rule{Brands: list(2, 5)}
	case 3:
		return Rule{Vendors: list(1, 4)}
	case 4:
		return Rule{Facets: pick(r, values)}
	case 5:
		return Rule{Since: new(int64(r.IntN(60)))}
	default:
		return Rule{Price: &Range{int64(r.IntN(1000)), int64(1000 + r.IntN(5000))}, Currency: pick(r, append([]string{"GBP"}, currencies...))}
	}
}

func newNaive(docs ...*Document) *naive {
	n := &naive{docs: map[uuid.UUID]*Document{}}
	for _, d := range docs {
		n.docs[d.Product] = d
	}
	return n
}

func (n *naive) list() []*Document {
	return slices.SortedFunc(maps.Values(n.docs), func(a, b *Document) int { return compareProducts(a.Product, b.Product) })
}
