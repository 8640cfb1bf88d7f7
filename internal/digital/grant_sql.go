package digital

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/postgres"
)

const grantColumnsFragment = `
	SELECT g.id, g.order_id, g.order_line_id, CASE WHEN g.key_id IS NULL THEN 'file' ELSE 'licence_key' END AS kind, g.file_id, g.key_id,
	       l.title, l.told_title, coalesce(f.name, '') AS name, coalesce(f.size, 0) AS size, coalesce(f.content_type, '') AS content_type, coalesce(encode(f.sha256, 'hex'), '') AS sha256,
	       coalesce(f.file, '') AS file, coalesce('••••' || k.hint, '') AS masked, g.downloads, g.download_limit,
	       g.granted_at, g.used_at, g.expires_at, g.revoked_at, g.withheld
	FROM digital_grants g
	JOIN order_lines l ON l.id = g.order_line_id
	LEFT JOIN digital_files f ON f.id = g.file_id
	LEFT JOIN licence_keys k ON k.id = g.key_id
	`

const (
	selectGrants = grantColumnsFragment + `WHERE g.order_id = @order ORDER BY l.position, g.id`
	selectGrant  = grantColumnsFragment + `WHERE g.id = @grant AND (@order::uuid IS NULL OR g.order_id = @order)`
)

func grantsOf(ctx context.Context, db postgres.DB, order id.Order) ([]Grant, error) {
	list, err := postgres.All[Grant](ctx, db, selectGrants, pgx.NamedArgs{"order": order})
	if err != nil {
		return nil, fmt.Errorf("read grants of order %s: %w", order, err)
	}
	return list, nil
}

// grantOf is a grant of an order, or of any where that is zero.
func grantOf(ctx context.Context, db postgres.DB, order id.Order, grant id.Grant) (Grant, error) {
	found, err := postgres.Get[Grant](ctx, db, selectGrant, pgx.NamedArgs{"order": order, "grant": grant})
	if errors.Is(err, postgres.ErrNoRow) {
		return Grant{}, ErrNoGrant
	}
	if err != nil {
		return Grant{}, fmt.Errorf("read grant %s: %w", grant, err)
	}
	return found, nil
}

// goodsOf is what there is to hand over for an order line.
type goodsOf struct {
	Line    id.OrderLine     `db:"id"`
	Variant id.Variant       `db:"variant_id"`
	Vendor  id.Vendor        `db:"vendor_id"`
	Keyed   bool             `db:"keyed"`
	Files   []id.DigitalFile `db:"files"`
}

// readGoods finds the files of lines: those of now, and those that were removed
// since they were bought.
func readGoods(ctx context.Context, db postgres.DB, placed time.Time, units []orders.Units) ([]goodsOf, error) {
	lines := make([]id.OrderLine, len(units))
	for i, u := range units {
		lines[i] = u.Line
	}
	list, err := postgres.All[goodsOf](ctx, db, `
		SELECT l.id, l.variant_id, l.vendor_id, l.tracked AND EXISTS (SELECT FROM licence_keys k WHERE k.variant_id = l.variant_id) AS keyed,
		       ARRAY(SELECT f.id FROM digital_files f
		             WHERE f.variant_id = l.variant_id AND (f.state = 'ready' OR f.state = 'removed' AND f.changed_at >= @placed)
		             ORDER BY f.id) AS files
		FROM order_lines l WHERE l.id = ANY (@lines::uuid[]) ORDER BY l.id`,
		pgx.NamedArgs{"lines": lines, "placed": placed})
	if err != nil {
		return nil, fmt.Errorf("read goods of %d order lines: %w", len(lines), err)
	}
	return list, nil
}

type takenKey struct {
	ID      id.LicenceKey `db:"id"`
	Variant id.Variant    `db:"variant_id"`
}

func queryKeys(ctx context.Context, tx pgx.Tx, wanted map[id.Variant]int) ([]takenKey, error) {
	variants := sorted(wanted)
	quantities := make([]int, len(variants))
	for i, variant := range variants {
		quantities[i] = wanted[variant]
	}
	taken, err := postgres.All[takenKey](ctx, tx, takeKeys, pgx.NamedArgs{"variants": variants, "quantities": quantities})
	if err != nil {
		return nil, fmt.Errorf("take licence keys: %w", err)
	}
	return taken, nil
}

