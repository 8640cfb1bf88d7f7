-- What must be true of a healthy shop. Each statement finds what breaks its rule: no row is good news.
-- The rule stands behind its name, one statement follows. "Eventual" rules have a grace after a crash;
-- all others hold in every committed state, in the middle of a rush, too.
--
-- A orders · B payments · C ledger · D vendors' money · E stock · G carts and keys · H events · J accounts · K catalogue · L reviews · M digital goods
--
-- Names are for good, so these are kept for rules whose tables are still to come:
--
--   Rule        What it says                                                       Comes with
--   B3, B4      refunds under way stay within the capture, and within each line    refunds (payments)
--   B9          no payment of unknown outcome without a job that reconciles it     the first provider over a network (payments)
--   D3, D4      a payout is the sum of its items; nobody gets more than was earned payouts
--   F1 F2 F3    coupon uses stay within their limits and belong to live orders     coupons (pricing)
--   F4          a gift card's balance is the sum of its entries                    gift cards (pricing)
--   H4          each provider's event is applied once, and none is forgotten       webhook inbox (payments)
--   I1, I2      invoice numbers have no gap; one invoice for each paid part        invoices (orders)
--   J4          each refund stands in the audit trail                              refunds (payments)
--
-- H5 will also name money jobs that were given up (audit log), G2 needs no rule for a call that is stuck: its claim is
-- taken over after a minute. A line's commission is a figure of the line, so D1 and D2 read it there. An event is its own
-- outbox row, so H3 asks only whether it waits.

-- [A1] an order's total = items - discounts + shipping + fees + rounding (+ tax when tax is on top)
SELECT id FROM orders
WHERE grand_total_minor <> items_minor - discount_minor + shipping_minor + fee_minor + rounding_minor
      + CASE WHEN tax_included THEN 0 ELSE tax_minor END;

-- [A2] an order's items = the sum of its lines, and each line's subtotal = unit price x quantity
SELECT o.id FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id, o.items_minor
HAVING o.items_minor <> coalesce(sum(l.subtotal_minor), 0) OR bool_or(l.subtotal_minor <> l.unit_price_minor * l.quantity);

-- [A3] a line's total = subtotal - discount (+ tax when on top)
SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE l.total_minor <> l.subtotal_minor - l.discount_minor + CASE WHEN o.tax_included THEN 0 ELSE l.tax_minor END;

-- [A4] allocated discounts re-add to the cent, over the order and over each line
SELECT o.id FROM orders o
LEFT JOIN (SELECT order_id, sum(amount_minor) AS amount FROM adjustments WHERE kind = 'discount' GROUP BY 1) a ON a.order_id = o.id
WHERE o.discount_minor <> coalesce(a.amount, 0)
UNION ALL
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, sum(amount_minor) AS amount FROM adjustments WHERE kind = 'discount' GROUP BY 1) a ON a.order_line_id = l.id
WHERE l.discount_minor <> coalesce(a.amount, 0);

-- [A5] allocated taxes re-add to the cent, over the order and over each line
SELECT o.id FROM orders o
LEFT JOIN (SELECT order_id, sum(amount_minor) AS amount FROM adjustments WHERE kind = 'tax' GROUP BY 1) a ON a.order_id = o.id
WHERE o.tax_minor <> coalesce(a.amount, 0)
UNION ALL
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, sum(amount_minor) AS amount FROM adjustments WHERE kind = 'tax' GROUP BY 1) a ON a.order_line_id = l.id
WHERE l.tax_minor <> coalesce(a.amount, 0);

-- [A6] nothing is negative, no line is empty, no discount exceeds its subtotal, no order is without lines
SELECT id FROM order_lines
WHERE quantity <= 0 OR unit_price_minor < 0 OR discount_minor < 0 OR discount_minor > subtotal_minor OR total_minor < 0
UNION ALL
SELECT id FROM orders WHERE grand_total_minor < 0 OR shipping_minor < 0 OR discount_minor < 0
UNION ALL
SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id);

