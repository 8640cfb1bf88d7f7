// Package taxid reads the numbers under which businesses are registered for
// tax: VAT ids of the European Union and GSTINs of India, with their check
// digits.
//
// Owns: how these numbers are written ([Parse]) and what they tell ([Country],
// [State]). Tables: none. Raises: nothing. Calls: nobody.
//
// A number that is well made need not be registered: nobody is asked.
//
// Sources. Formats of VAT ids: the FAQ of VIES, ec.europa.eu/taxation_customs/vies.
// Their check digits: "UID-Nummern: Konstruktionsregeln", which the Austrian
// ministry of finance publishes for all members, and the notes of the registries
// that have changed them since (NL 2020, IE 2013). GSTIN: the format and the
// modulus 36 of the Goods and Services Tax Network, gst.gov.in.
package taxid

import (
	"regexp"
	"strings"
)

const most = 30 // letters of any number

var (
	separators = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "", "\u00a0", "")
	gstin      = regexp.MustCompile(`^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[\dA-Z]$`)
	other      = regexp.MustCompile(`^[\dA-Z][\dA-Z+*]{3,}$`)
)

// Parse brings a number into the form in which it is kept: capital letters, no
// spaces, the prefix of the country before a VAT id. It reports false where the
// number cannot be one: of a member of the Union it is a VAT id (of any member),
// of India a GSTIN; of others nobody knows more than that it has 4 to 30 letters
// and digits. No number is well made.
func Parse(country, text string) (number string, ok bool) {
	number = strings.ToUpper(separators.Replace(text))
	switch {
	case number == "":
		return "", true
	case len(number) > most:
		return "", false
	case isVAT(number):
		return number, true
	case InUnion(country):
		number = prefixOf(country) + number
		return number, isVAT(number)
	case country == "IN", gstin.MatchString(number):
		return number, isGSTIN(number)
	}
	_, claimed := union[number[:min(2, len(number))]] // DE12 is no VAT id, whoever says so
	return number, !claimed && other.MatchString(number)
}

// Country is the member of the Union whose VAT id, or "IN" whose GSTIN, a
// number is; "" of others.
func Country(number string) string {
	switch {
	case isVAT(number):
		return countryOf(number[:2])
	case isGSTIN(number):
		return "IN"
	}
	return ""
}

// InUnion reports whether a country is a member of the European Union.
func InUnion(country string) bool {
	_, member := union[prefixOf(country)]
	return member
}

// Greece writes EL before its numbers, and nobody GR.
func prefixOf(country string) string {
	switch country {
	case "GR":
		return "EL"
	case "EL":
		return ""
	}
	return country
}

func countryOf(prefix string) string {
	if prefix == "EL" {
		return "GR"
	}
	return prefix
}

// State is the state or union territory of India that a GSTIN was given in, by
// its code in addresses; "" of other numbers.
func State(number string) string {
	if !isGSTIN(number) {
		return ""
	}
	return states[number[:2]]
}

// isGSTIN checks the state, the form of the PAN within and the check digit: the
// letters are digits to the base of 36, times 1 and 2 in turn, each product's two
// digits added up; the last one makes that a multiple of 36.
func isGSTIN(number string) bool {
	if !gstin.MatchString(number) || states[number[:2]] == "" {
		return false
	}
	sum := 0
	for i := range number[:14] {
		product := value(number[i]) * (1 + i%2)
		sum += product/36 + product%36
	}
	return value(number[14]) == (36-sum%36)%36
}

// value is a digit to the base of 36.
func value(c byte) int {
	if c >= 'A' {
		return int(c-'A') + 10
	}
	return int(c - '0')
}

// states are the codes that begin a GSTIN, and those of the same states in
// addresses. 97 and 99 are registered nowhere in particular.
var states = map[string]string{
	"01": "JK", "02": "HP", "03": "PB", "04": "CH", "05": "UK", "06": "HR", "07": "DL", "08": "RJ", "09": "UP", "10": "BR",
	"11": "SK", "12": "AR", "13": "NL", "14": "MN", "15": "MZ", "16": "TR", "17": "ML", "18": "AS", "19": "WB", "20": "JH",
	"21": "OD", "22": "CG", "23": "MP", "24": "GJ", "25": "DH", "26": "DH", "27": "MH", "28": "AP", "29": "KA", "30": "GA",
	"31": "LD", "32": "KL", "33": "TN", "34": "PY", "35": "AN", "36": "TS", "37": "AP", "38": "LA",
}
