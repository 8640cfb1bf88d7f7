package accounts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Addresses are good or bad by the rules of their country's post.
func TestAddressesOfCountries(t *testing.T) {
	t.Parallel()
	const none = ""
	for _, test := range []struct {
		country, city, region, postal string
		want                          []string // what is wrong
		kept                          string   // the region, where it is not as it was written
	}{
		{"US", "Austin", "tx", "78701", nil, "TX"},
		{"US", "Austin", "Texas", "78701-1234", nil, "TX"},
		{"US", "Austin", none, "78701", []string{"region required"}, none},
		{"US", "Austin", "TX", "7870", []string{"postal_code invalid"}, none},
		{"US", "Austin", "TX", none, []string{"postal_code required"}, none},
		{"US", "Austin", "Ontario", "78701", []string{"region invalid"}, none},
		{"US", "APO", "AE", "09012", nil, none},
		{"CA", "Toronto", "Québec", "h2x 1y4", nil, "QC"},
		{"CA", "Toronto", "ON", "D1A 0B1", []string{"postal_code invalid"}, none},
		{"CA", "Toronto", "TX", "K1A0B1", []string{"region invalid"}, none},
		{"AU", "Perth", "Western Australia", "6000", nil, "WA"},
		{"AU", "Perth", none, "6000", []string{"region required"}, none},
		{"IN", "Bengaluru", "karnataka", "560 001", nil, "KA"},
		{"IN", "Cuttack", "OR", "753001", nil, "OD"}, // the code before 2011
		{"IN", "Bengaluru", "KA", "060001", []string{"postal_code invalid"}, none},
		{"MX", "Guadalajara", "Jalisco", "44100", nil, "JAL"},
		{"MX", "Ciudad", "CDMX", "06000", nil, "CMX"},
		{"MX", "Guadalajara", none, "44100", []string{"region required"}, none},
		{"BR", "São Paulo", "Sao Paulo", "01310-100", nil, "SP"},
		{"BR", "São Paulo", "XX", "01310100", []string{"region invalid"}, none},
		{"JP", "Chiyoda", "東京都", "100-0001", nil, "13"},
		{"JP", "Chiyoda", "Tokyo", "1000001", nil, "13"},
		{"JP", "Chiyoda", "13", "100-001", []string{"postal_code invalid"}, none},
		{"CN", "Shenzhen", "广东省", "518000", nil, "GD"},
		{"CN", "Shenzhen", "Guangdong", "51800", []string{"postal_code invalid"}, "GD"},
		{"KR", "Mapo", "서울", "03925", nil, "11"},
		{"TW", "Xinyi", "臺北市", "110", nil, "TPE"},
		{"IT", "Roma", "roma", "00144", nil, "RM"},
		{"IT", "Roma", none, "00144", []string{"region required"}, none},
		{"IT", "Roma", "RM", "144", []string{"postal_code invalid"}, none},
		{"ES", "Madrid", "M", "28001", nil, none},
		{"ES", "Vitoria", "alava", "01001", nil, "VI"},
		{"ES", "Madrid", "Porto", "28001", []string{"region invalid"}, none},
		{"AE", "Dubai", "Dubai", none, nil, "DU"},
		{"AE", "Dubai", none, none, []string{"region required"}, none},
		{"AE", "Dubai", "DU", "00000", []string{"postal_code no_postal_codes"}, none},
		{"GB", "London", none, "sw1a 1aa", nil, none},
		{"GB", "London", none, "SW1A", []string{"postal_code invalid"}, none},
		{"GB", "Leeds", "West Yorkshire", "LS1 1UR", nil, none},
		{"IE", "Dublin", none, "D02 AF30", nil, none},
		{"IE", "Dublin", none, none, nil, none},
		{"IE", "Dublin", none, "99999999", []string{"postal_code invalid"}, none},
		{"DE", "Berlin", none, "10115", nil, none},
		{"DE", "Berlin", none, "D-10115", []string{"postal_code invalid"}, none},
		{"DE", none, none, "10115", []string{"city required"}, none},
		{"FR", "Paris", none, "75001", nil, none},
		{"FR", "Paris", none, "750011", []string{"postal_code invalid"}, none},
		{"NL", "Utrecht", none, "3511 ab", nil, none},
		{"NL", "Utrecht", none, "0511 AB", []string{"postal_code invalid"}, none},
		{"AT", "Wien", none, "1010", nil, none},
		{"AT", "Wien", none, "0010", []string{"postal_code invalid"}, none},
		{"CH", "Bern", none, "3001", nil, none},
		{"PL", "Gdynia", none, "81-001", nil, none},
		{"PL", "Gdynia", none, "81001", []string{"postal_code invalid"}, none},
		{"PT", "Porto", none, "4000-001", nil, none},
		{"PT", "Porto", none, "4000", []string{"postal_code invalid"}, none},
		{"SE", "Umeå", none, "903 26", nil, none},
		{"GR", "Athina", none, "10431", nil, none},
		{"CZ", "Brno", none, "602 00", nil, none},
		{"TR", "Bursa", none, "16010", nil, none},
		{"TR", "Bursa", none, none, []string{"postal_code required"}, none},
		{"ZA", "Durban", none, "4001", nil, none},
		{"AR", "Rosario", "Santa Fe", "S2000", nil, none},
		{"SG", none, none, "018956", nil, none},
		{"SG", none, none, none, []string{"postal_code required"}, none},
		{"HK", none, "Kowloon", none, nil, none},
		{"HK", none, none, "999077", []string{"postal_code no_postal_codes"}, none},
		{"QA", "Doha", none, none, nil, none},
		{"KE", "Nairobi", none, "00100", nil, none},
		{"NG", "Lagos", "Lagos", none, nil, none},
	} {
		a := PostalAddress{Name: "Ann", Line1: "1 Way", City: test.city, Region: test.region, PostalCode: test.postal, Country: test.country}
		if diff := cmp.Diff(test.want, codes(a.Validate("")), cmp.Transformer("bare", func(s string) string { return strings.TrimPrefix(s, "/") })); diff != "" {
			t.Errorf("%s %q %q %q: %s", test.country, test.city, test.region, test.postal, diff)
		}
		if test.kept != none && a.Region != test.kept {
			t.Errorf("%s %q is kept as %q, want %q", test.country, test.region, a.Region, test.kept)
		}
	}
}

