-- +goose Up
-- Refunds above a sum, which a second person has to approve.
CREATE TABLE refund_requests (
    id           uuid        PRIMARY KEY,
    order_id     uuid        NOT NULL,
    currency     char(3)     NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0), -- what it came to when it was asked for
    body         jsonb       NOT NULL,                          -- what was asked for
    asked_by     text        NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected')),
    decided_by   text        NOT NULL DEFAULT '',
    reason       text        NOT NULL DEFAULT '' CHECK (length(reason) <= 500), -- of a rejection
    refund_id    uuid        REFERENCES refunds,
    created_at   timestamptz NOT NULL DEFAULT now(),
    decided_at   timestamptz,
    FOREIGN KEY (order_id, currency) REFERENCES orders (id, currency),
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK ((state = 'approved') = (refund_id IS NOT NULL))
);
CREATE INDEX refund_requests_order ON refund_requests (order_id);
CREATE INDEX refund_requests_waiting ON refund_requests (id) WHERE state = 'waiting';
