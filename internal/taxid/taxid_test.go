package taxid

import (
	"strings"
	"testing"
)

// Published examples, most of them of the registries themselves.
var examples = strings.Fields(`
	ATU13585627 BE0428759497 BG175074752 BG7523169263 CY10259033P CZ25123891 CZ7103192745 CZ640903926 DE136695976 DK13585628 EE100931558 EL094259216
	ES54362315K ESX5253868R ESM1234567L ESJ99216582 ESA13585625 ESN0032484H FI20774740 FR40303265045 FR83404833048 FRK7399859412 HR33392005961 HU12892312
	IE6433435F IE6433435OA IE8D79739I IT00743110157 LT119511515 LT100001919017 LU15027442 LV40003521600 LV16117519997 MT11679112 NL004495445B01 NL123456789B13 PL8567346215
	PT501964843 RO18547290 RO361897 SE123456789701 SI50223054 SK2022749619
	27AAPFU0939F1ZV 29AAGCB7383J1Z4 09AAACH7409R1ZZ`)

func TestWellMadeNumbersAreTaken(t *testing.T) {
	t.Parallel()
	for _, number := range examples {
		country := Country(number)
		if got, ok := Parse(country, number); !ok || got != number || country == "" {
			t.Errorf("%s of %q is not taken: %q", number, country, got)
		}
	}
}

// A wrong digit is found wherever the rule has a check digit at all, and of the
// others at least one that is too short or too long.
func TestAWrongDigitIsFound(t *testing.T) {
	t.Parallel()
	for _, number := range examples {
		if strings.HasPrefix(number, "LV16") || strings.HasPrefix(number, "CZ64") {
			continue // of people, who have none
		}
		taken := 0
		for d := range byte(10) {
			at := len(number) - 1
			for at > 3 && (number[at] < '0' || number[at] > '9') {
				at--
			}
			if number[:2] == "NL" || number[:2] == "SE" {
				at = 9 // what follows the check digit is a serial number
			}
			if Country(number[:at]+string('0'+d)+number[at+1:]) != "" {
				taken++
			}
		}
		if taken > 1 && !strings.HasPrefix(number, "BG75") && !strings.HasPrefix(number, "NL123") { // which may be of several kinds
			t.Errorf("%d of 10 last digits of %s are taken", taken, number)
		}
		for _, wrong := range []string{number[:len(number)-1], number + "00000"} {
			if Country(wrong) != "" && !strings.HasPrefix(number, "RO") && !strings.HasPrefix(number, "CZ") {
				t.Errorf("%s is taken", wrong)
			}
		}
	}
}

func TestHowNumbersAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		country, text, want string
		ok                  bool
	}{
		"none is fine":                           {"DE", " ", "", true},
		"spaces, dots and small letters":         {"DE", " de 136.695-976", "DE136695976", true},
		"the prefix may be left out":             {"DE", "136 695 976", "DE136695976", true},
		"that of Greece is EL":                   {"GR", "094259216", "EL094259216", true},
		"and not GR":                             {"GR", "GR094259216", "ELGR094259216", false},
		"a business may be registered elsewhere": {"DE", "FR40303265045", "FR40303265045", true},
		"a wrong check digit":                    {"DE", "DE136695977", "DEDE136695977", false},
		"no VAT id where one is wanted":          {"FR", "hello", "FRHELLO", false},
		"India":                                  {"IN", "27aapfu0939f1zv", "27AAPFU0939F1ZV", true},
		"a GSTIN with a wrong check digit":       {"IN", "27AAPFU0939F1ZW", "27AAPFU0939F1ZW", false},
		"of a state that there is not":           {"IN", "77AAPFU0939F1ZV", "77AAPFU0939F1ZV", false},
		"other countries know their own":         {"US", "12-3456789", "123456789", true},
		"a VAT id that is none, from elsewhere":  {"US", "DE12345", "DE12345", false},
		"too short":                              {"US", "12", "12", false},
		"too long":                               {"US", strings.Repeat("1", 31), "", false},
		"markup":                                 {"US", "<script>", "<SCRIPT>", false},
		"zeros of another alphabet":              {"DE", "DE13669597６", "DEDE13669597６", false},
	} {
		if got, ok := Parse(c.country, c.text); got != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v, want %q, %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestWhatANumberTells(t *testing.T) {
	t.Parallel()
	if got := Country("EL094259216"); got != "GR" {
		t.Errorf("EL is %s", got)
	}
	if got := State("29AAGCB7383J1Z4"); got != "KA" {
		t.Errorf("29 is %s", got)
	}
	if len(union) != 27 || !InUnion("GR") || InUnion("EL") || InUnion("GB") || InUnion("") {
		t.Error("the members of the Union are others")
	}
}

func FuzzParse(f *testing.F) {
	for _, number := range examples {
		f.Add("DE", number)
	}
	f.Fuzz(func(t *testing.T, country, text string) {
		number, ok := Parse(country, text)
		if !ok {
			return
		}
		if again, ok := Parse(country, number); !ok || again != number {
			t.Fatalf("%q of %q is kept as %q, and then as %q", text, country, number, again)
		}
	})
}
