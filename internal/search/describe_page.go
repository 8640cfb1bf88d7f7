package search

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"souk/internal/catalog"
	"souk/internal/money"
)

// page is the product page in a currency, cut where the stock is woven in.
func (f *facts) page(c money.Currency) pageRow {
	p := f.product
	page := Page{
		ID: p.ID, Slug: p.Slug, Title: p.Title, Description: p.Description, Kind: p.Kind,
		Vendor: f.vendor(), Brand: f.brand(), Attributes: f.attributes, Details: f.details(), Media: f.pictures(), Rating: f.rating(),
		SEO: SEO{p.SEOTitle, p.SEODescription}, CreatedAt: p.CreatedAt,
		Categories: []Category{}, Tags: []Tag{}, Options: []Option{}, Variants: []Variant{}, Members: f.members(),
	}
	for _, category := range f.categories {
		page.Categories = append(page.Categories, Category{category.ID, category.Slug, category.Name, category.Path})
	}
	for _, tag := range f.tags {
		page.Tags = append(page.Tags, Tag{tag.ID, tag.Slug, tag.Name})
	}
	for _, option := range f.options {
		page.Options = append(page.Options, Option{option.Name, option.Values})
	}
	if cheapest, dearest := f.extremes(c); cheapest != nil {
		page.PriceRange = &PriceRange{money.Of(cheapest.Amount, c), money.Of(dearest.Amount, c)}
	}
	row := pageRow{ProductID: column(p.ID), Currency: c, Slug: p.Slug, Variants: []string{}, VariantIDs: []pgtype.UUID{}}
	for _, p := range f.prices {
		if p.Currency == c && (page.LowestPrice30d == nil || p.Lowest < page.LowestPrice30d.Minor) {
			page.LowestPrice30d = new(money.Of(p.Lowest, c))
		}
	}
	row.Head = head(page)
	for i := range f.variants {
		v := &f.variants[i]
		row.Variants = append(row.Variants, open(f.variant(v, c)))
		row.VariantIDs = append(row.VariantIDs, pgtype.UUID{})
		if v.Available != nil {
			row.VariantIDs[i] = column(v.ID)
		}
	}
	return row
}

// details are the attributes in the order of the product's type; then come the
// others, as staff place them.
func (f *facts) details() []Detail {
	var order []string
	for _, a := range f.types[catalog.TypeKey(f.product.Kind)].Attributes {
		order = append(order, a.Key)
	}
	others := slices.SortedFunc(maps.Keys(f.attributes), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.described[a].Position, f.described[b].Position), strings.Compare(a, b))
	})
	list := []Detail{}
	for _, key := range append(order, others...) {
		told := slices.ContainsFunc(list, func(d Detail) bool { return d.Key == key })
		if len(f.attributes[key]) == 0 || told {
			continue
		}
		a := f.described[key]
		d := Detail{Key: key, Label: cmp.Or(a.Translations[f.locale].Label, a.Label, key)}
		for _, value := range f.attributes[key] {
			d.Values = append(d.Values, cmp.Or(a.Translations[f.locale].Choices[value], a.valueLabel(value), value))
		}
		list = append(list, d)
	}
	return list
}

// members is who alone may buy the product; nil where everybody may.
func (f *facts) members() *Members {
	if f.product.Members == nil {
		return nil
	}
	return &Members{f.product.Members, f.product.MembersUntil}
}

func (f *facts) variant(v *variantFact, c money.Currency) Variant {
	shown := Variant{
		ID: v.ID, SKU: v.SKU, Title: v.Title, Options: v.Options, MediaIDs: v.MediaIDs,
		RequiresShipping: v.RequiresShipping, Barcode: v.Barcode, WeightGrams: v.WeightGrams, Dimensions: v.Dimensions, Content: v.Content,
		MinQuantity: v.MinQuantity, MaxQuantity: v.MaxQuantity,
	}
	if len(v.MediaIDs) > 0 {
		shown.MediaID = &v.MediaIDs[0]
	}
	for _, p := range f.prices {
		if p.VariantID == v.ID && p.Currency == c {
			shown.Price, shown.CompareAtPrice = new(money.Of(p.Amount, c)), amountOrNil(p.CompareAt, c)
			shown.UnitPrice = v.Content.PriceOf(*shown.Price)
		}
	}
	for _, part := range f.components {
		if part.BundleID == v.ID {
			shown.Components = append(shown.Components, part.component())
		}
	}
	return shown
}

func (c componentFact) component() Component {
	shown := Component{ID: c.ComponentID, Title: c.ProductTitle, Quantity: c.Quantity}
	if c.Title != c.ProductTitle {
		shown.Title += ": " + c.Title
	}
	if c.Shown {
		shown.Product = &ComponentProduct{c.PartOf, c.Slug}
	}
	return shown
}

func (f *facts) pictures() []Image {
	list := make([]Image, 0, len(f.media))
	for _, m := range f.media {
		list = append(list, m.image())
	}
	return list
}

func (m mediaFact) image() Image {
	i := Image{ID: m.ID, URL: m.SourceURL, Sizes: []catalog.Size{}, Alt: m.Alt, Width: m.Width, Height: m.Height}
	if m.BlobKey == "" {
		return i
	}
	address := func(pixels int) string {
		return catalog.PictureURL(m.BlobKey, m.ContentType, m.Width, m.Height, pixels)
	}
	for _, pixels := range []int{160, 480, 960, 1600} {
		if url := address(pixels); len(i.Sizes) == 0 || i.Sizes[len(i.Sizes)-1].URL != url {
			i.Sizes = append(i.Sizes, catalog.Size{Pixels: pixels, URL: url})
		}
	}
	i.URL = address(480)
	return i
}

// head is a page's JSON up to its variants, which come last.
func head(p Page) string {
	p.Variants = []Variant{}
	return before(encode(p), `]}`)
}

// open is a variant's JSON up to its stock, which comes last.
func open(v Variant) string { return before(encode(v), `"in_stock":`) }

// before is the JSON up to the last occurrence of mark. What follows that one
// is ours and holds no text of others, so it is not found too late.
func before(text, mark string) string { return text[:strings.LastIndex(text, mark)] }

// encode is JSON as the API writes it, without escapes for HTML.
func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // plain values only
	}
	return strings.TrimSuffix(b.String(), "\n")
}
