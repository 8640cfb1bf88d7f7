-- +goose Up
-- The nodes that answer shoppers, and how the index in the memory of each is:
-- for operators. A node reports every ten seconds; one that has not for a
-- minute is gone.

CREATE TABLE search_nodes (
    id          uuid             PRIMARY KEY,               -- of the process
    host        text             NOT NULL,
    documents   bigint           NOT NULL,
    segments    integer          NOT NULL,
    size        bigint           NOT NULL,                  -- bytes of the saved index, about what it takes in memory; 0: it is not saved
    lag_seconds double precision NOT NULL,                  -- age of the oldest event that is not in it
    built_at    timestamptz      NOT NULL,                  -- when it was read from the listings
    saved_at    timestamptz,
    seen_at     timestamptz      NOT NULL DEFAULT now()
);
