-- +goose Up
-- Months of the books that are closed accept nothing any more, and what stood on each account at their end is kept.

-- A row for each closed month, in UTC. They follow one another: whatever is older than the last of them is closed, too.
CREATE TABLE ledger_periods (
    month     date        PRIMARY KEY CHECK (month = date_trunc('month', month)),
    closed_at timestamptz NOT NULL DEFAULT now()
);
-- What became of them: a month that was opened again keeps its past here.
CREATE TABLE ledger_period_changes (
    seq    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month  date        NOT NULL,
    change text        NOT NULL CHECK (change IN ('closed', 'reopened')),
    reason text        NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    actor  text        NOT NULL,
    at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((change = 'reopened') = (reason <> ''))
);
CREATE INDEX ledger_period_changes_month ON ledger_period_changes (month, seq);
CREATE TRIGGER ledger_period_changes_append_only BEFORE UPDATE OR DELETE ON ledger_period_changes FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- All that was ever debited and credited to an account until the end of a closed month.
CREATE TABLE ledger_period_balances (
    month        date   NOT NULL REFERENCES ledger_periods ON DELETE CASCADE,
    account_id   uuid   NOT NULL REFERENCES ledger_accounts,
    debit_minor  bigint NOT NULL CHECK (debit_minor >= 0),
    credit_minor bigint NOT NULL CHECK (credit_minor >= 0),
    PRIMARY KEY (month, account_id)
);
CREATE INDEX ledger_txns_at ON ledger_txns (at);

CREATE FUNCTION ledger_month_end(month date) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (month + interval '1 month') AT TIME ZONE 'UTC';

-- What was debited and credited to each account before a moment: from the last month that was closed then, and not from the beginning.
CREATE FUNCTION ledger_totals(moment timestamptz) RETURNS TABLE (account_id uuid, debit_minor bigint, credit_minor bigint) LANGUAGE sql STABLE AS $$
    SELECT part.account_id, sum(part.debit)::bigint, sum(part.credit)::bigint
    FROM (
        SELECT b.account_id, b.debit_minor AS debit, b.credit_minor AS credit
        FROM ledger_period_balances b
        WHERE b.month = (SELECT max(p.month) FROM ledger_periods p WHERE ledger_month_end(p.month) <= moment)
        UNION ALL
        SELECT e.account_id, greatest(e.amount_minor, 0), greatest(-e.amount_minor, 0)
        FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id
        WHERE t.at >= coalesce((SELECT ledger_month_end(max(p.month)) FROM ledger_periods p WHERE ledger_month_end(p.month) <= moment), '-infinity')
          AND t.at < moment) part
    GROUP BY part.account_id
$$;

-- Who posts in a month shares its lock, and who closes it has that alone: they wait for the last of that month, and nobody for them. What is posted into
-- the past has one lock for all of it, 0.
CREATE FUNCTION ledger_month_number(month date) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN extract(year FROM month)::integer * 12 + extract(month FROM month)::integer;

-- The entries that a statement adds sum to zero for each transaction and currency, and none of them is in a closed month.
-- Once for each statement: entries of a transaction are added together, so what balances in each of them balances at commit.
-- A transaction that began in a month that has been closed meanwhile is to be run again, in this one.
-- +goose StatementBegin
CREATE FUNCTION ledger_accepts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
    since timestamptz;
BEGIN
    SELECT txn_id INTO wrong FROM added GROUP BY txn_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_must_balance';
    END IF;
    SELECT min(t.at) INTO since FROM ledger_txns t WHERE t.id IN (SELECT txn_id FROM added);
    PERFORM pg_advisory_xact_lock_shared(hashtext('souk ledger'),
        CASE WHEN since < date_trunc('month', now(), 'UTC') THEN 0 ELSE ledger_month_number((since AT TIME ZONE 'UTC')::date) END);
    IF since < (SELECT ledger_month_end(max(month)) FROM ledger_periods) THEN
        RAISE EXCEPTION 'the month of % is closed', since USING CONSTRAINT = 'ledger_period_closed',
            ERRCODE = CASE WHEN since = now() THEN 'serialization_failure' ELSE 'check_violation' END;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_accepts AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_accepts();
DROP TRIGGER ledger_must_balance ON ledger_entries;
DROP FUNCTION ledger_must_balance();
