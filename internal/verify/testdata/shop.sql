-- One healthy shop, small enough to add up by hand, that has something for every rule to read. It goes in with all
-- constraints in force. u('anna') is the id of what is called anna here.
--
-- Two vendors, potter (10 % commission) and weaver (20 %), sell a teapot at 10.00, a rug at 50.00 and a card at 2.00 whose
-- stock is not counted, and in five orders:
--
--   travelling  3 teapots, 1 rug at 5.00 off, 10 % tax on top; one teapot is on its way
--   arrived     2 teapots, 1 card, 20 % tax in the prices; delivered and paid in cash
--   withdrawn   1 teapot; cancelled
--   waiting     1 rug; not paid yet, its stock is held
--   shortened   3 teapots, 1 rug; 2 teapots arrived and were paid for, the rest was cancelled
--
-- for nothing, by keys and in a file, a song of the weaver's, which is not listed:
--
--   heard       2 songs; handed over
--
-- a plan for nothing, Gold, of which anna is a member by
--
--   joined      1 gold; handed over
--
-- and, at the end of this file, a set: 2 teapots and a card, 5 % cheaper than these.
CREATE FUNCTION u(name text) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5(name)::uuid;

INSERT INTO users (id, username, email, disabled_at, erased_at) VALUES
    (u('anna'), 'anna', 'anna@example.com', NULL, NULL),
    (u('bert'), 'bert', 'bert@example.com', now(), NULL),
    (u('gone'), 'gone', NULL, NULL, now());
INSERT INTO sessions (id, user_id, expires_at, revoked_at) VALUES
    (u('anna at home'), u('anna'), now() + interval '30 days', NULL),
    (u('bert at home'), u('bert'), now() + interval '30 days', now()),
    (u('gone at home'), u('gone'), now() + interval '30 days', now());
INSERT INTO refresh_tokens (hash, session_id, user_id, expires_at, used_at, revoked_at) VALUES
    ('first',  u('anna at home'), u('anna'), now() + interval '7 days', now(), NULL),
    ('second', u('anna at home'), u('anna'), now() + interval '7 days', NULL, NULL),
    ('third',  u('bert at home'), u('bert'), now() + interval '7 days', NULL, now()),
    ('fourth', u('gone at home'), u('gone'), now() + interval '7 days', NULL, now());

INSERT INTO vendors (id, slug, name, status, commission_bps) VALUES
    (u('potter'), 'potter', 'Potter', 'active', 1000),
    (u('weaver'), 'weaver', 'Weaver', 'active', 2000);
INSERT INTO products (id, vendor_id, slug, title, status, updated_at) VALUES
    (u('teapots'), u('potter'), 'teapots', 'Teapots', 'active', now() - interval '1 day'),
    (u('cards'),   u('potter'), 'cards',   'Cards',   'active', now() - interval '1 day'),
    (u('rugs'),    u('weaver'), 'rugs',    'Rugs',    'active', now() - interval '1 day'),
    (u('bowls'),   u('potter'), 'bowls',   'Bowls',   'draft',  now() - interval '1 day');
INSERT INTO variants (id, product_id, vendor_id, sku, title, tracked) VALUES
    (u('teapot'), u('teapots'), u('potter'), 'TEA', 'Teapot', true),
    (u('card'),   u('cards'),   u('potter'), 'CRD', 'Card',   false),
    (u('rug'),    u('rugs'),    u('weaver'), 'RUG', 'Rug',    true);
INSERT INTO price_history (variant_id, currency, amount_minor, compare_at_minor, actor) VALUES
    (u('teapot'), 'USD', 1200, NULL, 'potter'), (u('teapot'), 'USD', 1000, 1200, 'potter'),
    (u('card'), 'USD', 200, NULL, 'potter'), (u('rug'), 'USD', 5000, NULL, 'weaver');
INSERT INTO prices (variant_id, currency, amount_minor, compare_at_minor) VALUES
    (u('teapot'), 'USD', 1000, 1200), (u('card'), 'USD', 200, NULL), (u('rug'), 'USD', 5000, NULL);
INSERT INTO listed_products (product_id, name, skus, words, text_digest, digest) VALUES
    (u('teapots'), 'teapots', '{tea}', 'teapot', '', ''), (u('cards'), 'cards', '{crd}', 'card', '', ''), (u('rugs'), 'rugs', '{rug}', 'rug', '', '');
INSERT INTO listings (product_id, currency, vendor_id, name, category_ids, tag_ids, facet_ids, in_stock, created_at, min_minor, max_minor) VALUES
    (u('teapots'), 'USD', u('potter'), 'teapots', '{}', '{}', '{}', true, now(), 1000, 1000),
    (u('cards'),   'USD', u('potter'), 'cards',   '{}', '{}', '{}', true, now(), 200, 200),
    (u('rugs'),    'USD', u('weaver'), 'rugs',    '{}', '{}', '{}', true, now(), 5000, 5000);

INSERT INTO orders (id, number, cart_id, user_id, token_hash, email, status, payment_status, fulfillment_status, currency, items_minor,
                    discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, expires_at, version) VALUES
    (u('travelling'), 'S-1', u('cart 1'), u('anna'), NULL, 'anna@example.com', 'confirmed', 'authorized', 'partially_shipped', 'USD',
     8000, 500, 1200, 870, false, 9570, '{}', '{}', NULL, 2),
    (u('arrived'), 'S-2', u('cart 2'), NULL, sha256('2'), 'two@example.com', 'delivered', 'paid', 'delivered', 'USD',
     2200, 0, 300, 416, true, 2500, '{}', '{}', NULL, 3),
    (u('withdrawn'), 'S-3', u('cart 3'), NULL, sha256('3'), 'three@example.com', 'cancelled', 'voided', 'cancelled', 'USD',
     1000, 0, 0, 0, false, 1000, '{}', '{}', NULL, 2),
    (u('waiting'), 'S-4', u('cart 4'), NULL, sha256('4'), 'four@example.com', 'pending', 'pending', 'unfulfilled', 'USD',
     5000, 0, 0, 0, false, 5000, '{}', '{}', now() + interval '30 minutes', 1),
    (u('shortened'), 'S-5', u('cart 5'), u('anna'), NULL, 'anna@example.com', 'delivered', 'paid', 'delivered', 'USD',
     8000, 0, 0, 0, false, 8000, '{}', '{}', NULL, 4);
