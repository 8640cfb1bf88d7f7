-- +goose Up
-- What a provider was asked about answers every notice of it that had come: they
-- are found by the names of the payment, and no payment says when that was.
ALTER TABLE payments DROP COLUMN seen_at;
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (provider, ref) WHERE state = 'due';
