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
	SELECT xid, seq FROM events ORDER BY xid DESC, seq DESC LIMIT 1`

const insertCursor = `
	INSERT INTO event_cursors (follower) VALUES (@follower) ON CONFLICT DO NOTHING`

// Whether there is work, without a lock: that would be a write for each look at
// an idle log. A follower without a row has all of its work before it. The
// ORDER BY keeps the planner on the primary key.
const selectBehind = `
	SELECT EXISTS (
		SELECT FROM (
			SELECT coalesce((SELECT xid FROM event_cursors WHERE follower = @follower), '0') AS xid,
			       coalesce((SELECT seq FROM event_cursors WHERE follower = @follower), 0) AS seq) AS place
		CROSS JOIN LATERAL (
			SELECT FROM events
			WHERE (events.xid, events.seq) > (place.xid, place.seq)
			  AND events.xid < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY events.xid, events.seq
			LIMIT 1) AS newer)`

const selectPlace = `
	SELECT xid, seq FROM event_cursors WHERE follower = @follower`

// For Flush: without the bound of selectAfter, which hides the reader's own transaction.
const selectUnflushed = `
	SELECT ` + recordColumns + `
	FROM events
	WHERE (xid, seq) > (@xid::text::xid8, @seq::bigint)
	ORDER BY xid, seq
	LIMIT @batch`

// Whoever holds the row is the leader of this batch.
const selectCursor = `
	SELECT xid, seq FROM event_cursors WHERE follower = @follower FOR UPDATE SKIP LOCKED`

const updateCursor = `
	UPDATE event_cursors SET xid = @xid::text::xid8, seq = @seq, updated_at = now() WHERE follower = @follower`

const notifyBell = `SELECT pg_notify(@channel, '')`

// What a new log follower has yet to see, by age; the xmin bound is left out, so
// that a transaction which holds the log back shows.
const selectLag = `
	SELECT coalesce((
		SELECT extract(epoch FROM clock_timestamp() - at)
		FROM events
		WHERE (xid, seq) > (
			coalesce((SELECT xid FROM event_cursors WHERE follower = @follower), '0'),
			coalesce((SELECT seq FROM event_cursors WHERE follower = @follower), 0))
		ORDER BY xid, seq
		LIMIT 1), 0)::double precision`

const selectQueues = `
	SELECT queue, state::text AS state, count(*) AS jobs
	FROM river_job
	WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'discarded')
	GROUP BY queue, state`

// Jobs that are to be worked now; those that wait for another try are not.
const countUnworked = `
	SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'pending') AND kind = ANY (@kinds)`

// A process that works jobs holds the advisory lock of its name for as long as
// its session lives.
const lockWorker = `SELECT pg_advisory_lock(@class, hashtext(@worker))`

// Running jobs whose process is gone. The few seconds are for a process that
// has lost the session of its lock and is about to take it again.
const rescueOrphans = `
	UPDATE river_job
	SET state        = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END::river_job_state,
	    finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
	    scheduled_at = CASE WHEN attempt < max_attempts THEN now() ELSE scheduled_at END
	WHERE state = 'running'
	  AND attempted_at < now() - interval '10 seconds'
	  AND NOT EXISTS (
		SELECT FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND objsubid = 2
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		  AND classid = @class::bigint::oid
		  AND objid = (hashtext(attempted_by[array_upper(attempted_by, 1)])::bigint & 4294967295)::oid)
	RETURNING kind`
