-- What must be true of a healthy shop. Each statement finds what breaks its rule: no row is good news.
-- The rule stands behind its name, one statement follows. "Eventual" rules have a grace after a crash;
-- all others hold in every committed state, in the middle of a rush, too.
--
-- A orders · B payments · C ledger · D vendors' money · E stock · G carts and keys · H events · J accounts · I invoices · K catalogue · L reviews · M digital goods
--
-- Names are for good, so these are kept for rules whose tables are still to come:
--
--   Rule        What it says                                                       Comes with
--   D3, D4      a payout is the sum of its items; nobody gets more than was earned payouts
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
WHERE o.grand_total_minor - o.rounding_minor <> coalesce(v.total, 0)
UNION ALL
SELECT v.id FROM vendor_orders v JOIN orders o ON o.id = v.order_id
LEFT JOIN (SELECT vendor_order_id, sum(total_minor) AS total, sum(discount_minor) AS discount FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
WHERE v.total_minor <> coalesce(l.total, 0) + v.shipping_minor - (v.discount_minor - coalesce(l.discount, 0)) + v.fee_minor
      + CASE WHEN o.tax_included THEN 0 ELSE v.shipping_tax_minor + v.fee_tax_minor END;

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
   OR (o.status = 'returned') <> (EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status IN ('refused', 'returned'))
                                  AND NOT EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status NOT IN ('cancelled', 'refused', 'returned')))
   OR o.status IN ('shipped', 'delivered', 'completed') AND EXISTS (
        SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status IN ('pending', 'confirmed', 'partially_shipped'))
   OR o.status IN ('delivered', 'completed') AND EXISTS (
        SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status = 'shipped');

-- [A11] what is in the parcels that did not come back = what the lines say was fulfilled and not returned
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT p.order_line_id, sum(p.quantity) AS quantity FROM shipment_lines p JOIN shipments s ON s.id = p.shipment_id
           WHERE s.status <> 'returned' GROUP BY 1) p ON p.order_line_id = l.id
WHERE l.quantity_fulfilled - l.quantity_returned <> coalesce(p.quantity, 0);

-- [A12] what was cancelled of a line before it was paid is a share of it: nothing when no unit was, everything when all were; units that had been paid are given back by refunds
SELECT id FROM order_lines
WHERE cancelled_minor NOT BETWEEN 0 AND total_minor OR cancelled_tax_minor NOT BETWEEN 0 AND tax_minor
   OR cancelled_commission_minor NOT BETWEEN 0 AND commission_minor OR cancelled_platform_minor NOT BETWEEN 0 AND platform_minor
   OR quantity_cancelled = quantity_cancelled_paid
      AND (cancelled_minor, cancelled_tax_minor, cancelled_commission_minor, cancelled_platform_minor) <> (0, 0, 0, 0)
   OR quantity_cancelled - quantity_cancelled_paid = quantity AND (cancelled_minor, cancelled_tax_minor, cancelled_commission_minor, cancelled_platform_minor)
                                     <> (total_minor, tax_minor, commission_minor, platform_minor)
UNION ALL
SELECT l.id FROM order_lines l JOIN vendor_orders v ON v.id = l.vendor_order_id WHERE l.quantity_cancelled_paid > 0 AND NOT v.paid;

-- [A13] the state of a part is that of its lines
SELECT v.id FROM vendor_orders v JOIN (
    SELECT vendor_order_id, sum(quantity_fulfilled) AS fulfilled, sum(quantity_returned) AS returned, sum(quantity - quantity_cancelled - quantity_fulfilled) AS remaining
    FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
WHERE NOT CASE v.status
    WHEN 'pending'           THEN fulfilled = 0 AND remaining > 0
    WHEN 'confirmed'         THEN fulfilled = 0 AND remaining > 0
    WHEN 'partially_shipped' THEN fulfilled > 0 AND remaining > 0
    WHEN 'shipped'           THEN fulfilled > returned AND remaining = 0
    WHEN 'delivered'         THEN fulfilled > returned AND remaining = 0
    WHEN 'cancelled'         THEN fulfilled = 0 AND remaining = 0
    WHEN 'refused'           THEN fulfilled = 0 AND remaining = 0
    WHEN 'returned'          THEN fulfilled > 0 AND remaining = 0 AND returned = fulfilled
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

-- [A17] an order's fee is that of its parts, on no part is it more than that costs, and there is one only where somebody is paid who charges for it
SELECT o.id FROM orders o LEFT JOIN (SELECT order_id, sum(fee_minor) AS fee FROM vendor_orders GROUP BY 1) v ON v.order_id = o.id
WHERE o.fee_minor <> coalesce(v.fee, 0)
   OR o.fee_minor > 0 AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.provider = 'cod' AND p.amount_minor > 0)
UNION ALL
SELECT v.id FROM vendor_orders v JOIN orders o ON o.id = v.order_id
WHERE v.fee_minor + CASE WHEN o.tax_included THEN 0 ELSE v.fee_tax_minor END > v.total_minor OR v.fee_tax_minor > v.tax_minor
   OR o.tax_included AND v.fee_tax_minor > v.fee_minor;

-- [A18] nothing is paid for a part that was refused, of which a parcel is back
SELECT v.id FROM vendor_orders v
WHERE v.status = 'refused' AND (v.paid OR NOT EXISTS (SELECT FROM shipments s WHERE s.vendor_order_id = v.id AND s.status = 'returned'));

-- [B1] 0 <= refunded <= captured, and captured + voided <= authorised <= what was asked for
SELECT id FROM payments
WHERE NOT (0 <= refunded_minor AND 0 <= refunding_minor AND refunded_minor + refunding_minor <= captured_minor AND 0 <= voided_minor
           AND captured_minor + voided_minor <= authorized_minor AND authorized_minor <= amount_minor);

-- [B2] a payment's figures are exactly the sums of its append-only events
SELECT p.id FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id
GROUP BY p.id, p.authorized_minor, p.captured_minor, p.voided_minor, p.refunded_minor
HAVING p.authorized_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'authorize'), 0)
    OR p.captured_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'capture'), 0)
    OR p.voided_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'void'), 0)
    OR p.refunded_minor <> coalesce(sum(e.amount_minor) FILTER (WHERE e.kind IN ('refund', 'chargeback')), 0)
                         - coalesce(sum(e.amount_minor) FILTER (WHERE e.kind IN ('refund_failed', 'chargeback_reversed')), 0);

-- [B3] a refund is the sum of its lines, and what goes the way that it came is what payments have given back for it, or providers and people are told to
SELECT r.id FROM refunds r LEFT JOIN (SELECT refund_id, sum(amount_minor) AS amount FROM refund_lines GROUP BY 1) l ON l.refund_id = r.id
WHERE r.amount_minor IS DISTINCT FROM l.amount
UNION ALL
SELECT coalesce(r.order_id, e.order_id)
FROM (SELECT order_id, sum(amount_minor) AS amount FROM refunds WHERE destination = 'method' GROUP BY 1) r
FULL JOIN (SELECT order_id, sum(amount) AS amount FROM (
               SELECT p.order_id, e.amount_minor AS amount FROM payment_events e JOIN payments p ON p.id = e.payment_id
               WHERE e.kind = 'refund' AND e.cause LIKE 'refund %'
               UNION ALL
               SELECT p.order_id, i.amount_minor FROM payment_instructions i JOIN payments p ON p.id = i.payment_id
               WHERE i.refund_id IS NOT NULL) way GROUP BY 1) e ON e.order_id = r.order_id