-- [A7] vendor orders partition the order: each line in one of its own vendor, and their totals re-add
SELECT l.id FROM order_lines l LEFT JOIN vendor_orders v ON v.id = l.vendor_order_id
WHERE v.id IS NULL OR v.order_id <> l.order_id OR v.vendor_id <> l.vendor_id
UNION ALL
SELECT o.id FROM orders o LEFT JOIN (SELECT order_id, sum(total_minor) AS total FROM vendor_orders GROUP BY 1) v ON v.order_id = o.id
WHERE o.grand_total_minor - o.fee_minor - o.rounding_minor <> coalesce(v.total, 0)
UNION ALL
SELECT v.id FROM vendor_orders v JOIN orders o ON o.id = v.order_id
LEFT JOIN (SELECT vendor_order_id, sum(total_minor) AS total, sum(discount_minor) AS discount FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
WHERE v.total_minor <> coalesce(l.total, 0) + v.shipping_minor - (v.discount_minor - coalesce(l.discount, 0)) + CASE WHEN o.tax_included THEN 0 ELSE v.shipping_tax_minor END;

-- [A8] one currency for an order, its parts, lines, payments and their events
SELECT o.id FROM orders o JOIN vendor_orders v ON v.order_id = o.id WHERE v.currency <> o.currency
UNION ALL
SELECT o.id FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE l.currency <> o.currency
UNION ALL
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id LEFT JOIN payment_events e ON e.payment_id = p.id
WHERE p.currency <> o.currency OR e.currency <> o.currency;

-- [A9] cancelled + fulfilled <= ordered; returned <= fulfilled
SELECT id FROM order_lines
WHERE quantity_cancelled < 0 OR quantity_fulfilled < 0 OR quantity_returned < 0
   OR quantity_cancelled + quantity_fulfilled > quantity OR quantity_returned > quantity_fulfilled;

-- [A10] the state of an order is that of its parts
SELECT o.id FROM orders o
WHERE (o.status = 'cancelled') <> NOT EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status <> 'cancelled')
   OR o.status IN ('shipped', 'delivered', 'completed') AND EXISTS (
        SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status IN ('pending', 'confirmed', 'partially_shipped'))
   OR o.status IN ('delivered', 'completed') AND EXISTS (
        SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status = 'shipped');

-- [A11] what is in the parcels = what the lines say was fulfilled
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity FROM shipment_lines GROUP BY 1) p ON p.order_line_id = l.id
WHERE l.quantity_fulfilled <> coalesce(p.quantity, 0);

-- [A12] what was cancelled of a line is a share of it: nothing when no unit was, everything when all were
SELECT id FROM order_lines
WHERE cancelled_minor NOT BETWEEN 0 AND total_minor OR cancelled_tax_minor NOT BETWEEN 0 AND tax_minor
   OR cancelled_commission_minor NOT BETWEEN 0 AND commission_minor OR cancelled_platform_minor NOT BETWEEN 0 AND platform_minor
   OR quantity_cancelled = 0 AND (cancelled_minor, cancelled_tax_minor, cancelled_commission_minor, cancelled_platform_minor) <> (0, 0, 0, 0)
   OR quantity_cancelled = quantity AND (cancelled_minor, cancelled_tax_minor, cancelled_commission_minor, cancelled_platform_minor)
                                     <> (total_minor, tax_minor, commission_minor, platform_minor);

-- [A13] the state of a part is that of its lines
SELECT v.id FROM vendor_orders v JOIN (
    SELECT vendor_order_id, sum(quantity_fulfilled) AS fulfilled, sum(quantity - quantity_cancelled - quantity_fulfilled) AS remaining
    FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
WHERE NOT CASE v.status
    WHEN 'pending'           THEN fulfilled = 0 AND remaining > 0
    WHEN 'confirmed'         THEN fulfilled = 0 AND remaining > 0
    WHEN 'partially_shipped' THEN fulfilled > 0 AND remaining > 0
    WHEN 'shipped'           THEN fulfilled > 0 AND remaining = 0
    WHEN 'delivered'         THEN fulfilled > 0 AND remaining = 0
    WHEN 'cancelled'         THEN fulfilled = 0 AND remaining = 0
END;

-- [A14] the shares of a bundle's components re-add to its line
SELECT l.id FROM order_lines l JOIN order_line_components c ON c.order_line_id = l.id
GROUP BY l.id, l.total_minor, l.tax_minor HAVING (sum(c.total_minor), sum(c.tax_minor)) <> (l.total_minor, l.tax_minor);

-- [A15] the steps that explain an order come to its total
SELECT o.id FROM orders o
WHERE o.trace <> '[]'
  AND o.grand_total_minor <> (SELECT sum((step -> 'amount' ->> 'amount')::bigint) FROM jsonb_array_elements(o.trace) step);

-- [A16] where a tax engine has not answered, the order was taxed by the table
SELECT id FROM orders WHERE tax_source ->> 'failure' <> '' AND tax_source ->> 'engine' <> 'table';

-- [B1] 0 <= refunded <= captured, and captured + voided <= authorised <= what was asked for
SELECT id FROM payments
WHERE NOT (0 <= refunded_minor AND refunded_minor <= captured_minor AND 0 <= voided_minor
           AND captured_minor + voided_minor <= authorized_minor AND authorized_minor <= amount_minor);

-- [B2] a payment's figures are exactly the sums of its append-only events
SELECT p.id FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
GROUP BY p.id, p.authorized_minor, p.captured_minor, p.voided_minor, p.refunded_minor
HAVING p.authorized_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'authorize'), 0)
    OR p.captured_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'capture'), 0)
    OR p.voided_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'void'), 0)
    OR p.refunded_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind IN ('refund', 'chargeback')), 0);

