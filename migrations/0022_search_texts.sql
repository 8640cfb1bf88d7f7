-- +goose Up
-- Products are found by an index in each node's memory, built from listed_products and listings.
-- It takes texts apart itself, so they stand here as people wrote them.
ALTER TABLE listed_products
    ADD COLUMN title text NOT NULL DEFAULT '',
    ADD COLUMN terms text NOT NULL DEFAULT '',              -- brand, vendor, categories, tags, attributes
    ADD COLUMN text  text NOT NULL DEFAULT '';              -- of the description

-- Written by nobody any more; the binary before this one still writes them.
ALTER TABLE listed_products ALTER COLUMN words SET DEFAULT '', ALTER COLUMN text_digest SET DEFAULT '';

-- What only PostgreSQL's own search needed. Listings are read by product alone now, and cost less
-- to write.
DROP INDEX listed_products_words, listed_products_name, listed_products_skus,
    listings_popularity, listings_price, listings_created, listings_rating, listings_name,
    listings_vendor, listings_brand, listings_categories, listings_tags, listings_facets;

-- The texts of what is listed already.
INSERT INTO listings_due (product_id) SELECT product_id FROM listed_products ON CONFLICT DO NOTHING;
