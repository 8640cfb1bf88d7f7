package search

import (
	"context"
	"encoding/json"
	"fmt"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/search/index"
)

// Suggestions complete what somebody has begun to write.
type Suggestions struct {
	Products   []Card              `json:"products"`
	Categories []SuggestedCategory `json:"categories"`
	Brands     []SuggestedBrand    `json:"brands"`
	Vendors    []SuggestedVendor   `json:"vendors"`
}

// SuggestedCategory is a category that has products.
type SuggestedCategory struct {
	ID   id.Category `json:"id"`
	Slug string      `json:"slug"`
	Name string      `json:"name"`
	Path string      `json:"path"`
}

// SuggestedBrand is a brand that has products.
type SuggestedBrand struct {
	ID   id.Brand `json:"id"`
	Slug string   `json:"slug"`
	Name string   `json:"name"`
}

// SuggestedVendor is a vendor that has products.
type SuggestedVendor struct {
	ID   id.Vendor `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}

type suggestInput struct {
	Q string `query:"q" required:"true" maxLength:"200" doc:"The beginning of a word, or words with an unfinished one."`
}

const (
	suggestedProducts = 6
	suggestedOthers   = 4
)

func (s *Search) suggest(ctx context.Context, in *suggestInput) (httpapi.Stored, error) {
	text := index.Fold(in.Q)
	a, err := s.cache().get(ctx, "suggest "+text, func(ctx context.Context) (answer, error) {
		found, err := s.suggestions(ctx, text)
		return newAnswer([]byte(encode(found)), id.Product{}), err
	})
	return a.stored(), err
}

// suggestions finds what begins with text.
func (s *Search) suggestions(ctx context.Context, text string) (Suggestions, error) {
	found := Suggestions{Products: []Card{}, Categories: []SuggestedCategory{}, Brands: []SuggestedBrand{}, Vendors: []SuggestedVendor{}}
	if !searchable(text) {
		return found, nil
	}
	shelf, err := s.shelf(ctx)
	if err != nil {
		return found, err
	}
	asked := &index.Query{Currency: string(s.Currency), Text: index.Parse(text), Sort: index.ByPopularity, Limit: suggestedProducts}
	result, err := s.search(ctx, shelf, asked)
	if err != nil {
		return found, err
	}
	cards, err := readCards(ctx, s.DB, products(result.Places), s.Currency, "")
	if err != nil {
		return found, fmt.Errorf("suggest: %w", err)
	}
	for _, card := range cards {
		var c Card
		if err := json.Unmarshal(card, &c); err != nil {
			return found, fmt.Errorf("suggest: read card: %w", err)
		}
		found.Products = append(found.Products, c)
	}
	shelf.suggest(&found, text)
	return found, nil
}

// suggest adds what is not a product: what has one and a word that begins with
// text.
func (s *shelf) suggest(found *Suggestions, text string) {
	sn := s.index.Snapshot()
	for _, c := range s.names.categories.begun(text, sn.HasCategory, suggestedOthers) {
		found.Categories = append(found.Categories, SuggestedCategory{id.Category(c.ID), c.Slug, c.Name, c.Path})
	}
	for _, b := range s.names.brands.begun(text, sn.HasBrand, suggestedOthers) {
		found.Brands = append(found.Brands, SuggestedBrand{id.Brand(b.ID), b.Slug, b.Name})
	}
	for _, v := range s.names.vendors.begun(text, sn.HasVendor, suggestedOthers) {
		found.Vendors = append(found.Vendors, SuggestedVendor{id.Vendor(v.ID), v.Slug, v.Name})
	}
}
