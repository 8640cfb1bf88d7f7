package feeds

import (
	"context"
	"encoding/json"
	"strings"
)

const openAIName = "openai.jsonl"

// An openAIItem is a variant by OpenAI's flat product feed schema for file
// uploads (developers.openai.com/commerce, "Products").
type openAIItem struct {
	Search          bool              `json:"is_eligible_search"`
	Checkout        bool              `json:"is_eligible_checkout"`
	ID              string            `json:"item_id"`
	GTIN            string            `json:"gtin,omitempty"`
	MPN             string            `json:"mpn,omitempty"`
	Title           string            `json:"title"`
	Description     string            `json:"description"`
	URL             string            `json:"url"`
	Condition       string            `json:"condition,omitempty"`
	Category        string            `json:"product_category,omitempty"`
	Brand           string            `json:"brand"`
	Material        string            `json:"material,omitempty"`
	Image           string            `json:"image_url"`
	MoreImages      string            `json:"additional_image_urls,omitempty"`
	Price           string            `json:"price"`
	SalePrice       string            `json:"sale_price,omitempty"`
	Availability    string            `json:"availability"`
	Group           string            `json:"group_id,omitempty"`
	HasVariations   bool              `json:"listing_has_variations"`
	VariantDict     map[string]string `json:"variant_dict,omitempty"`
	Color           string            `json:"color,omitempty"`
	Size            string            `json:"size,omitempty"`
	Seller          string            `json:"seller_name"`
	SellerURL       string            `json:"seller_url"`
	StarRating      float64           `json:"star_rating,omitempty"`
	ReviewCount     int               `json:"review_count,omitempty"`
	TargetCountries []string          `json:"target_countries,omitempty"`
	StoreCountry    string            `json:"store_country,omitempty"`
}

// writeOpenAI writes a line for each variant. Nothing is bought there: checkout
// within an assistant takes a contract with it.
func (f *Feeds) writeOpenAI(ctx context.Context) error {
	store, err := StoreCountrySetting.Get(ctx, f.Settings)
	if err != nil {
		return err
	}
	targets, err := TargetCountriesSetting.Get(ctx, f.Settings)
	if err != nil {
		return err
	}
	return f.make(ctx, openAIName, func(d *draft) error {
		out := json.NewEncoder(d)
		out.SetEscapeHTML(false)
		err := f.offers(ctx, d, func(o offer) error {
			item := f.openAIItem(o)
			item.StoreCountry = store
			if targets != "" {
				item.TargetCountries = strings.Split(targets, ",")
			}
			return out.Encode(item)
		})
		if err == nil && d.items == 0 {
			err = d.WriteByte('\n') // nothing is on sale, and an empty file is none
		}
		return err
	})
}

func (f *Feeds) openAIItem(o offer) openAIItem {
	pictures := f.pictures(o)
	usual, sale := o.prices()
	item := openAIItem{
		Search: true, ID: o.Variant.String(), GTIN: o.gtin(), MPN: clipped(o.SKU, 70), Title: clipped(o.name(), 150),
		Description: plain(o.Description, 5000), URL: f.link(o), Condition: oneOf(o.is("condition"), "new", "refurbished", "used"),
		Category: o.Category, Brand: clipped(o.Brand, 70), Material: clipped(o.is("material"), 100), Image: pictures[0],
		MoreImages: commas(pictures[1:min(len(pictures), 11)]), Price: usual, SalePrice: sale, Availability: "out_of_stock",
		HasVariations: o.Variants > 1, Color: clipped(o.is("color", "colour"), 40), Size: clipped(o.is("size"), 20),
		Seller: clipped(o.Vendor, 70), SellerURL: f.vendorURL(o.VendorSlug), StarRating: o.Rating, ReviewCount: o.Ratings,
	}
	if item.Description == "" {
		item.Description = item.Title
	}
	if item.Brand == "" {
		item.Brand = item.Seller
	}
	switch {
	case o.inStock():
		item.Availability = "in_stock"
	case o.onOrder():
		item.Availability = "backorder"
	}
	if o.Variants > 1 {
		item.Group, item.VariantDict = o.Product.String(), map[string]string{}
		for i, name := range o.OptionNames {
			if i < len(o.Options) {
				item.VariantDict[name] = o.Options[i]
			}
		}
	}
	return item
}

// commas joins addresses. A comma within one is written so that it is none.
func commas(urls []string) string {
	escaped := make([]string, len(urls))
	for i, url := range urls {
		escaped[i] = strings.ReplaceAll(url, ",", "%2C")
	}
	return strings.Join(escaped, ",")
}