-- [B5] what was captured for an order is what its paid parts cost, less what was cancelled of them; 'paid' means all parts
WITH part AS (
    SELECT v.order_id, coalesce(sum(v.total_minor - l.cancelled) FILTER (WHERE v.paid), 0) AS due, bool_or(v.paid) AS some,
           bool_or(v.status <> 'cancelled') AND coalesce(bool_and(v.paid) FILTER (WHERE v.status <> 'cancelled'), true) AS everything
    FROM vendor_orders v
    JOIN (SELECT vendor_order_id, sum(cancelled_minor) AS cancelled FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
    GROUP BY 1
), taken AS (
    SELECT order_id, sum(captured_minor) AS amount FROM payments GROUP BY 1
)
SELECT o.id FROM orders o JOIN part ON part.order_id = o.id LEFT JOIN taken ON taken.order_id = o.id
WHERE o.status <> 'cancelled' AND o.payment_status NOT IN ('partially_refunded', 'refunded')
  AND (coalesce(taken.amount, 0) <> part.due + CASE WHEN part.everything THEN o.fee_minor + o.rounding_minor ELSE 0 END
    OR (o.payment_status = 'paid') <> part.everything OR (o.payment_status = 'partially_paid') <> (part.some AND NOT part.everything))
UNION ALL
SELECT id FROM orders WHERE status = 'cancelled' AND payment_status IN ('paid', 'partially_paid');

-- [B6] one payment for each of a provider's references, one event for each cause
SELECT (array_agg(id))[1] FROM payments WHERE provider_ref IS NOT NULL GROUP BY provider, provider_ref HAVING count(*) > 1
UNION ALL
SELECT payment_id FROM payment_events GROUP BY payment_id, kind, cause HAVING count(*) > 1;

-- [B7] money never rests on a cancelled order (eventual)
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id
WHERE o.status = 'cancelled' AND p.captured_minor - p.refunded_minor > 0;

-- [B8] never ask or take more than the order costs: captured - refunded <= its total over all payments, each asked for no more
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id
GROUP BY o.id, o.grand_total_minor
HAVING sum(p.captured_minor - p.refunded_minor) > o.grand_total_minor OR max(p.amount_minor) > o.grand_total_minor;

-- [B10] what was promised and neither taken nor given up is what a confirmed order still owes: its unpaid parts, less what was cancelled
WITH owed AS (
    SELECT v.order_id, sum(v.total_minor - l.cancelled) FILTER (WHERE NOT v.paid AND v.status <> 'cancelled') AS amount,
           bool_or(NOT v.paid AND v.status <> 'cancelled') AS some
    FROM vendor_orders v
    JOIN (SELECT vendor_order_id, sum(cancelled_minor) AS cancelled FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
    GROUP BY 1
), promised AS (
    SELECT order_id, sum(authorized_minor - voided_minor - captured_minor) AS amount FROM payments GROUP BY 1
)
SELECT o.id FROM orders o JOIN owed ON owed.order_id = o.id LEFT JOIN promised ON promised.order_id = o.id
WHERE o.status <> 'pending'
  AND coalesce(promised.amount, 0) <> coalesce(owed.amount, 0) + CASE WHEN owed.some THEN o.fee_minor + o.rounding_minor ELSE 0 END;

-- [C1] every ledger transaction sums to zero in each currency
SELECT txn_id FROM ledger_entries GROUP BY txn_id, currency HAVING sum(amount_minor) <> 0;

-- [C2] every ledger transaction has two or more non-zero entries, in the currency of their accounts
SELECT t.id FROM ledger_txns t LEFT JOIN ledger_entries e ON e.txn_id = t.id LEFT JOIN ledger_accounts a ON a.id = e.account_id
GROUP BY t.id
HAVING count(e.seq) < 2 OR bool_or(e.amount_minor = 0) OR bool_or(e.currency <> a.currency) OR bool_or(a.id IS NULL);

-- [C3] the books as a whole sum to zero in each currency
SELECT currency FROM ledger_entries GROUP BY currency HAVING sum(amount_minor) <> 0;

-- [C4] each capture and refund is posted exactly once
SELECT e.id FROM payment_events e
LEFT JOIN (SELECT ref_id, count(*) AS times FROM ledger_txns WHERE ref_type = 'payment_event' GROUP BY 1) t ON t.ref_id = e.id
WHERE e.kind IN ('capture', 'refund', 'chargeback') AND e.amount_minor > 0 AND t.times IS DISTINCT FROM 1
UNION ALL
SELECT t.id FROM ledger_txns t
WHERE t.ref_type = 'payment_event' AND NOT EXISTS (SELECT FROM payment_events e WHERE e.id = t.ref_id);

-- [C5] each provider's clearing account = captured - refunded
SELECT coalesce(f.provider, l.party)
FROM (SELECT p.provider, e.currency, sum(CASE e.kind WHEN 'capture' THEN e.amount_minor WHEN 'refund' THEN -e.amount_minor WHEN 'chargeback' THEN -e.amount_minor ELSE 0 END) AS amount
      FROM payment_events e JOIN payments p ON p.id = e.payment_id GROUP BY 1, 2) f
FULL JOIN (SELECT a.party, e.currency, sum(e.amount_minor) AS amount
      FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
      WHERE a.kind = 'psp_clearing' AND t.ref_type = 'payment_event' GROUP BY 1, 2) l ON l.party = f.provider AND l.currency = f.currency
WHERE coalesce(f.amount, 0) <> coalesce(l.amount, 0);

-- [D1] a commission is within its basis: 0 <= commission <= what the line brings without tax, with what the platform adds, after cancelling, too
SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE l.commission_minor < 0 OR l.commission_minor > l.total_minor - l.tax_minor + l.platform_minor
   OR l.commission_minor - l.cancelled_commission_minor
      > l.total_minor - l.cancelled_minor - (l.tax_minor - l.cancelled_tax_minor) + l.platform_minor - l.cancelled_platform_minor;

-- [D2] a vendor's account holds what its paid parts earned: goods and shipping without tax, less commission and what was cancelled, and what the platform adds
WITH lines AS (
    SELECT vendor_order_id, sum(commission_minor - cancelled_commission_minor) AS commission, sum(cancelled_minor - cancelled_tax_minor) AS cancelled,
           sum(platform_minor - cancelled_platform_minor) AS platform
    FROM order_lines GROUP BY 1
), earned AS (
    SELECT v.vendor_id, v.currency, sum(v.total_minor - v.tax_minor - l.cancelled - l.commission + l.platform + v.shipping_platform_minor) AS amount
    FROM vendor_orders v JOIN lines l ON l.vendor_order_id = v.id WHERE v.paid AND NOT v.house GROUP BY 1, 2
), booked AS (
    SELECT a.vendor_id, e.currency, -sum(e.amount_minor) AS amount
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
    WHERE a.kind = 'vendor_payable' AND t.ref_type IN ('payment_event', 'vendor_order') GROUP BY 1, 2
)
SELECT vendor_id FROM earned FULL JOIN booked USING (vendor_id, currency)
WHERE coalesce(earned.amount, 0) <> coalesce(booked.amount, 0);

-- [D5] what the marketplace sells itself is its own revenue: its account holds what its paid parts brought without tax, and no other vendor's is among them
WITH lines AS (
    SELECT vendor_order_id, sum(cancelled_minor - cancelled_tax_minor) AS cancelled, sum(platform_minor - cancelled_platform_minor) AS platform
    FROM order_lines GROUP BY 1
), earned AS (
    SELECT v.currency, sum(v.total_minor - v.tax_minor - l.cancelled + l.platform + v.shipping_platform_minor) AS amount
    FROM vendor_orders v JOIN lines l ON l.vendor_order_id = v.id WHERE v.paid AND v.house GROUP BY 1
), booked AS (
    SELECT e.currency, -sum(e.amount_minor) AS amount
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
    WHERE a.kind = 'sales_revenue' AND t.ref_type IN ('payment_event', 'vendor_order') GROUP BY 1
)
SELECT currency FROM earned FULL JOIN booked USING (currency) WHERE coalesce(earned.amount, 0) <> coalesce(booked.amount, 0)
UNION ALL
SELECT p.id::text FROM vendor_orders p JOIN vendors v ON v.id = p.vendor_id WHERE p.house <> v.house;

-- [E1] stock on hand = the sum of its movements
SELECT variant_id FROM stock_levels s
FULL JOIN (SELECT variant_id, location_id, sum(delta) AS delta FROM stock_movements GROUP BY 1, 2) m USING (variant_id, location_id)
WHERE coalesce(s.on_hand, 0) <> coalesce(m.delta, 0);

-- [E2] the counters of reserved and allocated stock = the rows behind them
SELECT variant_id FROM stock_levels s
FULL JOIN (SELECT variant_id, location_id, sum(quantity) FILTER (WHERE state = 'held') AS held, sum(quantity) FILTER (WHERE state = 'allocated') AS allocated
           FROM reservations WHERE state IN ('held', 'allocated') GROUP BY 1, 2) r USING (variant_id, location_id)
WHERE coalesce(s.reserved, 0) <> coalesce(r.held, 0) OR coalesce(s.allocated, 0) <> coalesce(r.allocated, 0);

-- [E3] no oversell: on hand >= 0 and on hand - reserved - allocated >= -backorder limit
SELECT variant_id FROM stock_levels
WHERE on_hand < 0 OR reserved < 0 OR allocated < 0 OR on_hand - reserved - allocated < -backorder_limit;

-- [E4] no hold outlives its expiry by more than the sweeper's grace (eventual)
SELECT id FROM reservations WHERE state = 'held' AND expires_at < now() - interval '5 minutes';

-- [E5] a tracked line is promised exactly what is still to ship, of a bundle each component: held while its order waits for payment, allocated after
WITH part AS (
    SELECT id AS line, variant_id, 1 AS each FROM order_lines l
    WHERE tracked AND NOT EXISTS (SELECT FROM order_line_components c WHERE c.order_line_id = l.id)
    UNION ALL
    SELECT order_line_id, variant_id, quantity FROM order_line_components WHERE tracked
)
SELECT l.id FROM part JOIN order_lines l ON l.id = part.line JOIN orders o ON o.id = l.order_id
LEFT JOIN (SELECT order_line_id, variant_id, coalesce(sum(quantity) FILTER (WHERE state = 'held'), 0) AS held,
                  coalesce(sum(quantity) FILTER (WHERE state = 'allocated'), 0) AS allocated
           FROM reservations WHERE state IN ('held', 'allocated') GROUP BY 1, 2) r ON r.order_line_id = l.id AND r.variant_id = part.variant_id
CROSS JOIN LATERAL (SELECT (l.quantity - l.quantity_cancelled - l.quantity_fulfilled) * part.each AS units) remaining
WHERE o.status <> 'cancelled'
  AND (coalesce(r.held, 0) <> CASE WHEN o.status = 'pending' THEN units ELSE 0 END
    OR coalesce(r.allocated, 0) <> CASE WHEN o.status = 'pending' THEN 0 ELSE units END);

-- [E6] nothing is promised to a missing line, to a cancelled order or beside what the line is for
SELECT r.id FROM reservations r LEFT JOIN order_lines l ON l.id = r.order_line_id LEFT JOIN orders o ON o.id = l.order_id
WHERE r.state IN ('held', 'allocated')
  AND (l.id IS NULL OR o.status = 'cancelled' OR r.order_id <> l.order_id OR CASE
        WHEN EXISTS (SELECT FROM order_line_components c WHERE c.order_line_id = l.id)
        THEN NOT EXISTS (SELECT FROM order_line_components c WHERE c.order_line_id = l.id AND c.variant_id = r.variant_id AND c.tracked)
        ELSE r.variant_id <> l.variant_id END);

-- [E7] units shipped = units moved out for sale, line by line and component by component
WITH part AS (
    SELECT id AS line, variant_id, 1 AS each FROM order_lines l
    WHERE tracked AND NOT EXISTS (SELECT FROM order_line_components c WHERE c.order_line_id = l.id)
    UNION ALL
    SELECT order_line_id, variant_id, quantity FROM order_line_components WHERE tracked
)
SELECT l.id FROM part JOIN order_lines l ON l.id = part.line
LEFT JOIN (SELECT ref, variant_id, -sum(delta) AS moved FROM stock_movements WHERE reason = 'sale' GROUP BY 1, 2) m
    ON m.ref = l.id AND m.variant_id = part.variant_id
WHERE l.quantity_fulfilled * part.each <> coalesce(m.moved, 0);

-- [E8] stock lies at a location of the vendor that sells it
SELECT s.variant_id FROM stock_levels s LEFT JOIN locations p ON p.id = s.location_id LEFT JOIN variants v ON v.id = s.variant_id
WHERE p.vendor_id IS DISTINCT FROM s.vendor_id OR v.vendor_id IS DISTINCT FROM s.vendor_id;

-- [E9] a bundle has no stock of its own
SELECT s.variant_id FROM stock_levels s JOIN variants v ON v.id = s.variant_id
WHERE v.bundle IS NOT NULL AND (s.on_hand, s.reserved, s.allocated) <> (0, 0, 0);

-- [F1] a promotion and a code are used as often, and cost as much, as their redemptions say, where that is limited
SELECT p.id FROM promotions p
LEFT JOIN (SELECT promotion_id, count(*) AS uses, sum(amount_minor) AS amount FROM promotion_redemptions WHERE released_at IS NULL GROUP BY 1) r
    ON r.promotion_id = p.id
WHERE (p.usage_limit IS NOT NULL OR p.customer_limit IS NOT NULL OR p.budget_minor IS NOT NULL) AND p.used <> coalesce(r.uses, 0)
   OR p.budget_minor IS NOT NULL AND p.spent_minor <> coalesce(r.amount, 0)
UNION ALL
SELECT k.id FROM coupons k
LEFT JOIN (SELECT coupon_id, count(*) AS uses FROM promotion_redemptions WHERE released_at IS NULL GROUP BY 1) r ON r.coupon_id = k.id
WHERE k.usage_limit IS NOT NULL AND k.used <> coalesce(r.uses, 0);

-- [F2] no customer uses a promotion more often than it allows
SELECT p.id FROM promotions p JOIN promotion_redemptions r ON r.promotion_id = p.id AND r.released_at IS NULL
GROUP BY p.id, p.customer_limit, r.customer HAVING count(*) > p.customer_limit;

-- [F3] what a promotion takes off an order is one redemption, which stands as long as the order does
WITH given AS (
    SELECT order_id, promotion_id, sum(amount_minor) AS amount FROM adjustments WHERE promotion_id IS NOT NULL GROUP BY 1, 2
)
SELECT o.id FROM given g FULL JOIN promotion_redemptions r USING (order_id, promotion_id) JOIN orders o ON o.id = order_id
WHERE g.amount IS DISTINCT FROM r.amount_minor OR (o.status = 'cancelled') <> (r.released_at IS NOT NULL) OR r.currency <> o.currency;

-- [F4] the platform's part of discounts re-adds: over each line, and over the shipping of each part
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, sum(platform_minor) AS amount FROM adjustments WHERE order_line_id IS NOT NULL GROUP BY 1) a ON a.order_line_id = l.id
WHERE l.platform_minor <> coalesce(a.amount, 0)
UNION ALL
SELECT v.id FROM vendor_orders v
LEFT JOIN (SELECT vendor_order_id, sum(platform_minor) AS amount FROM adjustments WHERE order_line_id IS NULL GROUP BY 1) a ON a.vendor_order_id = v.id
WHERE v.shipping_platform_minor <> coalesce(a.amount, 0);

-- [G1] one order for each cart, one for each number; a cart and the order that it became name each other
SELECT (array_agg(id))[1] FROM orders GROUP BY cart_id HAVING count(*) > 1
UNION ALL
SELECT (array_agg(id))[1] FROM orders GROUP BY number HAVING count(*) > 1
UNION ALL
SELECT c.id FROM carts c LEFT JOIN orders o ON o.id = c.order_id WHERE c.order_id IS NOT NULL AND o.cart_id IS DISTINCT FROM c.id
UNION ALL
SELECT c.id FROM carts c JOIN orders o ON o.cart_id = c.id WHERE c.order_id IS DISTINCT FROM o.id;

-- [G2] one answer for each caller, operation and key; one to a checkout names an order that exists, and its total
SELECT min(key) FROM idempotency_keys GROUP BY principal, operation, key HAVING count(*) > 1
UNION ALL
SELECT k.key FROM (
    SELECT key, convert_from(response, 'UTF8')::jsonb -> 'order' AS answer FROM idempotency_keys
    WHERE operation LIKE '%checkout%' AND length(response) > 0) k
LEFT JOIN orders o ON o.number = k.answer ->> 'number'
WHERE o.grand_total_minor IS DISTINCT FROM (k.answer -> 'totals' -> 'grand_total' ->> 'amount')::bigint;

-- [H1] every order has an unbroken chain of events 1..n that ends in its present version and state
SELECT o.id FROM orders o LEFT JOIN events e ON e.subject = o.id AND e.version IS NOT NULL
GROUP BY o.id, o.version, o.status
HAVING count(e.version) = 0 OR count(e.version) <> max(e.version) OR min(e.version) <> 1 OR max(e.version) <> o.version
    OR (array_agg(e.data ->> 'to' ORDER BY e.version DESC))[1] IS DISTINCT FROM o.status;

-- [H2] only legal moves, each starting where the last one ended
WITH steps AS (
    SELECT e.subject, e.version, e.data ->> 'from' AS was, e.data ->> 'to' AS became,
           lag(e.data ->> 'to') OVER (PARTITION BY e.subject ORDER BY e.version) AS before
    FROM events e JOIN orders o ON o.id = e.subject WHERE e.version IS NOT NULL
)
SELECT subject FROM steps
WHERE coalesce(was, '') IS DISTINCT FROM coalesce(before, '')
   OR was <> became AND (was, became) NOT IN (
        ('', 'pending'), ('', 'confirmed'), ('pending', 'confirmed'), ('pending', 'cancelled'), ('confirmed', 'shipped'), ('confirmed', 'delivered'),
        ('confirmed', 'cancelled'), ('shipped', 'delivered'), ('delivered', 'completed'), ('delivered', 'returned'), ('completed', 'returned'));

-- [H3] no event waits for a follower longer than a minute (eventual)
SELECT e.id FROM event_cursors c JOIN events e ON (e.xid, e.seq) > (c.xid, c.seq)
WHERE e.at < now() - interval '1 minute';

-- [H5] no job is left running past the rescue window (eventual)
SELECT id FROM river_job WHERE state = 'running' AND attempted_at < now() - interval '1 hour';

-- [J1] at most one live token in a refresh family, and none in a revoked one
SELECT session_id FROM refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > now() GROUP BY session_id HAVING count(*) > 1
UNION ALL
SELECT t.session_id FROM refresh_tokens t LEFT JOIN sessions s ON s.id = t.session_id
WHERE t.used_at IS NULL AND t.revoked_at IS NULL AND (s.id IS NULL OR s.revoked_at IS NOT NULL);

-- [J2] a disabled or erased user has no live session or token, and an erased one no e-mail
SELECT u.id FROM users u
WHERE (u.disabled_at IS NOT NULL OR u.erased_at IS NOT NULL)
  AND (EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > now())
    OR EXISTS (SELECT FROM refresh_tokens t WHERE t.user_id = u.id AND t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > now()))
