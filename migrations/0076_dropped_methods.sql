-- +goose Up
-- Ways to pay that were kept and are not any more, until their provider has
-- forgotten them too. Whose they were is not said.
CREATE TABLE dropped_methods (
    id         uuid        PRIMARY KEY,
    provider   text        NOT NULL,
    ref        text        NOT NULL CHECK (length(ref) BETWEEN 1 AND 500),    -- the provider's name for it, as in saved_methods
    created_at timestamptz NOT NULL DEFAULT now()
);
