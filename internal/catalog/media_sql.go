package catalog

const (
	// The claim is a lease: who does not come back loses it.
	claimMedia = `
		UPDATE media SET due_at = now() + interval '5 minutes', attempts = attempts + 1
		WHERE id IN (
		    SELECT id FROM media WHERE state = 'pending' AND due_at <= now()
		    ORDER BY due_at LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING id, source_url, attempts`

	selectWanted = `SELECT id, source_url, attempts + 1 AS attempts FROM media WHERE id = @id AND state = 'pending'`

	failMedia = `
		UPDATE media SET state = @state, failure = @failure, due_at = now() + @pause::interval
		WHERE id = @id AND state = 'pending'`

	completeMedia = `
		UPDATE media SET state = 'ready', failure = '', blob_key = @key, content_type = @content_type, width = @width, height = @height
		WHERE id = @id AND state = 'pending' RETURNING product_id`

	retryMedia = `
		UPDATE media SET state = 'pending', attempts = 0, due_at = now()
		WHERE id = @id AND product_id = @product AND state IN ('pending', 'failed')`

	selectRemoved = `
		SELECT id, product_id, position, alt, source_url, state, failure, blob_key, content_type, width, height, created_at
		FROM media WHERE state = 'removed' ORDER BY due_at LIMIT @limit`

	deleteRemoved = `DELETE FROM media WHERE id = @id AND state = 'removed'`
)
