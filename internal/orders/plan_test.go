package orders

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// The lists of a busy shop find their rows by an index, also with the plan
// that PostgreSQL keeps when it stops looking at the arguments.
func TestListsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	pool, ctx := pgtest.DB(t), t.Context()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Release)
	for _, sql := range []string{
		`INSERT INTO orders (id, number, cart_id, user_id, email, status, payment_status, fulfillment_status, currency, items_minor,
			discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address)
		 SELECT gen_random_uuid(), 'N' || n, gen_random_uuid(), gen_random_uuid(), 'user' || n || '@example.com', 'confirmed', 'authorized',
			'unfulfilled', 'USD', 1, 0, 0, 0, false, 1, '{}', '{}' FROM generate_series(1, 5000) n`,
		`INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, currency, items_minor, discount_minor,
			shipping_minor, tax_minor, total_minor, shipping_option)
		 SELECT gen_random_uuid(), id, gen_random_uuid(), '', '', number || '-1', 'confirmed', 'USD', 1, 0, 0, 0, 1, '{}' FROM orders`,
		`ANALYZE orders`, `ANALYZE vendor_orders`, `SET plan_cache_mode = force_generic_plan`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	parts := partFilter{Vendor: id.New[id.Vendor]()}.args()
	parts["limit"] = 21
	for _, tc := range []struct {
		name, sql, index string
		args             pgx.NamedArgs
	}{
		{"of a buyer", listOfUser, "orders_user", listArgs(filter{User: id.New[id.User]()})},
		{"by a number or an address", listFound, "orders_number_key", listArgs(filter{Q: "N1717"})},
		{"by the beginning of an address", listFound, "orders_email", listArgs(filter{Q: "user1717@"})},
		{"all", listAll, "orders_pkey", listArgs(filter{})},
		{"of a vendor", listVendorParts, "vendor_orders_vendor", parts},
	} {
		lines, err := explain(t, conn.Conn(), tc.sql, tc.args)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if !strings.Contains(lines, tc.index) || strings.Contains(lines, "Seq Scan on orders") {
			t.Errorf("%s does not go by %s:\n%s", tc.name, tc.index, lines)
		}
	}
}

func listArgs(f filter) pgx.NamedArgs {
	args := f.args()
	args["limit"] = 21
	return args
}

var parameter = regexp.MustCompile(`@(\w+)`)

// explain asks for the plan of a prepared statement.
func explain(t *testing.T, conn *pgx.Conn, sql string, args pgx.NamedArgs) (string, error) {
	t.Helper()
	var values []string
	at := map[string]int{}
	positional := parameter.ReplaceAllStringFunc(sql, func(name string) string {
		if at[name] == 0 {
			values = append(values, literal(t, args[name[1:]]))
			at[name] = len(values)
		}
		return fmt.Sprintf("$%d", at[name])
	})
	for _, statement := range []string{"DEALLOCATE ALL", "PREPARE plan AS " + positional} {
		if _, err := conn.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return "", err
		}
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE plan ("+strings.Join(values, ", ")+")", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(lines, "\n"), err
}

func literal(t *testing.T, v any) string {
	t.Helper()
	switch v := v.(type) {
	case nil, []string:
		return "NULL"
	case int:
		return strconv.Itoa(v)
	case string:
		return "'" + v + "'"
	case pgtype.UUIDValuer:
		u, err := v.UUIDValue()
		if err != nil {
			t.Fatal(err)
		}
		if !u.Valid {
			return "NULL"
		}
		return fmt.Sprintf("'%x'", u.Bytes)
	}
	t.Fatalf("no literal for %T", v)
	return ""
}