// Every row of the tables makes sense by itself.
func TestCountries(t *testing.T) {
	t.Parallel()
	if n := len(countryList); n != 250 { // 249 of ISO 3166 and Kosovo
		t.Errorf("%d countries, want 250", n)
	}
	for _, code := range []string{"", "D", "DEU", "de", "EU", "UK", "SU", "  ", "E ", "AD AE"} {
		if IsCountry(code) {
			t.Errorf("%q is a country", code)
		}
	}
	for _, c := range countryList {
		if c.Name == "" || len(c.Code) != 2 {
			t.Errorf("%+v has no name", c)
		}
		if c.pattern != nil && !c.pattern.MatchString(c.PostalCode.Example) {
			t.Errorf("%s: %q is no example of %s", c.Code, c.PostalCode.Example, c.PostalCode.Pattern)
		}
		for _, r := range c.Regions {
			for _, known := range []string{r.Code, r.Name} {
				if got, ok := c.regionOf(known); !ok || got != r.Code {
					t.Errorf("%s: %q is understood as %q, want %q", c.Code, known, got, r.Code)
				}
			}
		}
		if c.region == required && len(c.Regions) == 0 {
			t.Errorf("%s wants a region and lists none", c.Code)
		}
	}
}

func TestCountryAPI(t *testing.T) {
	d := serve(t)
	list := d.call(t, "", "GET", "/api/v1/countries", "").want(t, 200, `{"code":"DE","name":"Germany","required":["name","line1","city","postal_code"],"postal_code":{"pattern":"^(\\d{5})$"`, `"has_more":false`)
	if strings.Contains(list.Body, "Bavaria") || strings.Contains(list.Body, "Texas") {
		t.Error("the list is as long as all of its countries")
	}
	one := d.call(t, "", "GET", "/api/v1/countries/US", "").want(t, 200, `"required":["name","line1","city","region","postal_code"]`, `{"code":"TX","name":"Texas"}`)
	if got := one.Header.Get("Cache-Control"); got != "public, max-age=86400" {
		t.Errorf("Cache-Control: %q", got)
	}
	d.call(t, "", "GET", "/api/v1/countries/US", "", "If-None-Match", one.Header.Get("ETag")).want(t, 304)
	if hk := d.call(t, "", "GET", "/api/v1/countries/HK", "").want(t, 200); strings.Contains(hk.Body, "postal_code") {
		t.Errorf("a form would ask for a postal code: %s", hk.Body)
	}
	for _, nowhere := range []string{"us", "XX", "USA", "U", "%27%20OR%201=1"} {
		d.call(t, "", "GET", "/api/v1/countries/"+nowhere, "").want(t, 404)
	}
}
