package vendors

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

const selectVendor = `
	SELECT v.id, v.slug, v.name, v.description, v.email, v.status, v.status_reason, v.commission_bps, v.house,
	       v.tax_country, v.tax_region, v.tax_postal_code, v.tax_id,
	       (SELECT m.user_id FROM vendor_members m WHERE m.vendor_id = v.id AND m.role = 'owner' ORDER BY m.created_at, m.user_id LIMIT 1) AS owner_id,
	       v.created_at, v.updated_at, v.version
	FROM vendors v `

const selectShopfront = `SELECT v.id, v.slug, v.name, v.description, v.created_at, v.version FROM vendors v `

// Get reads a vendor whatever its status.
func (v *Vendors) Get(ctx context.Context, db postgres.DB, vendor id.Vendor) (Vendor, error) {
	found, err := postgres.Get[Vendor](ctx, db, selectVendor+`WHERE v.id = @vendor`, pgx.NamedArgs{"vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return Vendor{}, ErrNoVendor
	}
	return found, err
}

// Shopfront reads an active vendor by its id or slug.
func (v *Vendors) Shopfront(ctx context.Context, db postgres.DB, name string) (Shopfront, error) {
	vendor, err := id.Parse[id.Vendor](name)
	if err == nil {
		name = ""
	}
	found, err := postgres.Get[Shopfront](ctx, db, selectShopfront+`WHERE (v.id = @vendor OR v.slug = @slug) AND v.status = 'active'`,
		pgx.NamedArgs{"vendor": vendor, "slug": name})
	if errors.Is(err, postgres.ErrNoRow) {
		return Shopfront{}, ErrNoVendor
	}
	return found, err
}

// Search narrows a list of vendors. Empty fields do not.
type Search struct {
	Text     string // part of the name
	Statuses []string
	After    Position
	Limit    int
}

// Position is a place in a list of vendors, which goes by name.
type Position struct {
	Name string
	ID   id.Vendor
}

const filter = `
	WHERE (@text::text = '' OR position(lower(@text::text) IN lower(v.name)) > 0)
	AND (cardinality(@statuses::text[]) = 0 OR v.status = ANY (@statuses::text[]))`

const page = `
	AND (v.name, v.id) > (@after_name, coalesce(@after_id, '00000000-0000-0000-0000-000000000000'::uuid))
	ORDER BY v.name, v.id LIMIT @limit`

func (s Search) args() pgx.NamedArgs {
	if s.Statuses == nil {
		s.Statuses = []string{}
	}
	return pgx.NamedArgs{"text": s.Text, "statuses": s.Statuses, "after_name": s.After.Name, "after_id": s.After.ID, "limit": s.Limit}
}

// List reads vendors by name.
func (v *Vendors) List(ctx context.Context, db postgres.DB, s Search) ([]Vendor, error) {
	return postgres.All[Vendor](ctx, db, selectVendor+filter+page, s.args())
}

// Shopfronts reads active vendors by name.
func (v *Vendors) Shopfronts(ctx context.Context, db postgres.DB, s Search) ([]Shopfront, error) {
	s.Statuses = []string{string(StatusActive)}
	return postgres.All[Shopfront](ctx, db, selectShopfront+filter+page, s.args())
}

func (v *Vendors) count(ctx context.Context, db postgres.DB, s Search) (int64, error) {
	return postgres.Scalar[int64](ctx, db, `SELECT count(*) FROM vendors v `+filter, s.args())
}

func lock(ctx context.Context, tx pgx.Tx, vendor id.Vendor) (Vendor, error) {
	found, err := postgres.Get[Vendor](ctx, tx, selectVendor+`WHERE v.id = @vendor FOR UPDATE OF v`, pgx.NamedArgs{"vendor": vendor})
	if errors.Is(err, postgres.ErrNoRow) {
		return Vendor{}, ErrNoVendor
	}
	return found, err
}

func insert(ctx context.Context, tx pgx.Tx, v Vendor) error {
	b := postgres.NewBatch()
	b.Queue(`
		INSERT INTO vendors (id, slug, name, description, email, status, commission_bps, tax_country, tax_region, tax_postal_code, tax_id, created_at, updated_at)
		VALUES (@id, @slug, @name, @description, @email, @status, @commission, @tax_country, @tax_region, @tax_postal_code, @tax_id, @now, @now)`, pgx.NamedArgs{
		"id": v.ID, "slug": v.Slug, "name": v.Name, "description": v.Description, "email": v.Email,
		"status": v.Status, "commission": v.CommissionBPS, "now": v.CreatedAt,
		"tax_country": v.TaxRegistration.Country, "tax_region": v.TaxRegistration.Region, "tax_postal_code": v.TaxRegistration.PostalCode, "tax_id": v.TaxRegistration.TaxID,
	})
	if !v.OwnerID.IsZero() {
		b.Queue(`INSERT INTO vendor_members (vendor_id, user_id, role, created_at) VALUES (@vendor, @user, 'owner', @now)`,
			pgx.NamedArgs{"vendor": v.ID, "user": v.OwnerID, "now": v.CreatedAt})
	}
	return b.Send(ctx, tx)
}

func update(ctx context.Context, tx pgx.Tx, v Vendor, now time.Time) error {
	_, err := postgres.Exec(ctx, tx, `
		UPDATE vendors SET slug = @slug, name = @name, description = @description, email = @email, commission_bps = @commission,
		       tax_country = @tax_country, tax_region = @tax_region, tax_postal_code = @tax_postal_code, tax_id = @tax_id,
		       updated_at = @now, version = version + 1
		WHERE id = @id`, pgx.NamedArgs{
		"id": v.ID, "slug": v.Slug, "name": v.Name, "description": v.Description, "email": v.Email, "commission": v.CommissionBPS, "now": now,
		"tax_country": v.TaxRegistration.Country, "tax_region": v.TaxRegistration.Region, "tax_postal_code": v.TaxRegistration.PostalCode, "tax_id": v.TaxRegistration.TaxID,
	})
	return err
}

func setStatus(ctx context.Context, tx pgx.Tx, vendor id.Vendor, from, to Status, reason string, now time.Time) error {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE vendors SET status = @to, status_reason = @reason, updated_at = @now, version = version + 1
		WHERE id = @vendor AND status = @from`,
		pgx.NamedArgs{"vendor": vendor, "from": from, "to": to, "reason": reason, "now": now})
	if err == nil && n == 0 {
		err = ErrMove
	}
	return err
}

// freeSlug makes a slug from a name, with random letters where it is taken.
func freeSlug(ctx context.Context, tx pgx.Tx, name string) (string, error) {
	s := SlugOf(name)
	taken, err := postgres.Scalar[bool](ctx, tx, `SELECT EXISTS (SELECT FROM vendors WHERE slug = @slug)`, pgx.NamedArgs{"slug": s})
	if taken {
		s = s[:min(len(s), maxSlug-7)] + "-" + randomLetters()
	}
	return s, err
}
