package search

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

// Rows and stored answers have the usual prices. Price lists are laid over them
// when an answer is made: those for everybody, whose answers are stored until a
// list changes, or for the few seconds in which one may begin or end; and those
// of a buyer who is in a customer group or has a plan, whose answers are theirs
// alone. Filters and order go by the usual price.

// buyer is whose price lists the caller sees: zero is a guest, and whoever is in
// no group and has no plan.
func (s *Search) buyer(ctx context.Context) (id.User, error) {
	user := auth.From(ctx).User
	if user.IsZero() {
		return user, nil
	}
	special, err := postgres.Scalar[bool](ctx, s.DB, selectSpecial, pgx.NamedArgs{"user": user})
	if err != nil {
		return id.User{}, fmt.Errorf("look who %s is: %w", user, err)
	}
	if !special {
		return id.User{}, nil
	}
	return user, nil
}

// answer is the answer kept under key, or what makes says; of a buyer with prices
// of their own it is neither looked up nor kept, here or by others.
func (s *Search) answer(ctx context.Context, buyer id.User, key string, makes func(context.Context) (answer, error)) (answer, error) {
	if buyer.IsZero() {
		return s.cache().get(ctx, key, makes)
	}
	a, err := makes(ctx)
	a.tag = ""
	return a, err
}

// A listPrice is what a price list that is open to a buyer asks for a variant.
type listPrice struct {
	Product     id.Product   `db:"product_id"`
	Variant     id.Variant   `db:"variant_id"`
	List        id.PriceList `db:"id"`
	Name        string       `db:"name"`
	Priority    int          `db:"priority"`
	MinQuantity int64        `db:"min_quantity"`
	Price       money.Amount `db:"price"`
}

// A cardPrice is the same beside the usual price, for every variant of a product
// that some list prices; those that none does have no list.
type cardPrice struct {
	listPrice
	Usual     money.Amount  `db:"usual"`
	CompareAt *money.Amount `db:"compare_at"`
}

// offers are list prices by what they are for.
type offers map[id.Variant][]pricing.ListPrice

func (o offers) add(l listPrice) {
	if !l.List.IsZero() {
		o[l.Variant] = append(o[l.Variant], pricing.ListPrice{List: l.List, Name: l.Name, Priority: l.Priority, MinQuantity: l.MinQuantity, Price: l.Price})
	}
}

// listed is a page with the prices of a buyer's lists.
func (s *Search) listed(ctx context.Context, body []byte, buyer id.User) ([]byte, error) {
	var page Page
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("read a page again: %w", err)
	}
	if page.PriceRange == nil {
		return body, nil
	}
	rows, err := postgres.All[listPrice](ctx, s.DB, selectListPrices, pgx.NamedArgs{"buyer": buyer, "product": page.ID, "currency": string(page.PriceRange.Min.Currency)})
	if err != nil {
		return nil, fmt.Errorf("read price lists of %s: %w", page.ID, err)
	}
	if len(rows) == 0 {
		return body, nil
	}
	lists := offers{}
	for _, r := range rows {
		lists.add(r)
	}
	page.price(lists)
	return []byte(encode(page)), nil
}

// price gives the variants of a page the prices of lists.
func (p *Page) price(lists offers) {
	p.PriceRange = nil
	for i := range p.Variants {
		v := &p.Variants[i]
		if v.Price == nil {
			continue
		}
		usual := *v.Price
		breaks := pricing.Breaks(usual, lists[v.ID])
		v.Price, v.PriceBreaks = &breaks[0].Price, breaks[1:]
		v.UnitPrice = v.Content.PriceOf(*v.Price)
		v.CompareAtPrice = struckOut(v.CompareAtPrice, usual, *v.Price)
		p.PriceRange = p.PriceRange.with(*v.Price)
	}
}

// struckOut is what stands beside a price: the usual one where a list makes it
// cheaper, else what the usual one is compared with, where that is still above.
func struckOut(compareAt *money.Amount, usual, price money.Amount) *money.Amount {
	switch {
	case price.Minor < usual.Minor:
		return &usual
	case compareAt != nil && compareAt.Minor > price.Minor:
		return compareAt
	}
	return nil
}

