package cart

import (
	"souk/internal/catalog"
	"souk/internal/tax"
)

// The reads of a quote are about c, one row, with its items i and its codes cc,
// at a moment; in a trial, promotions are asked that are not in the tables. These
// are a cart's: they start from its id alone, so that they can travel with the
// statement that finds the cart.
const cartFragment = `
	WITH c AS NOT MATERIALIZED (
		SELECT user_id, currency, email, customer, shipping_address, billing_address, NULL::text[] AS groups, NULL::uuid[] AS plans, now() AS at, false AS trial
		FROM carts WHERE id = @cart
	), i AS NOT MATERIALIZED (
		SELECT id, variant_id, quantity, gift FROM cart_items WHERE cart_id = @cart
	), cc AS NOT MATERIALIZED (
		SELECT coupon_id FROM cart_coupons WHERE cart_id = @cart
	)`

// supposedFragment is a cart that is in no table.
const supposedFragment = `
	WITH c AS (
		SELECT @user::uuid AS user_id, @currency::text AS currency, @email::text AS email, @customer::bytea AS customer,
		       @shipping_address::jsonb AS shipping_address, @billing_address::jsonb AS billing_address, @groups::text[] AS groups, @plans::uuid[] AS plans, coalesce(@at::timestamptz, now()) AS at, true AS trial
	), i AS (
		SELECT id, variant_id, quantity, NULL::jsonb AS gift FROM unnest(@ids::uuid[], @variants::uuid[], @quantities::int[]) AS i (id, variant_id, quantity)
	), cc AS (
		SELECT id AS coupon_id FROM coupons WHERE code = ANY (@codes::text[])
	)`

// reads is the statements of a quote; remote and credits are "" where nobody pays:
// what engines have said of tax is kept for stored carts only. Told is lines in
// another language, "" where nobody is shown them.
type reads struct{ lines, told, members, digital, listed, exemption, remote, promotions, facts, buyer, credits string }

var readsOfCart = reads{
	lines: cartFragment + linesFragment, told: cartFragment + toldLinesFragment, members: cartFragment + membersFragment, digital: cartFragment + digitalFragment, listed: cartFragment + listedFragment,
	exemption: cartFragment + exemptionFragment, remote: tax.ReadRemote, promotions: cartFragment + promotionsFragment, facts: cartFragment + factsFragment,
	buyer: cartFragment + buyerFragment, credits: readCredits,
}

var readsOfSupposition = reads{
	lines: supposedFragment + linesFragment, members: supposedFragment + membersFragment, digital: supposedFragment + digitalFragment, listed: supposedFragment + listedFragment,
	exemption: supposedFragment + exemptionFragment, promotions: supposedFragment + promotionsFragment, facts: supposedFragment + factsFragment,
	buyer: supposedFragment + buyerFragment,
}

