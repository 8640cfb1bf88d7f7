-- +goose Up
-- What shoppers search and see. Derived: written by package search alone from the tables of the
-- others, kept by the event log, made anew by `souk search reindex`.

-- Accents are folded and English words are stemmed, so that "shoe" finds "Shoes"; words of other
-- languages pass unchanged. No stop words: "The Who" is a query too.
CREATE TEXT SEARCH DICTIONARY souk_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION souk (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION souk
    ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part WITH unaccent, souk_stem;

-- One row per active product of an active vendor: what the listing filters, counts and sorts by.
CREATE TABLE listings (
    product_id   uuid         PRIMARY KEY,
    vendor_id    uuid         NOT NULL,
    brand_id     uuid,
    name         text         COLLATE "C" NOT NULL,         -- the folded title, to sort by
    category_ids uuid[]       NOT NULL,                     -- with all ancestors
    tag_ids      uuid[]       NOT NULL,
    facet_ids    int[]        NOT NULL,                     -- of facet_values
    in_stock     boolean      NOT NULL,
    rating       numeric(3,2) NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    rating_count int          NOT NULL DEFAULT 0 CHECK (rating_count >= 0),
    popularity   bigint       NOT NULL DEFAULT 0,           -- units ordered and not cancelled
    created_at   timestamptz  NOT NULL,                     -- of the product
    digest       bytea        NOT NULL                      -- of all that was written for the product: the same means nothing to write
) WITH (fillfactor = 80);
CREATE INDEX listings_popularity ON listings (popularity, product_id);
CREATE INDEX listings_created ON listings (created_at, product_id);
CREATE INDEX listings_rating ON listings (rating, product_id);
CREATE INDEX listings_name ON listings (name, product_id);
CREATE INDEX listings_vendor ON listings (vendor_id);
CREATE INDEX listings_brand ON listings (brand_id);
CREATE INDEX listings_categories ON listings USING gin (category_ids) WITH (fastupdate = off);
CREATE INDEX listings_tags ON listings USING gin (tag_ids) WITH (fastupdate = off);
CREATE INDEX listings_facets ON listings USING gin (facet_ids) WITH (fastupdate = off);

-- What a product is found by. Beside the listing and not in it, because a new row in these indexes
-- costs a hundred entries: stock and popularity move often, words do not.
CREATE TABLE listing_texts (
    product_id uuid     PRIMARY KEY REFERENCES listings ON DELETE CASCADE,
    name       text     NOT NULL,                           -- the folded title, which typos are matched with
    skus       text[]   NOT NULL,                           -- folded
    words      tsvector NOT NULL,                           -- title A; brand, vendor, categories, tags, attributes B; description C
    digest     bytea    NOT NULL                            -- of the texts
);
-- Entries wait in a short list and are sorted in together, which is several times as fast.
CREATE INDEX listing_texts_words ON listing_texts USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE INDEX listing_texts_name ON listing_texts USING gin (name gin_trgm_ops) WITH (gin_pending_list_limit = 256);
CREATE INDEX listing_texts_skus ON listing_texts USING gin (skus) WITH (gin_pending_list_limit = 64);

-- A product is listed in the currencies that it is priced in. A child table and not jsonb, so that
-- a price range and the order by price are walks of an index.
CREATE TABLE listing_prices (
    product_id uuid    NOT NULL REFERENCES listings ON DELETE CASCADE,
    currency   char(3) NOT NULL,
    min_minor  bigint  NOT NULL,
    max_minor  bigint  NOT NULL,
    card       text    NOT NULL,                            -- the product's JSON in a list, ready to send
    PRIMARY KEY (product_id, currency)
);
CREATE INDEX listing_prices_order ON listing_prices (currency, min_minor, product_id);

-- The product page as JSON in one currency. Stock is not frozen in it: each variant with counted
-- stock has its id here and gets the quantity of the moment when the page is read.
CREATE TABLE product_pages (
    product_id  uuid    NOT NULL REFERENCES listings ON DELETE CASCADE,
    currency    char(3) NOT NULL,
    slug        text    NOT NULL,
    head        text    NOT NULL,                           -- '{"id": ..., ' up to the variants
    variants    text[]  NOT NULL,                           -- '{"id": ...' of each, open at its end
    variant_ids uuid[]  NOT NULL,                           -- NULL where stock is not counted
    due_at      timestamptz,                                -- when the lowest price of 30 days changes by itself
    PRIMARY KEY (product_id, currency)
);
CREATE INDEX product_pages_slug ON product_pages (slug);
CREATE INDEX product_pages_due ON product_pages (due_at) WHERE due_at IS NOT NULL;

-- What attributes and options can be: 'color=red' and how people write it.
CREATE TABLE facet_values (
    id        int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       text NOT NULL,                                -- 'shoe_size'
    value     text NOT NULL,                                -- folded: 'xl'
    key_label text NOT NULL,                                -- 'Shoe size'
    label     text NOT NULL,                                -- 'XL'
    CONSTRAINT facet_values_key UNIQUE (key, value)
);

-- Products to refresh, where one event named too many for its transaction.
CREATE TABLE listings_due (
    product_id uuid PRIMARY KEY
);

-- Products that were sold since popularity was last counted.
CREATE TABLE popularity_due (
    product_id uuid PRIMARY KEY
);
