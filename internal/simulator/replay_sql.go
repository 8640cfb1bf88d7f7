package simulator

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
	"souk/internal/pricing"
	"souk/internal/promotions"
)

// A past is an order as it was placed.
type past struct {
	ID       id.Order       `db:"id"`
	Number   string         `db:"number"`
	PlacedAt time.Time      `db:"placed_at"`
	Currency money.Currency `db:"currency"`
	Country  string         `db:"country"`
	Method   string         `db:"method"`
	Mailbox  string         `db:"mailbox"` // "" of one who is forgotten
	First    bool           `db:"first"`   // of its buyer

	lines   []line
	parcels []parcel
	gifts   []gift
	facts   map[id.Product]facts
}

type line struct {
	Order     id.Order     `db:"order_id"`
	ID        id.OrderLine `db:"id"`
	Vendor    id.Vendor    `db:"vendor_id"`
	Variant   id.Variant   `db:"variant_id"`
	Product   id.Product   `db:"product_id"`
	Quantity  int64        `db:"quantity"`
	UnitPrice money.Amount `db:"unit_price"`
	GiftCard  bool         `db:"gift_card"`
	Reduced   bool         `db:"reduced"` // it had cost more before
}

type parcel struct {
	Order    id.Order     `db:"order_id"`
	Vendor   id.Vendor    `db:"vendor_id"`
	Kind     string       `db:"kind"`
	Shipping money.Amount `db:"shipping"`
}

// A gift is what a promotion took off a line, or off shipping, with how that
// promotion stands beside others by now.
type gift struct {
	Order     id.Order           `db:"order_id"`
	Line      id.OrderLine       `db:"order_line_id"`
	Vendor    id.Vendor          `db:"vendor_id"`
	Minor     int64              `db:"amount_minor"`
	Promotion id.Promotion       `db:"promotion_id"`
	Name      string             `db:"name"`
	Owner     id.Vendor          `db:"owner"`
	Priority  int                `db:"priority"`
	Exclusive bool               `db:"exclusive"`
	Group     string             `db:"stacking_group"`
	Platform  int64              `db:"platform_ppm"`
	Kind      pricing.RewardKind `db:"kind"`
}

type facts struct {
	Product    id.Product    `db:"id"`
	Brand      id.Brand      `db:"brand_id"`
	Categories []id.Category `db:"categories"`
	Tags       []id.Tag      `db:"tags"`
}

// chooseOrders is the ids of those to replay, the newest first.
func chooseOrders(ctx context.Context, db postgres.DB, vendor id.Vendor, in Rerun) ([]id.Order, error) {
	return postgres.Column[id.Order](ctx, db, `
		SELECT o.id FROM orders o
		WHERE o.status <> 'cancelled'
		  AND (@from::timestamptz IS NULL OR o.placed_at >= @from) AND (@to::timestamptz IS NULL OR o.placed_at < @to)
		  AND (@vendor::uuid IS NULL OR EXISTS (SELECT FROM vendor_orders part WHERE part.order_id = o.id AND part.vendor_id = @vendor))
		ORDER BY o.placed_at DESC, o.id DESC LIMIT @limit`,
		pgx.NamedArgs{"from": moment(in.From), "to": moment(in.To), "vendor": vendor, "limit": cmp.Or(in.Orders, MostOrders)})
}

