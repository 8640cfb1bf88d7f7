-- +goose Up
CREATE TABLE locations (
    id         uuid        PRIMARY KEY,
    vendor_id  uuid        NOT NULL REFERENCES vendors,
    name       text        NOT NULL,
    priority   int         NOT NULL DEFAULT 0,          -- lower is picked first
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT locations_name_key UNIQUE (vendor_id, name)
);

-- Counters beside the facts: on_hand is the sum of stock_movements, reserved and allocated that of
-- reservations. `souk verify` adds them up again.
CREATE TABLE stock_levels (
    variant_id      uuid        NOT NULL,
    location_id     uuid        NOT NULL REFERENCES locations,
    vendor_id       uuid        NOT NULL,
    on_hand         int         NOT NULL DEFAULT 0,
    reserved        int         NOT NULL DEFAULT 0,     -- held for orders that are not paid yet
    allocated       int         NOT NULL DEFAULT 0,     -- promised to confirmed orders, not shipped yet
    backorder_limit int         NOT NULL DEFAULT 0 CHECK (backorder_limit >= 0),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (variant_id, location_id),
    CONSTRAINT stock_levels_nothing_negative CHECK (on_hand >= 0 AND reserved >= 0 AND allocated >= 0),
    CONSTRAINT stock_levels_no_oversell CHECK (on_hand - reserved - allocated >= -backorder_limit)
) WITH (fillfactor = 70);
CREATE INDEX stock_levels_vendor ON stock_levels (vendor_id, variant_id);

CREATE TABLE stock_movements (
    seq         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id  uuid        NOT NULL,
    location_id uuid        NOT NULL,
    delta       int         NOT NULL CHECK (delta <> 0),
    reason      text        NOT NULL CHECK (reason IN ('receive', 'count', 'import', 'sale', 'return', 'damage')),
    ref         uuid,                                   -- the order line of a sale or return
    actor       text        NOT NULL,
    note        text        NOT NULL DEFAULT '',
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stock_movements_variant ON stock_movements (variant_id, location_id, seq);
CREATE INDEX stock_movements_ref ON stock_movements (ref) WHERE ref IS NOT NULL;
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What an order line still has to get from a location. Shipping and releasing lower the quantity;
-- at 0 the promise is kept or withdrawn and the state says which. No foreign key to stock_levels: its share
-- lock on the hottest row of a flash sale would cost more than the check that `souk verify` makes.
CREATE TABLE reservations (
    id            uuid        PRIMARY KEY,
    order_id      uuid        NOT NULL,
    order_line_id uuid        NOT NULL,
    variant_id    uuid        NOT NULL,
    location_id   uuid        NOT NULL,
    quantity      int         NOT NULL CHECK (quantity >= 0),
    state         text        NOT NULL CHECK (state IN ('held', 'allocated', 'shipped', 'released')),
    expires_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'held') = (expires_at IS NOT NULL)),
    CHECK (state IN ('held', 'allocated') OR quantity = 0)
);
CREATE UNIQUE INDEX reservations_line_key ON reservations (order_line_id, location_id);
CREATE INDEX reservations_order ON reservations (order_id);
CREATE INDEX reservations_due ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_variant ON reservations (variant_id, location_id) WHERE state IN ('held', 'allocated');
