-- What must be true of a healthy shop. Each statement finds what breaks its rule: no row is good news.
-- The rule stands behind its name, one statement follows. "Eventual" rules have a grace after a crash;
-- all others hold in every committed state, in the middle of a rush, too.

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
WHERE o.discount_minor <> coalesce((SELECT sum(a.amount_minor) FROM adjustments a WHERE a.order_id = o.id AND a.kind = 'discount'), 0)
UNION ALL
SELECT l.id FROM order_lines l
WHERE l.discount_minor <> coalesce((SELECT sum(a.amount_minor) FROM adjustments a WHERE a.order_id = l.order_id AND a.order_line_id = l.id AND a.kind = 'discount'), 0);

-- [A5] allocated taxes re-add to the cent, over the order and over each line
SELECT o.id FROM orders o
WHERE o.tax_minor <> coalesce((SELECT sum(a.amount_minor) FROM adjustments a WHERE a.order_id = o.id AND a.kind = 'tax'), 0)
UNION ALL
SELECT l.id FROM order_lines l
WHERE l.tax_minor <> coalesce((SELECT sum(a.amount_minor) FROM adjustments a WHERE a.order_id = l.order_id AND a.order_line_id = l.id AND a.kind = 'tax'), 0);

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
SELECT o.id FROM orders o
WHERE o.grand_total_minor - o.fee_minor - o.rounding_minor <> (SELECT coalesce(sum(v.total_minor), 0) FROM vendor_orders v WHERE v.order_id = o.id)
UNION ALL
SELECT v.id FROM vendor_orders v JOIN orders o ON o.id = v.order_id
WHERE v.total_minor <> (SELECT coalesce(sum(l.total_minor), 0) FROM order_lines l WHERE l.vendor_order_id = v.id)
      + v.shipping_minor + CASE WHEN o.tax_included THEN 0 ELSE v.shipping_tax_minor END;

-- [A8] one currency for an order, its parts, lines, payments and their events
SELECT o.id FROM orders o
WHERE EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.currency <> o.currency)
   OR EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id AND l.currency <> o.currency)
   OR EXISTS (SELECT FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
              WHERE p.order_id = o.id AND (p.currency <> o.currency OR e.currency <> o.currency));

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
WHERE l.quantity_fulfilled <> coalesce((SELECT sum(s.quantity) FROM shipment_lines s WHERE s.order_line_id = l.id), 0);

-- [B1] 0 <= refunded <= captured, and captured + voided <= authorised
SELECT id FROM payments
WHERE NOT (0 <= refunded_minor AND refunded_minor <= captured_minor AND 0 <= voided_minor AND captured_minor + voided_minor <= authorized_minor);

-- [B2] a payment's figures are exactly the sums of its append-only events
SELECT p.id FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
GROUP BY p.id
HAVING p.authorized_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'authorize'), 0)
    OR p.captured_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'capture'), 0)
    OR p.voided_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'void'), 0)
    OR p.refunded_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind IN ('refund', 'chargeback')), 0);

-- [B5] 'paid' means: captured = the total of the parts that were not cancelled, part by part
SELECT o.id FROM orders o
WHERE o.payment_status = 'paid'
  AND (SELECT coalesce(sum(v.total_minor), 0) FROM vendor_orders v WHERE v.order_id = o.id AND v.status <> 'cancelled') + o.fee_minor + o.rounding_minor
      <> (SELECT coalesce(sum(p.captured_minor), 0) FROM payments p WHERE p.order_id = o.id)
UNION ALL
SELECT o.id FROM orders o
WHERE (o.payment_status = 'paid') <> (
        EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status <> 'cancelled')
        AND NOT EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status <> 'cancelled' AND NOT v.paid))
  AND o.payment_status NOT IN ('partially_refunded', 'refunded');

-- [B6] one payment for each of a provider's references, one event for each cause
SELECT (array_agg(id))[1] FROM payments WHERE provider_ref IS NOT NULL GROUP BY provider, provider_ref HAVING count(*) > 1
UNION ALL
SELECT payment_id FROM payment_events GROUP BY payment_id, kind, cause HAVING count(*) > 1;

-- [B7] money never rests on a cancelled order (eventual)
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id
WHERE o.status = 'cancelled' AND p.captured_minor - p.refunded_minor > 0;

-- [B8] never take more than the order: captured - refunded <= its total, over all payments
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id
GROUP BY o.id, o.grand_total_minor
HAVING sum(p.captured_minor - p.refunded_minor) > o.grand_total_minor;

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
WHERE e.kind IN ('capture', 'refund', 'chargeback') AND e.amount_minor > 0
  AND (SELECT count(*) FROM ledger_txns t WHERE t.ref_type = 'payment_event' AND t.ref_id = e.id) <> 1
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

-- [D1] a commission is within its basis: 0 <= commission <= what the line brings without tax
SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE l.commission_minor < 0
   OR l.commission_minor > l.subtotal_minor - l.discount_minor - CASE WHEN o.tax_included THEN l.tax_minor ELSE 0 END;

-- [D2] a vendor's account holds exactly what its paid parts earned: goods and shipping without tax, less commission
WITH earned AS (
    SELECT v.vendor_id, v.currency, sum(v.total_minor - v.tax_minor - (SELECT sum(l.commission_minor) FROM order_lines l WHERE l.vendor_order_id = v.id)) AS amount
    FROM vendor_orders v WHERE v.paid GROUP BY 1, 2
), booked AS (
    SELECT a.vendor_id, e.currency, -sum(e.amount_minor) AS amount
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
    WHERE a.kind = 'vendor_payable' AND t.ref_type = 'payment_event' GROUP BY 1, 2
)
SELECT vendor_id FROM earned FULL JOIN booked USING (vendor_id, currency)
WHERE coalesce(earned.amount, 0) <> coalesce(booked.amount, 0);

