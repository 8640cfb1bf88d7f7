-- +goose Up
-- What buyers pay with that the shop itself owes them: gift cards and store credit; several payments of one order; and refunds.

-- A gift card. Its code stands nowhere: whoever mails it makes it again from the id.
CREATE TABLE gift_cards (
    id            uuid        PRIMARY KEY,
    code_hash     bytea       NOT NULL CONSTRAINT gift_cards_code_key UNIQUE CHECK (length(code_hash) = 32),
    hint          text        NOT NULL CHECK (length(hint) = 4),        -- the last letters of the code
    currency      char(3)     NOT NULL,
    initial_minor bigint      NOT NULL CHECK (initial_minor > 0),
    balance_minor bigint      NOT NULL,
    status        text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    expires_at    timestamptz,
    order_id      uuid        REFERENCES orders,                        -- with which it was bought; NULL: given
    order_line_id uuid        REFERENCES order_lines,
    number        integer     NOT NULL DEFAULT 1 CHECK (number > 0),    -- which of the line's units it is
    email         text        NOT NULL DEFAULT '' CHECK (length(email) <= 254),   -- where its code goes; these three are forgotten after a while
    name          text        NOT NULL DEFAULT '' CHECK (length(name) <= 100),
    message       text        NOT NULL DEFAULT '' CHECK (length(message) <= 500),
    send_at       timestamptz NOT NULL DEFAULT now(),
    sent_at       timestamptz,                                          -- when the mail was asked for
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       bigint      NOT NULL DEFAULT 1,
    UNIQUE (id, currency),
    CONSTRAINT gift_cards_balance CHECK (0 <= balance_minor AND balance_minor <= initial_minor),
    CONSTRAINT gift_cards_unit_key UNIQUE (order_line_id, number),
    CHECK ((order_id IS NULL) = (order_line_id IS NULL))
);
CREATE INDEX gift_cards_order ON gift_cards (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX gift_cards_due ON gift_cards (send_at) WHERE sent_at IS NULL;
CREATE INDEX gift_cards_named ON gift_cards (sent_at) WHERE email <> '';

CREATE TABLE gift_card_entries (
    id           uuid        PRIMARY KEY,
    gift_card_id uuid        NOT NULL REFERENCES gift_cards,
    kind         text        NOT NULL CHECK (kind IN ('issued', 'redeemed', 'returned', 'adjusted', 'voided')),
    delta_minor  bigint      NOT NULL CHECK (delta_minor <> 0),
    payment_id   uuid        REFERENCES payments,                       -- of what was redeemed and returned
    reason       text        NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    actor        text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind IN ('redeemed', 'returned')) = (payment_id IS NOT NULL))
);
CREATE INDEX gift_card_entries_card ON gift_card_entries (gift_card_id, id);
CREATE INDEX gift_card_entries_payment ON gift_card_entries (payment_id) WHERE payment_id IS NOT NULL;
CREATE TRIGGER gift_card_entries_append_only BEFORE UPDATE OR DELETE ON gift_card_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE store_credits (
    user_id       uuid    NOT NULL REFERENCES users,
    currency      char(3) NOT NULL,
    balance_minor bigint  NOT NULL CONSTRAINT store_credits_balance CHECK (balance_minor >= 0),
    PRIMARY KEY (user_id, currency)
);
CREATE TABLE store_credit_entries (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    currency    char(3)     NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('granted', 'withdrawn', 'redeemed', 'returned', 'refunded')),
    delta_minor bigint      NOT NULL CHECK (delta_minor <> 0),
    payment_id  uuid        REFERENCES payments,
    order_id    uuid        REFERENCES orders,
    reason      text        NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    actor       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (user_id, currency) REFERENCES store_credits (user_id, currency),
    CHECK ((kind IN ('redeemed', 'returned')) = (payment_id IS NOT NULL))
);
CREATE INDEX store_credit_entries_user ON store_credit_entries (user_id, id);
CREATE INDEX store_credit_entries_payment ON store_credit_entries (payment_id) WHERE payment_id IS NOT NULL;
CREATE TRIGGER store_credit_entries_append_only BEFORE UPDATE OR DELETE ON store_credit_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a cart is to be paid with.
CREATE TABLE cart_gift_cards (
    cart_id      uuid        NOT NULL CONSTRAINT cart_gift_cards_cart_id_fkey REFERENCES carts ON DELETE CASCADE,
    gift_card_id uuid        NOT NULL REFERENCES gift_cards,
    added_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cart_id, gift_card_id)
);
ALTER TABLE carts
    ADD store_credit      boolean NOT NULL DEFAULT false,
    ADD store_credit_most bigint  CHECK (store_credit_most > 0);   -- NULL: all that there is
