-- +goose Up
-- The marketplace's own shop is a vendor like the others, but for the money: what it sells is the platform's.
ALTER TABLE vendors
    ADD house boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT vendors_house CHECK (NOT house OR status = 'active' AND commission_bps = 0);
CREATE UNIQUE INDEX vendors_house_key ON vendors (house) WHERE house;

ALTER TABLE vendor_orders ADD house boolean NOT NULL DEFAULT false;   -- sold by the marketplace itself

ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_kind_check, ADD CONSTRAINT ledger_accounts_kind_check CHECK (kind IN
    ('psp_clearing', 'vendor_payable', 'commission_revenue', 'shipping_revenue', 'tax_payable', 'buyer_payable', 'promotion_expense', 'sales_revenue'));