INSERT INTO carts (id, currency, order_id) VALUES
    (u('cart 1'), 'USD', u('travelling')), (u('cart 2'), 'USD', u('arrived')), (u('cart 3'), 'USD', u('withdrawn')),
    (u('cart 4'), 'USD', u('waiting')), (u('cart 5'), 'USD', u('shortened')), (u('cart 6'), 'USD', NULL),
    (u('cart 7'), 'USD', u('heard'));
INSERT INTO idempotency_keys (principal, operation, key, request_hash, status, response) VALUES
    ('guest', 'post-checkout', 'click', 'hash', 201, '{"order": {"number": "S-2", "totals": {"grand_total": {"amount": 2500, "currency": "USD"}}}}'),
    ('guest', 'post-carts', 'click', 'hash', 201, '{}');

INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, paid, currency,
                           items_minor, discount_minor, shipping_minor, tax_minor, total_minor, shipping_tax_minor, shipping_option) VALUES
    (u('travelling, potter'), u('travelling'), u('potter'), 'Potter', 'potter', 'S-1-1', 'partially_shipped', false, 'USD', 3000, 0, 500, 350, 3850, 50, '{}'),
    (u('travelling, weaver'), u('travelling'), u('weaver'), 'Weaver', 'weaver', 'S-1-2', 'confirmed', false, 'USD', 5000, 500, 700, 520, 5720, 70, '{}'),
    (u('arrived, potter'),    u('arrived'),    u('potter'), 'Potter', 'potter', 'S-2-1', 'delivered', true,  'USD', 2200, 0, 300, 416, 2500, 50, '{}'),
    (u('withdrawn, potter'),  u('withdrawn'),  u('potter'), 'Potter', 'potter', 'S-3-1', 'cancelled', false, 'USD', 1000, 0, 0, 0, 1000, 0, '{}'),
    (u('waiting, weaver'),    u('waiting'),    u('weaver'), 'Weaver', 'weaver', 'S-4-1', 'pending',   false, 'USD', 5000, 0, 0, 0, 5000, 0, '{}'),
    (u('shortened, potter'),  u('shortened'),  u('potter'), 'Potter', 'potter', 'S-5-1', 'delivered', true,  'USD', 3000, 0, 0, 0, 3000, 0, '{}'),
    (u('shortened, weaver'),  u('shortened'),  u('weaver'), 'Weaver', 'weaver', 'S-5-2', 'cancelled', false, 'USD', 5000, 0, 0, 0, 5000, 0, '{}');
INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked,
                         requires_shipping, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps, commission_minor,
                         currency, quantity_fulfilled, quantity_cancelled, cancelled_minor, cancelled_commission_minor)
SELECT u(l.name), u(l.of), u(l.of || ', ' || l.vendor), u(l.vendor), u(l.thing), u(l.thing || 's'), l.thing || 's', l.position, l.thing, l.thing, l.thing <> 'card',
       true, l.quantity, l.price, l.price * l.quantity, l.discount, l.tax, l.total, l.bps, l.commission,
       'USD', l.fulfilled, l.cancelled, l.cancelled_minor, l.cancelled_commission
FROM (VALUES
    ('travelling teapots', 'travelling', 'potter', 'teapot', 1, 3, 1000,   0, 300, 3300, 1000,  300, 1, 0,    0,    0),
    ('travelling rug',     'travelling', 'weaver', 'rug',    2, 1, 5000, 500, 450, 4950, 2000,  900, 0, 0,    0,    0),
    ('arrived teapots',    'arrived',    'potter', 'teapot', 1, 2, 1000,   0, 333, 2000, 1000,  167, 2, 0,    0,    0),
    ('arrived card',       'arrived',    'potter', 'card',   2, 1,  200,   0,  33,  200, 1000,   17, 1, 0,    0,    0),
    ('withdrawn teapot',   'withdrawn',  'potter', 'teapot', 1, 1, 1000,   0,   0, 1000, 1000,  100, 0, 1, 1000,  100),
    ('waiting rug',        'waiting',    'weaver', 'rug',    1, 1, 5000,   0,   0, 5000, 2000, 1000, 0, 0,    0,    0),
    ('shortened teapots',  'shortened',  'potter', 'teapot', 1, 3, 1000,   0,   0, 3000, 1000,  300, 2, 1, 1000,  100),
    ('shortened rug',      'shortened',  'weaver', 'rug',    2, 1, 5000,   0,   0, 5000, 2000, 1000, 0, 1, 5000, 1000))
    AS l (name, of, vendor, thing, position, quantity, price, discount, tax, total, bps, commission, fulfilled, cancelled, cancelled_minor, cancelled_commission);
-- The 5.00 off the rug are those of the code AUTUMN, of which the platform pays 2.00.
INSERT INTO promotions (id, name, needs_code, status, platform_ppm, conditions, reward, usage_limit, customer_limit, budget_minor, budget_currency, used, spent_minor) VALUES
    (u('autumn'), 'Autumn', true, 'active', 400000, '{}', '{}', 10, 1, 10000, 'USD', 1, 500),
    (u('winter'), 'Winter', true, 'active', 0, '{}', '{}', NULL, NULL, NULL, NULL, 0, 0);
INSERT INTO coupons (id, promotion_id, code, usage_limit, used) VALUES
    (u('code 1'), u('autumn'), 'AUTUMN', 5, 1), (u('code 2'), u('winter'), 'WINTER', NULL, 0);
