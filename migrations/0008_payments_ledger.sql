-- +goose Up
-- The figures are the sums of payment_events by kind; `souk verify` adds them up again.
CREATE TABLE payments (
    id               uuid        PRIMARY KEY,
    order_id         uuid        NOT NULL,
    provider         text        NOT NULL,             -- 'cod'
    provider_ref     text,                             -- the provider's name for it
    status           text        NOT NULL CHECK (status IN ('pending', 'processing', 'authorized', 'partially_captured', 'captured', 'failed', 'voided')),
    currency         char(3)     NOT NULL,
    amount_minor     bigint      NOT NULL CHECK (amount_minor >= 0),
    authorized_minor bigint      NOT NULL DEFAULT 0,
    captured_minor   bigint      NOT NULL DEFAULT 0,
    voided_minor     bigint      NOT NULL DEFAULT 0,   -- authorised and given back uncaptured
    refunded_minor   bigint      NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          bigint      NOT NULL DEFAULT 1,
    UNIQUE (id, currency),
    FOREIGN KEY (order_id, currency) REFERENCES orders (id, currency),
    CONSTRAINT payments_within_bounds CHECK (
        0 <= refunded_minor AND refunded_minor <= captured_minor AND 0 <= voided_minor
        AND captured_minor + voided_minor <= authorized_minor AND authorized_minor <= amount_minor)
);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_created ON payments (created_at);
CREATE UNIQUE INDEX payments_provider_ref_key ON payments (provider, provider_ref) WHERE provider_ref IS NOT NULL;

CREATE TABLE payment_events (
    id           uuid        PRIMARY KEY,
    payment_id   uuid        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund', 'chargeback', 'fail')),
    amount_minor bigint      NOT NULL CHECK (amount_minor >= 0),
    currency     char(3)     NOT NULL,
    cause        text        NOT NULL,                 -- what in the world it records: a vendor order, a provider's event
    actor        text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_events_cause_key UNIQUE (payment_id, kind, cause),   -- each fact counts once
    FOREIGN KEY (payment_id, currency) REFERENCES payments (id, currency)
);
CREATE TRIGGER payment_events_append_only BEFORE UPDATE OR DELETE ON payment_events FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE ledger_accounts (
    id        uuid    PRIMARY KEY,
    kind      text    NOT NULL CHECK (kind IN ('psp_clearing', 'vendor_payable', 'commission_revenue', 'shipping_revenue', 'tax_payable', 'buyer_payable')),
    currency  char(3) NOT NULL,
    party     text    NOT NULL DEFAULT '',             -- the provider of a clearing account
    vendor_id uuid,
    UNIQUE (id, currency),
    CONSTRAINT ledger_accounts_key UNIQUE NULLS NOT DISTINCT (kind, currency, party, vendor_id),
    CHECK ((kind = 'vendor_payable') = (vendor_id IS NOT NULL))
);
CREATE TABLE ledger_txns (
    id       uuid        PRIMARY KEY,
    ref_type text        NOT NULL,                     -- 'payment_event'
    ref_id   uuid        NOT NULL,
    memo     text        NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_txns_ref_key UNIQUE (ref_type, ref_id)   -- each fact is posted once
);
CREATE TABLE ledger_entries (
    seq          bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txn_id       uuid    NOT NULL REFERENCES ledger_txns,
    account_id   uuid    NOT NULL,
    currency     char(3) NOT NULL,
    amount_minor bigint  NOT NULL CHECK (amount_minor <> 0),   -- debit above 0, credit below
    FOREIGN KEY (account_id, currency) REFERENCES ledger_accounts (id, currency)
);
CREATE INDEX ledger_entries_txn ON ledger_entries (txn_id);
CREATE INDEX ledger_entries_account ON ledger_entries (account_id, seq);
CREATE TRIGGER ledger_txns_append_only BEFORE UPDATE OR DELETE ON ledger_txns FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Books balance at commit, or there is no commit.
-- +goose StatementBegin
CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_entries WHERE txn_id = NEW.txn_id GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.txn_id USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_must_balance';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER ledger_must_balance AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_must_balance();
