package index

import (
	"encoding/binary"
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

// value is what documents refer to and filters ask for: a vendor, brand,
// category, tag, or value of an attribute.
type value struct {
	kind kind
	id   uuid.UUID
}

type kind uint8

const (
	noKind kind = iota
	ofVendor
	ofBrand
	ofCategory
	ofTag
	ofAttribute
)

// attributeValue has its number in place of an id.
func attributeValue(number int32) value {
	v := value{kind: ofAttribute}
	binary.BigEndian.PutUint32(v.id[:], uint32(number))
	return v
}

func (v value) attribute() int32 { return int32(binary.BigEndian.Uint32(v.id[:])) }

// Where a document's vendor and brand stand among its values.
const (
	vendorPlace = iota
	brandPlace
)

// values are those of d; the zero value is in the place of a vendor or brand if
// there is none.
func (d *Document) values() []value {
	list := make([]value, 2, 2+len(d.Categories)+len(d.Tags)+len(d.Facets))
	if d.Vendor != uuid.Nil {
		list[vendorPlace] = value{ofVendor, d.Vendor}
	}
	if d.Brand != uuid.Nil {
		list[brandPlace] = value{ofBrand, d.Brand}
	}
	for _, id := range d.Categories {
		list = append(list, value{ofCategory, id})
	}
	for _, id := range d.Tags {
		list = append(list, value{ofTag, id})
	}
	for _, number := range d.Facets {
		list = append(list, attributeValue(number))
	}
	return list
}

// numbering gives values numbers from 1 in the order in which they came, so
// that a document is a row of small numbers; the zero value has 0.
type numbering struct {
	values []value
	number map[value]uint32
}

func newNumbering() *numbering {
	return &numbering{values: []value{{}}, number: map[value]uint32{{}: 0}}
}

// add numbers what is new in list, in place, and says the numbers.
func (n *numbering) add(list []value) []uint32 {
	numbers := make([]uint32, len(list))
	for i, v := range list {
		number, known := n.number[v]
		if !known {
			number = uint32(len(n.values))
			n.number[v] = number
			n.values = append(n.values, v)
		}
		numbers[i] = number
	}
	return numbers
}

// with is n and what is new in docs; n stays as it is for its readers. It
// copies only when there is something new, for a shop may have very many values.
func (n *numbering) with(docs []*Document) *numbering {
	next := n
	for _, d := range docs {
		values := d.values()
		if next == n && slices.ContainsFunc(values, func(v value) bool { _, known := n.number[v]; return !known }) {
			next = &numbering{values: slices.Clone(n.values), number: maps.Clone(n.number)}
		}
		if next != n {
			next.add(values)
		}
	}
	return next
}

// of are the numbers of the things of a kind that are known.
func (n *numbering) of(k kind, ids []uuid.UUID) []uint32 {
	numbers := make([]uint32, 0, len(ids))
	for _, id := range ids {
		if number, ok := n.number[value{k, id}]; ok {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// ofAttribute are the numbers of the values of an attribute that are known.
func (n *numbering) ofAttribute(list []int32) []uint32 {
	numbers := make([]uint32, 0, len(list))
	for _, v := range list {
		if number, ok := n.number[attributeValue(v)]; ok {
			numbers = append(numbers, number)
		}
	}
	return numbers
}
