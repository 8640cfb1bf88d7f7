package search

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// Listing is what GET /products answers.
type Listing struct {
	Data       []Card  `json:"data"`
	HasMore    bool    `json:"has_more"`
	NextCursor string  `json:"next_cursor,omitempty" doc:"Send it as after to get the next page."`
	TotalCount *int64  `json:"total_count,omitempty"`
	DidYouMean string  `json:"did_you_mean,omitempty" doc:"What q was probably meant to be, where it finds little and that finds more. What is listed is for q as it stands."`
	Facets     []Facet `json:"facets,omitempty"`
}

// found is a page of a listing; the cards are JSON already.
type found struct {
	cards  []json.RawMessage
	next   *position // nil on the last page
	total  *int64
	better string // what the text was probably meant to be
	exact  bool   // there is something with the words themselves
	facets []Facet
}

// want is what to find of a query.
type want struct {
	limit  int
	after  *position
	facets bool
	total  bool
	locale string // "" is the shop's
	buyer  id.User
}

// position is where a page ends: what its last product is sorted by, and that
// product.
type position struct {
	Number  int64      `json:"n,omitempty"`
	Text    string     `json:"t,omitempty"`
	Product id.Product `json:"p"`
	Similar bool       `json:"s,omitempty"` // the list is of what resembles the text
	Pin     int        `json:"f,omitempty"` // among those that come first
}

func positionOf(p index.Place) *position {
	return &position{Number: p.Key.Number, Text: p.Key.Text, Product: p.Product, Similar: p.Similar, Pin: p.Pin}
}

func (p *position) place() *index.Place {
	if p == nil {
		return nil
	}
	return &index.Place{Key: index.Key{Number: p.Number, Text: p.Text}, Product: p.Product, Similar: p.Similar, Pin: p.Pin}
}

var sorts = map[Sort]index.Sort{
	Relevance: index.ByRelevance, PriceUp: index.ByPriceUp, PriceDown: index.ByPriceDown, Rated: index.ByRating,
	Popularity: index.ByPopularity, Newest: index.ByCreated, Name: index.ByName,
	Featured: index.ByPopularity,
}

// find answers a query: the index says which products, PostgreSQL what they
// look like, in one round trip.
func (s *Search) find(ctx context.Context, q Query, w want) (found, error) {
	shelf, err := s.shelf(ctx)
	if err != nil {
		return found{}, err
	}
	words, err := s.vocabulary(ctx)
	if err != nil {
		return found{}, err
	}
	asked := shelf.query(q, w, words)
	if err := s.collected(ctx, shelf, q, asked); err != nil {
		return found{}, err
	}
	result, err := s.search(ctx, shelf, asked)
	if err != nil {
		return found{}, err
	}
	var f found
	if f.cards, err = readCards(ctx, s.DB, products(result.Places), q.Currency, w.locale, w.buyer); err != nil {
		return found{}, fmt.Errorf("find products: %w", err)
	}
	if result.More {
		f.next = positionOf(result.Places[len(result.Places)-1])
	}
	f.exact = len(result.Places) > 0 && !result.Places[0].Similar
	if asked.Text != nil && w.after == nil && (!f.exact || result.Total <= index.Few) {
		if f.better, err = s.correct(ctx, shelf, q.Text, asked, words); err != nil {
			return found{}, err
		}
	}
	if w.total {
		f.total = new(int64(result.Total))
	}
	if w.facets {
		f.facets = facetsOf(q, shelf.names.countRows(asked, result.Counts, w.locale))
	}
	return f, nil
}

func (s *Search) search(ctx context.Context, shelf *shelf, q *index.Query) (r index.Result, err error) {
	err = s.ask(ctx, shelf, func(sn *index.Snapshot) { r = sn.Search(q) })
	return r, err
}

