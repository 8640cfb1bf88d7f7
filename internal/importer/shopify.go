package importer

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"souk/internal/catalog"
)

// shopifyFormat reads the product CSV of Shopify: the classic columns
// (Handle, Body (HTML), Variant Price …) and those of the template of 2026
// (URL handle, Description, Price …). Columns are described at
// help.shopify.com, "Using CSV files to import and export products".
var shopifyFormat = format{
	name: "shopify",
	needs: [][]string{
		{"handle", "title", "variant price"},
		{"url handle", "title", "price", "option1 name"},
	},
	calls: map[string][]string{
		"handle":            {"handle", "url handle"},
		"description":       {"body (html)", "description"},
		"brand":             {"vendor"},
		"kind":              {"type"},
		"categories":        {"product category"},
		"published":         {"published", "published on online store"},
		"seo_title":         {"seo title"},
		"seo_description":   {"seo description"},
		"images":            {"image src", "product image url"},
		"image_alts":        {"image alt text"},
		"gift_card":         {"gift card"},
		"option1":           {"option1 name"},
		"option2":           {"option2 name"},
		"option3":           {"option3 name"},
		"value1":            {"option1 value"},
		"value2":            {"option2 value"},
		"value3":            {"option3 value"},
		"sku":               {"variant sku", "sku"},
		"barcode":           {"variant barcode", "barcode"},
		"price":             {"variant price", "price"},
		"compare_at_price":  {"variant compare at price", "compare-at price"},
		"on_hand":           {"variant inventory qty", "inventory quantity"},
		"tracker":           {"variant inventory tracker", "inventory tracker"},
		"policy":            {"variant inventory policy", "continue selling when out of stock"},
		"weight_grams":      {"variant grams", "weight value (grams)"},
		"taxable":           {"variant taxable", "charge tax"},
		"requires_shipping": {"variant requires shipping", "requires shipping"},
		"variant_image":     {"variant image", "variant image url"},
	},
	images:   []string{"images"},
	describe: shopifyProduct,
	pictures: func(p *Product, r row) { p.addImage(r, r.get("images"), r.get("image_alts")) },
	sells:    shopifySells,
	finish:   shopifyVariant,
}

func shopifyProduct(p *Product, first *cells) {
	p.Tags = list(first.get("tags"))
	if published := first.flag("published"); published != nil && p.Status != catalog.Archived {
		switch {
		case !*published:
			p.Status = catalog.InDraft
		case p.Status == "":
			p.Status = catalog.Active
		}
	}
	if path := categoryPath(first.get("categories")); len(path) > 0 {
		p.Categories = [][]string{path}
	} else if p.Kind != "" {
		p.Categories = [][]string{{p.Kind}}
	}
	if gift := first.flag("gift_card"); gift != nil && *gift {
		first.refuse("gift_card", "gift cards cannot be imported as products")
	}
	if isDefault(p) {
		p.OptionNames = nil
	}
	for _, column := range slices.Sorted(maps.Keys(first.table.column)) {
		if name := shopifyAttribute(column); name != "" {
			p.addAttribute(name, list(strings.ReplaceAll(first.get(column), ";", ","))...)
		}
	}
}

// isDefault tells a product without options, which Shopify writes as the one
// option Title with the one value Default Title.
func isDefault(p *Product) bool {
	return len(p.OptionNames) == 1 && p.OptionNames[0] == "Title" && !slices.ContainsFunc(p.rows, func(r row) bool {
		value := r.get("value1")
		return value != "" && !strings.EqualFold(value, "Default Title")
	})
}

var metafield = regexp.MustCompile(`\(product\.metafields\.[^.]+\.([^.()]+)\)$`)

// shopifyAttribute is what a column is called as an attribute: metafields by
// their key ("Color (product.metafields.shopify.color-pattern)"), and those of
// Google's columns that describe the article rather than the advertisement.
func shopifyAttribute(column string) string {
	switch column {
	case "google shopping / gender", "google shopping / age group", "google shopping / condition":
		return strings.ReplaceAll(strings.TrimPrefix(column, "google shopping / "), " ", "_")
	}
	match := metafield.FindStringSubmatch(column)
	switch {
	case match == nil:
		return ""
	case match[1] == "color-pattern": // Shopify's own name for a colour
		return "color"
	}
	return strings.ReplaceAll(match[1], "-", "_")
}

// shopifySells tells a row with a variant, as the first one is, from one that
// only adds a picture.
func shopifySells(p *Product, r row) bool {
	return r.number == p.rows[0].number || r.get("price") != "" || r.get("value1") != "" || r.get("sku") != "" || r.get("images") == ""
}

func shopifyVariant(v *Variant, c *cells) {
	v.Barcode = strings.TrimPrefix(v.Barcode, "'") // keeps a spreadsheet from rounding it
	if c.table.has("tracker") {
		tracked := c.get("tracker") != ""
		v.Tracked = &tracked
	}
	switch policy := strings.ToLower(c.get("policy")); policy {
	case "continue", "deny":
		continues := policy == "continue"
		v.Backorders = &continues
	default:
		v.Backorders = c.flag("policy")
	}
}
