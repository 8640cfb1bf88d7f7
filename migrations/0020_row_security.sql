-- +goose Up
-- The second net under the vendors' door: what a vendor reads is read as the role souk_vendor, which sees that vendor's
-- rows and no others, whatever the statement says. Tables that are not granted at the end it cannot read at all.
-- The owner, as whom everything else runs, is not bound by any of this and pays nothing for it.

-- Whose rows this session may see. Without the setting there is an error, and not everybody's rows.
CREATE FUNCTION souk_vendor_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT current_setting('souk.vendor_id')::uuid $$;

ALTER TABLE vendors          ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_members   ENABLE ROW LEVEL SECURITY;
ALTER TABLE products         ENABLE ROW LEVEL SECURITY;
ALTER TABLE variants         ENABLE ROW LEVEL SECURITY;
ALTER TABLE locations        ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_levels     ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_orders    ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_lines      ENABLE ROW LEVEL SECURITY;
ALTER TABLE shipments        ENABLE ROW LEVEL SECURITY;
ALTER TABLE shipping_options ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON vendors          USING (id = souk_vendor_id());
CREATE POLICY own ON vendor_members   USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON products         USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON variants         USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON locations        USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON stock_levels     USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON vendor_orders    USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON order_lines      USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON shipments        USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON shipping_options USING (vendor_id IS NULL OR vendor_id = souk_vendor_id());

-- What hangs on such a row is seen with it: the policy of the parent decides inside the EXISTS.
ALTER TABLE product_options    ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_categories ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_tags       ENABLE ROW LEVEL SECURITY;
ALTER TABLE media              ENABLE ROW LEVEL SECURITY;
ALTER TABLE prices             ENABLE ROW LEVEL SECURITY;
ALTER TABLE price_history      ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_movements    ENABLE ROW LEVEL SECURITY;
ALTER TABLE reservations       ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders             ENABLE ROW LEVEL SECURITY;
ALTER TABLE adjustments        ENABLE ROW LEVEL SECURITY;
ALTER TABLE shipment_lines     ENABLE ROW LEVEL SECURITY;
ALTER TABLE tracking_events    ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON product_options    USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));
CREATE POLICY own ON product_categories USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));
CREATE POLICY own ON product_tags       USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));
CREATE POLICY own ON media              USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));
CREATE POLICY own ON prices             USING (EXISTS (SELECT FROM variants v WHERE v.id = variant_id));
CREATE POLICY own ON price_history      USING (EXISTS (SELECT FROM variants v WHERE v.id = variant_id));
CREATE POLICY own ON stock_movements    USING (EXISTS (SELECT FROM locations l WHERE l.id = location_id));
CREATE POLICY own ON reservations       USING (EXISTS (SELECT FROM locations l WHERE l.id = location_id));
CREATE POLICY own ON orders             USING (EXISTS (SELECT FROM vendor_orders o WHERE o.order_id = orders.id));
CREATE POLICY own ON adjustments        USING (EXISTS (SELECT FROM vendor_orders o WHERE o.id = vendor_order_id));
CREATE POLICY own ON shipment_lines     USING (EXISTS (SELECT FROM shipments s WHERE s.id = shipment_id));
CREATE POLICY own ON tracking_events    USING (EXISTS (SELECT FROM shipments s WHERE s.id = shipment_id));

-- A team sees each other, its invitations and its keys; of a user no more than that takes.
ALTER TABLE users              ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys           ENABLE ROW LEVEL SECURITY;
CREATE POLICY team ON users             USING (EXISTS (SELECT FROM vendor_members m WHERE m.user_id = users.id));
CREATE POLICY own  ON vendor_invitations USING (vendor_id = souk_vendor_id());
CREATE POLICY own  ON api_keys          USING (vendor_id = souk_vendor_id());

-- Roles are of the whole cluster, and not everybody may make one: then whoever administers the database runs
-- "CREATE ROLE souk_vendor; GRANT souk_vendor TO the_user_of_souk;" and this function, and `souk doctor` says so.
-- +goose StatementBegin
CREATE FUNCTION souk_grant_vendor_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regrole('souk_vendor') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO souk_vendor', current_schema());
    GRANT SELECT ON vendors, vendor_members, products, variants, locations, stock_levels, vendor_orders, order_lines, shipments,
        shipping_options, product_options, product_categories, product_tags, media, prices, price_history, stock_movements,
        reservations, orders, adjustments, shipment_lines, tracking_events,
        vendor_invitations, api_keys,
        brands, categories, tags, shipping_zones, tax_zones, tax_rates, settings TO souk_vendor;
    GRANT SELECT (id, username, name, email) ON users TO souk_vendor;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$ BEGIN
    CREATE ROLE souk_vendor NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN RAISE NOTICE 'may not create the role souk_vendor: row-level security stays off';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$ BEGIN
    IF to_regrole('souk_vendor') IS NOT NULL AND NOT pg_has_role('souk_vendor', 'MEMBER') THEN
        EXECUTE format('GRANT souk_vendor TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN RAISE NOTICE 'may not take the role souk_vendor: row-level security stays off';
END $$;
-- +goose StatementEnd
SELECT souk_grant_vendor_reads();
