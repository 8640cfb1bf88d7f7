-- +goose Up
-- Who sells from where and who buys: what tax asks besides the place.

ALTER TABLE tax_zones
    ADD reverse_charge boolean NOT NULL DEFAULT false,  -- businesses of another country owe the tax themselves
    ADD preset         text    NOT NULL DEFAULT '',     -- which zone of which preset it is, as in 'eu-vat DE'
    ADD preset_version bigint  NOT NULL DEFAULT 0;      -- of the zone when the preset wrote it: at another one it was edited since
CREATE UNIQUE INDEX tax_zones_preset_key ON tax_zones (preset) WHERE preset <> '';
ALTER TABLE tax_rates
    ADD applies text NOT NULL DEFAULT 'always' CHECK (applies IN ('always', 'same_region', 'other_region', 'other_country'));

DROP FUNCTION tax_zone_of(text, text, text);
-- +goose StatementBegin
CREATE FUNCTION tax_zone_of(country text, region text, postal text)
RETURNS TABLE (id uuid, included boolean, per_total boolean, half_even boolean, reverse_charge boolean)
LANGUAGE sql STABLE AS $$
    SELECT z.id, z.included, z.per_total, z.half_even, z.reverse_charge
    FROM tax_zones z CROSS JOIN LATERAL (
        SELECT max(length(prefix)) AS longest FROM unnest(z.postal_prefixes) prefix
        WHERE starts_with(upper(replace(tax_zone_of.postal, ' ', '')), prefix)
    ) matched
    WHERE (tax_zone_of.country = ANY (z.countries) OR z.countries = '{*}')
      AND (z.regions = '{}' OR upper(replace(tax_zone_of.region, ' ', '')) = ANY (z.regions))
      AND (z.postal_prefixes = '{}' OR matched.longest IS NOT NULL)
    ORDER BY matched.longest DESC NULLS LAST, z.regions = '{}', z.countries = '{*}', z.name
    LIMIT 1
$$;
-- +goose StatementEnd

-- Where a vendor is registered for tax; '' where it has not said so, and the shop's own registration counts.
ALTER TABLE vendors
    ADD tax_country     text NOT NULL DEFAULT '',
    ADD tax_region      text NOT NULL DEFAULT '',
    ADD tax_postal_code text NOT NULL DEFAULT '',
    ADD tax_id          text NOT NULL DEFAULT '';
-- Where the shop itself is, as settings say: in one row, so that a cart can ask in its own statement.
-- +goose StatementBegin
CREATE FUNCTION tax_shop() RETURNS TABLE (country text, region text, postal_code text, tax_id text)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.country'), ''), coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.region'), ''),
           coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.postal_code'), ''), coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.id'), '')
    FROM settings WHERE key IN ('tax.country', 'tax.region', 'tax.postal_code', 'tax.id')
$$;
-- +goose StatementEnd
ALTER TABLE addresses ADD tax_id text NOT NULL DEFAULT '';

-- Buyers who pay no tax somewhere, as staff have decided.
CREATE TABLE tax_exemptions (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users,
    certificate text        NOT NULL CHECK (length(certificate) BETWEEN 1 AND 100),
    countries   text[]      NOT NULL CHECK (cardinality(countries) > 0),
    regions     text[]      NOT NULL DEFAULT '{}',      -- none: all of the countries
    valid_until date,                                   -- the last day; NULL is for good
    decided_by  text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
CREATE INDEX tax_exemptions_user ON tax_exemptions (user_id) WHERE revoked_at IS NULL;

-- Who said what the tax of an order is, and why there is none where there is none.
ALTER TABLE orders ADD tax_source jsonb NOT NULL DEFAULT '{"engine": "table"}';
SELECT souk_grant_vendor_reads();
