-- +goose Up
-- Goods that nobody carries: files and licence keys of variants, and who may have which.

-- A file of a variant. One that buyers may have is never deleted, only taken off what is sold from then on.
CREATE TABLE digital_files (
    id           uuid        PRIMARY KEY,
    variant_id   uuid        NOT NULL REFERENCES variants,
    vendor_id    uuid        NOT NULL REFERENCES vendors,
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),   -- as the buyer's browser saves it
    content_type text        NOT NULL,
    size         bigint      NOT NULL CHECK (size > 0),             -- bytes
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),
    file         text        NOT NULL UNIQUE,                       -- name under digital/, random
    state        text        NOT NULL CHECK (state IN ('receiving', 'ready', 'removed')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now()                 -- of the state
);
CREATE INDEX digital_files_variant ON digital_files (variant_id, id);
CREATE INDEX digital_files_stray ON digital_files (changed_at) WHERE state <> 'ready';

-- A licence key of a variant; the free ones are its stock.
CREATE TABLE licence_keys (
    id         uuid        PRIMARY KEY,
    variant_id uuid        NOT NULL REFERENCES variants,
    vendor_id  uuid        NOT NULL REFERENCES vendors,
    digest     bytea       NOT NULL CHECK (length(digest) = 32),    -- a keyed hash, so that no key is sold twice
    sealed     bytea       NOT NULL,                                -- by the vault
    hint       text        NOT NULL CHECK (length(hint) <= 4),      -- its last letters
    state      text        NOT NULL DEFAULT 'free' CHECK (state IN ('free', 'granted', 'revoked')),
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),                  -- of the state
    CONSTRAINT licence_keys_digest_key UNIQUE (variant_id, digest)
);
CREATE INDEX licence_keys_variant ON licence_keys (variant_id, id);
CREATE INDEX licence_keys_free ON licence_keys (variant_id, id) WHERE state = 'free';

-- What the buyer of an order line may have: a file, or a key.
CREATE TABLE digital_grants (
    id             uuid        PRIMARY KEY,
    order_id       uuid        NOT NULL REFERENCES orders,
    order_line_id  uuid        NOT NULL REFERENCES order_lines,
    vendor_id      uuid        NOT NULL REFERENCES vendors,
    file_id        uuid        REFERENCES digital_files,
    key_id         uuid        REFERENCES licence_keys,
    download_limit integer     NOT NULL DEFAULT 0 CHECK (download_limit >= 0),   -- 0: any number
    downloads      integer     NOT NULL DEFAULT 0,                               -- links that were given out
    granted_at     timestamptz NOT NULL DEFAULT now(),
    used_at        timestamptz,                                                  -- first downloaded, or shown
    expires_at     timestamptz,                                                  -- of downloads
    revoked_at     timestamptz,
    CHECK (num_nonnulls(file_id, key_id) = 1),
    CHECK (downloads >= 0 AND (download_limit = 0 OR downloads <= download_limit))
);
CREATE INDEX digital_grants_order ON digital_grants (order_id);
CREATE INDEX digital_grants_file ON digital_grants (file_id) WHERE file_id IS NOT NULL;
CREATE UNIQUE INDEX digital_grants_line_key ON digital_grants (order_line_id, file_id) WHERE file_id IS NOT NULL;
CREATE UNIQUE INDEX digital_grants_key_key ON digital_grants (key_id) WHERE revoked_at IS NULL;   -- each key to one line only

-- Stock whose units have rows of their own, licence keys: nobody counts it.
ALTER TABLE stock_levels ADD COLUMN serialised boolean NOT NULL DEFAULT false;

-- Of something with files or keys when it was bought: handed over once it is paid for, and in no parcel.
ALTER TABLE order_lines ADD COLUMN digital boolean NOT NULL DEFAULT false;
ALTER TABLE shipments ADD COLUMN kind text NOT NULL DEFAULT 'parcel' CHECK (kind IN ('parcel', 'digital'));

-- What is sold as a download is not shipped, and keys stay counted.
-- +goose StatementBegin
CREATE FUNCTION variants_stay_digital() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.requires_shipping AND EXISTS (SELECT FROM digital_files f WHERE f.variant_id = NEW.id AND f.state <> 'removed')
       OR (NEW.requires_shipping OR NOT NEW.tracked) AND EXISTS (SELECT FROM licence_keys k WHERE k.variant_id = NEW.id) THEN
        RAISE EXCEPTION 'variant % has files or licence keys', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'variants_stay_digital';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER variants_stay_digital BEFORE UPDATE OF requires_shipping, tracked ON variants FOR EACH ROW
    WHEN ((OLD.requires_shipping, OLD.tracked) IS DISTINCT FROM (NEW.requires_shipping, NEW.tracked)) EXECUTE FUNCTION variants_stay_digital();

-- Nor is it part of a bundle: nobody would hand it over. Whichever comes second is refused; of two at once, one waits for the other.
-- +goose StatementBegin
CREATE FUNCTION digital_is_no_bundle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[] := CASE TG_TABLE_NAME
        WHEN 'variant_components' THEN ARRAY[(to_jsonb(NEW) ->> 'bundle_id')::uuid, (to_jsonb(NEW) ->> 'component_id')::uuid]
        ELSE ARRAY[(to_jsonb(NEW) ->> 'variant_id')::uuid]
    END;
BEGIN
    PERFORM id FROM variants WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    IF TG_TABLE_NAME = 'variant_components' THEN
        IF EXISTS (SELECT FROM digital_files WHERE variant_id = ANY (ids) AND state <> 'removed') OR EXISTS (SELECT FROM licence_keys WHERE variant_id = ANY (ids)) THEN
            RAISE EXCEPTION 'files and licence keys in a bundle' USING ERRCODE = 'check_violation', CONSTRAINT = 'digital_is_no_bundle';
        END IF;
    ELSIF EXISTS (SELECT FROM variant_components WHERE bundle_id = ANY (ids) OR component_id = ANY (ids)) THEN
        RAISE EXCEPTION 'a bundle, or a part of one, with files or licence keys' USING ERRCODE = 'check_violation', CONSTRAINT = 'digital_is_no_bundle';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER digital_is_no_bundle BEFORE INSERT OR UPDATE ON variant_components FOR EACH ROW EXECUTE FUNCTION digital_is_no_bundle();
CREATE TRIGGER digital_is_no_bundle BEFORE INSERT ON digital_files FOR EACH ROW EXECUTE FUNCTION digital_is_no_bundle();
CREATE TRIGGER digital_is_no_bundle BEFORE INSERT ON licence_keys FOR EACH ROW EXECUTE FUNCTION digital_is_no_bundle();

ALTER TABLE digital_files  ENABLE ROW LEVEL SECURITY;
ALTER TABLE licence_keys   ENABLE ROW LEVEL SECURITY;
ALTER TABLE digital_grants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON digital_files  USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON licence_keys   USING (vendor_id = souk_vendor_id());
CREATE POLICY own ON digital_grants USING (vendor_id = souk_vendor_id());
SELECT souk_grant_vendor_reads();
