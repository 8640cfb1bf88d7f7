package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
)

const orderColumnsFragment = `
	o.id, o.number, o.cart_id, o.user_id, o.token_hash, o.status, o.payment_status, o.fulfillment_status, o.currency, o.locale, o.email, o.phone,
	o.shipping_address, o.billing_address, o.tax_source, (o.items_minor, o.currency) AS items, (o.discount_minor, o.currency) AS discount,
	(o.shipping_minor, o.currency) AS shipping, (o.fee_minor, o.currency) AS fee, (o.tax_minor, o.currency) AS tax,
	(o.rounding_minor, o.currency) AS rounding, (o.grand_total_minor, o.currency) AS grand_total, o.tax_included,
	(o.membership_minor, o.currency) AS membership, (o.ahead_minor, o.currency) AS ahead, o.cancel_reason,
	o.placed_at, o.updated_at, o.expires_at, o.version`

const selectOrders = `
	SELECT ` + orderColumnsFragment + `
	FROM orders o
	WHERE o.id = ANY (@orders::uuid[])
	ORDER BY o.id DESC`

const selectLocked = `
	SELECT ` + orderColumnsFragment + `
	FROM orders o
	WHERE o.id = @order
	FOR UPDATE`

const partColumnsFragment = `
	p.id, p.order_id, p.vendor_id, p.vendor_slug, p.vendor_name, p.number, p.status, p.house, p.paid, p.currency,
	(p.items_minor, p.currency) AS items, (p.discount_minor, p.currency) AS discount, (p.shipping_minor, p.currency) AS shipping,
	(p.tax_minor, p.currency) AS tax, (p.total_minor, p.currency) AS total, (p.shipping_tax_minor, p.currency) AS shipping_tax,
	(p.fee_minor, p.currency) AS fee, (p.fee_tax_minor, p.currency) AS fee_tax, (p.shipping_platform_minor, p.currency) AS shipping_platform, (p.credit_minor, p.currency) AS credit,
	p.shipping_option, p.placed_at, p.updated_at`

const selectParts = `
	SELECT ` + partColumnsFragment + `
	FROM vendor_orders p
	WHERE p.order_id = ANY (@orders::uuid[])
	ORDER BY p.order_id, length(p.number), p.number`

const lineColumnsFragment = `
	l.id, l.order_id, l.vendor_order_id, l.vendor_id, l.variant_id, l.product_id, l.product_slug, l.title, l.told_title, l.variant_title, l.told_variant_title,
	coalesce(l.sku, '') AS sku, l.image, l.tracked, l.requires_shipping, l.digital, l.gift_card, l.gift, l.quantity, l.quantity_fulfilled, l.quantity_cancelled, l.quantity_cancelled_paid,
	l.quantity_returned, (l.unit_price_minor, l.currency) AS unit_price, (l.subtotal_minor, l.currency) AS subtotal,
	(l.discount_minor, l.currency) AS discount, (l.tax_minor, l.currency) AS tax, (l.total_minor, l.currency) AS total,
	l.commission_bps, (l.commission_minor, l.currency) AS commission, (l.cancelled_minor, l.currency) AS cancelled,
	(l.cancelled_tax_minor, l.currency) AS cancelled_tax, (l.cancelled_commission_minor, l.currency) AS cancelled_commission,
	(l.platform_minor, l.currency) AS platform, (l.cancelled_platform_minor, l.currency) AS cancelled_platform,
	(SELECT array_agg((c.variant_id, coalesce(c.sku, ''), c.title, c.told_title, c.quantity, c.tracked, (c.total_minor, l.currency), (c.tax_minor, l.currency)) ORDER BY c.position)
	 FROM order_line_components c WHERE c.order_line_id = l.id) AS components`

const selectLines = `
	SELECT ` + lineColumnsFragment + `
	FROM order_lines l
	WHERE l.order_id = ANY (@orders::uuid[])
	ORDER BY l.order_id, l.position`

// The same parts in the same order, three times: rows, lines, heads.
const selectPartsByID = `
	SELECT ` + partColumnsFragment + `
	FROM vendor_orders p
	WHERE p.id = ANY (@parts::uuid[])
	ORDER BY p.id DESC`

