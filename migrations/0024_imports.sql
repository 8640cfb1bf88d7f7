-- +goose Up
-- Files that bring goods in, and files that take them out.

CREATE TABLE imports (
    id          uuid        PRIMARY KEY,
    vendor_id   uuid        REFERENCES vendors,           -- whose door it came by; NULL: the shop's
    state       text        NOT NULL CHECK (state IN ('receiving', 'needs_mapping', 'waiting', 'running', 'finished', 'failed', 'cancelled')),
    file        text        NOT NULL,                     -- name under imports/, random
    size        bigint      NOT NULL CHECK (size > 0),    -- bytes
    format      text        NOT NULL DEFAULT '',          -- '' until a mapping says what it is
    columns     text[]      NOT NULL,                     -- as the file calls them
    separator   text        NOT NULL CHECK (length(separator) = 1),
    mapping     jsonb       NOT NULL DEFAULT '{}',        -- {column: field}
    suggested   jsonb       NOT NULL DEFAULT '{}',        -- a mapping, while one is needed
    target      text        NOT NULL DEFAULT '',          -- slug of the vendor who gets all, when the shop says so
    publish     boolean     NOT NULL,
    dry_run     boolean     NOT NULL,
    done        integer     NOT NULL DEFAULT 0,           -- products behind us, as they come in the file: where the next attempt goes on
    read        bigint      NOT NULL DEFAULT 0,           -- bytes
    attempts    integer     NOT NULL DEFAULT 0,           -- since the last step forward
    worker      uuid,                                     -- the attempt that is under way: an earlier one that still lives may not write
    rows        integer     NOT NULL DEFAULT 0,
    products    integer     NOT NULL DEFAULT 0,
    variants    integer     NOT NULL DEFAULT 0,
    created     integer     NOT NULL DEFAULT 0,           -- products
    updated     integer     NOT NULL DEFAULT 0,
    unchanged   integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,           -- rows
    further     integer     NOT NULL DEFAULT 0,           -- problems that are not in import_findings
    failure     text        NOT NULL DEFAULT '',          -- why it failed
    actor       text        NOT NULL,                     -- who asked
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz                               -- or failed, or cancelled
);
CREATE INDEX imports_vendor ON imports (vendor_id, id DESC);
CREATE INDEX imports_created ON imports (created_at);

-- What was found wrong, in the order in which it was found.
CREATE TABLE import_findings (
    import_id uuid    NOT NULL REFERENCES imports ON DELETE CASCADE,
    number    integer NOT NULL,
    warning   boolean NOT NULL,                           -- the row went in all the same
    line      integer NOT NULL,                           -- row of the file
    field     text    NOT NULL,                           -- column, as the file calls it
    reason    text    NOT NULL,
    PRIMARY KEY (import_id, warning, number)
);

-- What a dry run would change.
CREATE TABLE import_changes (
    import_id uuid    NOT NULL REFERENCES imports ON DELETE CASCADE,
    number    integer NOT NULL,
    handle    text    NOT NULL,
    sku       text    NOT NULL,
    field     text    NOT NULL,
    before    text    NOT NULL,
    after     text    NOT NULL,
    PRIMARY KEY (import_id, number)
);

-- Rows that were refused, to be mended and imported.
CREATE TABLE import_rows (
    import_id uuid   NOT NULL REFERENCES imports ON DELETE CASCADE,
    number    bigint GENERATED ALWAYS AS IDENTITY,
    cells     text[] NOT NULL,
    PRIMARY KEY (import_id, number)
);

-- What vendors' own columns mean, by the columns of a file, so that the next one needs no questions.
CREATE TABLE import_mappings (
    vendor_id uuid        REFERENCES vendors,             -- NULL: the shop's
    columns   text        NOT NULL,                       -- in lower case, sorted, a line each
    mapping   jsonb       NOT NULL,
    used_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX import_mappings_key ON import_mappings (coalesce(vendor_id, '00000000-0000-0000-0000-000000000000'), md5(columns));

CREATE TABLE product_exports (
    id         uuid        PRIMARY KEY,
    format     text        NOT NULL,
    vendor     text        NOT NULL DEFAULT '',           -- slug of the only one in it
    state      text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ready', 'failed')),
    file       text        NOT NULL,                      -- name under product-exports/, random
    size       bigint      NOT NULL DEFAULT 0,            -- bytes
    variants   integer     NOT NULL DEFAULT 0,
    failure    text        NOT NULL DEFAULT '',
    actor      text        NOT NULL,                      -- who asked
    created_at timestamptz NOT NULL DEFAULT now(),
    ready_at   timestamptz,
    expires_at timestamptz NOT NULL                       -- then file and row go
);
CREATE INDEX product_exports_expiry ON product_exports (expires_at);

-- Files of what is on sale, for those who show it elsewhere: Google, assistants, search engines.
CREATE TABLE feeds (
    name    text        PRIMARY KEY,                      -- 'google.xml'
    file    text        NOT NULL,                         -- name under feeds/, random
    size    bigint      NOT NULL,                         -- bytes
    digest  text        NOT NULL,                         -- of the content: its ETag
    items   integer     NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()            -- or found unchanged
);

-- Files that no feed has any more, to be removed when nobody reads them.
CREATE TABLE feed_files (
    file       text        PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Vendors read their own; see 0020.
ALTER TABLE imports         ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_changes  ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON imports         USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON import_findings USING (EXISTS (SELECT FROM imports i WHERE i.id = import_id));
CREATE POLICY own ON import_changes  USING (EXISTS (SELECT FROM imports i WHERE i.id = import_id));

-- From here on, a table that has the policy "own" is granted by that, and a new one needs no more than this function.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION souk_grant_vendor_reads() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    owned regclass;
BEGIN
    IF to_regrole('souk_vendor') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO souk_vendor', current_schema());
    FOR owned IN SELECT polrelid::regclass FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
                 WHERE p.polname = 'own' AND c.relnamespace = current_schema()::regnamespace LOOP
        EXECUTE format('GRANT SELECT ON %s TO souk_vendor', owned);
    END LOOP;
    GRANT SELECT ON brands, categories, tags, shipping_zones, tax_zones, tax_rates, settings TO souk_vendor;
    GRANT SELECT (id, username, name, email) ON users TO souk_vendor;
END $$;
-- +goose StatementEnd
SELECT souk_grant_vendor_reads();
