package catalog

const mediaColumns = `id, product_id, change_id, position, alt, source_url, state, failure, blob_key, content_type, width, height, created_at`

const (
	// The claim is a lease: who does not come back loses it.
	claimMedia = `
		UPDATE media SET due_at = now() + interval '5 minutes', attempts = attempts + 1
		WHERE id IN (
		    SELECT id FROM media WHERE state IN ('pending', 'proposed') AND due_at <= now()
		    ORDER BY due_at LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING id, source_url, attempts`

	selectWanted = `SELECT id, source_url, attempts + 1 AS attempts FROM media WHERE id = @id AND state IN ('pending', 'proposed')`

	failMedia = `
		UPDATE media SET state = CASE WHEN @lasting THEN 'failed' ELSE state END, failure = @failure, due_at = now() + @pause::interval
		WHERE id = @id AND state IN ('pending', 'proposed')`

	completeMedia = `
		UPDATE media SET state = 'ready', failure = '', blob_key = @key, content_type = @content_type, width = @width, height = @height
		WHERE id = @id AND state IN ('pending', 'proposed') RETURNING product_id`

	retryMedia = `
		UPDATE media SET state = CASE WHEN change_id IS NULL THEN 'pending' ELSE 'proposed' END, attempts = 0, due_at = now()
		WHERE id = @id AND state IN ('pending', 'proposed', 'failed')
		  AND (product_id = @product OR change_id = (SELECT id FROM product_changes WHERE product_id = @product AND state = 'pending'))
		RETURNING ` + mediaColumns

	selectRemoved = `
		SELECT ` + mediaColumns + `,
		       EXISTS (SELECT FROM media other WHERE other.blob_key = media.blob_key AND other.blob_key <> '' AND other.id <> media.id) AS shared
		FROM media WHERE state = 'removed' ORDER BY due_at LIMIT @limit`

	deleteRemoved = `DELETE FROM media WHERE id = @id AND state = 'removed'`
)
