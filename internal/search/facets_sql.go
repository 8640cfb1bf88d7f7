package search

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// facets is the statement that counts the values of every facet in one pass
// over what is found.
//
// Each row of found carries in missed the bits of the soft filters that it
// does not meet. Those that miss more than one are of no use to anybody; those
// that miss one count for that one's facet only, which is what makes the
// counts disjunctive: with brand=a selected, brand b still shows how many.
func (s *selection) facets(q Query) (string, pgx.NamedArgs) {
	missed := []string{`0`}
	for _, f := range s.soft {
		missed = append(missed, `CASE WHEN `+f.where+` THEN 0 ELSE `+strconv.Itoa(f.bit)+` END`)
	}
	keys, bits := []string{}, []int{}
	values := []string{}
	for i, a := range q.Attributes {
		keys, bits = append(keys, a.Key), append(bits, attributeBit<<i)
		for _, v := range a.Values {
			values = append(values, a.Key+"="+v)
		}
	}
	args := s.args
	args["attribute_keys"], args["attribute_bits"], args["attribute_values"] = keys, bits, values
	args["edges"] = priceEdges(q.Currency)
	with := `WITH`
	if s.with != "" {
		with = s.begin() + `,`
	}
	return fmt.Sprintf(facetsFragment, with, strings.Join(missed, ` + `), s.join, conjunction(s.hard)), args
}

// planOnce keeps PostgreSQL from planning the statement anew for each call,
// which takes longer than to count a narrow choice. Its plan does not depend on
// the arguments: what they select is looked up first, into arrays.
const planOnce = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`

// At most 100 values of a facet are counted out; those that are selected are
// among them. (An unnest in the select list is several times as fast as one in
// the FROM.)
const facetsFragment = `
	%[1]s every AS (
		SELECT l.vendor_id, l.brand_id, l.category_ids, l.facet_ids, l.in_stock, l.rating, l.min_minor, %[2]s AS missed
		FROM listings AS l %[3]s %[4]s
		OFFSET 0 -- a fence: missed is worked out once for each row
	), found AS MATERIALIZED (
		SELECT vendor_id, brand_id, category_ids, facet_ids, in_stock, rating, min_minor, missed
		FROM every
		WHERE missed & (missed - 1) = 0
	), shown AS (
		SELECT id, slug, name, position, asked FROM (
			SELECT id, parent_id, slug, name, position, slug = ANY(@category_slugs::text[]) OR id = ANY(@category_ids::uuid[]) AS asked
			FROM categories) AS c
		WHERE asked OR CASE WHEN cardinality(@category_slugs::text[]) + cardinality(@category_ids::uuid[]) = 0 THEN parent_id IS NULL
			ELSE parent_id IN (SELECT id FROM categories WHERE slug = ANY(@category_slugs::text[]) OR id = ANY(@category_ids::uuid[])) END
	)
	(SELECT 'category' AS facet, '' AS key_label, c.slug AS value, c.name AS label, n.count, c.asked AS selected
	FROM (SELECT id, count(*) FROM (SELECT unnest(category_ids) AS id FROM found WHERE missed = 0) AS x GROUP BY id) AS n
	JOIN shown AS c ON c.id = n.id
	ORDER BY c.asked DESC, c.position, c.name LIMIT 100)
	UNION ALL
	(SELECT 'brand', '', b.slug, b.name, n.count, b.slug = ANY(@brand_slugs::text[]) OR b.id = ANY(@brand_ids::uuid[]) AS selected
	FROM (SELECT brand_id, count(*) FROM found WHERE missed IN (0, 1) GROUP BY brand_id) AS n
	JOIN brands AS b ON b.id = n.brand_id
	ORDER BY selected DESC, n.count DESC, b.name LIMIT 100)
	UNION ALL
	(SELECT 'vendor', '', v.slug, v.name, n.count, v.slug = ANY(@vendor_slugs::text[]) OR v.id = ANY(@vendor_ids::uuid[]) AS selected
	FROM (SELECT vendor_id, count(*) FROM found WHERE missed IN (0, 2) GROUP BY vendor_id) AS n
	JOIN vendors AS v ON v.id = n.vendor_id
	ORDER BY selected DESC, n.count DESC, v.name LIMIT 100)
	UNION ALL
	SELECT 'price', '', width_bucket(min_minor, @edges::bigint[])::text, '', count(*), false
	FROM found WHERE missed IN (0, 4) GROUP BY 3
	UNION ALL
	SELECT 'in_stock', '', in_stock::text, '', count(*), false
	FROM found WHERE missed IN (0, 8) GROUP BY in_stock
	UNION ALL
	SELECT 'rating', '', floor(rating)::int::text, '', count(*), false
	FROM found WHERE missed IN (0, 16) GROUP BY 3
	UNION ALL
	SELECT facet, key_label, value, label, count, selected FROM (
		SELECT 'attr[' || f.key || ']' AS facet, f.key_label, f.value, f.label, sum(m.count)::bigint AS count,
		       f.key || '=' || f.value = ANY(@attribute_values::text[]) AS selected,
		       row_number() OVER (PARTITION BY f.key
		           ORDER BY f.key || '=' || f.value = ANY(@attribute_values::text[]) DESC, sum(m.count) DESC, f.value) AS place
		FROM (SELECT id, missed, count(*) FROM (
		          SELECT unnest(facet_ids) AS id, missed FROM found WHERE missed = 0 OR missed >= 32) AS x
		      GROUP BY id, missed) AS m
		JOIN facet_values AS f ON f.id = m.id
		LEFT JOIN unnest(@attribute_keys::text[], @attribute_bits::int[]) AS a (key, bit) ON a.key = f.key
		WHERE m.missed = 0 OR m.missed = a.bit
		GROUP BY f.id
	) AS ranked WHERE place <= 100`
