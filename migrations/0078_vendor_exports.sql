-- +goose Up
-- Vendors take their own products out, and see what they have asked for.
ALTER TABLE product_exports ADD COLUMN vendor_id uuid REFERENCES vendors; -- whose door it was asked for at; NULL: the shop's
CREATE INDEX product_exports_vendor ON product_exports (vendor_id, id DESC);
ALTER TABLE product_exports ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON product_exports USING (vendor_id = souk_vendor_id());
SELECT souk_grant_vendor_reads();