INSERT INTO promotion_redemptions (id, promotion_id, coupon_id, order_id, customer, slot, amount_minor, currency) VALUES
    (u('redemption 1'), u('autumn'), u('code 1'), u('travelling'), sha256('anna'), 0, 500, 'USD');
UPDATE order_lines SET platform_minor = 200 WHERE id = u('travelling rug');
INSERT INTO adjustments (id, order_id, vendor_order_id, order_line_id, kind, label, amount_minor, promotion_id, platform_minor)
SELECT u('adjustment ' || a.n), u(a.of), u(a.of || ', ' || a.vendor), u(a.line), a.kind, a.kind, a.amount,
       CASE WHEN a.n = 3 THEN u('autumn') END, CASE WHEN a.n = 3 THEN 200 ELSE 0 END
FROM (VALUES
    (1, 'travelling', 'potter', 'travelling teapots', 'tax',      300),
    (2, 'travelling', 'potter', NULL,                 'tax',       50),
    (3, 'travelling', 'weaver', 'travelling rug',     'discount', 500),
    (4, 'travelling', 'weaver', 'travelling rug',     'tax',      450),
    (5, 'travelling', 'weaver', NULL,                 'tax',       70),
    (6, 'arrived',    'potter', 'arrived teapots',    'tax',      333),
    (7, 'arrived',    'potter', 'arrived card',       'tax',       33),
    (8, 'arrived',    'potter', NULL,                 'tax',       50))
    AS a (n, of, vendor, line, kind, amount);
INSERT INTO shipments (id, order_id, vendor_order_id, vendor_id, status, delivered_at) VALUES
    (u('parcel 1'), u('travelling'), u('travelling, potter'), u('potter'), 'shipped', NULL),
    (u('parcel 2'), u('arrived'), u('arrived, potter'), u('potter'), 'delivered', now()),
    (u('parcel 3'), u('shortened'), u('shortened, potter'), u('potter'), 'delivered', now());
INSERT INTO shipment_lines (shipment_id, order_line_id, quantity) VALUES
    (u('parcel 1'), u('travelling teapots'), 1), (u('parcel 2'), u('arrived teapots'), 2), (u('parcel 2'), u('arrived card'), 1),
    (u('parcel 3'), u('shortened teapots'), 2);

INSERT INTO locations (id, vendor_id, name) VALUES (u('kiln'), u('potter'), 'Kiln'), (u('loom'), u('weaver'), 'Loom');
INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand, reserved, allocated) VALUES
    (u('teapot'), u('kiln'), u('potter'), 15, 0, 2), (u('rug'), u('loom'), u('weaver'), 10, 1, 1);
INSERT INTO stock_movements (variant_id, location_id, delta, reason, ref, actor) VALUES
    (u('teapot'), u('kiln'), 20, 'receive', NULL, 'potter'), (u('rug'), u('loom'), 10, 'receive', NULL, 'weaver'),
    (u('teapot'), u('kiln'), -1, 'sale', u('travelling teapots'), 'potter'),
    (u('teapot'), u('kiln'), -2, 'sale', u('arrived teapots'), 'potter'),
    (u('teapot'), u('kiln'), -2, 'sale', u('shortened teapots'), 'potter');
INSERT INTO reservations (id, order_id, order_line_id, variant_id, location_id, quantity, state, expires_at)
SELECT u('for ' || r.line), u(r.of), u(r.line), u(r.thing), u(r.at), r.quantity, r.state, CASE r.state WHEN 'held' THEN now() + interval '30 minutes' END
FROM (VALUES
    ('travelling', 'travelling teapots', 'teapot', 'kiln', 2, 'allocated'),
    ('travelling', 'travelling rug',     'rug',    'loom', 1, 'allocated'),
    ('arrived',    'arrived teapots',    'teapot', 'kiln', 0, 'shipped'),
    ('withdrawn',  'withdrawn teapot',   'teapot', 'kiln', 0, 'released'),
    ('waiting',    'waiting rug',        'rug',    'loom', 1, 'held'),
    ('shortened',  'shortened teapots',  'teapot', 'kiln', 0, 'released'),
    ('shortened',  'shortened rug',      'rug',    'loom', 0, 'released'))
    AS r (of, line, thing, at, quantity, state);

INSERT INTO payments (id, order_id, provider, provider_ref, status, currency, amount_minor, authorized_minor, captured_minor, voided_minor) VALUES
    (u('payment 1'), u('travelling'), 'cod',    NULL,   'authorized', 'USD', 9570, 9570,    0,    0),
    (u('payment 2'), u('arrived'),    'cod',    NULL,   'captured',   'USD', 2500, 2500, 2500,    0),
    (u('payment 3'), u('withdrawn'),  'cod',    NULL,   'voided',     'USD', 1000, 1000,    0, 1000),
    (u('payment 4'), u('waiting'),    'online', 'pi_4', 'pending',    'USD', 5000,    0,    0,    0),
    (u('payment 5'), u('shortened'),  'cod',    NULL,   'captured',   'USD', 8000, 8000, 2000, 6000);
INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor) VALUES
    (u('fact 1'), u('payment 1'), 'authorize', 9570, 'USD', 'placed', 'anna'),
    (u('fact 2'), u('payment 2'), 'authorize', 2500, 'USD', 'placed', 'guest'),
    (u('fact 3'), u('payment 2'), 'capture',   2500, 'USD', 'delivered S-2-1', 'potter'),
    (u('fact 4'), u('payment 3'), 'authorize', 1000, 'USD', 'placed', 'guest'),
    (u('fact 5'), u('payment 3'), 'void',      1000, 'USD', 'cancelled', 'guest'),
    (u('fact 6'), u('payment 5'), 'authorize', 8000, 'USD', 'placed', 'anna'),
    (u('fact 7'), u('payment 5'), 'void',      6000, 'USD', 'cancelled', 'anna'),
    (u('fact 8'), u('payment 5'), 'capture',   2000, 'USD', 'delivered S-5-1', 'potter');
