-- +goose Up
-- What is known of a kind of product: which attributes products of it have. One whose kind has no row here is of no type.
CREATE TABLE product_types (
    key          text    PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200), -- products.kind in small letters
    label        text    NOT NULL CHECK (length(label) BETWEEN 1 AND 200),
    attributes   jsonb   NOT NULL DEFAULT '[]',                            -- [{"key": "material", "required": true}], in order
    position     integer NOT NULL DEFAULT 0,
    translations jsonb   NOT NULL DEFAULT '{}',
    version      bigint  NOT NULL DEFAULT 1
);

-- What vendors may read: every table that has a policy, and what all vendors share.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION souk_grant_vendor_reads() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    guarded regclass;
BEGIN
    IF to_regrole('souk_vendor') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO souk_vendor', current_schema());
    FOR guarded IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity AND relname <> 'users'
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO souk_vendor', guarded);
    END LOOP;
    GRANT SELECT (id, username, name, email) ON users TO souk_vendor;
    GRANT SELECT ON brands, categories, tags, attributes, product_types, shipping_zones, tax_zones, tax_rates, settings TO souk_vendor;
END $$;
-- +goose StatementEnd
SELECT souk_grant_vendor_reads();

-- Pages tell attributes as people read them, in the order of the product's type.
INSERT INTO listings_due (product_id) SELECT product_id FROM listed_products ON CONFLICT DO NOTHING;
