package invoices

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// A Letterhead is who a seller is by law, as their invoices say it. The tax id stands
// in the vendor's profile.
type Letterhead struct {
	Address  accounts.PostalAddress `db:"address" json:"address" doc:"The name is that of the business, as the law knows it"`
	Register string                 `db:"register" json:"register,omitempty" maxLength:"200" doc:"Where the business is registered, and under which number" example:"Amtsgericht Kiel, HRB 1234"`
	Email    string                 `db:"email" json:"email,omitempty" maxLength:"254"`
	Note     string                 `db:"note" json:"note,omitempty" maxLength:"1000" doc:"At the foot: a bank account, thanks"`
	Prefix   string                 `db:"prefix" json:"number_prefix,omitempty" maxLength:"4" doc:"Before the numbers: capital letters, digits, / and -. Numbers go on where they were when it changes" example:"NK"`
}

// Kept is a letterhead as it is kept.
type Kept struct {
	Letterhead
	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
	Version   int64     `db:"version" json:"-"`
}

// ETag is its version.
func (k Kept) ETag() string { return httpapi.VersionTag(k.Version) }

var prefixes = regexp.MustCompile(`^[A-Z0-9/-]{0,4}$`)

// SetLetterhead keeps the head of a vendor's invoices, for those that are issued
// from now on.
func SetLetterhead(ctx context.Context, tx pgx.Tx, vendor id.Vendor, h Letterhead) (Kept, error) {
	if err := h.validate(); err != nil {
		return Kept{}, err
	}
	if before, err := letterheadOf(ctx, tx, vendor); err == nil {
		httpapi.Before(ctx, before)
	}
	return putLetterhead(ctx, tx, vendor, h)
}

// validate brings h into the form in which it is kept.
func (h *Letterhead) validate() error {
	var bad errs.Fields
	h.Register, h.Email = strings.Join(strings.Fields(h.Register), " "), strings.TrimSpace(h.Email)
	bad.Require(accounts.OneLine(h.Register), "/register", "invalid", "Write one line, without control characters.")
	bad.Require(utf8.ValidString(h.Note) && !strings.ContainsFunc(h.Note, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }), "/note", "invalid", "Write it without control characters.")
	h.Note, h.Prefix = strings.TrimSpace(h.Note), strings.ToUpper(strings.TrimSpace(h.Prefix))
	bad = append(bad, h.Address.Validate("/address")...)
	bad.Require(h.Address.TaxID == "", "/address/tax_id", "elsewhere", "Set it in the tax registration of the vendor's profile: taxes are reckoned by it, too.")
	bad.Require(h.Email == "" || accounts.ValidEmail(h.Email), "/email", "invalid", "This is not an e-mail address.")
	bad.Require(prefixes.MatchString(h.Prefix), "/number_prefix", "invalid", "At most 4 capital letters, digits, / and -.")
	return bad.Err()
}
