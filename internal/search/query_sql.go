package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
)

// A statement is put together from the fragments of this file; which of them,
// the query decides. All that people write travels as an argument.

// selection is the WHERE of a query in parts. What is hard narrows everything;
// what is soft does not narrow its own facet.
type selection struct {
	with  string // of the statement
	join  string // of what else the conditions look at
	hard  []string
	soft  []softFilter
	score string // of relevance
	args  pgx.NamedArgs
}

// softFilter is a condition and the bit that stands for missing it.
type softFilter struct {
	facet string
	where string
	bit   int
}

// The bits of soft filters; attributes have those from attributeBit upwards.
const (
	brandBit     = 1
	vendorBit    = 2
	priceBit     = 4
	stockBit     = 8
	ratingBit    = 16
	attributeBit = 32
)

const (
	// The text as it is, and its last word as a beginning. An empty part is
	// overlooked; if both are empty nothing matches.
	textFragment = `q AS (SELECT websearch_to_tsquery('souk', @whole) && to_tsquery('souk', @unfinished) AS query)`

	matchesFragment = `(t.words @@ (SELECT query FROM q) OR t.skus && @skus::text[])`
	similarFragment = `@folded::text <% t.name`

	// A word of the title counts more than one of the description, what sells
	// counts more than what does not, and an exact SKU more than anything.
	scoreFragment = `((ts_rank(t.words, (SELECT query FROM q)) * ln(2.7182818::float8 + l.popularity) * 1e6)::bigint
		+ CASE WHEN t.skus && @skus::text[] THEN 1000000000000 ELSE 0 END)`
	likenessFragment = `(word_similarity(@folded::text, t.name) * 1e6)::bigint`

	categoryFragment = `l.category_ids && ARRAY(SELECT id FROM categories WHERE slug = ANY(@category_slugs::text[]) OR id = ANY(@category_ids::uuid[]))`
	tagFragment      = `l.tag_ids && ARRAY(SELECT id FROM tags WHERE slug = ANY(@tag_slugs::text[]) OR id = ANY(@tag_ids::uuid[]))`
	brandFragment    = `l.brand_id = ANY(ARRAY(SELECT id FROM brands WHERE slug = ANY(@brand_slugs::text[]) OR id = ANY(@brand_ids::uuid[])))`
	vendorFragment   = `l.vendor_id = ANY(ARRAY(SELECT id FROM vendors WHERE slug = ANY(@vendor_slugs::text[]) OR id = ANY(@vendor_ids::uuid[])))`
	priceFragment    = `l.min_minor BETWEEN @price_min::bigint AND @price_max::bigint`
	stockFragment    = `l.in_stock = @in_stock::boolean`
	ratingFragment   = `l.rating >= @rating_min::numeric`
	// %d is the attribute's number, which names its arguments.
	attributeFragment = `l.facet_ids && ARRAY(SELECT id FROM facet_values WHERE key = @key_%[1]d::text AND value = ANY(@values_%[1]d::text[]))`

	textsFragment  = `JOIN listed_products AS t ON t.product_id = l.product_id`
	listedFragment = `l.currency = @currency`
)

// order is a way to sort: by key, then by product, so that the order is total.
type order struct {
	key        string
	typ        string // of key
	descending bool
}

var sorts = map[Sort]order{
	PriceUp:    {`l.min_minor`, `bigint`, false},
	PriceDown:  {`l.min_minor`, `bigint`, true},
	Rated:      {`l.rating`, `numeric`, true},
	Popularity: {`l.popularity`, `bigint`, true},
	Newest:     {`l.created_at`, `timestamptz`, true},
	Name:       {`l.name`, `text`, false},
}

