package search

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"souk/internal/money"
	"souk/internal/search/index"
)

// shape changes when describe writes something else for the same facts, so
// that the next refresh writes rows that seem unchanged.
const shape = 4

// entry is every row of one product.
type entry struct {
	product    productEntry
	fresh      bool // not listed yet
	facets     []facetRow
	listings   []listingRow // one for each currency
	pages      []pageRow    // the same, or one when it has no price
	translated []pageRow    // pages in other languages, where they differ
}

// The rows, for COPY and as json_to_recordset reads them. COPY takes ids of
// pgtype as they are; those of others it turns into text and back.
type (
	productEntry struct {
		ProductID  pgtype.UUID `json:"product_id"`
		Name       string      `json:"name"`
		SKUs       []string    `json:"skus"`
		Title      string      `json:"title"`
		Terms      string      `json:"terms"`
		Text       string      `json:"text"`
		Translated []string    `json:"translated"`
		Digest     []byte      `json:"digest"`
	}
	listingRow struct {
		ProductID   pgtype.UUID    `json:"product_id"`
		Currency    money.Currency `json:"currency"`
		VendorID    pgtype.UUID    `json:"vendor_id"`
		BrandID     pgtype.UUID    `json:"brand_id"`
		Name        string         `json:"name"`
		CategoryIDs []pgtype.UUID  `json:"category_ids"`
		TagIDs      []pgtype.UUID  `json:"tag_ids"`
		FacetIDs    []int32        `json:"facet_ids"` // of the product's facets; known once those are written
		InStock     bool           `json:"in_stock"`
		Rating      float64        `json:"rating"`
		RatingCount int            `json:"rating_count"`
		CreatedAt   time.Time      `json:"created_at"`
		MinMinor    int64          `json:"min_minor"`
		MaxMinor    int64          `json:"max_minor"`
		Reduced     bool           `json:"reduced"`
	}
	facetRow struct {
		Key          string                 `json:"key"`
		Value        string                 `json:"value"`
		KeyLabel     string                 `json:"key_label"`
		Label        string                 `json:"label"`
		Translations map[string]facetLabels `json:"translations"` // by locale

		Described bool `json:"described"` // staff say how it is called, or else the first product

		wordsOnly bool // it is found by its words, and no filter
		plain     bool // staff say nothing of such an attribute
	}
	pageRow struct {
		ProductID  pgtype.UUID    `json:"product_id"`
		Currency   money.Currency `json:"currency"`
		Locale     string         `json:"locale"` // "" is the shop's language
		Slug       string         `json:"slug"`
		Card       string         `json:"card"`
		Head       string         `json:"head"`
		Variants   []string       `json:"variants"`
		VariantIDs []pgtype.UUID  `json:"variant_ids"`
	}
)

// describe turns facts into rows.
func (s *Search) describe(f *facts) entry {
	values := f.values()
	e := entry{product: f.entry(values)}
	e.facets = slices.DeleteFunc(values, func(v facetRow) bool { return v.wordsOnly })
	common := f.listing()
	for _, c := range f.currencies() {
		cheapest, dearest := f.extremes(c)
		l := common
		l.Currency, l.MinMinor, l.MaxMinor = c, cheapest.Amount, dearest.Amount
		l.Reduced = cheapest.CompareAt != nil && *cheapest.CompareAt > cheapest.Amount
		e.listings = append(e.listings, l)
		page := f.page(c)
		page.Card = encode(f.card(c))
		e.pages = append(e.pages, page)
	}
	if len(e.pages) == 0 { // shown, though it cannot be bought yet
		e.pages = []pageRow{f.page(s.Currency)}
	}
	e.translated = f.translations(e.pages)
	e.product.Digest = e.digest(f.tree(), f.relations)
	return e
}

