-- +goose Up
-- What people mean to buy some day, and whom to tell when it gets cheaper or is there again.

CREATE TABLE wishlists (
    id            uuid        PRIMARY KEY,            -- of a guest's: 128 random bits, knowing it is the permission
    user_id       uuid        REFERENCES users,       -- NULL: a guest's
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    is_default    boolean     NOT NULL DEFAULT false,
    price_drops   boolean     NOT NULL DEFAULT true,  -- mail the owner when something gets cheaper
    back_in_stock boolean     NOT NULL DEFAULT false, -- and when something is there again
    share_id      uuid        CONSTRAINT wishlists_share_key UNIQUE,   -- 128 random bits: who knows it may look
    share_name    boolean     NOT NULL DEFAULT false, -- and sees the owner's first name
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (user_id IS NOT NULL OR NOT is_default AND share_id IS NULL)
);
CREATE UNIQUE INDEX wishlists_default_key ON wishlists (user_id) WHERE is_default;
CREATE INDEX wishlists_user ON wishlists (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX wishlists_idle ON wishlists (updated_at) WHERE user_id IS NULL;

CREATE TABLE wishlist_items (
    id              uuid        PRIMARY KEY,
    wishlist_id     uuid        NOT NULL CONSTRAINT wishlist_items_wishlist_fkey REFERENCES wishlists ON DELETE CASCADE,
    variant_id      uuid        NOT NULL,
    quantity        int         NOT NULL DEFAULT 1 CHECK (quantity BETWEEN 1 AND 10000),
    note            text        NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    currency        char(3)     NOT NULL,               -- in which its price is watched
    added_minor     bigint,                             -- what it cost when it was added; NULL: nothing in that currency
    told_minor      bigint,                             -- the lowest price that the owner has been told of, the first one included
    sold_out        boolean     NOT NULL DEFAULT false, -- when it was last looked at
    restock_told_at timestamptz,
    added_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT wishlist_items_variant_key UNIQUE (wishlist_id, variant_id)
);
CREATE INDEX wishlist_items_variant ON wishlist_items (variant_id);

-- What somebody without an account wants to be told of one thing, once they have proven that the mailbox is theirs.
CREATE TABLE product_alerts (
    id           uuid        PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('price_drop', 'back_in_stock')),
    variant_id   uuid        NOT NULL,
    email        text        NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    user_id      uuid        REFERENCES users,          -- who has proven that the mailbox is theirs in another way
    locale       text        NOT NULL DEFAULT '',
    currency     char(3)     NOT NULL,
    added_minor  bigint,
    told_minor   bigint,
    sold_out     boolean     NOT NULL DEFAULT false,
    hash         bytea       NOT NULL CONSTRAINT product_alerts_hash_key UNIQUE,   -- of the token in the mail that asks for the proof
    created_at   timestamptz NOT NULL DEFAULT now(),
    asked_at     timestamptz NOT NULL DEFAULT now(),    -- when that mail was last asked for
    confirmed_at timestamptz,
    told_at      timestamptz,
    expires_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX product_alerts_once ON product_alerts (lower(email), variant_id, kind);
CREATE INDEX product_alerts_variant ON product_alerts (variant_id) WHERE confirmed_at IS NOT NULL;
CREATE INDEX product_alerts_user ON product_alerts (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX product_alerts_expires ON product_alerts (expires_at);

-- Variants whose price or stock has moved since those who wait for it were last told.
CREATE TABLE wishlist_due (
    variant_id uuid PRIMARY KEY
);
