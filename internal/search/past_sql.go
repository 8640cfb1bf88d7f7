package search

const upsertPast = `
	INSERT INTO past_queries AS p (hash, text, visitors, weight)
	SELECT decode(n.hash, 'hex'), CASE WHEN bit_count(n.visitors::bit(64)) >= @several THEN n.text ELSE '' END, n.visitors::bit(64), n.times
	FROM json_to_recordset(@asked::json) AS n (hash text, text text, visitors bigint, times int)
	ON CONFLICT (hash) DO UPDATE SET
		visitors = p.visitors | excluded.visitors, weight = p.weight + excluded.weight, asked_at = now(),
		text = coalesce(nullif(p.text, ''), CASE WHEN bit_count(p.visitors | excluded.visitors) >= @several THEN (
			SELECT n.text FROM json_to_recordset(@asked::json) AS n (hash text, text text) WHERE decode(n.hash, 'hex') = p.hash) END, '')`

const selectPast = `
	SELECT text
	FROM past_queries
	WHERE text <> ''
	ORDER BY weight DESC, hash
	LIMIT @most`

const fadePast = `
	UPDATE past_queries
	SET weight = weight * power(0.5, extract(epoch FROM now() - faded_at) / extract(epoch FROM interval '30 days')), faded_at = now()
	WHERE faded_at < now() - interval '1 day'`

const deleteFaded = `
	DELETE FROM past_queries
	WHERE weight < 0.5 OR text = '' AND asked_at < now() - interval '14 days' OR hash IN (
		SELECT hash
		FROM (SELECT hash, row_number() OVER (PARTITION BY text = '' ORDER BY weight DESC, asked_at DESC) AS place FROM past_queries) AS p
		WHERE place > @most)`

const deletePast = `DELETE FROM past_queries`
