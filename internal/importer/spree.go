package importer

import (
	"slices"
	"strconv"
	"strings"

	"souk/internal/money"
)

// spreeFormat reads the product CSV of Spree Commerce: a row for the product
// itself and one for each variant, joined by the slug.
var spreeFormat = format{
	name:    "spree",
	matches: func(t *table) bool { return t.has("slug", "name", "price", "option1_name", "category1") },
	handle:  func(r row) string { return r.get("slug") },
	product: spreeProduct,
}

func spreeProduct(rows []row, currency money.Currency) (Product, []Problem) {
	first := rows[0]
	p := Product{
		rows:           rows,
		Handle:         first.get("slug"),
		Title:          first.get("name"),
		Description:    first.get("description"),
		Vendor:         first.get("vendor"),
		Brand:          first.get("brand", "vendor"),
		Kind:           first.get("product_type"),
		Tags:           list(first.get("tags")),
		SEOTitle:       first.get("meta_title"),
		SEODescription: first.get("meta_description"),
		Draft:          strings.EqualFold(first.get("status"), "draft"),
		Archived:       strings.EqualFold(first.get("status"), "archived"),
	}
	for i := 1; ; i++ {
		column := "category" + strconv.Itoa(i)
		if _, ok := first.column[column]; !ok {
			break
		}
		if path := categoryPath(first.get(column)); len(path) > 0 {
			p.Categories = append(p.Categories, path)
		}
	}
	for name := range first.column {
		if field, ok := strings.CutPrefix(name, "custom_field."); ok {
			p.addAttribute(field[strings.LastIndex(field, ".")+1:], first.get(name))
		}
	}
	p.OptionNames = spreeOptionNames(rows)
	var problems []Problem
	for _, r := range rows {
		if spreePricesOnly(r) {
			price, faults := spreeFurtherPrice(r, currency)
			if problems = append(problems, faults...); len(faults) == 0 {
				p.FurtherPrices = append(p.FurtherPrices, price)
			}
			continue
		}
		for i := 1; ; i++ {
			column := "image" + strconv.Itoa(i) + "_src"
			if _, ok := r.column[column]; !ok {
				break
			}
			p.addImage(r.get(column), "")
		}
		// The product's own row is not for sale where variants follow it.
		if len(rows) > 1 && len(p.OptionNames) > 0 && r.get("option1_value") == "" {
			continue
		}
		v, faults := spreeVariant(r, p.OptionNames, currency)
		if problems = append(problems, faults...); len(faults) == 0 {
			p.Variants = append(p.Variants, v)
		}
	}
	return p, append(problems, p.refuseDoubles()...)
}

// spreeOptionNames collects the names over the variants, which carry them.
func spreeOptionNames(rows []row) []string {
	var names []string
	for _, r := range rows {
		for i := 1; i <= 3; i++ {
			if name := r.get("option" + strconv.Itoa(i) + "_name"); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// spreePricesOnly tells the rows, often far below their product, that give a
// variant its price in one more currency.
func spreePricesOnly(r row) bool {
	return r.get("name") == "" && r.get("option1_value") == "" && r.get("sku") != ""
}

func spreeFurtherPrice(r row, currency money.Currency) (FurtherPrice, []Problem) {
	v, problems := spreeVariant(r, nil, currency)
	return FurtherPrice{row: r, SKU: v.SKU, Price: v.Price, CompareAt: v.CompareAt}, problems
}

func spreeVariant(r row, options []string, currency money.Currency) (Variant, []Problem) {
	if own := money.Currency(strings.ToUpper(r.get("currency"))); own != "" {
		currency = own
	}
	cells := cellReader{row: r, currency: currency}
	if !currency.Valid() {
		cells.refuse("currency", "%q is not a currency", currency)
	}
	v := Variant{
		row:              r,
		SKU:              r.get("sku"),
		CompareAt:        cells.amount("compare_at_price"),
		OnHand:           cells.count("inventory_count"),
		Tracked:          cells.flag(true, "track_inventory"),
		Backorders:       cells.flag(false, "inventory_backorderable"),
		WeightGrams:      cells.grams(r.get("weight_unit"), "weight"),
		Taxable:          true,
		RequiresShipping: true,
		Image:            r.get("image1_src"),
	}
	price := cells.amount("price")
	switch {
	case price != nil:
		v.Price = *price
	case len(cells.problems) == 0:
		cells.refuse("price", "has no price")
	}
	v.CompareAt = above(v.CompareAt, v.Price)
	for _, name := range options {
		value := spreeOption(r, name)
		if value == "" {
			cells.refuse("option1_value", "has no value for the option %s", name)
		}
		v.Options = append(v.Options, value)
	}
	return v, cells.problems
}

func spreeOption(r row, name string) string {
	for i := 1; i <= 3; i++ {
		if r.get("option"+strconv.Itoa(i)+"_name") == name {
			return r.get("option" + strconv.Itoa(i) + "_value")
		}
	}
	return ""
}
