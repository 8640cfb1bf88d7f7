package pricing

// setPrices writes only what differs. The lowest price of the 30 days before
// (Directive 98/6/EC, article 6a) is settled here: it depends on the history
// alone, of which the row that was in force 30 days ago counts, too.
const setPrices = `
	WITH wanted AS (
		SELECT DISTINCT ON (variant_id, currency) * FROM unnest(@variants::uuid[], @currencies::text[], @amounts::bigint[], @compare_ats::bigint[])
		       WITH ORDINALITY AS w (variant_id, currency, amount_minor, compare_at_minor, position)
		ORDER BY variant_id, currency, position DESC
	), was AS (
		SELECT p.variant_id, p.currency, p.amount_minor, p.compare_at_minor FROM prices p
		JOIN wanted w ON w.variant_id = p.variant_id AND w.currency = p.currency
		ORDER BY p.variant_id, p.currency FOR UPDATE OF p
	), different AS (
		SELECT w.variant_id, w.currency, w.amount_minor, w.compare_at_minor, h.lowest
		FROM wanted w
		LEFT JOIN was ON was.variant_id = w.variant_id AND was.currency = w.currency
		LEFT JOIN LATERAL (
			SELECT min(past.amount_minor) AS lowest FROM (
				(SELECT amount_minor FROM price_history
				 WHERE variant_id = w.variant_id AND currency = w.currency AND at > now() - interval '30 days')
				UNION ALL
				(SELECT amount_minor FROM price_history
				 WHERE variant_id = w.variant_id AND currency = w.currency AND at <= now() - interval '30 days' ORDER BY at DESC, seq DESC LIMIT 1)
			) past
		) h ON true
		WHERE was.variant_id IS NULL OR (was.amount_minor, was.compare_at_minor) IS DISTINCT FROM (w.amount_minor, w.compare_at_minor)
	), told AS (
		INSERT INTO price_history (variant_id, currency, amount_minor, compare_at_minor, actor)
		SELECT variant_id, currency, amount_minor, compare_at_minor, @actor FROM different
	)
	INSERT INTO prices (variant_id, currency, amount_minor, compare_at_minor, lowest_30d_minor)
	SELECT variant_id, currency, amount_minor, compare_at_minor, lowest FROM different
	ON CONFLICT (variant_id, currency) DO UPDATE
	SET amount_minor = excluded.amount_minor, compare_at_minor = excluded.compare_at_minor,
	    lowest_30d_minor = excluded.lowest_30d_minor, updated_at = now()
	RETURNING variant_id`

const pricesOf = `
	SELECT variant_id, (amount_minor, currency) AS amount,
	       CASE WHEN compare_at_minor IS NOT NULL THEN (compare_at_minor, currency) END AS compare_at,
	       CASE WHEN lowest_30d_minor IS NOT NULL THEN (lowest_30d_minor, currency) END AS lowest_30d,
	       updated_at
	FROM prices WHERE variant_id = ANY (@variants) ORDER BY variant_id, currency`
