package promotions

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"souk/internal/id"
)

// MaxCodes bounds the codes of one cart.
const MaxCodes = 10

// A Coupon is a code that asks for a promotion.
type Coupon struct {
	ID          id.Coupon    `json:"id" db:"id"`
	PromotionID id.Promotion `json:"promotion_id" db:"promotion_id"`
	Code        string       `json:"code" db:"code"`
	UsageLimit  *int         `json:"usage_limit,omitempty" db:"usage_limit" doc:"On so many orders at most"`
	Used        int          `json:"used" db:"used" doc:"On so many orders, cancelled ones apart"`
	Disabled    bool         `json:"disabled" db:"disabled"`
	CreatedAt   time.Time    `json:"created_at" db:"created_at"`
}

// Normalize is the one form of a code, however people write it: full-width
// letters are letters (NFKC), case does not count, nor do blanks. "" is what can
// be no code: it has 3 to 40 letters, digits, - and _.
func Normalize(code string) string {
	if len(code) > 200 {
		return ""
	}
	var b strings.Builder
	letters := 0
	// Composed once more: letters that blanks or their case kept apart may be one.
	for _, r := range norm.NFKC.String(strings.ToUpper(strings.Join(strings.Fields(norm.NFKC.String(code)), ""))) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' {
			return ""
		}
		b.WriteRune(r)
		letters++
	}
	if letters < 3 || letters > 40 {
		return ""
	}
	return b.String()
}

// drawnLength is how long a drawn code is: 12 letters of 32 are 60 bits, so
// guessing one of 100,000 takes 10^13 tries.
const drawnLength = 12

// drawn is a code that nobody guesses, without letters that are mistaken for
// others.
func drawn() string {
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	var b [drawnLength]byte
	_, _ = rand.Read(b[:]) // it never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:])
}

// draw is n different codes, sorted: so they go into their index side by side.
func draw(n int, prefix string) []string {
	seen := make(map[string]bool, n)
	codes := make([]string, 0, n)
	for len(codes) < n {
		if code := prefix + drawn(); !seen[code] {
			seen[code] = true
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}
