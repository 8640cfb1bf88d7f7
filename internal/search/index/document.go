package index

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Document is all that the index knows about a product.
type Document struct {
	Product    uuid.UUID
	Vendor     uuid.UUID
	Brand      uuid.UUID   // zero: none
	Categories []uuid.UUID // with all ancestors
	Tags       []uuid.UUID
	Facets     []int32 // values of attributes
	Prices     []Price // one in each currency that it is listed in
	InStock    bool
	Rating     int // hundredths of a star
	Popularity int64
	Created    int64    // any unit that sorts
	Name       string   // what the order by name goes by
	SKUs       []string // folded; and what Codes makes of barcodes
	Title      string
	Texts      []string // what else it is found by: names of what it belongs to, then anything; a phrase is within one of them
}

// Price is that of the cheapest variant, in minor units and not negative.
type Price struct {
	Currency string
	Minor    int64
}

// keys numbers what documents refer to, so that columns hold small numbers.
type keys struct {
	vendors, brands, categories, tags *numbering[uuid.UUID]
	facets                            *numbering[int32]
}

func newKeys() keys {
	return keys{
		newNumbering[uuid.UUID](), newNumbering[uuid.UUID](), newNumbering[uuid.UUID](), newNumbering[uuid.UUID](),
		newNumbering[int32](),
	}
}

// add numbers what is new in d, in place.
func (k *keys) add(d *Document) {
	k.vendors.add(d.Vendor)
	k.brands.add(d.Brand)
	k.categories.add(d.Categories...)
	k.tags.add(d.Tags...)
	k.facets.add(d.Facets...)
}

// with is k and what is new in docs; k stays as it is for its readers.
func (k keys) with(docs []*Document) keys {
	var vendors, brands, categories, tags []uuid.UUID
	var facets []int32
	for _, d := range docs {
		vendors, brands = append(vendors, d.Vendor), append(brands, d.Brand)
		categories, tags, facets = append(categories, d.Categories...), append(tags, d.Tags...), append(facets, d.Facets...)
	}
	return keys{
		k.vendors.with(vendors), k.brands.with(brands), k.categories.with(categories), k.tags.with(tags), k.facets.with(facets),
	}
}

// numbering gives keys numbers from 1 in the order in which they came; the
// zero key has 0.
type numbering[K comparable] struct {
	keys   []K
	number map[K]uint32
}

func newNumbering[K comparable]() *numbering[K] {
	var none K
	return &numbering[K]{keys: []K{none}, number: map[K]uint32{none: 0}}
}

func (n *numbering[K]) add(list ...K) {
	for _, k := range list {
		if _, known := n.number[k]; !known {
			n.number[k] = uint32(len(n.keys))
			n.keys = append(n.keys, k)
		}
	}
}

// with copies only when there is something new: call it once for all that may
// be, for a shop may have very many values.
func (n *numbering[K]) with(list []K) *numbering[K] {
	if !slices.ContainsFunc(list, func(k K) bool { _, known := n.number[k]; return !known }) {
		return n
	}
	next := &numbering[K]{keys: slices.Clone(n.keys), number: maps.Clone(n.number)}
	next.add(list...)
	return next
}

// numbers are those of the keys that are known.
func (n *numbering[K]) numbers(list []K) []uint32 {
	numbers := make([]uint32, 0, len(list))
	for _, k := range list {
		if number, ok := n.number[k]; ok {
			numbers = append(numbers, number)
		}
	}
	return numbers
}
