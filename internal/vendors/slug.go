package vendors

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// slug has no underscore, so that it is never taken for an id.
var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxSlug = 80

// SlugOf writes a name as a part of a URL: "Käthe & Söhne" is "kathe-sohne". A
// name without Latin letters or digits gets letters that stand for it, the same
// ones each time, so that an import finds its vendor again.
func SlugOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(unfolded.Replace(name))) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’': // what an accent leaves, and "Ann's"
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == maxSlug {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	sum := sha256.Sum256([]byte(name))
	return "shop-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}

// unfolded are the letters that do not come apart by themselves.
var unfolded = strings.NewReplacer("ß", "ss", "Æ", "ae", "æ", "ae", "Ø", "o", "ø", "o", "Œ", "oe", "œ", "oe", "Ł", "l", "ł", "l", "Đ", "d", "đ", "d", "ı", "i")

func randomLetters() string { return strings.ToLower(rand.Text()[:6]) }
