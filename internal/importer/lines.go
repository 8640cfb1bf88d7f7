package importer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

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
	Handle         string                         `json:"handle"`
	Slug           string                         `json:"slug,omitempty"`
	OldSlugs       []string                       `json:"old_slugs,omitempty"`
	Title          string                         `json:"title,omitempty"`
	Description    string                         `json:"description,omitempty"`
	Vendor         string                         `json:"vendor,omitempty"`
	VendorSlug     string                         `json:"vendor_slug,omitempty"`
	Brand          string                         `json:"brand,omitempty"`
	Kind           string                         `json:"kind,omitempty"`
	Status         string                         `json:"status,omitempty"`
	StatusReason   string                         `json:"status_reason,omitempty"`
	PublishAt      *time.Time                     `json:"publish_at,omitempty"`
	UnpublishAt    *time.Time                     `json:"unpublish_at,omitempty"`
	Categories     []string                       `json:"categories,omitempty"` // Home > Lighting
	Tags           []string                       `json:"tags,omitempty"`
	Attributes     map[string][]string            `json:"attributes,omitempty"`
	SEOTitle       string                         `json:"seo_title,omitempty"`
	SEODescription string                         `json:"seo_description,omitempty"`
	Translations   map[string]catalog.Translation `json:"translations,omitempty"`
	Relations      relationRefs                   `json:"relations,omitzero"`
	Images         []imageLine                    `json:"images,omitempty"`
	Options        []string                       `json:"options,omitempty"`
	OptionValues   [][]string                     `json:"option_values,omitempty"` // where they are not shown in the order of the variants
	Variants       []variantLine                  `json:"variants"`
}

type imageLine struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

type variantLine struct {
	SKU              string             `json:"sku,omitempty"`
	Barcode          string             `json:"barcode,omitempty"`
	Options          []string           `json:"options,omitempty"`
	Prices           []priceLine        `json:"prices,omitempty"`
	Bundle           *bundleRef         `json:"bundle,omitempty"`
	OnHand           *int               `json:"on_hand,omitempty"`
	Tracked          *bool              `json:"tracked,omitempty"`
	Backorders       *bool              `json:"backorders,omitempty"`
	MinQuantity      int                `json:"min_quantity,omitempty"`
	MaxQuantity      int                `json:"max_quantity,omitempty"`
	WeightGrams      int                `json:"weight_grams,omitempty"`
	Dimensions       catalog.Dimensions `json:"dimensions,omitzero"`
	Content          catalog.Content    `json:"content,omitzero"`
	TaxClass         string             `json:"tax_class,omitempty"`
	Taxable          *bool              `json:"taxable,omitempty"`
	RequiresShipping *bool              `json:"requires_shipping,omitempty"`
	Image            string             `json:"image,omitempty"` // the first, before those that it shows already
	Images           []string           `json:"images,omitempty"`
	Files            []fileRef          `json:"files,omitempty"`
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
		OptionNames: l.Options, OptionValues: l.OptionValues, Slug: l.Slug, OldSlugs: l.OldSlugs, Translations: l.Translations, Relations: l.Relations,
		Status: catalog.Status(l.Status), StatusReason: l.StatusReason, PublishAt: l.PublishAt, UnpublishAt: l.UnpublishAt,
	}
	switch p.Status {
	case "", catalog.Active, catalog.InDraft, catalog.Archived, catalog.PendingReview, catalog.Rejected, catalog.Scheduled:
	default:
		c.refuse("status", "%q is not a status: active, draft and archived are", l.Status)
		return p
	}
	p.refuseShapes(c)
	if len(c.problems) > 0 {
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
		Dimensions: l.Dimensions, Content: l.Content, MinQuantity: l.MinQuantity, MaxQuantity: l.MaxQuantity, Bundle: l.Bundle, Images: l.Images, Files: l.Files,
	}
	switch {
	case len(l.Options) != options:
		c.refuse(at+"options", "has %d values for the %d options of the product", len(l.Options), options)
	case l.OnHand != nil && (*l.OnHand < 0 || *l.OnHand > maxCount):
		c.refuse(at+"on_hand", "%d is not a number of stock", *l.OnHand)
	case l.WeightGrams < 0 || l.WeightGrams > maxCount:
		c.refuse(at+"weight_grams", "%d is not a weight", l.WeightGrams)
	case !possible(l.Dimensions):
		c.refuse(at+"dimensions", "are not sizes in millimetres")
	case !l.Content.Valid():
		c.refuse(at+"content", "%d %q is no content: say how much in g, kg, ml, l, cm, m, cm2, m2 or piece", l.Content.Amount, l.Content.Unit)
	case l.MinQuantity < 0 || l.MaxQuantity < 0 || l.MinQuantity > maxPerOrder || l.MaxQuantity > maxPerOrder:
		c.refuse(at+"min_quantity", "%d to %d are not quantities of an order", l.MinQuantity, l.MaxQuantity)
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
	if len(w.product.Variants) == 0 {
		return nil
	}
	line := json.NewEncoder(w.out)
	line.SetEscapeHTML(false)
	return line.Encode(w.product)
}

func (l exportLine) productLine() productLine {
	p := productLine{
		Handle: l.Handle, Slug: l.Slug, OldSlugs: l.OldSlugs, Title: l.Title, Description: l.Description, Vendor: l.Vendor, VendorSlug: l.VendorSlug, Brand: l.Brand,
		Kind: l.Kind, Status: l.Status, StatusReason: l.StatusReason, PublishAt: l.PublishAt, UnpublishAt: l.UnpublishAt,
		Categories: l.Categories, Tags: l.Tags, Attributes: l.Attributes, SEOTitle: l.SEOTitle, SEODescription: l.SEODescription,
		Translations: l.Translations, Relations: l.Relations, Options: l.OptionNames, OptionValues: l.OptionValues,
	}
	for _, image := range l.Images {
		p.Images = append(p.Images, imageLine{image.URL, image.Alt})
	}
	return p
}

func (l exportLine) variantLine() variantLine {
	v := variantLine{
		SKU: l.SKU, Barcode: l.Barcode, Options: l.Options, Tracked: &l.Tracked, Backorders: &l.Backorders, WeightGrams: l.WeightGrams,
		TaxClass: l.TaxClass, Taxable: &l.Taxable, RequiresShipping: &l.Ships, Images: addresses(l.VariantImages), OnHand: l.counted(),
		Dimensions: l.Dimensions, Content: l.Content, MinQuantity: l.MinQuantity, MaxQuantity: l.MaxQuantity, Bundle: l.Bundle, Files: l.Files,
	}
	for i, currency := range l.priced() {
		price := priceLine{Price: money.Of(l.Amounts[i], currency)}
		if l.CompareAt[i] > 0 {
			price.CompareAt = new(money.Of(l.CompareAt[i], currency))
		}
		v.Prices = append(v.Prices, price)
	}
	return v
}