UNION ALL
SELECT id FROM users WHERE erased_at IS NOT NULL AND email IS NOT NULL;

-- [J3] the audit trail is what was sealed: no entry was edited, removed, added or moved
SELECT what FROM audit_broken() AS what;

-- [K1] a price is the last entry of its history
SELECT p.variant_id FROM prices p
LEFT JOIN (SELECT DISTINCT ON (variant_id, currency) variant_id, currency, amount_minor, compare_at_minor
           FROM price_history ORDER BY variant_id, currency, seq DESC) h USING (variant_id, currency)
WHERE (p.amount_minor, p.compare_at_minor) IS DISTINCT FROM (h.amount_minor, h.compare_at_minor);

-- [K2] what is listed is for sale, and what is for sale is listed: at once when search has followed the log to its end, else a minute after (eventual)
WITH followed AS (
    SELECT NOT EXISTS (SELECT FROM listings_due) AND EXISTS (
        SELECT FROM event_cursors c WHERE c.follower = 'search' AND NOT EXISTS (SELECT FROM events e WHERE (e.xid, e.seq) > (c.xid, c.seq))) AS wholly
), sold AS (
    SELECT p.id, greatest(p.updated_at, v.updated_at) AS since FROM products p JOIN vendors v ON v.id = p.vendor_id
    WHERE p.status = 'active' AND v.status = 'active'
)
SELECT coalesce(l.product_id, sold.id) FROM listed_products l FULL JOIN sold ON sold.id = l.product_id
LEFT JOIN products p ON p.id = l.product_id LEFT JOIN vendors v ON v.id = p.vendor_id
WHERE (l.product_id IS NULL OR sold.id IS NULL)
  AND ((SELECT wholly FROM followed) OR coalesce(sold.since, greatest(p.updated_at, v.updated_at), '-infinity') < now() - interval '1 minute');

