package search

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// names is what filters and facets are called; the index knows ids only. They
// are read with the listings that refer to them, which are written anew when
// one of them changes.
type names struct {
	categories, brands, vendors, tags register
	values                            values
}

// named is a category, brand, vendor or tag.
type named struct {
	ID   uuid.UUID `db:"id"`
	Slug string    `db:"slug"`
	Name string    `db:"name"`

	// Of categories only.
	ParentID uuid.UUID `db:"parent_id"` // zero: a top
	Path     string    `db:"path"`
	Depth    int       `db:"depth"`
	Position int       `db:"position"`

	Translations string `db:"translations"` // as JSON, so that rows can be compared
}

// register has the things of one kind by id and by slug. Readers have it while
// others write, so it is copied to be changed.
type register struct{ current atomic.Pointer[entries] }

type entries struct {
	byID   map[uuid.UUID]*named
	bySlug map[string]uuid.UUID
	told   map[uuid.UUID]map[string]string // names in other languages, by locale

	completions sync.Map // by language: *completions, made when somebody asks for some
}

// completions finds those of a register by what their names begin with, the top
// of the tree and then the alphabet first.
type completions struct {
	named []*named
	*index.Completions
}

// in is the completions of names in a language and in the shop's own.
func (e *entries) in(locale string) *completions {
	if known, there := e.completions.Load(locale); there {
		return known.(*completions)
	}
	c := &completions{named: slices.SortedFunc(maps.Values(e.byID), func(a, b *named) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})}
	c.Completions = index.NewCompletions(len(c.named), func(n int) []string {
		names := []string{index.Fold(c.named[n].Name)}
		if told := e.told[c.named[n].ID][locale]; told != "" {
			names = append(names, index.Fold(told))
		}
		return names
	})
	known, _ := e.completions.LoadOrStore(locale, c)
	return known.(*completions)
}

// name is what something is called in a language.
func (e *entries) name(n *named, locale string) string {
	return cmp.Or(e.told[n.ID][locale], n.Name)
}

func (r *register) entries() *entries {
	if e := r.current.Load(); e != nil {
		return e
	}
	return &entries{}
}

// path is that of a category in a language.
func (e *entries) path(n *named, locale string) string {
	if locale == "" {
		return n.Path
	}
	path := e.name(n, locale)
	for above := e.byID[n.ParentID]; above != nil; above = e.byID[above.ParentID] {
		path = e.name(above, locale) + pathGlue + path
	}
	return path
}

// set takes rows over; there is one writer.
func (r *register) set(rows []named) {
	old := r.entries()
	var changed []*named
	for _, n := range rows {
		if known := old.byID[n.ID]; known == nil || *known != n {
			changed = append(changed, &n)
		}
	}
	if len(changed) == 0 {
		return
	}
	next := &entries{byID: map[uuid.UUID]*named{}, bySlug: map[string]uuid.UUID{}, told: map[uuid.UUID]map[string]string{}}
	maps.Copy(next.byID, old.byID)
	maps.Copy(next.told, old.told)
	maps.Copy(next.bySlug, old.bySlug)
	for _, n := range changed { // first, for two may have swapped their slugs
		if known := old.byID[n.ID]; known != nil && next.bySlug[known.Slug] == n.ID {
			delete(next.bySlug, known.Slug)
		}
	}
	for _, n := range changed {
		next.byID[n.ID], next.bySlug[n.Slug] = n, n.ID
		next.told[n.ID] = toldNames(n.Translations)
	}
	r.current.Store(next)
}

// toldNames reads {"de": {"name": "Schuhe"}}; nil for none.
func toldNames(translations string) map[string]string {
	var texts map[string]struct{ Name string }
	if translations == "" || translations == "{}" || json.Unmarshal([]byte(translations), &texts) != nil { // catalog writes no other
		return nil
	}
	names := make(map[string]string, len(texts))
	for locale, text := range texts {
		names[locale] = text.Name
	}
	return names
}

// ids are those of a filter's values, which are ids as people see them or
// slugs; nil where nothing is asked for.
func (r *register) ids(asked []string, parse func(string) (uuid.UUID, error)) []uuid.UUID {
	if len(asked) == 0 {
		return nil
	}
	e, ids := r.entries(), []uuid.UUID{}
	for _, v := range asked {
		if id, err := parse(v); err == nil {
			ids = append(ids, id)
		} else if id, known := e.bySlug[v]; known {
			ids = append(ids, id)
		}
	}
	return ids
}

// value is one of an attribute or option.
type value struct {
	ID       int32  `db:"id"`
	Key      string `db:"key"`
	Value    string `db:"value"`
	KeyLabel string `db:"key_label"`
	Label    string `db:"label"`

	Translations string `db:"translations"` // as JSON, so that rows can be compared
}

