-- +goose Up
-- Who orders, as promotions tell customers apart: a keyed hash of the address,
-- so that what a customer has used up is not offered to them again.
ALTER TABLE carts ADD customer bytea CHECK (length(customer) = 32);
