package importer

import (
	"encoding/json"
	"strconv"
	"strings"

	"souk/internal/money"
)

// soukColumns are those of Souk's own CSV, which export writes and import
// reads without a loss: a row for each variant, the product's own columns on
// the first of them; further pictures and categories are separated by " | ".
var soukColumns = []string{
	"souk_handle", "title", "description", "vendor", "brand", "kind", "status", "categories", "tags", "attributes",
	"seo_title", "seo_description", "images", "image_alts",
	"option1", "option2", "option3", "value1", "value2", "value3",
	"sku", "barcode", "price", "compare_at_price", "currency", "on_hand", "tracked", "backorders",
	"weight_grams", "tax_class", "taxable", "requires_shipping",
}

const soukSeparator = " | "

var soukFormat = format{
	name:    "souk",
	matches: func(t *table) bool { return t.has("souk_handle", "title", "price") },
	handle:  func(r row) string { return r.get("souk_handle") },
	product: soukProduct,
}

func soukProduct(rows []row, currency money.Currency) (Product, []Problem) {
	for _, r := range rows {
		for i, cell := range r.cells {
			r.cells[i] = unguard(cell)
		}
	}
	first := rows[0]
	cells := cellReader{row: first, currency: currency}
	p := Product{
		rows:           rows,
		Handle:         first.get("souk_handle"),
		Title:          first.get("title"),
		Description:    first.get("description"),
		Vendor:         first.get("vendor"),
		Brand:          first.get("brand"),
		Kind:           first.get("kind"),
		Draft:          first.get("status") == "draft",
		Archived:       first.get("status") == "archived",
		Tags:           list(first.get("tags")),
		SEOTitle:       first.get("seo_title"),
		SEODescription: first.get("seo_description"),
	}
	for _, path := range pieces(first.get("categories")) {
		p.Categories = append(p.Categories, categoryPath(path))
	}
	if text := first.get("attributes"); text != "" {
		if err := json.Unmarshal([]byte(text), &p.Attributes); err != nil {
			cells.refuse("attributes", `is not of the form {"name": ["value"]}`)
		}
	}
	alts := strings.Split(first.get("image_alts"), soukSeparator)
	for i, url := range pieces(first.get("images")) {
		alt := ""
		if i < len(alts) {
			alt = strings.TrimSpace(alts[i])
		}
		p.addImage(url, alt)
	}
	for i := 1; i <= 3; i++ {
		if name := first.get("option" + strconv.Itoa(i)); name != "" {
			p.OptionNames = append(p.OptionNames, name)
		}
	}
	problems := cells.problems
	if len(problems) > 0 {
		return p, problems
	}
	for _, r := range rows {
		v, faults := soukVariant(r, len(p.OptionNames), currency)
		if problems = append(problems, faults...); len(faults) == 0 {
			p.Variants = append(p.Variants, v)
		}
	}
	return p, append(problems, p.refuseDoubles()...)
}

func soukVariant(r row, options int, currency money.Currency) (Variant, []Problem) {
	if own := money.Currency(r.get("currency")); own != "" {
		currency = own
	}
	cells := cellReader{row: r, currency: currency}
	if !currency.Valid() {
		cells.refuse("currency", "%q is not a currency", currency)
	}
	v := Variant{
		row:              r,
		SKU:              r.get("sku"),
		Barcode:          r.get("barcode"),
		CompareAt:        cells.amount("compare_at_price"),
		OnHand:           cells.count("on_hand"),
		Tracked:          cells.flag(true, "tracked"),
		Backorders:       cells.flag(false, "backorders"),
		WeightGrams:      cells.grams("g", "weight_grams"),
		TaxClass:         r.get("tax_class"),
		Taxable:          cells.flag(true, "taxable"),
		RequiresShipping: cells.flag(true, "requires_shipping"),
	}
	if price := cells.amount("price"); price != nil {
		v.Price = *price
	} else if len(cells.problems) == 0 {
		cells.refuse("price", "has no price")
	}
	if v.CompareAt != nil && v.CompareAt.Minor <= v.Price.Minor {
		cells.refuse("compare_at_price", "is not above the price")
	}
	for i := 1; i <= options; i++ {
		column := "value" + strconv.Itoa(i)
		value := r.get(column)
		if value == "" {
			cells.refuse(column, "has no value for this option")
		}
		v.Options = append(v.Options, value)
	}
	return v, cells.problems
}

// pieces cuts a cell at " | ".
func pieces(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, soukSeparator)
}