// digest is the same for the same rows, and what else is told of them, as long
// as they have the same shape. Pages are most of it and texts already.
func (e *entry) digest(more ...any) []byte {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{shape, e.product, e.facets, e.listings, more}); err != nil {
		panic(err) // plain values only
	}
	for _, p := range slices.Concat(e.pages, e.translated) {
		texts := append([]string{string(p.Currency), p.Locale, p.Slug, p.Card, p.Head}, p.Variants...)
		h.Write([]byte(strings.Join(texts, "\x00") + "\x01")) // neither stands in JSON
		for _, counted := range p.VariantIDs {
			h.Write(counted.Bytes[:])
		}
	}
	return h.Sum(nil)
}

// listing is what the product's listings have in common.
func (f *facts) listing() listingRow {
	p := f.product
	l := listingRow{
		ProductID: column(p.ID), VendorID: column(p.VendorID), BrandID: column(p.BrandID), Name: sortedBy(p.Title), InStock: f.inStock(),
		Rating: p.Rating, RatingCount: p.RatingCount, CreatedAt: p.CreatedAt,
		CategoryIDs: []pgtype.UUID{}, TagIDs: []pgtype.UUID{}, FacetIDs: []int32{},
	}
	for _, c := range f.categories {
		for _, a := range c.Ancestors {
			if !slices.Contains(l.CategoryIDs, column(a)) {
				l.CategoryIDs = append(l.CategoryIDs, column(a))
			}
		}
	}
	for _, t := range f.tags {
		l.TagIDs = append(l.TagIDs, column(t.ID))
	}
	return l
}

// column is an id as it stands in a row: without one, NULL.
func column(v [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: v, Valid: v != [16]byte{}} }

// longestName is how many bytes of a title the order by name goes by: they stand
// in cursors.
const longestName = 200

func sortedBy(title string) string {
	name := index.Fold(title)
	return strings.ToValidUTF8(name[:min(len(name), longestName)], "")
}

// entry is what the product is found by: its title, names of what it belongs
// to, and further texts. The vendor is among those: that a stall is called Paper
// Lantern Press does not make its pens lanterns.
func (f *facts) entry(values []facetRow) productEntry {
	p := f.product
	terms := []string{p.BrandName, p.Kind}
	for _, c := range f.categories {
		terms = append(terms, c.Path)
	}
	for _, t := range f.tags {
		terms = append(terms, t.Name)
	}
	for _, v := range values {
		terms = append(terms, v.Label)
	}
	skus := []string{}
	for _, v := range f.variants {
		for _, code := range append(index.Codes(v.Barcode), index.Fold(v.SKU)) {
			if code != "" && !slices.Contains(skus, code) {
				skus = append(skus, code)
			}
		}
	}
	return productEntry{
		ProductID: column(p.ID), Name: sortedBy(p.Title), SKUs: skus,
		Title: p.Title, Terms: strings.Join(terms, " ; "), Text: p.VendorName + " ; " + plain(p.Description), Translated: f.translatedTexts(),
	}
}

// longestFacet is how many characters the name and the value of a facet have at
// most: a longer text is read, nobody filters by it.
const longestFacet = 200

// values are those of attributes, and of the options that some variant has, each
// once.
func (f *facts) values() []facetRow {
	var list []facetRow
	add := func(name, value string, row facetRow) {
		row.Key, row.Value = facetKey(name), index.Fold(value)
		if row.Translations == nil {
			row.Translations = map[string]facetLabels{}
		}
		row.wordsOnly = row.wordsOnly || utf8.RuneCountInString(row.Key) > longestFacet || utf8.RuneCountInString(row.Value) > longestFacet
		known := func(r facetRow) bool { return r.Key == row.Key && r.Value == row.Value && r.wordsOnly == row.wordsOnly }
		if row.Key != "" && row.Value != "" && !slices.ContainsFunc(list, known) {
			list = append(list, row)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.attributes)) {
		a, known := f.described[name]
		for _, value := range f.attributes[name] {
			if known {
				add(name, value, facetRow{KeyLabel: a.Label, Label: a.valueLabel(value), Translations: a.labels(value), Described: true, wordsOnly: !a.Filterable})
			} else {
				add(name, value, facetRow{KeyLabel: name, Label: value, plain: true})
			}
		}
	}
	for i, o := range f.options {
		_, known := f.described[strings.ToLower(o.Name)]
		for _, v := range f.variants {
			if i < len(v.Options) {
				add(o.Name, v.Options[i], facetRow{KeyLabel: o.Name, Label: v.Options[i], plain: !known})
			}
		}
	}
	slices.SortFunc(list, func(a, b facetRow) int {
		return strings.Compare(a.Key+"="+a.Value, b.Key+"="+b.Value)
	})
	return list
}

