package accounts

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// ValidEmail reports whether s is one mailbox and nothing else: no display
// name, no comment, no quoting, no address literal, a domain with a dot.
func ValidEmail(s string) bool {
	if len(s) > 254 || !OneLine(s) || !norm.NFC.IsNormalString(s) {
		return false
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	local, domain := s[:at], s[at+1:]
	return len(local) <= 64 && !strings.ContainsAny(local, `" `) && validDomain(domain)
}

func validDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) && r != '-' }) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) >= 2 && utf8.RuneCountInString(last) >= 2 && strings.ContainsFunc(last, unicode.IsLetter)
}

// username is letters, digits and . _ - only: no @, so that it is never taken
// for an e-mail, and no look-alikes from other alphabets.
var username = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,39}$`)

// Phone brings a number into E.164. Numbers without a + are read as dialled in
// country ("" reads none). It checks that the number is possible, not that it
// is given out: new ranges open faster than tables.
func Phone(number, country string) (e164 string, ok bool) {
	if len(number) > 40 {
		return "", false
	}
	parsed, err := phonenumbers.Parse(number, country)
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return "", false
	}
	e164 = phonenumbers.Format(parsed, phonenumbers.E164)
	again, err := phonenumbers.Parse(e164, "")
	if err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return "", false // zeros that get fewer each time they are read are nobody's number
	}
	return e164, true
}

// OneLine reports whether s can stand in a mail header or on a label: valid
// UTF-8 without control characters, line breaks or invisible direction marks.
func OneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, isForbidden)
}

func isForbidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d': // joiners, without which Persian and Indic names are misspelt
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// tidy trims, makes single spaces and composes letters with their accents.
func tidy(s string) string {
	s = strings.TrimFunc(norm.NFC.String(s), func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u200c' || r == '\u200d' })
	if !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
}

func letters(s string) int { return utf8.RuneCountInString(s) }
