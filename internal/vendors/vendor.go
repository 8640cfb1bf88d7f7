package vendors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Vendor is a seller, as its owner and staff see it.
type Vendor struct {
	ID                       id.Vendor `db:"id" json:"id"`
	Slug                     string    `db:"slug" json:"slug"`
	Name                     string    `db:"name" json:"name"`
	Description              string    `db:"description" json:"description"`
	Email                    string    `db:"email" json:"email"`
	Status                   Status    `db:"status" json:"status" enum:"pending,active,suspended,rejected"`
	StatusReason             string    `db:"status_reason" json:"status_reason" doc:"Why it was rejected or suspended."`
	CommissionBPS            int       `db:"commission_bps" json:"commission_bps" doc:"The market's share in hundredths of a percent."`
	House                    bool      `db:"house" json:"house" doc:"The marketplace's own shop: it pays no commission and cannot be suspended."`
	accounts.TaxRegistration `json:"tax_registration"`
	OwnerID                  id.User   `db:"owner_id" json:"owner_id,omitzero" doc:"Absent for a vendor that nobody signs in for."`
	CreatedAt                time.Time `db:"created_at" json:"created_at"`
	UpdatedAt                time.Time `db:"updated_at" json:"updated_at"`
	Version                  int64     `db:"version" json:"-"`
}

// ETag is the version that edits name in If-Match.
func (v Vendor) ETag() string { return httpapi.VersionTag(v.Version) }

// Shopfront is a vendor, as everybody sees it.
type Shopfront struct {
	ID          id.Vendor `db:"id" json:"id"`
	Slug        string    `db:"slug" json:"slug"`
	Name        string    `db:"name" json:"name"`
	Description string    `db:"description" json:"description"`
	CreatedAt   time.Time `db:"created_at" json:"created_at"`
	Version     int64     `db:"version" json:"-"`
}

// ETag changes with the shopfront.
func (s Shopfront) ETag() string { return httpapi.VersionTag(s.Version) }

// Status is where a vendor stands.
type Status string

// A vendor applies and is pending; only an active one sells and is seen.
const (
	StatusPending   Status = "pending"
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusRejected  Status = "rejected"
)

// moves says from where a vendor gets to a status.
var moves = map[Status][]Status{
	StatusPending:   {StatusRejected}, // by applying again
	StatusActive:    {StatusPending, StatusRejected, StatusSuspended},
	StatusRejected:  {StatusPending},
	StatusSuspended: {StatusActive},
}

var (
	// ErrNoVendor says that there is no such vendor, or none that is public.
	ErrNoVendor = errs.New(errs.NotFound, "not_found", "There is no such vendor.")
	// ErrSlugTaken says that another vendor has that address.
	ErrSlugTaken = errs.New(errs.Conflict, "slug_taken", "Another vendor has this slug. Choose another one.")
	// ErrAlreadyVendor says that a user belongs to a vendor, and so to no other.
	ErrAlreadyVendor = errs.New(errs.Conflict, "already_vendor", "This account belongs to a vendor already.")
	// ErrMove says that a vendor's status does not allow it.
	ErrMove = errs.New(errs.Conflict, "invalid_transition", "The vendor's status does not allow this.")
	// ErrNoOwner says that a vendor cannot belong to somebody unknown.
	ErrNoOwner = errs.Validation.Field("/owner_id", "unknown_user", "There is no such user.")
)

func init() {
	postgres.Name("vendors_slug_key", ErrSlugTaken)
	postgres.Name("vendor_members_user_key", ErrAlreadyVendor)
	postgres.Name("vendor_members_user_id_fkey", ErrNoOwner)
}

// Profile is what a vendor says of itself; nil stays as it is.
type Profile struct {
	Name, Slug, Description, Email *string
	CommissionBPS                  *int // by staff only
	Tax                            *accounts.TaxRegistration
}

