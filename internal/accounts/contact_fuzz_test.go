package accounts

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever passes for an e-mail address can stand in a header as it is, and a
// mail program reads the same mailbox out of it.
func FuzzValidEmail(f *testing.F) {
	for _, seed := range []string{
		"ann@example.com", "änn@exämple.de", "Ann <ann@example.com>", "ann@example.com\r\nBcc: bob@example.com", `"a b"@example.com`,
		"ann@[127.0.0.1]", "a\u0308nn@example.com", "ann@example.com\u202e", "@", "ann@@example.com", "\xff@example.com",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !ValidEmail(s) {
			return
		}
		if len(s) > 254 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
			t.Errorf("%q passes", s)
		}
		if strings.ContainsAny(s, "<>,;\"()") {
			t.Errorf("%q passes and is more than a mailbox", s)
		}
		if read, err := mail.ParseAddress("Ann <" + s + ">"); err != nil || read.Address != s {
			t.Errorf("%q is read as %v, %v", s, read, err)
		}
	})
}

// The normal form of a number is E.164, and its own normal form.
func FuzzPhone(f *testing.F) {
	for _, seed := range [][2]string{
		{"+49 151 23456789", ""},
		{"(202) 555-0123", "US"},
		{"098765 43210", "IN"},
		{"+1", ""},
		{"call me", "DE"},
		{"+٤٩ ١٥١ ٢٣٤٥٦٧٨٩", ""},
		{"+49 151 23456789;ext=5", ""},
		{"tel:+49-151-23456789", ""},
		{"1-800-FLOWERS", "US"},
		{"+49\x00151", ""},
		{"0", "ZZ"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, number, country string) {
		e164, ok := Phone(number, country)
		if !ok {
			if e164 != "" {
				t.Errorf("Phone(%q, %q) refuses and answers %q", number, country, e164)
			}
			return
		}
		digits, plus := strings.CutPrefix(e164, "+")
		if !plus || len(digits) < 2 || len(e164) > 20 || strings.Trim(digits, "0123456789") != "" { // users.phone takes 20
			t.Errorf("Phone(%q, %q) = %q", number, country, e164)
		}
		if again, ok := Phone(e164, ""); !ok || again != e164 {
			t.Errorf("Phone(%q) = %q, %v: not its own normal form (from %q, %q)", e164, again, ok, number, country)
		}
	})
}
