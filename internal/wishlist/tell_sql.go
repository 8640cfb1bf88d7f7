package wishlist

// takeDue comes before anybody looks at prices and stock: whoever moves them
// from here on, and notes that, waits for the end of this and notes it anew.
const takeDue = `
	DELETE FROM wishlist_due WHERE variant_id IN (SELECT variant_id FROM wishlist_due ORDER BY variant_id LIMIT @limit FOR UPDATE SKIP LOCKED)
	RETURNING variant_id`

const insertDueAgain = `INSERT INTO wishlist_due (variant_id) SELECT unnest(@variants::uuid[])`

// What had no price in a currency when it was added has its first one now: that
// is no news, and what later ones are measured by.
const learnPrices = `
	UPDATE wishlist_items i SET added_minor = price.amount_minor, told_minor = price.amount_minor
	FROM prices price
	WHERE i.variant_id = ANY(@variants) AND i.told_minor IS NULL AND price.variant_id = i.variant_id AND price.currency = i.currency`

const learnAlertPrices = `
	UPDATE product_alerts a SET added_minor = price.amount_minor, told_minor = price.amount_minor
	FROM prices price
	WHERE a.variant_id = ANY(@variants) AND a.told_minor IS NULL AND price.variant_id = a.variant_id AND price.currency = a.currency`

const learnSoldOut = `
	UPDATE wishlist_items i SET sold_out = true
	FROM variants v, wishlists l
	WHERE i.variant_id = ANY(@variants) AND NOT i.sold_out AND v.id = i.variant_id AND l.id = i.wishlist_id AND l.back_in_stock
	  AND NOT ` + inStockFragment

const learnAlertsSoldOut = `
	UPDATE product_alerts a SET sold_out = true
	FROM variants v
	WHERE a.variant_id = ANY(@variants) AND a.kind = 'back_in_stock' AND NOT a.sold_out AND a.told_at IS NULL AND v.id = a.variant_id
	  AND NOT ` + inStockFragment

// takeFallen finds what is so much cheaper than its owner knows of, and is on
// sale. Lists that want no such news learn of it all the same, so that it is old
// when they do.
const takeFallen = `
	WITH due AS (
		SELECT i.id, price.amount_minor, l.user_id, l.price_drops AS wanted
		FROM wishlist_items i
		JOIN wishlists l ON l.id = i.wishlist_id AND l.user_id IS NOT NULL
		JOIN prices price ON price.variant_id = i.variant_id AND price.currency = i.currency
		JOIN variants v ON v.id = i.variant_id
		JOIN products p ON p.id = v.product_id
		JOIN vendors s ON s.id = v.vendor_id
		WHERE i.variant_id = ANY(@variants) AND price.amount_minor * 100 <= i.told_minor * (100 - @percent::int) AND price.amount_minor < i.told_minor
		  AND ` + onSaleFragment + `
		ORDER BY l.user_id, i.id LIMIT @limit FOR UPDATE OF i
	)
	UPDATE wishlist_items i SET told_minor = due.amount_minor FROM due WHERE i.id = due.id
	RETURNING i.id, due.user_id, due.wanted`

// takeBack finds what was sold out and can be bought again.
const takeBack = `
	WITH due AS (
		SELECT i.id, l.user_id, l.back_in_stock AND (i.restock_told_at IS NULL OR i.restock_told_at <= @before) AS wanted
		FROM wishlist_items i
		JOIN wishlists l ON l.id = i.wishlist_id AND l.user_id IS NOT NULL
		JOIN variants v ON v.id = i.variant_id
		JOIN products p ON p.id = v.product_id
		JOIN vendors s ON s.id = v.vendor_id
		WHERE i.variant_id = ANY(@variants) AND i.sold_out AND ` + onSaleFragment + ` AND ` + inStockFragment + `
		ORDER BY l.user_id, i.id LIMIT @limit FOR UPDATE OF i
	)
	UPDATE wishlist_items i SET sold_out = false, restock_told_at = CASE WHEN due.wanted THEN @now ELSE i.restock_told_at END
	FROM due WHERE i.id = due.id
	RETURNING i.id, due.user_id, due.wanted`

const takeFallenAlerts = `
	WITH due AS (
		SELECT a.id, price.amount_minor
		FROM product_alerts a
		JOIN prices price ON price.variant_id = a.variant_id AND price.currency = a.currency
		JOIN variants v ON v.id = a.variant_id
		JOIN products p ON p.id = v.product_id
		JOIN vendors s ON s.id = v.vendor_id
		WHERE a.variant_id = ANY(@variants) AND a.kind = 'price_drop' AND a.confirmed_at IS NOT NULL AND a.expires_at > @now
		  AND price.amount_minor * 100 <= a.told_minor * (100 - @percent::int) AND price.amount_minor < a.told_minor
		  AND ` + onSaleFragment + `
		ORDER BY a.id LIMIT @limit FOR UPDATE OF a
	)
	UPDATE product_alerts a SET told_minor = due.amount_minor, told_at = @now FROM due WHERE a.id = due.id
	RETURNING a.id`

const takeBackAlerts = `
	WITH due AS (
		SELECT a.id
		FROM product_alerts a
		JOIN variants v ON v.id = a.variant_id
		JOIN products p ON p.id = v.product_id
		JOIN vendors s ON s.id = v.vendor_id
		WHERE a.variant_id = ANY(@variants) AND a.kind = 'back_in_stock' AND a.confirmed_at IS NOT NULL AND a.expires_at > @now
		  AND a.told_at IS NULL AND a.sold_out AND ` + onSaleFragment + ` AND ` + inStockFragment + `
		ORDER BY a.id LIMIT @limit FOR UPDATE OF a
	)
	UPDATE product_alerts a SET told_at = @now, expires_at = @until FROM due WHERE a.id = due.id
	RETURNING a.id`
