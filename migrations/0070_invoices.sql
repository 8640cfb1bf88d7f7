-- +goose Up
-- What stands at the head of a seller's invoices besides where it is registered for tax, which its vendor says.
CREATE TABLE letterheads (
    vendor_id  uuid        PRIMARY KEY REFERENCES vendors,
    address    jsonb       NOT NULL,                                              -- as of orders, under the name that the law knows
    register   text        NOT NULL DEFAULT '' CHECK (length(register) <= 200),   -- where the business is registered, and under which number
    email      text        NOT NULL DEFAULT '' CHECK (length(email) <= 254),
    note       text        NOT NULL DEFAULT '' CHECK (length(note) <= 1000),      -- at the foot: a bank account, thanks
    prefix     text        NOT NULL DEFAULT '' CHECK (prefix ~ '^[A-Z0-9/-]{0,4}$'), -- of the numbers
    version    bigint      NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- The last number of a seller's invoices, or credit notes, of a fiscal year. Its row is locked by whoever takes the next one until
-- that one stands in invoices, so there are no gaps; a sequence would leave one wherever a transaction dies.
CREATE TABLE invoice_counters (
    vendor_id uuid    NOT NULL REFERENCES vendors,
    kind      text    NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    year      text    NOT NULL CHECK (year ~ '^[0-9]{4}$'),
    last      integer NOT NULL CHECK (last > 0),
    last_on   date    NOT NULL, -- the day of that one: none after it is of an earlier day
    PRIMARY KEY (vendor_id, kind, year)
);

-- What a seller asks for its part of an order, or gives back of that, frozen as it was told.
CREATE TABLE invoices (
    id              uuid        PRIMARY KEY,
    vendor_id       uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    vendor_order_id uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    year            text        NOT NULL,
    serial          integer     NOT NULL CHECK (serial > 0),
    number          text        NOT NULL,
    corrects        uuid,
    refunds         uuid[]      NOT NULL DEFAULT '{}', -- that a credit note is for
    reason          text        NOT NULL DEFAULT '',
    seller          jsonb       NOT NULL,
    buyer           jsonb       NOT NULL,              -- {} once the law lets it be forgotten
    supplied_to     jsonb       NOT NULL,              -- country and region
    locale          text        NOT NULL DEFAULT '',
    currency        char(3)     NOT NULL,
    tax_included    boolean     NOT NULL,
    total_minor     bigint      NOT NULL CHECK (total_minor >= 0),
    tax_minor       bigint      NOT NULL CHECK (tax_minor BETWEEN 0 AND total_minor),
    credit_minor    bigint      NOT NULL DEFAULT 0 CHECK (credit_minor BETWEEN 0 AND total_minor), -- paid by gift cards and store credit
    paid            boolean     NOT NULL,
    ordered_at      timestamptz NOT NULL,
    ordered_on      date        NOT NULL,              -- in the shop's zone of that time, as issued_on
    issued_on       date        NOT NULL,
    issued_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (number, vendor_id),
    UNIQUE (vendor_id, kind, year, serial),
    UNIQUE (id, vendor_order_id),
    FOREIGN KEY (corrects, vendor_order_id) REFERENCES invoices (id, vendor_order_id),
    FOREIGN KEY (vendor_order_id, order_id, vendor_id) REFERENCES vendor_orders (id, order_id, vendor_id),
    FOREIGN KEY (order_id, currency) REFERENCES orders (id, currency),
    FOREIGN KEY (vendor_id, kind, year) REFERENCES invoice_counters (vendor_id, kind, year),
    CHECK ((kind = 'credit_note') = (corrects IS NOT NULL))
);
CREATE UNIQUE INDEX invoices_one_of_part ON invoices (vendor_order_id) WHERE kind = 'invoice';
CREATE INDEX invoices_of_order ON invoices (order_id);
CREATE INDEX invoices_of_vendor ON invoices (vendor_id, id);
CREATE INDEX invoices_of_day ON invoices (issued_on, id);
CREATE INDEX invoices_of_somebody ON invoices (order_id) WHERE buyer <> '{}'; -- what is still to be forgotten
CREATE INDEX invoices_corrections ON invoices (corrects) WHERE corrects IS NOT NULL;

CREATE TABLE invoice_lines (
    invoice_id     uuid    NOT NULL REFERENCES invoices,
    position       integer NOT NULL,
    kind           text    NOT NULL CHECK (kind IN ('goods', 'shipping', 'fee')),
    order_line_id  uuid    REFERENCES order_lines,
    title          text    NOT NULL,
    detail         text    NOT NULL DEFAULT '',
    sku            text    NOT NULL DEFAULT '',
    quantity       integer NOT NULL CHECK (quantity >= 0), -- 0: money alone
    unit_minor     bigint  NOT NULL,                       -- as it was asked, so with tax where prices hold it
    discount_minor bigint  NOT NULL CHECK (discount_minor >= 0),
    tax_minor      bigint  NOT NULL CHECK (tax_minor BETWEEN 0 AND total_minor),
    total_minor    bigint  NOT NULL,                       -- with tax
    taxes          jsonb   NOT NULL DEFAULT '[]',          -- [{"label": "VAT", "ppm": 190000, "amount": 319}]
    PRIMARY KEY (invoice_id, position),
    CHECK ((kind = 'goods') = (order_line_id IS NOT NULL))
);

-- An invoice is never changed, whoever asks: what is wrong is corrected by a credit note. The name of its buyer goes when the law
-- no longer wants it.
-- +goose StatementBegin
CREATE FUNCTION invoices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'invoices' AND NEW.buyer = '{}' AND to_jsonb(NEW) - 'buyer' = to_jsonb(OLD) - 'buyer' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'invoices are not changed or deleted: issue a credit note' USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER invoices_stay BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION invoices_stay();
CREATE TRIGGER invoices_stay BEFORE UPDATE OR DELETE ON invoice_lines FOR EACH ROW EXECUTE FUNCTION invoices_stay();

-- Which taxes of a part are on its fee; the others that are on no line are on its shipping.
ALTER TABLE adjustments ADD COLUMN fee boolean NOT NULL DEFAULT false;
ALTER TABLE adjustments ADD CONSTRAINT adjustments_fee CHECK (NOT fee OR kind = 'tax' AND order_line_id IS NULL) NOT VALID; -- 0072 looks at those that are there, without a lock

-- A shop that had orders before it had invoices has billed those that are older than a month elsewhere.
INSERT INTO settings (key, value) SELECT 'invoices.since', to_jsonb((current_date - 30)::text) WHERE EXISTS (SELECT FROM orders) ON CONFLICT DO NOTHING;

ALTER TABLE letterheads   ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices      ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON letterheads   USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON invoices      USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON invoice_lines USING (EXISTS (SELECT FROM invoices i WHERE i.id = invoice_id));
SELECT souk_grant_vendor_reads();