const selectLinesOfParts = `
	SELECT ` + lineColumnsFragment + `
	FROM order_lines l
	WHERE l.vendor_order_id = ANY (@parts::uuid[])
	ORDER BY l.vendor_order_id, l.position`

const selectPartHeads = `
	SELECT p.order_id, o.number, o.shipping_address, (coalesce(back.commission, 0)::bigint, p.currency) AS commission_back,
	       (coalesce(back.vendor, 0)::bigint, p.currency) AS vendor_back
	FROM vendor_orders p
	JOIN orders o ON o.id = p.order_id
	CROSS JOIN LATERAL (
		SELECT sum(l.commission_minor) AS commission, sum(l.amount_minor + l.platform_minor - l.tax_minor - l.commission_minor) AS vendor
		FROM refund_lines l WHERE l.vendor_order_id = p.id) back
	WHERE p.id = ANY (@parts::uuid[])
	ORDER BY p.id DESC`

// partHead is what a vendor sees of the order around its part, and what refunds
// have taken of it.
type partHead struct {
	Order          id.Order               `db:"order_id"`
	Number         string                 `db:"number"`
	Shipping       accounts.PostalAddress `db:"shipping_address"`
	CommissionBack money.Amount           `db:"commission_back"`
	VendorBack     money.Amount           `db:"vendor_back"`
}

// filter says which orders are wanted. What is empty does not filter.
type filter struct {
	User                         id.User
	Vendor                       id.Vendor
	Status, Payment, Fulfillment []string
	Q                            string
	CreatedGTE, CreatedLT        string // RFC 3339
	Before                       id.Order
}

const filterFragment = `
	    (@vendor::uuid IS NULL OR EXISTS (SELECT FROM vendor_orders p WHERE p.order_id = o.id AND p.vendor_id = @vendor))
	AND (@status::text[] IS NULL OR o.status = ANY (@status))
	AND (@payment::text[] IS NULL OR o.payment_status = ANY (@payment))
	AND (@fulfillment::text[] IS NULL OR o.fulfillment_status = ANY (@fulfillment))
	AND (@gte::text = '' OR o.placed_at >= nullif(@gte::text, '')::timestamptz)
	AND (@lt::text = '' OR o.placed_at < nullif(@lt::text, '')::timestamptz)`

// What narrows a list down most stands by itself and not behind an "or none",
// so that each statement has the plan of its index: of a buyer, of a number or
// the beginning of an e-mail address.
const (
	ofUserFragment = `o.user_id = @user AND `
	foundFragment  = `(o.number = upper(@q::text) OR lower(o.email) ~>=~ lower(@q::text) AND lower(o.email) ~<~ (lower(@q::text) || chr(1114111))) AND (@user::uuid IS NULL OR o.user_id = @user) AND `
	pageFragment   = ` AND (@before::uuid IS NULL OR o.id < @before) ORDER BY o.id DESC LIMIT @limit`

	listAll    = `SELECT o.id FROM orders o WHERE ` + filterFragment + pageFragment
	listOfUser = `SELECT o.id FROM orders o WHERE ` + ofUserFragment + filterFragment + pageFragment
	listFound  = `SELECT o.id FROM orders o WHERE ` + foundFragment + filterFragment + pageFragment

	countAll    = `SELECT count(*) FROM orders o WHERE ` + filterFragment
	countOfUser = `SELECT count(*) FROM orders o WHERE ` + ofUserFragment + filterFragment
	countFound  = `SELECT count(*) FROM orders o WHERE ` + foundFragment + filterFragment
)

// pick is the statement among three that fits what is asked for.
func (f filter) pick(all, ofUser, found string) string {
	switch {
	case f.Q != "":
		return found
	case !f.User.IsZero():
		return ofUser
	}
	return all
}

func (f filter) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"user": f.User, "vendor": f.Vendor, "status": f.Status, "payment": f.Payment, "fulfillment": f.Fulfillment,
		"q": f.Q, "gte": f.CreatedGTE, "lt": f.CreatedLT, "before": f.Before,
	}
}

