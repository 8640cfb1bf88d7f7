package accounts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/errs"
)

func codes(fields []errs.Field) (list []string) {
	for _, f := range fields {
		list = append(list, f.Pointer+" "+f.Code)
	}
	return list
}

// Bad input 96.
func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, password string
		want           []string
	}{
		{"7 characters", "a7$kQ!z", []string{"/password too_short"}},
		{"10 random characters", "v8#Lq2!xZp", nil},
		{"64 characters", strings.Repeat("tundra kettle ", 4) + "orbiting", nil},
		{"128 characters", randomLooking(128), nil},
		{"129 characters", randomLooking(129), []string{"/password too_long"}},
		{"a common one", "password123", []string{"/password too_weak"}},
		{"only spaces", strings.Repeat(" ", 20), []string{"/password too_weak"}},
		{"one letter", strings.Repeat("a", 30), []string{"/password too_weak"}},
		{"NUL", "seven purple\x00lanterns", []string{"/password invalid"}},
		{"emoji", "🐢🌵🚲🎻🧊🪁🍋🛶🧭🎈", nil},
		{"umlauts, composed or not, are counted once", "a\u0308o\u0308u\u0308a\u0308o\u0308", []string{"/password too_short"}},
		{"the own name", "annabelle.lee1", []string{"/password too_weak"}},
		{"the own e-mail", "annabelle@shop.example", []string{"/password too_weak"}},
		{"the shop", "souk souk souk", []string{"/password too_weak"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := codes(checkPassword("/password", test.password, "annabelle.lee", "annabelle@shop.example", "Souk"))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// randomLooking is n letters without a word or a sequence in them.
func randomLooking(n int) string {
	b := make([]byte, n)
	for i, x := 0, uint32(7); i < n; i++ {
		x = x*1664525 + 1013904223
		b[i] = "bcdfghjklmnpqrstvwxz0123456789"[x>>16%30]
	}
	return string(b)
}

func TestValidEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]bool{
		"ann@example.com":                        true,
		"ann+tag@mail.example.co.uk":             true,
		"änn@exämple.de":                         true,
		"o'hara@example.ie":                      true,
		"":                                       false,
		"ann":                                    false,
		"ann@":                                   false,
		"@example.com":                           false,
		"ann@localhost":                          false,
		"ann@example..com":                       false,
		"ann@-example.com":                       false,
		"ann@example.com.":                       false,
		"ann@127.0.0.1":                          false,
		"ann@[127.0.0.1]":                        false,
		"Ann <ann@example.com>":                  false,
		"ann@example.com (Ann)":                  false,
		" ann@example.com":                       false,
		"ann@example.com\nBcc: x@y.z":            false,
		"ann@example.com, x@y.zz":                false,
		`"a b"@example.com`:                      false,
		"ann\x00@example.com":                    false,
		"a\u202ebc@example.com":                  false,
		strings.Repeat("a", 65) + "@example.com": false,
		"ann@" + strings.Repeat("a", 64) + ".com":  false,
		"ann@" + strings.Repeat("a.", 130) + "com": false,
	} {
		if got := ValidEmail(email); got != want {
			t.Errorf("ValidEmail(%q) = %v, want %v", email, got, want)
		}
	}
}

func TestPhone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ number, country, want string }{
		{"+49 151 23456789", "", "+4915123456789"},
		{"(202) 555-0123", "US", "+12025550123"},
		{"098765 43210", "IN", "+919876543210"},
		{"+1 (555) 555-0100", "", "+15555550100"},
		{"202 555 0123", "", ""},
		{"+1", "", ""},
		{"+999 123456789", "", ""},
		{"call me", "DE", ""},
		{"", "DE", ""},
		{"+49 151 23456789" + strings.Repeat("0", 40), "", ""},
	} {
		got, ok := Phone(test.number, test.country)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("Phone(%q, %q) = %q, %v, want %q", test.number, test.country, got, ok, test.want)
		}
	}
}

