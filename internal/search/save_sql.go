package search

const selectNewest = `
	SELECT xid, seq, id, clock_timestamp() AS at FROM events ORDER BY xid DESC, seq DESC LIMIT 1`

// The log forgets nothing, so whoever has the newest event has all before it. A
// database that was loaded from a dump may count transactions from one again:
// then a place ahead of them would miss what happens next.
const selectLogFact = `
	SELECT
		EXISTS (SELECT FROM events WHERE xid = @newest_xid::text::xid8 AND seq = @newest_seq AND id = @newest) AS known,
		@xid::text::xid8 <= pg_snapshot_xmin(pg_current_snapshot()) AS reached,
		(SELECT count(*) FROM (
			SELECT FROM events WHERE (xid, seq) > (@xid::text::xid8, @seq::bigint) ORDER BY xid, seq LIMIT @most) AS later) AS behind`
