-- +goose Up
-- Customers in groups, and prices that are for some of them, from some quantity on, or for some time.

CREATE TABLE customer_groups (
    id          uuid        PRIMARY KEY,
    handle      text        NOT NULL CONSTRAINT customer_groups_handle_key UNIQUE CHECK (handle ~ '^[a-z0-9](-?[a-z0-9]){0,59}$'),   -- by which promotions and price lists name it: for good
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description text        NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE customer_group_members (
    user_id  uuid        NOT NULL REFERENCES users,
    group_id uuid        NOT NULL REFERENCES customer_groups ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX customer_group_members_group ON customer_group_members (group_id, user_id);

-- The plans that users are members of now. There are none before there are memberships: whoever makes those replaces the view.
CREATE VIEW buyer_plans (user_id, plan_id) AS SELECT id, NULL::uuid FROM users WHERE false;

CREATE TABLE price_lists (
    id              uuid        PRIMARY KEY,
    vendor_id       uuid        REFERENCES vendors,             -- whose variants alone it prices; NULL: the shop's own, with any
    name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    status          text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
    priority        integer     NOT NULL DEFAULT 0,
    customer_groups text[]      NOT NULL DEFAULT '{}',          -- handles; the buyer is in one of them
    plans           uuid[]      NOT NULL DEFAULT '{}',          -- the buyer is a member of one of them
    starts_at       timestamptz NOT NULL DEFAULT now(),         -- it starts and ends by the clock: no job has to run
    ends_at         timestamptz,
    version         bigint      NOT NULL DEFAULT 1,             -- of what it says and of its prices
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT price_lists_window CHECK (ends_at > starts_at)
);
CREATE INDEX price_lists_active ON price_lists (starts_at) WHERE status = 'active';
CREATE INDEX price_lists_vendor ON price_lists (vendor_id, id);

CREATE TABLE price_list_prices (
    list_id      uuid    NOT NULL REFERENCES price_lists ON DELETE CASCADE,
    variant_id   uuid    NOT NULL,
    currency     char(3) NOT NULL,
    min_quantity integer NOT NULL DEFAULT 1 CHECK (min_quantity BETWEEN 1 AND 10000),
    amount_minor bigint  NOT NULL CHECK (amount_minor BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (list_id, variant_id, currency, min_quantity)
);
CREATE INDEX price_list_prices_variant ON price_list_prices (variant_id, currency, list_id);

-- The price lists that are open to a buyer at a moment; NULL is a guest. What is told of groups and plans counts in place of those that the buyer
-- has; NULL is nothing told. One SELECT, so that the planner puts it into the statement that asks.
-- +goose StatementBegin
CREATE FUNCTION price_lists_of(buyer uuid, told_groups text[], told_plans uuid[], moment timestamptz) RETURNS TABLE (id uuid, name text, priority integer) LANGUAGE sql STABLE AS $$
    SELECT l.id, l.name, l.priority
    FROM price_lists l
    WHERE l.status = 'active' AND l.starts_at <= moment AND (l.ends_at IS NULL OR l.ends_at > moment)
      AND (l.customer_groups = '{}' OR l.customer_groups && told_groups OR told_groups IS NULL AND EXISTS (
          SELECT FROM customer_group_members m JOIN customer_groups g ON g.id = m.group_id
          WHERE m.user_id = buyer AND g.handle = ANY (l.customer_groups)))
      AND (l.plans = '{}' OR l.plans && told_plans OR told_plans IS NULL AND EXISTS (SELECT FROM buyer_plans p WHERE p.user_id = buyer AND p.plan_id = ANY (l.plans)))
$$;
-- +goose StatementEnd

ALTER TABLE price_lists       ENABLE ROW LEVEL SECURITY;
ALTER TABLE price_list_prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON price_lists       USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON price_list_prices USING (EXISTS (SELECT FROM price_lists l WHERE l.id = list_id));
SELECT souk_grant_vendor_reads();
