-- +goose Up
-- Pictures that a vendor proposes belong to the change and to no product, so that whoever reads the pictures of products
-- does not see them. One from elsewhere is 'proposed' until it has been fetched: staff look at what will be shown.
ALTER TABLE media
    ALTER COLUMN product_id DROP NOT NULL,
    ADD COLUMN change_id uuid REFERENCES product_changes,
    ADD CONSTRAINT media_owner CHECK ((product_id IS NULL) = (change_id IS NOT NULL)),
    DROP CONSTRAINT media_state_check,
    ADD CONSTRAINT media_state_check CHECK (state IN ('pending', 'proposed', 'ready', 'failed', 'removed'));
DROP INDEX media_due;
CREATE INDEX media_due ON media (state, due_at) WHERE state IN ('pending', 'proposed', 'removed');
CREATE INDEX media_change ON media (change_id) WHERE change_id IS NOT NULL;
DROP POLICY own ON media;
CREATE POLICY own ON media USING (
    EXISTS (SELECT FROM products p WHERE p.id = product_id) OR EXISTS (SELECT FROM product_changes c WHERE c.id = change_id));

-- The pictures of a variant after its first, which variants.media_id names.
CREATE TABLE variant_media (
    variant_id uuid NOT NULL REFERENCES variants ON DELETE CASCADE,
    media_id   uuid NOT NULL REFERENCES media ON DELETE CASCADE,
    position   int  NOT NULL,
    PRIMARY KEY (variant_id, media_id)
);
CREATE INDEX variant_media_media ON variant_media (media_id);
ALTER TABLE variant_media ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON variant_media USING (EXISTS (SELECT FROM variants v WHERE v.id = variant_id));

SELECT souk_grant_vendor_reads();