// newGrants is rows to be, column by column.
type newGrants struct {
	order   id.Order
	limit   int
	days    int
	ids     []id.Grant
	lines   []id.OrderLine
	vendors []id.Vendor
	files   []id.DigitalFile
	keys    []id.LicenceKey
}

func (n *newGrants) add(l goodsOf, file id.DigitalFile, key id.LicenceKey) {
	n.ids, n.lines, n.vendors = append(n.ids, id.New[id.Grant]()), append(n.lines, l.Line), append(n.vendors, l.Vendor)
	n.files, n.keys = append(n.files, file), append(n.keys, key)
}

// insert writes the grants. How often and how long is said of files only.
func (n *newGrants) insert(ctx context.Context, tx pgx.Tx) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO digital_grants (id, order_id, order_line_id, vendor_id, file_id, key_id, download_limit, expires_at)
		SELECT g.id, @order, g.line, g.vendor, g.file, g.key, CASE WHEN g.file IS NULL THEN 0 ELSE @limit::int END,
		       CASE WHEN g.file IS NOT NULL AND @days::int > 0 THEN now() + make_interval(days => @days) END
		FROM unnest(@ids::uuid[], @lines::uuid[], @vendors::uuid[], @files::uuid[], @keys::uuid[]) AS g (id, line, vendor, file, key)`,
		pgx.NamedArgs{
			"order": n.order, "limit": n.limit, "days": n.days,
			"ids": n.ids, "lines": n.lines, "vendors": n.vendors, "files": n.files, "keys": n.keys,
		})
	if err != nil {
		return fmt.Errorf("grant digital goods of order %s: %w", n.order, err)
	}
	return nil
}

type unseenKey struct {
	Key     id.LicenceKey `db:"key_id"`
	Variant id.Variant    `db:"variant_id"`
}

// revokeGrants withdraws one grant of an order, or all, and for good what was
// withheld. It tells the keys among them that nobody has seen.
const revokeGrants = `
	WITH revoked AS (
		UPDATE digital_grants SET revoked_at = coalesce(revoked_at, now()), withheld = false
		WHERE order_id = @order AND (@grant::uuid IS NULL OR id = @grant) AND (revoked_at IS NULL OR withheld)
		RETURNING key_id, used_at
	)
	SELECT r.key_id, k.variant_id FROM revoked r JOIN licence_keys k ON k.id = r.key_id WHERE r.used_at IS NULL`

const (
	withholdGrants = `
		UPDATE digital_grants SET revoked_at = now(), withheld = true WHERE order_id = @order AND revoked_at IS NULL`
	giveBackGrants = `
		UPDATE digital_grants SET revoked_at = NULL, withheld = false, expires_at = expires_at + (now() - revoked_at)
		WHERE order_id = @order AND withheld`
)

// countDownload checks and counts in one statement; false where it may not be.
func countDownload(ctx context.Context, tx pgx.Tx, order id.Order, grant id.Grant) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE digital_grants SET downloads = downloads + 1, used_at = coalesce(used_at, now())
		WHERE id = @grant AND order_id = @order AND file_id IS NOT NULL AND revoked_at IS NULL
		  AND (expires_at IS NULL OR expires_at > now()) AND (download_limit = 0 OR downloads < download_limit)`,
		pgx.NamedArgs{"grant": grant, "order": order})
	if err != nil {
		return false, fmt.Errorf("count download of grant %s: %w", grant, err)
	}
	return n == 1, nil
}

// markShown reports false for a grant that was revoked.
func markShown(ctx context.Context, tx pgx.Tx, grant id.Grant) (bool, error) {
	n, err := postgres.Exec(ctx, tx, `
		UPDATE digital_grants SET used_at = coalesce(used_at, now()) WHERE id = @grant AND revoked_at IS NULL`, pgx.NamedArgs{"grant": grant})
	if err != nil {
		return false, fmt.Errorf("mark grant %s as shown: %w", grant, err)
	}
	return n == 1, nil
}
