package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"souk/internal/errs"
	"souk/internal/vendors"
)

// A Mapping says which column of a file is which field: {"Preis": "price"}.
// Fields are called as in Souk's own CSV; option.Size and attribute.material
// make options and attributes of any name.
type Mapping map[string]string

// ErrMapping says that a mapping does not make products of a file.
var ErrMapping = errs.New(errs.Invalid, "bad_mapping", "This mapping does not make products of the file.")

// mappable are the fields that columns can be mapped to, with what such a
// column is often called.
var mappable = map[string][]string{
	"handle":            {"handle", "slug", "url key"},
	"title":             {"title", "name", "product", "product name", "bezeichnung", "titel", "nom", "nombre"},
	"description":       {"description", "body", "text", "beschreibung", "descripción"},
	"vendor":            {"vendor", "seller", "supplier"},
	"brand":             {"brand", "manufacturer", "marke", "hersteller", "marque", "marca"},
	"kind":              {"kind", "type", "product type"},
	"status":            {"status"},
	"categories":        {"categories", "category", "kategorie", "catégorie", "categoría"},
	"tags":              {"tags", "keywords"},
	"seo_title":         {"seo title", "meta title"},
	"seo_description":   {"seo description", "meta description"},
	"images":            {"images", "image", "image url", "picture", "bild", "photo"},
	"sku":               {"sku", "article number", "item number", "artikelnummer", "référence", "referencia"},
	"barcode":           {"barcode", "gtin", "ean", "upc", "isbn"},
	"price":             {"price", "unit price", "preis", "prix", "precio"},
	"compare_at_price":  {"compare at price", "list price", "msrp", "rrp", "uvp"},
	"currency":          {"currency", "währung", "devise", "moneda"},
	"on_hand":           {"on hand", "stock", "quantity", "qty", "inventory", "bestand", "lagerbestand"},
	"tracked":           {"tracked"},
	"backorders":        {"backorders"},
	"weight_grams":      {"weight grams", "weight (g)", "grams"},
	"weight_kg":         {"weight", "weight (kg)", "gewicht (kg)"},
	"tax_class":         {"tax class"},
	"taxable":           {"taxable"},
	"requires_shipping": {"requires shipping"},
	"variant_image":     {"variant image"},
}

// many are the fields that several columns may be mapped to.
var many = []string{"categories", "tags", "images"}

// Suggest maps the columns whose names say what they are.
func Suggest(columns []string) Mapping {
	known := map[string]string{}
	for field, names := range mappable {
		for _, name := range names {
			known[name] = field
		}
	}
	m, taken := Mapping{}, map[string]bool{}
	for _, column := range columns {
		name := strings.ToLower(strings.TrimSpace(strings.ReplaceAll(column, "_", " ")))
		if field := known[name]; field != "" && (!taken[field] || slices.Contains(many, field)) {
			m[column], taken[field] = field, true
		}
	}
	return m
}

