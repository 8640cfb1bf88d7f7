-- +goose Up
-- The invoice, or credit note, that goes with a message as a file. The file itself is made when the message is sent: an invoice never
-- changes, so it is the same each time.
ALTER TABLE messages ADD COLUMN invoice_id uuid REFERENCES invoices;
