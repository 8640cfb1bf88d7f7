package catalog

// proposeChange adds to the change that is pending, where there is one; to what it
// says of variants, by variant.
const proposeChange = `
	INSERT INTO product_changes (id, product_id, vendor_id, edit) VALUES (@id, @product, @vendor, @edit::jsonb)
	ON CONFLICT (product_id) WHERE state = 'pending' DO UPDATE SET edit = product_changes.edit || excluded.edit || (
		SELECT coalesce(jsonb_object_agg(of, product_changes.edit -> of || excluded.edit -> of), '{}')
		FROM unnest(ARRAY['bundles', 'prices']) of WHERE product_changes.edit ? of AND excluded.edit ? of)
	RETURNING id`

const changesFragment = `
	SELECT c.id, c.product_id, c.vendor_id, p.title AS product, c.edit, c.diff, c.state, c.reason, c.created_at, c.decided_at
	FROM product_changes c JOIN products p ON p.id = c.product_id
	WHERE `

const selectChange = changesFragment + `c.id = @id`

const selectChanges = changesFragment + `
	c.state = @state AND (@vendor::uuid IS NULL OR c.vendor_id = @vendor) AND (@after::uuid IS NULL OR c.id > @after)
	ORDER BY c.id LIMIT @limit`

const settleChange = `
	UPDATE product_changes c SET state = @state, reason = @reason, decided_at = now()
	FROM products p
	WHERE c.id = @id AND c.state = 'pending' AND p.id = c.product_id AND (@vendor::uuid IS NULL OR c.vendor_id = @vendor)
	RETURNING c.id, c.product_id, c.vendor_id, p.title AS product, c.edit, c.diff, c.state, c.reason, c.created_at, c.decided_at`

const keepDiff = `UPDATE product_changes SET diff = @diff::jsonb WHERE id = @id`

// isTrusted looks whether the last changes of a vendor were all approved.
const isTrusted = `
	SELECT count(*) = @after AND bool_and(state = 'approved') FROM (
	    SELECT state FROM product_changes WHERE vendor_id = @vendor AND state IN ('approved', 'rejected')
	    ORDER BY id DESC LIMIT @after) last`

const selectVariantsOnSale = `
	SELECT v.id FROM variants v JOIN products p ON p.id = v.product_id WHERE v.id = ANY(@variants) AND p.status IN ('active', 'scheduled')`

const selectPendingChanges = `
	SELECT product_id, id FROM product_changes WHERE product_id = ANY(@ids) AND state = 'pending'`

const selectProductsByIDs = selectProducts + ` WHERE p.id = ANY(@ids) ORDER BY p.id`
