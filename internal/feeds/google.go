package feeds

import (
	"context"
	"encoding/xml"
	"strconv"
)

const googleName = "google.xml"

// A googleItem is a variant by Google's product data specification, in RSS 2.0
// (support.google.com/merchants, "RSS 2.0 specification").
type googleItem struct {
	XMLName          xml.Name `xml:"item"`
	ID               string   `xml:"g:id"`
	Title            string   `xml:"g:title"`
	Description      string   `xml:"g:description"`
	Link             string   `xml:"g:link"`
	Image            string   `xml:"g:image_link"`
	MoreImages       []string `xml:"g:additional_image_link"`
	Availability     string   `xml:"g:availability"`
	Price            string   `xml:"g:price"`
	SalePrice        string   `xml:"g:sale_price,omitempty"`
	Brand            string   `xml:"g:brand,omitempty"`
	GTIN             string   `xml:"g:gtin,omitempty"`
	MPN              string   `xml:"g:mpn,omitempty"`
	IdentifierExists string   `xml:"g:identifier_exists,omitempty"`
	Condition        string   `xml:"g:condition"`
	ProductType      string   `xml:"g:product_type,omitempty"`
	Group            string   `xml:"g:item_group_id,omitempty"`
	Color            string   `xml:"g:color,omitempty"`
	Size             string   `xml:"g:size,omitempty"`
	Material         string   `xml:"g:material,omitempty"`
	Gender           string   `xml:"g:gender,omitempty"`
	AgeGroup         string   `xml:"g:age_group,omitempty"`
	Weight           string   `xml:"g:shipping_weight,omitempty"`
	Seller           string   `xml:"g:external_seller_id,omitempty"`
}

// writeGoogle writes the feed of Google Merchant Center.
func (f *Feeds) writeGoogle(ctx context.Context) error {
	return f.make(ctx, googleName, func(d *draft) error {
		if _, err := d.WriteString(xml.Header + `<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>` + "\n"); err != nil {
			return err
		}
		out := xml.NewEncoder(d)
		for _, e := range []struct{ name, text string }{{"title", f.ShopName}, {"link", f.BaseURL}, {"description", "What " + f.ShopName + " sells"}} {
			if err := out.EncodeElement(e.text, xml.StartElement{Name: xml.Name{Local: e.name}}); err != nil {
				return err
			}
		}
		err := f.offers(ctx, d, func(o offer) error {
			if err := d.WriteByte('\n'); err != nil {
				return err
			}
			return out.Encode(f.googleItem(o))
		})
		if err != nil {
			return err
		}
		_, err = d.WriteString("\n</channel></rss>\n")
		return err
	})
}

func (f *Feeds) googleItem(o offer) googleItem {
	pictures := f.pictures(o)
	usual, sale := o.prices()
	item := googleItem{
		ID: o.Variant.String(), Title: clipped(o.name(), 150), Description: plain(o.Description, 5000), Link: f.link(o),
		Image: pictures[0], MoreImages: pictures[1:min(len(pictures), 11)], Availability: "out_of_stock", Price: usual, SalePrice: sale,
		Brand: clipped(o.Brand, 70), GTIN: o.gtin(), MPN: clipped(o.SKU, 70), Condition: "new", ProductType: clipped(o.Category, 750),
		Color: clipped(o.is("color", "colour"), 100), Size: clipped(o.is("size"), 100), Material: clipped(o.is("material"), 200),
		Gender: oneOf(o.is("gender"), "male", "female", "unisex"), AgeGroup: oneOf(o.is("age_group"), "newborn", "infant", "toddler", "kids", "adult"),
		Seller: clipped(o.VendorSlug, 50),
	}
	if item.Description == "" {
		item.Description = item.Title
	}
	if o.inStock() { // what is on order would need a date, which nobody knows
		item.Availability = "in_stock"
	}
	if condition := oneOf(o.is("condition"), "new", "refurbished", "used"); condition != "" {
		item.Condition = condition
	}
	if item.GTIN == "" && (item.Brand == "" || item.MPN == "") {
		item.IdentifierExists = "no"
	}
	if o.Variants > 1 {
		item.Group = o.Product.String()
	}
	if o.WeightGrams > 0 {
		item.Weight = strconv.Itoa(o.WeightGrams) + " g"
	}
	return item
}