// write checks p and puts it into v.
func (p Profile) write(v *Vendor) error {
	set(&v.Name, p.Name)
	set(&v.Slug, p.Slug)
	set(&v.Description, p.Description)
	set(&v.Email, p.Email)
	set(&v.CommissionBPS, p.CommissionBPS)
	set(&v.TaxRegistration, p.Tax)
	v.Name, v.Description = strings.TrimSpace(v.Name), strings.TrimSpace(v.Description)
	var bad errs.Fields
	bad.Require(v.Name != "", "/name", "required", "Give the shop a name.")
	bad.Require(utf8.RuneCountInString(v.Name) <= 200 && accounts.OneLine(v.Name), "/name", "invalid", "A name is one line of at most 200 characters.")
	bad.Require(len(v.Slug) <= maxSlug && slug.MatchString(v.Slug), "/slug", "invalid", "A slug is small letters and digits with single dashes between, at most 80.")
	bad.Require(utf8.RuneCountInString(v.Description) <= 5000 && isText(v.Description), "/description", "invalid", "A description is text of at most 5,000 characters.")
	bad.Require(v.Email == "" || accounts.ValidEmail(v.Email), "/email", "invalid", "This is not an e-mail address.")
	bad.Require(0 <= v.CommissionBPS && v.CommissionBPS <= 10_000, "/commission_bps", "out_of_range", "A commission is 0 to 10,000 hundredths of a percent.")
	bad = append(bad, v.TaxRegistration.Validate("/tax_registration")...)
	bad.Require(!v.House || v.CommissionBPS == 0, "/commission_bps", "invalid", "The marketplace pays itself no commission.")
	return bad.Err()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func isText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

// DefaultCommission is the market's share until staff say otherwise: 10 %.
const DefaultCommission = 1000

// Commission is the market's share of a sum, rounded half away from zero.
func Commission(of money.Amount, bps int) money.Amount { return of.Share(int64(bps), 10_000) }

// Apply makes a pending vendor that user owns. Whoever was rejected applies
// again with the same vendor.
func (v *Vendors) Apply(ctx context.Context, tx pgx.Tx, user id.User, p Profile) (Vendor, error) {
	p.CommissionBPS = nil
	earlier, err := ofMember(ctx, tx, user)
	if err != nil {
		return Vendor{}, fmt.Errorf("read vendor of user %s: %w", user, err)
	}
	if len(earlier) == 0 {
		made, err := v.Create(ctx, tx, p, StatusPending, user)
		if err != nil {
			return Vendor{}, err
		}
		return made, events.Raise(ctx, tx, Applied{made.ID, user})
	}
	if earlier[0].Status != StatusRejected {
		return Vendor{}, ErrAlreadyVendor
	}
	if _, err := v.edit(ctx, tx, earlier[0], p); err != nil {
		return Vendor{}, err
	}
	return v.move(ctx, tx, earlier[0].ID, StatusPending, "", Applied{earlier[0].ID, user})
}

// Create makes a vendor; with an owner it is theirs, and they are a vendor at
// once if it is active. A slug is made from the name where none is given.
func (v *Vendors) Create(ctx context.Context, tx pgx.Tx, p Profile, status Status, owner id.User) (Vendor, error) {
	made := Vendor{ID: id.New[id.Vendor](), Status: status, CommissionBPS: DefaultCommission, OwnerID: owner, CreatedAt: v.Clock.Now()}
	if p.Slug == nil && p.Name != nil {
		free, err := freeSlug(ctx, tx, *p.Name)
		if err != nil {
			return Vendor{}, fmt.Errorf("find a slug for vendor: %w", err)
		}
		p.Slug = &free
	}
	if err := p.write(&made); err != nil {
		return Vendor{}, err
	}
	if err := insert(ctx, tx, made); err != nil {
		return Vendor{}, fmt.Errorf("make vendor %s: %w", made.Slug, err)
	}
	if status == StatusActive && !owner.IsZero() {
		if err := accounts.Grant(ctx, tx, owner, auth.RoleVendor); err != nil {
			return Vendor{}, err
		}
	}
	if err := events.Raise(ctx, tx, Changed{made.ID}); err != nil {
		return Vendor{}, err
	}
	return v.Get(ctx, tx, made.ID)
}

// Edit changes the given version of a vendor.
func (v *Vendors) Edit(ctx context.Context, tx pgx.Tx, vendor id.Vendor, version int64, p Profile) (Vendor, error) {
	now, err := lock(ctx, tx, vendor)
	if err != nil {
		return Vendor{}, err
	}
	if now.Version != version {
		return Vendor{}, httpapi.ErrPreconditionFailed
	}
	return v.edit(ctx, tx, now, p)
}

func (v *Vendors) edit(ctx context.Context, tx pgx.Tx, now Vendor, p Profile) (Vendor, error) {
	if err := p.write(&now); err != nil {
		return Vendor{}, err
	}
	if err := update(ctx, tx, now, v.Clock.Now()); err != nil {
		return Vendor{}, fmt.Errorf("edit vendor %s: %w", now.ID, err)
	}
	if err := events.Raise(ctx, tx, Changed{now.ID}); err != nil {
		return Vendor{}, err
	}
	return v.Get(ctx, tx, now.ID)
}

// Approve lets a vendor sell, for the first time or again. Its members get the
// role of a vendor.
func (v *Vendors) Approve(ctx context.Context, tx pgx.Tx, vendor id.Vendor) (Vendor, error) {
	approved, err := v.move(ctx, tx, vendor, StatusActive, "", Approved{vendor})
	if err != nil {
		return Vendor{}, err
	}
	members, err := membersOf(ctx, tx, vendor)
	if err != nil {
		return Vendor{}, fmt.Errorf("read members of vendor %s: %w", vendor, err)
	}
	for _, member := range members {
		if err := accounts.Grant(ctx, tx, member, auth.RoleVendor); err != nil {
			return Vendor{}, err
		}
	}
	return approved, nil
}

// Reject turns an application down, for a reason that the applicant sees.
func (v *Vendors) Reject(ctx context.Context, tx pgx.Tx, vendor id.Vendor, reason string) (Vendor, error) {
	return v.move(ctx, tx, vendor, StatusRejected, reason, Rejected{vendor})
}

// Suspend takes a vendor out of the market. Its members act as it no more from
// their next request on: see [Of].
func (v *Vendors) Suspend(ctx context.Context, tx pgx.Tx, vendor id.Vendor, reason string) (Vendor, error) {
	return v.move(ctx, tx, vendor, StatusSuspended, reason, Suspended{vendor})
}

// move brings a vendor to a status, or refuses; where it is already, nothing
// happens.
func (v *Vendors) move(ctx context.Context, tx pgx.Tx, vendor id.Vendor, to Status, reason string, told events.Event) (Vendor, error) {
	reason = strings.TrimSpace(reason)
	var bad errs.Fields
	bad.Require(utf8.RuneCountInString(reason) <= 1000 && isText(reason), "/reason", "invalid", "A reason is text of at most 1,000 characters.")
	if err := bad.Err(); err != nil {
		return Vendor{}, err
	}
	now, err := lock(ctx, tx, vendor)
	if err != nil || now.Status == to {
		return now, err
	}
	if now.House || !slices.Contains(moves[to], now.Status) {
		return Vendor{}, ErrMove.With("vendor_status", now.Status)
	}
	if err := setStatus(ctx, tx, vendor, now.Status, to, reason, v.Clock.Now()); err != nil {
		return Vendor{}, fmt.Errorf("move vendor %s from %s to %s: %w", vendor, now.Status, to, err)
	}
	for _, e := range []events.Event{told, Changed{vendor}} {
		if err := events.Raise(ctx, tx, e); err != nil {
			return Vendor{}, err
		}
	}
	return v.Get(ctx, tx, vendor)
}
