package catalog

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/text/unicode/norm"
)

// richText is what a description may hold: words, lists, tables and links.
// Pictures are media, never an <img> that calls somebody's server.
var richText = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "div", "span", "b", "strong", "i", "em", "u", "s", "small", "sub", "sup", "mark",
		"h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "ul", "ol", "li", "dl", "dt", "dd")
	p.AllowTables()
	p.AllowStandardURLs()
	p.AllowRelativeURLs(false)
	p.AllowAttrs("href").OnElements("a")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
})

// sanitise makes a description harmless. What it lets through, it lets through
// unchanged the next time.
func sanitise(html string) string {
	html = strings.TrimSpace(visible(html))
	if !strings.ContainsAny(html, "<>&\"'\r") { // nothing that the policy could touch
		return html
	}
	html = richText().Sanitize(html)
	if strings.ContainsFunc(html, invisible) { // what stood there as &#8238; is a character now
		html = richText().Sanitize(visible(html))
	}
	return strings.TrimSpace(html)
}

// line is a text of one line: no control characters, single spaces.
func line(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// visible drops what no text of the shop holds: invalid UTF-8, NUL and other
// control characters, and marks that turn the direction of what follows.
func visible(s string) string {
	if !strings.ContainsFunc(s, invisible) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
}

func invisible(r rune) bool {
	switch {
	case r == '\n', r == '\t', r == '\r':
		return false
	case r == utf8.RuneError, unicode.IsControl(r):
		return true
	}
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// unmarked are letters whose plain form is not a matter of dropping a mark.
var unmarked = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "þ", "th", "ı", "i", "&", " and ")

// slug folds a text into the form that addresses use: lower case, no marks,
// letters and digits of any script with single hyphens between the words. It
// is "" where nothing of that is left.
func slug(text string) string {
	text = unmarked.Replace(strings.ToLower(visible(text)))
	var b strings.Builder
	gap, european := false, false
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.M, r): // an accent there, a vowel elsewhere
			if !european && b.Len() > 0 {
				b.WriteRune(r)
			}
		case r == '\'', r == '’':
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap, european = false, unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
			b.WriteRune(unicode.ToLower(r))
		default:
			gap = true
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	return norm.NFC.String(b.String())
}

const maxSlug = 100
