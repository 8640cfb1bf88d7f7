-- +goose Up
-- A bundle is a variant that is made of others when it is sold. It has no stock of its own, so it counts as tracked without a level.
ALTER TABLE variants
    ADD COLUMN bundle text CHECK (bundle IN ('fixed', 'summed')),   -- where its price comes from; NULL: no bundle
    ADD COLUMN bundle_discount_bps integer NOT NULL DEFAULT 0,      -- what a summed one is cheaper than its components
    ADD CONSTRAINT variants_bundle_tracked CHECK (bundle IS NULL OR tracked),
    ADD CONSTRAINT variants_bundle_discount CHECK (bundle_discount_bps = 0 OR bundle = 'summed' AND bundle_discount_bps BETWEEN 1 AND 9999);

CREATE TABLE variant_components (
    bundle_id    uuid    NOT NULL REFERENCES variants,
    component_id uuid    NOT NULL CONSTRAINT variant_components_component_fkey REFERENCES variants,
    quantity     integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000),   -- in one unit of the bundle
    position     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (bundle_id, component_id),
    CONSTRAINT variant_components_itself CHECK (bundle_id <> component_id)
);
CREATE INDEX variant_components_component ON variant_components (component_id);

-- A trigger and no foreign keys: those would want two more indexes on every variant for the sake of a few bundles.
-- +goose StatementBegin
CREATE FUNCTION variant_components_may_be() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whole variants;
    part  variants;
BEGIN
    SELECT * INTO whole FROM variants WHERE id = NEW.bundle_id;
    SELECT * INTO part FROM variants WHERE id = NEW.component_id;
    -- Of two at once, each could make a bundle of what the other puts into one.
    PERFORM pg_advisory_xact_lock(hashtextextended('variant_components ' || whole.vendor_id, 0));
    IF part.vendor_id <> whole.vendor_id THEN
        RAISE EXCEPTION '% is not sold by the vendor of %', part.id, whole.id USING ERRCODE = 'check_violation', CONSTRAINT = 'variant_components_vendor';
    END IF;
    IF EXISTS (SELECT FROM variant_components WHERE bundle_id = NEW.component_id)
       OR EXISTS (SELECT FROM variant_components c JOIN variants b ON b.id = c.bundle_id WHERE c.component_id = NEW.bundle_id AND b.archived_at IS NULL) THEN
        RAISE EXCEPTION 'a bundle within a bundle' USING ERRCODE = 'check_violation', CONSTRAINT = 'variant_components_flat';
    END IF;
    IF EXISTS (SELECT FROM stock_levels WHERE variant_id = NEW.bundle_id AND (on_hand, reserved, allocated) <> (0, 0, 0)) THEN
        RAISE EXCEPTION '% has stock of its own', whole.id USING ERRCODE = 'check_violation', CONSTRAINT = 'variant_components_stock';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER variant_components_may_be BEFORE INSERT OR UPDATE ON variant_components FOR EACH ROW EXECUTE FUNCTION variant_components_may_be();

-- How many of a bundle its components make: as many as the scarcest of them does, none where one is not sold any more, NULL for any number.
-- +goose StatementBegin
CREATE FUNCTION bundle_stock(wanted uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT min(CASE
            WHEN v.archived_at IS NOT NULL OR p.status IN ('archived', 'rejected') THEN 0
            WHEN v.tracked THEN (SELECT coalesce(sum(on_hand - reserved - allocated + backorder_limit), 0) FROM stock_levels WHERE variant_id = v.id) / c.quantity
        END)
        FROM variant_components c JOIN variants v ON v.id = c.component_id JOIN products p ON p.id = v.product_id
        WHERE c.bundle_id = wanted);
END $$;
-- +goose StatementEnd

-- What can still be sold of a variant; NULL: any number. One SELECT, so that the planner puts it into the statement that asks (LATERAL); what
-- bundles take stays in a function, so that others do not pay for it.
-- +goose StatementBegin
CREATE FUNCTION stock_of(variant uuid) RETURNS TABLE (available bigint) LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN v.bundle IS NOT NULL THEN bundle_stock(v.id)
        WHEN v.tracked THEN (SELECT coalesce(sum(on_hand - reserved - allocated + backorder_limit), 0) FROM stock_levels WHERE variant_id = v.id)
    END
    FROM variants v WHERE v.id = variant
$$;
-- +goose StatementEnd

-- What a bundle was made of when it was ordered, and each component's share of what the line came to. Frozen, as all of an order.
CREATE TABLE order_line_components (
    order_line_id uuid    NOT NULL REFERENCES order_lines,
    variant_id    uuid    NOT NULL,
    position      integer NOT NULL,
    sku           text,
    title         text    NOT NULL,
    quantity      integer NOT NULL CHECK (quantity > 0),     -- in one unit of the line
    tracked       boolean NOT NULL,
    total_minor   bigint  NOT NULL CHECK (total_minor >= 0),
    tax_minor     bigint  NOT NULL CHECK (tax_minor >= 0),
    PRIMARY KEY (order_line_id, variant_id)
);
CREATE TRIGGER order_line_components_append_only BEFORE UPDATE OR DELETE ON order_line_components FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A line may take several variants from one location.
DROP INDEX reservations_line_key;
CREATE UNIQUE INDEX reservations_line_key ON reservations (order_line_id, variant_id, location_id);

ALTER TABLE variant_components    ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_line_components ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON variant_components    USING (EXISTS (SELECT FROM variants v WHERE v.id = bundle_id));
CREATE POLICY own ON order_line_components USING (EXISTS (SELECT FROM order_lines l WHERE l.id = order_line_id));
SELECT souk_grant_vendor_reads();
