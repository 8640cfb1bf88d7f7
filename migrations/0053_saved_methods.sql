-- +goose Up
-- Ways to pay that a provider has kept for a buyer, for payments while they are away.
CREATE TABLE saved_methods (
    user_id    uuid        NOT NULL REFERENCES users,
    provider   text        NOT NULL,
    ref        text        NOT NULL CHECK (length(ref) BETWEEN 1 AND 500),    -- the provider's name for it: worthless without our keys
    label      text        NOT NULL CHECK (length(label) <= 100),             -- 'Visa 4242'
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, provider)
);
ALTER TABLE payments
    ADD keeps boolean NOT NULL DEFAULT false,    -- how it is paid is to be kept
    ADD away  boolean NOT NULL DEFAULT false;    -- the buyer is not there: it is paid by what was kept