// selection turns q into fragments and arguments. Similar asks for titles that
// resemble the text instead of those that have its words.
func (q Query) selection(similar bool) selection {
	s := selection{hard: []string{listedFragment}, args: pgx.NamedArgs{"currency": string(q.Currency)}}
	if q.Text != "" {
		s.text(q.Text, similar)
	}
	if len(q.Categories) > 0 {
		s.hard = append(s.hard, categoryFragment)
	}
	s.args["category_ids"], s.args["category_slugs"] = idsAndSlugs[id.Category](q.Categories)
	if len(q.Tags) > 0 {
		s.hard = append(s.hard, tagFragment)
		s.args["tag_ids"], s.args["tag_slugs"] = idsAndSlugs[id.Tag](q.Tags)
	}
	s.add(len(q.Brands) > 0, brandBit, "brand", brandFragment)
	s.args["brand_ids"], s.args["brand_slugs"] = idsAndSlugs[id.Brand](q.Brands)
	s.add(len(q.Vendors) > 0, vendorBit, "vendor", vendorFragment)
	s.args["vendor_ids"], s.args["vendor_slugs"] = idsAndSlugs[id.Vendor](q.Vendors)
	s.add(q.Price != Range{0, anyPrice}, priceBit, "price", priceFragment)
	s.args["price_min"], s.args["price_max"] = q.Price.Min, q.Price.Max
	s.add(q.InStock != "", stockBit, "in_stock", stockFragment)
	s.args["in_stock"] = q.InStock == "true"
	s.add(q.RatingMin > 0, ratingBit, "rating", ratingFragment)
	s.args["rating_min"] = q.RatingMin
	for i, a := range q.Attributes {
		s.add(true, attributeBit<<i, a.Key, fmt.Sprintf(attributeFragment, i))
		s.args[fmt.Sprintf("key_%d", i)], s.args[fmt.Sprintf("values_%d", i)] = a.Key, a.Values
	}
	return s
}

func (s *selection) text(text string, similar bool) {
	s.args["folded"] = fold(text)
	s.join = textsFragment
	if similar {
		s.hard, s.score = append(s.hard, similarFragment), likenessFragment
		return
	}
	whole, unfinished := words(text)
	if unfinished != "" {
		unfinished += ":*"
	}
	s.args["whole"], s.args["unfinished"] = whole, unfinished
	s.args["skus"] = []string{fold(text)}
	s.with, s.hard, s.score = textFragment, append(s.hard, matchesFragment), scoreFragment
}

func (s *selection) add(asked bool, bit int, facet, where string) {
	if asked {
		s.soft = append(s.soft, softFilter{facet, where, bit})
	}
}

// where is the condition that every filter holds.
func (s *selection) where() string {
	all := slices.Clone(s.hard)
	for _, f := range s.soft {
		all = append(all, f.where)
	}
	return conjunction(all)
}

func conjunction(conditions []string) string { return "WHERE " + strings.Join(conditions, " AND ") }

// position is where a page ends: the key as text, and the product.
type position struct {
	Key     string     `json:"k"`
	Product id.Product `json:"p"`
	Similar bool       `json:"s,omitempty"` // the list is of titles that resemble the text
}

// page is the statement that reads one page of cards.
func (s *selection) page(by Sort, limit int, after *position) (string, pgx.NamedArgs) {
	o, ok := sorts[by]
	if !ok {
		o = order{s.score, `bigint`, true}
	}
	than, direction := `>`, ``
	if o.descending {
		than, direction = `<`, ` DESC`
	}
	args := maps.Clone(s.args)
	args["limit"] = limit
	next := ``
	if after != nil {
		next = fmt.Sprintf(nextFragment, than, o.typ)
		args["after_key"], args["after_product"] = after.Key, after.Product
	}
	return fmt.Sprintf(pageFragment, s.begin(), o.key, s.join, s.where(), next, direction), args
}

const (
	nextFragment = `WHERE (key, product_id) %s ((@after_key::text)::%s, @after_product::uuid)`
	pageFragment = `
		%[1]s
		SELECT page.product_id, page.key::text AS key, d.card
		FROM (
			SELECT product_id, key
			FROM (SELECT l.product_id, %[2]s AS key FROM listings AS l %[3]s %[4]s) AS found
			%[5]s
			ORDER BY key %[6]s, product_id %[6]s
			LIMIT @limit
		) AS page
		JOIN product_pages AS d ON d.product_id = page.product_id AND d.currency = @currency
		ORDER BY page.key %[6]s, page.product_id %[6]s`
	countFragment = `%s SELECT count(*) FROM listings AS l %s %s`
)

// count is the statement that counts all.
func (s *selection) count() (string, pgx.NamedArgs) {
	return fmt.Sprintf(countFragment, s.begin(), s.join, s.where()), s.args
}

// begin opens a statement with what its conditions refer to.
func (s *selection) begin() string {
	if s.with == "" {
		return ""
	}
	return `WITH ` + s.with
}

// anyMatch asks whether the words of a text occur at all, whatever the filters.
const anyMatch = `WITH ` + textFragment + ` SELECT EXISTS (SELECT FROM listed_products AS t WHERE ` + matchesFragment + `)`

// likeness is how alike a title must be to count as a typo of what was meant.
const likeness = `SELECT set_config('pg_trgm.word_similarity_threshold', '0.45', true)`
