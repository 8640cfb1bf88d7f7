-- +goose Up
-- The accounts that payment providers and payouts need.
ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_kind_check, ADD CONSTRAINT ledger_accounts_kind_check CHECK (kind IN
    ('psp_clearing', 'vendor_payable', 'commission_revenue', 'shipping_revenue', 'tax_payable', 'buyer_payable', 'promotion_expense', 'sales_revenue',
     'gift_card_liability', 'store_credit_liability', 'customer_deposits', 'goodwill_expense',
     'provider_fees', 'disputes', 'dispute_losses', 'bank', 'vendor_reserve', 'payouts_in_transit'));

-- These are kept for each vendor, and only these.
ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_check, ADD CONSTRAINT ledger_accounts_vendor CHECK
    ((kind IN ('vendor_payable', 'vendor_reserve', 'payouts_in_transit')) = (vendor_id IS NOT NULL));
