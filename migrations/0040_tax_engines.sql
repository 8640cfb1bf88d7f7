-- +goose Up
-- Services that reckon tax for us, and what they have said.

CREATE TABLE tax_engines (
    name       text        PRIMARY KEY CHECK (name IN ('taxjar')),
    enabled    boolean     NOT NULL,
    base_url   text        NOT NULL,
    key_sealed bytea       NOT NULL,
    countries  text[]      NOT NULL CHECK (cardinality(countries) > 0),   -- where goods go that it is asked about
    on_failure text        NOT NULL CHECK (on_failure IN ('refuse', 'table')),
    timeout_ms integer     NOT NULL CHECK (timeout_ms BETWEEN 100 AND 30000),
    codes      jsonb       NOT NULL DEFAULT '{}',                         -- what it calls our tax classes
    updated_at timestamptz NOT NULL DEFAULT now(),
    version    bigint      NOT NULL DEFAULT 1
);

-- What an engine has said of what exactly a cart has asked, until it is to be asked again.
CREATE TABLE tax_answers (
    cart_id  uuid        NOT NULL REFERENCES carts ON DELETE CASCADE,
    question bytea       NOT NULL CHECK (length(question) = 32),   -- a hash of engine, lines, amounts and addresses
    engine   text        NOT NULL,                                 -- who has answered; 'table' where that stood in
    answer   jsonb,                                                -- NULL where nobody has
    failure  text        NOT NULL DEFAULT '',                      -- why the engine itself has not
    until    timestamptz NOT NULL,
    PRIMARY KEY (cart_id, question),
    CONSTRAINT tax_answers_told CHECK (answer IS NOT NULL OR failure <> '')
);
