package catalog

// proposeChange adds to the change that is pending, where there is one.
const proposeChange = `
	INSERT INTO product_changes (id, product_id, vendor_id, edit) VALUES (@id, @product, @vendor, @edit::jsonb)
	ON CONFLICT (product_id) WHERE state = 'pending' DO UPDATE SET edit = product_changes.edit || excluded.edit ||
		CASE WHEN product_changes.edit ? 'bundles' AND excluded.edit ? 'bundles'
		     THEN jsonb_build_object('bundles', product_changes.edit -> 'bundles' || excluded.edit -> 'bundles') ELSE '{}' END
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

const selectPendingChanges = `
	SELECT product_id, id FROM product_changes WHERE product_id = ANY(@ids) AND state = 'pending'`

const selectProductsByIDs = selectProducts + ` WHERE p.id = ANY(@ids) ORDER BY p.id`
