package catalog

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSlug(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Linen  Shirt":       "linen-shirt",
		" Crème Brûlée! ":    "creme-brulee",
		"Straße & Weg":       "strasse-and-weg",
		"Høst Łódź":          "host-lodz",
		"Women's / Men’s":    "womens-mens",
		"日本語 Tシャツ":           "日本語-tシャツ",
		"हिन्दी किताब":       "हिन्दी-किताब",
		"ΑΒΓ Ώρα":            "αβγ-ωρα",
		"../../etc/passwd":   "etc-passwd",
		"a\x00b\u202ec":      "abc",
		"—!?":                "",
		"prod_01jd":          "prod-01jd",
		"10 € / ½ price (2)": "10-1-2-price-2",
	} {
		if got := slug(text); got != want {
			t.Errorf("slug(%q) = %q, want %q", text, got, want)
		}
	}
	if got := slug(strings.Repeat("long ", 1000)); len(got) > maxSlug+4 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestSanitise(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`Plain text`: `Plain text`,
		`<p onclick="x()" style="color:red">Tea</p>`:         `<p>Tea</p>`,
		`<script>alert(1)</script>x`:                         `x`,
		`<img src=x onerror=alert(1)>`:                       ``,
		`<a href="javascript:x()">a</a>`:                     `a`,
		`<a href="https://a.example/?q=1&amp;r=2">a</a>`:     `<a href="https://a.example/?q=1&amp;r=2" rel="nofollow noreferrer">a</a>`,
		`<table><tr><td colspan="2">1 < 2</td></tr></table>`: `<table><tr><td colspan="2">1 &lt; 2</td></tr></table>`,
		`<svg onload=x()><style>*{}</style><iframe src=//x>`: ``,
		"a\x00b\u202e":            `ab`,
		`<ul><li>one<li>two</ul>`: `<ul><li>one<li>two</ul>`,
		`<b>unclosed`:             `<b>unclosed`,
	} {
		if got := sanitise(html); got != want {
			t.Errorf("sanitise(%q) = %q, want %q", html, got, want)
		}
	}
}

// What was let through is let through unchanged: else every import would
// change every product.
func FuzzSanitiseOnceIsEnough(f *testing.F) {
	for _, s := range []string{
		"<p>a</p>", "a & b &amp; c &nbsp; &#39;", `<a href="http://x/?a=1&b=2">`, "<b><i></b></i>", "\r\n <p> \r </p>", "<!-- x --><p>", "&lt;script&gt;", "'\"<", "<a href='x'>'",
		"&#0", "a&#8238;b&#x7f;", `<a href="https://x/&#8238;">`, "&l&#8238;t;script&gt;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := sanitise(s)
		if twice := sanitise(once); twice != once {
			t.Errorf("%q becomes %q, then %q", s, once, twice)
		}
		if strings.ContainsFunc(once, invisible) {
			t.Errorf("%q lets through what nobody sees: %q", s, once)
		}
		lower := strings.ToLower(once)
		for _, bad := range []string{"<script", "<img", "<svg", "<iframe", "<style", "onclick="} {
			if strings.Contains(lower, bad) && !strings.Contains(strings.ToLower(s), "onclick=") {
				t.Errorf("%q lets %q through: %q", s, bad, once)
			}
		}
	})
}

// The same without the fuzzer: pieces of markup in any order.
func TestSanitiseOnceIsEnough(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{
		"<p>", "</p>", "<b", ">", "<", "/", "&", "&amp;", "&lt;", "&#39;", "&nbsp;", "'", `"`, " ", "\n", "\r", "\t", "é", "\u202e", "\x00", "\xff",
		`<a href="https://x.example/?a=1&b=2">`, "<a href=javascript:x()>", "</a>", "<script>", "</script>", "<!--", "-->", "<img src=x onerror=x()>",
		"<table><td>", "<style>", "onclick=", "text", "<![CDATA[", "<plaintext>", "<textarea>", "<svg><p>",
	})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(pieces, 0, 30).Draw(t, "html"), "")
		once := sanitise(s)
		if twice := sanitise(once); twice != once {
			t.Fatalf("%q becomes %q, then %q", s, once, twice)
		}
		for _, bad := range []string{"<script", "<img", "<svg", "<style", `href="javascript`} {
			if strings.Contains(strings.ToLower(once), bad) {
				t.Fatalf("%q lets %q through: %q", s, bad, once)
			}
		}
	})
}
