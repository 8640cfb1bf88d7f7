package cart

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
	"souk/internal/tax"
)

// cartColumnsFragment is a row of carts.
const cartColumnsFragment = `id, user_id, currency, email, phone, shipping_address, billing_address, shipping, order_id, version, created_at, updated_at`

// theirsFragment is the condition under which the caller may use a cart.
const theirsFragment = `id = @cart AND (user_id IS NULL OR user_id = @user)`

const (
	readCart = `SELECT ` + cartColumnsFragment + ` FROM carts WHERE ` + theirsFragment
	lockCart = readCart + ` FOR UPDATE`

	touchCart = `
		UPDATE carts SET version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	setAddresses = `
		UPDATE carts SET email = @email, customer = @customer, phone = @phone, shipping_address = @shipping_address, billing_address = @billing_address,
		       version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	setShipping = `
		UPDATE carts SET shipping = @shipping, version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	insertCart = `
		INSERT INTO carts (id, user_id, currency) VALUES (@cart, @user, @currency) RETURNING ` + cartColumnsFragment

	// The signed-in caller takes a guest's cart over.
	ownCart = `
		UPDATE carts SET user_id = @user, version = version + 1, updated_at = now()
		WHERE order_id IS NULL AND ` + theirsFragment + ` RETURNING ` + cartColumnsFragment

	lockOwnCart = `
		SELECT id FROM carts WHERE user_id = @user AND order_id IS NULL ORDER BY updated_at DESC, id LIMIT 1 FOR UPDATE`

	adoptAddresses = `
		UPDATE carts own SET email = guest.email, customer = guest.customer, phone = guest.phone, shipping_address = guest.shipping_address, billing_address = guest.billing_address
		FROM carts guest
		WHERE own.id = @cart AND guest.id = @guest AND own.shipping_address IS NULL AND own.billing_address IS NULL
		  AND (guest.shipping_address IS NOT NULL OR guest.billing_address IS NOT NULL)`

	removeVariants = `DELETE FROM cart_items WHERE cart_id = @cart AND variant_id = ANY (@variants)`
	removeEmpty    = `DELETE FROM carts WHERE id = @cart AND NOT EXISTS (SELECT FROM cart_items WHERE cart_id = @cart)`

	closeCart = `
		UPDATE carts SET order_id = @order, version = version + 1, updated_at = now() WHERE id = @cart AND order_id IS NULL`

	// What is in the cart already grows by the quantity.
	addItems = `
		INSERT INTO cart_items (id, cart_id, variant_id, quantity)
		SELECT id, @cart, variant, quantity FROM unnest(@ids::uuid[], @variants::uuid[], @quantities::int[]) AS i (id, variant, quantity)
		ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = cart_items.quantity + EXCLUDED.quantity`

	setQuantity = `UPDATE cart_items SET quantity = @quantity WHERE id = @item AND cart_id = @cart`
	removeItem  = `DELETE FROM cart_items WHERE id = @item AND cart_id = @cart`
)

// The reads of a quote are about c, one row, with its items i and its codes cc,
// at a moment; in a trial, promotions are asked that are not in the tables. These
// are a cart's: they start from its id alone, so that they can travel with the
// statement that finds the cart.
const cartFragment = `
	WITH c AS NOT MATERIALIZED (
		SELECT user_id, currency, email, customer, shipping_address, billing_address, now() AS at, false AS trial
		FROM carts WHERE id = @cart
	), i AS NOT MATERIALIZED (
		SELECT id, variant_id, quantity FROM cart_items WHERE cart_id = @cart
	), cc AS NOT MATERIALIZED (
		SELECT coupon_id FROM cart_coupons WHERE cart_id = @cart
	)`

// supposedFragment is a cart that is in no table.
const supposedFragment = `
	WITH c AS (
		SELECT @user::uuid AS user_id, @currency::text AS currency, @email::text AS email, @customer::bytea AS customer,
		       @shipping_address::jsonb AS shipping_address, @billing_address::jsonb AS billing_address, coalesce(@at::timestamptz, now()) AS at, true AS trial
	), i AS (
		SELECT id, variant_id, quantity FROM unnest(@ids::uuid[], @variants::uuid[], @quantities::int[]) AS i (id, variant_id, quantity)
	), cc AS (
		SELECT id AS coupon_id FROM coupons WHERE code = ANY (@codes::text[])
	)`

// reads is the statements of a quote.
// What engines have said of tax is kept for stored carts only: of others the table
// knows.
type reads struct{ lines, rates, exemption, remote, options, promotions, facts, bought string }

var readsOfCart = reads{
	lines: cartFragment + linesFragment, rates: cartFragment + ratesFragment, exemption: cartFragment + exemptionFragment, remote: tax.ReadRemote, options: cartFragment + optionsFragment,
	promotions: cartFragment + promotionsFragment, facts: cartFragment + factsFragment, bought: cartFragment + boughtFragment,
}

var readsOfSupposition = reads{
	lines: supposedFragment + linesFragment, rates: supposedFragment + ratesFragment, exemption: supposedFragment + exemptionFragment, options: supposedFragment + optionsFragment,
	promotions: supposedFragment + promotionsFragment, facts: supposedFragment + factsFragment, bought: supposedFragment + boughtFragment,
}

const (
	linesFragment = `
		SELECT i.id, i.variant_id, i.quantity,
		       v.product_id, v.vendor_id, v.title AS variant_title, v.sku, v.weight_grams, v.tax_class, v.taxable,
		       v.requires_shipping, v.tracked, CASE WHEN v.requires_shipping THEN false ELSE
		           EXISTS (SELECT FROM digital_files f WHERE f.variant_id = v.id AND f.state = 'ready')
		           OR EXISTS (SELECT FROM licence_keys k WHERE k.variant_id = v.id) END AS digital,
		       v.min_quantity, v.max_quantity, v.archived_at IS NOT NULL AS archived,
		       p.slug AS product_slug, p.title AS product_title, p.status AS product_status,
		       s.name AS vendor_name, s.slug AS vendor_slug, s.status AS vendor_status, s.house, s.commission_bps,
		       CASE WHEN s.tax_country <> '' THEN (s.tax_country, s.tax_region, s.tax_postal_code, s.tax_id)
		            ELSE (shop.country, shop.region, shop.postal_code, shop.tax_id) END AS seller,
		       price.amount_minor, coalesce(image.blob_key, '') AS blob_key, coalesce(image.content_type, '') AS content_type,
		       coalesce(image.width, 0) AS width, coalesce(image.height, 0) AS height, stock.locations, stock.available,
		       bundle.components
		FROM i CROSS JOIN c
		JOIN variants v ON v.id = i.variant_id
		JOIN products p ON p.id = v.product_id
		JOIN vendors s ON s.id = v.vendor_id
		CROSS JOIN tax_shop() shop
		LEFT JOIN prices price ON price.variant_id = i.variant_id AND price.currency = c.currency
		LEFT JOIN LATERAL (
			SELECT m.blob_key, m.content_type, m.width, m.height FROM media m
			WHERE m.product_id = v.product_id AND m.state = 'ready'
			ORDER BY (m.id = v.media_id) IS TRUE DESC, m.position LIMIT 1
		) image ON true
		LEFT JOIN LATERAL (
			SELECT array_agg(level.location_id ORDER BY place.priority, place.id) AS locations,
			       array_agg(level.on_hand - level.reserved - level.allocated + level.backorder_limit ORDER BY place.priority, place.id) AS available
			FROM stock_levels level JOIN locations place ON place.id = level.location_id
			WHERE level.variant_id = i.variant_id
		) stock ON v.tracked
		LEFT JOIN LATERAL (
			SELECT array_agg((part.id, part.sku, CASE WHEN part.title = thing.title THEN part.title ELSE thing.title || ': ' || part.title END,
			                  component.quantity, part.tracked, part.archived_at IS NOT NULL OR thing.status IN ('archived', 'rejected'),
			                  price.amount_minor, stock.locations, stock.available) ORDER BY component.position, part.id) AS components
			FROM variant_components component
			JOIN variants part ON part.id = component.component_id
			JOIN products thing ON thing.id = part.product_id
			LEFT JOIN prices price ON price.variant_id = part.id AND price.currency = c.currency
			LEFT JOIN LATERAL (
				SELECT array_agg(level.location_id ORDER BY place.priority, place.id) AS locations,
				       array_agg(level.on_hand - level.reserved - level.allocated + level.backorder_limit ORDER BY place.priority, place.id) AS available
				FROM stock_levels level JOIN locations place ON place.id = level.location_id
				WHERE level.variant_id = part.id
			) stock ON part.tracked
			WHERE component.bundle_id = v.id
		) bundle ON v.bundle IS NOT NULL
		ORDER BY i.id`

	ratesFragment = `
		SELECT z.id AS zone_id, z.included, z.per_total, z.half_even, z.reverse_charge, coalesce(r.tax_class, '') AS tax_class, coalesce(r.name, '') AS name,
		       coalesce(r.rate_ppm, 0) AS rate_ppm, coalesce(r.shipping, false) AS shipping, coalesce(r.compound, false) AS compound,
		       coalesce(r.applies, 'always') AS applies
		FROM c
		CROSS JOIN LATERAL (SELECT coalesce(c.shipping_address, c.billing_address) AS address) place
		CROSS JOIN LATERAL tax_zone_of(
			coalesce(place.address ->> 'country', ''), coalesce(place.address ->> 'region', ''),
			coalesce(place.address ->> 'postal_code', '')) z
		LEFT JOIN tax_rates r ON r.zone_id = z.id
		ORDER BY r.tax_class, r.name`

	// The certificate that exempts the buyer from tax where the cart goes.
	exemptionFragment = `
		SELECT x.certificate
		FROM c
		CROSS JOIN LATERAL (SELECT coalesce(c.shipping_address, c.billing_address) AS address) place
		JOIN tax_exemptions x ON x.user_id = c.user_id AND x.revoked_at IS NULL AND (x.valid_until IS NULL OR x.valid_until >= (c.at AT TIME ZONE 'UTC')::date)
		 AND place.address ->> 'country' = ANY (x.countries)
		 AND (x.regions = '{}' OR upper(replace(coalesce(place.address ->> 'region', ''), ' ', '')) = ANY (x.regions))
		ORDER BY x.id LIMIT 1`

	optionsFragment = `
		SELECT o.id, o.zone_id, o.vendor_id, o.name, o.kind, o.rule, (o.price_minor, o.currency) AS price, o.tiers,
		       CASE WHEN o.free_above_minor IS NOT NULL THEN (o.free_above_minor, o.currency) END AS free_above,
		       o.min_days, o.max_days, o.position, o.active, o.version
		FROM c
		CROSS JOIN LATERAL shipping_zones_of(coalesce(c.shipping_address ->> 'country', '')) zone
		JOIN shipping_options o ON o.zone_id = zone AND o.currency = c.currency AND o.active
		WHERE o.vendor_id IS NULL OR o.vendor_id IN (SELECT v.vendor_id FROM i JOIN variants v ON v.id = i.variant_id)
		ORDER BY o.position, o.price_minor, o.id`
)

// runsFragment is the condition under which a promotion p lowers carts.
const runsFragment = `(
	p.status = 'active' AND p.starts_at <= c.at AND (p.ends_at IS NULL OR p.ends_at > c.at)
	AND (p.usage_limit IS NULL OR p.used < p.usage_limit) AND (p.budget_minor IS NULL OR p.spent_minor < p.budget_minor))`

// leftFragment holds for promotions that the customer has not used up.
const leftFragment = `(
	p.customer_limit IS NULL OR p.customer_limit > (
		SELECT count(*) FROM promotion_redemptions r WHERE r.customer = c.customer AND r.promotion_id = p.id AND r.released_at IS NULL))`

// offeredFragment is the columns of a promotion p that is offered.
const offeredFragment = `
	p.id, p.version, p.name, p.vendor_id, p.priority, p.exclusive, p.stacking_group, p.platform_ppm, p.conditions, p.reward,
	p.usage_limit IS NOT NULL OR p.customer_limit IS NOT NULL OR p.budget_minor IS NOT NULL AS limited,
	CASE WHEN p.budget_minor IS NOT NULL THEN (p.budget_minor - p.spent_minor, p.budget_currency) END AS left_over`

const (
	promotionsFragment = `
		SELECT ` + offeredFragment + `, NULL::uuid AS coupon_id, '' AS code, false AS coupon_limited, true AS runs
		FROM c CROSS JOIN promotions p WHERE NOT p.needs_code AND ` + runsFragment + ` AND ` + leftFragment + `
		UNION ALL
		SELECT ` + offeredFragment + `, k.id, k.code, k.usage_limit IS NOT NULL,
		       p.needs_code AND NOT k.disabled AND (k.usage_limit IS NULL OR k.used < k.usage_limit) AND ` + runsFragment + ` AND ` + leftFragment + `
		FROM c CROSS JOIN cc JOIN coupons k ON k.id = cc.coupon_id JOIN promotions p ON p.id = k.promotion_id
		ORDER BY id`

	// Nobody asks for facts where no promotion runs and no code was entered.
	factsFragment = `
		SELECT i.id, p.brand_id, coalesce(price.compare_at_minor > price.amount_minor, false) AS reduced,
		       ARRAY(SELECT DISTINCT unnest(k.ancestors) FROM product_categories pc JOIN categories k ON k.id = pc.category_id WHERE pc.product_id = p.id) AS categories,
		       ARRAY(SELECT tag_id FROM product_tags t WHERE t.product_id = p.id) AS tags
		FROM i CROSS JOIN c
		JOIN variants v ON v.id = i.variant_id
		JOIN products p ON p.id = v.product_id
		LEFT JOIN prices price ON price.variant_id = i.variant_id AND price.currency = c.currency
		WHERE c.trial OR EXISTS (SELECT FROM cc) OR EXISTS (SELECT FROM promotions p WHERE NOT p.needs_code AND ` + runsFragment + `)
		ORDER BY i.id`

	// One order of the buyer's that stands, of their account or their mailbox,
	// asked where some promotion is for first orders.
	boughtFragment = `
		SELECT o.id FROM c CROSS JOIN LATERAL (
			SELECT o.id FROM orders o WHERE o.user_id = c.user_id AND o.status <> 'cancelled'
			UNION ALL
			SELECT o.id FROM orders o WHERE c.email <> '' AND o.email <> '' AND souk_mailbox(o.email) = souk_mailbox(c.email) AND o.status <> 'cancelled'
		) o
		WHERE c.trial OR EXISTS (SELECT FROM promotions p WHERE p.conditions @> '{"first_order": true}' AND ` + runsFragment + `)
		LIMIT 1`

	// A code that is unknown, or one too many, adds nothing.
	addCoupon = `
		INSERT INTO cart_coupons (cart_id, coupon_id)
		SELECT @cart, k.id FROM coupons k
		WHERE k.code = @code AND (SELECT count(*) FROM cart_coupons WHERE cart_id = @cart AND coupon_id <> k.id) < @most
		ON CONFLICT (cart_id, coupon_id) DO UPDATE SET coupon_id = EXCLUDED.coupon_id`

	removeCoupon = `DELETE FROM cart_coupons cc USING coupons k WHERE cc.cart_id = @cart AND k.id = cc.coupon_id AND k.code = @code`

	adoptCoupons = `
		INSERT INTO cart_coupons (cart_id, coupon_id, added_at) SELECT @cart, coupon_id, added_at FROM cart_coupons WHERE cart_id = @guest
		ON CONFLICT DO NOTHING`
)

// whose is the arguments that name a cart and who asks for it.
func whose(ctx context.Context, cart id.Cart) pgx.NamedArgs {
	return pgx.NamedArgs{"cart": cart, "user": auth.From(ctx).User}
}

// errUntouched says that a write met no cart that may still change.
var errUntouched = errors.New("cart untouched")

// takeCart reads the row that a write has touched.
func takeCart(into *Cart) func(rows pgx.Rows) error {
	return func(rows pgx.Rows) error {
		found, err := postgres.Rows[Cart](rows)
		if err == nil && len(found) == 0 {
			err = errUntouched
		}
		if err == nil {
			*into = found[0]
		}
		return err
	}
}

// why tells the two reasons apart for which a write touched nothing.
func why(ctx context.Context, db postgres.DB, cart id.Cart) error {
	found, err := postgres.Get[Cart](ctx, db, readCart, whose(ctx, cart))
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("read cart: %w", err)
	}
	return ErrCompleted.With("order_id", found.OrderID)
}

func queueItems(b *postgres.Batch, cart id.Cart, items []NewItem) {
	ids, variants, quantities := make([]id.CartItem, len(items)), make([]id.Variant, len(items)), make([]int, len(items))
	for i, item := range items {
		ids[i], variants[i], quantities[i] = id.New[id.CartItem](), item.Variant, item.Quantity
	}
	b.Queue(addItems, pgx.NamedArgs{"cart": cart, "ids": ids, "variants": variants, "quantities": quantities})
}

// QueueClose says that a cart has become an order. The caller has locked it.
func (c *Carts) QueueClose(b *postgres.Batch, cart id.Cart, order id.Order) {
	b.QueueOne(closeCart, pgx.NamedArgs{"cart": cart, "order": order}, ErrCompleted)
}
