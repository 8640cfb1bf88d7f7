-- +goose Up
-- The books of a payment provider that moves no money: see internal/payments/testpay.
CREATE TABLE test_payments (
    payment_id   uuid        PRIMARY KEY,                  -- what the shop calls it
    number       text        NOT NULL CHECK (length(number) <= 100),
    currency     char(3)     NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    capture      text        NOT NULL CHECK (capture IN ('automatic', 'on_shipment')),
    return_url   text        NOT NULL,
    closed_at    timestamptz,                              -- nobody can pay it since
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- What has happened, or is going to: a bank that takes its time is an entry in the future.
CREATE TABLE test_payment_entries (
    seq          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id   uuid        NOT NULL REFERENCES test_payments,
    kind         text        NOT NULL CHECK (kind IN
        ('authorize', 'capture', 'void', 'refund', 'chargeback', 'fail', 'refund_failed', 'chargeback_reversed', 'dispute_lost')),
    ref          text        NOT NULL CHECK (length(ref) BETWEEN 1 AND 255),
    currency     char(3)     NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor >= 0),
    key          text        NOT NULL DEFAULT '',          -- of the shop, so that it happens once
    at           timestamptz NOT NULL,
    CONSTRAINT test_payment_entries_ref_key UNIQUE (payment_id, kind, ref)
);
CREATE UNIQUE INDEX test_payment_entries_key ON test_payment_entries (payment_id, kind, key) WHERE key <> '';
CREATE INDEX test_payment_entries_at ON test_payment_entries (at);