-- [E1] stock on hand = the sum of its movements
SELECT s.variant_id FROM stock_levels s
LEFT JOIN (SELECT variant_id, location_id, sum(delta) AS delta FROM stock_movements GROUP BY 1, 2) m USING (variant_id, location_id)
WHERE s.on_hand <> coalesce(m.delta, 0);

-- [E2] the counters of reserved and allocated stock = the rows behind them
SELECT s.variant_id FROM stock_levels s
LEFT JOIN (SELECT variant_id, location_id, sum(quantity) FILTER (WHERE state = 'held') AS held, sum(quantity) FILTER (WHERE state = 'allocated') AS allocated
           FROM reservations WHERE state IN ('held', 'allocated') GROUP BY 1, 2) r USING (variant_id, location_id)
WHERE s.reserved <> coalesce(r.held, 0) OR s.allocated <> coalesce(r.allocated, 0);

-- [E3] no oversell: on hand >= 0 and on hand - reserved - allocated >= -backorder limit
SELECT variant_id FROM stock_levels
WHERE on_hand < 0 OR reserved < 0 OR allocated < 0 OR on_hand - reserved - allocated < -backorder_limit;

-- [E4] no hold outlives its expiry by more than the sweeper's grace (eventual)
SELECT id FROM reservations WHERE state = 'held' AND expires_at < now() - interval '5 minutes';

-- [E5] a tracked line of a confirmed order is allocated for exactly what is still to ship
SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE l.tracked AND o.status NOT IN ('pending', 'cancelled')
  AND l.quantity - l.quantity_cancelled - l.quantity_fulfilled
      <> coalesce((SELECT sum(r.quantity) FROM reservations r WHERE r.order_line_id = l.id AND r.state = 'allocated'), 0);

-- [E6] nothing is promised to a missing line or a cancelled order
SELECT r.id FROM reservations r LEFT JOIN order_lines l ON l.id = r.order_line_id LEFT JOIN orders o ON o.id = l.order_id
WHERE r.state IN ('held', 'allocated') AND (l.id IS NULL OR o.status = 'cancelled');

-- [E7] units shipped = units moved out for sale, line by line
SELECT l.id FROM order_lines l
WHERE l.tracked
  AND l.quantity_fulfilled <> coalesce((SELECT -sum(m.delta) FROM stock_movements m WHERE m.reason = 'sale' AND m.ref = l.id), 0);

-- [G1] one order for each cart, one for each number; a cart that says it became an order did
SELECT (array_agg(id))[1] FROM orders GROUP BY cart_id HAVING count(*) > 1
UNION ALL
SELECT (array_agg(id))[1] FROM orders GROUP BY number HAVING count(*) > 1
UNION ALL
SELECT c.id FROM carts c LEFT JOIN orders o ON o.id = c.order_id WHERE c.order_id IS NOT NULL AND o.cart_id IS DISTINCT FROM c.id;

-- [G2] a stored answer to POST /checkout names an order that exists
SELECT k.key FROM idempotency_keys k
WHERE k.operation LIKE '%checkout%'
  AND NOT EXISTS (SELECT FROM orders o WHERE o.number = convert_from(k.response, 'UTF8')::jsonb -> 'order' ->> 'number');

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

-- [H3] no event waits for the relay longer than a minute (eventual)
SELECT e.id FROM events e, event_cursors c
WHERE c.follower = 'relay' AND (e.xid, e.seq) > (c.xid, c.seq) AND e.at < now() - interval '1 minute';

-- [H5] no job is left running past the rescue window (eventual)
SELECT id FROM river_job WHERE state = 'running' AND attempted_at < now() - interval '1 hour';

-- [J1] at most one live token in a refresh family, and none in a revoked one
SELECT session_id FROM refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > now() GROUP BY session_id HAVING count(*) > 1
UNION ALL
SELECT t.session_id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
WHERE t.used_at IS NULL AND t.revoked_at IS NULL AND s.revoked_at IS NOT NULL;

-- [J2] a disabled or erased user has no live session or token, and an erased one no e-mail
SELECT u.id FROM users u
WHERE (u.disabled_at IS NOT NULL OR u.erased_at IS NOT NULL)
  AND (EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > now())
    OR EXISTS (SELECT FROM refresh_tokens t WHERE t.user_id = u.id AND t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > now()))
UNION ALL
SELECT id FROM users WHERE erased_at IS NOT NULL AND email IS NOT NULL;

-- [K1] a price is the last entry of its history
SELECT p.variant_id FROM prices p
WHERE (p.amount_minor, p.compare_at_minor) IS DISTINCT FROM (
    SELECT (h.amount_minor, h.compare_at_minor) FROM price_history h
    WHERE h.variant_id = p.variant_id AND h.currency = p.currency ORDER BY h.seq DESC LIMIT 1);

-- [K2] what is listed is for sale, and what is for sale is listed (eventual)
SELECT coalesce(l.product_id, p.id) FROM listings l
FULL JOIN (SELECT p.id, p.updated_at FROM products p JOIN vendors v ON v.id = p.vendor_id AND v.status = 'active' WHERE p.status = 'active') p ON p.id = l.product_id
WHERE (l.product_id IS NULL OR p.id IS NULL) AND coalesce(p.updated_at, '-infinity') < now() - interval '1 minute';