INSERT INTO payment_disputes (id, payment_id, ref, currency, amount_minor, reason, status, updated_at) VALUES -- asks the second time
    (u('dispute'), u('payment 2'), 'dp_1', 'USD', 2500, 'general', 'needs_response', now() - interval '1 hour');
INSERT INTO payment_instructions (id, payment_id, currency, kind, amount_minor, dispute_id, evidence, state, cause, updated_at) VALUES
    (u('contested'), u('payment 2'), 'USD', 'contest', 2500, u('dispute'), '{}', 'done', 'dp_1', now() - interval '2 hours'),
    (u('given up'),  u('payment 2'), 'USD', 'concede', 2500, u('dispute'), NULL, 'due',  '',     now());
INSERT INTO payment_exceptions (id, provider, kind, payment_id, subject) VALUES (u('asked'), 'cod', 'dispute', u('payment 2'), 'dp_1');
INSERT INTO ledger_accounts (id, kind, currency, party, vendor_id) VALUES
    (u('cash'), 'psp_clearing', 'USD', 'cod', NULL), (u('due to potter'), 'vendor_payable', 'USD', '', u('potter')),
    (u('commission'), 'commission_revenue', 'USD', '', NULL), (u('tax'), 'tax_payable', 'USD', '', NULL);
INSERT INTO ledger_txns (id, ref_type, ref_id, memo) VALUES
    (u('posting 1'), 'payment_event', u('fact 3'), 'order S-2'), (u('posting 2'), 'payment_event', u('fact 8'), 'order S-5');
INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
    (u('posting 1'), u('cash'), 'USD', 2500), (u('posting 1'), u('due to potter'), 'USD', -1900),
    (u('posting 1'), u('commission'), 'USD', -184), (u('posting 1'), u('tax'), 'USD', -416),
    (u('posting 2'), u('cash'), 'USD', 2000), (u('posting 2'), u('due to potter'), 'USD', -1800), (u('posting 2'), u('commission'), 'USD', -200);

INSERT INTO events (id, name, subject, version, data, actor)
SELECT u('event ' || e.of || e.version), e.name, u(e.of), e.version, jsonb_build_object('from', e.was, 'to', e.became), 'somebody'
FROM (VALUES
    ('travelling', 1, 'orders.placed',    '',          'confirmed'),
    ('travelling', 2, 'orders.shipped',   'confirmed', 'confirmed'),
    ('arrived',    1, 'orders.placed',    '',          'confirmed'),
    ('arrived',    2, 'orders.shipped',   'confirmed', 'shipped'),
    ('arrived',    3, 'orders.delivered', 'shipped',   'delivered'),
    ('withdrawn',  1, 'orders.placed',    '',          'confirmed'),
    ('withdrawn',  2, 'orders.cancelled', 'confirmed', 'cancelled'),
    ('waiting',    1, 'orders.placed',    '',          'pending'),
    ('shortened',  1, 'orders.placed',    '',          'confirmed'),
    ('shortened',  2, 'orders.shipped',   'confirmed', 'confirmed'),
    ('shortened',  3, 'orders.cancelled', 'confirmed', 'shipped'),
    ('shortened',  4, 'orders.delivered', 'shipped',   'delivered'),
    ('heard',      1, 'orders.placed',    '',          'confirmed'),
    ('heard',      2, 'orders.delivered', 'confirmed', 'delivered'))
    AS e (of, version, name, was, became);

-- Of two sets that were ordered one is on its way.
INSERT INTO products (id, vendor_id, slug, title, status, updated_at) VALUES (u('sets'), u('potter'), 'sets', 'Sets', 'active', now() - interval '1 day');
INSERT INTO variants (id, product_id, vendor_id, sku, title, bundle, bundle_discount_bps) VALUES (u('set'), u('sets'), u('potter'), 'SET', 'Set', 'summed', 500);
INSERT INTO variant_components (bundle_id, component_id, quantity) VALUES (u('set'), u('teapot'), 2), (u('set'), u('card'), 1);
INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (u('set'), 'USD', 2090, 'potter');
INSERT INTO prices (variant_id, currency, amount_minor) VALUES (u('set'), 'USD', 2090);
INSERT INTO listed_products (product_id, name, skus, words, text_digest, digest) VALUES (u('sets'), 'sets', '{set}', 'set', '', '');
INSERT INTO listings (product_id, currency, vendor_id, name, category_ids, tag_ids, facet_ids, in_stock, created_at, min_minor, max_minor) VALUES
    (u('sets'), 'USD', u('potter'), 'sets', '{}', '{}', '{}', true, now(), 2090, 2090);
INSERT INTO orders (id, number, cart_id, token_hash, email, status, payment_status, fulfillment_status, currency, items_minor,
                    discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, version) VALUES
    (u('given'), 'S-8', u('cart 9'), sha256('9'), 'six@example.com', 'confirmed', 'authorized', 'partially_shipped', 'USD',
     4180, 0, 0, 0, false, 4180, '{}', '{}', 2);
INSERT INTO carts (id, currency, order_id) VALUES (u('cart 9'), 'USD', u('given'));
INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, currency,
                           items_minor, discount_minor, shipping_minor, tax_minor, total_minor, shipping_option) VALUES
    (u('given, potter'), u('given'), u('potter'), 'Potter', 'potter', 'S-8-1', 'partially_shipped', 'USD', 4180, 0, 0, 0, 4180, '{}');
INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked,
                         requires_shipping, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps, commission_minor,
                         currency, quantity_fulfilled) VALUES
    (u('given sets'), u('given'), u('given, potter'), u('potter'), u('set'), u('sets'), 'sets', 1, 'Sets', 'Set', true,
     true, 2, 2090, 4180, 0, 0, 4180, 1000, 418, 'USD', 1);
