-- +goose Up
CREATE TABLE carts (
    id               uuid        PRIMARY KEY,          -- 128 random bits: knowing it is the permission
    user_id          uuid,                             -- the only one who may use it, once set
    currency         char(3)     NOT NULL,
    email            text        NOT NULL DEFAULT '',
    phone            text        NOT NULL DEFAULT '',
    shipping_address jsonb,
    billing_address  jsonb,                            -- NULL: the shipping address
    shipping         jsonb       NOT NULL DEFAULT '{}',   -- vendor id to shipping option id, as text
    order_id         uuid,                             -- the order it became
    version          bigint      NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
-- No index holds a column that changes while a cart is filled, so that its updates stay on their page (HOT).
CREATE INDEX carts_user ON carts (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX carts_created ON carts (created_at);

CREATE TABLE cart_items (
    id         uuid        PRIMARY KEY,
    cart_id    uuid        NOT NULL REFERENCES carts ON DELETE CASCADE,
    variant_id uuid        NOT NULL,
    quantity   int         NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cart_items_quantity_range CHECK (quantity BETWEEN 1 AND 10000),
    CONSTRAINT cart_items_variant_key UNIQUE (cart_id, variant_id)
) WITH (fillfactor = 80);
