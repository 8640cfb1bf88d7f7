package importer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"souk/internal/catalog"
	"souk/internal/money"
)

// linesColumn is what the one column of a file of lines is called.
const linesColumn = "souk-jsonl"

// linesFormat is Souk's own JSON: a line for each product, which loses nothing
// and has no limit to options and pictures.
var linesFormat = format{
	name:  "souk-jsonl",
	needs: [][]string{{linesColumn}},
	parse: func(r row, c *cells) Product {
		var l productLine
		if err := json.Unmarshal([]byte(r.cells[0]), &l); err != nil {
			c.refuseJSON(err)
			return Product{}
		}
		return l.product(c)
	},
	handle: func(r row) string {
		var l struct {
			Handle string `json:"handle"`
		}
		if err := json.Unmarshal([]byte(r.cells[0]), &l); err != nil {
			return "" // parse says what is wrong with it, or the reader that it has no handle
		}
		return strings.TrimSpace(l.Handle)
	},
}

// refuseJSON says where a line does not have the shape of a product.
func (c *cells) refuseJSON(err error) {
	var shape *json.UnmarshalTypeError
	if errors.As(err, &shape) {
		c.refuse(shape.Field, "is %s, which does not belong there", shape.Value)
		return
	}
	c.refuse("", "cannot be read: %s", err)
}

// A productLine is a product as a line of JSON. What it leaves out stays as it
// is where the product is known.
type productLine struct {
	Handle         string              `json:"handle"`
	Title          string              `json:"title,omitempty"`
	Description    string              `json:"description,omitempty"`
	Vendor         string              `json:"vendor,omitempty"`
	VendorSlug     string              `json:"vendor_slug,omitempty"`
	Brand          string              `json:"brand,omitempty"`
	Kind           string              `json:"kind,omitempty"`
	Status         string              `json:"status,omitempty"`
	Categories     []string            `json:"categories,omitempty"` // Home > Lighting
	Tags           []string            `json:"tags,omitempty"`
	Attributes     map[string][]string `json:"attributes,omitempty"`
	SEOTitle       string              `json:"seo_title,omitempty"`
	SEODescription string              `json:"seo_description,omitempty"`
	Images         []imageLine         `json:"images,omitempty"`
	Options        []string            `json:"options,omitempty"`
	Variants       []variantLine       `json:"variants"`
}

type imageLine struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

type variantLine struct {
	SKU              string      `json:"sku,omitempty"`
	Barcode          string      `json:"barcode,omitempty"`
	Options          []string    `json:"options,omitempty"`
	Prices           []priceLine `json:"prices,omitempty"`
	OnHand           *int        `json:"on_hand,omitempty"`
	Tracked          *bool       `json:"tracked,omitempty"`
	Backorders       *bool       `json:"backorders,omitempty"`
	WeightGrams      int         `json:"weight_grams,omitempty"`
	TaxClass         string      `json:"tax_class,omitempty"`
	Taxable          *bool       `json:"taxable,omitempty"`
	RequiresShipping *bool       `json:"requires_shipping,omitempty"`
	Image            string      `json:"image,omitempty"`
}

type priceLine struct {
	Price     money.Amount  `json:"price"`
	CompareAt *money.Amount `json:"compare_at_price,omitempty"`
}

// product checks what a line says. A variant that has a problem is left out.
func (l productLine) product(c *cells) Product {
	p := Product{
		Handle: strings.TrimSpace(l.Handle), Title: l.Title, Description: l.Description, Vendor: l.Vendor, VendorSlug: l.VendorSlug,
		Brand: l.Brand, Kind: l.Kind, Tags: l.Tags, Attributes: l.Attributes, SEOTitle: l.SEOTitle, SEODescription: l.SEODescription,
		OptionNames: l.Options, Status: catalog.Status(l.Status),
	}
	switch p.Status {
	case "", catalog.Active, catalog.InDraft, catalog.Archived, catalog.PendingReview, catalog.Rejected:
	default:
		c.refuse("status", "%q is not a status: active, draft and archived are", l.Status)
		return p
	}
	for _, path := range l.Categories {
		p.Categories = append(p.Categories, strings.Split(path, " > "))
	}
	for _, image := range l.Images {
		p.addImage(c.row, image.URL, image.Alt)
	}
	for i, v := range l.Variants {
		at := &cells{row: c.row, currency: c.currency}
		variant := v.variant(at, fmt.Sprintf("variants[%d].", i), len(l.Options))
		if len(at.problems) == 0 {
			p.Variants = append(p.Variants, variant)
		}
		c.problems = append(c.problems, at.problems...)
	}
	if len(l.Variants) == 0 {
		c.refuse("variants", "has no variant: a product has at least one")
	}
	c.problems = append(c.problems, p.refuseDoubles()...)
	return p
}