INSERT INTO order_line_components (order_line_id, variant_id, position, title, quantity, tracked, total_minor, tax_minor) VALUES
    (u('given sets'), u('teapot'), 1, 'Teapot', 2, true, 3800, 0), (u('given sets'), u('card'), 2, 'Card', 1, false, 380, 0);
INSERT INTO shipments (id, order_id, vendor_order_id, vendor_id, status) VALUES (u('parcel 9'), u('given'), u('given, potter'), u('potter'), 'shipped');
INSERT INTO shipment_lines (shipment_id, order_line_id, quantity) VALUES (u('parcel 9'), u('given sets'), 1);
UPDATE stock_levels SET allocated = allocated + 2 WHERE variant_id = u('teapot');
INSERT INTO stock_movements (variant_id, location_id, delta, reason, ref, actor) VALUES
    (u('teapot'), u('kiln'), 2, 'receive', NULL, 'potter'), (u('teapot'), u('kiln'), -2, 'sale', u('given sets'), 'potter');
INSERT INTO reservations (id, order_id, order_line_id, variant_id, location_id, quantity, state) VALUES
    (u('for given sets'), u('given'), u('given sets'), u('teapot'), u('kiln'), 2, 'allocated');
INSERT INTO payments (id, order_id, provider, status, currency, amount_minor, authorized_minor) VALUES
    (u('payment 9'), u('given'), 'cod', 'authorized', 'USD', 4180, 4180);
INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor) VALUES
    (u('fact 90'), u('payment 9'), 'authorize', 4180, 'USD', 'placed', 'guest');
INSERT INTO events (id, name, subject, version, data, actor) VALUES
    (u('event given1'), 'orders.placed', u('given'), 1, '{"from": "", "to": "confirmed"}', 'somebody'),
    (u('event given2'), 'orders.shipped', u('given'), 2, '{"from": "confirmed", "to": "confirmed"}', 'somebody');

-- Anna joined Gold, paused, and goes on.
INSERT INTO products (id, vendor_id, slug, title, status, unlisted, updated_at) VALUES (u('gold'), u('potter'), 'gold', 'Gold', 'active', true, now() - interval '1 day');
INSERT INTO variants (id, product_id, vendor_id, title, requires_shipping, tracked) VALUES (u('gold'), u('gold'), u('potter'), 'Gold', false, false);
INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES (u('gold'), 'USD', 0, 'staff');
INSERT INTO prices (variant_id, currency, amount_minor) VALUES (u('gold'), 'USD', 0);
INSERT INTO orders (id, number, cart_id, user_id, email, status, payment_status, fulfillment_status, currency, items_minor,
                    discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, version) VALUES
    (u('joined'), 'S-20', u('cart 20'), u('anna'), 'anna@example.com', 'delivered', 'paid', 'delivered', 'USD', 0, 0, 0, 0, false, 0, '{}', '{}', 2);
INSERT INTO carts (id, currency, order_id) VALUES (u('cart 20'), 'USD', u('joined'));
INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, paid, currency,
                           items_minor, discount_minor, shipping_minor, tax_minor, total_minor, shipping_option) VALUES
    (u('joined, potter'), u('joined'), u('potter'), 'Potter', 'potter', 'S-20-1', 'delivered', true, 'USD', 0, 0, 0, 0, 0, '{}');
INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked,
                         requires_shipping, digital, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps,
                         commission_minor, currency, quantity_fulfilled) VALUES
    (u('joined gold'), u('joined'), u('joined, potter'), u('potter'), u('gold'), u('gold'), 'gold', 1, 'Gold', 'Gold', false,
     false, true, 1, 0, 0, 0, 0, 0, 1000, 0, 'USD', 1);
INSERT INTO shipments (id, order_id, vendor_order_id, vendor_id, kind, status, delivered_at) VALUES
    (u('joined at once'), u('joined'), u('joined, potter'), u('potter'), 'digital', 'delivered', now());
INSERT INTO shipment_lines (shipment_id, order_line_id, quantity) VALUES (u('joined at once'), u('joined gold'), 1);
INSERT INTO payments (id, order_id, provider, status, currency, amount_minor) VALUES (u('payment 20'), u('joined'), 'free', 'authorized', 'USD', 0);
INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor) VALUES
    (u('fact 200'), u('payment 20'), 'authorize', 0, 'USD', 'placed', 'anna');
INSERT INTO events (id, name, subject, version, data, actor) VALUES
    (u('event joined1'), 'orders.placed', u('joined'), 1, '{"from": "", "to": "confirmed"}', 'anna'),
    (u('event joined2'), 'orders.delivered', u('joined'), 2, '{"from": "confirmed", "to": "delivered"}', 'anna');
INSERT INTO plans (id, product_id, variant_id, name, unit, units) VALUES (u('gold'), u('gold'), u('gold'), 'Gold', 'month', 1);
INSERT INTO promotions (id, plan_id, name, needs_code, status, platform_ppm, conditions, reward) VALUES
    (u('a tenth off'), u('gold'), 'Gold: 10 % off', false, 'active', 1000000, '{"plans": ["gold"]}', '{"kind": "percent_off"}');
INSERT INTO memberships (id, user_id, status, ends_at, benefits_until, currency, due_at) VALUES
    (u('anna of gold'), u('anna'), 'active', '2050-02-10', '2050-02-10', 'USD', '2050-02-10');
INSERT INTO membership_periods (membership_id, number, plan_id, kind, order_id, starts_at, ends_at, currency) VALUES
    (u('anna of gold'), 1, u('gold'), 'paid', u('joined'), '2050-01-01', '2050-01-21', 'USD'),
    (u('anna of gold'), 2, u('gold'), 'carried', NULL, '2050-01-31', '2050-02-10', 'USD');

