package search

const selectStatus = `
	SELECT
		(SELECT count(*) FROM listed_products) AS listed,
		(SELECT count(*) FROM products AS p JOIN vendors AS v ON v.id = p.vendor_id
		 WHERE p.status = 'active' AND v.status = 'active') AS active,
		(SELECT count(*) FROM listings_due) AS put_off,
		coalesce((
			SELECT extract(epoch FROM clock_timestamp() - e.at)::float8
			FROM events AS e
			WHERE (e.xid, e.seq) > (
				SELECT c.xid, c.seq FROM event_cursors AS c WHERE c.follower = 'search'
				UNION ALL SELECT '0'::xid8, 0
				LIMIT 1)
			ORDER BY e.xid, e.seq
			LIMIT 1), 0) AS lag_seconds`
