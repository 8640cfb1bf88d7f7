package importer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/catalog"
	"souk/internal/money"
)

// A Product is one product as a file describes it. What the file does not say
// is empty or nil, and stays as it is where the product is known.
type Product struct {
	rows     []row     // all that the file says of it, the first with the product's own columns
	warnings []Problem // what was read otherwise than it stands there

	Handle         string
	Slug           string   // its address, where the file says it
	OldSlugs       []string // that it had before
	Title          string
	Description    string
	Vendor         string // a name
	VendorSlug     string // or else made from the name
	Brand          string
	Kind           string
	Status         catalog.Status
	StatusReason   string
	PublishAt      *time.Time
	UnpublishAt    *time.Time
	Categories     [][]string // paths from the root
	Tags           []string
	Attributes     map[string][]string
	OptionNames    []string
	OptionValues   [][]string // in the order to show, where that is not the variants'
	Translations   map[string]catalog.Translation
	Relations      relationRefs
	SEOTitle       string
	SEODescription string
	Images         []Image
	Variants       []Variant
	FurtherPrices  []FurtherPrice
}

// A Variant is one row that can be sold.
type Variant struct {
	row row

	SKU              string
	Barcode          string
	Options          []string
	Prices           []Price
	OnHand           *int
	Tracked          *bool
	Backorders       *bool
	Taxable          *bool
	RequiresShipping *bool
	WeightGrams      int
	Dimensions       catalog.Dimensions
	Content          catalog.Content
	MinQuantity      int
	MaxQuantity      int
	TaxClass         string
	Bundle           *bundleRef
	Image            string   // before those that it shows already
	Images           []string // all that it shows
	Files            []fileRef
}

// A Price is what a variant costs in one currency.
type Price struct {
	money.Amount
	CompareAt     *money.Amount
	KeepCompareAt bool // the file has no column for it
}

// A FurtherPrice is the price in one more currency of a variant that the file
// has described before, or that is in the catalogue already.
type FurtherPrice struct {
	row row
	SKU string
	Price
}

// An Image is a picture by its address.
type Image struct {
	row row

	URL string
	Alt string
}

// excess is the first list of a product that is longer than any may be, and how
// long that is. What the catalogue would refuse in the end is refused before it
// makes tags and categories for it, and compares each variant with all others.
func (p *Product) excess() (field string, most int) {
	for _, list := range []struct {
		field   string
		n, most int
	}{
		{"variants", len(p.Variants), catalog.MaxVariants},
		{"images", len(p.Images), catalog.MaxMedia},
		{"tags", len(p.Tags), catalog.MaxTags},
		{"categories", len(p.Categories), catalog.MaxCategories},
	} {
		if list.n > list.most {
			return list.field, list.most
		}
	}
	return "", 0
}

// addImage adds a picture once, and one more than a product may have at most.
func (p *Product) addImage(from row, url, alt string) {
	if url == "" || len(p.Images) > catalog.MaxMedia || slices.ContainsFunc(p.Images, func(i Image) bool { return i.URL == url }) {
		return
	}
	p.Images = append(p.Images, Image{from, url, alt})
}

// addAttribute adds values to an attribute; the catalogue knows no doubles.
func (p *Product) addAttribute(name string, values ...string) {
	for _, v := range values {
		if v != "" {
			if p.Attributes == nil {
				p.Attributes = map[string][]string{}
			}
			p.Attributes[name] = append(p.Attributes[name], v)
		}
	}
}

