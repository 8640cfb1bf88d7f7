package importer

import (
	"fmt"
	"strconv"
	"strings"

	"souk/internal/money"
)

// cells reads typed cells of a row and remembers what it could not read.
type cells struct {
	row
	currency money.Currency
	problems []Problem
}

func (c *cells) refuse(field, format string, args ...any) {
	p := Problem{Row: c.number, Reason: fmt.Sprintf(format, args...)}
	if field != "" {
		p.Column = c.named(field)
	}
	c.problems = append(c.problems, p)
}

// maxPrice keeps prices within what the schema takes: 10^12 minor units.
const maxPrice = 1_000_000_000_000

// amount reads a price such as 19.99; nil for an empty cell.
func (c *cells) amount(field string) *money.Amount {
	return c.amountOf(field, c.get(field), c.currency)
}

func (c *cells) amountOf(field, text string, currency money.Currency) *money.Amount {
	if text == "" {
		return nil
	}
	a, err := money.Parse(text, currency)
	switch {
	case err == nil && a.Minor < 0:
		c.refuse(field, "a price cannot be negative: %s", text)
	case err == nil && a.Minor <= maxPrice:
		return &a
	case err == nil, strings.Trim(text, "0123456789") == "":
		c.refuse(field, "the price %s is too large", text)
	default:
		c.refuse(field, "%q is not a price in %s: write it as 1234.50", text, currency)
	}
	return nil
}

// count reads a whole number from 0 to a thousand million; nil for an empty cell.
func (c *cells) count(field string) *int {
	text := c.get(field)
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
	switch {
	case err != nil:
		c.refuse(field, "%q is not a whole number", text)
	case n < 0:
		c.refuse(field, "stock cannot be negative: %d", n)
	case n > 1_000_000_000:
		c.refuse(field, "%d is too many", n)
	default:
		return &n
	}
	return nil
}

var gramsIn = map[string]float64{"g": 1, "kg": 1000, "oz": 28.349523125, "lb": 453.59237}

// grams reads a weight in a unit: g, kg, oz or lb; 0 for an empty cell.
func (c *cells) grams(field, unit string) int {
	text := c.get(field)
	if text == "" {
		return 0
	}
	perUnit, known := gramsIn[strings.ToLower(unit)]
	weight, err := strconv.ParseFloat(text, 64)
	switch {
	case !known:
		c.refuse(field, "%q is not a unit of weight: use g, kg, oz or lb", unit)
	case err == nil && weight >= 0 && weight*perUnit <= 1e9: // not so for NaN
		return int(weight*perUnit + 0.5)
	default:
		c.refuse(field, "%q is not a weight", text)
	}
	return 0
}

// flag reads TRUE or FALSE; nil for an empty cell.
func (c *cells) flag(field string) *bool {
	var yes bool
	switch text := strings.ToLower(c.get(field)); text {
	case "":
		return nil
	case "true", "yes", "1", "y", "t":
		yes = true
	case "false", "no", "0", "n", "f":
	default:
		c.refuse(field, "%q is neither TRUE nor FALSE", text)
		return nil
	}
	return &yes
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
