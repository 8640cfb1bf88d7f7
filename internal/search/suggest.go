package search

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
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
	ID   id.Category `db:"id" json:"id"`
	Slug string      `db:"slug" json:"slug"`
	Name string      `db:"name" json:"name"`
	Path string      `db:"path" json:"path"`
}

// SuggestedBrand is a brand that has products.
type SuggestedBrand struct {
	ID   id.Brand `db:"id" json:"id"`
	Slug string   `db:"slug" json:"slug"`
	Name string   `db:"name" json:"name"`
}

// SuggestedVendor is a vendor that has products.
type SuggestedVendor struct {
	ID   id.Vendor `db:"id" json:"id"`
	Slug string    `db:"slug" json:"slug"`
	Name string    `db:"name" json:"name"`
}

type suggestInput struct {
	Q string `query:"q" required:"true" maxLength:"200" doc:"The beginning of a word, or words with an unfinished one."`
}

const (
	suggestedProducts = 6
	suggestedOthers   = 4
)

func (s *Search) suggest(ctx context.Context, in *suggestInput) (httpapi.Stored, error) {
	text := fold(in.Q)
	a, err := s.cache().get(ctx, "suggest "+text, func(ctx context.Context) (answer, error) {
		found, err := s.suggestions(ctx, text)
		return newAnswer([]byte(encode(found)), id.Product{}), err
	})
	return a.stored(), err
}

// suggestions finds what begins with text, in one round trip.
func (s *Search) suggestions(ctx context.Context, text string) (Suggestions, error) {
	found := Suggestions{Products: []Card{}, Categories: []SuggestedCategory{}, Brands: []SuggestedBrand{}, Vendors: []SuggestedVendor{}}
	if !searchable(text) {
		return found, nil
	}
	q := Query{Text: text, Price: Range{0, anyPrice}, Currency: s.Currency, Sort: Popularity}
	chosen := q.selection(false)
	b := postgres.NewBatch()
	sql, args := chosen.page(Popularity, suggestedProducts, nil)
	read(b, sql, args, func(row cardRow) {
		var c Card
		if err := json.Unmarshal([]byte(row.Card), &c); err == nil {
			found.Products = append(found.Products, c)
		}
	})
	others := pgx.NamedArgs{"begins": likePrefix.Replace(text) + "%", "word": "% " + likePrefix.Replace(text) + "%", "some": suggestedOthers}
	read(b, suggestCategories, others, func(row SuggestedCategory) { found.Categories = append(found.Categories, row) })
	read(b, suggestBrands, others, func(row SuggestedBrand) { found.Brands = append(found.Brands, row) })
	read(b, suggestVendors, others, func(row SuggestedVendor) { found.Vendors = append(found.Vendors, row) })
	if err := b.Send(ctx, s.DB); err != nil {
		return found, fmt.Errorf("suggest: %w", err)
	}
	return found, nil
}

// likePrefix makes a text stand for itself in LIKE.
var likePrefix = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
