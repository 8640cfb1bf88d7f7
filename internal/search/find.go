package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Listing is what GET /products answers.
type Listing struct {
	Data       []Card  `json:"data"`
	HasMore    bool    `json:"has_more"`
	NextCursor string  `json:"next_cursor,omitempty" doc:"Send it as after to get the next page."`
	TotalCount *int64  `json:"total_count,omitempty"`
	Facets     []Facet `json:"facets,omitempty"`
}

// found is a page of a listing; the cards are JSON already.
type found struct {
	cards  []string
	next   *position // nil on the last page
	total  *int64
	facets []Facet
}

// want is what to find of a query.
type want struct {
	limit  int
	after  *position
	facets bool
	total  bool
}

type cardRow struct {
	ID   id.Product `db:"product_id"`
	Key  string     `db:"key"`
	Card string     `db:"card"`
}

// find answers a query in one round trip; a text whose words occur nowhere
// costs a second one, which looks for titles that resemble it.
func (s *Search) find(ctx context.Context, q Query, w want) (found, error) {
	similar := w.after != nil && w.after.Similar
	f, matched, err := s.ask(ctx, q, w, similar)
	if err == nil && !matched && searchable(q.Text) {
		f, _, err = s.ask(ctx, q, w, true)
	}
	if err != nil {
		return found{}, fmt.Errorf("find products: %w", err)
	}
	return f, nil
}

// ask reports matched = false when the text's words occur nowhere.
func (s *Search) ask(ctx context.Context, q Query, w want, similar bool) (f found, matched bool, err error) {
	chosen := q.selection(similar)
	b := postgres.NewBatch()
	matched = true
	switch {
	case similar: // a batch is one transaction, so the setting ends with it
		b.Queue(likeness, nil)
	case q.Text != "" && w.after == nil:
		b.Read(anyMatch, chosen.args, func(rows pgx.Rows) (err error) {
			matched, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
			return err
		})
	}
	sql, args := chosen.page(q.Sort, w.limit+1, w.after)
	b.Read(sql, args, func(rows pgx.Rows) error {
		list, err := postgres.Rows[cardRow](rows)
		f.take(list, w.limit, similar)
		return err
	})
	if w.total {
		sql, args := chosen.count()
		b.Read(sql, args, func(rows pgx.Rows) error {
			n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
			f.total = &n
			return err
		})
	}
	if w.facets {
		b.Queue(planOnce, nil)
		sql, args := chosen.facets(q)
		b.Read(sql, args, func(rows pgx.Rows) error {
			counts, err := postgres.Rows[countRow](rows)
			f.facets = facetsOf(q, counts)
			return err
		})
	}
	return f, matched, b.Send(ctx, s.DB)
}

// take keeps limit rows; one more says that there are more.
func (f *found) take(list []cardRow, limit int, similar bool) {
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		f.next = &position{Key: last.Key, Product: last.ID, Similar: similar}
	}
	for _, row := range list {
		f.cards = append(f.cards, row.Card)
	}
}

// json is the answer as [Listing] says, with the cards copied as they are.
func (f found) json(next string) []byte {
	var b strings.Builder
	b.WriteString(`{"data":[`)
	for i, card := range f.cards {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(card)
	}
	b.WriteString(`],"has_more":` + strconv.FormatBool(f.next != nil))
	if next != "" {
		b.WriteString(`,"next_cursor":` + encode(next))
	}
	if f.total != nil {
		b.WriteString(`,"total_count":` + strconv.FormatInt(*f.total, 10))
	}
	if f.facets != nil {
		b.WriteString(`,"facets":` + encode(f.facets))
	}
	b.WriteString(`}`)
	return []byte(b.String())
}
