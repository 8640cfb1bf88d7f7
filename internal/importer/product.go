package importer

import (
	"fmt"
	"strconv"
	"strings"

	"souk/internal/money"
)

// A Product is one product as a file describes it.
type Product struct {
	rows []row // all that the file says of it, the first with the product's own columns

	Handle         string
	Title          string
	Description    string
	Vendor         string // a name
	Brand          string
	Kind           string
	Draft          bool // the merchant has not published it
	Archived       bool
	Categories     [][]string // paths from the root
	Tags           []string
	Attributes     map[string][]string
	OptionNames    []string
	SEOTitle       string
	SEODescription string
	Images         []Image
	Variants       []Variant
	FurtherPrices  []FurtherPrice
}

// A FurtherPrice is the price in one more currency of a variant that the file
// has described before, or that is in the catalogue already.
type FurtherPrice struct {
	row       row
	SKU       string
	Price     money.Amount
	CompareAt *money.Amount
}

// A Variant is one row that can be sold.
type Variant struct {
	row row

	SKU              string
	Barcode          string
	Options          []string
	Price            money.Amount
	CompareAt        *money.Amount
	OnHand           *int // nil: the file does not say
	Tracked          bool
	Backorders       bool
	WeightGrams      int
	Taxable          bool
	TaxClass         string
	RequiresShipping bool
	Image            string
}

// An Image is a picture by its address.
type Image struct {
	URL string
	Alt string
}

// A Problem is why a row, or a cell of it, was refused.
type Problem struct {
	Row    int    `json:"row"`
	Column string `json:"column,omitempty"`
	Reason string `json:"reason"`

	cells []string // the row as it was, with what a reader needs to import it alone
}

// A cellReader reads typed cells of a row and remembers what it could not read.
type cellReader struct {
	row      row
	currency money.Currency
	problems []Problem
}

func (c *cellReader) refuse(column, format string, args ...any) {
	c.problems = append(c.problems, Problem{Row: c.row.number, Column: column, Reason: fmt.Sprintf(format, args...), cells: c.row.cells})
}

// maxPrice keeps prices within what the schema takes: 10^12 minor units.
const maxPrice = 1_000_000_000_000

// amount reads a price such as 19.99; nil for an empty cell.
func (c *cellReader) amount(columns ...string) *money.Amount {
	text := c.row.get(columns...)
	if text == "" {
		return nil
	}
	a, err := money.Parse(text, c.currency)
	switch {
	case err != nil:
		c.refuse(c.row.named(columns...), "%q is not a price in %s: write it as 1234.50", text, c.currency)
	case a.Minor < 0:
		c.refuse(c.row.named(columns...), "a price cannot be negative: %s", text)
	case a.Minor > maxPrice:
		c.refuse(c.row.named(columns...), "the price %s is too large", text)
	default:
		return &a
	}
	return nil
}

// count reads a whole number from 0 to a thousand million; nil for an empty cell.
func (c *cellReader) count(columns ...string) *int {
	text := c.row.get(columns...)
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
	switch {
	case err != nil:
		c.refuse(c.row.named(columns...), "%q is not a whole number", text)
	case n < 0:
		c.refuse(c.row.named(columns...), "stock cannot be negative: %d", n)
	case n > 1_000_000_000:
		c.refuse(c.row.named(columns...), "%d is too many", n)
	default:
		return &n
	}
	return nil
}

// grams reads a weight in a unit: g, kg, oz or lb; 0 for an empty cell.
func (c *cellReader) grams(unit string, columns ...string) int {
	text := c.row.get(columns...)
	if text == "" {
		return 0
	}
	perUnit, ok := map[string]float64{"": 1, "g": 1, "kg": 1000, "oz": 28.349523125, "lb": 453.59237}[strings.ToLower(unit)]
	weight, err := strconv.ParseFloat(text, 64)
	switch {
	case !ok:
		c.refuse(c.row.named(columns...), "%q is not a unit of weight: use g, kg, oz or lb", unit)
	case err != nil || weight < 0 || weight*perUnit > 1e9:
		c.refuse(c.row.named(columns...), "%q is not a weight", text)
	default:
		return int(weight*perUnit + 0.5)
	}
	return 0
}

// flag reads TRUE or FALSE; otherwise for an empty cell.
func (c *cellReader) flag(otherwise bool, columns ...string) bool {
	switch text := strings.ToLower(c.row.get(columns...)); text {
	case "":
		return otherwise
	case "true", "yes", "1", "y", "t":
		return true
	case "false", "no", "0", "n", "f":
		return false
	default:
		c.refuse(c.row.named(columns...), "%q is neither TRUE nor FALSE", text)
		return otherwise
	}
}

// list cuts a cell at commas.
func list(cell string) []string {
	var items []string
	for item := range strings.SplitSeq(cell, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// categoryPath cuts "Apparel > Shoes" and "Kitchen -> Kettles".
func categoryPath(cell string) []string {
	var path []string
	for name := range strings.SplitSeq(strings.ReplaceAll(cell, "->", ">"), ">") {
		if name = strings.TrimSpace(name); name != "" {
			path = append(path, name)
		}
	}
	return path
}