-- [K3] a listing tells the prices and the availability of now, once search has followed the log to its end (eventual)
WITH followed AS (
    SELECT NOT EXISTS (SELECT FROM listings_due) AND EXISTS (
        SELECT FROM event_cursors c WHERE c.follower = 'search' AND NOT EXISTS (SELECT FROM events e WHERE (e.xid, e.seq) > (c.xid, c.seq))) AS wholly
), asked AS (
    SELECT v.product_id, p.currency, min(p.amount_minor) AS low, max(p.amount_minor) AS high
    FROM variants v JOIN prices p ON p.variant_id = v.id WHERE v.archived_at IS NULL GROUP BY 1, 2
), stock AS (
    SELECT variant_id, sum(on_hand - reserved - allocated + backorder_limit) AS units FROM stock_levels GROUP BY 1
), bundles AS (
    SELECT c.bundle_id, bool_and(v.archived_at IS NULL AND p.status NOT IN ('archived', 'rejected')
                                 AND (NOT v.tracked OR coalesce(s.units, 0) >= c.quantity)) AS some
    FROM variant_components c JOIN variants v ON v.id = c.component_id JOIN products p ON p.id = v.product_id
    LEFT JOIN stock s ON s.variant_id = v.id GROUP BY 1
), available AS (
    SELECT v.product_id, bool_or(CASE WHEN v.bundle IS NULL THEN NOT v.tracked OR s.units > 0 ELSE b.some END) AS some
    FROM variants v
    LEFT JOIN stock s ON s.variant_id = v.id
    LEFT JOIN bundles b ON b.bundle_id = v.id
    WHERE v.archived_at IS NULL GROUP BY 1
)
SELECT coalesce(l.product_id, asked.product_id)
FROM (SELECT product_id, currency, min_minor, max_minor, in_stock FROM listings) l
FULL JOIN (SELECT asked.* FROM asked JOIN listed_products USING (product_id)) asked USING (product_id, currency)
LEFT JOIN available a ON a.product_id = l.product_id
WHERE (SELECT wholly FROM followed)
  AND ((l.min_minor, l.max_minor) IS DISTINCT FROM (asked.low, asked.high) OR l.in_stock <> coalesce(a.some, false));

