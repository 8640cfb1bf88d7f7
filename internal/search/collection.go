package search

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/search/index"
)

// reducedIn is the tag that documents have in the index when their cheapest
// variant costs less than before, in a currency. No tag of the shop is it.
func reducedIn(c money.Currency) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("souk reduced "+c))
}

// collected narrows a question to collections that are shown. One alone brings
// its order along, with what is pinned first.
func (s *Search) collected(ctx context.Context, shelf *shelf, q Query, asked *index.Query) error {
	if len(q.Collections) == 0 {
		return nil
	}
	list, err := catalog.CollectionsCalled(ctx, s.DB, q.Collections, true)
	if err != nil {
		return err
	}
	asked.Collections = []index.Collection{}
	for _, c := range list {
		asked.Collections = append(asked.Collections, shelf.collection(c.Selection, q.Currency))
	}
	if q.Sort == Featured && len(list) == 1 {
		asked.Sort, asked.First = sorts[Sort(list[0].Sort)], asked.Collections[0].Pinned
	}
	return nil
}

// collection is a selection in the words of the index. What costs less than
// before does so in the currency of the question.
func (s *shelf) collection(selection catalog.Selection, c money.Currency) index.Collection {
	collection := index.Collection{Any: selection.Match == "any"}
	for _, p := range selection.Pinned {
		collection.Pinned = append(collection.Pinned, uuid.UUID(p))
	}
	for _, p := range selection.Excluded {
		collection.Excluded = append(collection.Excluded, uuid.UUID(p))
	}
	n := &s.names
	for _, r := range selection.Rules {
		var rule index.Rule
		switch r.Field {
		case "tag":
			rule.Tags = n.tags.ids(r.Values, parse[id.Tag])
		case "brand":
			rule.Brands = n.brands.ids(r.Values, parse[id.Brand])
		case "vendor":
			rule.Vendors = n.vendors.ids(r.Values, parse[id.Vendor])
		case "category":
			rule.Categories = n.categories.ids(r.Values, parse[id.Category])
		case "attribute":
			rule.Facets = n.values.entries().attribute(Attribute{facetKey(r.Key), folded(r.Values)}).Selected
		case "price":
			rule.Price, rule.Currency = priceRange(r)
		case "created":
			rule.Since = new(machine.Now().AddDate(0, 0, -r.Days).UnixMicro())
		case "on_sale":
			rule.Tags = []uuid.UUID{reducedIn(c)}
		}
		collection.Rules = append(collection.Rules, rule)
	}
	return collection
}

// machine is the clock of rules, for which an hour more or less does not matter.
var machine clock.System

func folded(values []string) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = index.Fold(v)
	}
	return list
}

func priceRange(r catalog.Rule) (*index.Range, string) {
	prices, currency := index.Range{Max: anyPrice}, money.Currency("")
	if r.Min != nil {
		prices.Min, currency = r.Min.Minor, r.Min.Currency
	}
	if r.Max != nil {
		prices.Max, currency = r.Max.Minor, r.Max.Currency
	}
	return &prices, string(currency)
}

// Preview is what a selection would show.
type Preview struct {
	Count    int    `json:"count"`
	Products []Card `json:"products" doc:"The first of them."`
}

type previewInput struct{ Body catalog.Selection }

const previewed = 12

// preview answers a selection that nobody has kept yet.
func (s *Search) preview(ctx context.Context, tx pgx.Tx, in *previewInput) (Preview, error) {
	p := Preview{Products: []Card{}}
	selection, err := in.Body.Checked(ctx, tx)
	if err != nil {
		return p, err
	}
	shelf, err := s.shelf(ctx)
	if err != nil {
		return p, err
	}
	collection := shelf.collection(selection, s.Currency)
	result, err := s.search(ctx, shelf, &index.Query{
		Currency: string(s.Currency), Sort: index.ByPopularity, Limit: previewed, Collections: []index.Collection{collection}, First: collection.Pinned,
	})
	if err != nil {
		return p, err
	}
	cards, err := readCards(ctx, tx, products(result.Places), s.Currency, "", id.User{})
	if err != nil {
		return p, fmt.Errorf("preview collection: %w", err)
	}
	p.Count = result.Total
	for _, card := range cards {
		var c Card
		if err := json.Unmarshal(card, &c); err != nil {
			return p, fmt.Errorf("preview collection: read card: %w", err)
		}
		p.Products = append(p.Products, c)
	}
	return p, nil
}
