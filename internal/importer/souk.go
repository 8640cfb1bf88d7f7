package importer

import (
	"slices"
	"strings"

	"souk/internal/catalog"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
)

// soukColumns are those of Souk's own CSV, which export writes and import
// reads without a loss: a row for each variant, the product's own columns on
// the first of them. Lists are separated by " | ".
// What has parts of its own (attributes, translations, relations, bundles, files)
// is JSON within its cell, of the same shape as in a file of lines.
var soukColumns = slices.Concat([]string{"souk_handle"}, productColumns, variantColumns)

var (
	productColumns = []string{
		"title", "description", "vendor", "vendor_slug", "brand", "kind", "status", "status_reason", "publish_at", "unpublish_at", "slug", "old_slugs",
		"categories", "tags", "attributes", "seo_title", "seo_description", "translations", "relations", "images", "image_alts",
		"option1", "option2", "option3", "option_values",
	}
	variantColumns = []string{
		"value1", "value2", "value3", "sku", "barcode", "price", "compare_at_price", "currency", "further_prices", "bundle",
		"on_hand", "tracked", "backorders", "min_quantity", "max_quantity", "weight_grams", "length_mm", "width_mm", "height_mm",
		"tax_class", "taxable", "requires_shipping", "variant_images", "files", "content_amount", "content_unit",
	}
)

var soukFormat = format{
	name:     "souk",
	needs:    [][]string{{"souk_handle", "title", "price"}},
	calls:    map[string][]string{"handle": {"souk_handle"}},
	images:   []string{"images", "image_alts"},
	unguard:  unguard,
	strict:   true,
	describe: soukProduct,
	pictures: soukPictures,
	sells:    func(*Product, row) bool { return true },
	finish:   soukVariant,
}

func soukProduct(p *Product, first *cells) {
	p.Tags = split(first.get("tags"))
	for _, path := range split(first.get("categories")) {
		p.Categories = append(p.Categories, strings.Split(path, " > "))
	}
	p.Slug, p.OldSlugs, p.StatusReason = first.get("slug"), split(first.get("old_slugs")), first.get("status_reason")
	p.PublishAt, p.UnpublishAt = first.moment("publish_at"), first.moment("unpublish_at")
	first.json("attributes", &p.Attributes, `{"name": ["value"]}`)
	first.json("translations", &p.Translations, `{"de": {"title": "Tasse"}}`)
	first.json("relations", &p.Relations, `{"related": [{"handle": "cup"}]}`)
	first.json("option_values", &p.OptionValues, `[["S", "M"], ["Red", "Blue"]]`)
	p.refuseShapes(first)
}

func soukPictures(p *Product, r row) {
	alts := split(r.get("image_alts"))
	for i, url := range split(r.get("images")) {
		alt := ""
		if i < len(alts) {
			alt = alts[i]
		}
		p.addImage(r, url, alt)
	}
}

func soukVariant(v *Variant, c *cells) {
	v.Images = split(c.get("variant_images"))
	v.MinQuantity, v.MaxQuantity = c.upTo("min_quantity", maxPerOrder), c.upTo("max_quantity", maxPerOrder)
	v.Dimensions = catalog.Dimensions{
		Length: c.upTo("length_mm", maxMillimetres), Width: c.upTo("width_mm", maxMillimetres), Height: c.upTo("height_mm", maxMillimetres),
	}
	v.Content = catalog.Content{Amount: c.upTo("content_amount", maxCount), Unit: c.get("content_unit")}
	if !v.Content.Valid() {
		c.refuse("content_unit", "%d %q is no content: say how much in g, kg, ml, l, cm, m, cm2, m2 or piece", v.Content.Amount, v.Content.Unit)
	}
	c.json("bundle", &v.Bundle, `{"pricing": "summed", "components": [{"handle": "cup", "options": ["Red"], "quantity": 4}]}`)
	c.json("files", &v.Files, `[{"name": "manual.pdf", "sha256": "…"}]`)
	for _, text := range split(c.get("further_prices")) {
		code, amounts, _ := strings.Cut(text, " ")
		amount, compareAt, _ := strings.Cut(amounts, "/")
		currency := money.Currency(code)
		if !currency.Valid() || amount == "" {
			c.refuse("further_prices", `%q is not of the form "EUR 9.50" or, with the price that is struck out, "EUR 9.50/12.00"`, text)
			continue
		}
		price := Price{}
		if a := c.amountOf("further_prices", amount, currency); a != nil {
			price.Amount = *a
		}
		price.CompareAt = c.amountOf("further_prices", compareAt, currency)
		if price.CompareAt != nil && price.CompareAt.Minor <= price.Minor {
			c.refuse("further_prices", "is not above the price: %s", compareAt)
		}
		v.Prices = append(v.Prices, price)
	}
}

// join writes a list into one cell, split reads it: the items stand between
// " | ", and a bar within one has a backslash before it.
func join(items []string) string {
	escaped := make([]string, len(items))
	for i, item := range items {
		escaped[i] = strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(item)
	}
	return strings.Join(escaped, " | ")
}

func split(cell string) []string {
	if cell == "" {
		return nil
	}
	var items []string
	var item strings.Builder
	escaped := false
	for _, c := range cell {
		switch {
		case escaped:
			if c != '\\' && c != '|' { // a backslash that somebody wrote by hand
				item.WriteByte('\\')
			}
			item.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == '|':
			items = append(items, strings.TrimSpace(item.String()))
			item.Reset()
		default:
			item.WriteRune(c)
		}
	}
	if escaped {
		item.WriteByte('\\')
	}
	return append(items, strings.TrimSpace(item.String()))
}

// guard keeps a spreadsheet from taking text for a formula; unguard takes the
// mark off again, and no other apostrophe.
func guard(text string) string {
	if guardable(text) {
		return "'" + text
	}
	return text
}

func unguard(text string) string {
	if rest, marked := strings.CutPrefix(text, "'"); marked && guardable(rest) {
		return rest
	}
	return text
}

func guardable(text string) bool { return strings.HasPrefix(text, "'") || isFormula(text) }

// unguardFormula is for other shops' formats, which do not know that an
// apostrophe may be guarded, too: '90s Mug stays what it is there.
func unguardFormula(text string) string {
	if rest, marked := strings.CutPrefix(text, "'"); marked && isFormula(rest) {
		return rest
	}
	return text
}

func isFormula(text string) bool { return httpapi.Inert(text) != text }
