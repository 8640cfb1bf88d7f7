-- +goose Up
ALTER TABLE adjustments VALIDATE CONSTRAINT adjustments_fee;