const (
	linesFragment     = lineColumnsFragment + lineTablesFragment
	toldLinesFragment = lineColumnsFragment + `, ` + catalog.WordsFragment + ` AS words` + lineTablesFragment

	lineColumnsFragment = `
		SELECT i.id, i.variant_id, i.quantity, i.gift, p.gift_card,
		       v.product_id, v.vendor_id, v.title AS variant_title, v.sku, v.weight_grams, v.tax_class, v.taxable,
		       v.requires_shipping, v.tracked, v.bundle IS NOT NULL AS bundle,
		       v.min_quantity, v.max_quantity, v.archived_at IS NOT NULL AS archived,
		       p.slug AS product_slug, p.title AS product_title, p.status AS product_status,
		       price.amount_minor, coalesce(image.blob_key, '') AS blob_key, coalesce(image.content_type, '') AS content_type,
		       coalesce(image.width, 0) AS width, coalesce(image.height, 0) AS height, stock.locations, stock.available`

	lineTablesFragment = `
		FROM i CROSS JOIN c
		JOIN variants v ON v.id = i.variant_id
		JOIN products p ON p.id = v.product_id
		LEFT JOIN prices price ON price.variant_id = i.variant_id AND price.currency = c.currency
		LEFT JOIN LATERAL (
			SELECT m.blob_key, m.content_type, m.width, m.height FROM media m
			WHERE m.product_id = v.product_id AND m.state = 'ready'
			ORDER BY (m.id = v.media_id) IS TRUE DESC, m.position LIMIT 1
		) image ON true
		LEFT JOIN LATERAL (
			SELECT array_agg(level.location_id) AS locations,
			       array_agg(level.on_hand - level.reserved - level.allocated + level.backorder_limit) AS available
			FROM stock_levels level WHERE level.variant_id = i.variant_id
		) stock ON v.tracked
		ORDER BY i.id`

	// Of items that sell a period of a plan, or are for members, which and whose.
	membersFragment = `
		SELECT i.id, plan.id AS plan_id, plan.archived_at IS NOT NULL AS plan_archived, gate.plans AS gate_plans, gate.names AS gate_names,
		       coalesce(u.set_off_minor, 0) AS set_off_minor, coalesce(u.text, '') AS set_off_text
		FROM i CROSS JOIN c
		JOIN variants v ON v.id = i.variant_id
		JOIN products p ON p.id = v.product_id
		LEFT JOIN plans plan ON plan.variant_id = i.variant_id
		LEFT JOIN membership_upgrades u ON u.cart_item_id = i.id AND u.currency = c.currency
		LEFT JOIN LATERAL (
			WITH gates AS (
				SELECT product_id, hours, published_at FROM variant_gates
				WHERE variant_id = v.id AND coalesce(until, published_at + hours * interval '1 hour', 'infinity') > c.at
			), members AS (
				SELECT member.id, member.rank, member.name, count(*) AS named, count(*) FILTER (WHERE g.hours IS NULL
				           OR g.published_at + (g.hours - least(member.early_access_hours, g.hours)) * interval '1 hour' <= c.at) AS open
				FROM gates g JOIN product_gate_plans named ON named.product_id = g.product_id JOIN plans member ON member.id = named.plan_id
				GROUP BY member.id
			)
			SELECT coalesce(array_agg(id ORDER BY rank, id) FILTER (WHERE open = gates), '{}') AS plans,
			       coalesce(array_agg(name ORDER BY rank, id) FILTER (WHERE named = gates), '{}') AS names
			FROM (SELECT count(*) AS gates FROM gates) n LEFT JOIN members ON true
			HAVING max(gates) > 0
		) gate ON true
		WHERE plan.id IS NOT NULL OR gate.plans IS NOT NULL`

	// The items that have files or licence keys.
	digitalFragment = `
		SELECT i.id FROM i CROSS JOIN c
		WHERE EXISTS (SELECT FROM digital_files f WHERE f.variant_id = i.variant_id AND f.state = 'ready')
		   OR EXISTS (SELECT FROM licence_keys k WHERE k.variant_id = i.variant_id)`

	// The certificate that exempts the buyer from tax where the cart goes.
	exemptionFragment = `
		SELECT x.certificate
		FROM c
		CROSS JOIN LATERAL (SELECT coalesce(c.shipping_address, c.billing_address) AS address) place
		JOIN tax_exemptions x ON x.user_id = c.user_id AND x.revoked_at IS NULL AND (x.valid_until IS NULL OR x.valid_until >= (c.at AT TIME ZONE 'UTC')::date)
		 AND place.address ->> 'country' = ANY (x.countries)
		 AND (x.regions = '{}' OR upper(replace(coalesce(place.address ->> 'region', ''), ' ', '')) = ANY (x.regions))
		ORDER BY x.id LIMIT 1`
)

// runsFragment is the condition under which a promotion p lowers carts.
const runsFragment = `(
	p.status = 'active' AND p.starts_at <= c.at AND (p.ends_at IS NULL OR p.ends_at > c.at)
	AND (p.usage_limit IS NULL OR p.used < p.usage_limit) AND (p.budget_minor IS NULL OR p.spent_minor < p.budget_minor))`

