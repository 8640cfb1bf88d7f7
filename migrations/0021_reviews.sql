-- +goose Up
-- What buyers say of what they have received.

CREATE TABLE reviews (
    id            uuid        PRIMARY KEY,
    product_id    uuid        NOT NULL,
    vendor_id     uuid        NOT NULL,
    user_id       uuid        REFERENCES users,              -- NULL once the author is erased: the stars stay
    author        text        NOT NULL CHECK (length(author) <= 60),   -- as it is shown; '' of those who gave no name or are gone
    rating        int         NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title         text        NOT NULL DEFAULT '' CHECK (length(title) <= 120),
    body          text        NOT NULL CHECK (length(body) <= 5000),
    fingerprint   bytea,                                     -- SHA-256 of the folded body, where it is long enough to tell a copy
    status        text        NOT NULL CHECK (status IN ('pending', 'published', 'rejected')),
    held_for      text        NOT NULL DEFAULT '' CHECK (held_for IN ('', 'approval', 'links', 'copy', 'reports', 'rejection')),
    reason        text        NOT NULL DEFAULT '' CHECK (length(reason) <= 1000),   -- why staff rejected it, for its author
    reply         text        NOT NULL DEFAULT '' CHECK (length(reply) <= 5000),    -- of the vendor
    replied_at    timestamptz,
    helpful_count int         NOT NULL DEFAULT 0 CHECK (helpful_count >= 0),        -- of review_votes
    report_count  int         NOT NULL DEFAULT 0 CHECK (report_count >= 0),         -- of review_reports that staff have not seen to
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       bigint      NOT NULL DEFAULT 1,
    CONSTRAINT reviews_author_key UNIQUE (user_id, product_id),
    CONSTRAINT reviews_fingerprint_key UNIQUE (fingerprint, user_id),
    CONSTRAINT reviews_held CHECK ((status = 'pending') = (held_for <> '')),
    CONSTRAINT reviews_rejected CHECK ((status = 'rejected') = (reason <> '')),
    CONSTRAINT reviews_replied CHECK ((reply = '') = (replied_at IS NULL)),
    CONSTRAINT reviews_say_something CHECK (user_id IS NULL OR body <> ''),
    FOREIGN KEY (product_id, vendor_id) REFERENCES products (id, vendor_id)
);
CREATE INDEX reviews_newest ON reviews (product_id, id) WHERE status = 'published';
CREATE INDEX reviews_rated ON reviews (product_id, rating, id) WHERE status = 'published';
CREATE INDEX reviews_helpful ON reviews (product_id, helpful_count, id) WHERE status = 'published';
CREATE INDEX reviews_user ON reviews (user_id, id);
CREATE INDEX reviews_vendor ON reviews (vendor_id, id) WHERE status = 'published';
CREATE INDEX reviews_status ON reviews (status, id);

-- The stars of each product, changed in the transaction of the review by what it adds or takes. `souk verify` adds them up again.
CREATE TABLE product_ratings (
    product_id   uuid   PRIMARY KEY REFERENCES products,
    rating_count int    NOT NULL DEFAULT 0,
    rating_sum   bigint NOT NULL DEFAULT 0,
    stars_1      int    NOT NULL DEFAULT 0 CHECK (stars_1 >= 0),
    stars_2      int    NOT NULL DEFAULT 0 CHECK (stars_2 >= 0),
    stars_3      int    NOT NULL DEFAULT 0 CHECK (stars_3 >= 0),
    stars_4      int    NOT NULL DEFAULT 0 CHECK (stars_4 >= 0),
    stars_5      int    NOT NULL DEFAULT 0 CHECK (stars_5 >= 0),
    CONSTRAINT product_ratings_count CHECK (rating_count = stars_1 + stars_2 + stars_3 + stars_4 + stars_5),
    CONSTRAINT product_ratings_sum CHECK (rating_sum = stars_1 + 2 * stars_2 + 3 * stars_3 + 4 * stars_4 + 5 * stars_5)
);

CREATE TABLE review_votes (
    review_id  uuid        NOT NULL REFERENCES reviews ON DELETE CASCADE,
    user_id    uuid        NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (review_id, user_id)
);
CREATE INDEX review_votes_user ON review_votes (user_id);

CREATE TABLE review_reports (
    review_id  uuid        NOT NULL REFERENCES reviews ON DELETE CASCADE,
    user_id    uuid        NOT NULL REFERENCES users,
    reason     text        NOT NULL CHECK (reason IN ('spam', 'offensive', 'off_topic', 'fake', 'personal_data', 'other')),
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,                                  -- when staff have seen to it
    PRIMARY KEY (review_id, user_id)
);
CREATE INDEX review_reports_user ON review_reports (user_id);

-- Every file that was stored as a photo. Those of no review are removed by a sweep: a transaction cannot take a file
-- back, so the row is there before the file and goes after it.
CREATE TABLE review_photos (
    id         uuid        PRIMARY KEY,
    review_id  uuid        REFERENCES reviews ON DELETE SET NULL,
    file       text        NOT NULL UNIQUE,
    width      int         NOT NULL,
    height     int         NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX review_photos_review ON review_photos (review_id, id);
CREATE INDEX review_photos_stray ON review_photos (created_at) WHERE review_id IS NULL;

-- Vendors see what is published of their own products.
ALTER TABLE reviews       ENABLE ROW LEVEL SECURITY;
ALTER TABLE review_photos ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON reviews       USING (vendor_id = souk_vendor_id() AND status = 'published');
CREATE POLICY own ON review_photos USING (EXISTS (SELECT FROM reviews r WHERE r.id = review_id));

-- As in 0020, with the two tables added.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION souk_grant_vendor_reads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regrole('souk_vendor') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO souk_vendor', current_schema());
    GRANT SELECT ON vendors, vendor_members, products, variants, locations, stock_levels, vendor_orders, order_lines, shipments,
        shipping_options, product_options, product_categories, product_tags, media, prices, price_history, stock_movements,
        reservations, orders, adjustments, shipment_lines, tracking_events,
        vendor_invitations, api_keys, reviews, review_photos,
        brands, categories, tags, shipping_zones, tax_zones, tax_rates, settings TO souk_vendor;
    GRANT SELECT (id, username, name, email) ON users TO souk_vendor;
END $$;
-- +goose StatementEnd
SELECT souk_grant_vendor_reads();
