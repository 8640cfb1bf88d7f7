package search

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"souk/internal/search/index"
)

// mostValuesShown is how many values of a facet are shown; those that are
// selected are among them.
const mostValuesShown = 100

// shown are the categories that are counted: those asked for and those right
// below them, or the tops.
func (n *names) shown(asked []uuid.UUID) []uuid.UUID {
	var list []uuid.UUID
	for id, c := range n.categories.entries().byID {
		if asked == nil && c.ParentID == uuid.Nil || slices.Contains(asked, id) || slices.Contains(asked, c.ParentID) {
			list = append(list, id)
		}
	}
	return list
}

// countRows names what the index has counted.
func (n *names) countRows(asked *index.Query, c *index.Counts, locale string) []countRow {
	rows := n.categoryRows(asked.Categories, c.Categories, locale)
	rows = append(rows, thingRows("brand", n.brands.entries(), asked.Brands, c.Brands)...)
	rows = append(rows, thingRows("vendor", n.vendors.entries(), asked.Vendors, c.Vendors)...)
	rows = append(rows, n.valueRows(asked.Attributes, c.Facets, locale)...)
	add := func(facet, value string, count int) {
		if count > 0 {
			rows = append(rows, countRow{Facet: facet, Value: value, Count: int64(count)})
		}
	}
	for bucket, count := range c.Price {
		add("price", strconv.Itoa(bucket), count)
	}
	add("in_stock", "true", c.InStock)
	add("in_stock", "false", c.SoldOut)
	for stars := range c.Stars {
		above := 0
		if stars+1 < len(c.Stars) {
			above = c.Stars[stars+1]
		}
		add("rating", strconv.Itoa(stars), c.Stars[stars]-above)
	}
	return rows
}

func (n *names) categoryRows(asked []uuid.UUID, counts []index.Count[uuid.UUID], locale string) []countRow {
	e := n.categories.entries()
	list := counted(e, counts, asked)
	slices.SortFunc(list, func(a, b namedCount) int {
		return cmp.Or(first(a.asked, b.asked), cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	rows := countRows("category", list)
	for i := range rows {
		rows[i].Label = e.name(list[i].named, locale)
	}
	return rows
}

// thingRows are those of brands or vendors, the most frequent first.
func thingRows(facet string, e *entries, asked []uuid.UUID, counts []index.Count[uuid.UUID]) []countRow {
	list := counted(e, mostFrequent(counts, asked), asked)
	slices.SortFunc(list, func(a, b namedCount) int {
		return cmp.Or(first(a.asked, b.asked), cmp.Compare(b.n, a.n), strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	return countRows(facet, list)
}

// mostFrequent leaves out those that will not be shown; of thousands of brands,
// that is most.
func mostFrequent(counts []index.Count[uuid.UUID], asked []uuid.UUID) []index.Count[uuid.UUID] {
	if len(counts) <= mostValuesShown {
		return counts
	}
	sizes := make([]int, 0, len(counts))
	for _, c := range counts {
		sizes = append(sizes, c.N)
	}
	slices.Sort(sizes)
	least := sizes[len(sizes)-mostValuesShown]
	return slices.DeleteFunc(counts, func(c index.Count[uuid.UUID]) bool { return c.N < least && !slices.Contains(asked, c.Key) })
}

// namedCount is a count and what was counted.
type namedCount struct {
	*named
	n     int
	asked bool
}

func counted(e *entries, counts []index.Count[uuid.UUID], asked []uuid.UUID) []namedCount {
	list := make([]namedCount, 0, len(counts))
	for _, c := range counts {
		if n, known := e.byID[c.Key]; known {
			list = append(list, namedCount{n, c.N, slices.Contains(asked, c.Key)})
		}
	}
	return list
}

func countRows(facet string, list []namedCount) []countRow {
	rows := make([]countRow, 0, min(len(list), mostValuesShown))
	for _, c := range list[:min(len(list), mostValuesShown)] {
		rows = append(rows, countRow{Facet: facet, Value: c.Slug, Label: c.Name, Count: int64(c.n), Selected: c.asked})
	}
	return rows
}

// valueRows are those of attributes. One may have a value of its own for each
// product: only those that are shown are made into rows.
func (n *names) valueRows(asked []index.Attribute, counts []index.Count[int32], locale string) []countRow {
	var selected []int32
	for _, a := range asked {
		selected = append(selected, a.Selected...)
	}
	e := n.values.entries()
	type valueCount struct {
		id    int32
		n     int
		asked bool
		value string
	}
	byKey := map[string][]valueCount{}
	for _, c := range counts {
		if v, known := e.byID[c.Key]; known {
			byKey[v.Key] = append(byKey[v.Key], valueCount{c.Key, c.N, slices.Contains(selected, c.Key), v.Value})
		}
	}
	var rows []countRow
	for key, counts := range byKey {
		shown := firstOf(counts, mostValuesShown, func(a, b valueCount) int {
			return cmp.Or(first(a.asked, b.asked), cmp.Compare(b.n, a.n), strings.Compare(a.value, b.value))
		})
		facet := "attr[" + key + "]"
		for _, c := range shown {
			keyLabel, label := e.labels(e.byID[c.id], locale)
			rows = append(rows, countRow{Facet: facet, KeyLabel: keyLabel, Value: escaped.Replace(c.value), Label: label, Count: int64(c.n), Selected: c.asked})
		}
	}
	return rows
}

// firstOf is the first n of a list in an order. It sorts few: most are behind those
// that were seen before.
func firstOf[T any](list []T, n int, compare func(a, b T) int) []T {
	kept := make([]T, 0, min(len(list), 2*n))
	cut := func() {
		slices.SortFunc(kept, compare)
		kept = kept[:min(len(kept), n)]
	}
	full := false // the last of kept bounds what may still come before it
	for _, v := range list {
		if full && compare(v, kept[n-1]) >= 0 {
			continue
		}
		if kept = append(kept, v); len(kept) == 2*n {
			cut()
			full = true
		}
	}
	cut()
	return kept
}

// first puts what is true before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
