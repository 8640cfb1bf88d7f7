-- +goose Up
-- Orders that are cancelled after they were paid.

-- Units that were cancelled after they had been paid: cancelled_minor and its like tell of the others, and refunds of these.
ALTER TABLE order_lines
    ADD quantity_cancelled_paid integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_lines_cancelled_paid CHECK (quantity_cancelled_paid BETWEEN 0 AND quantity_cancelled);

-- What only the platform has paid for goes back without money for the buyer.
ALTER TABLE refunds DROP CONSTRAINT refunds_amount_minor_check, ADD CONSTRAINT refunds_amount_minor_check CHECK (amount_minor >= 0);

-- Money that people are to send back, as it came by hand.
ALTER TABLE payment_instructions ADD by_hand boolean NOT NULL DEFAULT false;

-- Vendors read what refunds have taken of theirs.
CREATE POLICY own ON refund_lines USING (EXISTS (SELECT FROM vendor_orders o WHERE o.id = refund_lines.vendor_order_id));
ALTER TABLE refund_lines ENABLE ROW LEVEL SECURITY;
SELECT souk_grant_vendor_reads();