// moment is NULL where nobody said.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// The reads of orders, each for many at once. Whether an order was its buyer's
// first, and whether goods were reduced, is asked where the promotion does. A set-off
// is no gift: it is drawn on what promotions leave, and changes nothing of what they
// take off.
const (
	readPast = `
		SELECT o.id, o.number, o.placed_at, o.currency, coalesce(nullif(o.shipping_address ->> 'country', ''), o.billing_address ->> 'country', '') AS country,
		       coalesce((SELECT p.provider FROM payments p WHERE p.order_id = o.id AND p.provider NOT IN ('gift_card', 'store_credit') ORDER BY p.id LIMIT 1), '') AS method,
		       CASE WHEN o.email = '' THEN '' ELSE souk_mailbox(o.email) END AS mailbox,
		       @first AND NOT EXISTS (
		           SELECT FROM orders b WHERE b.user_id = o.user_id AND b.status <> 'cancelled' AND (b.placed_at, b.id) < (o.placed_at, o.id)
		       ) AND NOT EXISTS (
		           SELECT FROM orders b WHERE souk_mailbox(b.email) = souk_mailbox(o.email) AND b.email <> '' AND o.email <> ''
		                                  AND b.status <> 'cancelled' AND (b.placed_at, b.id) < (o.placed_at, o.id)
		       ) AS first
		FROM orders o WHERE o.id = ANY (@orders) ORDER BY o.placed_at, o.id`

	readPastLines = `
		SELECT l.order_id, l.id, l.vendor_id, l.variant_id, l.product_id, l.quantity, (l.unit_price_minor, l.currency) AS unit_price, l.gift_card,
		       @reduced AND coalesce((
		           SELECT h.compare_at_minor > h.amount_minor FROM price_history h
		           WHERE h.variant_id = l.variant_id AND h.currency = l.currency AND h.at <= o.placed_at ORDER BY h.at DESC, h.seq DESC LIMIT 1), false) AS reduced
		FROM order_lines l JOIN orders o ON o.id = l.order_id
		WHERE l.order_id = ANY (@orders) ORDER BY l.order_id, l.position, l.id`

	readPastParcels = `
		SELECT order_id, vendor_id, coalesce(shipping_option ->> 'kind', '') AS kind, (shipping_minor, currency) AS shipping
		FROM vendor_orders WHERE order_id = ANY (@orders) AND (shipping_minor > 0 OR shipping_option ->> 'kind' <> '')
		ORDER BY order_id, vendor_id`

	readPastGifts = `
		SELECT a.order_id, a.order_line_id, part.vendor_id, a.amount_minor, a.promotion_id, a.label AS name, p.vendor_id AS owner, p.priority, p.exclusive, p.stacking_group, p.platform_ppm, p.reward ->> 'kind' AS kind
		FROM adjustments a JOIN vendor_orders part ON part.id = a.vendor_order_id JOIN promotions p ON p.id = a.promotion_id
		WHERE a.order_id = ANY (@orders) AND a.kind = 'discount' AND a.amount_minor > 0
		ORDER BY a.order_id, a.promotion_id, a.id`

	readPastFacts = `
		SELECT p.id, p.brand_id,
		       ARRAY(SELECT DISTINCT unnest(k.ancestors) FROM product_categories pc JOIN categories k ON k.id = pc.category_id WHERE pc.product_id = p.id) AS categories,
		       ARRAY(SELECT tag_id FROM product_tags t WHERE t.product_id = p.id) AS tags
		FROM products p WHERE p.id IN (SELECT product_id FROM order_lines WHERE order_id = ANY (@orders))`
)

// readOrders reads orders, in the order in which they were placed, with all that
// a promotion may ask of them: one round trip.
func readOrders(ctx context.Context, db postgres.DB, orders []id.Order, p promotions.Promotion) ([]past, error) {
	args := pgx.NamedArgs{
		"orders": orders, "first": p.Conditions.FirstOrder,
		"reduced": p.Conditions.Goods.FullPrice || p.Reward.Goods.FullPrice || p.Reward.BuyGoods.FullPrice,
	}
	var found []past
	var lines []line
	var parcels []parcel
	var gifts []gift
	var products []facts
	b := postgres.NewBatch()
	postgres.ReadAll(b, &found, readPast, args)
	postgres.ReadAll(b, &lines, readPastLines, args)
	postgres.ReadAll(b, &parcels, readPastParcels, args)
	postgres.ReadAll(b, &gifts, readPastGifts, args)
	postgres.ReadAll(b, &products, readPastFacts, args)
	if err := b.Send(ctx, db); err != nil {
		return nil, err
	}
	known := make(map[id.Product]facts, len(products))
	for _, f := range products {
		known[f.Product] = f
	}
	linesOf, parcelsOf, giftsOf := byOrder(lines, func(l line) id.Order { return l.Order }), byOrder(parcels, func(p parcel) id.Order { return p.Order }),
		byOrder(gifts, func(g gift) id.Order { return g.Order })
	for i := range found {
		o := &found[i]
		o.lines, o.parcels, o.gifts, o.facts = linesOf[o.ID], parcelsOf[o.ID], giftsOf[o.ID], known
	}
	return found, nil
}

// byOrder cuts rows that are sorted by order into those of each.
func byOrder[T any](rows []T, of func(T) id.Order) map[id.Order][]T {
	found := map[id.Order][]T{}
	for len(rows) > 0 {
		order := of(rows[0])
		n := slices.IndexFunc(rows, func(r T) bool { return of(r) != order })
		if n < 0 {
			n = len(rows)
		}
		found[order], rows = rows[:n:n], rows[n:]
	}
	return found
}