INSERT INTO event_cursors (follower, xid, seq)
SELECT f.name, e.xid, e.seq FROM (VALUES ('relay'), ('search')) f (name), (SELECT xid, seq FROM events ORDER BY xid DESC, seq DESC LIMIT 1) e;
INSERT INTO river_job (kind, state, max_attempts, args, attempted_at, finalized_at) VALUES
    ('fetch pictures', 'completed', 5, '{}', now() - interval '2 hours', now()), ('fetch pictures', 'running', 5, '{}', now(), NULL);

-- Three reviews of the teapots: anna's, one of somebody who is gone, and one that waits.
INSERT INTO reviews (id, product_id, vendor_id, user_id, author, rating, body, status, held_for, helpful_count, report_count) VALUES
    (u('praise'),  u('teapots'), u('potter'), u('anna'), 'Anna', 4, 'Pours well.', 'published', '', 1, 1),
    (u('stars'),   u('teapots'), u('potter'), NULL, '', 5, '', 'published', '', 0, 0),
    (u('doubtful'), u('teapots'), u('potter'), NULL, '', 1, '', 'pending', 'links', 0, 0);
INSERT INTO product_ratings (product_id, rating_count, rating_sum, stars_4, stars_5) VALUES (u('teapots'), 2, 9, 1, 1);
INSERT INTO product_ratings (product_id) VALUES (u('rugs'));
UPDATE listings SET rating = 4.5, rating_count = 2 WHERE product_id = u('teapots');
INSERT INTO review_votes (review_id, user_id) VALUES (u('praise'), u('bert'));
INSERT INTO review_reports (review_id, user_id, reason) VALUES (u('praise'), u('bert'), 'off_topic');
INSERT INTO review_reports (review_id, user_id, reason, settled_at) VALUES (u('stars'), u('bert'), 'spam', now());

-- Three entries of the audit trail, two of them sealed.
INSERT INTO audit_log (xid, id, action, outcome, actor, subject) VALUES
    ('1', u('audit one'), 'admin-disable-user', 200, 'user_1', 'user_2'),
    ('2', u('audit two'), 'admin-enable-user', 200, 'user_1', 'user_2'),
    ('3', u('audit three'), 'auth-login', 401, 'guest', '');
INSERT INTO audit_seals (n, xid, seq, hash) SELECT 1, xid, seq, audit_digest(NULL, e) FROM audit_log e WHERE xid = '1';
INSERT INTO audit_seals (n, xid, seq, hash) SELECT 2, e.xid, e.seq, audit_digest(s.hash, e) FROM audit_log e, audit_seals s WHERE e.xid = '2';

-- A song by three keys, of which two were handed over with its file.
INSERT INTO products (id, vendor_id, slug, title, status, updated_at) VALUES (u('songs'), u('weaver'), 'songs', 'Songs', 'draft', now() - interval '1 day');
INSERT INTO variants (id, product_id, vendor_id, sku, title, tracked, requires_shipping) VALUES (u('song'), u('songs'), u('weaver'), 'SNG', 'Song', true, false);
INSERT INTO digital_files (id, variant_id, vendor_id, name, content_type, size, sha256, file, state) VALUES
    (u('score'), u('song'), u('weaver'), 'score.pdf', 'application/pdf', 1, sha256('score'), 'score.bin', 'ready');
INSERT INTO licence_keys (id, variant_id, vendor_id, digest, sealed, hint, state) VALUES
    (u('key 1'), u('song'), u('weaver'), sha256('1'), '1', '1', 'granted'), (u('key 2'), u('song'), u('weaver'), sha256('2'), '2', '2', 'granted'),
    (u('key 3'), u('song'), u('weaver'), sha256('3'), '3', '3', 'free');
INSERT INTO orders (id, number, cart_id, user_id, email, status, payment_status, fulfillment_status, currency, items_minor,
                    discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, version) VALUES
    (u('heard'), 'S-6', u('cart 7'), u('anna'), 'anna@example.com', 'delivered', 'paid', 'delivered', 'USD', 0, 0, 0, 0, false, 0, '{}', '{}', 2);
INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, paid, currency,
                           items_minor, discount_minor, shipping_minor, tax_minor, total_minor, shipping_option) VALUES
    (u('heard, weaver'), u('heard'), u('weaver'), 'Weaver', 'weaver', 'S-6-1', 'delivered', true, 'USD', 0, 0, 0, 0, 0, '{}');
INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked,
                         requires_shipping, digital, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps,
                         commission_minor, currency, quantity_fulfilled) VALUES
    (u('heard songs'), u('heard'), u('heard, weaver'), u('weaver'), u('song'), u('songs'), 'songs', 1, 'song', 'song', true,
     false, true, 2, 0, 0, 0, 0, 0, 2000, 0, 'USD', 2);
INSERT INTO shipments (id, order_id, vendor_order_id, vendor_id, kind, status, delivered_at) VALUES
    (u('handed over'), u('heard'), u('heard, weaver'), u('weaver'), 'digital', 'delivered', now());
INSERT INTO shipment_lines (shipment_id, order_line_id, quantity) VALUES (u('handed over'), u('heard songs'), 2);
INSERT INTO stock_levels (variant_id, location_id, vendor_id, on_hand, serialised) VALUES (u('song'), u('loom'), u('weaver'), 1, true);
INSERT INTO stock_movements (variant_id, location_id, delta, reason, ref, actor) VALUES
    (u('song'), u('loom'), 3, 'receive', NULL, 'weaver'), (u('song'), u('loom'), -2, 'sale', u('heard songs'), 'weaver');
INSERT INTO reservations (id, order_id, order_line_id, variant_id, location_id, quantity, state) VALUES
    (u('for heard songs'), u('heard'), u('heard songs'), u('song'), u('loom'), 0, 'shipped');
INSERT INTO payments (id, order_id, provider, status, currency, amount_minor) VALUES (u('payment 6'), u('heard'), 'free', 'authorized', 'USD', 0);
INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor) VALUES
    (u('fact 9'), u('payment 6'), 'authorize', 0, 'USD', 'placed', 'anna');
