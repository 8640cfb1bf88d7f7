package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// relatedKinds are those that there are, in their order: chosen by hand, and
// last what buyers have chosen.
var relatedKinds = []string{"related", "upsell", "cross_sell", together}

const together = "bought_together"

// Related is products that are shown with another, for one reason.
type Related struct {
	Kind     string `json:"kind" enum:"related,upsell,cross_sell,bought_together"`
	Products []Card `json:"products"`
}

// relatedCards is Related with cards that are JSON already.
type relatedCards struct {
	Kind     string            `json:"kind"`
	Products []json.RawMessage `json:"products"`
}

type relatedInput struct {
	catalog.LocaleWish
	Product  string   `path:"product" maxLength:"200" doc:"Id or slug."`
	Kind     []string `query:"kind" enum:"related,upsell,cross_sell,bought_together" maxItems:"4" doc:"Only these."`
	Currency string   `query:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217. Products without a price in it are left out."`
}

func (s *Search) related(ctx context.Context, in *relatedInput) (httpapi.Stored, error) {
	c, err := s.currency(in.Currency)
	if err != nil {
		return httpapi.Stored{}, err
	}
	locale, err := s.Locales.Choose(ctx, in.LocaleWish)
	if err != nil {
		return httpapi.Stored{}, err
	}
	kinds := slices.DeleteFunc(slices.Clone(relatedKinds), func(kind string) bool { return len(in.Kind) > 0 && !slices.Contains(in.Kind, kind) })
	key := fmt.Sprintf("related %q %s %s %v", in.Product, c, locale, kinds)
	buyer, err := s.buyer(ctx)
	if err != nil {
		return httpapi.Stored{}, err
	}
	a, err := s.answer(ctx, buyer, key, func(ctx context.Context) (answer, error) {
		list, err := s.relatedTo(ctx, in.Product, kinds, c, locale, buyer)
		return newAnswer([]byte(encode(httpapi.List[relatedCards]{Data: list})), id.Product{}), err
	})
	if errors.Is(err, ErrNoProduct) {
		moved, err := s.moved(ctx, in.Product)
		if err == nil {
			moved.MovedTo += "/related"
		}
		return moved, err
	}
	if err != nil {
		return httpapi.Stored{}, err
	}
	s.Locales.Tell(ctx, locale)
	return a.stored(), nil
}

// relatedTo is what is shown with a product, by kind. What somebody has chosen
// is not named again as bought together.
func (s *Search) relatedTo(ctx context.Context, product string, kinds []string, c money.Currency, locale string, buyer id.User) ([]relatedCards, error) {
	sql, args := selectListedBySlug, pgx.NamedArgs{"slug": product}
	if known, err := id.Parse[id.Product](product); err == nil {
		sql, args = selectListedByID, pgx.NamedArgs{"product": known}
	}
	of, err := postgres.Scalar[id.Product](ctx, s.DB, sql, args)
	if errors.Is(err, postgres.ErrNoRow) {
		return nil, ErrNoProduct
	}
	if err != nil {
		return nil, fmt.Errorf("find product %s: %w", product, err)
	}
	rows, err := postgres.All[relatedRow](ctx, s.DB, selectRelated, pgx.NamedArgs{"product": of, "kinds": kinds, "currency": string(c), "locale": locale})
	if err != nil {
		return nil, fmt.Errorf("read what is related to %s: %w", of, err)
	}
	shown, cards := make([]id.Product, len(rows)), make([]json.RawMessage, len(rows))
	for i, row := range rows {
		shown[i], cards[i] = row.ID, json.RawMessage(row.Card)
	}
	if err := listedCards(ctx, s.DB, buyer, c, shown, cards); err != nil {
		return nil, err
	}
	list := []relatedCards{}
	chosen := map[id.Product]bool{}
	for _, kind := range kinds {
		r := relatedCards{Kind: kind}
		for i, row := range rows {
			if row.Kind == kind && !(kind == together && chosen[row.ID]) {
				chosen[row.ID] = true
				r.Products = append(r.Products, cards[i])
			}
		}
		if len(r.Products) > 0 {
			list = append(list, r)
		}
	}
	return list, nil
}

type relatedRow struct {
	Kind string     `db:"kind"`
	ID   id.Product `db:"product_id"`
	Card string     `db:"card"`
}

const (
	selectListedByID   = `SELECT product_id FROM product_pages WHERE product_id = @product LIMIT 1`
	selectListedBySlug = `SELECT product_id FROM product_pages WHERE slug = @slug LIMIT 1`
)

// What has no page is not on sale.
const selectRelated = `
	SELECT r.kind, r.product_id, coalesce(t.card, p.card) AS card
	FROM (
		SELECT kind, related_id AS product_id, position AS place FROM product_relations WHERE product_id = @product
		UNION ALL
		SELECT 'bought_together', other_id, place FROM bought_together WHERE product_id = @product
	) AS r
	JOIN product_pages AS p ON p.product_id = r.product_id AND p.currency = @currency AND p.card <> ''
	LEFT JOIN translated_pages AS t ON t.product_id = p.product_id AND t.currency = p.currency AND t.locale = @locale
	WHERE r.kind = ANY(@kinds::text[])
	ORDER BY r.kind, r.place`

// relationFact is a product that somebody has chosen to be shown with another.
// It is of no row; but whoever keeps answers must learn of it.
type relationFact struct {
	ProductID id.Product `db:"product_id"`
	Kind      string     `db:"kind"`
	RelatedID id.Product `db:"related_id"`
}

const selectRelations = `
	SELECT product_id, kind, related_id
	FROM product_relations
	WHERE product_id = ANY(@products)
	ORDER BY product_id, kind, position`
