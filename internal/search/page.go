package search

import (
	"time"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
)

// Page is a product as its page shows it, in one currency.
type Page struct {
	ID             id.Product          `json:"id"`
	Slug           string              `json:"slug"`
	Title          string              `json:"title"`
	Description    string              `json:"description" doc:"Sanitised HTML."`
	Kind           string              `json:"kind"`
	Vendor         Vendor              `json:"vendor"`
	Brand          *Brand              `json:"brand"`
	Categories     []Category          `json:"categories" doc:"The main one first."`
	Tags           []Tag               `json:"tags"`
	Attributes     map[string][]string `json:"attributes"`
	Details        []Detail            `json:"details" doc:"The attributes as people read them: those of the product's type first, in its order."`
	Media          []Image             `json:"media"`
	Options        []Option            `json:"options"`
	PriceRange     *PriceRange         `json:"price_range"`
	LowestPrice30d *money.Amount       `json:"lowest_price_30d" doc:"The lowest price of any variant in the 30 days before its present price took effect; that price itself where there was none."`
	Rating         Rating              `json:"rating"`
	Members        *Members            `json:"members_only,omitempty" doc:"Who alone may buy it. Left out where everybody may."`
	SEO            SEO                 `json:"seo"`
	CreatedAt      time.Time           `json:"created_at"`

	// Last, because it is put together when the page is read: see weave.
	Variants []Variant `json:"variants"`
}

// Category is where the product stands in the tree.
type Category struct {
	ID   id.Category `json:"id"`
	Slug string      `json:"slug"`
	Name string      `json:"name"`
	Path string      `json:"path" doc:"Names from the root: Apparel > Shoes"`
}

// Tag is a word that groups products.
type Tag struct {
	ID   id.Tag `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Detail is an attribute as people read it.
type Detail struct {
	Key    string   `json:"key"`
	Label  string   `json:"label"`
	Values []string `json:"values" doc:"1500 W where the attribute says 1500"`
}

// Option is a choice that makes a variant.
type Option struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// SEO is what search engines are told.
type SEO struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Component is so much of something in one unit of a bundle.
type Component struct {
	ID       id.Variant        `json:"variant_id"`
	Title    string            `json:"title"`
	Quantity int               `json:"quantity"`
	Product  *ComponentProduct `json:"product" doc:"null where it is sold in bundles only."`
}

// ComponentProduct leads to the page of a component.
type ComponentProduct struct {
	ID   id.Product `json:"id"`
	Slug string     `json:"slug"`
}

// Variant is what goes into a cart.
type Variant struct {
	ID               id.Variant         `json:"id"`
	SKU              string             `json:"sku"`
	Title            string             `json:"title"`
	Options          []string           `json:"options" doc:"Its values, in the order of the product's options."`
	Price            *money.Amount      `json:"price"`
	CompareAtPrice   *money.Amount      `json:"compare_at_price"`
	UnitPrice        *catalog.UnitPrice `json:"unit_price" doc:"The price by what is in it, such as 12.40 per kg; null where nothing is said of that."`
	MediaID          *id.Media          `json:"media_id" doc:"The first of its own pictures."`
	MediaIDs         []id.Media         `json:"media_ids" doc:"Its own pictures in the order to show, among the media of the product; none shows those."`
	RequiresShipping bool               `json:"requires_shipping"`
	Barcode          string             `json:"barcode" doc:"GTIN, UPC, EAN or ISBN; empty when there is none."`
	WeightGrams      int                `json:"weight_grams" doc:"0 is not known."`
	Dimensions       catalog.Dimensions `json:"dimensions"`
	Content          catalog.Content    `json:"content" doc:"How much is in it."`
	MinQuantity      int                `json:"min_quantity" doc:"As many at least are sold at once."`
	MaxQuantity      int                `json:"max_quantity" doc:"As many at most are sold at once; 0 is any number."`
	PriceBreaks      []pricing.Break    `json:"price_breaks,omitempty" doc:"What a unit costs where more are bought."`
	Components       []Component        `json:"components,omitempty" doc:"What is in a bundle. It is in stock as long as all of them are."`

	// Last, because they are those of the moment when the page is read.
	InStock           bool   `json:"in_stock"`
	AvailableQuantity *int64 `json:"available_quantity" doc:"null where stock is not counted."`
}
