-- +goose Up
-- Who did what, and what was refused: append-only, and chained by hashes so that whoever edits it is found out.

CREATE TABLE audit_log (
    xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq             bigint      GENERATED ALWAYS AS IDENTITY,
    id              uuid        NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    action          text        NOT NULL,              -- the operation's id, 'cli.user.create-admin'
    outcome         int         NOT NULL,              -- the HTTP status; 0 of a command
    actor           text        NOT NULL,              -- as auth.Actor.Name says
    user_id         uuid,
    session_id      uuid,
    key_id          uuid,
    impersonator_id uuid,
    subject         text        NOT NULL DEFAULT '',   -- what it was done to: ids from the path
    address         text        NOT NULL DEFAULT '',
    request_id      text        NOT NULL DEFAULT '',
    before          jsonb,                             -- what was there, where the handler says
    after           jsonb,                             -- what was sent, secrets and personal data masked
    PRIMARY KEY (xid, seq)
);
CREATE INDEX audit_log_at ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_user ON audit_log (user_id, at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_subject ON audit_log (subject, at DESC) WHERE subject <> '';
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_change();

-- The chain, made by one sealer behind the writers, so that they do not wait for each other: the n-th seal is of the n-th
-- entry in the order of commits, and hashes the seal before it.
CREATE TABLE audit_seals (
    n    bigint PRIMARY KEY,
    xid  xid8   NOT NULL,
    seq  bigint NOT NULL,
    hash bytea  NOT NULL CHECK (length(hash) = 32),
    CONSTRAINT audit_seals_entry_key UNIQUE (xid, seq),
    FOREIGN KEY (xid, seq) REFERENCES audit_log (xid, seq)
);
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
CREATE FUNCTION audit_digest(previous bytea, e audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(coalesce(previous, '') || convert_to(jsonb_build_array(
        e.xid::text, e.seq, e.id, extract(epoch FROM e.at), e.action, e.outcome, e.actor, e.user_id, e.session_id, e.key_id, e.impersonator_id,
        e.subject, e.address, e.request_id, e.before, e.after)::text, 'UTF8'))
$$;
-- +goose StatementEnd

-- What is not as it was sealed, the first in the chain's order first: a seal that does not fit its entry and the seal before it, a
-- hole in the chain, an entry that lies before the chain's end and is not in it.
-- +goose StatementBegin
CREATE FUNCTION audit_broken() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT what FROM (
        SELECT s.xid, s.seq, coalesce(e.id::text, 'an entry was removed at seal ' || s.n) AS what
        FROM audit_seals s
        LEFT JOIN audit_log e ON e.xid = s.xid AND e.seq = s.seq
        LEFT JOIN audit_seals p ON p.n = s.n - 1
        WHERE e.id IS NULL OR s.hash <> audit_digest(p.hash, e)
           OR s.n > 1 AND (p.n IS NULL OR (p.xid, p.seq) >= (s.xid, s.seq))
        UNION ALL
        SELECT e.xid, e.seq, e.id::text FROM audit_log e
        WHERE (e.xid, e.seq) < (SELECT xid, seq FROM audit_seals ORDER BY n DESC LIMIT 1)
          AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.xid = e.xid AND s.seq = e.seq)
    ) broken ORDER BY xid, seq
$$;
-- +goose StatementEnd
