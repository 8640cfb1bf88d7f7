-- +goose Up
-- Products that are for members, for good or for some time.
CREATE TABLE product_gates (
    product_id uuid        PRIMARY KEY REFERENCES products ON DELETE CASCADE,
    until      timestamptz,                                     -- then it is for everybody
    hours      integer     CHECK (hours BETWEEN 1 AND 8760),    -- so long after it went on sale it is for everybody
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT product_gates_one CHECK (until IS NULL OR hours IS NULL)
);
CREATE TABLE product_gate_plans (
    product_id uuid NOT NULL REFERENCES product_gates ON DELETE CASCADE,
    plan_id    uuid NOT NULL CONSTRAINT product_gate_plans_plan REFERENCES plans,
    PRIMARY KEY (product_id, plan_id)
);
CREATE INDEX product_gate_plans_plan_id ON product_gate_plans (plan_id);

ALTER TABLE product_gates      ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_gate_plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON product_gates      USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));
CREATE POLICY own ON product_gate_plans USING (EXISTS (SELECT FROM products p WHERE p.id = product_id));
SELECT souk_grant_vendor_reads();
