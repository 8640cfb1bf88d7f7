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

-- Texts in other languages, by locale: {"de": {"title": …}}. The columns beside them are in the shop's language.
ALTER TABLE products   ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
ALTER TABLE categories ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
ALTER TABLE attributes ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';

-- What of them is found and shown; derived, as the tables that it stands beside.
ALTER TABLE listed_products ADD COLUMN translated text[] NOT NULL DEFAULT '{}';
ALTER TABLE facet_values    ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
CREATE TABLE translated_pages (
    product_id uuid    NOT NULL,
    currency   char(3) NOT NULL,
    locale     text    NOT NULL,
    card       text    NOT NULL,
    head       text    NOT NULL,
    variants   text[]  NOT NULL,
    PRIMARY KEY (product_id, currency, locale),
    FOREIGN KEY (product_id, currency) REFERENCES product_pages ON DELETE CASCADE
);

-- What somebody has chosen to be shown with a product.
CREATE TABLE product_relations (
    product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('related', 'upsell', 'cross_sell')),
    related_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    position   int  NOT NULL,
    PRIMARY KEY (product_id, kind, related_id),
    CHECK (product_id <> related_id)
);
CREATE INDEX product_relations_related ON product_relations (related_id);
ALTER TABLE product_relations ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON product_relations USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));

-- What is most often in one order with a product; derived from its latest orders, counted with its sales.
CREATE TABLE bought_together (
    product_id uuid NOT NULL,
    place      int  NOT NULL,
    other_id   uuid NOT NULL,
    orders     int  NOT NULL,
    PRIMARY KEY (product_id, place)
);
INSERT INTO popularity_due (product_id) SELECT DISTINCT product_id FROM order_lines ON CONFLICT DO NOTHING;

-- Products that are shown together because rules let them in, which search answers; nobody keeps a list.
CREATE TABLE collections (
    id              uuid        PRIMARY KEY,
    slug            text        NOT NULL CONSTRAINT collections_slug_key UNIQUE,
    title           text        NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description     text        NOT NULL DEFAULT '',
    seo_title       text        NOT NULL DEFAULT '',
    seo_description text        NOT NULL DEFAULT '',
    match           text        NOT NULL DEFAULT 'all' CHECK (match IN ('all', 'any')),
    rules           jsonb       NOT NULL DEFAULT '[]',
    pinned          uuid[]      NOT NULL DEFAULT '{}',
    excluded        uuid[]      NOT NULL DEFAULT '{}',
    sort            text        NOT NULL DEFAULT '-popularity',
    position        int         NOT NULL DEFAULT 0,
    published       boolean     NOT NULL DEFAULT false,
    publish_at      timestamptz,
    unpublish_at    timestamptz,
    translations    jsonb       NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         bigint      NOT NULL DEFAULT 1,
    CHECK (unpublish_at > publish_at)
);

-- Whether the cheapest variant costs less than before.
ALTER TABLE listings ADD COLUMN reduced boolean NOT NULL DEFAULT false;

-- Copies of a product share the files of its pictures.
CREATE INDEX media_blob ON media (blob_key) WHERE blob_key <> '';

-- Pages show more of their variants now.
INSERT INTO listings_due (product_id) SELECT product_id FROM listed_products ON CONFLICT DO NOTHING;

SELECT souk_grant_vendor_reads();
