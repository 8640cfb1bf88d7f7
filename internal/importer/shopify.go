package importer

import (
	"strconv"
	"strings"

	"souk/internal/money"
)

// shopifyFormat reads the product CSV of Shopify: the classic columns
// (Handle, Body (HTML), Variant Price …) and those of the template of 2026
// (URL handle, Description, Price …). Columns are described at
// help.shopify.com, "Using CSV files to import and export products".
var shopifyFormat = format{
	name: "shopify",
	matches: func(t *table) bool {
		return t.has("handle", "title", "variant price") || t.has("url handle", "title", "price", "option1 name")
	},
	handle:  shopifyHandle,
	product: shopifyProduct,
}

func shopifyHandle(r row) string { return r.get("handle", "url handle") }

func shopifyProduct(rows []row, currency money.Currency) (Product, []Problem) {
	first := rows[0]
	p := Product{
		rows:           rows,
		Handle:         shopifyHandle(first),
		Title:          first.get("title"),
		Description:    first.get("body (html)", "description"),
		Vendor:         first.get("vendor"),
		Brand:          first.get("vendor"),
		Kind:           first.get("type"),
		Tags:           list(first.get("tags")),
		SEOTitle:       first.get("seo title"),
		SEODescription: first.get("seo description"),
		Draft:          strings.EqualFold(first.get("status"), "draft"),
		Archived:       strings.EqualFold(first.get("status"), "archived"),
	}
	cells := cellReader{row: first, currency: currency}
	if !cells.flag(true, "published", "published on online store") {
		p.Draft = true
	}
	if path := categoryPath(first.get("product category")); len(path) > 0 {
		p.Categories = [][]string{path}
	} else if p.Kind != "" {
		p.Categories = [][]string{{p.Kind}}
	}
	if cells.flag(false, "gift card") {
		cells.refuse("gift card", "gift cards cannot be imported as products")
	}
	p.addAttribute("color", list(strings.ReplaceAll(first.get("color (product.metafields.shopify.color-pattern)"), ";", ","))...)
	for _, name := range []string{"Gender", "Age group", "Condition"} {
		p.addAttribute(strings.ReplaceAll(strings.ToLower(name), " ", "_"), list(first.get("google shopping / "+strings.ToLower(name)))...)
	}
	p.OptionNames = shopifyOptionNames(first)
	problems := cells.problems
	if len(problems) > 0 {
		return p, problems
	}
	for _, r := range rows {
		p.addImage(r.get("image src", "product image url"), r.get("image alt text"))
		if !shopifySells(r) {
			continue
		}
		v, faults := shopifyVariant(r, len(p.OptionNames), currency)
		if problems = append(problems, faults...); len(faults) == 0 {
			p.addImage(v.Image, "")
			p.Variants = append(p.Variants, v)
		}
	}
	return p, append(problems, p.refuseDoubles()...)
}

// shopifyOptionNames is empty for a product without options, which Shopify
// writes as the one option Title with the one value Default Title.
func shopifyOptionNames(r row) []string {
	var names []string
	for i := 1; i <= 3; i++ {
		if name := r.get("option" + strconv.Itoa(i) + " name"); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 1 && names[0] == "Title" && strings.EqualFold(r.get("option1 value"), "Default Title") {
		return nil
	}
	return names
}

// shopifySells tells a row with a variant from one that only adds a picture.
func shopifySells(r row) bool {
	return r.get("variant price", "price", "option1 value", "variant sku", "sku") != ""
}

func shopifyVariant(r row, options int, currency money.Currency) (Variant, []Problem) {
	cells := cellReader{row: r, currency: currency}
	tracker := r.get("variant inventory tracker", "inventory tracker")
	continues := strings.EqualFold(r.get("variant inventory policy", "continue selling when out of stock"), "continue")
	v := Variant{
		row:              r,
		SKU:              r.get("variant sku", "sku"),
		Barcode:          strings.TrimPrefix(r.get("variant barcode", "barcode"), "'"), // the guard that spreadsheets need
		CompareAt:        cells.amount("variant compare at price", "compare-at price"),
		OnHand:           cells.count("variant inventory qty", "inventory quantity"),
		Tracked:          tracker != "",
		Backorders:       continues || strings.EqualFold(r.get("continue selling when out of stock"), "true"),
		WeightGrams:      cells.grams("g", "variant grams", "weight value (grams)"),
		Taxable:          cells.flag(true, "variant taxable", "charge tax"),
		RequiresShipping: cells.flag(true, "variant requires shipping", "requires shipping"),
		Image:            r.get("variant image", "variant image url"),
	}
	price := cells.amount("variant price", "price")
	if price == nil && len(cells.problems) == 0 {
		cells.refuse(r.named("variant price", "price"), "has no price")
	}
	if price != nil {
		v.Price = *price
	}
	v.CompareAt = above(v.CompareAt, v.Price)
	for i := 1; i <= options; i++ {
		column := "option" + strconv.Itoa(i) + " value"
		value := r.get(column)
		if value == "" {
			cells.refuse(column, "has no value for this option")
		}
		v.Options = append(v.Options, value)
	}
	return v, cells.problems
}

// above is a compare-at price where it is one: Shopify exports those that are
// not above the price, too, and shows none of them.
func above(compareAt *money.Amount, price money.Amount) *money.Amount {
	if compareAt == nil || compareAt.Minor <= price.Minor {
		return nil
	}
	return compareAt
}