func TestPostalAddressIsTidied(t *testing.T) {
	t.Parallel()
	a := PostalAddress{
		Name: "  Ann   Lee ", Line1: "1 Main St", City: "Sacramento", Region: "california", PostalCode: "95814",
		Country: "us", Phone: "(202) 555-0123",
	}
	if bad := a.Validate("/shipping"); len(bad) > 0 {
		t.Fatal(bad)
	}
	want := PostalAddress{
		Name: "Ann Lee", Line1: "1 Main St", City: "Sacramento", Region: "CA", PostalCode: "95814", Country: "US", Phone: "+12025550123",
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
}

func TestPostalAddressRefusals(t *testing.T) {
	t.Parallel()
	good := PostalAddress{Name: "Ann Lee", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}
	for _, test := range []struct {
		name string
		edit func(*PostalAddress)
		want []string
	}{
		{"a good one", func(*PostalAddress) {}, nil},
		{"empty", func(a *PostalAddress) { *a = PostalAddress{Country: "DE"} }, []string{"/a/name required", "/a/line1 required", "/a/city required", "/a/postal_code required"}},
		{"no country", func(a *PostalAddress) { a.Country = "" }, []string{"/a/country unknown_country"}},
		{"no such country", func(a *PostalAddress) { a.Country = "ZZ" }, []string{"/a/country unknown_country"}},
		{"two countries", func(a *PostalAddress) { a.Country = "D " }, []string{"/a/country unknown_country"}},
		{"a name of 500 characters", func(a *PostalAddress) { a.Name = strings.Repeat("n", 500) }, []string{"/a/name invalid"}},
		{"a newline in the name", func(a *PostalAddress) { a.Name = "Ann\nBcc: x@y.z" }, []string{"/a/name invalid"}},
		{"a carriage return at the end", func(a *PostalAddress) { a.City = "Berlin\r" }, []string{"/a/city invalid"}},
		{"a line separator", func(a *PostalAddress) { a.Line2 = "a\u2028b" }, []string{"/a/line2 invalid"}},
		{"a direction override", func(a *PostalAddress) { a.Name = "Ann\u202e" }, []string{"/a/name invalid"}},
		{"only joiners", func(a *PostalAddress) { a.Name = "\u200d\u200c" }, []string{"/a/name required"}},
		{"a joiner where it belongs", func(a *PostalAddress) { a.Name = "می\u200cخواهم" }, nil},
		{"a postal code of elsewhere", func(a *PostalAddress) { a.PostalCode = "SW1A 1AA" }, []string{"/a/postal_code invalid"}},
		{"no postal code where there are some", func(a *PostalAddress) { a.PostalCode = "" }, []string{"/a/postal_code required"}},
		{"a postal code where there are none", func(a *PostalAddress) { a.Country, a.Region, a.PostalCode = "HK", "", "999077" }, []string{"/a/postal_code no_postal_codes"}},
		{"no region where mail needs one", func(a *PostalAddress) { a.Country, a.Region, a.PostalCode = "US", "", "95814" }, []string{"/a/region required"}},
		{"no postal code where there are none", func(a *PostalAddress) { a.Country, a.PostalCode = "HK", "" }, nil},
		{"a state of elsewhere", func(a *PostalAddress) { a.Country, a.Region = "US", "Bavaria" }, []string{"/a/region invalid"}},
		{"a province by its name", func(a *PostalAddress) { a.Country, a.PostalCode, a.Region = "CA", "h2x 1y4", "québec" }, nil},
		{"no phone", func(a *PostalAddress) { a.Phone = "nope" }, []string{"/a/phone invalid"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := good
			test.edit(&a)
			if diff := cmp.Diff(test.want, codes(a.Validate("/a"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFieldsNameThemselves(t *testing.T) {
	t.Parallel()
	u, _ := open(t, nil)
	err := u.check(&Registration{Username: "a b", Email: "nope", Password: "short", Name: "a\nb", Phone: "1"})
	var refusal *errs.Error
	if !asRefusal(err, &refusal) {
		t.Fatal(err)
	}
	want := []string{"/username invalid", "/email invalid", "/name invalid", "/phone invalid", "/password too_short"}
	if diff := cmp.Diff(want, codes(refusal.Fields)); diff != "" {
		t.Error(diff)
	}
}
