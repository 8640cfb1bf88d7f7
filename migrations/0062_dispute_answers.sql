-- +goose Up
-- How the shop answers a dispute: an instruction like others, with what it says.
ALTER TABLE payment_instructions
    ADD COLUMN dispute_id uuid REFERENCES payment_disputes,
    ADD COLUMN evidence   jsonb,                           -- see payments.Evidence
    DROP CONSTRAINT payment_instructions_kind_check,
    ADD CONSTRAINT payment_instructions_kind_check CHECK (kind IN ('capture', 'void', 'refund', 'contest', 'concede')),
    ADD CONSTRAINT payment_instructions_dispute CHECK ((kind IN ('contest', 'concede')) = (dispute_id IS NOT NULL)),
    ADD CONSTRAINT payment_instructions_evidence CHECK ((kind = 'contest') = (evidence IS NOT NULL));
CREATE INDEX payment_instructions_answers ON payment_instructions (dispute_id) WHERE dispute_id IS NOT NULL;

-- When staff were reminded that a dispute waits for its evidence.
ALTER TABLE payment_disputes ADD COLUMN reminded_at timestamptz;

-- The books of test payments hold what the shop has said in a dispute.
ALTER TABLE test_payment_entries
    ADD COLUMN note text NOT NULL DEFAULT '' CHECK (length(note) <= 20000),
    DROP CONSTRAINT test_payment_entries_kind_check,
    ADD CONSTRAINT test_payment_entries_kind_check CHECK (kind IN
        ('authorize', 'capture', 'void', 'refund', 'chargeback', 'fail', 'refund_failed', 'chargeback_reversed', 'dispute_lost', 'dispute_contested'));
