package promotions_test

import (
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"souk/internal/promotions"
)

// Row 37: however people write a code, it is one.
func TestOneCodeHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"summer-10":              "SUMMER-10",
		" Summer - 10\n":         "SUMMER-10",
		"ｓｕｍｍｅｒ－１０":              "SUMMER-10",
		"S\u00a0U\u2003M\tMER10": "SUMMER10",
		"straße":                 "STRAßE",
		"ete\u0301":              "ETÉ",
		"été":                    "ÉTÉ",
		"ﬁn":                     "FIN",
		"ᄀ ᅡ나다":                  "가나다",
		"10_off":                 "10_OFF",
		"ab":                     "", // too short
		"a b":                    "",
		"":                       "",
		"10%":                    "",
		"a.b.c":                  "",
		"a\x00bc":                "",
		"abc\xff":                "",
		"abc\u200bdef":           "", // nobody sees it
		"😀😀😀":                    "",
		"12345678901234567890123456789012345678901": "", // 41
	} {
		if got := promotions.Normalize(written); got != want {
			t.Errorf("%q is %q, want %q", written, got, want)
		}
	}
}

// Whoever types what a list of codes shows finds the code.
func TestACodeIsFoundByHowItIsShown(t *testing.T) {
	t.Parallel()
	for r := rune(1); r <= unicode.MaxRune; r++ {
		for _, written := range []string{"A" + string(r) + "BC", string(r) + " " + string(r) + "BC"} {
			if code := promotions.Normalize(written); promotions.Normalize(code) != code {
				t.Fatalf("%q is shown as %q, which is %q", written, code, promotions.Normalize(code))
			}
		}
	}
}

// Whoever types what is shown finds the code, whatever was written first.
func TestWhatIsShownIsTheCode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.OneOf(
			rapid.StringOfN(rapid.Rune(), 3, 40, -1),
			rapid.StringOfN(rapid.RuneFrom([]rune("\u1100\u1161\u11a8ßﬁıſ A")), 3, 10, -1), // become others beside each other, or in capitals
		).Draw(t, "written")
		if code := promotions.Normalize(written); promotions.Normalize(code) != code {
			t.Errorf("%q is %q, which is %q", written, code, promotions.Normalize(code))
		}
	})
}