// leftFragment holds for promotions that the customer has not used up.
const leftFragment = `(
	p.customer_limit IS NULL OR p.customer_limit > (
		SELECT count(*) FROM promotion_redemptions r WHERE r.customer = c.customer AND r.promotion_id = p.id AND r.released_at IS NULL))`

// limitedFragment holds for promotions p whose uses are counted.
const limitedFragment = `(p.usage_limit IS NOT NULL OR p.customer_limit IS NOT NULL OR p.budget_minor IS NOT NULL)`

// offeredFragment is the columns of a promotion p that is offered.
const offeredFragment = `
	p.id, p.version, p.name, p.vendor_id, p.plan_id, p.priority, p.exclusive, p.stacking_group, p.platform_ppm, p.conditions, p.reward,
	` + limitedFragment + ` AS limited,
	CASE WHEN p.budget_minor IS NOT NULL THEN (p.budget_minor - p.spent_minor, p.budget_currency) END AS left_over`

const (
	promotionsFragment = `
		SELECT ` + offeredFragment + `, NULL::uuid AS coupon_id, '' AS code, false AS coupon_limited, true AS runs
		FROM c CROSS JOIN promotions p WHERE NOT p.needs_code AND ` + runsFragment + ` AND ` + leftFragment + `
		UNION ALL
		SELECT ` + offeredFragment + `, k.id, k.code, k.usage_limit IS NOT NULL,
		       p.needs_code AND NOT k.disabled AND (k.usage_limit IS NULL OR k.used < k.usage_limit) AND ` + runsFragment + ` AND ` + leftFragment + `
		FROM c CROSS JOIN cc JOIN coupons k ON k.id = cc.coupon_id JOIN promotions p ON p.id = k.promotion_id
		ORDER BY id, coupon_id`

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

	// Who buys, and whether an order of theirs stands, of their account or their
	// mailbox: that is looked up where some promotion is for first orders.
	buyerFragment = `
		SELECT coalesce(c.groups, ARRAY(
		           SELECT g.handle FROM customer_group_members m JOIN customer_groups g ON g.id = m.group_id WHERE m.user_id = c.user_id ORDER BY g.handle)) AS groups,
		       coalesce(c.plans, ARRAY(SELECT plan_id FROM buyer_plans WHERE user_id = c.user_id ORDER BY plan_id)) AS plans,
		       CASE WHEN c.trial OR EXISTS (SELECT FROM promotions p WHERE p.conditions @> '{"first_order": true}' AND ` + runsFragment + `)
		            THEN EXISTS (SELECT FROM orders o WHERE o.user_id = c.user_id AND o.status <> 'cancelled')
		              OR c.email <> '' AND EXISTS (SELECT FROM orders o WHERE o.email <> '' AND souk_mailbox(o.email) = souk_mailbox(c.email) AND o.status <> 'cancelled')
		            ELSE false END AS bought
		FROM c`

	// What price lists that are open to the buyer ask for what is in the cart.
	listedFragment = `
		SELECT i.id AS item, l.id, l.name, l.priority, p.min_quantity, (p.amount_minor, p.currency) AS price
		FROM c
		CROSS JOIN LATERAL price_lists_of(c.user_id, c.groups, c.plans, c.at) l
		CROSS JOIN i
		JOIN price_list_prices p ON p.list_id = l.id AND p.variant_id = i.variant_id AND p.currency = c.currency
		ORDER BY i.id`
)

