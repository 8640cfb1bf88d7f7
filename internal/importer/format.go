package importer

import (
	"slices"
	"strconv"
	"strings"

	"souk/internal/errs"
	"souk/internal/money"
)

// A format knows what the columns of one kind of file mean.
type format struct {
	name string
	// matches tells from the header whether a file is of this kind.
	matches func(t *table) bool
	// handle is what rows of one product have in common.
	handle func(r row) string
	// product reads the rows of one product. What it cannot read are problems;
	// it leaves out the variants that have one.
	product func(rows []row, currency money.Currency) (Product, []Problem)
}

// formats in the order in which they are tried: the more particular header first.
var formats = []format{soukFormat, shopifyFormat, spreeFormat}

// Formats lists the names that --from takes, "auto" apart.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// ErrUnknownFormat says that the header is of no known kind of file.
var ErrUnknownFormat = errs.New(errs.Invalid, "unknown_format", "The header line is not one that is known here. Known are: "+strings.Join(Formats(), ", ")+".")

// formatOf finds the format by name, or by the header for "auto".
func formatOf(name string, t *table) (format, error) {
	i := slices.IndexFunc(formats, func(f format) bool {
		return f.name == name || (name == "auto" || name == "") && f.matches(t)
	})
	if i < 0 {
		return format{}, ErrUnknownFormat
	}
	if !formats[i].matches(t) {
		return format{}, ErrUnknownFormat.With("detail", "The file does not have the columns of the format "+name+".")
	}
	return formats[i], nil
}

// addImage adds a picture once.
func (p *Product) addImage(url, alt string) {
	if url == "" || slices.ContainsFunc(p.Images, func(i Image) bool { return i.URL == url }) {
		return
	}
	p.Images = append(p.Images, Image{url, alt})
}

// addAttribute adds values to an attribute, without doubles.
func (p *Product) addAttribute(name string, values ...string) {
	for _, v := range values {
		if v != "" && !slices.Contains(p.Attributes[name], v) {
			if p.Attributes == nil {
				p.Attributes = map[string][]string{}
			}
			p.Attributes[name] = append(p.Attributes[name], v)
		}
	}
}

// refuseDoubles drops variants whose options or SKU an earlier one has.
func (p *Product) refuseDoubles() (problems []Problem) {
	seen := map[string]int{}
	p.Variants = slices.DeleteFunc(p.Variants, func(v Variant) bool {
		options := "options " + strings.Join(v.Options, "\x00")
		sku := "sku " + v.SKU
		for _, key := range []string{options, sku} {
			if first, double := seen[key]; double && key != "sku " {
				problems = append(problems, Problem{Row: v.row.number, cells: v.row.cells,
					Reason: doubleReason(key == options, v, first)})
				return true
			}
		}
		seen[options], seen[sku] = v.row.number, v.row.number
		return false
	})
	return problems
}

func doubleReason(options bool, v Variant, first int) string {
	what := "SKU " + v.SKU
	if options {
		what = "options (" + strings.Join(v.Options, " / ") + ")"
	}
	return "has the same " + what + " as row " + strconv.Itoa(first)
}
