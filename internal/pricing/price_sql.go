package pricing

// setPrices writes what differs, and its history, in one statement. The lowest
// price of the 30 days before is that of the history, which does not have the
// new price yet: the price that held when the 30 days began, and all since. No
// derived price takes the place of one that a variant has of its own.
const setPrices = `
	WITH wanted AS (
	    SELECT w.variant_id, w.currency, w.amount_minor, w.compare_at_minor, w.derived, h.lowest
	    FROM unnest(@variants::uuid[], @currencies::text[], @amounts::bigint[], @compare_at::bigint[], @derived::boolean[])
	         AS w(variant_id, currency, amount_minor, compare_at_minor, derived)
	    LEFT JOIN prices p ON p.variant_id = w.variant_id AND p.currency = w.currency
	    CROSS JOIN LATERAL (
	        SELECT min(amount_minor) AS lowest FROM price_history
	        WHERE variant_id = w.variant_id AND currency = w.currency AND at >= COALESCE((
	            SELECT max(at) FROM price_history
	            WHERE variant_id = w.variant_id AND currency = w.currency AND at <= now() - interval '30 days'), '-infinity')) h
	    WHERE (p.amount_minor, p.compare_at_minor, p.derived) IS DISTINCT FROM (w.amount_minor, w.compare_at_minor, w.derived)
	      AND NOT (w.derived AND p.derived IS FALSE)
	      AND (@sums::boolean OR NOT EXISTS (SELECT FROM variants b WHERE b.id = w.variant_id AND b.bundle = 'summed'))
	    ORDER BY w.variant_id, w.currency
	), changed AS (
	    INSERT INTO prices (variant_id, currency, amount_minor, compare_at_minor, derived, lowest_30d_minor)
	    SELECT variant_id, currency, amount_minor, compare_at_minor, derived, lowest FROM wanted
	    ON CONFLICT (variant_id, currency) DO UPDATE
	    SET amount_minor = excluded.amount_minor, compare_at_minor = excluded.compare_at_minor, derived = excluded.derived, updated_at = now(),
	        lowest_30d_minor = CASE WHEN prices.amount_minor = excluded.amount_minor
	                                THEN prices.lowest_30d_minor ELSE excluded.lowest_30d_minor END
	    WHERE (prices.amount_minor, prices.compare_at_minor, prices.derived) IS DISTINCT FROM (excluded.amount_minor, excluded.compare_at_minor, excluded.derived)
	      AND (prices.derived OR NOT excluded.derived)
	    RETURNING variant_id, currency, amount_minor, compare_at_minor
	)
	INSERT INTO price_history (variant_id, currency, amount_minor, compare_at_minor, actor)
	SELECT variant_id, currency, amount_minor, compare_at_minor, @actor FROM changed
	RETURNING variant_id`

const dropPrices = `
	DELETE FROM prices
	WHERE variant_id = ANY(@variants) AND NOT derived
	  AND (variant_id, currency::text) NOT IN (SELECT * FROM unnest(@priced::uuid[], @currencies::text[]))
	RETURNING variant_id`

const selectPricesFragment = `
	SELECT variant_id, (amount_minor, currency) AS price,
	       CASE WHEN compare_at_minor IS NOT NULL THEN (compare_at_minor, currency) END AS compare_at,
	       CASE WHEN lowest_30d_minor IS NOT NULL THEN (lowest_30d_minor, currency) END AS lowest_30d, derived, updated_at
	FROM prices `

const selectPrices = selectPricesFragment + `WHERE variant_id = ANY(@variants) ORDER BY variant_id, currency`

const selectHistory = `
	SELECT seq, (amount_minor, currency) AS price,
	       CASE WHEN compare_at_minor IS NOT NULL THEN (compare_at_minor, currency) END AS compare_at, actor, at
	FROM price_history WHERE variant_id = @variant AND (@before::bigint = 0 OR seq < @before)
	ORDER BY seq DESC LIMIT @limit`