// read makes a product of its rows. What it cannot read are problems; it
// leaves out the variants that have one, and all of them where the problem is
// the product's own.
func (f format) read(rows []row, currency money.Currency) (Product, []Problem) {
	first := &cells{row: rows[0], currency: currency}
	if f.parse != nil {
		p := f.parse(rows[0], first)
		p.rows, p.warnings = rows, first.warnings
		if len(p.Variants) == 0 {
			return p, whole(first.problems, rows)
		}
		return p, again(first.problems, rows)
	}
	p := Product{
		rows: rows, Handle: rows[0].handle(), Title: first.get("title"), Description: first.get("description"),
		Vendor: first.get("vendor"), VendorSlug: first.get("vendor_slug"), Brand: first.get("brand"), Kind: first.get("kind"),
		SEOTitle: first.get("seo_title"), SEODescription: first.get("seo_description"), Status: first.status(),
		OptionNames: optionNames(rows),
	}
	f.describe(&p, first)
	p.warnings = first.warnings
	if len(first.problems) > 0 {
		return p, whole(first.problems, rows)
	}
	problems := f.readRows(&p, currency)
	problems = append(problems, p.refuseDoubles()...)
	if len(problems)+len(p.Variants)+len(p.FurtherPrices) == 0 {
		first.refuse("", "has no variant that can be sold")
		problems = first.problems
	}
	if len(p.Variants)+len(p.FurtherPrices) == 0 {
		return p, whole(problems, rows)
	}
	for i := range problems {
		problems[i].rows = f.alone(p, problems[i].Row)
	}
	return p, problems
}

// readRows reads what each row adds to its product.
func (f format) readRows(p *Product, currency money.Currency) (problems []Problem) {
	for _, r := range p.rows {
		c := &cells{row: r, currency: currency}
		switch {
		case f.further != nil && f.further(r):
			price := FurtherPrice{row: r, SKU: c.get("sku")}
			if prices := c.usualPrices(p); len(prices) > 0 {
				price.Price = prices[0]
				p.FurtherPrices = append(p.FurtherPrices, price)
			}
		case f.sells(p, r):
			f.pictures(p, r)
			variants := c.variants(p)
			if len(c.problems) == 0 {
				p.Variants = append(p.Variants, variants...)
			}
		default:
			f.pictures(p, r)
		}
		problems = append(problems, c.problems...)
		p.warnings = append(p.warnings, c.warnings...)
	}
	return problems
}

// variants reads the variant of a row, or those that it stands for.
func (c *cells) variants(p *Product) []Variant {
	f := c.table.format
	v := c.variant(p)
	f.finish(&v, c)
	if f.spread == nil {
		return []Variant{v}
	}
	return f.spread(p, v, c)
}

// variant reads the fields that all formats have in common.
func (c *cells) variant(p *Product) Variant {
	options, prices := c.options, c.usualPrices
	if f := c.table.format; f.options != nil {
		options = func(p *Product) []string { return f.options(c, p) }
	}
	if f := c.table.format; f.prices != nil {
		prices = func(p *Product) []Price { return f.prices(c, p) }
	}
	return Variant{
		row: c.row, SKU: c.code("sku"), Barcode: c.code("barcode"), Options: options(p), Prices: prices(p),
		OnHand: c.count("on_hand"), Tracked: c.flag("tracked"), Backorders: c.flag("backorders"),
		Taxable: c.flag("taxable"), RequiresShipping: c.flag("requires_shipping"),
		WeightGrams: c.grams("weight_grams", "g"), TaxClass: c.get("tax_class"), Image: c.get("variant_image"),
	}
}

// usualPrices reads the price of a row, with the one that it is compared with where
// that is above it: shops export it in any case, and show it in this one only.
// What is not for sale yet may do without a price, and so may what Souk itself
// wrote: nobody can buy it.
func (c *cells) usualPrices(p *Product) []Price {
	if own := money.Currency(strings.ToUpper(c.get("currency"))); own != "" {
		c.currency = own
	}
	if !c.currency.Valid() {
		c.refuse("currency", "%q is not a currency", c.currency)
		return nil
	}
	before := len(c.problems)
	amount, compareAt := c.amount("price"), c.amount("compare_at_price")
	switch {
	case len(c.problems) > before:
		return nil
	case amount == nil && (p.Status == catalog.InDraft || c.table.format.strict):
		return nil
	case amount == nil:
		c.refuse("price", "has no price")
		return nil
	case compareAt != nil && compareAt.Minor <= amount.Minor:
		if c.table.format.strict {
			c.refuse("compare_at_price", "is not above the price")
		}
		compareAt = nil
	}
	return []Price{{*amount, compareAt, !c.table.has("compare_at_price")}}
}

