-- +goose Up
-- Copies of people's data that they asked for, and what is forgotten of their orders.

CREATE TABLE data_exports (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL CONSTRAINT data_exports_user_key UNIQUE REFERENCES users,   -- one at a time
    file       text        NOT NULL,              -- name under exports/, random
    actor      text        NOT NULL,              -- who asked
    asked_at   timestamptz NOT NULL DEFAULT now(),
    ready_at   timestamptz,
    size       bigint      NOT NULL DEFAULT 0,    -- bytes
    expires_at timestamptz NOT NULL               -- then file and row go
);
CREATE INDEX data_exports_expiry ON data_exports (expires_at);

CREATE INDEX users_erased ON users (erased_at) WHERE erased_at IS NOT NULL;

-- Which personal data an order still holds: all, what its invoice must name, or none.
ALTER TABLE orders
    ADD COLUMN personal text NOT NULL DEFAULT 'all' CHECK (personal IN ('all', 'invoice', 'none')),
    ADD COLUMN forget_asked_at timestamptz;   -- by a guest, through staff
CREATE INDEX orders_forget_asked ON orders (forget_asked_at) WHERE forget_asked_at IS NOT NULL AND personal = 'all';

-- What was seen of a parcel is never edited, but what was written beside it may be forgotten.
DROP TRIGGER tracking_events_append_only ON tracking_events;
CREATE TRIGGER tracking_events_append_only BEFORE DELETE ON tracking_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tracking_events_may_forget BEFORE UPDATE ON tracking_events
    FOR EACH ROW WHEN (NEW.detail <> '' OR to_jsonb(NEW) - 'detail' <> to_jsonb(OLD) - 'detail') EXECUTE FUNCTION refuse_change();