-- [K5] a bundle has components, and nothing else has: of one vendor, and none of them a bundle
SELECT v.id FROM variants v
WHERE v.archived_at IS NULL AND (v.bundle IS NOT NULL) <> EXISTS (SELECT FROM variant_components c WHERE c.bundle_id = v.id)
UNION ALL
SELECT c.bundle_id FROM variant_components c JOIN variants b ON b.id = c.bundle_id JOIN variants v ON v.id = c.component_id
WHERE b.archived_at IS NULL AND (v.vendor_id <> b.vendor_id OR v.bundle IS NOT NULL);

-- [K6] a summed bundle costs the sum of its components, less its discount, in the currencies that all of them have
WITH asked AS (
    SELECT b.id, p.currency, round(sum(p.amount_minor * c.quantity) * (10000 - b.bundle_discount_bps) / 10000)::bigint AS amount
    FROM variants b JOIN variant_components c ON c.bundle_id = b.id JOIN prices p ON p.variant_id = c.component_id
    WHERE b.bundle = 'summed' AND b.archived_at IS NULL GROUP BY b.id, b.bundle_discount_bps, p.currency
    HAVING count(*) = (SELECT count(*) FROM variant_components n WHERE n.bundle_id = b.id)
)
SELECT coalesce(asked.id, p.variant_id) FROM asked
FULL JOIN (SELECT p.variant_id, p.currency, p.amount_minor FROM prices p JOIN variants v ON v.id = p.variant_id
           WHERE v.bundle = 'summed' AND v.archived_at IS NULL) p
    ON p.variant_id = asked.id AND p.currency = asked.currency
