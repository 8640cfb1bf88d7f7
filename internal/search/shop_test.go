package search

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// shop is a small catalogue that tests describe in Go and insert by SQL, so
// that what search makes of it can be compared with what it says here.
type shop struct {
	vendors    []thing
	brands     []thing
	tags       []thing
	categories []thing
	products   []*product
}

// thing is a row that has a name; a category has a parent, too.
type thing struct {
	ID        uuid.UUID   `json:"id"`
	Slug      string      `json:"slug"`
	Name      string      `json:"name"`
	Status    string      `json:"status"`
	ParentID  *uuid.UUID  `json:"parent_id"`
	Path      string      `json:"path"`
	Ancestors []uuid.UUID `json:"ancestors"`
}

// product names its relations by their place in the shop.
type product struct {
	ID          id.Product
	Slug, Title string
	Text        string
	Vendor      int
	Brand       int // -1: none
	Categories  []int
	Tags        []int
	Attributes  map[string][]string
	Option      string // the name of the only option, "" for none
	Variants    []variant
	Status      string // active unless told
	Created     time.Time
	Rating      float64
	Sold        int64
}

type variant struct {
	ID      id.Variant
	SKU     string
	Value   string // of the option
	Prices  map[money.Currency]int64
	Before  int64 // compare-at, 0 for none
	Stock   int
	Counted bool
}

func newThing(name string) thing {
	return thing{ID: uuid.Must(uuid.NewV7()), Slug: facetKey(name), Name: name, Status: "active"}
}

func (s *shop) category(name string, parent int) int {
	c := newThing(name)
	c.Path, c.Ancestors = name, []uuid.UUID{c.ID}
	if parent >= 0 {
		p := s.categories[parent]
		c.ParentID, c.Path = &p.ID, p.Path+" > "+name
		c.Ancestors = append(append([]uuid.UUID{}, p.Ancestors...), c.ID)
	}
	s.categories = append(s.categories, c)
	return len(s.categories) - 1
}

// insert writes the shop's rows; ids that are missing are made.
func (s *shop) insert(t testing.TB, tx pgx.Tx) {
	t.Helper()
	insertRows(t, tx, `INSERT INTO vendors (id, slug, name, status) SELECT id, slug, name, status FROM json_to_recordset(@rows::json) AS r (id uuid, slug text, name text, status text)`, s.vendors)
	insertRows(t, tx, `INSERT INTO brands (id, slug, name) SELECT id, slug, name FROM json_to_recordset(@rows::json) AS r (id uuid, slug text, name text)`, s.brands)
	insertRows(t, tx, `INSERT INTO tags (id, slug, name) SELECT id, slug, name FROM json_to_recordset(@rows::json) AS r (id uuid, slug text, name text)`, s.tags)
	insertRows(t, tx, `INSERT INTO categories (id, parent_id, slug, name, path, ancestors) SELECT id, parent_id, slug, name, path, ancestors FROM json_to_recordset(@rows::json) AS r (id uuid, parent_id uuid, slug text, name text, path text, ancestors uuid[])`, s.categories)
	var products, options, places, labels, variants, prices, locations, levels []map[string]any
	location := map[int]uuid.UUID{}
	for i, v := range s.vendors {
		location[i] = uuid.Must(uuid.NewV7())
		locations = append(locations, map[string]any{"id": location[i], "vendor_id": v.ID})
	}
	for _, p := range s.products {
		p.complete()
		row := map[string]any{
			"id": uuid.UUID(p.ID), "vendor_id": s.vendors[p.Vendor].ID, "slug": p.Slug, "title": p.Title, "description": p.Text,
			"status": p.Status, "attributes": p.Attributes, "created_at": p.Created,
		}
		if p.Brand >= 0 {
			row["brand_id"] = s.brands[p.Brand].ID
		}
		products = append(products, row)
		if p.Option != "" {
			var values []string
			for _, v := range p.Variants {
				values = append(values, v.Value)
			}
			options = append(options, map[string]any{"product_id": uuid.UUID(p.ID), "name": p.Option, "values": values})
		}
		for position, c := range p.Categories {
			places = append(places, map[string]any{"product_id": uuid.UUID(p.ID), "category_id": s.categories[c].ID, "position": position})
		}
		for _, g := range p.Tags {
			labels = append(labels, map[string]any{"product_id": uuid.UUID(p.ID), "tag_id": s.tags[g].ID})
		}
		for position, v := range p.Variants {
			row := map[string]any{
				"id": uuid.UUID(v.ID), "product_id": uuid.UUID(p.ID), "vendor_id": s.vendors[p.Vendor].ID, "title": p.Title,
				"sku": v.SKU, "position": position, "tracked": v.Counted, "options": []string{},
			}
			if p.Option != "" {
				row["options"] = []string{v.Value}
			}
			variants = append(variants, row)
			for c, amount := range v.Prices {
				price := map[string]any{"variant_id": uuid.UUID(v.ID), "currency": c, "amount_minor": amount}
				if v.Before > 0 {
					price["compare_at_minor"] = v.Before
				}
				prices = append(prices, price)
			}
			if v.Counted {
				levels = append(levels, map[string]any{"variant_id": uuid.UUID(v.ID), "location_id": location[p.Vendor], "vendor_id": s.vendors[p.Vendor].ID, "on_hand": v.Stock})
			}
		}
	}
	insertRows(t, tx, `INSERT INTO products (id, vendor_id, brand_id, slug, title, description, status, attributes, created_at) SELECT id, vendor_id, brand_id, slug, title, description, status, attributes, created_at FROM json_to_recordset(@rows::json) AS r (id uuid, vendor_id uuid, brand_id uuid, slug text, title text, description text, status text, attributes jsonb, created_at timestamptz)`, products)
	insertRows(t, tx, `INSERT INTO product_options (product_id, position, name, values) SELECT product_id, 1, name, values FROM json_to_recordset(@rows::json) AS r (product_id uuid, name text, values text[])`, options)
	insertRows(t, tx, `INSERT INTO product_categories (product_id, category_id, position) SELECT product_id, category_id, position FROM json_to_recordset(@rows::json) AS r (product_id uuid, category_id uuid, position int)`, places)
	insertRows(t, tx, `INSERT INTO product_tags (product_id, tag_id) SELECT product_id, tag_id FROM json_to_recordset(@rows::json) AS r (product_id uuid, tag_id uuid)`, labels)
	insertRows(t, tx, `INSERT INTO variants (id, product_id, vendor_id, title, sku, position, tracked, options) SELECT id, product_id, vendor_id, title, nullif(sku, ''), position, tracked, options FROM json_to_recordset(@rows::json) AS r (id uuid, product_id uuid, vendor_id uuid, title text, sku text, position int, tracked boolean, options text[])`, variants)
	insertRows(t, tx, `INSERT INTO prices (variant_id, currency, amount_minor, compare_at_minor) SELECT variant_id, currency, amount_minor, compare_at_minor FROM json_to_recordset(@rows::json) AS r (variant_id uuid, currency text, amount_minor bigint, compare_at_minor bigint)`, prices)
	insertRows(t, tx, `INSERT INTO locations (id, vendor_id, name) SELECT id, vendor_id, 'main' FROM json_to_recordset(@rows::json) AS r (id uuid, vendor_id uuid)`, locations)
	insertRows(t, tx, `INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand) SELECT variant_id, location_id, vendor_id, on_hand FROM json_to_recordset(@rows::json) AS r (variant_id uuid, location_id uuid, vendor_id uuid, on_hand int)`, levels)
}

