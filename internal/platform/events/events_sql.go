package events

const insertEvent = `
	INSERT INTO events (id, name, subject, version, data, actor)
	VALUES (@id, @name, @subject, @version, @data, @actor)`

// A uuid and a number in place of NULL, so that a Record needs no pointers.
const recordColumns = `
	xid, seq, id, name, coalesce(subject, '00000000-0000-0000-0000-000000000000') AS subject,
	coalesce(version, 0) AS version, data, actor, at`

const selectTimeline = `
	SELECT ` + recordColumns + `
	FROM events
	WHERE subject = @subject AND version > @after
	ORDER BY version`

// The new steps of many subjects at once, for the Hub.
const selectTimelines = `
	SELECT ` + recordColumns + `
	FROM events
	JOIN unnest(@subjects::uuid[], @after::bigint[]) AS wanted (wanted_subject, after)
	  ON subject = wanted_subject AND version > after
	ORDER BY subject, version`

// Only transactions older than the oldest open one: what is read now can get
// no late neighbour before it.
const selectAfter = `
	SELECT ` + recordColumns + `
	FROM events
	WHERE (xid, seq) > (@xid::text::xid8, @seq::bigint)
	  AND xid < pg_snapshot_xmin(pg_current_snapshot())
	ORDER BY xid, seq
	LIMIT @batch`

// The place before everything that a snapshot taken earlier may lack.
const selectNow = `
	SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid, 0::bigint AS seq`

// The place of the newest committed event.
const selectHead = `
	SELECT xid, seq FROM events
	UNION ALL
	SELECT '0'::xid8 AS xid, 0::bigint AS seq
	ORDER BY xid DESC, seq DESC
	LIMIT 1`

const insertCursor = `
	INSERT INTO event_cursors (follower) VALUES (@follower) ON CONFLICT DO NOTHING`

// Without a lock, which would cost a write for each look at an idle log.
const selectBehind = `
	SELECT EXISTS (
		SELECT FROM event_cursors AS c
		JOIN events AS e ON (e.xid, e.seq) > (c.xid, c.seq)
		WHERE c.follower = @follower AND e.xid < pg_snapshot_xmin(pg_current_snapshot()))`

// Whoever holds the row is the leader of this batch.
const selectCursor = `
	SELECT xid, seq FROM event_cursors WHERE follower = @follower FOR UPDATE SKIP LOCKED`

const updateCursor = `
	UPDATE event_cursors SET xid = @xid::text::xid8, seq = @seq, updated_at = now() WHERE follower = @follower`