WHERE coalesce(r.amount, 0) <> coalesce(e.amount, 0);

-- [B4] no line, no shipping and no fee gives back more than was paid for it, and with all of that goes all of its tax, commission and what the platform paid
WITH back AS (
    SELECT vendor_order_id, order_line_id, fee, sum(quantity) AS quantity, sum(amount_minor) AS amount, sum(tax_minor) AS tax,
           sum(commission_minor) AS commission, sum(platform_minor) AS platform
    FROM refund_lines GROUP BY 1, 2, 3
), fees AS (
    SELECT v.id, v.fee_minor + CASE WHEN o.tax_included THEN 0 ELSE v.fee_tax_minor END AS amount, v.fee_tax_minor AS tax
    FROM vendor_orders v JOIN orders o ON o.id = v.order_id
), paid AS (
    SELECT vendor_order_id, id AS order_line_id, false AS fee, quantity - quantity_cancelled + quantity_cancelled_paid AS quantity, total_minor - cancelled_minor AS amount,
           tax_minor - cancelled_tax_minor AS tax, commission_minor - cancelled_commission_minor AS commission, platform_minor - cancelled_platform_minor AS platform
    FROM order_lines
    UNION ALL
    SELECT v.id, NULL, false, 0, v.total_minor - l.total - fees.amount, v.shipping_tax_minor, 0, v.shipping_platform_minor
    FROM vendor_orders v JOIN (SELECT vendor_order_id, sum(total_minor) AS total FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
    JOIN fees ON fees.id = v.id
    UNION ALL
    SELECT id, NULL, true, 0, amount, tax, 0, 0 FROM fees
)
SELECT b.vendor_order_id FROM back b LEFT JOIN vendor_orders v ON v.id = b.vendor_order_id
LEFT JOIN paid p ON p.vendor_order_id = b.vendor_order_id AND p.order_line_id IS NOT DISTINCT FROM b.order_line_id AND p.fee = b.fee
WHERE v.paid IS NOT TRUE OR p.amount IS NULL OR b.quantity > p.quantity OR b.amount > p.amount OR b.tax > p.tax OR b.commission > p.commission OR b.platform > p.platform
   OR b.amount = p.amount AND (p.amount > 0 OR b.quantity = p.quantity) AND (b.tax, b.commission, b.platform) <> (p.tax, p.commission, p.platform);

-- [B5] what was captured for an order, less what went back to gift cards and store credit or had been taken ahead, is what its paid parts cost, what those pay of the others, and what was taken ahead; 'paid' means that nothing is left
WITH part AS (
    SELECT v.order_id, v.paid, v.status NOT IN ('cancelled', 'refused') AS live, cost, least(v.credit_minor, cost) AS credit
    FROM vendor_orders v
    JOIN (SELECT vendor_order_id, sum(cancelled_minor) AS cancelled FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
    CROSS JOIN LATERAL (SELECT CASE WHEN v.status IN ('cancelled', 'refused') THEN 0 ELSE v.total_minor - l.cancelled END AS cost) c
), whole AS (
    SELECT order_id, sum(CASE WHEN paid THEN cost ELSE credit END) AS due, bool_or(paid) AS some,
           bool_or(live) AND coalesce(bool_and(paid) FILTER (WHERE live), true) AS everything,
           bool_or(live) AND coalesce(bool_and(paid OR credit > 0 AND credit = cost) FILTER (WHERE live), true) AS settled
    FROM part GROUP BY 1
), taken AS (
    SELECT order_id, sum(captured_minor - CASE WHEN provider IN ('gift_card', 'store_credit') THEN refunded_minor ELSE 0 END - back.amount) AS amount
    FROM payments p
    CROSS JOIN LATERAL (SELECT coalesce(sum(i.amount_minor), 0) AS amount FROM payment_instructions i WHERE i.payment_id = p.id AND i.ahead) back
    WHERE NOT owed GROUP BY 1
)
SELECT o.id FROM orders o JOIN whole ON whole.order_id = o.id LEFT JOIN taken ON taken.order_id = o.id
WHERE o.status <> 'cancelled' AND o.payment_status NOT IN ('partially_refunded', 'refunded')
  AND (coalesce(taken.amount, 0) <> whole.due + o.ahead_minor + CASE WHEN whole.everything THEN o.rounding_minor ELSE 0 END
    OR (o.payment_status = 'paid') <> whole.settled OR (o.payment_status = 'partially_paid') <> ((whole.some OR o.ahead_minor > 0) AND NOT whole.settled))
UNION ALL
SELECT id FROM orders WHERE status = 'cancelled' AND payment_status IN ('paid', 'partially_paid');

-- [B6] one payment for each of a provider's references, one event for each cause
SELECT (array_agg(id))[1] FROM payments WHERE provider_ref IS NOT NULL GROUP BY provider, provider_ref HAVING count(*) > 1
UNION ALL
SELECT payment_id FROM payment_events GROUP BY payment_id, kind, cause HAVING count(*) > 1;

-- [B7] money never rests on a cancelled order, unless staff have given as much back otherwise, or somebody is told to send it back (eventual)
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id
LEFT JOIN (SELECT payment_id, sum(settled_minor) AS amount FROM payment_exceptions GROUP BY 1) x ON x.payment_id = p.id
LEFT JOIN (SELECT payment_id, sum(amount_minor) AS amount FROM payment_instructions WHERE kind = 'refund' AND state = 'due' GROUP BY 1) i ON i.payment_id = p.id
WHERE (o.status = 'cancelled' OR p.owed) AND p.captured_minor - p.refunded_minor > coalesce(x.amount, 0) + coalesce(i.amount, 0);

-- [B8] never ask or take more than the order costs: captured - refunded <= its total over all payments, each asked for no more
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id AND NOT p.owed
GROUP BY o.id, o.grand_total_minor
HAVING sum(p.captured_minor - p.refunded_minor) > o.grand_total_minor OR max(p.amount_minor) > o.grand_total_minor;

-- [B9] a payment of unknown outcome is asked about until it is over, or nothing has changed for three days, and what a provider is to be told is not put off for more than an hour
SELECT p.id FROM payments p JOIN payment_accounts a ON a.provider = p.provider
WHERE p.status IN ('pending', 'processing') AND p.created_at > now() - interval '3 days'
  AND (p.look_at IS NULL AND p.looked = 0 OR p.look_at > now() + interval '61 minutes')
UNION ALL
SELECT id FROM payment_instructions WHERE state = 'due' AND due_at > now() + interval '61 minutes';

-- [B10] what was promised and neither taken nor given up, nor is about to be, is what a confirmed order still owes: its unpaid parts, less what was cancelled, what gift cards and store credit pay and what was taken ahead; where a promise has lapsed staff were shown it
WITH owed AS (
    SELECT v.order_id, sum(cost - least(v.credit_minor, cost)) FILTER (WHERE NOT v.paid) AS amount,
           bool_or(NOT v.paid AND v.status NOT IN ('cancelled', 'refused')) AS some
    FROM vendor_orders v
    JOIN (SELECT vendor_order_id, sum(cancelled_minor) AS cancelled FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
    CROSS JOIN LATERAL (SELECT CASE WHEN v.status IN ('cancelled', 'refused') THEN 0 ELSE v.total_minor - l.cancelled END AS cost) c
    GROUP BY 1
), promised AS (
    SELECT order_id, sum(authorized_minor - voided_minor - captured_minor - told.amount) AS amount
    FROM payments p
    CROSS JOIN LATERAL (SELECT coalesce(sum(i.amount_minor), 0) AS amount FROM payment_instructions i WHERE i.payment_id = p.id AND i.kind = 'void' AND i.state = 'due') told
    WHERE NOT owed GROUP BY 1
)
SELECT o.id FROM orders o JOIN owed ON owed.order_id = o.id LEFT JOIN promised ON promised.order_id = o.id
WHERE o.status <> 'pending'
  AND coalesce(promised.amount, 0) <> coalesce(owed.amount, 0) + CASE WHEN owed.some THEN o.rounding_minor ELSE 0 END - o.ahead_minor
  AND NOT EXISTS (SELECT FROM payment_exceptions x WHERE x.order_id = o.id AND x.kind = 'lapsed');

-- [B11] what gift cards and store credit pay of an order is spread over its parts
SELECT o.id FROM orders o
LEFT JOIN (SELECT order_id, sum(credit_minor) AS amount FROM vendor_orders GROUP BY 1) v ON v.order_id = o.id
LEFT JOIN (SELECT order_id, sum(amount_minor) AS amount FROM payments WHERE provider IN ('gift_card', 'store_credit') GROUP BY 1) p ON p.order_id = o.id
WHERE coalesce(v.amount, 0) <> coalesce(p.amount, 0);

-- [B12] an order reads refunded when all that was paid for it was given back, and partially so when some was
WITH part AS (
    SELECT v.order_id, coalesce(bool_and(v.paid) FILTER (WHERE v.status NOT IN ('cancelled', 'refused')), true) AS everything, coalesce(sum(v.total_minor - l.cancelled) FILTER (WHERE v.paid), 0) AS paid
    FROM vendor_orders v
    JOIN (SELECT vendor_order_id, sum(cancelled_minor) AS cancelled FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
    GROUP BY 1
), back AS (
    SELECT order_id, sum(amount_minor) AS amount FROM refunds GROUP BY 1
)
SELECT o.id FROM orders o JOIN part ON part.order_id = o.id LEFT JOIN back ON back.order_id = o.id
WHERE (o.payment_status = 'refunded') <> (coalesce(back.amount, 0) > 0 AND back.amount = part.paid AND part.everything)
   OR (o.payment_status = 'partially_refunded') <> (coalesce(back.amount, 0) > 0 AND NOT (back.amount = part.paid AND part.everything));

-- [B13] what the books owe back to buyers is what came for orders that did not wait for it, what was taken ahead for what was cancelled and what providers are to refund, less what they have and what was given back otherwise
WITH owed AS (
    SELECT currency, sum(amount) AS amount FROM (
        SELECT currency, captured_minor AS amount FROM payments WHERE owed
        UNION ALL
        SELECT currency, amount_minor FROM payment_instructions WHERE refund_id IS NOT NULL OR ahead
        UNION ALL
        SELECT e.currency, CASE e.kind WHEN 'refund' THEN -e.amount_minor ELSE e.amount_minor END
        FROM payment_events e JOIN payments p ON p.id = e.payment_id
        WHERE e.kind IN ('refund', 'refund_failed') AND p.provider NOT IN ('gift_card', 'store_credit') AND e.cause NOT LIKE 'refund %'
        UNION ALL
        SELECT p.currency, -x.settled_minor FROM payment_exceptions x JOIN payments p ON p.id = x.payment_id) moves
    GROUP BY 1
), booked AS (
    SELECT a.currency, -sum(e.amount_minor) AS amount FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE a.kind = 'buyer_payable' GROUP BY 1
)
SELECT currency FROM owed FULL JOIN booked USING (currency) WHERE coalesce(owed.amount, 0) <> coalesce(booked.amount, 0);

-- [B14] each payout and each fee that a provider's books have beside payments is posted exactly once, as they have it
SELECT m.id FROM provider_movements m
LEFT JOIN (SELECT t.ref_id, a.party, e.currency, count(DISTINCT t.id) AS times, sum(e.amount_minor) AS amount
      FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id JOIN ledger_accounts a ON a.id = e.account_id
      WHERE t.ref_type IN ('provider_payout', 'provider_fee') AND a.kind = 'psp_clearing' GROUP BY 1, 2, 3) l ON l.ref_id = m.id
WHERE (l.party, l.currency, l.times, l.amount) IS DISTINCT FROM (m.provider, m.currency, 1, m.amount_minor - m.fee_minor)
UNION ALL
SELECT t.id FROM ledger_txns t
WHERE t.ref_type IN ('provider_payout', 'provider_fee') AND NOT EXISTS (SELECT FROM provider_movements m WHERE m.id = t.ref_id);

-- [B15] what was cancelled after it had been paid has gone back: all of a part that was cancelled, of a line in others no less than those units
WITH back AS (
    SELECT vendor_order_id, order_line_id, sum(amount_minor) AS amount FROM refund_lines GROUP BY 1, 2
)
SELECT l.id FROM order_lines l JOIN vendor_orders v ON v.id = l.vendor_order_id LEFT JOIN back b ON b.order_line_id = l.id
CROSS JOIN LATERAL (SELECT l.total_minor - l.cancelled_minor AS amount, l.quantity - l.quantity_cancelled + l.quantity_cancelled_paid AS units) paid
WHERE l.quantity_cancelled_paid > 0
  AND (v.status = 'cancelled' AND coalesce(b.amount, 0) <> paid.amount OR coalesce(b.amount, 0) < paid.amount * l.quantity_cancelled_paid / paid.units)
UNION ALL
SELECT v.id FROM vendor_orders v JOIN (SELECT vendor_order_id, sum(total_minor) AS total FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
LEFT JOIN back b ON b.vendor_order_id = v.id AND b.order_line_id IS NULL
WHERE v.status = 'cancelled' AND v.paid AND coalesce(b.amount, 0) <> v.total_minor - l.total;

-- [B16] what people are to send back is shown to staff until they have, and nothing else is
SELECT p.id FROM payments p
LEFT JOIN (SELECT payment_id, count(*) AS n FROM payment_instructions WHERE by_hand AND state = 'due' GROUP BY 1) i ON i.payment_id = p.id
LEFT JOIN (SELECT payment_id, count(*) AS n FROM payment_exceptions WHERE kind = 'refund_by_hand' AND state = 'open' GROUP BY 1) x ON x.payment_id = p.id
WHERE coalesce(i.n, 0) <> coalesce(x.n, 0);

-- [B17] what a provider is told as an answer is about a dispute of the payment: one answer at most since it asked last, and none after it was given up; and staff are shown a dispute only while it asks
WITH answers AS (
    SELECT i.id, i.dispute_id, i.kind, i.payment_id = d.payment_id AS fits, i.state = 'due' OR i.updated_at >= d.updated_at AS stands
    FROM payment_instructions i JOIN payment_disputes d ON d.id = i.dispute_id
    WHERE i.state <> 'refused'
)
SELECT dispute_id FROM answers GROUP BY 1 HAVING NOT bool_and(fits) OR count(*) FILTER (WHERE stands) > 1
UNION ALL
SELECT a.id FROM answers a JOIN answers c ON c.dispute_id = a.dispute_id AND c.kind = 'concede' AND a.id > c.id
UNION ALL
SELECT e.id FROM payment_exceptions e LEFT JOIN payment_disputes d ON d.payment_id = e.payment_id AND d.ref = e.subject
WHERE e.kind = 'dispute' AND e.state = 'open' AND d.status IS DISTINCT FROM 'needs_response';

-- [C1] every ledger transaction sums to zero in each currency
SELECT txn_id FROM ledger_entries GROUP BY txn_id, currency HAVING sum(amount_minor) <> 0;

-- [C2] every ledger transaction has two or more non-zero entries, in the currency of their accounts
SELECT t.id FROM ledger_txns t LEFT JOIN ledger_entries e ON e.txn_id = t.id LEFT JOIN ledger_accounts a ON a.id = e.account_id
GROUP BY t.id
HAVING count(e.seq) < 2 OR bool_or(e.amount_minor = 0) OR bool_or(e.currency <> a.currency) OR bool_or(a.id IS NULL);

-- [C3] the books as a whole sum to zero in each currency
SELECT currency FROM ledger_entries GROUP BY currency HAVING sum(amount_minor) <> 0;

-- [C4] each fact that moves money is posted exactly once
SELECT e.id FROM payment_events e
LEFT JOIN (SELECT ref_id, count(*) AS times FROM ledger_txns WHERE ref_type = 'payment_event' GROUP BY 1) t ON t.ref_id = e.id
WHERE e.kind NOT IN ('authorize', 'void', 'fail') AND e.amount_minor > 0 AND t.times IS DISTINCT FROM 1
UNION ALL
SELECT t.id FROM ledger_txns t
WHERE t.ref_type = 'payment_event' AND NOT EXISTS (SELECT FROM payment_events e WHERE e.id = t.ref_id);

-- [C5] each provider's clearing account = captured - refunded - what it kept, and what came back
SELECT coalesce(f.provider, l.party)
FROM (SELECT p.provider, e.currency, sum(CASE WHEN e.kind IN ('capture', 'refund_failed', 'chargeback_reversed') THEN e.amount_minor
                                                WHEN e.kind IN ('refund', 'chargeback', 'fee') THEN -e.amount_minor ELSE 0 END) AS amount
      FROM payment_events e JOIN payments p ON p.id = e.payment_id WHERE p.provider NOT IN ('gift_card', 'store_credit') GROUP BY 1, 2) f
FULL JOIN (SELECT a.party, e.currency, sum(e.amount_minor) AS amount
      FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
      WHERE a.kind = 'psp_clearing' AND t.ref_type = 'payment_event' GROUP BY 1, 2) l ON l.party = f.provider AND l.currency = f.currency
WHERE coalesce(f.amount, 0) <> coalesce(l.amount, 0);

-- [C6] what was paid ahead is what gift cards and store credit pay of parts that are not earned yet, and what was captured of such parts
WITH ahead AS (
    SELECT currency, sum(amount) AS amount FROM (
        SELECT v.currency, least(v.credit_minor, v.total_minor - l.cancelled) AS amount
        FROM vendor_orders v
        JOIN (SELECT vendor_order_id, sum(cancelled_minor) AS cancelled FROM order_lines GROUP BY 1) l ON l.vendor_order_id = v.id
        WHERE NOT v.paid AND v.status NOT IN ('cancelled', 'refused')
        UNION ALL
        SELECT currency, ahead_minor FROM orders) paid
    GROUP BY 1
), booked AS (
    SELECT a.currency, -sum(e.amount_minor) AS amount FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE a.kind = 'customer_deposits' GROUP BY 1
)
SELECT currency FROM ahead FULL JOIN booked USING (currency) WHERE coalesce(ahead.amount, 0) <> coalesce(booked.amount, 0);

-- [C7] what the shop owes on gift cards and as store credit is what their balances say, with the cards that are paid for and not handed over yet
WITH balances AS (
    SELECT kind, currency, sum(amount) AS amount FROM (
        SELECT 'gift_card_liability' AS kind, currency, balance_minor AS amount FROM gift_cards
        UNION ALL
        SELECT 'gift_card_liability', l.currency, l.unit_price_minor * (l.quantity - l.quantity_cancelled - l.quantity_fulfilled)
        FROM order_lines l JOIN vendor_orders v ON v.id = l.vendor_order_id WHERE l.gift_card AND v.paid
        UNION ALL
        SELECT 'store_credit_liability', currency, balance_minor FROM store_credits) owed
    GROUP BY 1, 2
), booked AS (
    SELECT a.kind, a.currency, -sum(e.amount_minor) AS amount FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE a.kind IN ('gift_card_liability', 'store_credit_liability') GROUP BY 1, 2
)
SELECT kind || ' ' || currency FROM balances FULL JOIN booked USING (kind, currency) WHERE coalesce(balances.amount, 0) <> coalesce(booked.amount, 0);

-- [C8] what was kept when a month was closed is the sum of the entries until its end, for each account
WITH ends AS (
    SELECT min(month) AS first, max(month) AS last FROM ledger_periods
), moved AS (
    SELECT e.account_id, greatest(date_trunc('month', t.at AT TIME ZONE 'UTC')::date, ends.first) AS month,
           sum(greatest(e.amount_minor, 0)) AS debit, sum(greatest(-e.amount_minor, 0)) AS credit
    FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id, ends
    WHERE t.at < ledger_month_end(ends.last) GROUP BY 1, 2
), kept AS (
    SELECT account_id, month, debit_minor - coalesce(lag(debit_minor) OVER w, 0) AS debit, credit_minor - coalesce(lag(credit_minor) OVER w, 0) AS credit
    FROM ledger_period_balances WINDOW w AS (PARTITION BY account_id ORDER BY month)
), months AS (
    SELECT account_id, count(*) AS kept, (SELECT count(*) FROM ledger_periods p WHERE p.month >= min(b.month)) AS closed FROM ledger_period_balances b GROUP BY 1
)
SELECT account_id FROM moved FULL JOIN kept USING (account_id, month)
WHERE (coalesce(moved.debit, 0), coalesce(moved.credit, 0)) <> (coalesce(kept.debit, 0), coalesce(kept.credit, 0))
UNION
SELECT account_id FROM months WHERE kept <> closed;

-- [C9] closed months follow one another, and their history says so
SELECT month::text FROM (SELECT month, lag(month) OVER (ORDER BY month) AS before FROM ledger_periods) p WHERE before <> month - interval '1 month'
UNION ALL
SELECT month::text FROM ledger_periods p
FULL JOIN (SELECT DISTINCT ON (month) month, change FROM ledger_period_changes ORDER BY month, seq DESC) c USING (month)
WHERE (p.month IS NOT NULL) IS DISTINCT FROM (c.change IS NOT DISTINCT FROM 'closed');

-- [C10] what stands on disputes is what providers hold back: what they took, less what came back, and less what was lost, which is an expense once
WITH held AS (
    SELECT currency, sum(amount) AS amount FROM (
        SELECT currency, CASE kind WHEN 'chargeback' THEN amount_minor ELSE -amount_minor END AS amount
        FROM payment_events WHERE kind IN ('chargeback', 'chargeback_reversed')
        UNION ALL
        SELECT currency, -amount_minor FROM payment_disputes WHERE status = 'lost') moves
    GROUP BY 1
), booked AS (
    SELECT a.currency, sum(e.amount_minor) AS amount FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE a.kind = 'disputes' GROUP BY 1
)
SELECT currency::text FROM held FULL JOIN booked USING (currency) WHERE coalesce(held.amount, 0) <> coalesce(booked.amount, 0)
UNION ALL
SELECT d.id::text FROM payment_disputes d LEFT JOIN ledger_txns t ON t.ref_type = 'payment_dispute' AND t.ref_id = d.id
WHERE (d.status = 'lost') <> (t.id IS NOT NULL);

-- [D1] a commission is within its basis: 0 <= commission <= what the line brings without tax, with what the platform adds, after cancelling, too
SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE l.commission_minor < 0 OR l.commission_minor > l.total_minor - l.tax_minor + l.platform_minor
   OR l.commission_minor - l.cancelled_commission_minor
      > l.total_minor - l.cancelled_minor - (l.tax_minor - l.cancelled_tax_minor) + l.platform_minor - l.cancelled_platform_minor;

-- [D2] a vendor's account holds what its paid parts earned: goods and shipping without tax, less commission, what was cancelled and what was given back, and what the platform adds
WITH lines AS (
    SELECT vendor_order_id, sum(commission_minor - cancelled_commission_minor) AS commission, sum(cancelled_minor - cancelled_tax_minor) AS cancelled,
           sum(platform_minor - cancelled_platform_minor) AS platform
    FROM order_lines GROUP BY 1
), earned AS (
    SELECT v.vendor_id, v.currency, sum(v.total_minor - v.tax_minor - l.cancelled - l.commission + l.platform + v.shipping_platform_minor
                                        - v.fee_minor + CASE WHEN o.tax_included THEN v.fee_tax_minor ELSE 0 END) AS amount
    FROM vendor_orders v JOIN lines l ON l.vendor_order_id = v.id JOIN orders o ON o.id = v.order_id WHERE v.paid AND NOT v.house GROUP BY 1, 2
), back AS (
    SELECT v.vendor_id, v.currency, sum(l.amount_minor + l.platform_minor - l.tax_minor - l.commission_minor) AS amount
    FROM refund_lines l JOIN vendor_orders v ON v.id = l.vendor_order_id WHERE NOT v.house AND NOT l.fee GROUP BY 1, 2
), booked AS (
    SELECT a.vendor_id, e.currency, -sum(e.amount_minor) AS amount
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
    WHERE a.kind = 'vendor_payable' AND t.ref_type IN ('payment_event', 'vendor_order', 'refund') GROUP BY 1, 2
)
SELECT vendor_id FROM earned FULL JOIN booked USING (vendor_id, currency) LEFT JOIN back USING (vendor_id, currency)
WHERE coalesce(earned.amount, 0) - coalesce(back.amount, 0) <> coalesce(booked.amount, 0);

-- [D6] what buyers pay for the way to pay is the marketplace's own: its account holds the fees of paid parts without tax, less what was given back
WITH earned AS (
    SELECT v.currency, sum(v.fee_minor - CASE WHEN o.tax_included THEN v.fee_tax_minor ELSE 0 END) AS amount
    FROM vendor_orders v JOIN orders o ON o.id = v.order_id WHERE v.paid GROUP BY 1
), back AS (
    SELECT v.currency, sum(l.amount_minor - l.tax_minor) AS amount FROM refund_lines l JOIN vendor_orders v ON v.id = l.vendor_order_id WHERE l.fee GROUP BY 1
), booked AS (
    SELECT a.currency, -sum(e.amount_minor) AS amount FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id WHERE a.kind = 'fee_revenue' GROUP BY 1
)
SELECT currency FROM earned FULL JOIN booked USING (currency) LEFT JOIN back USING (currency)
WHERE coalesce(earned.amount, 0) - coalesce(back.amount, 0) <> coalesce(booked.amount, 0);

-- [D5] what the marketplace sells itself is its own revenue: its account holds what its paid parts brought without tax and gift cards, and no other vendor's is among them
WITH lines AS (
    SELECT vendor_order_id, sum(cancelled_minor - cancelled_tax_minor) AS cancelled, sum(platform_minor - cancelled_platform_minor) AS platform,
           coalesce(sum(total_minor - cancelled_minor) FILTER (WHERE gift_card), 0) AS cards
    FROM order_lines GROUP BY 1
), earned AS (
    SELECT v.currency, sum(v.total_minor - v.tax_minor - l.cancelled - l.cards + l.platform + v.shipping_platform_minor
                           - v.fee_minor + CASE WHEN o.tax_included THEN v.fee_tax_minor ELSE 0 END) AS amount
    FROM vendor_orders v JOIN lines l ON l.vendor_order_id = v.id JOIN orders o ON o.id = v.order_id WHERE v.paid AND v.house GROUP BY 1
), back AS (
    SELECT v.currency, sum(l.amount_minor + l.platform_minor - l.tax_minor - l.commission_minor) AS amount
    FROM refund_lines l JOIN vendor_orders v ON v.id = l.vendor_order_id LEFT JOIN order_lines o ON o.id = l.order_line_id
    WHERE v.house AND o.gift_card IS NOT TRUE AND NOT l.fee GROUP BY 1
), booked AS (
    SELECT e.currency, -sum(e.amount_minor) AS amount
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id JOIN ledger_txns t ON t.id = e.txn_id
    WHERE a.kind = 'sales_revenue' AND t.ref_type IN ('payment_event', 'vendor_order', 'refund') GROUP BY 1
)
SELECT currency FROM earned FULL JOIN booked USING (currency) LEFT JOIN back USING (currency)
WHERE coalesce(earned.amount, 0) - coalesce(back.amount, 0) <> coalesce(booked.amount, 0)
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

-- [E7] units shipped and not returned = units moved out for sale, less those moved in again, which are those of parcels that came back, line by line and component by component
WITH part AS (
    SELECT id AS line, variant_id, 1 AS each FROM order_lines l
    WHERE tracked AND NOT EXISTS (SELECT FROM order_line_components c WHERE c.order_line_id = l.id)
    UNION ALL
    SELECT order_line_id, variant_id, quantity FROM order_line_components WHERE tracked
)
SELECT part.line FROM part JOIN order_lines l ON l.id = part.line
LEFT JOIN (SELECT p.order_line_id AS line, sum(p.quantity) AS back
           FROM shipment_lines p JOIN shipments s ON s.id = p.shipment_id WHERE s.status = 'returned' GROUP BY 1) p ON p.line = part.line
LEFT JOIN (SELECT ref AS line, variant_id, coalesce(-sum(delta) FILTER (WHERE reason = 'sale'), 0) AS sold, coalesce(sum(delta) FILTER (WHERE reason = 'return'), 0) AS back
           FROM stock_movements WHERE reason IN ('sale', 'return') GROUP BY 1, 2) m ON m.line = part.line AND m.variant_id = part.variant_id
WHERE ((l.quantity_fulfilled - l.quantity_returned) * part.each, coalesce(p.back, 0) * part.each) <> (coalesce(m.sold - m.back, 0), coalesce(m.back, 0));

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

-- [F3] what a promotion takes off an order is one redemption, which stands as long as anything is owed for the order
WITH given AS (
    SELECT order_id, promotion_id, sum(amount_minor) AS amount FROM adjustments WHERE promotion_id IS NOT NULL GROUP BY 1, 2
)
SELECT o.id FROM given g FULL JOIN promotion_redemptions r USING (order_id, promotion_id) JOIN orders o ON o.id = order_id
CROSS JOIN LATERAL (SELECT NOT EXISTS (SELECT FROM vendor_orders v WHERE v.order_id = o.id AND v.status NOT IN ('cancelled', 'refused')) AS void) w
WHERE g.amount IS DISTINCT FROM r.amount_minor OR w.void <> (r.released_at IS NOT NULL) OR r.currency <> o.currency;

-- [F4] the platform's part of discounts re-adds: over each line, and over the shipping of each part
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, sum(platform_minor) AS amount FROM adjustments WHERE order_line_id IS NOT NULL GROUP BY 1) a ON a.order_line_id = l.id
WHERE l.platform_minor <> coalesce(a.amount, 0)
UNION ALL
SELECT v.id FROM vendor_orders v
LEFT JOIN (SELECT vendor_order_id, sum(platform_minor) AS amount FROM adjustments WHERE order_line_id IS NULL GROUP BY 1) a ON a.vendor_order_id = v.id
WHERE v.shipping_platform_minor <> coalesce(a.amount, 0);

-- [F5] a gift card's balance is the sum of its entries, the first of which is what it was issued with, and within that leaves room for what it has paid and may get back
SELECT g.id FROM gift_cards g
LEFT JOIN (
    SELECT gift_card_id, sum(delta_minor) AS balance, sum(delta_minor) FILTER (WHERE kind = 'issued') AS initial,
           coalesce(sum(delta_minor) FILTER (WHERE kind IN ('redeemed', 'returned')), 0) AS paid
    FROM gift_card_entries GROUP BY 1
) e ON e.gift_card_id = g.id
WHERE g.balance_minor IS DISTINCT FROM e.balance OR g.initial_minor IS DISTINCT FROM e.initial OR g.balance_minor NOT BETWEEN 0 AND g.initial_minor + e.paid;

-- [F6] a customer's store credit is the sum of its entries, and not below nothing
SELECT coalesce(s.user_id, e.user_id) FROM store_credits s
FULL JOIN (SELECT user_id, currency, sum(delta_minor) AS balance FROM store_credit_entries GROUP BY 1, 2) e ON e.user_id = s.user_id AND e.currency = s.currency
WHERE coalesce(s.balance_minor, 0) <> coalesce(e.balance, 0) OR s.balance_minor < 0;

-- [F7] what gift cards and store credit have paid stands in their entries, in their currency
SELECT p.id FROM payments p LEFT JOIN (
    SELECT e.payment_id, g.currency, 'gift_card' AS provider, e.delta_minor FROM gift_card_entries e JOIN gift_cards g ON g.id = e.gift_card_id WHERE e.payment_id IS NOT NULL
    UNION ALL
    SELECT payment_id, currency, 'store_credit', delta_minor FROM store_credit_entries WHERE payment_id IS NOT NULL) e ON e.payment_id = p.id
GROUP BY p.id, p.provider, p.currency, p.captured_minor, p.refunded_minor
HAVING CASE WHEN p.provider IN ('gift_card', 'store_credit') THEN p.captured_minor - p.refunded_minor ELSE 0 END <> -coalesce(sum(e.delta_minor), 0)
    OR bool_or(e.currency <> p.currency OR e.provider <> p.provider);

-- [F8] gift cards are sold by the house, untaxed and uncounted, and one was issued for each unit that was handed over
SELECT v.id FROM variants v JOIN products p ON p.id = v.product_id JOIN vendors s ON s.id = p.vendor_id
WHERE p.gift_card AND (NOT s.house OR v.archived_at IS NULL AND (v.taxable OR v.tracked OR v.requires_shipping OR v.bundle IS NOT NULL))
UNION ALL
SELECT l.id FROM order_lines l LEFT JOIN (SELECT order_line_id, count(*) AS cards, sum(initial_minor) AS amount FROM gift_cards GROUP BY 1) g ON g.order_line_id = l.id
WHERE coalesce(g.cards, 0) <> CASE WHEN l.gift_card THEN l.quantity_fulfilled ELSE 0 END
   OR coalesce(g.amount, 0) <> CASE WHEN l.gift_card THEN l.quantity_fulfilled * l.unit_price_minor ELSE 0 END;

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
        ('confirmed', 'cancelled'), ('confirmed', 'returned'), ('shipped', 'delivered'), ('shipped', 'returned'), ('delivered', 'completed'), ('delivered', 'returned'), ('completed', 'returned'));

-- [H3] no event waits for a follower longer than a minute (eventual)
SELECT e.id FROM event_cursors c JOIN events e ON (e.xid, e.seq) > (c.xid, c.seq)
WHERE e.at < now() - interval '1 minute';

-- [H4] each notice of a provider is kept once, and looked into within a day or shown to staff (eventual)
SELECT (array_agg(id))[1] FROM webhook_inbox GROUP BY provider, event_id HAVING count(*) > 1
UNION ALL
SELECT id FROM webhook_inbox WHERE state = 'due' AND received_at < now() - interval '25 hours' OR state = 'applied' AND applied_at IS NULL;

-- [H5] no job is left running past the rescue window (eventual)
SELECT id FROM river_job WHERE state = 'running' AND attempted_at < now() - interval '1 hour';

-- [I1] numbers of a seller's invoices, and of its credit notes, run from 1 to the last of a fiscal year without a gap
SELECT c.vendor_id FROM invoice_counters c LEFT JOIN invoices i ON (i.vendor_id, i.kind, i.year) = (c.vendor_id, c.kind, c.year)
GROUP BY c.vendor_id, c.kind, c.year, c.last
HAVING count(i.id) <> c.last OR max(i.serial) <> c.last;

-- [I2] a part that is paid for, or has left and is owed, has an invoice, since there are any (eventual)
SELECT p.id FROM vendor_orders p
WHERE (p.paid OR p.status NOT IN ('cancelled', 'refused')
       AND EXISTS (SELECT FROM order_lines l WHERE l.vendor_order_id = p.id AND l.quantity_fulfilled > 0))
  AND p.updated_at < now() - interval '15 minutes' AND p.placed_at > (SELECT min(issued_at) FROM invoices)
  AND p.placed_at >= coalesce((SELECT nullif(value #>> '{}', '')::date + 1 FROM settings WHERE key = 'invoices.since'), '-infinity') -- a day more: the shop's may begin later
  AND NOT EXISTS (SELECT FROM invoices i WHERE i.vendor_order_id = p.id);

-- [I3] what was billed of a part less what was credited is what it comes to, less what was given back (eventual)
SELECT p.id
FROM (
    SELECT vendor_order_id, sum(CASE kind WHEN 'invoice' THEN total_minor ELSE -total_minor END) AS total, sum(CASE kind WHEN 'invoice' THEN tax_minor ELSE -tax_minor END) AS tax
    FROM invoices GROUP BY 1
) b
JOIN vendor_orders p ON p.id = b.vendor_order_id
CROSS JOIN LATERAL (SELECT sum(l.cancelled_minor) AS total, sum(l.cancelled_tax_minor) AS tax FROM order_lines l WHERE l.vendor_order_id = p.id) cancelled
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_minor), 0) AS total, coalesce(sum(l.tax_minor), 0) AS tax, max(r.created_at) AS at
    FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE l.vendor_order_id = p.id
) back
CROSS JOIN LATERAL (SELECT CASE WHEN p.status IN ('cancelled', 'refused') AND NOT p.paid THEN 0 ELSE 1 END AS owed) still
WHERE (b.total, b.tax) <> (still.owed * (p.total_minor - cancelled.total - back.total), still.owed * (p.tax_minor - cancelled.tax - back.tax))
  AND greatest(p.updated_at, back.at) < now() - interval '15 minutes';

-- [I4] an invoice is the sum of its lines, and the tax of a line that of its rates
SELECT i.id FROM invoices i LEFT JOIN invoice_lines l ON l.invoice_id = i.id
GROUP BY i.id, i.total_minor, i.tax_minor HAVING coalesce(sum(l.total_minor), -1) <> i.total_minor OR sum(l.tax_minor) <> i.tax_minor
UNION ALL
SELECT l.invoice_id FROM invoice_lines l
WHERE l.tax_minor <> (SELECT coalesce(sum((share ->> 'amount')::bigint), 0) FROM jsonb_array_elements(l.taxes) share);

-- [I5] a credit note is for an invoice, and all of them give back no more of a line than was billed
SELECT n.id FROM invoices n JOIN invoices i ON i.id = n.corrects WHERE i.kind <> 'invoice'
UNION ALL
SELECT l.invoice_id FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id AND i.kind = 'invoice'
CROSS JOIN LATERAL (
    SELECT sum(c.total_minor) AS total, sum(c.tax_minor) AS tax, sum(c.quantity) AS quantity FROM invoices n
    JOIN invoice_lines c ON c.invoice_id = n.id AND c.kind = l.kind AND c.order_line_id IS NOT DISTINCT FROM l.order_line_id
    WHERE n.corrects = i.id
) back
WHERE back.total > l.total_minor OR back.tax > l.tax_minor OR l.kind = 'goods' AND back.quantity > l.quantity;

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

-- [J4] each refund stands in the audit trail, or in the log as that of a cancellation, written by the same hand in the same moment
SELECT r.id FROM refunds r
WHERE NOT EXISTS (SELECT FROM audit_log a WHERE a.at = r.created_at AND a.actor = r.actor AND a.outcome BETWEEN 200 AND 299)
  AND NOT EXISTS (SELECT FROM events e WHERE e.subject = r.order_id AND e.name = 'orders.cancelled' AND e.at = r.created_at AND e.actor = r.actor);

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
    WHERE p.status = 'active' AND v.status = 'active' AND NOT p.unlisted
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
    SELECT FROM orders o JOIN order_lines l ON l.order_id = o.id
    JOIN shipment_lines i ON i.order_line_id = l.id JOIN shipments s ON s.id = i.shipment_id AND s.status = 'delivered'
    WHERE o.user_id = r.user_id AND l.product_id = r.product_id) -- both of r here: then PostgreSQL joins instead of asking for each review
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
LEFT JOIN (SELECT key_id, count(*) AS holders FROM digital_grants WHERE key_id IS NOT NULL AND (revoked_at IS NULL OR used_at IS NOT NULL OR withheld) GROUP BY 1) g
       ON g.key_id = k.id
WHERE coalesce(g.holders, 0) <> CASE k.state WHEN 'granted' THEN 1 ELSE 0 END;

-- [M3] digital goods travel in no parcel; of what was handed over of a line there is a grant, unless it was a plan, and a key for each unit of a line sold by keys
SELECT l.id FROM order_lines l JOIN shipment_lines i ON i.order_line_id = l.id JOIN shipments s ON s.id = i.shipment_id
WHERE l.digital <> (s.kind = 'digital')
UNION ALL
SELECT l.id FROM order_lines l
LEFT JOIN (SELECT order_line_id, count(*) AS grants, count(key_id) AS keys FROM digital_grants GROUP BY 1) g ON g.order_line_id = l.id
WHERE l.digital AND NOT l.gift_card AND NOT EXISTS (SELECT FROM plans p WHERE p.variant_id = l.variant_id)
  AND ((l.quantity_fulfilled > 0) <> (coalesce(g.grants, 0) > 0) OR g.keys NOT IN (0, l.quantity_fulfilled));

-- [M4] nobody has digital goods that were not paid for
SELECT g.id FROM digital_grants g JOIN order_lines l ON l.id = g.order_line_id JOIN vendor_orders v ON v.id = l.vendor_order_id
WHERE l.order_id <> g.order_id OR l.vendor_id <> g.vendor_id OR NOT v.paid AND v.total_minor > 0;

-- [P1] a derived price is the main one at the rate, rounded by the rule, and there is one where no own price is, once a new rule has been settled (eventual)
WITH rule AS (
    SELECT c.*, 10::numeric ^ (9 + base_decimals) AS d FROM currencies c WHERE settled
), due AS (
    SELECT b.variant_id, r.currency,
           CASE WHEN b.amount_minor = 0 THEN 0 ELSE least(1000000000000, coalesce(nullif(
               greatest(0, div(2 * (b.amount_minor * r.rate_ppb::numeric * 10::numeric ^ r.decimals - r.ending_minor * r.d) + r.round_to_minor * r.d, 2 * r.round_to_minor * r.d))
               * r.round_to_minor + r.ending_minor, 0), r.round_to_minor)) END AS amount_minor
    FROM rule r JOIN prices b ON b.currency = r.base JOIN variants v ON v.id = b.variant_id
    WHERE r.rate_ppb IS NOT NULL AND v.bundle IS DISTINCT FROM 'summed'
)
SELECT d.variant_id FROM due d LEFT JOIN prices p ON p.variant_id = d.variant_id AND p.currency = d.currency
WHERE p.variant_id IS NULL OR p.derived AND p.amount_minor <> d.amount_minor
UNION ALL
SELECT p.variant_id FROM prices p
WHERE p.derived AND NOT EXISTS (SELECT FROM due d WHERE d.variant_id = p.variant_id AND d.currency = p.currency)
  AND NOT EXISTS (SELECT FROM currencies c WHERE c.currency = p.currency AND NOT c.settled);

-- [P2] a vendor's price list prices that vendor's variants only
SELECT p.variant_id FROM price_lists l JOIN price_list_prices p ON p.list_id = l.id LEFT JOIN variants v ON v.id = p.variant_id
WHERE v.id IS NULL OR l.vendor_id <> v.vendor_id;

-- [P3] a price list that is not archived names customer groups that there are
SELECT l.id FROM price_lists l CROSS JOIN unnest(l.customer_groups) AS named
WHERE l.status <> 'archived' AND NOT EXISTS (SELECT FROM customer_groups g WHERE g.handle = named);

-- [Q1] a user has one live membership at most, which ends when the last of its periods does
SELECT min(id::text)::uuid FROM memberships WHERE status NOT IN ('cancelled', 'lapsed') GROUP BY user_id HAVING count(*) > 1
UNION ALL
SELECT m.id FROM memberships m LEFT JOIN (SELECT membership_id, max(ends_at) AS ends_at FROM membership_periods GROUP BY 1) p ON p.membership_id = m.id
WHERE p.ends_at IS DISTINCT FROM m.ends_at;

-- [Q2] the periods of a membership are numbered without a gap, and no moment is in two of them
SELECT membership_id FROM membership_periods GROUP BY 1 HAVING max(number) <> count(*) OR count(*) <> count(DISTINCT number)
UNION ALL
SELECT a.membership_id FROM membership_periods a JOIN membership_periods b
  ON b.membership_id = a.membership_id AND b.number > a.number AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at AND a.starts_at < a.ends_at AND b.starts_at < b.ends_at;

-- [Q3] each order line that sold a plan and was handed over is a period at what was paid for it, and no period is without one
SELECT coalesce(p.membership_id, l.id)
FROM (SELECT membership_id, order_id, plan_id, paid_minor, currency FROM membership_periods WHERE kind = 'paid') p
FULL JOIN (
    SELECT l.id, l.order_id, plan.id AS plan_id, l.total_minor, l.currency, o.user_id
    FROM order_lines l JOIN plans plan ON plan.variant_id = l.variant_id JOIN orders o ON o.id = l.order_id WHERE l.quantity_fulfilled > 0
) l ON l.order_id = p.order_id AND l.plan_id = p.plan_id
WHERE p.membership_id IS NULL AND l.user_id IS NOT NULL OR l.id IS NULL OR (p.paid_minor, p.currency) <> (l.total_minor, l.currency);

-- [Q4] what was not used of periods is what their carried parts are worth and what was set off with it, and no period gives more than its price
SELECT membership_id FROM membership_periods
GROUP BY membership_id, currency HAVING sum(credited_minor) <> sum(CASE WHEN kind = 'carried' THEN paid_minor ELSE 0 END + set_off_minor)
UNION ALL
SELECT membership_id FROM membership_periods WHERE credited_minor > coalesce(value_minor, paid_minor);

-- [Q5] what a plan takes off is for its members alone, and an order tells what that was
SELECT p.id FROM promotions p JOIN plans plan ON plan.id = p.plan_id
WHERE p.status = 'active' AND (jsonb_array_length(coalesce(p.conditions -> 'plans', '[]')) <> 1 OR NOT starts_with(p.name, plan.name || ': ') OR p.needs_code)
UNION ALL
SELECT p.plan_id FROM promotions p WHERE p.plan_id IS NOT NULL AND p.status = 'active' GROUP BY p.plan_id, p.reward ->> 'kind' HAVING count(*) > 1
UNION ALL
SELECT o.id FROM orders o
LEFT JOIN (
    SELECT a.order_id, sum(a.amount_minor) AS amount FROM adjustments a JOIN promotions p ON p.id = a.promotion_id
    WHERE a.kind = 'discount' AND p.plan_id IS NOT NULL GROUP BY 1
) a ON a.order_id = o.id
WHERE o.membership_minor <> coalesce(a.amount, 0);

-- [Q6] what an order was placed for is the period after those that the membership had then: nobody is charged twice for one
SELECT r.membership_id FROM membership_renewals r JOIN membership_periods p ON p.order_id = r.order_id
WHERE p.membership_id <> r.membership_id OR p.number < r.number
UNION ALL
SELECT membership_id FROM membership_renewals GROUP BY membership_id, number HAVING count(*) > 1;

-- [Q7] what unused time pays of an order is a discount of it that no promotion gives, a period has no more of that, and one order at a time waits for its money with it
SELECT coalesce(u.order_id, a.order_id) FROM (SELECT order_id, set_off_minor FROM membership_upgrades WHERE order_id IS NOT NULL) u
FULL JOIN (SELECT order_id, sum(amount_minor) AS amount FROM adjustments WHERE kind = 'discount' AND promotion_id IS NULL GROUP BY 1) a ON a.order_id = u.order_id
WHERE coalesce(u.set_off_minor, 0) <> coalesce(a.amount, 0)
UNION ALL
SELECT p.membership_id FROM membership_periods p LEFT JOIN membership_upgrades u ON u.order_id = p.order_id AND u.membership_id = p.membership_id
WHERE p.set_off_minor > coalesce(u.set_off_minor, 0)
UNION ALL
SELECT u.membership_id FROM membership_upgrades u JOIN orders o ON o.id = u.order_id
WHERE o.status <> 'cancelled' AND o.payment_status <> 'refunded' AND NOT EXISTS (SELECT FROM membership_periods p WHERE p.order_id = u.order_id) GROUP BY 1 HAVING count(*) > 1;
