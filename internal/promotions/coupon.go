package promotions

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"souk/internal/errs"
	"souk/internal/id"
)

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
// be no code: one of fewer than 3 or more than 40 letters, digits, - and _.
func Normalize(code string) string {
	if len(code) > 200 {
		return ""
	}
	code = strings.ToUpper(norm.NFKC.String(code))
	code = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, code)
	for _, r := range code {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' {
			return ""
		}
	}
	if n := len([]rune(code)); n < 3 || n > 40 {
		return ""
	}
	return code
}

func checkCode(bad *errs.Fields, pointer, code string) {
	bad.Require(code != "", pointer, "invalid_code", "A code has 3 to 40 letters, digits, hyphens and underscores.")
}
