package vendors

import (
	"context"

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
