-- +goose NO TRANSACTION
-- +goose Up
-- Whose buyers their invoices forget, too.
CREATE INDEX CONCURRENTLY orders_forgotten ON orders (id) WHERE personal = 'none';
