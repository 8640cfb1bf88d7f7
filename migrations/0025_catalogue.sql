-- +goose Up
-- Addresses that products had before: they lead to the present one.
CREATE TABLE product_slugs (
    slug       text PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    left_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX product_slugs_product_idx ON product_slugs (product_id);

-- When a product that has been looked at goes on sale by itself, and when it comes off again.
ALTER TABLE products
    DROP CONSTRAINT products_status_check,
    ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'pending_review', 'scheduled', 'active', 'rejected', 'archived')),
    ADD COLUMN publish_at   timestamptz,
    ADD COLUMN unpublish_at timestamptz,
    ADD CONSTRAINT products_sale_window CHECK (unpublish_at > publish_at);
CREATE INDEX products_publish_idx ON products (publish_at) WHERE status = 'scheduled';
CREATE INDEX products_unpublish_idx ON products (unpublish_at) WHERE status = 'active' AND unpublish_at IS NOT NULL;

ALTER TABLE variants
    ADD COLUMN length_mm     integer NOT NULL DEFAULT 0 CHECK (length_mm >= 0),
    ADD COLUMN width_mm      integer NOT NULL DEFAULT 0 CHECK (width_mm >= 0),
    ADD COLUMN height_mm     integer NOT NULL DEFAULT 0 CHECK (height_mm >= 0),
    ADD COLUMN min_quantity integer NOT NULL DEFAULT 1 CHECK (min_quantity >= 1),
    ADD COLUMN max_quantity integer NOT NULL DEFAULT 0 CHECK (max_quantity = 0 OR max_quantity >= min_quantity); -- 0: any

-- What is known of an attribute of products; one without a row is a text that is a facet.
CREATE TABLE attributes (
    key        text PRIMARY KEY CHECK (key = lower(key) AND length(key) BETWEEN 1 AND 100),
    label      text NOT NULL CHECK (length(label) BETWEEN 1 AND 200),
    kind       text NOT NULL CHECK (kind IN ('text', 'number', 'boolean', 'select', 'colour', 'date')),
    unit       text NOT NULL DEFAULT '',
    choices    jsonb NOT NULL DEFAULT '[]',
    filterable boolean NOT NULL DEFAULT true,
    position   integer NOT NULL DEFAULT 0,
    version    bigint NOT NULL DEFAULT 1
);

-- What a vendor wants to change on a product that is on sale, until staff have looked at it.
CREATE TABLE product_changes (
    id         uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    vendor_id  uuid NOT NULL REFERENCES vendors,
    edit       jsonb NOT NULL,
    diff       jsonb, -- what it would have changed when it was decided
    state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn')),
    reason     text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX product_changes_pending_key ON product_changes (product_id) WHERE state = 'pending';
CREATE INDEX product_changes_vendor_idx ON product_changes (vendor_id, id);
CREATE INDEX product_changes_queue_idx ON product_changes (id) WHERE state = 'pending';
ALTER TABLE product_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON product_changes USING (vendor_id = souk_vendor_id());

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
    GRANT SELECT ON brands, categories, tags, attributes, shipping_zones, tax_zones, tax_rates, settings TO souk_vendor;
END $$;
-- +goose StatementEnd
SELECT souk_grant_vendor_reads();
