-- +goose Up
-- An order remembers the language in which its goods were told to who bought
-- them, and how they were called in it. Empty is the shop's own language, and what
-- is called the same in both: as all that was sold before, and what the binary
-- before this one sells.
ALTER TABLE orders
    ADD COLUMN locale text NOT NULL DEFAULT '';

ALTER TABLE order_lines
    ADD COLUMN told_title         text NOT NULL DEFAULT '',
    ADD COLUMN told_variant_title text NOT NULL DEFAULT '';

ALTER TABLE order_line_components
    ADD COLUMN told_title text NOT NULL DEFAULT '';
