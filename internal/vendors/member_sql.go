package vendors

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// ofMember reads the vendor that a user belongs to, if any: there is at most one.
func ofMember(ctx context.Context, db postgres.DB, user id.User) ([]Vendor, error) {
	return postgres.All[Vendor](ctx, db, selectVendor+`JOIN vendor_members mine ON mine.vendor_id = v.id WHERE mine.user_id = @user`,
		pgx.NamedArgs{"user": user})
}

func membersOf(ctx context.Context, db postgres.DB, vendor id.Vendor) ([]id.User, error) {
	return postgres.Column[id.User](ctx, db, `SELECT user_id FROM vendor_members WHERE vendor_id = @vendor ORDER BY user_id`,
		pgx.NamedArgs{"vendor": vendor})
}

// place is where somebody works and as what.
type place struct {
	VendorID id.Vendor  `db:"id"`
	Status   Status     `db:"status"`
	Role     MemberRole `db:"role"`
}

func selectPlace(ctx context.Context, db postgres.DB, user id.User) (place, error) {
	return postgres.Get[place](ctx, db, `
		SELECT v.id, v.status, m.role FROM vendor_members m JOIN vendors v ON v.id = m.vendor_id WHERE m.user_id = @user`,
		pgx.NamedArgs{"user": user})
}

func isActive(ctx context.Context, db postgres.DB, vendor id.Vendor) (bool, error) {
	return postgres.Scalar[bool](ctx, db, `SELECT EXISTS (SELECT FROM vendors WHERE id = @vendor AND status = 'active')`,
		pgx.NamedArgs{"vendor": vendor})
}

const selectMember = `
	SELECT m.user_id, u.username, u.name, coalesce(u.email, '') AS email, m.role, m.created_at
	FROM vendor_members m JOIN users u ON u.id = m.user_id `

// Team lists who works for a vendor, the longest there first.
func (v *Vendors) Team(ctx context.Context, db postgres.DB, vendor id.Vendor) ([]Member, error) {
	return postgres.All[Member](ctx, db, selectMember+`WHERE m.vendor_id = @vendor ORDER BY m.created_at, m.user_id`, pgx.NamedArgs{"vendor": vendor})
}

func member(ctx context.Context, db postgres.DB, vendor id.Vendor, user id.User) (Member, error) {
	m, err := postgres.Get[Member](ctx, db, selectMember+`WHERE m.vendor_id = @vendor AND m.user_id = @user`,
		pgx.NamedArgs{"vendor": vendor, "user": user})
	if errors.Is(err, postgres.ErrNoRow) {
		return Member{}, ErrNoMember
	}
	return m, err
}

// lockOwners makes everybody who might take an owner away wait for the others,
// and says how many there are.
func lockOwners(ctx context.Context, tx pgx.Tx, vendor id.Vendor) ([]id.User, error) {
	return postgres.Column[id.User](ctx, tx, `
		SELECT user_id FROM vendor_members WHERE vendor_id = @vendor AND role = 'owner' ORDER BY user_id FOR UPDATE`, pgx.NamedArgs{"vendor": vendor})
}

func insertMember(ctx context.Context, tx pgx.Tx, vendor id.Vendor, user id.User, role MemberRole) error {
	_, err := postgres.Exec(ctx, tx, `INSERT INTO vendor_members (vendor_id, user_id, role) VALUES (@vendor, @user, @role)`,
		pgx.NamedArgs{"vendor": vendor, "user": user, "role": role})
	return err
}

func updateMember(ctx context.Context, tx pgx.Tx, vendor id.Vendor, user id.User, role MemberRole) error {
	n, err := postgres.Exec(ctx, tx, `UPDATE vendor_members SET role = @role WHERE vendor_id = @vendor AND user_id = @user`,
		pgx.NamedArgs{"vendor": vendor, "user": user, "role": role})
	if err == nil && n == 0 {
		err = ErrNoMember
	}
	return err
}

func deleteMember(ctx context.Context, tx pgx.Tx, vendor id.Vendor, user id.User) error {
	n, err := postgres.Exec(ctx, tx, `DELETE FROM vendor_members WHERE vendor_id = @vendor AND user_id = @user`,
		pgx.NamedArgs{"vendor": vendor, "user": user})
	if err == nil && n == 0 {
		err = ErrNoMember
	}
	return err
}