// values are those of all attributes.
type values struct{ current atomic.Pointer[valueEntries] }

type valueEntries struct {
	byID   map[int32]value
	byName map[facetName]int32
	byKey  map[string][]int32
	told   map[int32]map[string]facetLabels // in other languages, by locale
}

// labels are what an attribute and its value are called in a language.
func (e *valueEntries) labels(v value, locale string) (key, label string) {
	told := e.told[v.ID][locale]
	return cmp.Or(told.Key, v.KeyLabel), cmp.Or(told.Value, v.Label)
}

func (v *values) entries() *valueEntries {
	if e := v.current.Load(); e != nil {
		return e
	}
	return &valueEntries{}
}

// set takes rows over; there is one writer. What a value is called may change, not
// which it is: so whoever reads a list of a key is not disturbed by what is added.
func (v *values) set(rows []value) {
	old := v.entries()
	rows = slices.DeleteFunc(rows, func(row value) bool { return old.byID[row.ID] == row })
	if len(rows) == 0 {
		return
	}
	next := &valueEntries{byID: map[int32]value{}, byName: map[facetName]int32{}, byKey: map[string][]int32{}, told: map[int32]map[string]facetLabels{}}
	maps.Copy(next.byID, old.byID)
	maps.Copy(next.byName, old.byName)
	maps.Copy(next.byKey, old.byKey)
	maps.Copy(next.told, old.told)
	for _, row := range rows {
		if _, known := next.byID[row.ID]; !known {
			next.byName[facetName{row.Key, row.Value}] = row.ID
			next.byKey[row.Key] = append(next.byKey[row.Key], row.ID)
		}
		next.byID[row.ID] = row
		next.told[row.ID] = toldLabels(row.Translations)
	}
	v.current.Store(next)
}

// toldLabels reads {"de": {"key": "Farbe", "value": "Rot"}}; nil for none.
func toldLabels(translations string) (labels map[string]facetLabels) {
	if translations == "" || translations == "{}" || json.Unmarshal([]byte(translations), &labels) != nil { // describe writes no other
		return nil
	}
	return labels
}

// attribute is a filter by one as the index knows it.
func (e *valueEntries) attribute(a Attribute) index.Attribute {
	filter := index.Attribute{Selected: []int32{}, All: e.byKey[a.Key]}
	for _, v := range a.Values {
		if known, there := e.byName[facetName{a.Key, v}]; there {
			filter.Selected = append(filter.Selected, known)
		}
	}
	return filter
}

// read reads those that documents refer to, or all.
func (n *names) read(ctx context.Context, db postgres.DB, documents []*index.Document, all bool) error {
	var rows [4][]named
	var values []value
	b := postgres.NewBatch()
	if all {
		for i, sql := range []string{selectCategoryNames, selectBrandNames, selectVendorNames, selectTagNames} {
			postgres.ReadAll(b, &rows[i], sql, nil)
		}
		postgres.ReadAll(b, &values, selectValues, nil)
	} else {
		args := referred(documents)
		for i, sql := range []string{selectCategoryNamesOf, selectBrandNamesOf, selectVendorNamesOf, selectTagNamesOf} {
			postgres.ReadAll(b, &rows[i], sql, args)
		}
		postgres.ReadAll(b, &values, selectValuesOf, args)
	}
	if err := b.Send(ctx, db); err != nil {
		return fmt.Errorf("read names of filters: %w", err)
	}
	for i, r := range []*register{&n.categories, &n.brands, &n.vendors, &n.tags} {
		r.set(rows[i])
	}
	n.values.set(values)
	return nil
}

// referred is the ids that documents refer to.
func referred(documents []*index.Document) pgx.NamedArgs {
	categories, tags, brands, vendors := []uuid.UUID{}, []uuid.UUID{}, []uuid.UUID{}, []uuid.UUID{}
	values := []int32{}
	for _, d := range documents {
		categories, tags = append(categories, d.Categories...), append(tags, d.Tags...)
		brands, vendors = append(brands, d.Brand), append(vendors, d.Vendor)
		values = append(values, d.Facets...)
	}
	return pgx.NamedArgs{
		"categories": distinct(categories), "tags": distinct(tags), "brands": distinct(brands), "vendors": distinct(vendors),
		"values": distinctValues(values),
	}
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

func distinctValues(ids []int32) []int32 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// begun are those whose name, in a language or in the shop's own, goes on from
// what is begun, with as few typos as any, and which has reports as having products.
func (e *entries) begun(text, locale string, has func(uuid.UUID) bool, most int) (list []*named) {
	c := e.in(locale)
	for numbers := range c.Of(text) {
		for _, n := range numbers {
			if has(c.named[n].ID) {
				list = append(list, c.named[n])
			}
			if len(list) == most {
				return list
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}
