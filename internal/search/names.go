package search

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
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
	ID     uuid.UUID `db:"id"`
	Slug   string    `db:"slug"`
	Name   string    `db:"name"`
	folded string

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
	folded map[uuid.UUID]map[string]string // those, to be found by
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
		n.folded = index.Fold(n.Name)
		if known := old.byID[n.ID]; known == nil || *known != n {
			changed = append(changed, &n)
		}
	}
	if len(changed) == 0 {
		return
	}
	next := &entries{byID: map[uuid.UUID]*named{}, bySlug: map[string]uuid.UUID{}, told: map[uuid.UUID]map[string]string{}, folded: map[uuid.UUID]map[string]string{}}
	maps.Copy(next.byID, old.byID)
	maps.Copy(next.folded, old.folded)
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
		next.folded[n.ID] = make(map[string]string, len(next.told[n.ID]))
		for locale, name := range next.told[n.ID] {
			next.folded[n.ID][locale] = index.Fold(name)
		}
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
	byID  map[int32]value
	byKey map[string][]value
	told  map[int32]map[string]facetLabels // in other languages, by locale
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

func (v *values) set(rows []value) {
	old := v.entries()
	rows = slices.DeleteFunc(rows, func(row value) bool { return old.byID[row.ID] == row })
	if len(rows) == 0 {
		return
	}
	next := &valueEntries{byID: map[int32]value{}, byKey: map[string][]value{}, told: map[int32]map[string]facetLabels{}}
	maps.Copy(next.byID, old.byID)
	maps.Copy(next.told, old.told)
	maps.Copy(next.byKey, old.byKey)
	for _, row := range rows {
		if was, known := next.byID[row.ID]; known {
			next.byKey[was.Key] = slices.DeleteFunc(slices.Clone(next.byKey[was.Key]), func(v value) bool { return v.ID == row.ID })
		}
		next.byID[row.ID] = row
		next.told[row.ID] = toldLabels(row.Translations)
		next.byKey[row.Key] = append(slices.Clip(next.byKey[row.Key]), row)
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
	filter := index.Attribute{Selected: []int32{}}
	for _, v := range e.byKey[a.Key] {
		filter.All = append(filter.All, v.ID)
		if slices.Contains(a.Values, v.Value) {
			filter.Selected = append(filter.Selected, v.ID)
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
func (e *entries) begun(c *index.Completion, locale string, has func(uuid.UUID) bool, most int) []*named {
	var list []*named
	fewest := math.MaxInt
	for _, n := range e.byID {
		typos, ok := c.Of(n.folded)
		if told := e.folded[n.ID][locale]; told != "" {
			if also, begins := c.Of(told); begins && (!ok || also < typos) {
				typos, ok = also, true
			}
		}
		if !ok || typos > fewest || !has(n.ID) {
			continue
		}
		if typos < fewest {
			fewest, list = typos, nil
		}
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *named) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	return list[:min(len(list), most)]
}