WHERE asked.amount IS DISTINCT FROM p.amount_minor;

-- [L1] the rating of a product is exactly that of its published reviews
SELECT coalesce(r.product_id, p.product_id)
FROM product_ratings r
FULL JOIN (
    SELECT product_id, count(*) AS n, sum(rating) AS stars, count(*) FILTER (WHERE rating = 1) AS one, count(*) FILTER (WHERE rating = 2) AS two,
           count(*) FILTER (WHERE rating = 3) AS three, count(*) FILTER (WHERE rating = 4) AS four, count(*) FILTER (WHERE rating = 5) AS five
    FROM reviews WHERE status = 'published' GROUP BY 1
) p USING (product_id)
WHERE (coalesce(r.rating_count, 0), coalesce(r.rating_sum, 0), coalesce(r.stars_1, 0), coalesce(r.stars_2, 0), coalesce(r.stars_3, 0), coalesce(r.stars_4, 0), coalesce(r.stars_5, 0))
   <> (coalesce(p.n, 0), coalesce(p.stars, 0), coalesce(p.one, 0), coalesce(p.two, 0), coalesce(p.three, 0), coalesce(p.four, 0), coalesce(p.five, 0));

-- [L2] votes for a review and open reports of it are counted exactly, and none is its author's
SELECT r.id FROM reviews r
LEFT JOIN (SELECT review_id, count(*) AS n FROM review_votes GROUP BY 1) v ON v.review_id = r.id
LEFT JOIN (SELECT review_id, count(*) AS n FROM review_reports WHERE settled_at IS NULL GROUP BY 1) e ON e.review_id = r.id
WHERE (r.helpful_count, r.report_count) <> (coalesce(v.n, 0), coalesce(e.n, 0))
UNION ALL
SELECT r.id FROM reviews r JOIN review_votes v ON v.review_id = r.id AND v.user_id = r.user_id
UNION ALL
SELECT r.id FROM reviews r JOIN review_reports e ON e.review_id = r.id AND e.user_id = r.user_id;