ALTER TABLE cart_items ADD gift jsonb;                             -- whom a gift card goes to

-- A gift card as goods: sold by the house, handed over by its code.
ALTER TABLE products ADD gift_card boolean NOT NULL DEFAULT false;
ALTER TABLE order_lines
    ADD gift_card boolean NOT NULL DEFAULT false,
    ADD gift      jsonb;

-- The part of a vendor's part that gift cards and store credit pay, frozen when the order was placed.
ALTER TABLE vendor_orders ADD credit_minor bigint NOT NULL DEFAULT 0 CHECK (credit_minor BETWEEN 0 AND total_minor);

-- What was given back of an order, line by line.
CREATE TABLE refunds (
    id           uuid        PRIMARY KEY,
    order_id     uuid        NOT NULL,
    currency     char(3)     NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    destination  text        NOT NULL CHECK (destination IN ('method', 'store_credit')),
    reason       text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    actor        text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (order_id, currency) REFERENCES orders (id, currency)
);
CREATE INDEX refunds_order ON refunds (order_id);
CREATE TABLE refund_lines (
    id               uuid    PRIMARY KEY,
    refund_id        uuid    NOT NULL REFERENCES refunds,
    vendor_order_id  uuid    NOT NULL REFERENCES vendor_orders,
    order_line_id    uuid    REFERENCES order_lines,           -- NULL: of the shipping of the part
    quantity         integer NOT NULL DEFAULT 0 CHECK (quantity >= 0),   -- units that came back; 0 of money alone
    amount_minor     bigint  NOT NULL CHECK (amount_minor >= 0),
    tax_minor        bigint  NOT NULL CHECK (tax_minor >= 0),
    commission_minor bigint  NOT NULL CHECK (commission_minor >= 0),
    platform_minor   bigint  NOT NULL CHECK (platform_minor >= 0)
);
CREATE INDEX refund_lines_refund ON refund_lines (refund_id);
CREATE INDEX refund_lines_part ON refund_lines (vendor_order_id);
CREATE TRIGGER refunds_append_only BEFORE UPDATE OR DELETE ON refunds FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refund_lines_append_only BEFORE UPDATE OR DELETE ON refund_lines FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_kind_check, ADD CONSTRAINT ledger_accounts_kind_check CHECK (kind IN
    ('psp_clearing', 'vendor_payable', 'commission_revenue', 'shipping_revenue', 'tax_payable', 'buyer_payable', 'promotion_expense', 'sales_revenue',
     'gift_card_liability', 'store_credit_liability', 'customer_deposits', 'goodwill_expense'));

-- Nor is a gift card part of a bundle.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION digital_is_no_bundle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[] := CASE TG_TABLE_NAME
        WHEN 'variant_components' THEN ARRAY[(to_jsonb(NEW) ->> 'bundle_id')::uuid, (to_jsonb(NEW) ->> 'component_id')::uuid]
        ELSE ARRAY[(to_jsonb(NEW) ->> 'variant_id')::uuid]
    END;
BEGIN
    PERFORM id FROM variants WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    IF TG_TABLE_NAME = 'variant_components' THEN
        IF EXISTS (SELECT FROM digital_files WHERE variant_id = ANY (ids) AND state <> 'removed') OR EXISTS (SELECT FROM licence_keys WHERE variant_id = ANY (ids))
           OR EXISTS (SELECT FROM variants v JOIN products p ON p.id = v.product_id WHERE v.id = ANY (ids) AND p.gift_card) THEN
            RAISE EXCEPTION 'files, licence keys and gift cards in a bundle' USING ERRCODE = 'check_violation', CONSTRAINT = 'digital_is_no_bundle';
        END IF;
    ELSIF EXISTS (SELECT FROM variant_components WHERE bundle_id = ANY (ids) OR component_id = ANY (ids)) THEN
        RAISE EXCEPTION 'a bundle, or a part of one, with files or licence keys' USING ERRCODE = 'check_violation', CONSTRAINT = 'digital_is_no_bundle';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
