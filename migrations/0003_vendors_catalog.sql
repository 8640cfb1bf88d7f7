-- +goose Up
CREATE TABLE vendors (
    id             uuid        PRIMARY KEY,
    slug           text        NOT NULL CONSTRAINT vendors_slug_key UNIQUE,
    name           text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description    text        NOT NULL DEFAULT '',
    email          text        NOT NULL DEFAULT '',
    status         text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'suspended', 'rejected')),
    status_reason  text        NOT NULL DEFAULT '',
    commission_bps int         NOT NULL DEFAULT 1000 CHECK (commission_bps BETWEEN 0 AND 10000),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        bigint      NOT NULL DEFAULT 1
);
CREATE INDEX vendors_name ON vendors (name, id);
CREATE TABLE vendor_members (
    vendor_id  uuid        NOT NULL REFERENCES vendors,
    user_id    uuid        NOT NULL CONSTRAINT vendor_members_user_key UNIQUE REFERENCES users,
    role       text        NOT NULL DEFAULT 'owner' CHECK (role IN ('owner')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (vendor_id, user_id)
);

CREATE TABLE brands (
    id   uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT brands_slug_key UNIQUE,
    name text NOT NULL
);
CREATE TABLE categories (
    id          uuid   PRIMARY KEY,
    parent_id   uuid   REFERENCES categories,
    slug        text   NOT NULL CONSTRAINT categories_slug_key UNIQUE,
    name        text   NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    path        text   NOT NULL CONSTRAINT categories_path_key UNIQUE,   -- names from the root, 'Apparel > Shoes'
    ancestors   uuid[] NOT NULL,           -- from the root to the category itself
    position    int    NOT NULL DEFAULT 0,
    description text   NOT NULL DEFAULT '',
    version     bigint NOT NULL DEFAULT 1
);
CREATE INDEX categories_parent ON categories (parent_id);
CREATE TABLE tags (
    id   uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT tags_slug_key UNIQUE,
    name text NOT NULL
);

CREATE TABLE products (
    id              uuid        PRIMARY KEY,
    vendor_id       uuid        NOT NULL REFERENCES vendors,
    brand_id        uuid        REFERENCES brands,
    slug            text        NOT NULL CONSTRAINT products_slug_key UNIQUE,
    handle          text,                                -- what the vendor calls it: how an import finds it again
    title           text        NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    description     text        NOT NULL DEFAULT '',     -- sanitised HTML
    kind            text        NOT NULL DEFAULT '',     -- the merchant's product type, free text
    status          text        NOT NULL DEFAULT 'draft'
                    CHECK (status IN ('draft', 'pending_review', 'active', 'rejected', 'archived')),
    status_reason   text        NOT NULL DEFAULT '',
    attributes      jsonb       NOT NULL DEFAULT '{}',   -- {"color": ["red", "blue"]}
    seo_title       text        NOT NULL DEFAULT '',
    seo_description text        NOT NULL DEFAULT '',
    published_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         bigint      NOT NULL DEFAULT 1,
    CONSTRAINT products_handle_key UNIQUE (vendor_id, handle),
    UNIQUE (id, vendor_id)
);
CREATE INDEX products_title ON products USING gin (title gin_trgm_ops);
CREATE INDEX products_vendor ON products (vendor_id, created_at DESC, id DESC);
CREATE INDEX products_created ON products (created_at DESC, id DESC);
CREATE INDEX products_review ON products (updated_at) WHERE status = 'pending_review';

CREATE TABLE product_options (
    product_id uuid   NOT NULL REFERENCES products,
    position   int    NOT NULL CHECK (position BETWEEN 1 AND 3),
    name       text   NOT NULL,
    values     text[] NOT NULL,
    PRIMARY KEY (product_id, position)
);
CREATE TABLE product_categories (
    product_id  uuid NOT NULL REFERENCES products,
    category_id uuid NOT NULL REFERENCES categories,
    position    int  NOT NULL DEFAULT 0,     -- 0 is the main category
    PRIMARY KEY (product_id, category_id)
);
CREATE INDEX product_categories_category ON product_categories (category_id);
CREATE TABLE product_tags (
    product_id uuid NOT NULL REFERENCES products,
    tag_id     uuid NOT NULL REFERENCES tags,
    PRIMARY KEY (product_id, tag_id)
);
CREATE INDEX product_tags_tag ON product_tags (tag_id);

CREATE TABLE media (
    id           uuid        PRIMARY KEY,
    product_id   uuid        NOT NULL REFERENCES products,
    position     int         NOT NULL DEFAULT 0,
    alt          text        NOT NULL DEFAULT '',
    source_url   text        NOT NULL DEFAULT '',        -- where a remote picture is fetched from
    state        text        NOT NULL CHECK (state IN ('pending', 'ready', 'failed', 'removed')),
    failure      text        NOT NULL DEFAULT '',        -- why the last attempt to fetch it came to nothing
    attempts     int         NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL DEFAULT now(),     -- when to fetch a pending one, or to delete the files of one that was removed
    blob_key     text        NOT NULL DEFAULT '',        -- random; sizes are <key>-<width>.<ext>
    content_type text        NOT NULL DEFAULT '',
    width        int         NOT NULL DEFAULT 0,
    height       int         NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX media_product ON media (product_id, position);
CREATE INDEX media_due ON media (state, due_at) WHERE state IN ('pending', 'removed');

CREATE TABLE variants (
    id                uuid        PRIMARY KEY,
    product_id        uuid        NOT NULL,
    vendor_id         uuid        NOT NULL,
    sku               text        CHECK (length(sku) BETWEEN 1 AND 100),
    barcode           text        NOT NULL DEFAULT '',
    title             text        NOT NULL,              -- 'Red / M'; the product's title where it has one variant
    options           text[]      NOT NULL DEFAULT '{}', -- values in the order of product_options
    position          int         NOT NULL DEFAULT 0,
    weight_grams      int         NOT NULL DEFAULT 0 CHECK (weight_grams >= 0),
    tax_class         text        NOT NULL DEFAULT 'standard',
    taxable           boolean     NOT NULL DEFAULT true,
    requires_shipping boolean     NOT NULL DEFAULT true,
    tracked           boolean     NOT NULL DEFAULT true, -- false: always available, no stock rows
    media_id          uuid        REFERENCES media ON DELETE SET NULL,
    archived_at       timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           bigint      NOT NULL DEFAULT 1,
    FOREIGN KEY (product_id, vendor_id) REFERENCES products (id, vendor_id)
);
CREATE UNIQUE INDEX variants_sku_key ON variants (sku, vendor_id) WHERE archived_at IS NULL;   -- the SKU first, for those who look for it in all shops
CREATE UNIQUE INDEX variants_options_key ON variants (product_id, options) WHERE archived_at IS NULL;
CREATE INDEX variants_product ON variants (product_id, position);
CREATE INDEX variants_media ON variants (media_id) WHERE media_id IS NOT NULL;
