package search

const selectStatus = `
	SELECT
		(SELECT count(*) FROM listed_products) AS listed,
		(SELECT count(*) FROM products AS p JOIN vendors AS v ON v.id = p.vendor_id
		 WHERE p.status = 'active' AND v.status = 'active' AND NOT p.unlisted) AS active,
		(SELECT count(*) FROM listings_due) AS put_off,
		(SELECT count(*) FROM listings_refused) AS refused,
		coalesce((SELECT product_id FROM listings_refused ORDER BY at DESC LIMIT 1), '00000000-0000-0000-0000-000000000000') AS refused_product,
		coalesce((SELECT problem FROM listings_refused ORDER BY at DESC LIMIT 1), '') AS problem,
		coalesce((
			SELECT extract(epoch FROM clock_timestamp() - e.at)::float8
			FROM events AS e
			WHERE (e.xid, e.seq) > (
				SELECT c.xid, c.seq FROM event_cursors AS c WHERE c.follower = 'search'
				UNION ALL SELECT '0'::xid8, 0
				LIMIT 1)
			ORDER BY e.xid, e.seq
			LIMIT 1), 0) AS lag_seconds`

const selectTime = `SELECT clock_timestamp() AS now`

const selectNodes = `
	SELECT id, host, documents, segments, size, lag_seconds, built_at, saved_at, seen_at
	FROM search_nodes
	WHERE seen_at > now() - interval '1 minute'
	ORDER BY host, id`

const upsertNode = `
	WITH gone AS (
		DELETE FROM search_nodes WHERE seen_at < now() - interval '1 minute' AND id <> @id
	)
	INSERT INTO search_nodes AS n (id, host, documents, segments, size, lag_seconds, built_at, saved_at)
	VALUES (@id, @host, @documents, @segments, @size, coalesce((
		SELECT extract(epoch FROM clock_timestamp() - at)
		FROM events
		WHERE (xid, seq) > (@xid::text::xid8, @seq::bigint)
		ORDER BY xid, seq
		LIMIT 1), 0), @built, @saved)
	ON CONFLICT (id) DO UPDATE SET
		documents = excluded.documents, segments = excluded.segments, size = excluded.size, lag_seconds = excluded.lag_seconds,
		built_at = excluded.built_at, saved_at = excluded.saved_at, seen_at = now()`

const deleteNode = `DELETE FROM search_nodes WHERE id = @id`

// The age of the oldest event after a place. One of a transaction that is not
// over counts, so that whatever holds the log back shows.
const selectLagAfter = `
	SELECT coalesce((
		SELECT extract(epoch FROM clock_timestamp() - at)
		FROM events
		WHERE (xid, seq) > (@xid::text::xid8, @seq::bigint)
		ORDER BY xid, seq
		LIMIT 1), 0)::double precision AS lag_seconds`
