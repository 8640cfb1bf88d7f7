-- +goose Up
CREATE TABLE orders (
    id                 uuid        PRIMARY KEY,
    number             text        NOT NULL CONSTRAINT orders_number_key UNIQUE,   -- random, so that it tells no volume
    cart_id            uuid        NOT NULL CONSTRAINT orders_cart_key UNIQUE,
    user_id            uuid,
    email              text        NOT NULL,
    phone              text        NOT NULL DEFAULT '',
    token_hash         bytea       CHECK (length(token_hash) = 32),   -- SHA-256 of a guest's access token
    status             text        NOT NULL CHECK (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned')),
    payment_status     text        NOT NULL CHECK (payment_status IN ('pending', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded', 'voided')),
    fulfillment_status text        NOT NULL CHECK (fulfillment_status IN ('unfulfilled', 'partially_shipped', 'shipped', 'partially_delivered', 'delivered', 'cancelled')),
    currency           char(3)     NOT NULL,
    items_minor        bigint      NOT NULL CHECK (items_minor >= 0),
    discount_minor     bigint      NOT NULL CHECK (discount_minor >= 0),
    shipping_minor     bigint      NOT NULL CHECK (shipping_minor >= 0),
    fee_minor          bigint      NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
    tax_minor          bigint      NOT NULL CHECK (tax_minor >= 0),
    tax_included       boolean     NOT NULL,
    rounding_minor     bigint      NOT NULL DEFAULT 0,
    grand_total_minor  bigint      NOT NULL CHECK (grand_total_minor >= 0),
    shipping_address   jsonb       NOT NULL,
    billing_address    jsonb       NOT NULL,
    trace              jsonb       NOT NULL DEFAULT '[]',   -- how the total came about, frozen
    cancel_reason      text        NOT NULL DEFAULT '',
    placed_at          timestamptz NOT NULL DEFAULT now(),
    expires_at         timestamptz,                         -- when an unpaid order gives its stock back
    updated_at         timestamptz NOT NULL DEFAULT now(),
    version            bigint      NOT NULL DEFAULT 1,      -- the number of its last event
    UNIQUE (id, currency),
    CONSTRAINT orders_pending_expires CHECK ((status = 'pending') = (expires_at IS NOT NULL)),
    CONSTRAINT orders_one_reader CHECK (user_id IS NOT NULL OR token_hash IS NOT NULL),
    CONSTRAINT orders_total_adds_up CHECK (
        grand_total_minor = items_minor - discount_minor + shipping_minor + fee_minor + rounding_minor
                            + CASE WHEN tax_included THEN 0 ELSE tax_minor END)
);
CREATE INDEX orders_user ON orders (user_id, id DESC) WHERE user_id IS NOT NULL;   -- ids sort by birth
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_email ON orders (lower(email) text_pattern_ops);   -- found by its beginning
CREATE INDEX orders_due ON orders (expires_at) WHERE status = 'pending';

-- An order moves forward only; orders.moves in Go says the same.
-- +goose StatementBegin
CREATE FUNCTION orders_may_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('pending', 'confirmed'), ('pending', 'cancelled'), ('confirmed', 'shipped'), ('confirmed', 'delivered'), ('confirmed', 'cancelled'),
        ('shipped', 'delivered'), ('delivered', 'completed'), ('delivered', 'returned'), ('completed', 'returned')) THEN
        RAISE EXCEPTION 'order % may not move from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_moves';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER orders_moves BEFORE UPDATE OF status ON orders FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION orders_may_move();

CREATE TABLE vendor_orders (
    id              uuid    PRIMARY KEY,
    order_id        uuid    NOT NULL,
    vendor_id       uuid    NOT NULL,
    vendor_name     text    NOT NULL,               -- as they were called that day
    vendor_slug     text    NOT NULL,
    number          text    NOT NULL CONSTRAINT vendor_orders_number_key UNIQUE,   -- the order's, with -1, -2
    status          text    NOT NULL CHECK (status IN ('pending', 'confirmed', 'partially_shipped', 'shipped', 'delivered', 'cancelled')),
    paid            boolean NOT NULL DEFAULT false,
    currency        char(3) NOT NULL,
    items_minor     bigint  NOT NULL,
    discount_minor  bigint  NOT NULL,
    shipping_minor  bigint  NOT NULL CHECK (shipping_minor >= 0),
    tax_minor       bigint  NOT NULL,               -- of its lines and of its shipping
    total_minor     bigint  NOT NULL CHECK (total_minor >= 0),
    shipping_tax_minor bigint NOT NULL DEFAULT 0,
    shipping_option jsonb   NOT NULL,               -- {"id", "name", "kind", "delivery_days"} as chosen
    placed_at       timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, order_id, vendor_id),
    CONSTRAINT vendor_orders_vendor_key UNIQUE (order_id, vendor_id),
    FOREIGN KEY (order_id, currency) REFERENCES orders (id, currency)
);
CREATE INDEX vendor_orders_vendor ON vendor_orders (vendor_id, id DESC);

CREATE TABLE order_lines (
    id                 uuid    PRIMARY KEY,
    order_id           uuid    NOT NULL,
    vendor_order_id    uuid    NOT NULL,
    vendor_id          uuid    NOT NULL,
    variant_id         uuid    NOT NULL,
    product_id         uuid    NOT NULL,
    product_slug       text    NOT NULL,
    position           int     NOT NULL,
    title              text    NOT NULL,
    variant_title      text    NOT NULL,
    sku                text,
    image              text    NOT NULL DEFAULT '',
    tracked            boolean NOT NULL,
    requires_shipping  boolean NOT NULL,
    quantity           int     NOT NULL CHECK (quantity > 0),
    unit_price_minor   bigint  NOT NULL CHECK (unit_price_minor >= 0),
    subtotal_minor     bigint  NOT NULL,
    discount_minor     bigint  NOT NULL,
    tax_minor          bigint  NOT NULL CHECK (tax_minor >= 0),
    total_minor        bigint  NOT NULL CHECK (total_minor >= 0),
    commission_bps     int     NOT NULL CHECK (commission_bps BETWEEN 0 AND 10000),
    commission_minor   bigint  NOT NULL CHECK (commission_minor >= 0),   -- of the line without tax
    currency           char(3) NOT NULL,
    quantity_fulfilled int     NOT NULL DEFAULT 0 CHECK (quantity_fulfilled >= 0),
    quantity_cancelled int     NOT NULL DEFAULT 0 CHECK (quantity_cancelled >= 0),
    quantity_returned  int     NOT NULL DEFAULT 0 CHECK (quantity_returned >= 0),
    cancelled_minor            bigint NOT NULL DEFAULT 0,   -- the shares of the cancelled units
    cancelled_tax_minor        bigint NOT NULL DEFAULT 0,
    cancelled_commission_minor bigint NOT NULL DEFAULT 0,
    CONSTRAINT order_lines_cancelled CHECK (
        cancelled_minor BETWEEN 0 AND total_minor AND cancelled_tax_minor BETWEEN 0 AND tax_minor
        AND cancelled_commission_minor BETWEEN 0 AND commission_minor
        AND (quantity_cancelled > 0 OR cancelled_minor + cancelled_tax_minor + cancelled_commission_minor = 0)),
    CONSTRAINT order_lines_subtotal CHECK (subtotal_minor = unit_price_minor * quantity),
    CONSTRAINT order_lines_discount CHECK (discount_minor BETWEEN 0 AND subtotal_minor),
    CONSTRAINT order_lines_quantities CHECK (quantity_fulfilled + quantity_cancelled <= quantity AND quantity_returned <= quantity_fulfilled),
    FOREIGN KEY (vendor_order_id, order_id, vendor_id) REFERENCES vendor_orders (id, order_id, vendor_id)
);
CREATE INDEX order_lines_order ON order_lines (order_id, position);
CREATE INDEX order_lines_vendor_order ON order_lines (vendor_order_id);
CREATE INDEX order_lines_product ON order_lines (product_id);

-- Discounts and taxes as they were allocated, to the last unit. Frozen: a refund reads these shares.
CREATE TABLE adjustments (
    id              uuid    PRIMARY KEY,
    order_id        uuid    NOT NULL REFERENCES orders,
    vendor_order_id uuid    NOT NULL,
    order_line_id   uuid,                            -- NULL: on the shipping of the vendor order
    kind            text    NOT NULL CHECK (kind IN ('discount', 'tax')),
    label           text    NOT NULL,
    rate_ppm        int,
    amount_minor    bigint  NOT NULL CHECK (amount_minor >= 0)
);
CREATE INDEX adjustments_order ON adjustments (order_id);
CREATE TRIGGER adjustments_append_only BEFORE UPDATE OR DELETE ON adjustments FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE order_notes (
    id         uuid        PRIMARY KEY,
    order_id   uuid        NOT NULL REFERENCES orders,
    author     text        NOT NULL,
    body       text        NOT NULL CHECK (length(body) BETWEEN 1 AND 5000),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX order_notes_order ON order_notes (order_id);

CREATE TABLE shipments (
    id              uuid        PRIMARY KEY,
    order_id        uuid        NOT NULL,
    vendor_order_id uuid        NOT NULL,
    vendor_id       uuid        NOT NULL,
    courier         text        NOT NULL DEFAULT '' CHECK (length(courier) <= 60),
    tracking_number text        NOT NULL DEFAULT '' CHECK (length(tracking_number) <= 100),
    status          text        NOT NULL CHECK (status IN ('shipped', 'in_transit', 'out_for_delivery', 'delivered', 'failed')),
    shipped_at      timestamptz NOT NULL DEFAULT now(),
    delivered_at    timestamptz,
    version         bigint      NOT NULL DEFAULT 1,
    CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    FOREIGN KEY (vendor_order_id, order_id, vendor_id) REFERENCES vendor_orders (id, order_id, vendor_id)
);
CREATE INDEX shipments_order ON shipments (order_id);
CREATE INDEX shipments_vendor_order ON shipments (vendor_order_id);
CREATE TABLE shipment_lines (
    shipment_id   uuid NOT NULL REFERENCES shipments,
    order_line_id uuid NOT NULL REFERENCES order_lines,
    quantity      int  NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, order_line_id)
);
CREATE TABLE tracking_events (
    seq         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shipment_id uuid        NOT NULL REFERENCES shipments,
    status      text        NOT NULL,
    detail      text        NOT NULL DEFAULT '',
    actor       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tracking_events_shipment ON tracking_events (shipment_id, seq);
CREATE TRIGGER tracking_events_append_only BEFORE UPDATE OR DELETE ON tracking_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
