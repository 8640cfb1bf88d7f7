package search

import (
	"time"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
)

// Card is a product in a list.
type Card struct {
	ID           id.Product    `json:"id"`
	Slug         string        `json:"slug"`
	Title        string        `json:"title"`
	Vendor       Vendor        `json:"vendor"`
	Brand        *Brand        `json:"brand"`
	Image        *Image        `json:"image"`
	PriceRange   PriceRange    `json:"price_range"`
	CompareAt    *money.Amount `json:"compare_at" doc:"What the cheapest variant cost before."`
	InStock      bool          `json:"in_stock"`
	Rating       Rating        `json:"rating"`
	VariantCount int           `json:"variant_count"`
	Members      *Members      `json:"members_only,omitempty" doc:"Who alone may buy it. Left out where everybody may."`
}

// Members is who alone may buy something.
type Members struct {
	Plans []string   `json:"plans" doc:"Names of the plans whose members may; none where no plan opens all that is in a bundle"`
	Until *time.Time `json:"until,omitempty" doc:"From then on everybody may: look at the clock, this may be told after it"`
}

// Vendor is who sells.
type Vendor struct {
	ID   id.Vendor `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}

// Brand is who made it.
type Brand struct {
	ID   id.Brand `json:"id"`
	Slug string   `json:"slug"`
	Name string   `json:"name"`
}

// Image is a picture of a product.
type Image struct {
	ID     id.Media       `json:"id"`
	URL    string         `json:"url" doc:"A rendering of middle size; the picture's source until it has been fetched."`
	Sizes  []catalog.Size `json:"sizes" doc:"Every rendering, the smallest first; none until it has been fetched."`
	Alt    string         `json:"alt"`
	Width  int            `json:"width" doc:"Of the original; 0 until it has been fetched."`
	Height int            `json:"height"`
}

// PriceRange is the prices of the cheapest and the dearest variant.
type PriceRange struct {
	Min money.Amount `json:"min"`
	Max money.Amount `json:"max"`
}

// Rating is what buyers think, 0 of 0 where none has said.
type Rating struct {
	Average float64 `json:"average"`
	Count   int     `json:"count"`
}
