-- +goose Up
-- What a way to pay costs the buyer, spread over the parts of an order, and parcels that come back.
ALTER TABLE vendor_orders
    ADD fee_minor     bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0), -- the marketplace's own; part of total_minor
    ADD fee_tax_minor bigint NOT NULL DEFAULT 0 CHECK (fee_tax_minor >= 0); -- part of tax_minor

ALTER TABLE refund_lines
    ADD fee boolean NOT NULL DEFAULT false, -- of the fee of the part, and not of its shipping
    ADD CONSTRAINT refund_lines_fee CHECK (NOT fee OR order_line_id IS NULL AND commission_minor = 0 AND platform_minor = 0);

-- Returned: the goods came back, and the money is a refund's. Refused: they came back, and nothing is paid for them.
ALTER TABLE vendor_orders DROP CONSTRAINT vendor_orders_status_check;
ALTER TABLE vendor_orders ADD CONSTRAINT vendor_orders_status_check CHECK (
    status IN ('pending', 'confirmed', 'partially_shipped', 'shipped', 'delivered', 'cancelled', 'refused', 'returned'));

ALTER TABLE orders DROP CONSTRAINT orders_fulfillment_status_check;
ALTER TABLE orders ADD CONSTRAINT orders_fulfillment_status_check CHECK (
    fulfillment_status IN ('unfulfilled', 'partially_shipped', 'shipped', 'partially_delivered', 'delivered', 'cancelled', 'returned'));

ALTER TABLE shipments DROP CONSTRAINT shipments_status_check;
ALTER TABLE shipments ADD CONSTRAINT shipments_status_check CHECK (
    status IN ('shipped', 'in_transit', 'out_for_delivery', 'delivered', 'failed', 'returned'));

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION orders_may_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('pending', 'confirmed'), ('pending', 'cancelled'), ('confirmed', 'shipped'), ('confirmed', 'delivered'), ('confirmed', 'cancelled'), ('confirmed', 'returned'),
        ('shipped', 'delivered'), ('shipped', 'returned'), ('delivered', 'completed'), ('delivered', 'returned'), ('completed', 'returned')) THEN
        RAISE EXCEPTION 'order % may not move from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_moves';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_kind_check;
ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_accounts_kind_check CHECK (kind IN (
    'psp_clearing', 'vendor_payable', 'commission_revenue', 'shipping_revenue', 'fee_revenue', 'tax_payable', 'buyer_payable', 'promotion_expense', 'sales_revenue',
    'gift_card_liability', 'store_credit_liability', 'customer_deposits', 'goodwill_expense', 'provider_fees', 'disputes', 'dispute_losses', 'bank',
    'vendor_reserve', 'payouts_in_transit'));