INSERT INTO digital_grants (id, order_id, order_line_id, vendor_id, file_id, key_id, used_at) VALUES
    (u('grant 1'), u('heard'), u('heard songs'), u('weaver'), u('score'), NULL, NULL),
    (u('grant 2'), u('heard'), u('heard songs'), u('weaver'), NULL, u('key 1'), now()),
    (u('grant 3'), u('heard'), u('heard songs'), u('weaver'), NULL, u('key 2'), NULL);

-- Prices in kroner follow those in dollars and end in .00 or .50; the rug has its own. Traders pay less for a dozen teapots.
INSERT INTO currencies (currency, base, rate_ppb, round_to_minor, ending_minor, decimals, base_decimals, settled) VALUES ('DKK', 'USD', 6871234567, 50, 0, 2, 2, true);
INSERT INTO prices (variant_id, currency, amount_minor, derived) VALUES
    (u('teapot'), 'DKK', 6850, true), (u('card'), 'DKK', 1350, true), (u('rug'), 'DKK', 30000, false), (u('set'), 'DKK', 14298, false), (u('gold'), 'DKK', 0, true);
INSERT INTO price_history (variant_id, currency, amount_minor, actor) VALUES
    (u('teapot'), 'DKK', 6850, 'prices'), (u('card'), 'DKK', 1350, 'prices'), (u('rug'), 'DKK', 30000, 'weaver'), (u('set'), 'DKK', 14298, 'prices'), (u('gold'), 'DKK', 0, 'prices');
INSERT INTO listings (product_id, currency, vendor_id, name, category_ids, tag_ids, facet_ids, in_stock, rating, rating_count, created_at, min_minor, max_minor)
SELECT product_id, 'DKK', vendor_id, name, category_ids, tag_ids, facet_ids, in_stock, rating, rating_count, created_at, kroner, kroner
FROM listings JOIN (VALUES (u('teapots'), 6850), (u('cards'), 1350), (u('rugs'), 30000), (u('sets'), 14298)) AS k (product_id, kroner) USING (product_id);
INSERT INTO customer_groups (id, handle, name) VALUES (u('trade'), 'trade', 'Trade');
INSERT INTO price_lists (id, vendor_id, name, status, customer_groups) VALUES (u('trade list'), u('potter'), 'Trade', 'active', '{trade}');
INSERT INTO price_list_prices (list_id, variant_id, currency, min_quantity, amount_minor) VALUES (u('trade list'), u('teapot'), 'USD', 12, 850);
-- Anna was given a gift card of 50.00, of which 10.00 have paid five cards of the potter's that are not on their way yet, and 3.00 of
-- store credit. The house sells gift cards, too.
INSERT INTO vendors (id, slug, name, status, commission_bps, house) VALUES (u('house'), 'house', 'House', 'active', 0, true);
INSERT INTO products (id, vendor_id, slug, title, status, gift_card, updated_at) VALUES (u('vouchers'), u('house'), 'vouchers', 'Vouchers', 'draft', true, now() - interval '1 day');
INSERT INTO variants (id, product_id, vendor_id, sku, title, taxable, tracked, requires_shipping) VALUES (u('voucher'), u('vouchers'), u('house'), 'VOU', 'Voucher', false, false, false);
INSERT INTO orders (id, number, cart_id, user_id, email, status, payment_status, fulfillment_status, currency, items_minor,
                    discount_minor, shipping_minor, tax_minor, tax_included, grand_total_minor, shipping_address, billing_address, version) VALUES
    (u('treated'), 'S-10', u('cart 10'), u('anna'), 'anna@example.com', 'confirmed', 'paid', 'unfulfilled', 'USD', 1000, 0, 0, 0, false, 1000, '{}', '{}', 1);
INSERT INTO carts (id, currency, order_id) VALUES (u('cart 10'), 'USD', u('treated'));
INSERT INTO vendor_orders (id, order_id, vendor_id, vendor_name, vendor_slug, number, status, currency,
                           items_minor, discount_minor, shipping_minor, tax_minor, total_minor, credit_minor, shipping_option) VALUES
    (u('treated, potter'), u('treated'), u('potter'), 'Potter', 'potter', 'S-10-1', 'confirmed', 'USD', 1000, 0, 0, 0, 1000, 1000, '{}');
INSERT INTO order_lines (id, order_id, vendor_order_id, vendor_id, variant_id, product_id, product_slug, position, title, variant_title, tracked,
                         requires_shipping, quantity, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, commission_bps, commission_minor, currency) VALUES
    (u('treated cards'), u('treated'), u('treated, potter'), u('potter'), u('card'), u('cards'), 'cards', 1, 'Cards', 'Card', false,
     true, 5, 200, 1000, 0, 0, 1000, 1000, 100, 'USD');
INSERT INTO payments (id, order_id, provider, status, currency, amount_minor, authorized_minor, captured_minor) VALUES
    (u('payment 10'), u('treated'), 'gift_card', 'captured', 'USD', 1000, 1000, 1000), (u('payment 11'), u('treated'), 'free', 'authorized', 'USD', 0, 0, 0);
INSERT INTO payment_events (id, payment_id, kind, amount_minor, currency, cause, actor) VALUES
    (u('fact 10'), u('payment 10'), 'authorize', 1000, 'USD', 'placed', 'anna'), (u('fact 11'), u('payment 10'), 'capture', 1000, 'USD', 'placed', 'anna'),
    (u('fact 12'), u('payment 11'), 'authorize', 0, 'USD', 'placed', 'anna');
