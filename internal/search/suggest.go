package search

import (
	"context"
	"encoding/json"
	"fmt"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/search/index"
)

// Suggestions complete what somebody has begun to write.
type Suggestions struct {
	Products   []Card              `json:"products"`
	Categories []SuggestedCategory `json:"categories"`
	Brands     []SuggestedBrand    `json:"brands"`
	Vendors    []SuggestedVendor   `json:"vendors"`
	Queries    []string            `json:"queries" doc:"What others have searched for and found."`
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
	catalog.LocaleWish
	Q        string `query:"q" required:"true" maxLength:"200" doc:"The beginning of a word, or words with an unfinished one."`
	Currency string `query:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217. Products without a price in it are left out."`
}

const (
	suggestedProducts = 6
	suggestedOthers   = 4
)

func (s *Search) suggest(ctx context.Context, in *suggestInput) (httpapi.Stored, error) {
	c, err := s.currency(in.Currency)
	if err != nil {
		return httpapi.Stored{}, err
	}
	locale, err := s.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return httpapi.Stored{}, err
	}
	text := index.Fold(in.Q)
	words, err := s.vocabulary(ctx)
	if err != nil {
		return httpapi.Stored{}, err
	}
	a, err := s.cache().get(ctx, words.key+"suggest "+string(c)+" "+locale+" "+text, func(ctx context.Context) (answer, error) {
		found, err := s.suggestions(ctx, text, c, locale, words)
		return newAnswer([]byte(encode(found)), id.Product{}), err
	})
	if err != nil {
		return httpapi.Stored{}, err
	}
	s.Locales.Tell(ctx, locale)
	return a.stored(), nil
}

// suggestions finds what begins with text, or nearly so, and tells it in a currency
// and a language.
func (s *Search) suggestions(ctx context.Context, text string, c money.Currency, locale string, words *vocabulary) (Suggestions, error) {
	found := Suggestions{Products: []Card{}, Categories: []SuggestedCategory{}, Brands: []SuggestedBrand{}, Vendors: []SuggestedVendor{}, Queries: []string{}}
	if !searchable(text) {
		return found, nil
	}
	shelf, err := s.shelf(ctx)
	if err != nil {
		return found, err
	}
	asked := &index.Query{Currency: string(c), Text: index.Parse(text, words.Vocabulary), Sort: index.ByRelevance, Limit: suggestedProducts}
	result, err := s.search(ctx, shelf, asked)
	if err != nil {
		return found, err
	}
	cards, err := readCards(ctx, s.DB, products(result.Places), c, locale, id.User{})
	if err != nil {
		return found, fmt.Errorf("suggest: %w", err)
	}
	for _, card := range cards {
		var shown Card
		if err := json.Unmarshal(card, &shown); err != nil {
			return found, fmt.Errorf("suggest: read card: %w", err)
		}
		found.Products = append(found.Products, shown)
	}
	shelf.suggest(&found, text, locale)
	past, err := s.past(ctx)
	if err != nil || past == nil {
		return found, err
	}
	err = s.ask(ctx, shelf, func(sn *index.Snapshot) {
		finds := func(query string) bool {
			q := &index.Query{Currency: string(c), Text: index.Parse(query, words.Vocabulary)}
			return sn.Matches(q) > 0
		}
		found.Queries = past.begun(text, finds)
	})
	return found, err
}

// suggest adds what is not a product: what has one and goes on from text.
func (s *shelf) suggest(found *Suggestions, text, locale string) {
	sn := s.index.Snapshot()
	categories := s.names.categories.entries()
	for _, c := range categories.begun(text, locale, sn.HasCategory, suggestedOthers) {
		found.Categories = append(found.Categories, SuggestedCategory{id.Category(c.ID), c.Slug, categories.name(c, locale), categories.path(c, locale)})
	}
	for _, b := range s.names.brands.entries().begun(text, "", sn.HasBrand, suggestedOthers) {
		found.Brands = append(found.Brands, SuggestedBrand{id.Brand(b.ID), b.Slug, b.Name})
	}
	for _, v := range s.names.vendors.entries().begun(text, "", sn.HasVendor, suggestedOthers) {
		found.Vendors = append(found.Vendors, SuggestedVendor{id.Vendor(v.ID), v.Slug, v.Name})
	}
}
