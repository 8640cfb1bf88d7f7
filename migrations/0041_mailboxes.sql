-- +goose Up
-- One mailbox, however its address is written: promotions.mailbox in Go says the same. A first order is the first of a mailbox.
-- +goose StatementBegin
CREATE FUNCTION souk_mailbox(email text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (
    SELECT CASE WHEN host IN ('gmail.com', 'googlemail.com') THEN replace(name, '.', '') || '@gmail.com' ELSE name || '@' || host END
    FROM (SELECT lower(normalize(btrim(email), NFKC)) AS address) a
    CROSS JOIN LATERAL (SELECT split_part(split_part(address, '@', 1), '+', 1) AS name, substr(address, strpos(address || '@', '@') + 1) AS host) parts
);
-- +goose StatementEnd
CREATE INDEX orders_mailbox ON orders (souk_mailbox(email)) WHERE email <> '';
