-- +goose Up
-- What lowers prices, the codes that ask for it, and what was given on which order.

CREATE TABLE promotions (
    id              uuid        PRIMARY KEY,
    vendor_id       uuid        REFERENCES vendors,             -- whose goods alone it lowers; NULL: the shop's own
    name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    needs_code      boolean     NOT NULL,
    status          text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'archived')),
    priority        integer     NOT NULL DEFAULT 0,
    exclusive       boolean     NOT NULL DEFAULT false,
    stacking_group  text        NOT NULL DEFAULT '' CHECK (length(stacking_group) <= 60),
    platform_ppm    integer     NOT NULL CHECK (platform_ppm BETWEEN 0 AND 1000000),   -- the part that the platform pays
    conditions      jsonb       NOT NULL,
    reward          jsonb       NOT NULL,
    starts_at       timestamptz NOT NULL DEFAULT now(),         -- it starts and ends by the clock: no job has to run
    ends_at         timestamptz,
    usage_limit     integer     CHECK (usage_limit > 0),
    customer_limit  integer     CHECK (customer_limit > 0),
    budget_minor    bigint      CHECK (budget_minor > 0),
    budget_currency char(3),
    used            integer     NOT NULL DEFAULT 0 CHECK (used >= 0),                  -- kept only where there is a limit
    spent_minor     bigint      NOT NULL DEFAULT 0 CHECK (spent_minor >= 0),           -- likewise, in the currency of the budget
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT promotions_window CHECK (ends_at > starts_at),
    CONSTRAINT promotions_budget CHECK ((budget_minor IS NULL) = (budget_currency IS NULL)),
    CONSTRAINT promotions_within_limit CHECK (used <= usage_limit),
    CONSTRAINT promotions_within_budget CHECK (spent_minor <= budget_minor),
    CONSTRAINT promotions_vendor_pays CHECK (vendor_id IS NULL OR platform_ppm = 0)
);
CREATE INDEX promotions_automatic ON promotions (starts_at) WHERE status = 'active' AND NOT needs_code;
CREATE INDEX promotions_vendor ON promotions (vendor_id, id);

CREATE TABLE coupons (
    id           uuid        PRIMARY KEY,
    promotion_id uuid        NOT NULL REFERENCES promotions,
    code         text        NOT NULL CONSTRAINT coupons_code_key UNIQUE CHECK (length(code) BETWEEN 3 AND 40),   -- as promotions.Normalize writes it
    usage_limit  integer     CHECK (usage_limit > 0),
    used         integer     NOT NULL DEFAULT 0 CHECK (used >= 0),   -- kept only where there is a limit
    disabled     boolean     NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT coupons_within_limit CHECK (used <= usage_limit)
);
CREATE INDEX coupons_promotion ON coupons (promotion_id, id);

CREATE TABLE cart_coupons (
    cart_id   uuid        NOT NULL REFERENCES carts ON DELETE CASCADE,
    coupon_id uuid        NOT NULL REFERENCES coupons,
    added_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cart_id, coupon_id)
);
CREATE INDEX cart_coupons_coupon ON cart_coupons (coupon_id);

CREATE TABLE promotion_redemptions (
    id           uuid        PRIMARY KEY,
    promotion_id uuid        NOT NULL REFERENCES promotions,
    coupon_id    uuid        REFERENCES coupons,
    order_id     uuid        NOT NULL REFERENCES orders,
    customer     bytea       NOT NULL CHECK (length(customer) = 32),   -- a keyed hash: two orders of one customer have the same
    slot         integer     CHECK (slot >= 0),                        -- of this customer's uses, where those are limited: no two take one
    amount_minor bigint      NOT NULL CHECK (amount_minor >= 0),
    currency     char(3)     NOT NULL,
    redeemed_at  timestamptz NOT NULL DEFAULT now(),
    released_at  timestamptz,                                          -- the order was cancelled
    CONSTRAINT promotion_redemptions_once UNIQUE (order_id, promotion_id)
);
CREATE UNIQUE INDEX promotion_redemptions_customer ON promotion_redemptions (promotion_id, customer, slot) WHERE released_at IS NULL;
CREATE INDEX promotion_redemptions_coupon ON promotion_redemptions (coupon_id) WHERE coupon_id IS NOT NULL;

ALTER TABLE adjustments
    ADD promotion_id   uuid   REFERENCES promotions,
    ADD platform_minor bigint NOT NULL DEFAULT 0,               -- the part of a discount that the platform pays
    ADD CONSTRAINT adjustments_platform CHECK (platform_minor BETWEEN 0 AND amount_minor);

-- What the platform adds to what a vendor earns: its part of the discounts on goods and on shipping.
ALTER TABLE order_lines
    ADD platform_minor           bigint NOT NULL DEFAULT 0,
    ADD cancelled_platform_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_lines_platform CHECK (platform_minor BETWEEN 0 AND discount_minor AND cancelled_platform_minor BETWEEN 0 AND platform_minor);
ALTER TABLE vendor_orders
    ADD shipping_platform_minor bigint NOT NULL DEFAULT 0 CHECK (shipping_platform_minor BETWEEN 0 AND discount_minor);

ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_kind_check, ADD CONSTRAINT ledger_accounts_kind_check CHECK (kind IN
    ('psp_clearing', 'vendor_payable', 'commission_revenue', 'shipping_revenue', 'tax_payable', 'buyer_payable', 'promotion_expense'));

ALTER TABLE promotions            ENABLE ROW LEVEL SECURITY;
ALTER TABLE coupons               ENABLE ROW LEVEL SECURITY;
ALTER TABLE promotion_redemptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON promotions            USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON coupons               USING (EXISTS (SELECT FROM promotions p WHERE p.id = promotion_id));
CREATE POLICY own ON promotion_redemptions USING (EXISTS (SELECT FROM promotions p WHERE p.id = promotion_id));
SELECT souk_grant_vendor_reads();