// status reads what the file says of it; "" where it says nothing.
func (c *cells) status() catalog.Status {
	text := strings.ToLower(c.get("status"))
	if known, ok := c.table.format.statuses[text]; ok {
		return known
	}
	switch text {
	case "", "active", "draft", "archived", "pending_review", "rejected", "scheduled":
		return catalog.Status(text)
	case "unlisted": // Shopify's: sold, but not shown, which there is not here
		return catalog.InDraft
	default:
		c.refuse("status", "%q is not a status: active, draft and archived are", text)
		return ""
	}
}

// maxOptions is how many options a file has columns for.
const maxOptions = 3

// optionNames collects the names of a product's options: some formats give
// them on the first row, some on every one.
func optionNames(rows []row) (names []string) {
	for _, r := range rows {
		for i := 1; i <= maxOptions; i++ {
			if name := r.get("option" + strconv.Itoa(i)); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// options reads the value for each option of the product.
func (c *cells) options(p *Product) []string {
	values := make([]string, len(p.OptionNames))
	slots := make([]int, len(p.OptionNames))
	for i := 1; i <= maxOptions; i++ {
		value := c.get("value" + strconv.Itoa(i))
		name := cmp.Or(c.get("option"+strconv.Itoa(i)), p.rows[0].get("option"+strconv.Itoa(i)))
		if at := slices.Index(p.OptionNames, name); at >= 0 {
			values[at], slots[at] = value, i
		} else if value != "" && len(p.OptionNames) > 0 {
			c.refuse("value"+strconv.Itoa(i), "has the value %q for an option without a name", value)
		}
	}
	for i, value := range values {
		if value == "" {
			c.refuse("value"+strconv.Itoa(max(1, slots[i])), "has no value for the option %q", p.OptionNames[i])
		}
	}
	return values
}

// refuseDoubles drops variants whose options or SKU an earlier one has.
func (p *Product) refuseDoubles() (problems []Problem) {
	options, skus := map[string]int{}, map[string]int{}
	p.Variants = slices.DeleteFunc(p.Variants, func(v Variant) bool {
		choice := strings.Join(v.Options, " / ")
		c := cells{row: v.row}
		if at, double := options[choice]; double && choice == "" {
			c.refuse("value1", "is a second variant without options: row %d has none, either", at)
		} else if double {
			c.refuse("value1", "has the same options (%s) as row %d", choice, at)
		} else if at, double := skus[v.SKU]; double && v.SKU != "" {
			c.refuse("sku", "has the same SKU as row %d: %s", at, v.SKU)
		}
		if len(c.problems) == 0 {
			options[choice], skus[v.SKU] = v.row.number, v.row.number
		}
		problems = append(problems, c.problems...)
		return len(c.problems) > 0
	})
	return problems
}

// alone are the rows of a product that say what one of them says, so that they
// can be mended and imported by themselves after the rest of the product is in:
// the row itself, which names its product, and brings no pictures, which are in
// already and would be taken for all that there are. Where rows of one product
// stand apart, all of them belong together.
func (f format) alone(p Product, number int) []row {
	if f.family != nil || f.parse != nil {
		return p.rows
	}
	first, r := p.rows[0], p.rows[slices.IndexFunc(p.rows, func(r row) bool { return r.number == number })]
	if len(p.Variants) == 0 {
		return []row{r}
	}
	r.cells = append(slices.Clone(r.cells), make([]string, max(0, len(r.table.header)-len(r.cells)))...)
	for _, field := range []string{"title", "vendor", "vendor_slug", "option1", "option2", "option3"} {
		if at, ok := r.table.column[field]; ok && at < len(first.cells) && strings.TrimSpace(r.cells[at]) == "" {
			r.cells[at] = first.cells[at]
		}
	}
	for _, field := range f.images {
		if at, ok := r.table.column[field]; ok {
			r.cells[at] = ""
		}
	}
	return []row{r}
}