// with is a range that a price is in.
func (r *PriceRange) with(price money.Amount) *PriceRange {
	if r == nil {
		return &PriceRange{price, price}
	}
	if price.Minor < r.Min.Minor {
		r.Min = price
	}
	if price.Minor > r.Max.Minor {
		r.Max = price
	}
	return r
}

// listedCards gives cards, side by side with their products, the prices of a
// buyer's lists for one unit. One statement reads them for all cards.
func listedCards(ctx context.Context, db postgres.DB, buyer id.User, c money.Currency, products []id.Product, cards []json.RawMessage) error {
	rows, err := postgres.All[cardPrice](ctx, db, selectCardPrices, pgx.NamedArgs{"buyer": buyer, "products": products, "currency": string(c)})
	if err != nil {
		return fmt.Errorf("read price lists of %d products: %w", len(products), err)
	}
	of := map[id.Product][]cardPrice{}
	for _, r := range rows {
		of[r.Product] = append(of[r.Product], r)
	}
	for i, product := range products {
		if rows, listed := of[product]; listed {
			if cards[i], err = pricedCard(cards[i], rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// pricedCard is a card by the prices of all variants of its product, the usual
// ones among them.
func pricedCard(card json.RawMessage, rows []cardPrice) (json.RawMessage, error) {
	var shown Card
	if err := json.Unmarshal(card, &shown); err != nil {
		return nil, fmt.Errorf("read a card again: %w", err)
	}
	lists := offers{}
	for _, r := range rows {
		lists.add(r.listPrice)
	}
	var prices *PriceRange
	for _, r := range rows { // in the order of variants: of equally cheap ones the first tells what it cost before
		price := pricing.Breaks(r.Usual, lists[r.Variant])[0].Price
		if prices == nil || price.Minor < prices.Min.Minor {
			shown.CompareAt = struckOut(r.CompareAt, r.Usual, price)
		}
		prices = prices.with(price)
	}
	shown.PriceRange = *prices
	return json.RawMessage(encode(shown)), nil
}

const selectSpecial = `
	SELECT EXISTS (SELECT FROM customer_group_members WHERE user_id = @user) OR EXISTS (SELECT FROM buyer_plans WHERE user_id = @user)`

// Gift cards cost what they are worth, whatever lists ask: carts charge that.
const selectListPrices = `
	SELECT v.product_id, v.id AS variant_id, l.id, l.name, l.priority, p.min_quantity, (p.amount_minor, p.currency) AS price
	FROM price_lists_of(@buyer::uuid, NULL, NULL, now()) l
	JOIN price_list_prices p ON p.list_id = l.id AND p.currency = @currency
	JOIN variants v ON v.id = p.variant_id
	JOIN products good ON good.id = v.product_id AND NOT good.gift_card
	WHERE v.product_id = @product AND v.archived_at IS NULL
	ORDER BY v.id`

// Of a product that some list prices, every variant with its usual price.
const selectCardPrices = `
	WITH listed AS MATERIALIZED (
		SELECT v.product_id, v.id AS variant_id, l.id, l.name, l.priority, p.min_quantity, p.amount_minor
		FROM price_lists_of(@buyer::uuid, NULL, NULL, now()) l
		JOIN price_list_prices p ON p.list_id = l.id AND p.currency = @currency AND p.min_quantity = 1
		JOIN variants v ON v.id = p.variant_id
		JOIN products good ON good.id = v.product_id AND NOT good.gift_card
		WHERE v.product_id = ANY (@products) AND v.archived_at IS NULL
	)
	SELECT v.product_id, v.id AS variant_id, l.id, coalesce(l.name, '') AS name, coalesce(l.priority, 0) AS priority, 1 AS min_quantity,
	       (coalesce(l.amount_minor, usual.amount_minor), usual.currency) AS price, (usual.amount_minor, usual.currency) AS usual,
	       CASE WHEN usual.compare_at_minor IS NOT NULL THEN (usual.compare_at_minor, usual.currency) END AS compare_at
	FROM variants v
	JOIN prices usual ON usual.variant_id = v.id AND usual.currency = @currency
	LEFT JOIN listed l ON l.variant_id = v.id
	WHERE v.product_id IN (SELECT product_id FROM listed) AND v.archived_at IS NULL
	ORDER BY v.product_id, v.position, v.id`
