-- +goose Up
-- What shoppers search and see. Derived: written by package search alone from the tables of the
-- others, kept by the event log, made anew by `souk search reindex`.

-- Accents are folded and English words are stemmed, so that "shoe" finds "Shoes"; words of other
-- languages pass unchanged. No stop words: "The Who" is a query too.
CREATE TEXT SEARCH DICTIONARY souk_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION souk (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION souk
    ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part WITH unaccent, souk_stem;

-- One row per active product of an active vendor: what it is found by. Apart from the listings,
-- because a new row in these indexes costs a hundred entries: stock and popularity move often,
-- words do not.
CREATE TABLE listed_products (
    product_id  uuid     PRIMARY KEY,
    name        text     NOT NULL,                         -- the folded title, which typos are matched with
    skus        text[]   NOT NULL,                         -- folded
    words       tsvector NOT NULL,                         -- title A; brand, vendor, categories, tags, attributes B; description C
    text_digest bytea    NOT NULL,                         -- of the texts
    digest      bytea    NOT NULL                          -- of all that was written for the product: the same means nothing to write
);
-- Entries wait in a short list and are sorted in together, which is several times as fast.
CREATE INDEX listed_products_words ON listed_products USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE INDEX listed_products_name ON listed_products USING gin (name gin_trgm_ops) WITH (gin_pending_list_limit = 256);
CREATE INDEX listed_products_skus ON listed_products USING gin (skus) WITH (gin_pending_list_limit = 64);

-- What the listing filters, counts and sorts by: a row for each currency that the product is priced
-- in, so that most questions are about one table, and a price range and each order walk an index.
CREATE TABLE listings (
    product_id   uuid         NOT NULL REFERENCES listed_products ON DELETE CASCADE,
    currency     char(3)      NOT NULL,
    vendor_id    uuid         NOT NULL,
    brand_id     uuid,
    name         text         COLLATE "C" NOT NULL,
    category_ids uuid[]       NOT NULL,                     -- with all ancestors
    tag_ids      uuid[]       NOT NULL,
    facet_ids    int[]        NOT NULL,                     -- of facet_values
    in_stock     boolean      NOT NULL,
    rating       numeric(3,2) NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    rating_count int          NOT NULL DEFAULT 0 CHECK (rating_count >= 0),
    popularity   bigint       NOT NULL DEFAULT 0,           -- units ordered and not cancelled
    created_at   timestamptz  NOT NULL,                     -- of the product
    min_minor    bigint       NOT NULL,                     -- the price of the cheapest variant
    max_minor    bigint       NOT NULL,
    PRIMARY KEY (product_id, currency)
) WITH (fillfactor = 80);
CREATE INDEX listings_popularity ON listings (currency, popularity, product_id);
CREATE INDEX listings_price ON listings (currency, min_minor, product_id);
CREATE INDEX listings_created ON listings (currency, created_at, product_id);
CREATE INDEX listings_rating ON listings (currency, rating, product_id);
CREATE INDEX listings_name ON listings (currency, name, product_id);
CREATE INDEX listings_vendor ON listings (vendor_id);
CREATE INDEX listings_brand ON listings (brand_id);
CREATE INDEX listings_categories ON listings USING gin (category_ids) WITH (fastupdate = off);
CREATE INDEX listings_tags ON listings USING gin (tag_ids) WITH (fastupdate = off);
CREATE INDEX listings_facets ON listings USING gin (facet_ids) WITH (fastupdate = off);

-- What is sent: JSON that was made before, in one currency. Stock is not frozen in the page: each
-- variant with counted stock has its id here and gets the quantity of the moment it is read.
CREATE TABLE product_pages (
    product_id  uuid    NOT NULL REFERENCES listed_products ON DELETE CASCADE,
    currency    char(3) NOT NULL,
    slug        text    NOT NULL,
    card        text    NOT NULL,                           -- the product in a list; '' when it has no price
    head        text    NOT NULL,                           -- the page up to the variants
    variants    text[]  NOT NULL,                           -- each of them, open at its end
    variant_ids uuid[]  NOT NULL,                           -- NULL where stock is not counted
    PRIMARY KEY (product_id, currency)
);
CREATE INDEX product_pages_slug ON product_pages (slug);

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