func (l variantLine) variant(c *cells, at string, options int) Variant {
	v := Variant{
		row: c.row, SKU: l.SKU, Barcode: l.Barcode, Options: l.Options, OnHand: l.OnHand, Tracked: l.Tracked, Backorders: l.Backorders,
		WeightGrams: l.WeightGrams, TaxClass: l.TaxClass, Taxable: l.Taxable, RequiresShipping: l.RequiresShipping, Image: l.Image,
	}
	switch {
	case len(l.Options) != options:
		c.refuse(at+"options", "has %d values for the %d options of the product", len(l.Options), options)
	case l.OnHand != nil && (*l.OnHand < 0 || *l.OnHand > maxCount):
		c.refuse(at+"on_hand", "%d is not a number of stock", *l.OnHand)
	case l.WeightGrams < 0 || l.WeightGrams > maxCount:
		c.refuse(at+"weight_grams", "%d is not a weight", l.WeightGrams)
	}
	for _, price := range l.Prices {
		compareAt := price.CompareAt
		switch {
		case !price.Price.Currency.Valid():
			c.refuse(at+"prices", "%q is not a currency", price.Price.Currency)
		case price.Price.Minor < 0 || price.Price.Minor > maxPrice:
			c.refuse(at+"prices", "%d is not a price", price.Price.Minor)
		case compareAt != nil && (compareAt.Currency != price.Price.Currency || compareAt.Minor <= price.Price.Minor || compareAt.Minor > maxPrice):
			c.refuse(at+"prices", "the price to compare with is not one above the price, in its currency")
		}
		v.Prices = append(v.Prices, Price{Amount: price.Price, CompareAt: compareAt})
	}
	return v
}

// linesWriter writes a line when the last variant of a product is known.
type linesWriter struct {
	out     *bufio.Writer
	product productLine
}

func (w *linesWriter) write(l exportLine, first bool) error {
	if first {
		if err := w.flush(); err != nil {
			return err
		}
		w.product = l.productLine()
	}
	w.product.Variants = append(w.product.Variants, l.variantLine())
	return nil
}

func (w *linesWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Flush()
}

func (w *linesWriter) flush() error {
	if w.product.Variants == nil {
		return nil
	}
	line := json.NewEncoder(w.out)
	line.SetEscapeHTML(false)
	return line.Encode(w.product)
}

func (l exportLine) productLine() productLine {
	p := productLine{
		Handle: l.Handle, Title: l.Title, Description: l.Description, Vendor: l.Vendor, VendorSlug: l.VendorSlug, Brand: l.Brand,
		Kind: l.Kind, Status: l.Status, Categories: l.Categories, Tags: l.Tags, Attributes: l.Attributes,
		SEOTitle: l.SEOTitle, SEODescription: l.SEODescription, Options: l.OptionNames,
	}
	for i, url := range l.Images {
		p.Images = append(p.Images, imageLine{url, l.ImageAlts[i]})
	}
	return p
}

func (l exportLine) variantLine() variantLine {
	v := variantLine{
		SKU: l.SKU, Barcode: l.Barcode, Options: l.Options, Tracked: &l.Tracked, Backorders: &l.Backorders, WeightGrams: l.WeightGrams,
		TaxClass: l.TaxClass, Taxable: &l.Taxable, RequiresShipping: &l.Ships, Image: l.Image,
	}
	if l.Tracked {
		v.OnHand = l.OnHand
	}
	for i, currency := range l.Currencies {
		price := priceLine{Price: money.Of(l.Amounts[i], currency)}
		if l.CompareAt[i] > 0 {
			price.CompareAt = new(money.Of(l.CompareAt[i], currency))
		}
		v.Prices = append(v.Prices, price)
	}
	return v
}
