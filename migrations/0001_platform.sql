-- +goose Up
-- What no noun of the shop owns: the one event log, idempotency keys, settings, the audit trail.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- Append-only tables get this trigger: nobody edits a fact, not even the owner.
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd

-- The log. Followers read (xid, seq) > cursor AND xid < pg_snapshot_xmin(pg_current_snapshot()),
-- so that a transaction which commits late is never skipped.
CREATE TABLE events (
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq     bigint      GENERATED ALWAYS AS IDENTITY,
    id      uuid        NOT NULL,
    name    text        NOT NULL,               -- 'orders.placed'
    subject uuid,                               -- whose timeline it is a step of: an order, a product
    version bigint,                             -- the step's number in that timeline, 1..n without a gap
    data    jsonb       NOT NULL,
    actor   text        NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, seq)
);
CREATE UNIQUE INDEX events_timeline_key ON events (subject, version) WHERE version IS NOT NULL;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE event_cursors (
    follower   text        PRIMARY KEY,
    xid        xid8        NOT NULL DEFAULT '0',
    seq        bigint      NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE idempotency_keys (
    principal    text        NOT NULL,
    operation    text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    status       int         NOT NULL CHECK (status = 0 OR status BETWEEN 200 AND 299), -- 0: an action that is still running
    response     bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, operation, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
-- An answer is some kilobytes of JSON, kept for two days: lz4 packs it in a tenth of the time.
-- +goose StatementBegin
DO $$ BEGIN
    ALTER TABLE idempotency_keys ALTER COLUMN response SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;   -- a PostgreSQL that was built without it
END $$;
-- +goose StatementEnd

CREATE TABLE settings (
    key        text        PRIMARY KEY,
    value      jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
