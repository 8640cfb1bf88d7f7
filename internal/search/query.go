package search

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"souk/internal/catalog"
	"souk/internal/errs"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/search/index"
)

// Query is what a shopper asks for, checked. Within a filter any value will
// do; all filters must hold.
type Query struct {
	Text        string
	Categories  []string // ids or slugs; a category includes those below it
	Tags        []string
	Brands      []string
	Vendors     []string
	Collections []string `json:",omitempty"`
	Price       Range
	RatingMin   float64 // 0: any
	InStock     string  // "true", "false" or "" for both
	Attributes  []Attribute
	Currency    money.Currency
	Sort        Sort
}

// Range is of prices in minor units, both ends included.
type Range struct{ Min, Max int64 }

// Attribute asks for values of an attribute or option, folded.
type Attribute struct {
	Key    string
	Values []string
}

// Sort is an order of the listing.
type Sort string

// The orders. Without one it is Relevance where there is a text, else Popularity.
const (
	Relevance  Sort = "relevance"
	PriceUp    Sort = "price"
	PriceDown  Sort = "-price"
	Rated      Sort = "-rating"
	Popularity Sort = "-popularity"
	Newest     Sort = "-created_at"
	Name       Sort = "name"
	Featured   Sort = "featured" // a collection's own
)

const (
	longestQuery   = 200               // characters of q
	mostValues     = 50                // of one filter
	mostAttributes = 10                // filters attr[...]
	anyPrice       = 1_000_000_000_000 // the highest that a variant may cost
)

// listInput is the query string of GET /products.
type listInput struct {
	httpapi.Page
	httpapi.DynamicQuery
	catalog.LocaleWish
	Q          string   `query:"q" maxLength:"200" doc:"Words to find; \"a phrase\", -without, or. The last word may be unfinished. An exact SKU finds its product."`
	Category   []string `query:"category" maxItems:"50" doc:"Ids or slugs, separated by commas. Includes the categories below."`
	Tag        []string `query:"tag" maxItems:"50" doc:"Ids or slugs."`
	Brand      []string `query:"brand" maxItems:"50" doc:"Ids or slugs."`
	Vendor     []string `query:"vendor" maxItems:"50" doc:"Ids or slugs."`
	Collection []string `query:"collection" maxItems:"10" doc:"Ids or slugs. One alone brings its order along."`
	PriceMin   int64    `query:"price[gte]" minimum:"0" maximum:"1000000000000" doc:"The lowest price that the cheapest variant may have, in minor units."`
	PriceMax   int64    `query:"price[lte]" minimum:"0" maximum:"1000000000000" default:"1000000000000" doc:"The highest price that the cheapest variant may have."`
	Rating     float64  `query:"rating[gte]" minimum:"0" maximum:"5"`
	InStock    string   `query:"in_stock" enum:"true,false"`
	Facets     bool     `query:"facets" doc:"Ask for counts by category, brand, vendor, price, availability, rating and each attribute. A filter does not narrow its own facet."`
	Currency   string   `query:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217. Products without a price in it are left out."`
	Sort       string   `query:"sort" enum:"relevance,price,-price,-rating,-popularity,-created_at,name,featured" doc:"relevance where there is a q, featured where there is one collection: what is pinned, then its own order; else -popularity."`
}

// query checks what the schema cannot.
func (in *listInput) query(standard money.Currency) (Query, error) {
	var bad errs.Fields
	q := Query{
		Text: strings.TrimSpace(in.Q), Categories: in.Category, Tags: in.Tag, Brands: in.Brand, Vendors: in.Vendor, Collections: in.Collection,
		Price: Range{in.PriceMin, in.PriceMax}, RatingMin: in.Rating, InStock: in.InStock,
		Currency: money.Currency(in.Currency), Sort: Sort(in.Sort),
	}
	bad.Require(utf8.ValidString(q.Text) && utf8.RuneCountInString(q.Text) <= longestQuery && !strings.ContainsRune(q.Text, 0),
		"q", "invalid", "Ask in at most 200 characters.")
	if q.Currency == "" {
		q.Currency = standard
	}
	bad.Require(q.Currency.Valid(), "currency", "unknown_currency", "Use an ISO 4217 code, such as USD.")
	bad.Require(q.RatingMin >= 0 && q.RatingMin <= 5, "rating[gte]", "invalid", "Use a number from 0 to 5.") // NaN is neither
	bad.Require(q.Price.Min <= q.Price.Max, "price[lte]", "empty_range", "price[lte] must not be below price[gte].")
	for name, values := range in.Values() {
		key, ok := strings.CutPrefix(name, "attr[")
		key, closed := strings.CutSuffix(key, "]")
		key = facetKey(key)
		bad.Require(ok && closed && key != "", "attr", "unknown_parameter", "Write attr[name]=value.")
		asked := func(a Attribute) bool { return a.Key == key }
		bad.Require(!slices.ContainsFunc(q.Attributes, asked), "attr["+key+"]", "repeated", "Ask for an attribute once, with commas between its values.")
		q.Attributes = append(q.Attributes, Attribute{key, foldedValues(strings.Join(values, ","))})
	}
	bad.Require(len(q.Attributes) <= mostAttributes, "attr", "too_many", "Ask for at most 10 attributes.")
	for _, a := range q.Attributes {
		bad.Require(len(a.Values) > 0 && len(a.Values) <= mostValues, "attr["+a.Key+"]", "invalid", "Name 1 to 50 values.")
	}
	if err := bad.Err(); err != nil {
		return Query{}, err
	}
	return q.normal(), nil
}

// normal makes two queries that ask the same equal.
func (q Query) normal() Query {
	if q.Sort == "" && q.Text != "" {
		q.Sort = Relevance
	}
	if q.Sort == "" && len(q.Collections) == 1 {
		q.Sort = Featured
	}
	if q.Sort == "" || q.Sort == Relevance && q.Text == "" {
		q.Sort = Popularity
	}
	slices.SortFunc(q.Attributes, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	for _, list := range []*[]string{&q.Categories, &q.Tags, &q.Brands, &q.Vendors, &q.Collections} {
		*list = slices.Clone(*list)
		slices.Sort(*list)
		*list = slices.DeleteFunc(slices.Compact(*list), func(v string) bool { return v == "" })
	}
	return q
}

// escaped is a value as it is asked for, where commas stand between values.
var escaped = strings.NewReplacer(`\`, `\\`, `,`, `\,`)

// foldedValues reads values with commas between them: each once, sorted.
func foldedValues(list string) []string {
	var values []string
	var value strings.Builder
	take := func() {
		if v := index.Fold(value.String()); v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
		value.Reset()
	}
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '\\' && i+1 < len(list):
			i++
			value.WriteByte(list[i])
		case list[i] == ',':
			take()
		default:
			value.WriteByte(list[i])
		}
	}
	take()
	slices.Sort(values)
	return values
}

// scope is what a cursor of this query is bound to: all of it, and the form of
// a place.
func (q Query) scope() string {
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // plain values only
	}
	return "products 2 " + string(b)
}

// searchable reports whether there is anything in text that words are made of.
func searchable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