INSERT INTO events (id, name, subject, version, data, actor) VALUES (u('event treated1'), 'orders.placed', u('treated'), 1, '{"from": "", "to": "confirmed"}', 'somebody');
UPDATE event_cursors SET xid = e.xid, seq = e.seq FROM (SELECT xid, seq FROM events ORDER BY xid DESC, seq DESC LIMIT 1) e;
INSERT INTO gift_cards (id, code_hash, hint, currency, initial_minor, balance_minor) VALUES (u('treat'), sha256('treat'), 'TRTT', 'USD', 5000, 4000);
INSERT INTO gift_card_entries (id, gift_card_id, kind, delta_minor, payment_id, actor) VALUES
    (u('entry 1'), u('treat'), 'issued', 5000, NULL, 'staff'), (u('entry 2'), u('treat'), 'redeemed', -1000, u('payment 10'), 'anna');
INSERT INTO store_credits (user_id, currency, balance_minor) VALUES (u('anna'), 'USD', 300);
INSERT INTO store_credit_entries (id, user_id, currency, kind, delta_minor, actor) VALUES (u('entry 3'), u('anna'), 'USD', 'granted', 300, 'staff');
INSERT INTO ledger_accounts (id, kind, currency) VALUES
    (u('goodwill'), 'goodwill_expense', 'USD'), (u('on cards'), 'gift_card_liability', 'USD'), (u('on account'), 'store_credit_liability', 'USD'),
    (u('ahead'), 'customer_deposits', 'USD');
INSERT INTO ledger_txns (id, ref_type, ref_id, memo) VALUES
    (u('posting 10'), 'gift_card_entry', u('entry 1'), 'given'), (u('posting 11'), 'payment_event', u('fact 11'), 'order S-10'),
    (u('posting 12'), 'store_credit_entry', u('entry 3'), 'granted');
INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
    (u('posting 10'), u('goodwill'), 'USD', 5000), (u('posting 10'), u('on cards'), 'USD', -5000),
    (u('posting 11'), u('on cards'), 'USD', 1000), (u('posting 11'), u('ahead'), 'USD', -1000),
    (u('posting 12'), u('goodwill'), 'USD', 300), (u('posting 12'), u('on account'), 'USD', -300);

-- Two months of the books that are closed.
INSERT INTO ledger_accounts (id, kind, currency) VALUES (u('fees'), 'provider_fees', 'USD'), (u('bank'), 'bank', 'USD');
INSERT INTO ledger_txns (id, ref_type, ref_id, memo, at) VALUES
    (u('posting 20'), 'fee', u('fee 1'), 'a fee', '2026-01-15'), (u('posting 21'), 'fee', u('fee 2'), 'a fee given back', '2026-02-15');
INSERT INTO ledger_entries (txn_id, account_id, currency, amount_minor) VALUES
    (u('posting 20'), u('fees'), 'USD', 100), (u('posting 20'), u('bank'), 'USD', -100),
    (u('posting 21'), u('fees'), 'USD', -40), (u('posting 21'), u('bank'), 'USD', 40);
INSERT INTO ledger_periods (month) VALUES ('2026-01-01'), ('2026-02-01');
INSERT INTO ledger_period_changes (month, change, reason, actor) VALUES
    ('2026-01-01', 'closed', '', 'anna'), ('2026-01-01', 'reopened', 'too early', 'anna'), ('2026-01-01', 'closed', '', 'anna'), ('2026-02-01', 'closed', '', 'anna');
INSERT INTO ledger_period_balances (month, account_id, debit_minor, credit_minor) VALUES
    ('2026-01-01', u('fees'), 100, 0), ('2026-01-01', u('bank'), 0, 100), ('2026-02-01', u('fees'), 100, 40), ('2026-02-01', u('bank'), 40, 100);

-- The potter has billed what arrived, and three teapots of which one was cancelled before it was paid.
INSERT INTO invoice_counters (vendor_id, kind, year, last, last_on) VALUES (u('potter'), 'invoice', '2026', 2, '2026-11-27'), (u('potter'), 'credit_note', '2026', 1, '2026-11-27');
INSERT INTO invoices (id, vendor_id, order_id, vendor_order_id, kind, year, serial, number, corrects, seller, buyer, supplied_to, currency, tax_included,
                      total_minor, tax_minor, paid, ordered_at, ordered_on, issued_on)
SELECT u(i.name), u('potter'), u(i.of), u(i.of || ', potter'), i.kind, '2026', i.serial, i.number, u(i.corrects), '{}', '{}', '{}', 'USD', i.of = 'arrived',
       i.total, i.tax, true, now(), current_date, '2026-11-27'
FROM (VALUES
    ('bill 1', 'arrived',   'invoice',     1, 'I2026-000001', NULL,     2500, 416),
    ('bill 2', 'shortened', 'invoice',     2, 'I2026-000002', NULL,     3000,   0),
    ('note 1', 'shortened', 'credit_note', 1, 'C2026-000001', 'bill 2', 1000,   0))
    AS i (name, of, kind, serial, number, corrects, total, tax);
INSERT INTO invoice_lines (invoice_id, position, kind, order_line_id, title, quantity, unit_minor, discount_minor, tax_minor, total_minor, taxes)
SELECT u(l.of), l.position, l.kind, u(l.line), l.kind, l.quantity, l.unit, 0, l.tax, l.total, l.taxes::jsonb
FROM (VALUES
    ('bill 1', 1, 'goods',    'arrived teapots',   2, 1000, 333, 2000, '[{"label": "tax", "ppm": 200000, "amount": 333}]'),
    ('bill 1', 2, 'goods',    'arrived card',      1,  200,  33,  200, '[{"label": "tax", "ppm": 200000, "amount": 33}]'),
    ('bill 1', 3, 'shipping', NULL,                1,  300,  50,  300, '[{"label": "tax", "ppm": 200000, "amount": 50}]'),
    ('bill 2', 1, 'goods',    'shortened teapots', 3, 1000,   0, 3000, '[]'),
    ('note 1', 1, 'goods',    'shortened teapots', 1, 1000,   0, 1000, '[]'))
    AS l (of, position, kind, line, quantity, unit, tax, total, taxes);