-- [L3] whoever reviews a product has received it, and says so once
SELECT r.id FROM reviews r
WHERE r.user_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM orders o JOIN order_lines l ON l.order_id = o.id AND l.product_id = r.product_id
    JOIN shipment_lines i ON i.order_line_id = l.id JOIN shipments s ON s.id = i.shipment_id AND s.status = 'delivered'
    WHERE o.user_id = r.user_id)
UNION ALL
SELECT min(id::text)::uuid FROM reviews WHERE user_id IS NOT NULL GROUP BY user_id, product_id HAVING count(*) > 1;

-- [L4] a listing tells the rating of now, once search has followed the log to its end (eventual)
SELECT l.product_id FROM listings l LEFT JOIN product_ratings r ON r.product_id = l.product_id
WHERE NOT EXISTS (SELECT FROM listings_due) AND EXISTS (
        SELECT FROM event_cursors c WHERE c.follower = 'search' AND NOT EXISTS (SELECT FROM events e WHERE (e.xid, e.seq) > (c.xid, c.seq)))
  AND (l.rating, l.rating_count) <> (coalesce(round(r.rating_sum::numeric / nullif(r.rating_count, 0), 2), 0), coalesce(r.rating_count, 0));

-- [M1] the stock of what is sold by licence keys is its free keys
SELECT coalesce(s.variant_id, k.variant_id)
FROM (SELECT variant_id, sum(on_hand) AS units FROM stock_levels WHERE serialised GROUP BY 1) s
FULL JOIN (SELECT variant_id, count(*) FILTER (WHERE state = 'free') AS units FROM licence_keys GROUP BY 1) k USING (variant_id)
WHERE coalesce(s.units, 0) <> coalesce(k.units, 0);

-- [M2] a licence key is granted to one order line; one that is free, or was withdrawn, is nobody's and has not been seen
SELECT k.id FROM licence_keys k
LEFT JOIN (SELECT key_id, count(*) AS holders FROM digital_grants WHERE key_id IS NOT NULL AND (revoked_at IS NULL OR used_at IS NOT NULL) GROUP BY 1) g
       ON g.key_id = k.id
WHERE coalesce(g.holders, 0) <> CASE k.state WHEN 'granted' THEN 1 ELSE 0 END;

-- [M3] digital goods travel in no parcel; of what was handed over of a line there is a grant, and a key for each unit of a line sold by keys
SELECT l.id FROM order_lines l JOIN shipment_lines i ON i.order_line_id = l.id JOIN shipments s ON s.id = i.shipment_id
WHERE l.digital <> (s.kind = 'digital')
UNION ALL
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, count(*) AS grants, count(key_id) AS keys FROM digital_grants GROUP BY 1) g ON g.order_line_id = l.id
WHERE l.digital AND ((l.quantity_fulfilled > 0) <> (coalesce(g.grants, 0) > 0) OR g.keys NOT IN (0, l.quantity_fulfilled));

-- [M4] nobody has digital goods that were not paid for
SELECT g.id FROM digital_grants g JOIN order_lines l ON l.id = g.order_line_id JOIN vendor_orders v ON v.id = l.vendor_order_id
WHERE l.order_id <> g.order_id OR l.vendor_id <> g.vendor_id OR NOT v.paid AND v.total_minor > 0;
