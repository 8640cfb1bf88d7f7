-- +goose Up
-- What quotes ask of the whole shop (tax, shipping, vendors, which promotions and price lists there are) changes seldom,
-- so every process remembers it, under the epoch that the statement which reads a cart brings along. The
-- triggers below end an epoch; a rolled-back change ends none, and no version is ever used twice.
--
-- There are as many rows as ever changed something at the same moment: whoever changes something takes a row
-- that nobody holds, so that no two of them wait for each other. The epoch is all versions together.
CREATE SEQUENCE quote_epochs_version;
CREATE TABLE quote_epochs (
    slot    int    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version bigint NOT NULL DEFAULT nextval('quote_epochs_version')
);
INSERT INTO quote_epochs DEFAULT VALUES;

-- +goose StatementBegin
CREATE FUNCTION quote_epoch_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quote_epochs SET version = nextval('quote_epochs_version')
    WHERE slot = (SELECT slot FROM quote_epochs ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO quote_epochs DEFAULT VALUES;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON settings         EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tax_zones        EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tax_rates        EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tax_engines      EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shipping_zones   EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shipping_options EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON price_lists      EXECUTE FUNCTION quote_epoch_ends();
-- Of these a process remembers those that it has met: a new one changes nothing.
CREATE TRIGGER quote_epoch AFTER UPDATE OF name, slug, status, house, commission_bps, tax_country, tax_region, tax_postal_code, tax_id OR DELETE OR TRUNCATE
    ON vendors EXECUTE FUNCTION quote_epoch_ends();
CREATE TRIGGER quote_epoch AFTER UPDATE OF priority OR DELETE OR TRUNCATE ON locations EXECUTE FUNCTION quote_epoch_ends();
-- Orders count what is used and spent of a promotion; that ends no epoch.
CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF
    vendor_id, name, needs_code, status, priority, exclusive, stacking_group, platform_ppm, conditions, reward, starts_at, ends_at,
    usage_limit, customer_limit, budget_minor, budget_currency, version, plan_id
    ON promotions EXECUTE FUNCTION quote_epoch_ends();

-- Tables that hold something, or once did: what a shop has never used no quote looks for. Only the first row
-- of a table ends an epoch, those after it cost a look. There is no key: nobody waits for who is first, too.
CREATE TABLE quote_features (name text NOT NULL);
CREATE TRIGGER quote_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON quote_features EXECUTE FUNCTION quote_epoch_ends();

-- +goose StatementBegin
CREATE FUNCTION quote_feature_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM quote_features WHERE name = TG_TABLE_NAME) THEN
        INSERT INTO quote_features (name) VALUES (TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER quote_feature AFTER INSERT ON coupons        EXECUTE FUNCTION quote_feature_used();
CREATE TRIGGER quote_feature AFTER INSERT ON gift_cards     EXECUTE FUNCTION quote_feature_used();
CREATE TRIGGER quote_feature AFTER INSERT ON store_credits  EXECUTE FUNCTION quote_feature_used();
CREATE TRIGGER quote_feature AFTER INSERT ON tax_exemptions EXECUTE FUNCTION quote_feature_used();
CREATE TRIGGER quote_feature AFTER INSERT ON plans          EXECUTE FUNCTION quote_feature_used();
CREATE TRIGGER quote_feature AFTER INSERT ON digital_files  EXECUTE FUNCTION quote_feature_used();
CREATE TRIGGER quote_feature AFTER INSERT ON licence_keys   EXECUTE FUNCTION quote_feature_used();

INSERT INTO quote_features (name)
SELECT name FROM (VALUES
    ('coupons',        EXISTS (SELECT FROM coupons)),
    ('gift_cards',     EXISTS (SELECT FROM gift_cards)),
    ('store_credits',  EXISTS (SELECT FROM store_credits)),
    ('tax_exemptions', EXISTS (SELECT FROM tax_exemptions)),
    ('plans',          EXISTS (SELECT FROM plans)),
    ('digital_files',  EXISTS (SELECT FROM digital_files)),
    ('licence_keys',   EXISTS (SELECT FROM licence_keys))
) features (name, used) WHERE used;
