-- +goose Up
-- Plans that people are members of, for how long, and what became of it.

-- Nothing lists it: it is sold from a page of its own, as plans are.
ALTER TABLE products ADD unlisted boolean NOT NULL DEFAULT false;

CREATE TABLE plans (
    id                 uuid        PRIMARY KEY,
    product_id         uuid        NOT NULL REFERENCES products,
    variant_id         uuid        NOT NULL CONSTRAINT plans_variant_key UNIQUE REFERENCES variants,   -- as what it is sold, at its prices
    name               text        NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    description        text        NOT NULL DEFAULT '' CHECK (length(description) <= 2000),
    rank               integer     NOT NULL DEFAULT 0,                                                  -- the higher is the better
    unit               text        NOT NULL CHECK (unit IN ('day', 'week', 'month', 'year')),
    units              integer     NOT NULL CHECK (units BETWEEN 1 AND 120),                            -- of one period
    trial_days         integer     NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 365),
    grace_days         integer     NOT NULL DEFAULT 0 CHECK (grace_days BETWEEN 0 AND 90),              -- after an unpaid period, with benefits
    dunning_days       integer[]   NOT NULL DEFAULT '{}',                                               -- after it, when to remind
    pause_days         integer     NOT NULL DEFAULT 0 CHECK (pause_days BETWEEN 0 AND 365),
    early_access_hours integer     NOT NULL DEFAULT 0 CHECK (early_access_hours BETWEEN 0 AND 8760),
    more_wishlists     integer     NOT NULL DEFAULT 0 CHECK (more_wishlists BETWEEN 0 AND 1000),
    archived_at        timestamptz,                                                                     -- nobody joins any more; members go on
    version            bigint      NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX plans_name_key ON plans (lower(name)) WHERE archived_at IS NULL;

-- What a plan takes off is a promotion like any other, which the plan keeps.
ALTER TABLE promotions
    ADD plan_id uuid REFERENCES plans,
    ADD CONSTRAINT promotions_plan CHECK (plan_id IS NULL OR vendor_id IS NULL AND NOT needs_code);
ALTER TABLE orders ADD membership_minor bigint NOT NULL DEFAULT 0 CHECK (membership_minor BETWEEN 0 AND discount_minor);   -- what the buyer's plan took off
CREATE INDEX promotions_plan ON promotions (plan_id) WHERE plan_id IS NOT NULL;

CREATE TABLE memberships (
    id                   uuid        PRIMARY KEY,
    user_id              uuid        NOT NULL REFERENCES users,
    customer             bytea       CHECK (length(customer) = 32),      -- a keyed hash of the mailbox; NULL once it is erased
    status               text        NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'paused', 'cancelled', 'lapsed')),
    trialed              boolean     NOT NULL DEFAULT false,             -- it began with a trial
    next_plan_id         uuid        REFERENCES plans,                   -- of the next period, where it is another
    ends_at              timestamptz NOT NULL,                           -- of the last period
    benefits_until       timestamptz NOT NULL,                           -- with grace
    cancel_at_period_end boolean     NOT NULL DEFAULT false,
    paused_at            timestamptz,
    paused_until         timestamptz,
    payment_method       text        NOT NULL DEFAULT '',
    currency             char(3)     NOT NULL,
    billing_address      jsonb,                                          -- of the invoices to come
    reminded             integer     NOT NULL DEFAULT 0,                 -- so often since the last period ended
    retry_at             timestamptz,                                    -- a renewal could not be ordered
    due_at               timestamptz,                                    -- when the clock changes something; NULL: never
    version              bigint      NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT memberships_paused CHECK ((status = 'paused') = (paused_at IS NOT NULL) AND (paused_at IS NULL) = (paused_until IS NULL)),
    CONSTRAINT memberships_ends CHECK (benefits_until >= ends_at),
    CONSTRAINT memberships_over CHECK (status NOT IN ('cancelled', 'lapsed') OR due_at IS NULL)
);
CREATE UNIQUE INDEX memberships_live ON memberships (user_id) WHERE status NOT IN ('cancelled', 'lapsed');
CREATE UNIQUE INDEX memberships_one_trial ON memberships (customer) WHERE trialed;
CREATE INDEX memberships_customer ON memberships (customer);
CREATE INDEX memberships_user ON memberships (user_id, id);
CREATE INDEX memberships_due ON memberships (due_at) WHERE due_at IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION memberships_may_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('trialing', 'active'), ('trialing', 'past_due'), ('trialing', 'cancelled'), ('trialing', 'lapsed'),
        ('active', 'past_due'), ('active', 'paused'), ('active', 'cancelled'), ('active', 'lapsed'),
        ('past_due', 'active'), ('past_due', 'cancelled'), ('past_due', 'lapsed'),
        ('paused', 'active'), ('paused', 'cancelled')) THEN
        RAISE EXCEPTION 'membership % may not move from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'memberships_moves';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER memberships_moves BEFORE UPDATE OF status ON memberships FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION memberships_may_move();

-- The time that somebody is a member, piece by piece. A piece is cut short and never grows; one that had not begun is left without time.
CREATE TABLE membership_periods (
    membership_id  uuid        NOT NULL REFERENCES memberships,
    number         integer     NOT NULL CHECK (number > 0),
    plan_id        uuid        NOT NULL REFERENCES plans,
    kind           text        NOT NULL CHECK (kind IN ('trial', 'paid', 'granted', 'carried')),   -- carried: the rest of one that was paused
    order_id       uuid        CONSTRAINT membership_periods_order_key UNIQUE REFERENCES orders,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    paid_minor     bigint      NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    credited_minor bigint      NOT NULL DEFAULT 0 CHECK (credited_minor BETWEEN 0 AND paid_minor),   -- what was not used of it when the plan changed
    currency       char(3)     NOT NULL,
    PRIMARY KEY (membership_id, number),
    CONSTRAINT membership_periods_window CHECK (ends_at >= starts_at),
    CONSTRAINT membership_periods_paid CHECK ((kind = 'paid') = (order_id IS NOT NULL) AND (kind <> 'granted' AND kind <> 'trial' OR paid_minor = 0))
);

-- One order for each period to come: who orders it first, does.
CREATE TABLE membership_renewals (
    membership_id uuid        NOT NULL REFERENCES memberships,
    number        integer     NOT NULL,                          -- of the period
    order_id      uuid        NOT NULL UNIQUE REFERENCES orders,
    at            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT membership_renewals_once PRIMARY KEY (membership_id, number)
);

CREATE TABLE membership_events (
    seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    membership_id uuid        NOT NULL REFERENCES memberships,
    kind          text        NOT NULL,
    plan_id       uuid        REFERENCES plans,
    order_id      uuid        REFERENCES orders,
    reason        text        NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    actor         text        NOT NULL,
    at            timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX membership_events_membership ON membership_events (membership_id, seq);
CREATE TRIGGER membership_events_append_only BEFORE UPDATE OR DELETE ON membership_events FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The plan whose benefits a user has now. The clock decides, and no job has to run.
CREATE OR REPLACE VIEW buyer_plans (user_id, plan_id) AS
    SELECT m.user_id, p.plan_id
    FROM memberships m
    CROSS JOIN LATERAL (
        SELECT plan_id FROM membership_periods p
        WHERE p.membership_id = m.id AND p.starts_at <= now() AND p.ends_at > p.starts_at
        ORDER BY p.starts_at DESC, p.number DESC LIMIT 1
    ) p
    WHERE m.status IN ('trialing', 'active', 'past_due') AND m.benefits_until > now();
