-- +goose Up
-- Payments by providers at the other end of a network.

-- What the shop has at each: see payments.Account.
CREATE TABLE payment_accounts (
    provider       text        PRIMARY KEY CHECK (provider IN ('stripe', 'razorpay', 'paypal', 'test')),
    enabled        boolean     NOT NULL DEFAULT false,
    live           boolean     NOT NULL DEFAULT false,
    base_url       text        NOT NULL,
    capture        text        NOT NULL DEFAULT 'automatic' CHECK (capture IN ('automatic', 'on_shipment')),
    fields         jsonb       NOT NULL DEFAULT '{}',
    secrets_sealed bytea,
    rotated_at     timestamptz,                            -- when a secret was replaced last: the old one still proves notices for a day
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        bigint      NOT NULL DEFAULT 1
);

-- Further names of a payment at its provider. payments.provider_ref is the first.
CREATE TABLE payment_refs (
    provider   text   NOT NULL,
    ref        text   NOT NULL CHECK (length(ref) BETWEEN 1 AND 255),
    payment_id uuid   NOT NULL REFERENCES payments,
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (provider, ref)
);
CREATE INDEX payment_refs_payment ON payment_refs (payment_id, seq);

-- Fees, refunds that came back, disputes that were won.
ALTER TABLE payment_events DROP CONSTRAINT payment_events_kind_check, ADD CONSTRAINT payment_events_kind_check CHECK (kind IN
    ('authorize', 'capture', 'void', 'refund', 'chargeback', 'fail', 'fee', 'refund_failed', 'chargeback_reversed'));

-- What is on its way back to the buyer, and when somebody has to ask the provider next.
ALTER TABLE payments
    ADD refunding_minor bigint NOT NULL DEFAULT 0,
    ADD owed            boolean NOT NULL DEFAULT false,    -- what was captured came for an order that is dead, or is paid already: it goes back
    ADD return_url      text    NOT NULL DEFAULT '',       -- where the shop's own page is that the buyer comes back to
    ADD look_at         timestamptz,                       -- NULL: nothing is waited for
    ADD seen_at         timestamptz,                       -- when the provider was asked last: it answered with all that was so then
    ADD looked          integer NOT NULL DEFAULT 0,        -- how often the provider was asked since something changed
    DROP CONSTRAINT payments_within_bounds,
    ADD CONSTRAINT payments_within_bounds CHECK (
        0 <= refunded_minor AND 0 <= refunding_minor AND refunded_minor + refunding_minor <= captured_minor AND 0 <= voided_minor
        AND captured_minor + voided_minor <= authorized_minor AND authorized_minor <= amount_minor);
CREATE INDEX payments_look ON payments (look_at) WHERE look_at IS NOT NULL;

-- What a provider is to be told to do, until it has said yes or no. A row is written in the transaction that decides it;
-- its id is the key under which the provider does it once.
CREATE TABLE payment_instructions (
    id           uuid        PRIMARY KEY,
    payment_id   uuid        NOT NULL,
    currency     char(3)     NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('capture', 'void', 'refund')),
    amount_minor bigint      NOT NULL CHECK (amount_minor >= 0),
    taken        text        NOT NULL DEFAULT '',          -- of a refund: the cause of the capture that it is of
    refund_id    uuid        REFERENCES refunds,           -- of a refund that staff decided; NULL: of money that is owed back
    reason       text        NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    state        text        NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'refused')),
    cause        text        NOT NULL DEFAULT '',          -- of the fact that it became
    problem      text        NOT NULL DEFAULT '',          -- what the provider said last when it did not do it
    attempts     integer     NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL DEFAULT now(),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (payment_id, currency) REFERENCES payments (id, currency),
    CHECK (kind = 'refund' OR refund_id IS NULL),
    CHECK (state <> 'done' OR cause <> '')
);
CREATE INDEX payment_instructions_payment ON payment_instructions (payment_id, id);
CREATE INDEX payment_instructions_refund ON payment_instructions (refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX payment_instructions_due ON payment_instructions (due_at) WHERE state = 'due';
CREATE UNIQUE INDEX payment_instructions_one ON payment_instructions (payment_id, kind) WHERE state = 'due' AND kind <> 'refund';

-- Notices as they came: verified, kept once, applied by a job.
CREATE TABLE webhook_inbox (
    id          uuid        PRIMARY KEY,
    provider    text        NOT NULL,
    event_id    text        NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),
    type        text        NOT NULL CHECK (length(type) <= 255),
    ref         text        NOT NULL DEFAULT '' CHECK (length(ref) <= 255),
    body        bytea       NOT NULL,
    happened_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    deliveries  integer     NOT NULL DEFAULT 1,
    state       text        NOT NULL CHECK (state IN ('due', 'applied', 'ignored', 'given_up')),
    problem     text        NOT NULL DEFAULT '',           -- why it is ignored, or was not applied the last time
    attempts    integer     NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL DEFAULT now(),
    applied_at  timestamptz,
    CONSTRAINT webhook_inbox_event_key UNIQUE (provider, event_id)
);
CREATE INDEX webhook_inbox_due ON webhook_inbox (due_at) WHERE state = 'due';
CREATE INDEX webhook_inbox_received ON webhook_inbox (received_at);

-- Disputes, as far as their provider has told.
CREATE TABLE payment_disputes (
    id           uuid        PRIMARY KEY,
    payment_id   uuid        NOT NULL,
    ref          text        NOT NULL,
    currency     char(3)     NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    reason       text        NOT NULL,
    status       text        NOT NULL CHECK (status IN ('needs_response', 'under_review', 'won', 'lost', 'closed')),
    due_by       timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_disputes_ref_key UNIQUE (payment_id, ref),
    FOREIGN KEY (payment_id, currency) REFERENCES payments (id, currency)
);
CREATE INDEX payment_disputes_open ON payment_disputes (due_by) WHERE status IN ('needs_response', 'under_review');

-- What does not add up between a provider and us, for a person to look at.
CREATE TABLE payment_exceptions (
    id           uuid        PRIMARY KEY,
    provider     text        NOT NULL,
    kind         text        NOT NULL,                     -- see payments.Exception
    payment_id   uuid        REFERENCES payments,
    order_id     uuid        REFERENCES orders,
    subject      text        NOT NULL,                     -- what it is about, so that it is told once while it is open
    detail       jsonb       NOT NULL DEFAULT '{}',
    state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
    resolution   text        NOT NULL DEFAULT '' CHECK (length(resolution) <= 500),
    resolved_by  text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    resolved_at  timestamptz,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE UNIQUE INDEX payment_exceptions_open ON payment_exceptions (provider, kind, subject) WHERE state = 'open';
CREATE INDEX payment_exceptions_created ON payment_exceptions (created_at);
CREATE INDEX payment_exceptions_order ON payment_exceptions (order_id) WHERE order_id IS NOT NULL;
