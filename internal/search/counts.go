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
func (n *names) countRows(q Query, asked *index.Query, c *index.Counts, locale string) []countRow {
	rows := n.categoryRows(asked.Categories, c.Categories, locale)
	rows = append(rows, thingRows("brand", n.brands.entries(), asked.Brands, c.Brands)...)
	rows = append(rows, thingRows("vendor", n.vendors.entries(), asked.Vendors, c.Vendors)...)
	rows = append(rows, n.valueRows(q.Attributes, c.Facets, locale)...)
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

// valueRows are those of attributes.
func (n *names) valueRows(asked []Attribute, counts []index.Count[int32], locale string) []countRow {
	selected := map[string]bool{}
	for _, a := range asked {
		for _, v := range a.Values {
			selected[a.Key+"="+v] = true
		}
	}
	byKey := map[string][]countRow{}
	e := n.values.entries()
	for _, c := range counts {
		if v, known := e.byID[c.Key]; known {
			key, label := e.labels(v, locale)
			byKey[v.Key] = append(byKey[v.Key], countRow{
				Facet: "attr[" + v.Key + "]", KeyLabel: key, Value: escaped.Replace(v.Value), Label: label,
				Count: int64(c.N), Selected: selected[v.Key+"="+v.Value],
			})
		}
	}
	var all []countRow
	for _, rows := range byKey {
		slices.SortFunc(rows, func(a, b countRow) int {
			return cmp.Or(first(a.Selected, b.Selected), cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		all = append(all, rows[:min(len(rows), mostValuesShown)]...)
	}
	return all
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
