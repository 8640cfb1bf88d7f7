-- +goose Up
-- What the books of payment providers say beside payments, and how they were compared with ours.

-- Payouts to the shop's bank, and fees that belong to no payment. Each is posted once.
CREATE TABLE provider_movements (
    id           uuid        PRIMARY KEY,
    provider     text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('payout', 'fee')),
    ref          text        NOT NULL CHECK (length(ref) BETWEEN 1 AND 255),
    currency     char(3)     NOT NULL,
    amount_minor bigint      NOT NULL,                     -- above zero: it came in for the shop; below: it left
    fee_minor    bigint      NOT NULL CHECK (fee_minor >= 0),
    booked_at    timestamptz NOT NULL,                     -- by the provider
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT provider_movements_ref_key UNIQUE (provider, kind, ref)
);
CREATE INDEX provider_movements_booked ON provider_movements (provider, booked_at);

-- A row is written when a period has been compared: what a crash has cut short is done again.
CREATE TABLE reconciliations (
    id        uuid        PRIMARY KEY,
    provider  text        NOT NULL,
    source    text        NOT NULL CHECK (source IN ('nightly', 'asked', 'file')),
    from_at   timestamptz NOT NULL,
    until_at  timestamptz NOT NULL,
    movements integer     NOT NULL,                        -- in the provider's books
    posted    integer     NOT NULL,                        -- payouts and fees of them that were news
    found     integer     NOT NULL,                        -- what does not add up
    resolved  integer     NOT NULL,                        -- what did not before, and does now
    actor     text        NOT NULL,
    ran_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (from_at < until_at)
);
CREATE INDEX reconciliations_ran ON reconciliations (ran_at);

-- Up to where the nights have been compared.
CREATE TABLE reconciliation_places (
    provider text        PRIMARY KEY,
    until_at timestamptz,                                  -- NULL: not once yet
    asked_at timestamptz NOT NULL                          -- when it was begun last: who dies over it is followed an hour later
);

-- What staff did about an exception, and how much of what a buyer is owed was given otherwise than by the provider.
ALTER TABLE payment_exceptions
    ADD action        text   NOT NULL DEFAULT '',
    ADD settled_minor bigint NOT NULL DEFAULT 0 CHECK (settled_minor >= 0),
    ADD CONSTRAINT payment_exceptions_settled CHECK (settled_minor = 0 OR payment_id IS NOT NULL AND state = 'resolved');
CREATE INDEX payment_exceptions_payment ON payment_exceptions (payment_id) WHERE payment_id IS NOT NULL;

-- Facts of a period: they are only ever added, so their pages are in order.
CREATE INDEX payment_events_at ON payment_events USING brin (at);
