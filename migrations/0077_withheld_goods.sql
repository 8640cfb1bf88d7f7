-- +goose Up
-- What was handed over of an order is withheld while a dispute has taken its money, and given back when that is won.
ALTER TABLE digital_grants
    ADD withheld boolean NOT NULL DEFAULT false,    -- withdrawn until a dispute is decided; a key stays its buyer's
    ADD CONSTRAINT digital_grants_withheld CHECK (NOT withheld OR revoked_at IS NOT NULL);

-- A membership stands still for as long, as if it were paused, and no clock ends that.
ALTER TABLE memberships
    ADD withheld_by uuid REFERENCES orders,
    DROP CONSTRAINT memberships_paused,
    ADD CONSTRAINT memberships_paused CHECK (
        (status = 'paused') = (paused_at IS NOT NULL)
        AND num_nonnulls(paused_until, withheld_by) = CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END);
