-- +goose Up
-- Products that the database refuses to list as they are. Search leaves them as they were and goes on with the others.
CREATE TABLE listings_refused (
    product_id uuid        PRIMARY KEY REFERENCES products ON DELETE CASCADE,
    problem    text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
