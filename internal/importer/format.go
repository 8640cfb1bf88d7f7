package importer

import (
	"slices"
	"strings"

	"souk/internal/catalog"
	"souk/internal/errs"
)

// A format knows what the columns of one kind of file mean. The fields of a
// product are called as in Souk's own files, see soukColumns; other formats
// say what they call them.
type format struct {
	name     string
	needs    [][]string                // columns by which a file is told, a set for each generation of the format
	calls    map[string][]string       // field: its columns, the first that a file has counts
	images   []string                  // fields that hold pictures of the product
	statuses map[string]catalog.Status // what it calls them, in lower case; nil: as we do
	unguard  func(cell string) string  // takes off what keeps spreadsheets from running a cell; nil: nothing does
	blank    string                    // a cell that says this says nothing
	strict   bool                      // a price to compare with that is not above the price is refused, not overlooked; what has no price says so
	local    bool                      // numbers are written as people do where the file comes from, see plainNumber

	// Where a row is a product with all its variants, it is read by parse alone.
	parse func(r row, c *cells) Product

	// family tells what rows of one product that stand apart are joined by: what
	// a row can be called by others, and what it calls its parent. See gather.
	family func(r row) (names []string, parent string)

	handle   func(r row) string                              // nil: the cell of that name
	describe func(p *Product, first *cells)                  // reads what the format alone says of a product
	pictures func(p *Product, r row)                         // collects those that a row names
	sells    func(p *Product, r row) bool                    // tells a row with a variant from one with less
	options  func(c *cells, p *Product) []string             // nil: option1, value1 …
	prices   func(c *cells, p *Product) []Price              // nil: price, compare_at_price, currency
	finish   func(v *Variant, c *cells)                      // reads what the format alone says of a variant
	spread   func(p *Product, v Variant, c *cells) []Variant // makes several of one; nil: it is one
	further  func(r row) bool                                // tells a row that only gives a price; nil: there are none
}

// formats in the order in which they are tried: the more particular header first.
var formats = []format{soukFormat, linesFormat, shopifyFormat, medusaFormat, wooFormat, spreeFormat}

// ErrUnknownFormat says that the header is of no known kind of file.
var ErrUnknownFormat = errs.New(errs.Invalid, "unknown_format", "The header line is not one that is known here.")

// formatOf finds the format by name, or by the header for "auto" and "", and
// teaches the table what it calls the fields.
func formatOf(name string, t *table) (format, error) {
	var wants []string
	for _, f := range formats {
		if name != "auto" && name != "" && name != f.name {
			continue
		}
		if !f.matches(t) {
			wants = append(wants, f.wants())
			continue
		}
		t.learn(f)
		return f, nil
	}
	if len(wants) == 0 {
		return format{}, errs.New(ErrUnknownFormat.Kind, ErrUnknownFormat.Code, "There is no format "+name+".")
	}
	return format{}, errs.New(ErrUnknownFormat.Kind, ErrUnknownFormat.Code,
		ErrUnknownFormat.Message+" The first line must name the columns: "+strings.Join(wants, "; ")+".")
}

// learn takes over what a format calls the fields.
func (t *table) learn(f format) {
	for field, columns := range f.calls {
		if i := slices.IndexFunc(columns, func(c string) bool { return t.has(c) }); i >= 0 {
			t.column[field] = t.column[columns[i]]
		}
	}
	t.format = f
}

func (f format) matches(t *table) bool {
	return slices.ContainsFunc(f.needs, func(set []string) bool { return t.has(set...) })
}

func (f format) wants() string {
	sets := make([]string, len(f.needs))
	for i, set := range f.needs {
		sets[i] = strings.Join(set, ", ")
	}
	return f.name + " has " + strings.Join(sets, " or ")
}

// continues reports whether r is of the same product as the rows before it:
// it has their handle and names no other vendor.
func continues(group []row, r row) bool {
	if r.table.format.parse != nil || r.handle() != group[0].handle() {
		return false
	}
	for _, field := range []string{"vendor", "vendor_slug"} {
		if is, was := r.get(field), group[0].get(field); is != "" && was != "" && is != was {
			return false
		}
	}
	return true
}