func insertRows[T any](t testing.TB, tx pgx.Tx, sql string, list []T) {
	t.Helper()
	for some := range slices.Chunk(list, 10_000) {
		mustExec(t, tx, sql, pgx.NamedArgs{"rows": encode(some)})
	}
}

func (p *product) complete() {
	if p.ID.IsZero() {
		p.ID = newProduct()
	}
	if p.Slug == "" {
		p.Slug = fmt.Sprintf("p-%x", p.ID[8:])
	}
	if p.Status == "" {
		p.Status = "active"
	}
	if p.Created.IsZero() {
		p.Created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if p.Attributes == nil {
		p.Attributes = map[string][]string{}
	}
	for i := range p.Variants {
		if p.Variants[i].ID.IsZero() {
			p.Variants[i].ID = id.Variant(uuid.Must(uuid.NewV7()))
		}
	}
}

// refresh makes the listings, with the ratings and sales that the shop names.
func (s *shop) refresh(t testing.TB, tx pgx.Tx, search *Search) {
	t.Helper()
	var ids []id.Product
	for _, p := range s.products {
		ids = append(ids, p.ID)
	}
	if err := search.Refresh(t.Context(), tx, ids); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.products {
		if p.Rating == 0 && p.Sold == 0 {
			continue
		}
		mustExec(t, tx, `UPDATE listings SET rating = @rating, rating_count = 1, popularity = @sold WHERE product_id = @id`,
			pgx.NamedArgs{"rating": p.Rating, "sold": p.Sold, "id": p.ID})
	}
}

func mustExec(t testing.TB, tx pgx.Tx, sql string, args pgx.NamedArgs) {
	t.Helper()
	if _, err := postgres.Exec(t.Context(), tx, sql, args); err != nil {
		t.Fatal(err)
	}
}

func decode[T any](t testing.TB, b []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

func newSearch(db postgres.DB) *Search {
	return &Search{DB: db, Currency: "USD", ReadAnew: true}
}

func newProduct() id.Product { return id.Product(uuid.Must(uuid.NewV7())) }
