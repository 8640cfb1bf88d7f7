-- +goose Up
-- Prices that follow those in the shop's main currency, and how much of something is in a variant.

ALTER TABLE prices ADD derived boolean NOT NULL DEFAULT false;   -- it follows the one in the main currency, by the rule in currencies

-- A currency without a row has the prices that vendors give it, and no others.
CREATE TABLE currencies (
    currency       char(3)     PRIMARY KEY,
    base           char(3)     NOT NULL,                                              -- the main currency when the rule was made
    rate_ppb       bigint      CHECK (rate_ppb BETWEEN 1 AND 1000000000000000),       -- what one unit of the base comes to, in parts per billion; NULL: own prices only
    round_to_minor integer     NOT NULL DEFAULT 1 CHECK (round_to_minor BETWEEN 1 AND 1000000),
    ending_minor   integer     NOT NULL DEFAULT 0 CHECK (ending_minor >= 0),          -- a price is a multiple of round_to and this: 100 and 99 is .99
    decimals       smallint    NOT NULL,                                              -- of ISO 4217, for those who reckon in SQL
    base_decimals  smallint    NOT NULL,
    settled        boolean     NOT NULL DEFAULT false,                                -- prices are those of this version of the rule
    settled_to     uuid,                                                              -- while not: those of variants up to this one are
    version        bigint      NOT NULL DEFAULT 1,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT currencies_other CHECK (currency <> base),
    CONSTRAINT currencies_ending CHECK (ending_minor < round_to_minor)
);
CREATE INDEX prices_derived ON prices (currency, variant_id) WHERE derived;

ALTER TABLE variants
    ADD content_amount integer NOT NULL DEFAULT 0 CHECK (content_amount >= 0),        -- 0 is not said
    ADD content_unit   text    NOT NULL DEFAULT '' CHECK (content_unit IN ('', 'g', 'kg', 'ml', 'l', 'cm', 'm', 'cm2', 'm2', 'piece')),
    ADD CONSTRAINT variants_content CHECK ((content_amount = 0) = (content_unit = ''));
