package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"souk/internal/catalog"
	"souk/internal/vendors"
)

// wooFormat reads the product export of WooCommerce: a row for each product
// and one for each of its variations, often far below, which names its parent
// by SKU or as id:44. Columns are described in WooCommerce's wiki, "Product CSV
// Import Schema". It has no handle: products go by their SKU, or else by name
// and number.
var wooFormat = format{
	name:  "woocommerce",
	needs: [][]string{{"type", "sku", "name", "regular price"}},
	calls: map[string][]string{
		"title":         {"name"},
		"status":        {"published"},
		"brand":         {"brands"},
		"barcode":       {"gtin, upc, ean, or isbn"},
		"on_hand":       {"stock"},
		"price":         {"regular price"},
		"tax_class":     {"tax class"},
		"variant_image": {"images"},
	},
	statuses: map[string]catalog.Status{
		"1": catalog.Active, "true": catalog.Active, "0": catalog.InDraft, "false": catalog.InDraft, "-1": catalog.InDraft, "2": catalog.PendingReview,
	},
	unguard:  unguardFormula,
	blank:    "parent",
	local:    true,
	family:   wooFamily,
	handle:   wooHandle,
	describe: wooProduct,
	pictures: wooPictures,
	sells:    wooSells,
	options:  wooOptions,
	prices:   wooPrices,
	finish:   wooVariant,
	spread:   wooSpread,
}

// wooIs reports whether the row's type has a word: "simple, virtual".
func wooIs(r row, word string) bool {
	return slices.Contains(list(strings.ToLower(r.get("type"))), word)
}

func wooFamily(r row) (names []string, parent string) {
	switch {
	case wooIs(r, "variation"):
		return nil, strings.ToLower(r.get("parent"))
	case wooIs(r, "variable"):
		return []string{strings.ToLower(r.get("sku")), "id:" + r.get("id")}, ""
	}
	return nil, ""
}

func wooHandle(r row) string {
	if sku := r.get("sku"); sku != "" && !rounded.MatchString(sku) {
		return vendors.SlugOf(sku)
	}
	if r.get("name") == "" {
		return ""
	}
	return strings.TrimSuffix(vendors.SlugOf(r.get("name"))+"-"+r.get("id"), "-")
}

func wooProduct(p *Product, first *cells) {
	switch kinds := list(strings.ToLower(first.get("type"))); {
	case slices.Contains(kinds, "variation"):
		first.refuse("parent", "has the parent %q, which is not in the file", first.get("parent"))
	case !slices.Contains(kinds, "simple") && !slices.Contains(kinds, "variable"):
		first.refuse("type", "a product of the type %q cannot be imported: simple ones and variable ones can", first.get("type"))
	}
	p.Brand, _, _ = strings.Cut(p.Brand, ",")
	if p.Description == "" {
		p.Description = first.get("short description")
	}
	p.Description = wooText(p.Description)
	p.Tags = wooList(first.get("tags"))
	for _, path := range wooList(first.get("categories")) {
		p.Categories = append(p.Categories, categoryPath(path))
	}
	p.OptionNames = nil
	for _, r := range p.rows[1:] {
		for _, a := range wooAttributes(r) {
			if !slices.Contains(p.OptionNames, a.name) {
				p.OptionNames = append(p.OptionNames, a.name)
			}
		}
	}
	if len(p.OptionNames) > maxOptions {
		first.refuse("type", "varies in %d attributes: %d are possible", len(p.OptionNames), maxOptions)
	}
	for _, a := range wooAttributes(first.row) {
		if !slices.Contains(p.OptionNames, a.name) && a.visible {
			p.addAttribute(a.name, a.values...)
		}
	}
}

// wooText takes the line ends that WooCommerce writes as \n.
func wooText(text string) string {
	return strings.NewReplacer(`\\n`, `\n`, `\n`, "\n").Replace(text)
}

// wooList cuts a cell at commas, but for those with a backslash before them.
func wooList(cell string) []string {
	const comma = "\x00"
	items := list(strings.ReplaceAll(cell, `\,`, comma))
	for i := range items {
		items[i] = strings.ReplaceAll(items[i], comma, ",")
	}
	return items
}

type wooAttribute struct {
	name    string
	values  []string
	visible bool
}

// wooAttributes reads "Attribute 1 name", "Attribute 1 value(s)" and so on.
func wooAttributes(r row) (all []wooAttribute) {
	for i := 1; r.table.has(fmt.Sprintf("attribute %d name", i)); i++ {
		name := r.get(fmt.Sprintf("attribute %d name", i))
		if name == "" {
			continue
		}
		all = append(all, wooAttribute{
			name, wooList(r.get(fmt.Sprintf("attribute %d value(s)", i))), r.get(fmt.Sprintf("attribute %d visible", i)) != "0",
		})
	}
	return all
}

