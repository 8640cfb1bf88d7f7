-- +goose Up
-- A zone matches by country, region and prefix of the postal code; the most particular one wins.
CREATE TABLE tax_zones (
    id              uuid   PRIMARY KEY,
    name            text   NOT NULL CONSTRAINT tax_zones_name_key UNIQUE,
    countries       text[] NOT NULL,                   -- ISO 3166-1 alpha-2; '{*}' is everywhere
    regions         text[] NOT NULL DEFAULT '{}',
    postal_prefixes text[] NOT NULL DEFAULT '{}',
    included        boolean NOT NULL DEFAULT false,    -- prices hold the tax already
    version         bigint NOT NULL DEFAULT 1
);
CREATE TABLE tax_rates (
    id            uuid   PRIMARY KEY,
    zone_id       uuid   NOT NULL REFERENCES tax_zones ON DELETE CASCADE,
    tax_class     text   NOT NULL DEFAULT 'standard',
    name          text   NOT NULL,                     -- 'VAT 19 %'
    rate_ppm      int    NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),   -- 190000 is 19 %
    shipping      boolean NOT NULL DEFAULT true,       -- taxes shipping, too
    CONSTRAINT tax_rates_class_key UNIQUE (zone_id, tax_class, name)
);

-- The one zone that decides for a place: the longest postal prefix, else a region, else a country, else
-- everywhere. A function, so that tax and cart ask the same question; it is inlined where it is called.
-- +goose StatementBegin
CREATE FUNCTION tax_zone_of(country text, region text, postal text) RETURNS TABLE (id uuid, included boolean)
LANGUAGE sql STABLE AS $$
    SELECT z.id, z.included
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

CREATE TABLE shipping_zones (
    id        uuid   PRIMARY KEY,
    name      text   NOT NULL CONSTRAINT shipping_zones_name_key UNIQUE,
    countries text[] NOT NULL,                         -- '{*}' is everywhere
    version   bigint NOT NULL DEFAULT 1
);
-- The zones that serve a country: those that name it, else those that are everywhere.
-- +goose StatementBegin
CREATE FUNCTION shipping_zones_of(country text) RETURNS SETOF uuid
LANGUAGE sql STABLE AS $$
    SELECT z.id FROM shipping_zones z
    WHERE shipping_zones_of.country = ANY (z.countries)
       OR (z.countries = '{*}' AND NOT EXISTS (SELECT FROM shipping_zones n WHERE shipping_zones_of.country = ANY (n.countries)))
$$;
-- +goose StatementEnd

-- What a vendor's parcel may cost and how long it takes. Without a vendor it is every vendor's option.
CREATE TABLE shipping_options (
    id               uuid    PRIMARY KEY,
    zone_id          uuid    NOT NULL REFERENCES shipping_zones,
    vendor_id        uuid    REFERENCES vendors,
    name             text    NOT NULL,
    kind             text    NOT NULL CHECK (kind IN ('standard', 'express', 'pickup')),
    rule             text    NOT NULL CHECK (rule IN ('flat', 'by_weight', 'by_value')),
    currency         char(3) NOT NULL,
    price_minor      bigint  NOT NULL DEFAULT 0 CHECK (price_minor >= 0),
    tiers            jsonb   NOT NULL DEFAULT '[]',    -- [{"from": grams or minor units, "amount": 500}], ascending
    free_above_minor bigint  CHECK (free_above_minor >= 0),
    min_days         int     NOT NULL CHECK (min_days >= 0),
    max_days         int     NOT NULL CHECK (max_days >= min_days),
    position         int     NOT NULL DEFAULT 0,
    active           boolean NOT NULL DEFAULT true,
    version          bigint  NOT NULL DEFAULT 1
);
CREATE INDEX shipping_options_zone ON shipping_options (zone_id, currency) WHERE active;

CREATE TABLE prices (
    variant_id       uuid        NOT NULL,
    currency         char(3)     NOT NULL,
    amount_minor     bigint      NOT NULL CONSTRAINT prices_amount_range CHECK (amount_minor BETWEEN 0 AND 1000000000000),
    compare_at_minor bigint,
    -- The lowest price of the 30 days before this one took effect (Directive 98/6/EC, article 6a); NULL
    -- where there was none. It depends on nothing but the history, so it is settled when a price is set.
    lowest_30d_minor bigint,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT prices_compare_at_above CHECK (compare_at_minor > amount_minor),
    PRIMARY KEY (variant_id, currency)
);
CREATE TABLE price_history (
    seq              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id       uuid        NOT NULL,
    currency         char(3)     NOT NULL,
    amount_minor     bigint      NOT NULL,
    compare_at_minor bigint,
    actor            text        NOT NULL,
    at               timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX price_history_variant ON price_history (variant_id, currency, at);
CREATE TRIGGER price_history_append_only BEFORE UPDATE OR DELETE ON price_history FOR EACH ROW EXECUTE FUNCTION refuse_change();