// ask asks the index, as many at a time as there are processors: more would
// only take turns, and each would take longer.
func (s *Search) ask(ctx context.Context, shelf *shelf, question func(*index.Snapshot)) error {
	select {
	case s.slots() <- struct{}{}:
		defer func() { <-s.slots() }()
		question(shelf.index.Snapshot())
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// query is q in the words of the index.
func (s *shelf) query(q Query, w want, words *vocabulary) *index.Query {
	n := &s.names
	asked := &index.Query{
		Currency: string(q.Currency), Sort: sorts[q.Sort], Limit: w.limit, After: w.after.place(), Counts: w.facets,
		Categories: n.categories.ids(q.Categories, parse[id.Category]), Tags: n.tags.ids(q.Tags, parse[id.Tag]),
		Brands: n.brands.ids(q.Brands, parse[id.Brand]), Vendors: n.vendors.ids(q.Vendors, parse[id.Vendor]),
		RatingMin: int(math.Ceil(q.RatingMin*100 - 1e-9)),
	}
	if q.Text != "" {
		asked.Text = index.Parse(q.Text, words.Vocabulary)
	}
	if q.Price != (Range{0, anyPrice}) {
		asked.Price = &index.Range{Min: q.Price.Min, Max: q.Price.Max}
	}
	if q.InStock != "" {
		asked.InStock = new(q.InStock == "true")
	}
	values := n.values.entries()
	for _, a := range q.Attributes {
		asked.Attributes = append(asked.Attributes, values.attribute(a))
	}
	if w.facets {
		asked.Shown = n.shown(asked.Categories)
	}
	return asked
}

// parse reads an id of a kind.
func parse[T ~[16]byte, P interface {
	*T
	UnmarshalText([]byte) error
}](s string) (uuid.UUID, error) {
	v, err := id.Parse[T, P](s)
	return uuid.UUID(v), err
}

func products(places []index.Place) []id.Product {
	list := make([]id.Product, 0, len(places))
	for _, p := range places {
		list = append(list, p.Product)
	}
	return list
}

// readCards is the cards of products in their order, with the prices of a buyer.
// Who left the shop a moment ago has none.
func readCards(ctx context.Context, db postgres.DB, products []id.Product, c money.Currency, locale string, buyer id.User) ([]json.RawMessage, error) {
	if len(products) == 0 {
		return nil, nil
	}
	rows, err := postgres.All[struct {
		ID     id.Product `db:"product_id"`
		Card   string     `db:"card"`
		Listed bool       `db:"listed"` // there are price lists for the buyer
	}](ctx, db, selectCards, pgx.NamedArgs{"products": products, "currency": string(c), "locale": locale, "buyer": buyer})
	if err != nil {
		return nil, err
	}
	card := map[id.Product]string{}
	for _, row := range rows {
		card[row.ID] = row.Card
	}
	cards, shown := make([]json.RawMessage, 0, len(products)), make([]id.Product, 0, len(products))
	for _, p := range products {
		if card[p] != "" {
			cards, shown = append(cards, json.RawMessage(card[p])), append(shown, p)
		}
	}
	if len(rows) > 0 && rows[0].Listed {
		return cards, listedCards(ctx, db, buyer, c, shown, cards)
	}
	return cards, nil
}

// json is the answer as [Listing] says, with the cards copied as they are.
func (f found) json(next string) []byte {
	var b strings.Builder
	b.WriteString(`{"data":[`)
	for i, card := range f.cards {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(card)
	}
	b.WriteString(`],"has_more":` + strconv.FormatBool(f.next != nil))
	if next != "" {
		b.WriteString(`,"next_cursor":` + encode(next))
	}
	if f.total != nil {
		b.WriteString(`,"total_count":` + strconv.FormatInt(*f.total, 10))
	}
	if f.better != "" {
		b.WriteString(`,"did_you_mean":` + encode(f.better))
	}
	if f.facets != nil {
		b.WriteString(`,"facets":` + encode(f.facets))
	}
	b.WriteString(`}`)
	return []byte(b.String())
}
