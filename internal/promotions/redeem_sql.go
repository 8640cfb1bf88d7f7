package promotions

const (
	// The order counts once it stands; a budget in another currency refuses.
	countUse = `
		UPDATE promotions SET used = used + 1, spent_minor = spent_minor + CASE WHEN budget_minor IS NULL THEN 0 ELSE @amount::bigint END
		WHERE id = @promotion AND status = 'active' AND (usage_limit IS NULL OR used < usage_limit)
		  AND (budget_minor IS NULL OR budget_currency = @currency AND spent_minor + @amount::bigint <= budget_minor)`

	countCoupon = `
		UPDATE coupons SET used = used + 1 WHERE id = @coupon AND NOT disabled AND (usage_limit IS NULL OR used < usage_limit)`

	// A customer's uses are counted under the lock of the promotion. Who edits it
	// at the same time is waited for: then it is another promotion.
	insertRedemption = `
		WITH promotion AS (
			SELECT id, customer_limit FROM promotions WHERE id = @promotion AND version = @version FOR KEY SHARE
		)
		INSERT INTO promotion_redemptions (id, promotion_id, coupon_id, order_id, customer, slot, amount_minor, currency)
		SELECT @id, p.id, @coupon, @order, @customer, CASE WHEN p.customer_limit IS NOT NULL THEN before.slot END, @amount, @currency
		FROM promotion p CROSS JOIN LATERAL (
			SELECT coalesce(max(slot) + 1, 0) AS slot, count(*) AS uses FROM promotion_redemptions
			WHERE promotion_id = p.id AND customer = @customer AND released_at IS NULL
		) before
		WHERE p.customer_limit IS NULL OR before.uses < p.customer_limit`

	givenForOthers = `
		SELECT EXISTS (
			SELECT FROM promotion_redemptions r JOIN promotions p ON p.id = r.promotion_id
			WHERE r.order_id = @order AND p.conditions ? 'payment_methods' AND NOT p.conditions -> 'payment_methods' @> to_jsonb(@method::text)) AS given`

	lockUses = `
		SELECT id FROM promotions
		WHERE id IN (SELECT promotion_id FROM promotion_redemptions WHERE order_id = ANY (@orders) AND released_at IS NULL)
		  AND (usage_limit IS NOT NULL OR customer_limit IS NOT NULL OR budget_minor IS NOT NULL)
		ORDER BY id FOR NO KEY UPDATE`

	lockCoupons = `
		SELECT id FROM coupons
		WHERE id IN (SELECT coupon_id FROM promotion_redemptions WHERE order_id = ANY (@orders) AND released_at IS NULL) AND usage_limit IS NOT NULL
		ORDER BY id FOR NO KEY UPDATE`

	uncountUses = `
		UPDATE promotions p SET used = p.used - given.uses, spent_minor = p.spent_minor - CASE WHEN p.budget_minor IS NULL THEN 0 ELSE given.amount END
		FROM (
			SELECT r.promotion_id, count(*)::int AS uses, sum(r.amount_minor) AS amount
			FROM promotion_redemptions r JOIN promotions q ON q.id = r.promotion_id
			WHERE r.order_id = ANY (@orders) AND r.released_at IS NULL
			  AND (q.usage_limit IS NOT NULL OR q.customer_limit IS NOT NULL OR q.budget_minor IS NOT NULL)
			GROUP BY r.promotion_id
		) given
		WHERE p.id = given.promotion_id`

	uncountCoupons = `
		UPDATE coupons k SET used = k.used - given.uses
		FROM (
			SELECT r.coupon_id, count(*)::int AS uses FROM promotion_redemptions r JOIN coupons q ON q.id = r.coupon_id
			WHERE r.order_id = ANY (@orders) AND r.released_at IS NULL AND q.usage_limit IS NOT NULL GROUP BY r.coupon_id
		) given
		WHERE k.id = given.coupon_id`

	releaseRedemptions = `
		UPDATE promotion_redemptions SET released_at = now() WHERE order_id = ANY (@orders) AND released_at IS NULL`
)