// check finds what is wrong with a mapping of columns.
func (m Mapping) check(t *table) error {
	bad, taken, named, options := ErrMapping, map[string]string{}, map[string]bool{}, 0
	for _, column := range slices.Sorted(maps.Keys(m)) {
		name := strings.ToLower(strings.TrimSpace(column))
		field, pointer := m[column], "/mapping/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(column)
		option, isOption := strings.CutPrefix(field, "option.")
		attribute, isAttribute := strings.CutPrefix(field, "attribute.")
		switch first, twice := taken[field]; {
		case !t.has(name):
			bad = bad.Field(pointer, "no_column", "The file has no such column.")
		case named[name]:
			bad = bad.Field(pointer, "twice", "This column is mapped already.")
		case isOption && option == "" || isAttribute && attribute == "" || !isOption && !isAttribute && mappable[field] == nil:
			bad = bad.Field(pointer, "no_field", fmt.Sprintf("There is no field %s. There are: %s, option.NAME and attribute.NAME.",
				field, strings.Join(slices.Sorted(maps.Keys(mappable)), ", ")))
		case twice && !slices.Contains(many, field):
			bad = bad.Field(pointer, "twice", "The column "+first+" is this field already.")
		}
		named[name] = true
		if taken[field] = column; isOption {
			options++
		}
	}
	if options > maxOptions {
		bad = bad.Field("/mapping", "too_many_options", fmt.Sprintf("A product has at most %d options.", maxOptions))
	}
	if taken["title"] == "" && taken["handle"] == "" && taken["sku"] == "" {
		bad = bad.Field("/mapping", "required", "Map a column to title, handle or sku.")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// format is how files of this mapping are read. The table calls its columns by
// their fields from here on; what was not mapped has no meaning.
func (m Mapping) format(t *table) (format, error) {
	if err := m.check(t); err != nil {
		return format{}, err
	}
	fields := map[string]string{}
	for column, field := range m {
		fields[strings.ToLower(strings.TrimSpace(column))] = field
	}
	t.column = map[string]int{}
	var options, attributes []string
	several := map[string]int{}
	for i, name := range t.header { // in the order of the file
		field := fields[strings.ToLower(name)]
		option, isOption := strings.CutPrefix(field, "option.")
		attribute, isAttribute := strings.CutPrefix(field, "attribute.")
		_, taken := t.column[field]
		switch {
		case field == "", taken: // of two columns of one name the first counts
			continue
		case isOption:
			options = append(options, option)
		case isAttribute:
			attributes = append(attributes, attribute)
		case slices.Contains(many, field):
			several[field]++
			field = fmt.Sprintf("%s %d", field, several[field])
		}
		t.column[field] = i
	}
	t.format = mapped(options, attributes)
	return t.format, nil
}

// mapped reads a table whose columns are called by their fields.
func mapped(options, attributes []string) format {
	return format{
		name: "mapped", local: true, unguard: unguardFormula,
		handle: func(r row) string { return mappedHandle(r, len(options) > 0) },
		describe: func(p *Product, first *cells) {
			p.OptionNames = options
			for _, name := range attributes {
				p.addAttribute(name, cut(first.get("attribute."+name), "|;\n")...)
			}
			for _, cell := range numbered(first.row, "tags ", "") {
				p.Tags = append(p.Tags, cut(cell, "|;,\n")...)
			}
			for _, cell := range numbered(first.row, "categories ", "") {
				for _, path := range cut(cell, "|;\n") {
					p.Categories = append(p.Categories, categoryPath(path))
				}
			}
		},
		pictures: func(p *Product, r row) {
			for _, cell := range numbered(r, "images ", "") {
				for _, url := range cut(strings.ReplaceAll(cell, ",http", " http"), "| \n") {
					p.addImage(r, strings.TrimSuffix(url, ","), "")
				}
			}
		},
		sells: func(*Product, row) bool { return true },
		options: func(c *cells, _ *Product) []string {
			values := make([]string, len(options))
			for i, name := range options {
				if values[i] = c.get("option." + name); values[i] == "" {
					c.refuse("option."+name, "has no value for the option %q", name)
				}
			}
			return values
		},
		finish: func(v *Variant, c *cells) {
			if grams := c.grams("weight_kg", "kg"); grams > 0 {
				v.WeightGrams = grams
			}
		},
	}
}

// mappedHandle makes a handle where no column is one: rows of one title are a
// product where there are options, and one SKU is a product where there are none.
func mappedHandle(r row, varies bool) string {
	handle, title, code := r.get("handle"), r.get("title"), r.get("sku")
	switch {
	case handle != "":
		return handle
	case title != "" && (varies || code == "" || rounded.MatchString(code)):
		return vendors.SlugOf(title)
	case code != "" && !rounded.MatchString(code):
		return vendors.SlugOf(code)
	}
	return ""
}

// cut cuts a cell that holds several at any of the marks.
func cut(cell, marks string) (items []string) {
	for _, item := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(marks, r) }) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
