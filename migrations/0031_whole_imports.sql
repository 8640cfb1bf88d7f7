-- +goose Up
-- Files that go in as a whole or not at all.
ALTER TABLE imports ADD COLUMN all_or_nothing boolean NOT NULL DEFAULT false;