// valueLabel is a value as shoppers read it.
func (a attributeFact) valueLabel(value string) string {
	var choices []struct{ Value, Label string }
	switch {
	case a.Kind == "boolean":
		return cmp.Or(map[string]string{"true": "Yes", "false": "No"}[value], value)
	case a.Kind == "number" && a.Unit != "":
		return value + " " + a.Unit
	case json.Unmarshal(a.Choices, &choices) != nil: // not the list that catalog writes
		return value
	}
	for _, c := range choices {
		if c.Value == value {
			return cmp.Or(c.Label, value)
		}
	}
	return value
}

// readAttributes reads {"color": ["red", "blue"]}; a single text counts as a list.
func readAttributes(text json.RawMessage) map[string][]string {
	var raw map[string]any
	if err := json.Unmarshal(text, &raw); err != nil {
		return map[string][]string{} // not an object: nothing to show
	}
	all := make(map[string][]string, len(raw))
	for name, value := range raw {
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		for _, v := range values {
			if text, ok := v.(string); ok {
				all[name] = append(all[name], text)
			}
		}
	}
	return all
}

// tree is of no row here; but who follows the rows reads slugs and places of
// categories when a product in or below them changes.
func (f *facts) tree() []string {
	var list []string
	for _, c := range f.categories {
		list = append(list, c.Tree...)
	}
	return list
}

// currencies are those that some variant is priced in.
func (f *facts) currencies() []money.Currency {
	var list []money.Currency
	for _, p := range f.prices {
		if !slices.Contains(list, p.Currency) {
			list = append(list, p.Currency)
		}
	}
	return list
}

func (f *facts) inStock() bool {
	return slices.ContainsFunc(f.variants, func(v variantFact) bool { return v.Available == nil || *v.Available > 0 })
}

// card is how the product stands in a list, in a currency that it has.
func (f *facts) card(c money.Currency) Card {
	cheapest, dearest := f.extremes(c)
	card := Card{
		ID: f.product.ID, Slug: f.product.Slug, Title: f.product.Title, Vendor: f.vendor(), Brand: f.brand(),
		PriceRange: PriceRange{money.Of(cheapest.Amount, c), money.Of(dearest.Amount, c)}, CompareAt: amountOrNil(cheapest.CompareAt, c),
		InStock: f.inStock(), Rating: f.rating(), VariantCount: len(f.variants), Members: f.members(),
	}
	if pictures := f.pictures(); len(pictures) > 0 {
		card.Image = &pictures[0]
	}
	return card
}

// extremes are the lowest and the highest price in c, the first variant's when
// several ask the same.
func (f *facts) extremes(c money.Currency) (cheapest, dearest *priceFact) {
	for i := range f.prices {
		p := &f.prices[i]
		if p.Currency != c {
			continue
		}
		if cheapest == nil || p.Amount < cheapest.Amount {
			cheapest = p
		}
		if dearest == nil || p.Amount > dearest.Amount {
			dearest = p
		}
	}
	return cheapest, dearest
}

func (f *facts) vendor() Vendor {
	return Vendor{f.product.VendorID, f.product.VendorSlug, f.product.VendorName}
}

func (f *facts) brand() *Brand {
	if f.product.BrandID.IsZero() {
		return nil
	}
	return &Brand{f.product.BrandID, f.product.BrandSlug, f.product.BrandName}
}

func (f *facts) rating() Rating { return Rating{f.product.Rating, f.product.RatingCount} }

func amountOrNil(minor *int64, c money.Currency) *money.Amount {
	if minor == nil {
		return nil
	}
	return new(money.Of(*minor, c))
}
