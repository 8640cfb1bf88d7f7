package importer

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// spreeFormat reads the product CSV of Spree Commerce: a row for the product
// itself and one for each variant, joined by the slug; prices in further
// currencies follow in rows of their own, often far below.
var spreeFormat = format{
	name:  "spree",
	needs: [][]string{{"slug", "name", "price", "option1_name", "category1"}},
	calls: map[string][]string{
		"handle":          {"slug"},
		"title":           {"name"},
		"brand":           {"brand", "vendor"},
		"kind":            {"product_type"},
		"seo_title":       {"meta_title"},
		"seo_description": {"meta_description"},
		"option1":         {"option1_name"},
		"option2":         {"option2_name"},
		"option3":         {"option3_name"},
		"value1":          {"option1_value"},
		"value2":          {"option2_value"},
		"value3":          {"option3_value"},
		"on_hand":         {"inventory_count"},
		"tracked":         {"track_inventory"},
		"backorders":      {"inventory_backorderable"},
		"variant_image":   {"image1_src"},
	},
	unguard:  unguardFormula,
	describe: spreeProduct,
	pictures: spreePictures,
	sells:    spreeSells,
	finish:   spreeVariant,
	further:  spreePricesOnly,
}

func spreeProduct(p *Product, first *cells) {
	p.Tags = list(first.get("tags"))
	for _, path := range numbered(first.row, "category", "") {
		p.Categories = append(p.Categories, categoryPath(path))
	}
	for _, column := range slices.Sorted(maps.Keys(first.table.column)) {
		if field, ok := strings.CutPrefix(column, "custom_field."); ok {
			p.addAttribute(field[strings.LastIndex(field, ".")+1:], first.get(column))
		}
	}
}

// spreePictures leaves a variant's own picture to the variant.
func spreePictures(p *Product, r row) {
	for _, url := range numbered(r, "image", "_src") {
		if r.get("value1") == "" || url != r.get("variant_image") {
			p.addImage(r, url, "")
		}
	}
}

// numbered are the cells of columns that are counted: image1_src, image2_src …
func numbered(r row, before, after string) (texts []string) {
	for i := 1; ; i++ {
		column := before + strconv.Itoa(i) + after
		if !r.table.has(column) {
			return texts
		}
		if text := r.get(column); text != "" {
			texts = append(texts, text)
		}
	}
}

// spreePricesOnly tells the rows that give a variant its price in one more
// currency.
func spreePricesOnly(r row) bool {
	return r.get("title") == "" && r.get("value1") == "" && r.get("sku") != ""
}

// spreeSells is not so of the product's own row where variants follow it.
func spreeSells(p *Product, r row) bool { return len(p.OptionNames) == 0 || r.get("value1") != "" }

func spreeVariant(v *Variant, c *cells) {
	v.WeightGrams = c.grams("weight", cmp.Or(c.get("weight_unit"), "g"))
}