func wooPictures(p *Product, r row) {
	if r.number != p.rows[0].number {
		return // a variation's own
	}
	for _, url := range wooList(r.get("images")) {
		p.addImage(r, url, "")
	}
}

// wooSells is not so of a variable product's own row, nor of a variation that
// is switched off.
func wooSells(p *Product, r row) bool {
	if wooIs(r, "variable") {
		return false
	}
	if published := r.get("published"); r.number != p.rows[0].number && (published == "0" || strings.EqualFold(published, "false")) {
		c := cells{row: r}
		c.warn("published", "is switched off, and was left out")
		p.warnings = append(p.warnings, c.warnings...)
		return false
	}
	return true
}

// wooOptions are a variation's values; "" is any.
func wooOptions(c *cells, p *Product) []string {
	values := make([]string, len(p.OptionNames))
	for _, a := range wooAttributes(c.row) {
		if i := slices.Index(p.OptionNames, a.name); i >= 0 && len(a.values) > 0 {
			values[i] = strings.Join(a.values, ", ")
		}
	}
	return values
}

// wooPrices takes the sale price, and the regular one to compare with. A sale
// with dates is over when nobody remembers it, so it is left out.
func wooPrices(c *cells, p *Product) []Price {
	prices := c.usualPrices(p)
	if len(prices) == 0 || c.get("sale price") == "" {
		return prices
	}
	if c.get("date sale price starts") != "" || c.get("date sale price ends") != "" {
		c.warn("sale price", "is for some days only, and was left out: the regular price is taken")
		return prices
	}
	if sale := c.amountOf("sale price", c.get("sale price"), c.currency); sale != nil && sale.Minor < prices[0].Minor {
		regular := prices[0].Amount
		return []Price{{Amount: *sale, CompareAt: &regular}}
	}
	return prices
}

var wooWeight = regexp.MustCompile(`^weight \((kg|g|lbs|oz)\)$`)

func wooVariant(v *Variant, c *cells) {
	v.Image = ""
	if images := wooList(c.get("images")); len(images) > 0 && wooIs(c.row, "variation") {
		v.Image = images[0]
	}
	for name := range c.table.column {
		if match := wooWeight.FindStringSubmatch(name); match != nil {
			v.WeightGrams = c.grams(name, match[1])
		}
	}
	if status := strings.ToLower(c.get("tax status")); status != "" {
		v.Taxable = new(status == "taxable")
	}
	if wooIs(c.row, "virtual") {
		v.RequiresShipping = new(false)
	}
	wooStock(v, c)
}

// wooStock counts what the shop counted. What it has run out of without
// counting is counted from here on.
func wooStock(v *Variant, c *cells) {
	if policy := strings.ToLower(c.get("backorders allowed?")); policy == "notify" {
		v.Backorders = new(true)
	} else {
		v.Backorders = c.flag("backorders allowed?")
	}
	out := c.get("in stock?") == "0"
	v.Tracked = new(v.OnHand != nil || out)
	switch {
	case v.OnHand != nil:
	case wooShared(c.row):
		c.warn("on_hand", "is counted for all variations together: it has none until each is counted")
		v.Tracked, v.OnHand = new(true), new(0)
	case out:
		v.OnHand = new(0)
	}
}

// wooShared reports whether a variation's stock is that of its parent.
func wooShared(r row) bool {
	at, there := r.table.column["stock"]
	return there && at < len(r.cells) && strings.TrimSpace(r.cells[at]) == "parent"
}

// wooSpread makes a variant for each value where a variation is good for any.
// Each of them would have all of its stock, so that must not be counted then.
func wooSpread(p *Product, v Variant, c *cells) []Variant {
	variants := []Variant{v}
	for i, value := range v.Options {
		if value != "" {
			continue
		}
		var values []string
		for _, a := range wooAttributes(p.rows[0]) {
			if a.name == p.OptionNames[i] {
				values = a.values
			}
		}
		if len(values) == 0 || v.OnHand != nil && len(values) > 1 {
			c.refuse("type", "is good for any %s: give each a row of its own, with its stock", p.OptionNames[i])
			return nil
		}
		var wider []Variant
		for _, v := range variants {
			for n, value := range values {
				one := v
				one.Options = slices.Clone(v.Options)
				one.Options[i] = value
				if n > 0 && v.SKU != "" {
					one.SKU = v.SKU + "-" + strconv.Itoa(n+1)
				}
				wider = append(wider, one)
			}
		}
		variants = wider
	}
	return variants
}
