-- +goose Up
-- How tax is rounded in a zone, and rates that are taken of what other rates have added.

ALTER TABLE tax_zones
    ADD per_total boolean NOT NULL DEFAULT false,   -- rounded once for all that pays the same rates
    ADD half_even boolean NOT NULL DEFAULT false;   -- halves to the even neighbour
ALTER TABLE tax_rates ADD compound boolean NOT NULL DEFAULT false;

DROP FUNCTION tax_zone_of(text, text, text);
-- +goose StatementBegin
CREATE FUNCTION tax_zone_of(country text, region text, postal text) RETURNS TABLE (id uuid, included boolean, per_total boolean, half_even boolean)
LANGUAGE sql STABLE AS $$
    SELECT z.id, z.included, z.per_total, z.half_even
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
