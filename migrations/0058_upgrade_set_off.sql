-- +goose Up
-- What is not used of a period may pay for a part of a better plan, in the order for that.

ALTER TABLE membership_periods
    ADD value_minor   bigint CHECK (value_minor >= 0),                        -- what it cost before tax on top, paid or set off; NULL: what was paid
    ADD set_off_minor bigint NOT NULL DEFAULT 0 CHECK (set_off_minor >= 0),   -- what periods before it have paid of that
    DROP CONSTRAINT membership_periods_check,
    ADD CONSTRAINT membership_periods_credited CHECK (credited_minor BETWEEN 0 AND coalesce(value_minor, paid_minor));

-- An order for a better plan that the time before it pays a part of. There is one at a time that is not paid for.
CREATE TABLE membership_upgrades (
    cart_item_id  uuid        PRIMARY KEY,                       -- whose price it lowers
    membership_id uuid        NOT NULL REFERENCES memberships,
    order_id      uuid        UNIQUE REFERENCES orders,
    set_off_minor bigint      NOT NULL CHECK (set_off_minor >= 0),
    currency      char(3)     NOT NULL,
    text          text        NOT NULL,                          -- as carts and orders tell it
    at            timestamptz NOT NULL DEFAULT now()             -- until when time was counted as used
);
CREATE INDEX membership_upgrades_membership ON membership_upgrades (membership_id);

-- The gates that keep a variant from people: of its own product, and of what it is made of as a bundle. All of them have to be open.
CREATE VIEW variant_gates (variant_id, product_id, until, hours, published_at) AS
    SELECT v.id, g.product_id, g.until, g.hours, p.published_at
    FROM variants v JOIN product_gates g ON g.product_id = v.product_id JOIN products p ON p.id = g.product_id
    UNION
    SELECT c.bundle_id, g.product_id, g.until, g.hours, p.published_at
    FROM variant_components c JOIN variants part ON part.id = c.component_id
    JOIN product_gates g ON g.product_id = part.product_id JOIN products p ON p.id = g.product_id;
