-- +goose Up
-- What shoppers have searched for and found, for suggestions. A text is written here when several
-- visitors have asked for it, and is a hash until then; who they were is nowhere: each sets one of
-- 64 bits, and the bits are counted (Whang et al., "A linear-time probabilistic counting algorithm
-- for database applications", 1990).
CREATE TABLE past_queries (
    hash     bytea       PRIMARY KEY,                       -- of the folded text, with a key
    text     text        NOT NULL DEFAULT '',               -- '' until several have asked
    visitors bit(64)     NOT NULL,
    weight   real        NOT NULL CHECK (weight >= 0),      -- times asked; halves with every month
    asked_at timestamptz NOT NULL DEFAULT now(),
    faded_at timestamptz NOT NULL DEFAULT now()             -- weight is of this moment
);
CREATE INDEX past_queries_weight ON past_queries (weight DESC) WHERE text <> '';

-- Products are found by their barcodes now: their listings are written anew.
INSERT INTO listings_due (product_id) SELECT product_id FROM listed_products ON CONFLICT DO NOTHING;