func listOrders(ctx context.Context, db postgres.DB, f filter, limit int) ([]id.Order, error) {
	args := f.args()
	args["limit"] = limit
	return postgres.Column[id.Order](ctx, db, f.pick(listAll, listOfUser, listFound), args)
}

func countOrders(ctx context.Context, db postgres.DB, f filter) (int64, error) {
	return postgres.Scalar[int64](ctx, db, f.pick(countAll, countOfUser, countFound), f.args())
}

// partFilter says which parts of one vendor are wanted.
type partFilter struct {
	Vendor                id.Vendor
	Status                []string
	CreatedGTE, CreatedLT string // RFC 3339
	Before                id.VendorOrder
}

const partFilterFragment = `
	    p.vendor_id = @vendor
	AND (@status::text[] IS NULL OR p.status = ANY (@status))
	AND (@gte::text = '' OR p.placed_at >= nullif(@gte::text, '')::timestamptz)
	AND (@lt::text = '' OR p.placed_at < nullif(@lt::text, '')::timestamptz)`

func (f partFilter) args() pgx.NamedArgs {
	return pgx.NamedArgs{"vendor": f.Vendor, "status": f.Status, "gte": f.CreatedGTE, "lt": f.CreatedLT, "before": f.Before}
}

func listParts(ctx context.Context, db postgres.DB, f partFilter, limit int) ([]id.VendorOrder, error) {
	args := f.args()
	args["limit"] = limit
	return postgres.Column[id.VendorOrder](ctx, db, listVendorParts, args)
}

const (
	listVendorParts  = `SELECT p.id FROM vendor_orders p WHERE ` + partFilterFragment + ` AND (@before::uuid IS NULL OR p.id < @before) ORDER BY p.id DESC LIMIT @limit`
	countVendorParts = `SELECT count(*) FROM vendor_orders p WHERE ` + partFilterFragment
)

func countParts(ctx context.Context, db postgres.DB, f partFilter) (int64, error) {
	return postgres.Scalar[int64](ctx, db, countVendorParts, f.args())
}

type partKey struct {
	Order id.Order       `db:"order_id"`
	Part  id.VendorOrder `db:"id"`
}

func findPart(ctx context.Context, db postgres.DB, vendor id.Vendor, part id.VendorOrder, order id.Order) (partKey, error) {
	return postgres.Get[partKey](ctx, db, `
		SELECT order_id, id FROM vendor_orders
		WHERE vendor_id = @vendor AND (id = @part::uuid OR order_id = @order::uuid)`,
		pgx.NamedArgs{"vendor": vendor, "part": part, "order": order})
}

func listNotes(ctx context.Context, db postgres.DB, order id.Order) ([]Note, error) {
	return postgres.All[Note](ctx, db, `
		SELECT id, author, body, created_at FROM order_notes WHERE order_id = @order ORDER BY id`,
		pgx.NamedArgs{"order": order})
}

func insertNote(ctx context.Context, tx pgx.Tx, order id.Order, n Note) (time.Time, error) {
	at, err := postgres.Scalar[time.Time](ctx, tx, `
		INSERT INTO order_notes (id, order_id, author, body)
		SELECT @id, o.id, @author, @body FROM orders o WHERE o.id = @order
		RETURNING created_at`,
		pgx.NamedArgs{"id": n.ID, "order": order, "author": n.Author, "body": n.Body})
	if errors.Is(err, postgres.ErrNoRow) {
		return time.Time{}, ErrNoOrder
	}
	return at, err
}

func cancelReason(ctx context.Context, db postgres.DB, order id.Order) (string, error) {
	return postgres.Scalar[string](ctx, db, `
		SELECT cancel_reason FROM orders WHERE id = @order`,
		pgx.NamedArgs{"order": order})
}

func traceOf(ctx context.Context, db postgres.DB, order id.Order) ([]pricing.Step, error) {
	trace, err := postgres.Scalar[[]pricing.Step](ctx, db, `
		SELECT trace FROM orders WHERE id = @order`,
		pgx.NamedArgs{"order": order})
	if err != nil {
		return nil, fmt.Errorf("read trace of order %s: %w", order, err)
	}
	return trace, nil
}
