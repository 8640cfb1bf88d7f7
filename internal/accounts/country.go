package accounts

import (
	"bufio"
	_ "embed" // the two tables
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Country is how its addresses are written: all that a form needs.
type Country struct {
	Code       string      `json:"code" doc:"ISO 3166-1 alpha-2."`
	Name       string      `json:"name" doc:"In English."`
	Required   []string    `json:"required" doc:"The fields of an address that must be there."`
	PostalCode *PostalCode `json:"postal_code,omitempty" doc:"Absent where there are none: leave the field empty."`
	Regions    []Region    `json:"regions,omitempty" doc:"One of these; where there is no list, any text. Not in lists of countries."`

	city, region, postal need
	pattern              *regexp.Regexp    // nil where there are no postal codes
	regions              map[string]string // codes, by folded code and names
}

// PostalCode is how the codes of a country look.
type PostalCode struct {
	Pattern string `json:"pattern" doc:"A regular expression of the whole code, in capital letters."`
	Example string `json:"example"`
}

// Region is a state, province or prefecture.
type Region struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// need is whether a part of an address must be there.
type need byte

const (
	required need = '!'
	optional need = '?'
	absent   need = '-'
)

var (
	//go:embed countries.txt
	countriesTable string
	//go:embed regions.txt
	regionsTable string

	countryList, countries = readCountries()
)

// IsCountry reports whether code is a country in two capital letters.
func IsCountry(code string) bool { return countries[code] != nil }

// CountryName is a country's name in English; the code itself of one that we do not
// know.
func CountryName(code string) string {
	if c := countries[code]; c != nil {
		return c.Name
	}
	return code
}

// RegionName is what a region is called of which an address holds the code; the text
// itself where its country has no codes.
func RegionName(country, region string) string {
	if c := countries[country]; c != nil {
		for _, r := range c.Regions {
			if r.Code == region {
				return r.Name
			}
		}
	}
	return region
}

func readCountries() (list []*Country, byCode map[string]*Country) {
	byCode = map[string]*Country{}
	for row := range rows(countriesTable) {
		c := &Country{Code: row[0], Name: row[1], city: need(row[2][0]), region: need(row[2][1]), postal: need(row[2][2])}
		if c.postal != absent {
			c.PostalCode = &PostalCode{Pattern: "^(" + row[3] + ")$", Example: row[4]}
			c.pattern = regexp.MustCompile(c.PostalCode.Pattern)
		}
		c.Required = []string{"name", "line1"}
		for i, name := range []string{"city", "region", "postal_code"} {
			if need(row[2][i]) == required {
				c.Required = append(c.Required, name)
			}
		}
		list, byCode[c.Code] = append(list, c), c
	}
	for row := range rows(regionsTable) {
		c, code := byCode[row[0]], row[1]
		c.Regions = append(c.Regions, Region{code, row[2]})
		if c.regions == nil {
			c.regions = map[string]string{}
		}
		for _, known := range row[1:] {
			c.regions[fold(known)] = code
		}
	}
	return list, byCode
}

// rows are the lines of a table, without those that explain it.
func rows(table string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for lines := bufio.NewScanner(strings.NewReader(table)); lines.Scan(); {
			if !strings.HasPrefix(lines.Text(), "#") && !yield(strings.Split(lines.Text(), "\t")) {
				return
			}
		}
	}
}

// regionOf is the code of a region given by code or name, or s as it is in
// countries whose regions are free text.
func (c *Country) regionOf(s string) (region string, ok bool) {
	if c.regions == nil || s == "" {
		return s, true
	}
	region, ok = c.regions[fold(s)]
	return region, ok
}

// fold is what two spellings of a name have in common: its letters and digits,
// small and without accents.
func fold(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.NFD.String(s)))
}
