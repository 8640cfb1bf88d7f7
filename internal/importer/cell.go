package importer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"souk/internal/money"
)

// cells reads typed cells of a row and remembers what it could not read, and
// what it took otherwise than it stands there.
type cells struct {
	row
	currency money.Currency
	problems []Problem
	warnings []Problem
}

func (c *cells) refuse(field, format string, args ...any) {
	c.problems = append(c.problems, c.problem(field, format, args...))
}

func (c *cells) warn(field, format string, args ...any) {
	c.warnings = append(c.warnings, c.problem(field, format, args...))
}

func (c *cells) problem(field, format string, args ...any) Problem {
	reason := strings.ReplaceAll(fmt.Sprintf(format, args...), "\x00", "\uFFFD") // PostgreSQL keeps no NUL
	p := Problem{Row: c.number, Reason: shortened(reason, maxReason)}
	if field != "" {
		p.Column = c.named(field)
	}
	return p
}

// maxReason is how long a reason is at most, in characters: a cell that it quotes
// may have a million.
const maxReason = 500

// rounded is what spreadsheets make of a long number: 9.78E+12.
var rounded = regexp.MustCompile(`^\d([.,]\d+)?[eE]\+\d{2,}$`)

// code reads an SKU or barcode. One that a spreadsheet has rounded says nothing
// any more, and would be the same for many.
func (c *cells) code(field string) string {
	text := c.get(field)
	if rounded.MatchString(text) {
		c.warn(field, "%s is a number that a spreadsheet has rounded, and was left out: format the column as text", text)
		return ""
	}
	return text
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
	written := text
	if c.table.format.local {
		text = plainNumber(text)
	}
	a, err := money.Parse(text, currency)
	switch {
	case err == nil && a.Minor < 0:
		c.refuse(field, "a price cannot be negative: %s", written)
	case err == nil && a.Minor <= maxPrice:
		return &a
	case err == nil, strings.Trim(text, "0123456789") == "":
		c.refuse(field, "the price %s is too large", written)
	default:
		c.refuse(field, "%q is not a price in %s: write it as 1234.50", written, currency)
	}
	return nil
}

// plainNumber writes 1.234,50 and 1'234.50 as 1234.50. The mark that stands
// last cuts off the fraction; one that stands alone before three digits may be
// either, and is left for others to refuse.
func plainNumber(text string) string {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "").Replace(text)
	dot, comma := strings.LastIndexByte(text, '.'), strings.LastIndexByte(text, ',')
	switch {
	case dot >= 0 && comma > dot:
		return ungrouped(text[:comma], ".") + "." + text[comma+1:]
	case comma >= 0 && dot > comma:
		return ungrouped(text[:dot], ",") + text[dot:]
	case strings.Count(text, ",") > 1:
		return ungrouped(text, ",")
	case strings.Count(text, ".") > 1:
		return ungrouped(text, ".")
	case comma >= 0 && len(text)-comma-1 != 3:
		return strings.Replace(text, ",", ".", 1)
	}
	return text
}

// ungrouped takes out the marks that cut thousands: 1.234.567, or 12,34,567 in
// India. 26.11.2026 is no number, and is left for others to refuse.
func ungrouped(text, mark string) string {
	groups := strings.Split(text, mark)
	for i, group := range groups {
		least, most := 2, 3
		switch i {
		case 0:
			least, group = 1, strings.TrimPrefix(group, "-")
		case len(groups) - 1:
			least = 3
		}
		if len(groups) > 1 && (len(group) < least || len(group) > most) {
			return text
		}
	}
	return strings.Join(groups, "")
}

// maxCount is the most that a count or a weight in grams can be.
const maxCount = 1_000_000_000

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
	case n > maxCount:
		c.refuse(field, "%d is too many", n)
	default:
		return &n
	}
	return nil
}

var gramsIn = map[string]float64{"g": 1, "kg": 1000, "oz": 28.349523125, "lb": 453.59237, "lbs": 453.59237}

// grams reads a weight in a unit: g, kg, oz or lb; 0 for an empty cell.
func (c *cells) grams(field, unit string) int {
	text := c.get(field)
	if text == "" {
		return 0
	}
	if c.table.format.local {
		text = plainNumber(text)
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

// upTo reads a whole number up to the most that there can be; 0 for an empty cell.
func (c *cells) upTo(field string, most int) int {
	text := c.get(field)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		c.refuse(field, "%q is not a whole number from 0 to %d", text, most)
	}
	return n
}

// moment reads a time as RFC 3339 writes it; nil for an empty cell.
func (c *cells) moment(field string) *time.Time {
	text := c.get(field)
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		c.refuse(field, "%q is not a time: write it as 2027-01-31T12:00:00Z", text)
		return nil
	}
	return &at
}

// json reads a cell that holds JSON of some form into what to points to.
func (c *cells) json(field string, to any, form string) {
	text := c.get(field)
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		c.refuse(field, "is not of the form %s", form)
	}
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
