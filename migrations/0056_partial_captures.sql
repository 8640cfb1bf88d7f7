-- +goose Up
-- Captures of a part of what a provider has promised. Money that is not enough for
-- a vendor's whole part waits on the order for the rest.
ALTER TABLE orders ADD COLUMN ahead_minor bigint NOT NULL DEFAULT 0 CHECK (ahead_minor >= 0);

ALTER TABLE payment_instructions
    ADD COLUMN final boolean NOT NULL DEFAULT true,  -- of a capture: the rest is given up with it
    ADD COLUMN ahead boolean NOT NULL DEFAULT false, -- of a refund: of money that was taken ahead for what was cancelled since
    ADD CONSTRAINT payment_instructions_ahead CHECK (NOT ahead OR kind = 'refund' AND refund_id IS NULL);
