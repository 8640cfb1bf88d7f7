-- +goose Up
-- The same mailboxes, in a language that keeps its plans: the index on orders asks once for each order, and a
-- function in SQL that cannot be inlined is planned anew each time, for longer than the rest of the INSERT takes.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION souk_mailbox(email text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    address text := lower(normalize(btrim(email), NFKC));
    name    text := split_part(split_part(address, '@', 1), '+', 1);
    host    text := substr(address, strpos(address || '@', '@') + 1);
BEGIN
    IF host IN ('gmail.com', 'googlemail.com') THEN
        RETURN replace(name, '.', '') || '@gmail.com';
    END IF;
    RETURN name || '@' || host;
END $$;
-- +goose StatementEnd

-- A letter is some kilobytes of markup: lz4 packs it in a tenth of the time.
-- +goose StatementBegin
DO $$ BEGIN
    ALTER TABLE messages ALTER COLUMN html SET COMPRESSION lz4, ALTER COLUMN text SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;   -- a PostgreSQL that was built without it
END $$;
-- +goose StatementEnd
