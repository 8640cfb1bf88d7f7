package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
)

type tenantKey struct{}

// WithinVendor makes connections that are taken with ctx read as a role that
// sees the rows of one vendor only, by the policies in the schema. It is for
// reads: the role may write nothing.
func WithinVendor(ctx context.Context, vendor id.Vendor) context.Context {
	return context.WithValue(ctx, tenantKey{}, vendor)
}

// boundTo is where a connection notes whose rows it sees, while it sees only those.
const boundTo = "souk.vendor"

// bind gives a connection the eyes that ctx wants. A connection keeps them when
// it is released; whoever takes it next and wants others pays for the change,
// and everybody who is no vendor, and gets a connection that none had, nothing.
func bind(ctx context.Context, conn *pgx.Conn) (bool, error) {
	wanted, _ := ctx.Value(tenantKey{}).(id.Vendor)
	now, _ := conn.PgConn().CustomData()[boundTo].(id.Vendor)
	if wanted == now {
		return true, nil
	}
	if !now.IsZero() {
		if _, err := conn.Exec(ctx, `RESET ROLE`); err != nil {
			return false, fmt.Errorf("leave the role of vendor %s: %w", now, err)
		}
		delete(conn.PgConn().CustomData(), boundTo)
	}
	if wanted.IsZero() {
		return true, nil
	}
	// One statement: with the role comes the vendor whose rows it sees. Where
	// the role is not there for us, the WHERE of each statement is the only net.
	var bound bool
	err := conn.QueryRow(ctx, `
		SELECT coalesce(CASE WHEN pg_has_role(to_regrole('souk_vendor'), 'MEMBER') THEN
			set_config('souk.vendor_id', @vendor::uuid::text, false) <> '' AND set_config('role', 'souk_vendor', false) <> ''
		END, false)`, pgx.NamedArgs{"vendor": wanted}).Scan(&bound)
	if err != nil {
		return false, fmt.Errorf("take the role of vendor %s: %w", wanted, err)
	}
	if bound {
		conn.PgConn().CustomData()[boundTo] = wanted
	}
	return true, nil
}

// HasRowSecurity reports whether vendors read under row-level security.
func HasRowSecurity(ctx context.Context, db DB) (bool, error) {
	return Scalar[bool](ctx, db, `SELECT coalesce(pg_has_role(to_regrole('souk_vendor'), 'MEMBER'), false) AS there`, nil)
}
