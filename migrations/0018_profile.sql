-- +goose Up
-- What users may say of themselves besides their name: language, currency, a picture.

ALTER TABLE users
    ADD COLUMN locale   text NOT NULL DEFAULT '' CHECK (length(locale) <= 35),   -- BCP 47; '' is the shop's
    ADD COLUMN currency text NOT NULL DEFAULT '' CHECK (length(currency) IN (0, 3)),   -- '' is the shop's
    ADD COLUMN avatar   text NOT NULL DEFAULT '';   -- file name under avatars/

CREATE INDEX users_avatar ON users (avatar) WHERE avatar <> '';

-- Every file that was stored as an avatar. Those that no user has are removed by a sweep: a transaction cannot take a
-- file back, so the row is there before the file and goes after it.
CREATE TABLE avatars (
    file       text        PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX avatars_created ON avatars (created_at);
