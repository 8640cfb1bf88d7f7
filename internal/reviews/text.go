package reviews

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"souk/internal/accounts"
	"souk/internal/errs"
)

// How long the texts of a review may be, in characters.
const (
	maxAuthor = 60
	maxTitle  = 120
	maxBody   = 5000
	maxReason = 1000
)

// oneLine composes letters with their accents and makes single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// paragraphs composes letters with their accents, trims, and ends lines one way.
func paragraphs(s string) string {
	return strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n")))
}

// isSound reports whether a text can be shown: no control characters but ends
// of lines, nothing that turns its direction, and something to be seen.
func isSound(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		if !accounts.OneLine(line) {
			return false
		}
	}
	return strings.ContainsFunc(s, isSeen)
}

func isSeen(r rune) bool {
	switch r {
	case '\u2800', '\u3164', '\uffa0', '\u115f', '\u1160': // blanks that count as symbols and letters
		return false
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
}

// requireText complains about a text that is not sound or not within a length.
// What is empty is sound where it need not be there.
func requireText(bad *errs.Fields, s string, least, most int, pointer string) {
	length := utf8.RuneCountInString(s)
	if length == 0 && least == 0 {
		return
	}
	bad.Require(least <= length && length <= most, pointer, "invalid_length", "This is too short or too long.")
	bad.Require(isSound(s), pointer, "invalid_text", "This holds characters that cannot be shown, or none that can.")
}

// links finds addresses of pages and mailboxes, also as people write them who
// do not want them to be found. "Good. Shop again" ends a sentence.
var links = regexp.MustCompile(`(?i)https?://|\bwww\.|[\w.+-]+@[\w-]+\.\w|` +
	`\b[\w-]+(\s?\.|\s\.\s|\s?\[\.\]\s?|\s?\(dot\)\s?)(com|net|org|info|biz|shop|store|online|site|xyz|ru|cn|click|link)\b`)

func hasLinks(texts ...string) bool {
	return links.MatchString(norm.NFKC.String(strings.Join(texts, "\n")))
}

// copyLength is how many characters a text has at least by which a copy is
// told: many people write "Very good".
const copyLength = 20

// fingerprint is the same for texts that differ in case, spaces and
// punctuation only; nil where a text is too short to be a copy.
func fingerprint(body string) []byte {
	folded := strings.Join(strings.FieldsFunc(strings.ToLower(norm.NFKC.String(body)), func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.N, unicode.M)
	}), " ")
	if utf8.RuneCountInString(folded) < copyLength {
		return nil
	}
	sum := sha256.Sum256([]byte(folded))
	return sum[:]
}

// short is a name as strangers may see it: "Ada L." of Ada Lovelace, "" of an
// address that somebody calls themselves.
func short(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 || strings.Contains(name, "@") {
		return ""
	}
	shown := []rune(words[0])
	if len(words) > 1 {
		last := []rune(words[len(words)-1])
		shown = append(shown[:min(len(shown), maxAuthor-3)], ' ', last[0], '.')
	}
	return string(shown[:min(len(shown), maxAuthor)])
}