// What is read by itself once the cart is known, and remembered but for what is
// in bundles.
const (
	readVendors = `
		SELECT id, name, slug, status, house, commission_bps, (tax_country, tax_region, tax_postal_code, tax_id) AS seller
		FROM vendors WHERE id = ANY (@vendors::uuid[])`

	readPlaces = `SELECT id, priority FROM locations WHERE id = ANY (@locations::uuid[])`

	readComponents     = componentColumnsFragment + componentTablesFragment
	readToldComponents = componentColumnsFragment + `, jsonb_agg(` + catalog.WordsFragment + ` ORDER BY component.position, v.id) AS words` + componentTablesFragment

	componentColumnsFragment = `
		SELECT component.bundle_id,
		       array_agg((v.id, v.sku, CASE WHEN v.title = p.title THEN v.title ELSE p.title || ': ' || v.title END,
		                  component.quantity, v.tracked, v.archived_at IS NOT NULL OR p.status IN ('archived', 'rejected'),
		                  price.amount_minor, stock.locations, stock.available) ORDER BY component.position, v.id) AS components`

	componentTablesFragment = `
		FROM variant_components component
		JOIN variants v ON v.id = component.component_id
		JOIN products p ON p.id = v.product_id
		LEFT JOIN prices price ON price.variant_id = v.id AND price.currency = @currency
		LEFT JOIN LATERAL (
			SELECT array_agg(level.location_id ORDER BY place.priority, place.id) AS locations,
			       array_agg(level.on_hand - level.reserved - level.allocated + level.backorder_limit ORDER BY place.priority, place.id) AS available
			FROM stock_levels level JOIN locations place ON place.id = level.location_id
			WHERE level.variant_id = v.id
		) stock ON v.tracked
		WHERE component.bundle_id = ANY (@bundles::uuid[])
		GROUP BY component.bundle_id`

	// The ways that the parcels of some vendors can go to a country.
	readOptions = `
		SELECT o.id, o.zone_id, o.vendor_id, o.name, o.kind, o.rule, (o.price_minor, o.currency) AS price, o.tiers,
		       CASE WHEN o.free_above_minor IS NOT NULL THEN (o.free_above_minor, o.currency) END AS free_above,
		       o.min_days, o.max_days, o.position, o.active, o.version
		FROM shipping_zones_of(@country) zone
		JOIN shipping_options o ON o.zone_id = zone AND o.currency = @currency AND o.active
		WHERE o.vendor_id IS NULL OR o.vendor_id = ANY (@vendors::uuid[])
		ORDER BY o.position, o.price_minor, o.id`
)

// epochFragment names what was true of the whole shop at a moment, see [shop].
const epochFragment = `ARRAY(SELECT version FROM quote_epochs ORDER BY version)`

// readShop reads the shop of its epoch. What ends is left out a minute late: the
// transaction that goes by this may have begun a little earlier.
const readShop = `
	SELECT ` + epochFragment + ` AS epoch, ARRAY(SELECT DISTINCT name FROM quote_features) AS features, (s.country, s.region, s.postal_code, s.tax_id) AS seller,
	       EXISTS (
	           SELECT FROM promotions p WHERE NOT p.needs_code AND p.status = 'active' AND ` + limitedFragment + `
	           AND (p.ends_at IS NULL OR p.ends_at > now() - interval '1 minute')
	       ) AS limited_promotions,
	       EXISTS (SELECT FROM price_lists WHERE status = 'active' AND (ends_at IS NULL OR ends_at > now() - interval '1 minute')) AS price_lists,
	       EXISTS (SELECT FROM tax_engines WHERE enabled) AS engine,
	       EXISTS (SELECT FROM tax_zones WHERE regions <> '{}') AS by_region, EXISTS (SELECT FROM tax_zones WHERE postal_prefixes <> '{}') AS by_postal_code
	FROM tax_shop() s`

// readStanding reads the promotions that lower carts without a code and are not
// counted, those to come among them.
const readStanding = `
	SELECT ` + offeredFragment + `, NULL::uuid AS coupon_id, '' AS code, false AS coupon_limited, true AS runs, p.starts_at, p.ends_at
	FROM promotions p
	WHERE NOT p.needs_code AND p.status = 'active' AND NOT ` + limitedFragment + ` AND (p.ends_at IS NULL OR p.ends_at > now() - interval '1 minute')
	ORDER BY p.id`
