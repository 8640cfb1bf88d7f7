package importer

import (
	"encoding/csv"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"souk/internal/catalog"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
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
		"content_amount":    {"unit price total measure"},
		"content_unit":      {"unit price total measure unit"},
	},
	images:   []string{"images"},
	unguard:  unguardFormula,
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
	v.Content = c.measure("content_amount", "content_unit")
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

// shopifyColumns are the classic ones, which every shop and tool reads.
var shopifyColumns = []string{
	"Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published",
	"Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value",
	"Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy",
	"Variant Fulfillment Service", "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode",
	"Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Variant Image", "Variant Weight Unit",
	"Unit Price Total Measure", "Unit Price Total Measure Unit", "Unit Price Base Measure", "Unit Price Base Measure Unit", "Status",
}

// shopifyWriter writes the classic columns: a row for each variant, with a
// picture as long as there is one, then rows for the pictures that are left.
// Products are called by their public slug, which is one shop-wide.
type shopifyWriter struct {
	*csv.Writer
	currency money.Currency
	last     exportLine
	rows     int // of the product
}

func (w *shopifyWriter) write(l exportLine, first bool) error {
	if first {
		if err := w.pictures(); err != nil {
			return err
		}
		w.rows = 0
	}
	w.last = l
	return w.row(l.shopify(first, w.currency))
}

func (w *shopifyWriter) finish() error {
	if err := w.pictures(); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// pictures writes those for which there was no variant.
func (w *shopifyWriter) pictures() error {
	for w.rows < len(w.last.Images) {
		if err := w.row(map[string]string{}); err != nil {
			return err
		}
	}
	return nil
}

// row writes the next row of the product, with the next picture.
func (w *shopifyWriter) row(cells map[string]string) error {
	cells["Handle"] = w.last.Slug
	if w.rows < len(w.last.Images) {
		cells["Image Src"], cells["Image Position"], cells["Image Alt Text"] = w.last.Images[w.rows].URL, strconv.Itoa(w.rows+1), w.last.Images[w.rows].Alt
	}
	w.rows++
	row := make([]string, len(shopifyColumns))
	for i, column := range shopifyColumns {
		row[i] = httpapi.Inert(cells[column])
	}
	return w.Write(row)
}

func (l exportLine) shopify(first bool, currency money.Currency) map[string]string {
	price, compareAt, _, _ := l.prices(currency)
	upper := func(yes bool) string { return strings.ToUpper(strconv.FormatBool(yes)) }
	cells := map[string]string{
		"Variant SKU": l.SKU, "Variant Grams": strconv.Itoa(l.WeightGrams), "Variant Inventory Policy": "deny",
		"Variant Fulfillment Service": "manual", "Variant Price": price, "Variant Compare At Price": compareAt,
		"Variant Requires Shipping": upper(l.Ships), "Variant Taxable": upper(l.Taxable), "Variant Barcode": l.Barcode,
		"Variant Image": at(addresses(l.VariantImages), 0), "Variant Weight Unit": "g",
	}
	maps.Copy(cells, shopifyMeasure(l.Content))
	if l.Backorders {
		cells["Variant Inventory Policy"] = "continue"
	}
	if l.Tracked {
		cells["Variant Inventory Tracker"] = "shopify"
		if l.OnHand != nil {
			cells["Variant Inventory Qty"] = strconv.Itoa(*l.OnHand)
		}
	}
	for i := range maxOptions {
		cells["Option"+strconv.Itoa(i+1)+" Value"] = at(l.Options, i)
		if first {
			cells["Option"+strconv.Itoa(i+1)+" Name"] = at(l.OptionNames, i)
		}
	}
	if len(l.OptionNames) == 0 {
		cells["Option1 Name"], cells["Option1 Value"] = "Title", "Default Title"
	}
	if !first {
		return cells
	}
	status := l.Status
	if status != string(catalog.Active) {
		status = string(catalog.InDraft)
	}
	maps.Copy(cells, map[string]string{
		"Title": l.Title, "Body (HTML)": l.Description, "Vendor": l.Vendor, "Product Category": at(l.Categories, 0), "Type": l.Kind,
		"Tags": strings.Join(l.Tags, ", "), "Published": upper(status == string(catalog.Active)), "Gift Card": "FALSE",
		"SEO Title": l.SEOTitle, "SEO Description": l.SEODescription, "Status": status,
	})
	return cells
}
