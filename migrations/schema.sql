-- What the migrations make; written by `make generate`, read by reviewers, used by nobody.

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';

CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);

CREATE FUNCTION public.audit_broken() RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$
    SELECT what FROM (
        SELECT s.xid, s.seq, coalesce(e.id::text, 'an entry was removed at seal ' || s.n) AS what
        FROM audit_seals s
        LEFT JOIN audit_log e ON e.xid = s.xid AND e.seq = s.seq
        LEFT JOIN audit_seals p ON p.n = s.n - 1
        WHERE e.id IS NULL OR s.hash <> audit_digest(p.hash, e)
           OR s.n > 1 AND (p.n IS NULL OR (p.xid, p.seq) >= (s.xid, s.seq))
        UNION ALL
        SELECT e.xid, e.seq, e.id::text FROM audit_log e
        WHERE (e.xid, e.seq) < (SELECT xid, seq FROM audit_seals ORDER BY n DESC LIMIT 1)
          AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.xid = e.xid AND s.seq = e.seq)
    ) broken ORDER BY xid, seq
$$;

CREATE TABLE public.audit_log (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    action text NOT NULL,
    outcome integer NOT NULL,
    actor text NOT NULL,
    user_id uuid,
    session_id uuid,
    key_id uuid,
    impersonator_id uuid,
    subject text DEFAULT ''::text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    request_id text DEFAULT ''::text NOT NULL,
    before jsonb,
    after jsonb
);

CREATE FUNCTION public.audit_digest(previous bytea, e public.audit_log) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT sha256(coalesce(previous, '') || convert_to(jsonb_build_array(
        e.xid::text, e.seq, e.id, extract(epoch FROM e.at), e.action, e.outcome, e.actor, e.user_id, e.session_id, e.key_id, e.impersonator_id,
        e.subject, e.address, e.request_id, e.before, e.after)::text, 'UTF8'))
$$;

CREATE FUNCTION public.bundle_stock(wanted uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN (
        SELECT min(CASE
            WHEN v.archived_at IS NOT NULL OR p.status IN ('archived', 'rejected') THEN 0
            WHEN v.tracked THEN (SELECT coalesce(sum(on_hand - reserved - allocated + backorder_limit), 0) FROM stock_levels WHERE variant_id = v.id) / c.quantity
        END)
        FROM variant_components c JOIN variants v ON v.id = c.component_id JOIN products p ON p.id = v.product_id
        WHERE c.bundle_id = wanted);
END $$;

CREATE FUNCTION public.digital_is_no_bundle() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    ids uuid[] := CASE TG_TABLE_NAME
        WHEN 'variant_components' THEN ARRAY[(to_jsonb(NEW) ->> 'bundle_id')::uuid, (to_jsonb(NEW) ->> 'component_id')::uuid]
        ELSE ARRAY[(to_jsonb(NEW) ->> 'variant_id')::uuid]
    END;
BEGIN
    PERFORM id FROM variants WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    IF TG_TABLE_NAME = 'variant_components' THEN
        IF EXISTS (SELECT FROM digital_files WHERE variant_id = ANY (ids) AND state <> 'removed') OR EXISTS (SELECT FROM licence_keys WHERE variant_id = ANY (ids))
           OR EXISTS (SELECT FROM variants v JOIN products p ON p.id = v.product_id WHERE v.id = ANY (ids) AND p.gift_card) THEN
            RAISE EXCEPTION 'files, licence keys and gift cards in a bundle' USING ERRCODE = 'check_violation', CONSTRAINT = 'digital_is_no_bundle';
        END IF;
    ELSIF EXISTS (SELECT FROM variant_components WHERE bundle_id = ANY (ids) OR component_id = ANY (ids)) THEN
        RAISE EXCEPTION 'a bundle, or a part of one, with files or licence keys' USING ERRCODE = 'check_violation', CONSTRAINT = 'digital_is_no_bundle';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.invoices_stay() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'invoices' AND NEW.buyer = '{}' AND to_jsonb(NEW) - 'buyer' = to_jsonb(OLD) - 'buyer' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'invoices are not changed or deleted: issue a credit note' USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION public.ledger_accepts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong uuid;
    since timestamptz;
BEGIN
    SELECT txn_id INTO wrong FROM added GROUP BY txn_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_must_balance';
    END IF;
    SELECT min(t.at) INTO since FROM ledger_txns t WHERE t.id IN (SELECT txn_id FROM added);
    PERFORM pg_advisory_xact_lock_shared(hashtext('souk ledger'),
        CASE WHEN since < date_trunc('month', now(), 'UTC') THEN 0 ELSE ledger_month_number((since AT TIME ZONE 'UTC')::date) END);
    IF since < (SELECT ledger_month_end(max(month)) FROM ledger_periods) THEN
        RAISE EXCEPTION 'the month of % is closed', since USING CONSTRAINT = 'ledger_period_closed',
            ERRCODE = CASE WHEN since = now() THEN 'serialization_failure' ELSE 'check_violation' END;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.ledger_month_end(month date) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((month + '1 mon'::interval) AT TIME ZONE 'UTC'::text);

CREATE FUNCTION public.ledger_month_number(month date) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (((EXTRACT(year FROM month))::integer * 12) + (EXTRACT(month FROM month))::integer);

CREATE FUNCTION public.ledger_totals(moment timestamp with time zone) RETURNS TABLE(account_id uuid, debit_minor bigint, credit_minor bigint)
    LANGUAGE sql STABLE
    AS $$
    SELECT part.account_id, sum(part.debit)::bigint, sum(part.credit)::bigint
    FROM (
        SELECT b.account_id, b.debit_minor AS debit, b.credit_minor AS credit
        FROM ledger_period_balances b
        WHERE b.month = (SELECT max(p.month) FROM ledger_periods p WHERE ledger_month_end(p.month) <= moment)
        UNION ALL
        SELECT e.account_id, greatest(e.amount_minor, 0), greatest(-e.amount_minor, 0)
        FROM ledger_txns t JOIN ledger_entries e ON e.txn_id = t.id
        WHERE t.at >= coalesce((SELECT ledger_month_end(max(p.month)) FROM ledger_periods p WHERE ledger_month_end(p.month) <= moment), '-infinity')
          AND t.at < moment) part
    GROUP BY part.account_id
$$;

CREATE FUNCTION public.memberships_may_move() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('trialing', 'active'), ('trialing', 'past_due'), ('trialing', 'cancelled'), ('trialing', 'lapsed'),
        ('active', 'past_due'), ('active', 'paused'), ('active', 'cancelled'), ('active', 'lapsed'),
        ('past_due', 'active'), ('past_due', 'cancelled'), ('past_due', 'lapsed'),
        ('paused', 'active'), ('paused', 'cancelled')) THEN
        RAISE EXCEPTION 'membership % may not move from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'memberships_moves';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.orders_may_move() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('pending', 'confirmed'), ('pending', 'cancelled'), ('confirmed', 'shipped'), ('confirmed', 'delivered'), ('confirmed', 'cancelled'), ('confirmed', 'returned'),
        ('shipped', 'delivered'), ('shipped', 'returned'), ('delivered', 'completed'), ('delivered', 'returned'), ('completed', 'returned')) THEN
        RAISE EXCEPTION 'order % may not move from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_moves';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.price_lists_of(buyer uuid, told_groups text[], told_plans uuid[], moment timestamp with time zone) RETURNS TABLE(id uuid, name text, priority integer)
    LANGUAGE sql STABLE
    AS $$
    SELECT l.id, l.name, l.priority
    FROM price_lists l
    WHERE l.status = 'active' AND l.starts_at <= moment AND (l.ends_at IS NULL OR l.ends_at > moment)
      AND (l.customer_groups = '{}' OR l.customer_groups && told_groups OR told_groups IS NULL AND EXISTS (
          SELECT FROM customer_group_members m JOIN customer_groups g ON g.id = m.group_id
          WHERE m.user_id = buyer AND g.handle = ANY (l.customer_groups)))
      AND (l.plans = '{}' OR l.plans && told_plans OR told_plans IS NULL AND EXISTS (SELECT FROM buyer_plans p WHERE p.user_id = buyer AND p.plan_id = ANY (l.plans)))
$$;

CREATE FUNCTION public.quote_epoch_ends() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE quote_epochs SET version = nextval('quote_epochs_version')
    WHERE slot = (SELECT slot FROM quote_epochs ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO quote_epochs DEFAULT VALUES;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.quote_feature_used() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM quote_features WHERE name = TG_TABLE_NAME) THEN
        INSERT INTO quote_features (name) VALUES (TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;

CREATE FUNCTION public.shipping_zones_of(country text) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    AS $$
    SELECT z.id FROM shipping_zones z
    WHERE shipping_zones_of.country = ANY (z.countries)
       OR (z.countries = '{*}' AND NOT EXISTS (SELECT FROM shipping_zones n WHERE shipping_zones_of.country = ANY (n.countries)))
$$;

CREATE FUNCTION public.souk_grant_vendor_reads() RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    guarded regclass;
BEGIN
    IF to_regrole('souk_vendor') IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO souk_vendor', current_schema());
    FOR guarded IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity AND relname <> 'users'
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO souk_vendor', guarded);
    END LOOP;
    GRANT SELECT (id, username, name, email) ON users TO souk_vendor;
    GRANT SELECT ON brands, categories, tags, attributes, product_types, shipping_zones, tax_zones, tax_rates, settings TO souk_vendor;
END $$;

CREATE FUNCTION public.souk_mailbox(email text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    address text := lower(normalize(btrim(email), NFKC));
    name    text := split_part(split_part(address, '@', 1), '+', 1);
    host    text := substr(address, strpos(address || '@', '@') + 1);
BEGIN
    IF host IN ('gmail.com', 'googlemail.com') THEN
        RETURN replace(name, '.', '') || '@gmail.com';
    END IF;
    RETURN name || '@' || host;
END $$;

CREATE FUNCTION public.souk_vendor_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('souk.vendor_id')::uuid $$;

CREATE FUNCTION public.stock_of(variant uuid) RETURNS TABLE(available bigint)
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN v.bundle IS NOT NULL THEN bundle_stock(v.id)
        WHEN v.tracked THEN (SELECT coalesce(sum(on_hand - reserved - allocated + backorder_limit), 0) FROM stock_levels WHERE variant_id = v.id)
    END
    FROM variants v WHERE v.id = variant
$$;

CREATE FUNCTION public.tax_shop() RETURNS TABLE(country text, region text, postal_code text, tax_id text)
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.country'), ''), coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.region'), ''),
           coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.postal_code'), ''), coalesce(max(value #>> '{}') FILTER (WHERE key = 'tax.id'), '')
    FROM settings WHERE key IN ('tax.country', 'tax.region', 'tax.postal_code', 'tax.id')
$$;

CREATE FUNCTION public.tax_zone_of(country text, region text, postal text) RETURNS TABLE(id uuid, included boolean, per_total boolean, half_even boolean, reverse_charge boolean)
    LANGUAGE sql STABLE
    AS $$
    SELECT z.id, z.included, z.per_total, z.half_even, z.reverse_charge
    FROM tax_zones z CROSS JOIN LATERAL (
        SELECT max(length(prefix)) AS longest FROM unnest(z.postal_prefixes) prefix
        WHERE starts_with(upper(replace(tax_zone_of.postal, ' ', '')), prefix)
    ) matched
    WHERE (tax_zone_of.country = ANY (z.countries) OR z.countries = '{*}')
      AND (z.regions = '{}' OR upper(replace(tax_zone_of.region, ' ', '')) = ANY (z.regions))
      AND (z.postal_prefixes = '{}' OR matched.longest IS NOT NULL)
    ORDER BY matched.longest DESC NULLS LAST, z.regions = '{}', z.countries = '{*}', z.name
    LIMIT 1
$$;

CREATE FUNCTION public.variant_components_may_be() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    whole variants;
    part  variants;
BEGIN
    SELECT * INTO whole FROM variants WHERE id = NEW.bundle_id;
    SELECT * INTO part FROM variants WHERE id = NEW.component_id;
    -- Of two at once, each could make a bundle of what the other puts into one.
    PERFORM pg_advisory_xact_lock(hashtextextended('variant_components ' || whole.vendor_id, 0));
    IF part.vendor_id <> whole.vendor_id THEN
        RAISE EXCEPTION '% is not sold by the vendor of %', part.id, whole.id USING ERRCODE = 'check_violation', CONSTRAINT = 'variant_components_vendor';
    END IF;
    IF EXISTS (SELECT FROM variant_components WHERE bundle_id = NEW.component_id)
       OR EXISTS (SELECT FROM variant_components c JOIN variants b ON b.id = c.bundle_id WHERE c.component_id = NEW.bundle_id AND b.archived_at IS NULL) THEN
        RAISE EXCEPTION 'a bundle within a bundle' USING ERRCODE = 'check_violation', CONSTRAINT = 'variant_components_flat';
    END IF;
    IF EXISTS (SELECT FROM stock_levels WHERE variant_id = NEW.bundle_id AND (on_hand, reserved, allocated) <> (0, 0, 0)) THEN
        RAISE EXCEPTION '% has stock of its own', whole.id USING ERRCODE = 'check_violation', CONSTRAINT = 'variant_components_stock';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.variants_stay_digital() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.requires_shipping AND EXISTS (SELECT FROM digital_files f WHERE f.variant_id = NEW.id AND f.state <> 'removed')
       OR (NEW.requires_shipping OR NOT NEW.tracked) AND EXISTS (SELECT FROM licence_keys k WHERE k.variant_id = NEW.id) THEN
        RAISE EXCEPTION 'variant % has files or licence keys', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'variants_stay_digital';
    END IF;
    RETURN NEW;
END $$;

CREATE TEXT SEARCH DICTIONARY public.souk_stem (
    TEMPLATE = pg_catalog.snowball,
    language = 'english' );

CREATE TEXT SEARCH CONFIGURATION public.souk (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR asciiword WITH public.unaccent, public.souk_stem;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR word WITH public.unaccent, public.souk_stem;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR hword_part WITH public.unaccent, public.souk_stem;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR hword_asciipart WITH public.unaccent, public.souk_stem;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR asciihword WITH public.unaccent, public.souk_stem;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR hword WITH public.unaccent, public.souk_stem;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.souk
    ADD MAPPING FOR uint WITH simple;

CREATE TABLE public.addresses (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    name text NOT NULL,
    line1 text NOT NULL,
    line2 text DEFAULT ''::text NOT NULL,
    city text NOT NULL,
    region text DEFAULT ''::text NOT NULL,
    postal_code text DEFAULT ''::text NOT NULL,
    country character(2) NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tax_id text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.adjustments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    vendor_order_id uuid NOT NULL,
    order_line_id uuid,
    kind text NOT NULL,
    label text NOT NULL,
    rate_ppm integer,
    amount_minor bigint NOT NULL,
    promotion_id uuid,
    platform_minor bigint DEFAULT 0 NOT NULL,
    fee boolean DEFAULT false NOT NULL,
    CONSTRAINT adjustments_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT adjustments_fee CHECK (((NOT fee) OR ((kind = 'tax'::text) AND (order_line_id IS NULL)))),
    CONSTRAINT adjustments_kind_check CHECK ((kind = ANY (ARRAY['discount'::text, 'tax'::text]))),
    CONSTRAINT adjustments_platform CHECK (((platform_minor >= 0) AND (platform_minor <= amount_minor)))
);

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    hash bytea NOT NULL,
    hint text NOT NULL,
    name text NOT NULL,
    vendor_id uuid,
    scopes text[] NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT api_keys_scopes_check CHECK ((cardinality(scopes) > 0))
);

CREATE TABLE public.attributes (
    key text NOT NULL,
    label text NOT NULL,
    kind text NOT NULL,
    unit text DEFAULT ''::text NOT NULL,
    choices jsonb DEFAULT '[]'::jsonb NOT NULL,
    filterable boolean DEFAULT true NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT attributes_key_check CHECK (((key = lower(key)) AND ((length(key) >= 1) AND (length(key) <= 100)))),
    CONSTRAINT attributes_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'number'::text, 'boolean'::text, 'select'::text, 'colour'::text, 'date'::text]))),
    CONSTRAINT attributes_label_check CHECK (((length(label) >= 1) AND (length(label) <= 200)))
);

ALTER TABLE public.audit_log ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_seals (
    n bigint NOT NULL,
    xid xid8 NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_seals_hash_check CHECK ((length(hash) = 32))
);

CREATE TABLE public.avatars (
    file text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.bought_together (
    product_id uuid NOT NULL,
    place integer NOT NULL,
    other_id uuid NOT NULL,
    orders integer NOT NULL
);

CREATE TABLE public.brands (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.membership_periods (
    membership_id uuid NOT NULL,
    number integer NOT NULL,
    plan_id uuid NOT NULL,
    kind text NOT NULL,
    order_id uuid,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    paid_minor bigint DEFAULT 0 NOT NULL,
    credited_minor bigint DEFAULT 0 NOT NULL,
    currency character(3) NOT NULL,
    value_minor bigint,
    set_off_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT membership_periods_credited CHECK (((credited_minor >= 0) AND (credited_minor <= COALESCE(value_minor, paid_minor)))),
    CONSTRAINT membership_periods_kind_check CHECK ((kind = ANY (ARRAY['trial'::text, 'paid'::text, 'granted'::text, 'carried'::text]))),
    CONSTRAINT membership_periods_number_check CHECK ((number > 0)),
    CONSTRAINT membership_periods_paid CHECK ((((kind = 'paid'::text) = (order_id IS NOT NULL)) AND (((kind <> 'granted'::text) AND (kind <> 'trial'::text)) OR (paid_minor = 0)))),
    CONSTRAINT membership_periods_paid_minor_check CHECK ((paid_minor >= 0)),
    CONSTRAINT membership_periods_set_off_minor_check CHECK ((set_off_minor >= 0)),
    CONSTRAINT membership_periods_value_minor_check CHECK ((value_minor >= 0)),
    CONSTRAINT membership_periods_window CHECK ((ends_at >= starts_at))
);

CREATE TABLE public.memberships (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    customer bytea,
    status text NOT NULL,
    trialed boolean DEFAULT false NOT NULL,
    next_plan_id uuid,
    ends_at timestamp with time zone NOT NULL,
    benefits_until timestamp with time zone NOT NULL,
    cancel_at_period_end boolean DEFAULT false NOT NULL,
    paused_at timestamp with time zone,
    paused_until timestamp with time zone,
    payment_method text DEFAULT ''::text NOT NULL,
    currency character(3) NOT NULL,
    billing_address jsonb,
    reminded integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    due_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    withheld_by uuid,
    CONSTRAINT memberships_customer_check CHECK ((length(customer) = 32)),
    CONSTRAINT memberships_ends CHECK ((benefits_until >= ends_at)),
    CONSTRAINT memberships_over CHECK (((status <> ALL (ARRAY['cancelled'::text, 'lapsed'::text])) OR (due_at IS NULL))),
    CONSTRAINT memberships_paused CHECK ((((status = 'paused'::text) = (paused_at IS NOT NULL)) AND (num_nonnulls(paused_until, withheld_by) =
CASE
    WHEN (paused_at IS NULL) THEN 0
    ELSE 1
END))),
    CONSTRAINT memberships_status_check CHECK ((status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'paused'::text, 'cancelled'::text, 'lapsed'::text])))
);

CREATE VIEW public.buyer_plans AS
 SELECT m.user_id,
    p.plan_id
   FROM (public.memberships m
     CROSS JOIN LATERAL ( SELECT p_1.plan_id
           FROM public.membership_periods p_1
          WHERE ((p_1.membership_id = m.id) AND (p_1.starts_at <= now()) AND (p_1.ends_at > p_1.starts_at))
          ORDER BY p_1.starts_at DESC, p_1.number DESC
         LIMIT 1) p)
  WHERE ((m.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text])) AND (m.benefits_until > now()));

CREATE TABLE public.cart_coupons (
    cart_id uuid NOT NULL,
    coupon_id uuid NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.cart_gift_cards (
    cart_id uuid NOT NULL,
    gift_card_id uuid NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.cart_items (
    id uuid NOT NULL,
    cart_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    quantity integer NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    gift jsonb,
    CONSTRAINT cart_items_quantity_range CHECK (((quantity >= 1) AND (quantity <= 10000)))
)
WITH (fillfactor='80');

CREATE TABLE public.carts (
    id uuid NOT NULL,
    user_id uuid,
    currency character(3) NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    shipping_address jsonb,
    billing_address jsonb,
    shipping jsonb DEFAULT '{}'::jsonb NOT NULL,
    order_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    customer bytea,
    store_credit boolean DEFAULT false NOT NULL,
    store_credit_most bigint,
    CONSTRAINT carts_customer_check CHECK ((length(customer) = 32)),
    CONSTRAINT carts_store_credit_most_check CHECK ((store_credit_most > 0))
)
WITH (fillfactor='70');

CREATE TABLE public.categories (
    id uuid NOT NULL,
    parent_id uuid,
    slug text NOT NULL,
    name text NOT NULL,
    path text NOT NULL,
    ancestors uuid[] NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT categories_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

CREATE TABLE public.collections (
    id uuid NOT NULL,
    slug text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    seo_title text DEFAULT ''::text NOT NULL,
    seo_description text DEFAULT ''::text NOT NULL,
    match text DEFAULT 'all'::text NOT NULL,
    rules jsonb DEFAULT '[]'::jsonb NOT NULL,
    pinned uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    excluded uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    sort text DEFAULT '-popularity'::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    published boolean DEFAULT false NOT NULL,
    publish_at timestamp with time zone,
    unpublish_at timestamp with time zone,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT collections_check CHECK ((unpublish_at > publish_at)),
    CONSTRAINT collections_match_check CHECK ((match = ANY (ARRAY['all'::text, 'any'::text]))),
    CONSTRAINT collections_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE TABLE public.coupons (
    id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    code text NOT NULL,
    usage_limit integer,
    used integer DEFAULT 0 NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT coupons_code_check CHECK (((length(code) >= 3) AND (length(code) <= 40))),
    CONSTRAINT coupons_usage_limit_check CHECK ((usage_limit > 0)),
    CONSTRAINT coupons_used_check CHECK ((used >= 0)),
    CONSTRAINT coupons_within_limit CHECK ((used <= usage_limit))
);

CREATE TABLE public.credentials (
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.currencies (
    currency character(3) NOT NULL,
    base character(3) NOT NULL,
    rate_ppb bigint,
    round_to_minor integer DEFAULT 1 NOT NULL,
    ending_minor integer DEFAULT 0 NOT NULL,
    decimals smallint NOT NULL,
    base_decimals smallint NOT NULL,
    settled boolean DEFAULT false NOT NULL,
    settled_to uuid,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT currencies_ending CHECK ((ending_minor < round_to_minor)),
    CONSTRAINT currencies_ending_minor_check CHECK ((ending_minor >= 0)),
    CONSTRAINT currencies_other CHECK ((currency <> base)),
    CONSTRAINT currencies_rate_ppb_check CHECK (((rate_ppb >= 1) AND (rate_ppb <= '1000000000000000'::bigint))),
    CONSTRAINT currencies_round_to_minor_check CHECK (((round_to_minor >= 1) AND (round_to_minor <= 1000000)))
);

CREATE TABLE public.customer_group_members (
    user_id uuid NOT NULL,
    group_id uuid NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.customer_groups (
    id uuid NOT NULL,
    handle text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT customer_groups_description_check CHECK ((length(description) <= 500)),
    CONSTRAINT customer_groups_handle_check CHECK ((handle ~ '^[a-z0-9](-?[a-z0-9]){0,59}$'::text)),
    CONSTRAINT customer_groups_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.data_exports (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    file text NOT NULL,
    actor text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    ready_at timestamp with time zone,
    size bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.digital_files (
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    file text NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT digital_files_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT digital_files_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT digital_files_size_check CHECK ((size > 0)),
    CONSTRAINT digital_files_state_check CHECK ((state = ANY (ARRAY['receiving'::text, 'ready'::text, 'removed'::text])))
);

CREATE TABLE public.digital_grants (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    order_line_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    file_id uuid,
    key_id uuid,
    download_limit integer DEFAULT 0 NOT NULL,
    downloads integer DEFAULT 0 NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    withheld boolean DEFAULT false NOT NULL,
    CONSTRAINT digital_grants_check CHECK ((num_nonnulls(file_id, key_id) = 1)),
    CONSTRAINT digital_grants_check1 CHECK (((downloads >= 0) AND ((download_limit = 0) OR (downloads <= download_limit)))),
    CONSTRAINT digital_grants_download_limit_check CHECK ((download_limit >= 0)),
    CONSTRAINT digital_grants_withheld CHECK (((NOT withheld) OR (revoked_at IS NOT NULL)))
);

CREATE TABLE public.dropped_methods (
    id uuid NOT NULL,
    provider text NOT NULL,
    ref text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dropped_methods_ref_check CHECK (((length(ref) >= 1) AND (length(ref) <= 500)))
);

CREATE TABLE public.event_cursors (
    follower text NOT NULL,
    xid xid8 DEFAULT '0'::xid8 NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.events (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    subject uuid,
    version bigint,
    data jsonb NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.facet_values (
    id integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    key_label text NOT NULL,
    label text NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE public.facet_values ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facet_values_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.feed_files (
    file text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.feeds (
    name text NOT NULL,
    file text NOT NULL,
    size bigint NOT NULL,
    digest text NOT NULL,
    items integer NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.gift_card_entries (
    id uuid NOT NULL,
    gift_card_id uuid NOT NULL,
    kind text NOT NULL,
    delta_minor bigint NOT NULL,
    payment_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT gift_card_entries_check CHECK (((kind = ANY (ARRAY['redeemed'::text, 'returned'::text])) = (payment_id IS NOT NULL))),
    CONSTRAINT gift_card_entries_delta_minor_check CHECK ((delta_minor <> 0)),
    CONSTRAINT gift_card_entries_kind_check CHECK ((kind = ANY (ARRAY['issued'::text, 'redeemed'::text, 'returned'::text, 'adjusted'::text, 'voided'::text]))),
    CONSTRAINT gift_card_entries_reason_check CHECK ((length(reason) <= 500))
);

CREATE TABLE public.gift_cards (
    id uuid NOT NULL,
    code_hash bytea NOT NULL,
    hint text NOT NULL,
    currency character(3) NOT NULL,
    initial_minor bigint NOT NULL,
    balance_minor bigint NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    expires_at timestamp with time zone,
    order_id uuid,
    order_line_id uuid,
    number integer DEFAULT 1 NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    message text DEFAULT ''::text NOT NULL,
    send_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT gift_cards_balance CHECK (((0 <= balance_minor) AND (balance_minor <= initial_minor))),
    CONSTRAINT gift_cards_check CHECK (((order_id IS NULL) = (order_line_id IS NULL))),
    CONSTRAINT gift_cards_code_hash_check CHECK ((length(code_hash) = 32)),
    CONSTRAINT gift_cards_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT gift_cards_hint_check CHECK ((length(hint) = 4)),
    CONSTRAINT gift_cards_initial_minor_check CHECK ((initial_minor > 0)),
    CONSTRAINT gift_cards_message_check CHECK ((length(message) <= 500)),
    CONSTRAINT gift_cards_name_check CHECK ((length(name) <= 100)),
    CONSTRAINT gift_cards_number_check CHECK ((number > 0)),
    CONSTRAINT gift_cards_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);

CREATE TABLE public.idempotency_keys (
    principal text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    response bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_status_check CHECK (((status = 0) OR ((status >= 200) AND (status <= 299))))
);
ALTER TABLE ONLY public.idempotency_keys ALTER COLUMN response SET COMPRESSION lz4;

CREATE TABLE public.import_changes (
    import_id uuid NOT NULL,
    number integer NOT NULL,
    handle text NOT NULL,
    sku text NOT NULL,
    field text NOT NULL,
    before text NOT NULL,
    after text NOT NULL
);

CREATE TABLE public.import_findings (
    import_id uuid NOT NULL,
    number integer NOT NULL,
    warning boolean NOT NULL,
    line integer NOT NULL,
    field text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE public.import_mappings (
    vendor_id uuid,
    columns text NOT NULL,
    mapping jsonb NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.import_rows (
    import_id uuid NOT NULL,
    number bigint NOT NULL,
    cells text[] NOT NULL
);

ALTER TABLE public.import_rows ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.import_rows_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.imports (
    id uuid NOT NULL,
    vendor_id uuid,
    state text NOT NULL,
    file text NOT NULL,
    size bigint NOT NULL,
    format text DEFAULT ''::text NOT NULL,
    columns text[] NOT NULL,
    separator text NOT NULL,
    mapping jsonb DEFAULT '{}'::jsonb NOT NULL,
    suggested jsonb DEFAULT '{}'::jsonb NOT NULL,
    target text DEFAULT ''::text NOT NULL,
    publish boolean NOT NULL,
    dry_run boolean NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    read bigint DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    worker uuid,
    rows integer DEFAULT 0 NOT NULL,
    products integer DEFAULT 0 NOT NULL,
    variants integer DEFAULT 0 NOT NULL,
    created integer DEFAULT 0 NOT NULL,
    updated integer DEFAULT 0 NOT NULL,
    unchanged integer DEFAULT 0 NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    further integer DEFAULT 0 NOT NULL,
    failure text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    all_or_nothing boolean DEFAULT false NOT NULL,
    CONSTRAINT imports_separator_check CHECK ((length(separator) = 1)),
    CONSTRAINT imports_size_check CHECK ((size > 0)),
    CONSTRAINT imports_state_check CHECK ((state = ANY (ARRAY['receiving'::text, 'needs_mapping'::text, 'waiting'::text, 'running'::text, 'finished'::text, 'failed'::text, 'cancelled'::text])))
);

CREATE TABLE public.invoice_counters (
    vendor_id uuid NOT NULL,
    kind text NOT NULL,
    year text NOT NULL,
    last integer NOT NULL,
    last_on date NOT NULL,
    CONSTRAINT invoice_counters_kind_check CHECK ((kind = ANY (ARRAY['invoice'::text, 'credit_note'::text]))),
    CONSTRAINT invoice_counters_last_check CHECK ((last > 0)),
    CONSTRAINT invoice_counters_year_check CHECK ((year ~ '^[0-9]{4}$'::text))
);

CREATE TABLE public.invoice_lines (
    invoice_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    order_line_id uuid,
    title text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    sku text DEFAULT ''::text NOT NULL,
    quantity integer NOT NULL,
    unit_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    taxes jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT invoice_lines_check CHECK (((tax_minor >= 0) AND (tax_minor <= total_minor))),
    CONSTRAINT invoice_lines_check1 CHECK (((kind = 'goods'::text) = (order_line_id IS NOT NULL))),
    CONSTRAINT invoice_lines_discount_minor_check CHECK ((discount_minor >= 0)),
    CONSTRAINT invoice_lines_kind_check CHECK ((kind = ANY (ARRAY['goods'::text, 'shipping'::text, 'fee'::text]))),
    CONSTRAINT invoice_lines_quantity_check CHECK ((quantity >= 0))
);

CREATE TABLE public.invoices (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    order_id uuid NOT NULL,
    vendor_order_id uuid NOT NULL,
    kind text NOT NULL,
    year text NOT NULL,
    serial integer NOT NULL,
    number text NOT NULL,
    corrects uuid,
    refunds uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    seller jsonb NOT NULL,
    buyer jsonb NOT NULL,
    supplied_to jsonb NOT NULL,
    locale text DEFAULT ''::text NOT NULL,
    currency character(3) NOT NULL,
    tax_included boolean NOT NULL,
    total_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    credit_minor bigint DEFAULT 0 NOT NULL,
    paid boolean NOT NULL,
    ordered_at timestamp with time zone NOT NULL,
    ordered_on date NOT NULL,
    issued_on date NOT NULL,
    issued_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT invoices_check CHECK (((tax_minor >= 0) AND (tax_minor <= total_minor))),
    CONSTRAINT invoices_check1 CHECK (((credit_minor >= 0) AND (credit_minor <= total_minor))),
    CONSTRAINT invoices_check2 CHECK (((kind = 'credit_note'::text) = (corrects IS NOT NULL))),
    CONSTRAINT invoices_kind_check CHECK ((kind = ANY (ARRAY['invoice'::text, 'credit_note'::text]))),
    CONSTRAINT invoices_serial_check CHECK ((serial > 0)),
    CONSTRAINT invoices_total_minor_check CHECK ((total_minor >= 0))
);

CREATE TABLE public.ledger_accounts (
    id uuid NOT NULL,
    kind text NOT NULL,
    currency character(3) NOT NULL,
    party text DEFAULT ''::text NOT NULL,
    vendor_id uuid,
    CONSTRAINT ledger_accounts_kind_check CHECK ((kind = ANY (ARRAY['psp_clearing'::text, 'vendor_payable'::text, 'commission_revenue'::text, 'shipping_revenue'::text, 'fee_revenue'::text, 'tax_payable'::text, 'buyer_payable'::text, 'promotion_expense'::text, 'sales_revenue'::text, 'gift_card_liability'::text, 'store_credit_liability'::text, 'customer_deposits'::text, 'goodwill_expense'::text, 'provider_fees'::text, 'disputes'::text, 'dispute_losses'::text, 'bank'::text, 'vendor_reserve'::text, 'payouts_in_transit'::text]))),
    CONSTRAINT ledger_accounts_vendor CHECK (((kind = ANY (ARRAY['vendor_payable'::text, 'vendor_reserve'::text, 'payouts_in_transit'::text])) = (vendor_id IS NOT NULL)))
);

CREATE TABLE public.ledger_entries (
    seq bigint NOT NULL,
    txn_id uuid NOT NULL,
    account_id uuid NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT ledger_entries_amount_minor_check CHECK ((amount_minor <> 0))
);

ALTER TABLE public.ledger_entries ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_entries_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ledger_period_balances (
    month date NOT NULL,
    account_id uuid NOT NULL,
    debit_minor bigint NOT NULL,
    credit_minor bigint NOT NULL,
    CONSTRAINT ledger_period_balances_credit_minor_check CHECK ((credit_minor >= 0)),
    CONSTRAINT ledger_period_balances_debit_minor_check CHECK ((debit_minor >= 0))
);

CREATE TABLE public.ledger_period_changes (
    seq bigint NOT NULL,
    month date NOT NULL,
    change text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ledger_period_changes_change_check CHECK ((change = ANY (ARRAY['closed'::text, 'reopened'::text]))),
    CONSTRAINT ledger_period_changes_check CHECK (((change = 'reopened'::text) = (reason <> ''::text))),
    CONSTRAINT ledger_period_changes_reason_check CHECK ((length(reason) <= 500))
);

ALTER TABLE public.ledger_period_changes ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_period_changes_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ledger_periods (
    month date NOT NULL,
    closed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ledger_periods_month_check CHECK ((month = date_trunc('month'::text, (month)::timestamp with time zone)))
);

CREATE TABLE public.ledger_txns (
    id uuid NOT NULL,
    ref_type text NOT NULL,
    ref_id uuid NOT NULL,
    memo text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.letterheads (
    vendor_id uuid NOT NULL,
    address jsonb NOT NULL,
    register text DEFAULT ''::text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    prefix text DEFAULT ''::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT letterheads_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT letterheads_note_check CHECK ((length(note) <= 1000)),
    CONSTRAINT letterheads_prefix_check CHECK ((prefix ~ '^[A-Z0-9/-]{0,4}$'::text)),
    CONSTRAINT letterheads_register_check CHECK ((length(register) <= 200))
);

CREATE TABLE public.licence_keys (
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    hint text NOT NULL,
    state text DEFAULT 'free'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT licence_keys_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT licence_keys_hint_check CHECK ((length(hint) <= 4)),
    CONSTRAINT licence_keys_state_check CHECK ((state = ANY (ARRAY['free'::text, 'granted'::text, 'revoked'::text])))
);

CREATE TABLE public.listed_products (
    product_id uuid NOT NULL,
    name text NOT NULL,
    skus text[] NOT NULL,
    words tsvector DEFAULT ''::tsvector NOT NULL,
    text_digest bytea DEFAULT '\x'::bytea NOT NULL,
    digest bytea NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    terms text DEFAULT ''::text NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    translated text[] DEFAULT '{}'::text[] NOT NULL
);

CREATE TABLE public.listings (
    product_id uuid NOT NULL,
    currency character(3) NOT NULL,
    vendor_id uuid NOT NULL,
    brand_id uuid,
    name text NOT NULL COLLATE pg_catalog."C",
    category_ids uuid[] NOT NULL,
    tag_ids uuid[] NOT NULL,
    facet_ids integer[] NOT NULL,
    in_stock boolean NOT NULL,
    rating numeric(3,2) DEFAULT 0 NOT NULL,
    rating_count integer DEFAULT 0 NOT NULL,
    popularity bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    min_minor bigint NOT NULL,
    max_minor bigint NOT NULL,
    reduced boolean DEFAULT false NOT NULL,
    CONSTRAINT listings_rating_check CHECK (((rating >= (0)::numeric) AND (rating <= (5)::numeric))),
    CONSTRAINT listings_rating_count_check CHECK ((rating_count >= 0))
)
WITH (fillfactor='80');

CREATE TABLE public.listings_due (
    product_id uuid NOT NULL
);

CREATE TABLE public.listings_refused (
    product_id uuid NOT NULL,
    problem text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.locations (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    name text NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.login_failures (
    key bytea NOT NULL,
    per_hour integer NOT NULL,
    failures integer NOT NULL,
    since timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    open_at timestamp with time zone NOT NULL,
    CONSTRAINT login_failures_failures_check CHECK ((failures >= 0)),
    CONSTRAINT login_failures_per_hour_check CHECK ((per_hour >= 0))
)
WITH (fillfactor='70');

CREATE TABLE public.login_providers (
    id uuid NOT NULL,
    slug text NOT NULL,
    preset text NOT NULL,
    name text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    secret_sealed bytea,
    extra_sealed bytea,
    scopes text[] NOT NULL,
    enabled boolean DEFAULT false NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT login_providers_check CHECK (((preset = 'apple'::text) OR (extra_sealed IS NULL))),
    CONSTRAINT login_providers_client_id_check CHECK (((length(client_id) >= 1) AND (length(client_id) <= 300))),
    CONSTRAINT login_providers_issuer_check CHECK ((length(issuer) <= 300)),
    CONSTRAINT login_providers_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60))),
    CONSTRAINT login_providers_preset_check CHECK ((preset = ANY (ARRAY['oidc'::text, 'google'::text, 'microsoft'::text, 'apple'::text, 'github'::text]))),
    CONSTRAINT login_providers_slug_check CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'::text))
);

CREATE TABLE public.mail_requests (
    id uuid NOT NULL,
    purpose text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mail_requests_name_check CHECK ((length(name) <= 254)),
    CONSTRAINT mail_requests_purpose_check CHECK ((purpose = ANY (ARRAY['reset_password'::text, 'sign_in'::text])))
);

CREATE TABLE public.mail_tokens (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    email text NOT NULL,
    previous_email text DEFAULT ''::text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT mail_tokens_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT mail_tokens_purpose_check CHECK ((purpose = ANY (ARRAY['verify_email'::text, 'reset_password'::text, 'change_email'::text, 'sign_in'::text])))
);

CREATE TABLE public.media (
    id uuid NOT NULL,
    product_id uuid,
    "position" integer DEFAULT 0 NOT NULL,
    alt text DEFAULT ''::text NOT NULL,
    source_url text DEFAULT ''::text NOT NULL,
    state text NOT NULL,
    failure text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    blob_key text DEFAULT ''::text NOT NULL,
    content_type text DEFAULT ''::text NOT NULL,
    width integer DEFAULT 0 NOT NULL,
    height integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    change_id uuid,
    CONSTRAINT media_owner CHECK (((product_id IS NULL) = (change_id IS NOT NULL))),
    CONSTRAINT media_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'proposed'::text, 'ready'::text, 'failed'::text, 'removed'::text])))
);

CREATE TABLE public.membership_events (
    seq bigint NOT NULL,
    membership_id uuid NOT NULL,
    kind text NOT NULL,
    plan_id uuid,
    order_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT membership_events_reason_check CHECK ((length(reason) <= 500))
);

ALTER TABLE public.membership_events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.membership_events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.membership_renewals (
    membership_id uuid NOT NULL,
    number integer NOT NULL,
    order_id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.membership_upgrades (
    cart_item_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    order_id uuid,
    set_off_minor bigint NOT NULL,
    currency character(3) NOT NULL,
    text text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT membership_upgrades_set_off_minor_check CHECK ((set_off_minor >= 0))
);

CREATE TABLE public.messages (
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,
    user_id uuid,
    locale text NOT NULL,
    subject text NOT NULL,
    html text DEFAULT ''::text NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    invoice_id uuid,
    CONSTRAINT messages_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT messages_check CHECK (((status = ANY (ARRAY['sent'::text, 'kept'::text])) = (sent_at IS NOT NULL))),
    CONSTRAINT messages_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 60))),
    CONSTRAINT messages_recipient_check CHECK (((length(recipient) >= 3) AND (length(recipient) <= 254))),
    CONSTRAINT messages_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text, 'kept'::text])))
);
ALTER TABLE ONLY public.messages ALTER COLUMN html SET COMPRESSION lz4;
ALTER TABLE ONLY public.messages ALTER COLUMN text SET COMPRESSION lz4;

CREATE TABLE public.mfa_attempts (
    user_id uuid NOT NULL,
    failures integer NOT NULL,
    open_at timestamp with time zone NOT NULL,
    CONSTRAINT mfa_attempts_failures_check CHECK ((failures >= 0))
);

CREATE TABLE public.notification_preferences (
    user_id uuid NOT NULL,
    topic text NOT NULL,
    channel text NOT NULL,
    enabled boolean NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT notification_preferences_channel_check CHECK ((channel = 'email'::text)),
    CONSTRAINT notification_preferences_topic_check CHECK (((length(topic) >= 1) AND (length(topic) <= 60)))
);

CREATE TABLE public.oidc_identities (
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT oidc_identities_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT oidc_identities_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 300)))
);

CREATE TABLE public.order_line_components (
    order_line_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    "position" integer NOT NULL,
    sku text,
    title text NOT NULL,
    quantity integer NOT NULL,
    tracked boolean NOT NULL,
    total_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    told_title text DEFAULT ''::text NOT NULL,
    CONSTRAINT order_line_components_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_line_components_tax_minor_check CHECK ((tax_minor >= 0)),
    CONSTRAINT order_line_components_total_minor_check CHECK ((total_minor >= 0))
);

CREATE TABLE public.order_lines (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    vendor_order_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    product_slug text NOT NULL,
    "position" integer NOT NULL,
    title text NOT NULL,
    variant_title text NOT NULL,
    sku text,
    image text DEFAULT ''::text NOT NULL,
    tracked boolean NOT NULL,
    requires_shipping boolean NOT NULL,
    quantity integer NOT NULL,
    unit_price_minor bigint NOT NULL,
    subtotal_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    commission_bps integer NOT NULL,
    commission_minor bigint NOT NULL,
    currency character(3) NOT NULL,
    quantity_fulfilled integer DEFAULT 0 NOT NULL,
    quantity_cancelled integer DEFAULT 0 NOT NULL,
    quantity_returned integer DEFAULT 0 NOT NULL,
    cancelled_minor bigint DEFAULT 0 NOT NULL,
    cancelled_tax_minor bigint DEFAULT 0 NOT NULL,
    cancelled_commission_minor bigint DEFAULT 0 NOT NULL,
    digital boolean DEFAULT false NOT NULL,
    platform_minor bigint DEFAULT 0 NOT NULL,
    cancelled_platform_minor bigint DEFAULT 0 NOT NULL,
    gift_card boolean DEFAULT false NOT NULL,
    gift jsonb,
    quantity_cancelled_paid integer DEFAULT 0 NOT NULL,
    told_title text DEFAULT ''::text NOT NULL,
    told_variant_title text DEFAULT ''::text NOT NULL,
    CONSTRAINT order_lines_cancelled CHECK ((((cancelled_minor >= 0) AND (cancelled_minor <= total_minor)) AND ((cancelled_tax_minor >= 0) AND (cancelled_tax_minor <= tax_minor)) AND ((cancelled_commission_minor >= 0) AND (cancelled_commission_minor <= commission_minor)) AND ((quantity_cancelled > 0) OR (((cancelled_minor + cancelled_tax_minor) + cancelled_commission_minor) = 0)))),
    CONSTRAINT order_lines_cancelled_paid CHECK (((quantity_cancelled_paid >= 0) AND (quantity_cancelled_paid <= quantity_cancelled))),
    CONSTRAINT order_lines_commission_bps_check CHECK (((commission_bps >= 0) AND (commission_bps <= 10000))),
    CONSTRAINT order_lines_commission_minor_check CHECK ((commission_minor >= 0)),
    CONSTRAINT order_lines_discount CHECK (((discount_minor >= 0) AND (discount_minor <= subtotal_minor))),
    CONSTRAINT order_lines_platform CHECK ((((platform_minor >= 0) AND (platform_minor <= discount_minor)) AND ((cancelled_platform_minor >= 0) AND (cancelled_platform_minor <= platform_minor)))),
    CONSTRAINT order_lines_quantities CHECK ((((quantity_fulfilled + quantity_cancelled) <= quantity) AND (quantity_returned <= quantity_fulfilled))),
    CONSTRAINT order_lines_quantity_cancelled_check CHECK ((quantity_cancelled >= 0)),
    CONSTRAINT order_lines_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_lines_quantity_fulfilled_check CHECK ((quantity_fulfilled >= 0)),
    CONSTRAINT order_lines_quantity_returned_check CHECK ((quantity_returned >= 0)),
    CONSTRAINT order_lines_subtotal CHECK ((subtotal_minor = (unit_price_minor * quantity))),
    CONSTRAINT order_lines_tax_minor_check CHECK ((tax_minor >= 0)),
    CONSTRAINT order_lines_total_minor_check CHECK ((total_minor >= 0)),
    CONSTRAINT order_lines_unit_price_minor_check CHECK ((unit_price_minor >= 0))
);

CREATE TABLE public.order_notes (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    author text NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_notes_body_check CHECK (((length(body) >= 1) AND (length(body) <= 5000)))
);

CREATE TABLE public.orders (
    id uuid NOT NULL,
    number text NOT NULL,
    cart_id uuid NOT NULL,
    user_id uuid,
    email text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    token_hash bytea,
    status text NOT NULL,
    payment_status text NOT NULL,
    fulfillment_status text NOT NULL,
    currency character(3) NOT NULL,
    items_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    fee_minor bigint DEFAULT 0 NOT NULL,
    tax_minor bigint NOT NULL,
    tax_included boolean NOT NULL,
    rounding_minor bigint DEFAULT 0 NOT NULL,
    grand_total_minor bigint NOT NULL,
    shipping_address jsonb NOT NULL,
    billing_address jsonb NOT NULL,
    trace jsonb DEFAULT '[]'::jsonb NOT NULL,
    cancel_reason text DEFAULT ''::text NOT NULL,
    placed_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    personal text DEFAULT 'all'::text NOT NULL,
    forget_asked_at timestamp with time zone,
    tax_source jsonb DEFAULT '{"engine": "table"}'::jsonb NOT NULL,
    membership_minor bigint DEFAULT 0 NOT NULL,
    ahead_minor bigint DEFAULT 0 NOT NULL,
    locale text DEFAULT ''::text NOT NULL,
    CONSTRAINT orders_ahead_minor_check CHECK ((ahead_minor >= 0)),
    CONSTRAINT orders_check CHECK (((membership_minor >= 0) AND (membership_minor <= discount_minor))),
    CONSTRAINT orders_discount_minor_check CHECK ((discount_minor >= 0)),
    CONSTRAINT orders_fee_minor_check CHECK ((fee_minor >= 0)),
    CONSTRAINT orders_fulfillment_status_check CHECK ((fulfillment_status = ANY (ARRAY['unfulfilled'::text, 'partially_shipped'::text, 'shipped'::text, 'partially_delivered'::text, 'delivered'::text, 'cancelled'::text, 'returned'::text]))),
    CONSTRAINT orders_grand_total_minor_check CHECK ((grand_total_minor >= 0)),
    CONSTRAINT orders_items_minor_check CHECK ((items_minor >= 0)),
    CONSTRAINT orders_one_reader CHECK (((user_id IS NOT NULL) OR (token_hash IS NOT NULL))),
    CONSTRAINT orders_payment_status_check CHECK ((payment_status = ANY (ARRAY['pending'::text, 'authorized'::text, 'partially_paid'::text, 'paid'::text, 'partially_refunded'::text, 'refunded'::text, 'voided'::text]))),
    CONSTRAINT orders_pending_expires CHECK (((status = 'pending'::text) = (expires_at IS NOT NULL))),
    CONSTRAINT orders_personal_check CHECK ((personal = ANY (ARRAY['all'::text, 'invoice'::text, 'none'::text]))),
    CONSTRAINT orders_shipping_minor_check CHECK ((shipping_minor >= 0)),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'shipped'::text, 'delivered'::text, 'completed'::text, 'cancelled'::text, 'returned'::text]))),
    CONSTRAINT orders_tax_minor_check CHECK ((tax_minor >= 0)),
    CONSTRAINT orders_token_hash_check CHECK ((length(token_hash) = 32)),
    CONSTRAINT orders_total_adds_up CHECK ((grand_total_minor = (((((items_minor - discount_minor) + shipping_minor) + fee_minor) + rounding_minor) +
CASE
    WHEN tax_included THEN (0)::bigint
    ELSE tax_minor
END)))
);

CREATE TABLE public.passkeys (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    record jsonb NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT passkeys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60)))
);

CREATE TABLE public.past_queries (
    hash bytea NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    visitors bit(64) NOT NULL,
    weight real NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    faded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT past_queries_weight_check CHECK ((weight >= (0)::double precision))
);

CREATE TABLE public.payment_accounts (
    provider text NOT NULL,
    enabled boolean DEFAULT false NOT NULL,
    live boolean DEFAULT false NOT NULL,
    base_url text NOT NULL,
    capture text DEFAULT 'automatic'::text NOT NULL,
    fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    secrets_sealed bytea,
    rotated_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT payment_accounts_capture_check CHECK ((capture = ANY (ARRAY['automatic'::text, 'on_shipment'::text]))),
    CONSTRAINT payment_accounts_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text, 'paypal'::text, 'test'::text])))
);

CREATE TABLE public.payment_disputes (
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    ref text NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    due_by timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reminded_at timestamp with time zone,
    CONSTRAINT payment_disputes_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT payment_disputes_status_check CHECK ((status = ANY (ARRAY['needs_response'::text, 'under_review'::text, 'won'::text, 'lost'::text, 'closed'::text])))
);

CREATE TABLE public.payment_events (
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    kind text NOT NULL,
    amount_minor bigint NOT NULL,
    currency character(3) NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payment_events_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT payment_events_kind_check CHECK ((kind = ANY (ARRAY['authorize'::text, 'capture'::text, 'void'::text, 'refund'::text, 'chargeback'::text, 'fail'::text, 'fee'::text, 'refund_failed'::text, 'chargeback_reversed'::text])))
);

CREATE TABLE public.payment_exceptions (
    id uuid NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    payment_id uuid,
    order_id uuid,
    subject text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    resolution text DEFAULT ''::text NOT NULL,
    resolved_by text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone,
    action text DEFAULT ''::text NOT NULL,
    settled_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT payment_exceptions_check CHECK (((state = 'resolved'::text) = (resolved_at IS NOT NULL))),
    CONSTRAINT payment_exceptions_resolution_check CHECK ((length(resolution) <= 500)),
    CONSTRAINT payment_exceptions_settled CHECK (((settled_minor = 0) OR ((payment_id IS NOT NULL) AND (state = 'resolved'::text)))),
    CONSTRAINT payment_exceptions_settled_minor_check CHECK ((settled_minor >= 0)),
    CONSTRAINT payment_exceptions_state_check CHECK ((state = ANY (ARRAY['open'::text, 'resolved'::text])))
);

CREATE TABLE public.payment_instructions (
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    currency character(3) NOT NULL,
    kind text NOT NULL,
    amount_minor bigint NOT NULL,
    taken text DEFAULT ''::text NOT NULL,
    refund_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'due'::text NOT NULL,
    cause text DEFAULT ''::text NOT NULL,
    problem text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    final boolean DEFAULT true NOT NULL,
    ahead boolean DEFAULT false NOT NULL,
    by_hand boolean DEFAULT false NOT NULL,
    dispute_id uuid,
    evidence jsonb,
    CONSTRAINT payment_instructions_ahead CHECK (((NOT ahead) OR ((kind = 'refund'::text) AND (refund_id IS NULL)))),
    CONSTRAINT payment_instructions_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT payment_instructions_check CHECK (((kind = 'refund'::text) OR (refund_id IS NULL))),
    CONSTRAINT payment_instructions_check1 CHECK (((state <> 'done'::text) OR (cause <> ''::text))),
    CONSTRAINT payment_instructions_dispute CHECK (((kind = ANY (ARRAY['contest'::text, 'concede'::text])) = (dispute_id IS NOT NULL))),
    CONSTRAINT payment_instructions_evidence CHECK (((kind = 'contest'::text) = (evidence IS NOT NULL))),
    CONSTRAINT payment_instructions_kind_check CHECK ((kind = ANY (ARRAY['capture'::text, 'void'::text, 'refund'::text, 'contest'::text, 'concede'::text]))),
    CONSTRAINT payment_instructions_reason_check CHECK ((length(reason) <= 500)),
    CONSTRAINT payment_instructions_state_check CHECK ((state = ANY (ARRAY['due'::text, 'done'::text, 'refused'::text])))
);

CREATE TABLE public.payment_refs (
    provider text NOT NULL,
    ref text NOT NULL,
    payment_id uuid NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT payment_refs_ref_check CHECK (((length(ref) >= 1) AND (length(ref) <= 255)))
);

ALTER TABLE public.payment_refs ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_refs_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    provider text NOT NULL,
    provider_ref text,
    status text NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    authorized_minor bigint DEFAULT 0 NOT NULL,
    captured_minor bigint DEFAULT 0 NOT NULL,
    voided_minor bigint DEFAULT 0 NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    refunding_minor bigint DEFAULT 0 NOT NULL,
    owed boolean DEFAULT false NOT NULL,
    return_url text DEFAULT ''::text NOT NULL,
    look_at timestamp with time zone,
    looked integer DEFAULT 0 NOT NULL,
    keeps boolean DEFAULT false NOT NULL,
    away boolean DEFAULT false NOT NULL,
    CONSTRAINT payments_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'authorized'::text, 'partially_captured'::text, 'captured'::text, 'failed'::text, 'voided'::text]))),
    CONSTRAINT payments_within_bounds CHECK (((0 <= refunded_minor) AND (0 <= refunding_minor) AND ((refunded_minor + refunding_minor) <= captured_minor) AND (0 <= voided_minor) AND ((captured_minor + voided_minor) <= authorized_minor) AND (authorized_minor <= amount_minor)))
);

CREATE TABLE public.plans (
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    rank integer DEFAULT 0 NOT NULL,
    unit text NOT NULL,
    units integer NOT NULL,
    trial_days integer DEFAULT 0 NOT NULL,
    grace_days integer DEFAULT 0 NOT NULL,
    dunning_days integer[] DEFAULT '{}'::integer[] NOT NULL,
    pause_days integer DEFAULT 0 NOT NULL,
    early_access_hours integer DEFAULT 0 NOT NULL,
    more_wishlists integer DEFAULT 0 NOT NULL,
    archived_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT plans_description_check CHECK ((length(description) <= 2000)),
    CONSTRAINT plans_early_access_hours_check CHECK (((early_access_hours >= 0) AND (early_access_hours <= 8760))),
    CONSTRAINT plans_grace_days_check CHECK (((grace_days >= 0) AND (grace_days <= 90))),
    CONSTRAINT plans_more_wishlists_check CHECK (((more_wishlists >= 0) AND (more_wishlists <= 1000))),
    CONSTRAINT plans_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60))),
    CONSTRAINT plans_pause_days_check CHECK (((pause_days >= 0) AND (pause_days <= 365))),
    CONSTRAINT plans_trial_days_check CHECK (((trial_days >= 0) AND (trial_days <= 365))),
    CONSTRAINT plans_unit_check CHECK ((unit = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'year'::text]))),
    CONSTRAINT plans_units_check CHECK (((units >= 1) AND (units <= 120)))
);

CREATE TABLE public.popularity_due (
    product_id uuid NOT NULL
);

CREATE TABLE public.price_history (
    seq bigint NOT NULL,
    variant_id uuid NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    compare_at_minor bigint,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.price_history ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.price_history_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.price_list_prices (
    list_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    currency character(3) NOT NULL,
    min_quantity integer DEFAULT 1 NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT price_list_prices_amount_minor_check CHECK (((amount_minor >= 0) AND (amount_minor <= '1000000000000'::bigint))),
    CONSTRAINT price_list_prices_min_quantity_check CHECK (((min_quantity >= 1) AND (min_quantity <= 10000)))
);

CREATE TABLE public.price_lists (
    id uuid NOT NULL,
    vendor_id uuid,
    name text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    customer_groups text[] DEFAULT '{}'::text[] NOT NULL,
    plans uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    starts_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT price_lists_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT price_lists_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'archived'::text]))),
    CONSTRAINT price_lists_window CHECK ((ends_at > starts_at))
);

CREATE TABLE public.prices (
    variant_id uuid NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    compare_at_minor bigint,
    lowest_30d_minor bigint,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    derived boolean DEFAULT false NOT NULL,
    CONSTRAINT prices_amount_range CHECK (((amount_minor >= 0) AND (amount_minor <= '1000000000000'::bigint))),
    CONSTRAINT prices_compare_at_above CHECK ((compare_at_minor > amount_minor))
);

CREATE TABLE public.product_alerts (
    id uuid NOT NULL,
    kind text NOT NULL,
    variant_id uuid NOT NULL,
    email text NOT NULL,
    user_id uuid,
    locale text DEFAULT ''::text NOT NULL,
    currency character(3) NOT NULL,
    added_minor bigint,
    told_minor bigint,
    sold_out boolean DEFAULT false NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone,
    told_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT product_alerts_email_check CHECK (((length(email) >= 3) AND (length(email) <= 254))),
    CONSTRAINT product_alerts_kind_check CHECK ((kind = ANY (ARRAY['price_drop'::text, 'back_in_stock'::text])))
);

CREATE TABLE public.product_categories (
    product_id uuid NOT NULL,
    category_id uuid NOT NULL,
    "position" integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.product_changes (
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    edit jsonb NOT NULL,
    diff jsonb,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT product_changes_check CHECK (((state = 'pending'::text) = (decided_at IS NULL))),
    CONSTRAINT product_changes_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'withdrawn'::text])))
);

CREATE TABLE public.product_exports (
    id uuid NOT NULL,
    format text NOT NULL,
    vendor text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    file text NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    variants integer DEFAULT 0 NOT NULL,
    failure text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    vendor_id uuid,
    CONSTRAINT product_exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'ready'::text, 'failed'::text])))
);

CREATE TABLE public.product_gate_plans (
    product_id uuid NOT NULL,
    plan_id uuid NOT NULL
);

CREATE TABLE public.product_gates (
    product_id uuid NOT NULL,
    until timestamp with time zone,
    hours integer,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT product_gates_hours_check CHECK (((hours >= 1) AND (hours <= 8760))),
    CONSTRAINT product_gates_one CHECK (((until IS NULL) OR (hours IS NULL)))
);

CREATE TABLE public.product_options (
    product_id uuid NOT NULL,
    "position" integer NOT NULL,
    name text NOT NULL,
    "values" text[] NOT NULL,
    CONSTRAINT product_options_position_check CHECK ((("position" >= 1) AND ("position" <= 3)))
);

CREATE TABLE public.product_pages (
    product_id uuid NOT NULL,
    currency character(3) NOT NULL,
    slug text NOT NULL,
    card text NOT NULL,
    head text NOT NULL,
    variants text[] NOT NULL,
    variant_ids uuid[] NOT NULL
);

CREATE TABLE public.product_ratings (
    product_id uuid NOT NULL,
    rating_count integer DEFAULT 0 NOT NULL,
    rating_sum bigint DEFAULT 0 NOT NULL,
    stars_1 integer DEFAULT 0 NOT NULL,
    stars_2 integer DEFAULT 0 NOT NULL,
    stars_3 integer DEFAULT 0 NOT NULL,
    stars_4 integer DEFAULT 0 NOT NULL,
    stars_5 integer DEFAULT 0 NOT NULL,
    CONSTRAINT product_ratings_count CHECK ((rating_count = ((((stars_1 + stars_2) + stars_3) + stars_4) + stars_5))),
    CONSTRAINT product_ratings_stars_1_check CHECK ((stars_1 >= 0)),
    CONSTRAINT product_ratings_stars_2_check CHECK ((stars_2 >= 0)),
    CONSTRAINT product_ratings_stars_3_check CHECK ((stars_3 >= 0)),
    CONSTRAINT product_ratings_stars_4_check CHECK ((stars_4 >= 0)),
    CONSTRAINT product_ratings_stars_5_check CHECK ((stars_5 >= 0)),
    CONSTRAINT product_ratings_sum CHECK ((rating_sum = ((((stars_1 + (2 * stars_2)) + (3 * stars_3)) + (4 * stars_4)) + (5 * stars_5))))
);

CREATE TABLE public.product_relations (
    product_id uuid NOT NULL,
    kind text NOT NULL,
    related_id uuid NOT NULL,
    "position" integer NOT NULL,
    CONSTRAINT product_relations_check CHECK ((product_id <> related_id)),
    CONSTRAINT product_relations_kind_check CHECK ((kind = ANY (ARRAY['related'::text, 'upsell'::text, 'cross_sell'::text])))
);

CREATE TABLE public.product_slugs (
    slug text NOT NULL,
    product_id uuid NOT NULL,
    left_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.product_tags (
    product_id uuid NOT NULL,
    tag_id uuid NOT NULL
);

CREATE TABLE public.product_types (
    key text NOT NULL,
    label text NOT NULL,
    attributes jsonb DEFAULT '[]'::jsonb NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT product_types_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT product_types_label_check CHECK (((length(label) >= 1) AND (length(label) <= 200)))
);

CREATE TABLE public.products (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    brand_id uuid,
    slug text NOT NULL,
    handle text,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    status_reason text DEFAULT ''::text NOT NULL,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    seo_title text DEFAULT ''::text NOT NULL,
    seo_description text DEFAULT ''::text NOT NULL,
    published_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    publish_at timestamp with time zone,
    unpublish_at timestamp with time zone,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    gift_card boolean DEFAULT false NOT NULL,
    unlisted boolean DEFAULT false NOT NULL,
    CONSTRAINT products_sale_window CHECK ((unpublish_at > publish_at)),
    CONSTRAINT products_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'pending_review'::text, 'scheduled'::text, 'active'::text, 'rejected'::text, 'archived'::text]))),
    CONSTRAINT products_title_check CHECK (((length(title) >= 1) AND (length(title) <= 300)))
);

CREATE TABLE public.promotion_redemptions (
    id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    coupon_id uuid,
    order_id uuid NOT NULL,
    customer bytea NOT NULL,
    slot integer,
    amount_minor bigint NOT NULL,
    currency character(3) NOT NULL,
    redeemed_at timestamp with time zone DEFAULT now() NOT NULL,
    released_at timestamp with time zone,
    CONSTRAINT promotion_redemptions_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT promotion_redemptions_customer_check CHECK ((length(customer) = 32)),
    CONSTRAINT promotion_redemptions_slot_check CHECK ((slot >= 0))
);

CREATE TABLE public.promotions (
    id uuid NOT NULL,
    vendor_id uuid,
    name text NOT NULL,
    needs_code boolean NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    exclusive boolean DEFAULT false NOT NULL,
    stacking_group text DEFAULT ''::text NOT NULL,
    platform_ppm integer NOT NULL,
    conditions jsonb NOT NULL,
    reward jsonb NOT NULL,
    starts_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone,
    usage_limit integer,
    customer_limit integer,
    budget_minor bigint,
    budget_currency character(3),
    used integer DEFAULT 0 NOT NULL,
    spent_minor bigint DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    plan_id uuid,
    CONSTRAINT promotions_budget CHECK (((budget_minor IS NULL) = (budget_currency IS NULL))),
    CONSTRAINT promotions_budget_minor_check CHECK ((budget_minor > 0)),
    CONSTRAINT promotions_customer_limit_check CHECK ((customer_limit > 0)),
    CONSTRAINT promotions_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT promotions_plan CHECK (((plan_id IS NULL) OR ((vendor_id IS NULL) AND (NOT needs_code)))),
    CONSTRAINT promotions_platform_ppm_check CHECK (((platform_ppm >= 0) AND (platform_ppm <= 1000000))),
    CONSTRAINT promotions_spent_minor_check CHECK ((spent_minor >= 0)),
    CONSTRAINT promotions_stacking_group_check CHECK ((length(stacking_group) <= 60)),
    CONSTRAINT promotions_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'paused'::text, 'archived'::text]))),
    CONSTRAINT promotions_usage_limit_check CHECK ((usage_limit > 0)),
    CONSTRAINT promotions_used_check CHECK ((used >= 0)),
    CONSTRAINT promotions_vendor_pays CHECK (((vendor_id IS NULL) OR (platform_ppm = 0))),
    CONSTRAINT promotions_window CHECK ((ends_at > starts_at)),
    CONSTRAINT promotions_within_budget CHECK ((spent_minor <= budget_minor)),
    CONSTRAINT promotions_within_limit CHECK ((used <= usage_limit))
);

CREATE TABLE public.provider_movements (
    id uuid NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    ref text NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT provider_movements_fee_minor_check CHECK ((fee_minor >= 0)),
    CONSTRAINT provider_movements_kind_check CHECK ((kind = ANY (ARRAY['payout'::text, 'fee'::text]))),
    CONSTRAINT provider_movements_ref_check CHECK (((length(ref) >= 1) AND (length(ref) <= 255)))
);

CREATE SEQUENCE public.quote_epochs_version
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.quote_epochs (
    slot integer NOT NULL,
    version bigint DEFAULT nextval('public.quote_epochs_version'::regclass) NOT NULL
);

ALTER TABLE public.quote_epochs ALTER COLUMN slot ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.quote_epochs_slot_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.quote_features (
    name text NOT NULL
);

CREATE TABLE public.reconciliation_places (
    provider text NOT NULL,
    until_at timestamp with time zone,
    asked_at timestamp with time zone NOT NULL
);

CREATE TABLE public.reconciliations (
    id uuid NOT NULL,
    provider text NOT NULL,
    source text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    movements integer NOT NULL,
    posted integer NOT NULL,
    found integer NOT NULL,
    resolved integer NOT NULL,
    actor text NOT NULL,
    ran_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reconciliations_check CHECK ((from_at < until_at)),
    CONSTRAINT reconciliations_source_check CHECK ((source = ANY (ARRAY['nightly'::text, 'asked'::text, 'file'::text])))
);

CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.refresh_tokens (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone
);

CREATE TABLE public.refund_lines (
    id uuid NOT NULL,
    refund_id uuid NOT NULL,
    vendor_order_id uuid NOT NULL,
    order_line_id uuid,
    quantity integer DEFAULT 0 NOT NULL,
    amount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    commission_minor bigint NOT NULL,
    platform_minor bigint NOT NULL,
    fee boolean DEFAULT false NOT NULL,
    CONSTRAINT refund_lines_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT refund_lines_commission_minor_check CHECK ((commission_minor >= 0)),
    CONSTRAINT refund_lines_fee CHECK (((NOT fee) OR ((order_line_id IS NULL) AND (commission_minor = 0) AND (platform_minor = 0)))),
    CONSTRAINT refund_lines_platform_minor_check CHECK ((platform_minor >= 0)),
    CONSTRAINT refund_lines_quantity_check CHECK ((quantity >= 0)),
    CONSTRAINT refund_lines_tax_minor_check CHECK ((tax_minor >= 0))
);

CREATE TABLE public.refund_requests (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    body jsonb NOT NULL,
    asked_by text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    decided_by text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    refund_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    dispute_id uuid,
    CONSTRAINT refund_requests_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT refund_requests_check CHECK (((state = 'waiting'::text) = (decided_at IS NULL))),
    CONSTRAINT refund_requests_outcome CHECK (
CASE
    WHEN (state = 'approved'::text) THEN ((refund_id IS NULL) <> (dispute_id IS NULL))
    ELSE (refund_id IS NULL)
END),
    CONSTRAINT refund_requests_reason_check CHECK ((length(reason) <= 500)),
    CONSTRAINT refund_requests_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'approved'::text, 'rejected'::text])))
);

CREATE TABLE public.refunds (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    destination text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT refunds_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT refunds_destination_check CHECK ((destination = ANY (ARRAY['method'::text, 'store_credit'::text]))),
    CONSTRAINT refunds_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);

CREATE TABLE public.reservations (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    order_line_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    quantity integer NOT NULL,
    state text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reservations_check CHECK (((state = 'held'::text) = (expires_at IS NOT NULL))),
    CONSTRAINT reservations_check1 CHECK (((state = ANY (ARRAY['held'::text, 'allocated'::text])) OR (quantity = 0))),
    CONSTRAINT reservations_quantity_check CHECK ((quantity >= 0)),
    CONSTRAINT reservations_state_check CHECK ((state = ANY (ARRAY['held'::text, 'allocated'::text, 'shipped'::text, 'released'::text])))
);

CREATE TABLE public.review_photos (
    id uuid NOT NULL,
    review_id uuid,
    file text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.review_reports (
    review_id uuid NOT NULL,
    user_id uuid NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT review_reports_reason_check CHECK ((reason = ANY (ARRAY['spam'::text, 'offensive'::text, 'off_topic'::text, 'fake'::text, 'personal_data'::text, 'other'::text])))
);

CREATE TABLE public.review_votes (
    review_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.reviews (
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    user_id uuid,
    author text NOT NULL,
    rating integer NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    body text NOT NULL,
    fingerprint bytea,
    status text NOT NULL,
    held_for text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    reply text DEFAULT ''::text NOT NULL,
    replied_at timestamp with time zone,
    helpful_count integer DEFAULT 0 NOT NULL,
    report_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT reviews_author_check CHECK ((length(author) <= 60)),
    CONSTRAINT reviews_body_check CHECK ((length(body) <= 5000)),
    CONSTRAINT reviews_held CHECK (((status = 'pending'::text) = (held_for <> ''::text))),
    CONSTRAINT reviews_held_for_check CHECK ((held_for = ANY (ARRAY[''::text, 'approval'::text, 'links'::text, 'copy'::text, 'reports'::text, 'rejection'::text]))),
    CONSTRAINT reviews_helpful_count_check CHECK ((helpful_count >= 0)),
    CONSTRAINT reviews_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT reviews_reason_check CHECK ((length(reason) <= 1000)),
    CONSTRAINT reviews_rejected CHECK (((status = 'rejected'::text) = (reason <> ''::text))),
    CONSTRAINT reviews_replied CHECK (((reply = ''::text) = (replied_at IS NULL))),
    CONSTRAINT reviews_reply_check CHECK ((length(reply) <= 5000)),
    CONSTRAINT reviews_report_count_check CHECK ((report_count >= 0)),
    CONSTRAINT reviews_say_something CHECK (((user_id IS NULL) OR (body <> ''::text))),
    CONSTRAINT reviews_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'published'::text, 'rejected'::text]))),
    CONSTRAINT reviews_title_check CHECK ((length(title) <= 120))
);

CREATE TABLE public.roles (
    name text NOT NULL,
    label text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    permissions text[] DEFAULT '{}'::text[] NOT NULL,
    built_in boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT roles_description_check CHECK ((length(description) <= 500)),
    CONSTRAINT roles_label_check CHECK (((length(label) >= 1) AND (length(label) <= 100))),
    CONSTRAINT roles_name_check CHECK (((name ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(name) <= 40)))
);

CREATE TABLE public.saved_methods (
    user_id uuid NOT NULL,
    provider text NOT NULL,
    ref text NOT NULL,
    label text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT saved_methods_label_check CHECK ((length(label) <= 100)),
    CONSTRAINT saved_methods_ref_check CHECK (((length(ref) >= 1) AND (length(ref) <= 500)))
);

CREATE TABLE public.search_nodes (
    id uuid NOT NULL,
    host text NOT NULL,
    documents bigint NOT NULL,
    segments integer NOT NULL,
    size bigint NOT NULL,
    lag_seconds double precision NOT NULL,
    built_at timestamp with time zone NOT NULL,
    saved_at timestamp with time zone,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    successor_key bytea DEFAULT (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_why text,
    authenticated_at timestamp with time zone DEFAULT now() NOT NULL,
    method text DEFAULT 'password'::text NOT NULL,
    impersonator_id uuid,
    read_only boolean DEFAULT false NOT NULL,
    device text DEFAULT ''::text NOT NULL,
    remembered boolean DEFAULT true NOT NULL,
    CONSTRAINT sessions_check CHECK (((method = 'impersonation'::text) = (impersonator_id IS NOT NULL))),
    CONSTRAINT sessions_method_check CHECK ((method = ANY (ARRAY['password'::text, 'passkey'::text, 'external'::text, 'link'::text, 'setup'::text, 'impersonation'::text])))
);

CREATE TABLE public.settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.setup_tokens (
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.shipment_lines (
    shipment_id uuid NOT NULL,
    order_line_id uuid NOT NULL,
    quantity integer NOT NULL,
    CONSTRAINT shipment_lines_quantity_check CHECK ((quantity > 0))
);

CREATE TABLE public.shipments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    vendor_order_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    courier text DEFAULT ''::text NOT NULL,
    tracking_number text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    shipped_at timestamp with time zone DEFAULT now() NOT NULL,
    delivered_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    kind text DEFAULT 'parcel'::text NOT NULL,
    CONSTRAINT shipments_check CHECK (((status = 'delivered'::text) = (delivered_at IS NOT NULL))),
    CONSTRAINT shipments_courier_check CHECK ((length(courier) <= 60)),
    CONSTRAINT shipments_kind_check CHECK ((kind = ANY (ARRAY['parcel'::text, 'digital'::text]))),
    CONSTRAINT shipments_status_check CHECK ((status = ANY (ARRAY['shipped'::text, 'in_transit'::text, 'out_for_delivery'::text, 'delivered'::text, 'failed'::text, 'returned'::text]))),
    CONSTRAINT shipments_tracking_number_check CHECK ((length(tracking_number) <= 100))
);

CREATE TABLE public.shipping_options (
    id uuid NOT NULL,
    zone_id uuid NOT NULL,
    vendor_id uuid,
    name text NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    currency character(3) NOT NULL,
    price_minor bigint DEFAULT 0 NOT NULL,
    tiers jsonb DEFAULT '[]'::jsonb NOT NULL,
    free_above_minor bigint,
    min_days integer NOT NULL,
    max_days integer NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT shipping_options_check CHECK ((max_days >= min_days)),
    CONSTRAINT shipping_options_free_above_minor_check CHECK ((free_above_minor >= 0)),
    CONSTRAINT shipping_options_kind_check CHECK ((kind = ANY (ARRAY['standard'::text, 'express'::text, 'pickup'::text]))),
    CONSTRAINT shipping_options_min_days_check CHECK ((min_days >= 0)),
    CONSTRAINT shipping_options_price_minor_check CHECK ((price_minor >= 0)),
    CONSTRAINT shipping_options_rule_check CHECK ((rule = ANY (ARRAY['flat'::text, 'by_weight'::text, 'by_value'::text])))
);

CREATE TABLE public.shipping_zones (
    id uuid NOT NULL,
    name text NOT NULL,
    countries text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL
);

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone
);

CREATE TABLE public.stock_levels (
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    on_hand integer DEFAULT 0 NOT NULL,
    reserved integer DEFAULT 0 NOT NULL,
    allocated integer DEFAULT 0 NOT NULL,
    backorder_limit integer DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    serialised boolean DEFAULT false NOT NULL,
    CONSTRAINT stock_levels_backorder_limit_check CHECK ((backorder_limit >= 0)),
    CONSTRAINT stock_levels_no_oversell CHECK ((((on_hand - reserved) - allocated) >= (- backorder_limit))),
    CONSTRAINT stock_levels_nothing_negative CHECK (((on_hand >= 0) AND (reserved >= 0) AND (allocated >= 0)))
)
WITH (fillfactor='70');

CREATE TABLE public.stock_movements (
    seq bigint NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    delta integer NOT NULL,
    reason text NOT NULL,
    ref uuid,
    actor text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stock_movements_delta_check CHECK ((delta <> 0)),
    CONSTRAINT stock_movements_reason_check CHECK ((reason = ANY (ARRAY['receive'::text, 'count'::text, 'import'::text, 'sale'::text, 'return'::text, 'damage'::text])))
);

ALTER TABLE public.stock_movements ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.stock_movements_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.store_credit_entries (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    currency character(3) NOT NULL,
    kind text NOT NULL,
    delta_minor bigint NOT NULL,
    payment_id uuid,
    order_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT store_credit_entries_check CHECK (((kind = ANY (ARRAY['redeemed'::text, 'returned'::text])) = (payment_id IS NOT NULL))),
    CONSTRAINT store_credit_entries_delta_minor_check CHECK ((delta_minor <> 0)),
    CONSTRAINT store_credit_entries_kind_check CHECK ((kind = ANY (ARRAY['granted'::text, 'withdrawn'::text, 'redeemed'::text, 'returned'::text, 'refunded'::text]))),
    CONSTRAINT store_credit_entries_reason_check CHECK ((length(reason) <= 500))
);

CREATE TABLE public.store_credits (
    user_id uuid NOT NULL,
    currency character(3) NOT NULL,
    balance_minor bigint NOT NULL,
    CONSTRAINT store_credits_balance CHECK ((balance_minor >= 0))
);

CREATE TABLE public.tags (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.tax_answers (
    cart_id uuid NOT NULL,
    question bytea NOT NULL,
    engine text NOT NULL,
    answer jsonb,
    failure text DEFAULT ''::text NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT tax_answers_question_check CHECK ((length(question) = 32)),
    CONSTRAINT tax_answers_told CHECK (((answer IS NOT NULL) OR (failure <> ''::text)))
);

CREATE TABLE public.tax_engines (
    name text NOT NULL,
    enabled boolean NOT NULL,
    base_url text NOT NULL,
    key_sealed bytea NOT NULL,
    countries text[] NOT NULL,
    on_failure text NOT NULL,
    timeout_ms integer NOT NULL,
    codes jsonb DEFAULT '{}'::jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT tax_engines_countries_check CHECK ((cardinality(countries) > 0)),
    CONSTRAINT tax_engines_name_check CHECK ((name = 'taxjar'::text)),
    CONSTRAINT tax_engines_on_failure_check CHECK ((on_failure = ANY (ARRAY['refuse'::text, 'table'::text]))),
    CONSTRAINT tax_engines_timeout_ms_check CHECK (((timeout_ms >= 100) AND (timeout_ms <= 30000)))
);

CREATE TABLE public.tax_exemptions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    certificate text NOT NULL,
    countries text[] NOT NULL,
    regions text[] DEFAULT '{}'::text[] NOT NULL,
    valid_until date,
    decided_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT tax_exemptions_certificate_check CHECK (((length(certificate) >= 1) AND (length(certificate) <= 100))),
    CONSTRAINT tax_exemptions_countries_check CHECK ((cardinality(countries) > 0))
);

CREATE TABLE public.tax_rates (
    id uuid NOT NULL,
    zone_id uuid NOT NULL,
    tax_class text DEFAULT 'standard'::text NOT NULL,
    name text NOT NULL,
    rate_ppm integer NOT NULL,
    shipping boolean DEFAULT true NOT NULL,
    compound boolean DEFAULT false NOT NULL,
    applies text DEFAULT 'always'::text NOT NULL,
    CONSTRAINT tax_rates_applies_check CHECK ((applies = ANY (ARRAY['always'::text, 'same_region'::text, 'other_region'::text, 'other_country'::text]))),
    CONSTRAINT tax_rates_rate_ppm_check CHECK (((rate_ppm >= 0) AND (rate_ppm <= 1000000)))
);

CREATE TABLE public.tax_zones (
    id uuid NOT NULL,
    name text NOT NULL,
    countries text[] NOT NULL,
    regions text[] DEFAULT '{}'::text[] NOT NULL,
    postal_prefixes text[] DEFAULT '{}'::text[] NOT NULL,
    included boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    per_total boolean DEFAULT false NOT NULL,
    half_even boolean DEFAULT false NOT NULL,
    reverse_charge boolean DEFAULT false NOT NULL,
    preset text DEFAULT ''::text NOT NULL,
    preset_version bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.test_payment_entries (
    seq bigint NOT NULL,
    payment_id uuid NOT NULL,
    kind text NOT NULL,
    ref text NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    key text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT test_payment_entries_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT test_payment_entries_kind_check CHECK ((kind = ANY (ARRAY['authorize'::text, 'capture'::text, 'void'::text, 'refund'::text, 'chargeback'::text, 'fail'::text, 'refund_failed'::text, 'chargeback_reversed'::text, 'dispute_lost'::text, 'dispute_contested'::text]))),
    CONSTRAINT test_payment_entries_note_check CHECK ((length(note) <= 20000)),
    CONSTRAINT test_payment_entries_ref_check CHECK (((length(ref) >= 1) AND (length(ref) <= 255)))
);

ALTER TABLE public.test_payment_entries ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.test_payment_entries_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.test_payments (
    payment_id uuid NOT NULL,
    number text NOT NULL,
    currency character(3) NOT NULL,
    amount_minor bigint NOT NULL,
    capture text NOT NULL,
    return_url text NOT NULL,
    closed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT test_payments_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT test_payments_capture_check CHECK ((capture = ANY (ARRAY['automatic'::text, 'on_shipment'::text]))),
    CONSTRAINT test_payments_number_check CHECK ((length(number) <= 100))
);

CREATE TABLE public.totp_factors (
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    last_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone
);

CREATE TABLE public.tracking_events (
    seq bigint NOT NULL,
    shipment_id uuid NOT NULL,
    status text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.tracking_events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tracking_events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.translated_pages (
    product_id uuid NOT NULL,
    currency character(3) NOT NULL,
    locale text NOT NULL,
    card text NOT NULL,
    head text NOT NULL,
    variants text[] NOT NULL
);

CREATE TABLE public.user_roles (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.users (
    id uuid NOT NULL,
    username text NOT NULL,
    email text,
    email_verified_at timestamp with time zone,
    name text DEFAULT ''::text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    disabled_at timestamp with time zone,
    erased_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    locale text DEFAULT ''::text NOT NULL,
    currency text DEFAULT ''::text NOT NULL,
    avatar text DEFAULT ''::text NOT NULL,
    CONSTRAINT users_check CHECK (((erased_at IS NULL) OR (email IS NULL))),
    CONSTRAINT users_currency_check CHECK ((length(currency) = ANY (ARRAY[0, 3]))),
    CONSTRAINT users_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT users_locale_check CHECK ((length(locale) <= 35)),
    CONSTRAINT users_name_check CHECK ((length(name) <= 200)),
    CONSTRAINT users_phone_check CHECK ((length(phone) <= 20)),
    CONSTRAINT users_username_check CHECK (((length(username) >= 3) AND (length(username) <= 40)))
);

CREATE TABLE public.variant_components (
    bundle_id uuid NOT NULL,
    component_id uuid NOT NULL,
    quantity integer NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    CONSTRAINT variant_components_itself CHECK ((bundle_id <> component_id)),
    CONSTRAINT variant_components_quantity_check CHECK (((quantity >= 1) AND (quantity <= 1000)))
);

CREATE TABLE public.variants (
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    sku text,
    barcode text DEFAULT ''::text NOT NULL,
    title text NOT NULL,
    options text[] DEFAULT '{}'::text[] NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    weight_grams integer DEFAULT 0 NOT NULL,
    tax_class text DEFAULT 'standard'::text NOT NULL,
    taxable boolean DEFAULT true NOT NULL,
    requires_shipping boolean DEFAULT true NOT NULL,
    tracked boolean DEFAULT true NOT NULL,
    media_id uuid,
    archived_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    length_mm integer DEFAULT 0 NOT NULL,
    width_mm integer DEFAULT 0 NOT NULL,
    height_mm integer DEFAULT 0 NOT NULL,
    min_quantity integer DEFAULT 1 NOT NULL,
    max_quantity integer DEFAULT 0 NOT NULL,
    bundle text,
    bundle_discount_bps integer DEFAULT 0 NOT NULL,
    content_amount integer DEFAULT 0 NOT NULL,
    content_unit text DEFAULT ''::text NOT NULL,
    CONSTRAINT variants_bundle_check CHECK ((bundle = ANY (ARRAY['fixed'::text, 'summed'::text]))),
    CONSTRAINT variants_bundle_discount CHECK (((bundle_discount_bps = 0) OR ((bundle = 'summed'::text) AND ((bundle_discount_bps >= 1) AND (bundle_discount_bps <= 9999))))),
    CONSTRAINT variants_bundle_tracked CHECK (((bundle IS NULL) OR tracked)),
    CONSTRAINT variants_check CHECK (((max_quantity = 0) OR (max_quantity >= min_quantity))),
    CONSTRAINT variants_content CHECK (((content_amount = 0) = (content_unit = ''::text))),
    CONSTRAINT variants_content_amount_check CHECK ((content_amount >= 0)),
    CONSTRAINT variants_content_unit_check CHECK ((content_unit = ANY (ARRAY[''::text, 'g'::text, 'kg'::text, 'ml'::text, 'l'::text, 'cm'::text, 'm'::text, 'cm2'::text, 'm2'::text, 'piece'::text]))),
    CONSTRAINT variants_height_mm_check CHECK ((height_mm >= 0)),
    CONSTRAINT variants_length_mm_check CHECK ((length_mm >= 0)),
    CONSTRAINT variants_min_quantity_check CHECK ((min_quantity >= 1)),
    CONSTRAINT variants_sku_check CHECK (((length(sku) >= 1) AND (length(sku) <= 100))),
    CONSTRAINT variants_weight_grams_check CHECK ((weight_grams >= 0)),
    CONSTRAINT variants_width_mm_check CHECK ((width_mm >= 0))
);

CREATE VIEW public.variant_gates AS
 SELECT v.id AS variant_id,
    g.product_id,
    g.until,
    g.hours,
    p.published_at
   FROM ((public.variants v
     JOIN public.product_gates g ON ((g.product_id = v.product_id)))
     JOIN public.products p ON ((p.id = g.product_id)))
UNION
 SELECT c.bundle_id AS variant_id,
    g.product_id,
    g.until,
    g.hours,
    p.published_at
   FROM (((public.variant_components c
     JOIN public.variants part ON ((part.id = c.component_id)))
     JOIN public.product_gates g ON ((g.product_id = part.product_id)))
     JOIN public.products p ON ((p.id = g.product_id)));

CREATE TABLE public.variant_media (
    variant_id uuid NOT NULL,
    media_id uuid NOT NULL,
    "position" integer NOT NULL
);

CREATE TABLE public.vendor_invitations (
    id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    hash bytea NOT NULL,
    invited_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    accepted_by uuid,
    CONSTRAINT vendor_invitations_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT vendor_invitations_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'manager'::text, 'catalog'::text, 'orders'::text, 'finance'::text, 'viewer'::text])))
);

CREATE TABLE public.vendor_members (
    vendor_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'owner'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT vendor_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'manager'::text, 'catalog'::text, 'orders'::text, 'finance'::text, 'viewer'::text])))
);

CREATE TABLE public.vendor_orders (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    vendor_id uuid NOT NULL,
    vendor_name text NOT NULL,
    vendor_slug text NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    paid boolean DEFAULT false NOT NULL,
    currency character(3) NOT NULL,
    items_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    shipping_tax_minor bigint DEFAULT 0 NOT NULL,
    shipping_option jsonb NOT NULL,
    placed_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    shipping_platform_minor bigint DEFAULT 0 NOT NULL,
    house boolean DEFAULT false NOT NULL,
    credit_minor bigint DEFAULT 0 NOT NULL,
    fee_minor bigint DEFAULT 0 NOT NULL,
    fee_tax_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT vendor_orders_check CHECK (((shipping_platform_minor >= 0) AND (shipping_platform_minor <= discount_minor))),
    CONSTRAINT vendor_orders_check1 CHECK (((credit_minor >= 0) AND (credit_minor <= total_minor))),
    CONSTRAINT vendor_orders_fee_minor_check CHECK ((fee_minor >= 0)),
    CONSTRAINT vendor_orders_fee_tax_minor_check CHECK ((fee_tax_minor >= 0)),
    CONSTRAINT vendor_orders_shipping_minor_check CHECK ((shipping_minor >= 0)),
    CONSTRAINT vendor_orders_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'confirmed'::text, 'partially_shipped'::text, 'shipped'::text, 'delivered'::text, 'cancelled'::text, 'refused'::text, 'returned'::text]))),
    CONSTRAINT vendor_orders_total_minor_check CHECK ((total_minor >= 0))
);

CREATE TABLE public.vendors (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    status_reason text DEFAULT ''::text NOT NULL,
    commission_bps integer DEFAULT 1000 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    house boolean DEFAULT false NOT NULL,
    tax_country text DEFAULT ''::text NOT NULL,
    tax_region text DEFAULT ''::text NOT NULL,
    tax_postal_code text DEFAULT ''::text NOT NULL,
    tax_id text DEFAULT ''::text NOT NULL,
    CONSTRAINT vendors_commission_bps_check CHECK (((commission_bps >= 0) AND (commission_bps <= 10000))),
    CONSTRAINT vendors_house CHECK (((NOT house) OR ((status = 'active'::text) AND (commission_bps = 0)))),
    CONSTRAINT vendors_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT vendors_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'rejected'::text])))
);

CREATE TABLE public.webauthn_answers (
    challenge bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.webhook_inbox (
    id uuid NOT NULL,
    provider text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    ref text DEFAULT ''::text NOT NULL,
    body bytea NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    deliveries integer DEFAULT 1 NOT NULL,
    state text NOT NULL,
    problem text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_at timestamp with time zone,
    CONSTRAINT webhook_inbox_event_id_check CHECK (((length(event_id) >= 1) AND (length(event_id) <= 255))),
    CONSTRAINT webhook_inbox_ref_check CHECK ((length(ref) <= 255)),
    CONSTRAINT webhook_inbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'applied'::text, 'ignored'::text, 'given_up'::text]))),
    CONSTRAINT webhook_inbox_type_check CHECK ((length(type) <= 255))
);

CREATE TABLE public.wishlist_due (
    variant_id uuid NOT NULL
);

CREATE TABLE public.wishlist_items (
    id uuid NOT NULL,
    wishlist_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    quantity integer DEFAULT 1 NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    currency character(3) NOT NULL,
    added_minor bigint,
    told_minor bigint,
    sold_out boolean DEFAULT false NOT NULL,
    restock_told_at timestamp with time zone,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT wishlist_items_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT wishlist_items_quantity_check CHECK (((quantity >= 1) AND (quantity <= 10000)))
);

CREATE TABLE public.wishlists (
    id uuid NOT NULL,
    user_id uuid,
    name text NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    price_drops boolean DEFAULT true NOT NULL,
    back_in_stock boolean DEFAULT false NOT NULL,
    share_id uuid,
    share_name boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT wishlists_check CHECK (((user_id IS NOT NULL) OR ((NOT is_default) AND (share_id IS NULL)))),
    CONSTRAINT wishlists_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attributes
    ADD CONSTRAINT attributes_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (xid, seq);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_entry_key UNIQUE (xid, seq);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_pkey PRIMARY KEY (n);

ALTER TABLE ONLY public.avatars
    ADD CONSTRAINT avatars_pkey PRIMARY KEY (file);

ALTER TABLE ONLY public.bought_together
    ADD CONSTRAINT bought_together_pkey PRIMARY KEY (product_id, place);

ALTER TABLE ONLY public.brands
    ADD CONSTRAINT brands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.brands
    ADD CONSTRAINT brands_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.cart_coupons
    ADD CONSTRAINT cart_coupons_pkey PRIMARY KEY (cart_id, coupon_id);

ALTER TABLE ONLY public.cart_gift_cards
    ADD CONSTRAINT cart_gift_cards_pkey PRIMARY KEY (cart_id, gift_card_id);

ALTER TABLE ONLY public.cart_items
    ADD CONSTRAINT cart_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.cart_items
    ADD CONSTRAINT cart_items_variant_key UNIQUE (cart_id, variant_id);

ALTER TABLE ONLY public.carts
    ADD CONSTRAINT carts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_path_key UNIQUE (path);

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.collections
    ADD CONSTRAINT collections_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.collections
    ADD CONSTRAINT collections_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.coupons
    ADD CONSTRAINT coupons_code_key UNIQUE (code);

ALTER TABLE ONLY public.coupons
    ADD CONSTRAINT coupons_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.currencies
    ADD CONSTRAINT currencies_pkey PRIMARY KEY (currency);

ALTER TABLE ONLY public.customer_group_members
    ADD CONSTRAINT customer_group_members_pkey PRIMARY KEY (user_id, group_id);

ALTER TABLE ONLY public.customer_groups
    ADD CONSTRAINT customer_groups_handle_key UNIQUE (handle);

ALTER TABLE ONLY public.customer_groups
    ADD CONSTRAINT customer_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.data_exports
    ADD CONSTRAINT data_exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.data_exports
    ADD CONSTRAINT data_exports_user_key UNIQUE (user_id);

ALTER TABLE ONLY public.digital_files
    ADD CONSTRAINT digital_files_file_key UNIQUE (file);

ALTER TABLE ONLY public.digital_files
    ADD CONSTRAINT digital_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.digital_grants
    ADD CONSTRAINT digital_grants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dropped_methods
    ADD CONSTRAINT dropped_methods_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_cursors
    ADD CONSTRAINT event_cursors_pkey PRIMARY KEY (follower);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (xid, seq);

ALTER TABLE ONLY public.facet_values
    ADD CONSTRAINT facet_values_key UNIQUE (key, value);

ALTER TABLE ONLY public.facet_values
    ADD CONSTRAINT facet_values_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.feed_files
    ADD CONSTRAINT feed_files_pkey PRIMARY KEY (file);

ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.gift_card_entries
    ADD CONSTRAINT gift_card_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.gift_cards
    ADD CONSTRAINT gift_cards_code_key UNIQUE (code_hash);

ALTER TABLE ONLY public.gift_cards
    ADD CONSTRAINT gift_cards_id_currency_key UNIQUE (id, currency);

ALTER TABLE ONLY public.gift_cards
    ADD CONSTRAINT gift_cards_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.gift_cards
    ADD CONSTRAINT gift_cards_unit_key UNIQUE (order_line_id, number);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (principal, operation, key);

ALTER TABLE ONLY public.import_changes
    ADD CONSTRAINT import_changes_pkey PRIMARY KEY (import_id, number);

ALTER TABLE ONLY public.import_findings
    ADD CONSTRAINT import_findings_pkey PRIMARY KEY (import_id, warning, number);

ALTER TABLE ONLY public.import_rows
    ADD CONSTRAINT import_rows_pkey PRIMARY KEY (import_id, number);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.invoice_counters
    ADD CONSTRAINT invoice_counters_pkey PRIMARY KEY (vendor_id, kind, year);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_pkey PRIMARY KEY (invoice_id, "position");

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_id_vendor_order_id_key UNIQUE (id, vendor_order_id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_number_vendor_id_key UNIQUE (number, vendor_id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_vendor_id_kind_year_serial_key UNIQUE (vendor_id, kind, year, serial);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_id_currency_key UNIQUE (id, currency);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_key UNIQUE NULLS NOT DISTINCT (kind, currency, party, vendor_id);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.ledger_period_balances
    ADD CONSTRAINT ledger_period_balances_pkey PRIMARY KEY (month, account_id);

ALTER TABLE ONLY public.ledger_period_changes
    ADD CONSTRAINT ledger_period_changes_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.ledger_periods
    ADD CONSTRAINT ledger_periods_pkey PRIMARY KEY (month);

ALTER TABLE ONLY public.ledger_txns
    ADD CONSTRAINT ledger_txns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_txns
    ADD CONSTRAINT ledger_txns_ref_key UNIQUE (ref_type, ref_id);

ALTER TABLE ONLY public.letterheads
    ADD CONSTRAINT letterheads_pkey PRIMARY KEY (vendor_id);

ALTER TABLE ONLY public.licence_keys
    ADD CONSTRAINT licence_keys_digest_key UNIQUE (variant_id, digest);

ALTER TABLE ONLY public.licence_keys
    ADD CONSTRAINT licence_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.listed_products
    ADD CONSTRAINT listed_products_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.listings_due
    ADD CONSTRAINT listings_due_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_pkey PRIMARY KEY (product_id, currency);

ALTER TABLE ONLY public.listings_refused
    ADD CONSTRAINT listings_refused_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.locations
    ADD CONSTRAINT locations_name_key UNIQUE (vendor_id, name);

ALTER TABLE ONLY public.locations
    ADD CONSTRAINT locations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT login_failures_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.login_providers
    ADD CONSTRAINT login_providers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_providers
    ADD CONSTRAINT login_providers_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.mail_requests
    ADD CONSTRAINT mail_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.membership_events
    ADD CONSTRAINT membership_events_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.membership_periods
    ADD CONSTRAINT membership_periods_order_key UNIQUE (order_id);

ALTER TABLE ONLY public.membership_periods
    ADD CONSTRAINT membership_periods_pkey PRIMARY KEY (membership_id, number);

ALTER TABLE ONLY public.membership_renewals
    ADD CONSTRAINT membership_renewals_once PRIMARY KEY (membership_id, number);

ALTER TABLE ONLY public.membership_renewals
    ADD CONSTRAINT membership_renewals_order_id_key UNIQUE (order_id);

ALTER TABLE ONLY public.membership_upgrades
    ADD CONSTRAINT membership_upgrades_order_id_key UNIQUE (order_id);

ALTER TABLE ONLY public.membership_upgrades
    ADD CONSTRAINT membership_upgrades_pkey PRIMARY KEY (cart_item_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_once UNIQUE (event_id, kind, recipient);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mfa_attempts
    ADD CONSTRAINT mfa_attempts_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.notification_preferences
    ADD CONSTRAINT notification_preferences_pkey PRIMARY KEY (user_id, topic, channel);

ALTER TABLE ONLY public.oidc_identities
    ADD CONSTRAINT oidc_identities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oidc_identities
    ADD CONSTRAINT oidc_identities_subject_key UNIQUE (provider_id, subject);

ALTER TABLE ONLY public.order_line_components
    ADD CONSTRAINT order_line_components_pkey PRIMARY KEY (order_line_id, variant_id);

ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.order_notes
    ADD CONSTRAINT order_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_cart_key UNIQUE (cart_id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_id_currency_key UNIQUE (id, currency);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_number_key UNIQUE (number);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_credential_key UNIQUE (credential_id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.past_queries
    ADD CONSTRAINT past_queries_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.payment_accounts
    ADD CONSTRAINT payment_accounts_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY public.payment_disputes
    ADD CONSTRAINT payment_disputes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_disputes
    ADD CONSTRAINT payment_disputes_ref_key UNIQUE (payment_id, ref);

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_cause_key UNIQUE (payment_id, kind, cause);

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_exceptions
    ADD CONSTRAINT payment_exceptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_instructions
    ADD CONSTRAINT payment_instructions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_refs
    ADD CONSTRAINT payment_refs_pkey PRIMARY KEY (provider, ref);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_id_currency_key UNIQUE (id, currency);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_variant_key UNIQUE (variant_id);

ALTER TABLE ONLY public.popularity_due
    ADD CONSTRAINT popularity_due_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.price_history
    ADD CONSTRAINT price_history_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.price_list_prices
    ADD CONSTRAINT price_list_prices_pkey PRIMARY KEY (list_id, variant_id, currency, min_quantity);

ALTER TABLE ONLY public.price_lists
    ADD CONSTRAINT price_lists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (variant_id, currency);

ALTER TABLE ONLY public.product_alerts
    ADD CONSTRAINT product_alerts_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.product_alerts
    ADD CONSTRAINT product_alerts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product_categories
    ADD CONSTRAINT product_categories_pkey PRIMARY KEY (product_id, category_id);

ALTER TABLE ONLY public.product_changes
    ADD CONSTRAINT product_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product_exports
    ADD CONSTRAINT product_exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product_gate_plans
    ADD CONSTRAINT product_gate_plans_pkey PRIMARY KEY (product_id, plan_id);

ALTER TABLE ONLY public.product_gates
    ADD CONSTRAINT product_gates_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.product_options
    ADD CONSTRAINT product_options_pkey PRIMARY KEY (product_id, "position");

ALTER TABLE ONLY public.product_pages
    ADD CONSTRAINT product_pages_pkey PRIMARY KEY (product_id, currency);

ALTER TABLE ONLY public.product_ratings
    ADD CONSTRAINT product_ratings_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.product_relations
    ADD CONSTRAINT product_relations_pkey PRIMARY KEY (product_id, kind, related_id);

ALTER TABLE ONLY public.product_slugs
    ADD CONSTRAINT product_slugs_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.product_tags
    ADD CONSTRAINT product_tags_pkey PRIMARY KEY (product_id, tag_id);

ALTER TABLE ONLY public.product_types
    ADD CONSTRAINT product_types_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_handle_key UNIQUE (vendor_id, handle);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_id_vendor_id_key UNIQUE (id, vendor_id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.promotion_redemptions
    ADD CONSTRAINT promotion_redemptions_once UNIQUE (order_id, promotion_id);

ALTER TABLE ONLY public.promotion_redemptions
    ADD CONSTRAINT promotion_redemptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_movements
    ADD CONSTRAINT provider_movements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_movements
    ADD CONSTRAINT provider_movements_ref_key UNIQUE (provider, kind, ref);

ALTER TABLE ONLY public.quote_epochs
    ADD CONSTRAINT quote_epochs_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.reconciliation_places
    ADD CONSTRAINT reconciliation_places_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY public.reconciliations
    ADD CONSTRAINT reconciliations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.refund_lines
    ADD CONSTRAINT refund_lines_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refund_requests
    ADD CONSTRAINT refund_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.review_photos
    ADD CONSTRAINT review_photos_file_key UNIQUE (file);

ALTER TABLE ONLY public.review_photos
    ADD CONSTRAINT review_photos_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.review_reports
    ADD CONSTRAINT review_reports_pkey PRIMARY KEY (review_id, user_id);

ALTER TABLE ONLY public.review_votes
    ADD CONSTRAINT review_votes_pkey PRIMARY KEY (review_id, user_id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_author_key UNIQUE (user_id, product_id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_fingerprint_key UNIQUE (fingerprint, user_id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.saved_methods
    ADD CONSTRAINT saved_methods_pkey PRIMARY KEY (user_id, provider);

ALTER TABLE ONLY public.search_nodes
    ADD CONSTRAINT search_nodes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.setup_tokens
    ADD CONSTRAINT setup_tokens_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.shipment_lines
    ADD CONSTRAINT shipment_lines_pkey PRIMARY KEY (shipment_id, order_line_id);

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.shipping_options
    ADD CONSTRAINT shipping_options_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.shipping_zones
    ADD CONSTRAINT shipping_zones_name_key UNIQUE (name);

ALTER TABLE ONLY public.shipping_zones
    ADD CONSTRAINT shipping_zones_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.stock_levels
    ADD CONSTRAINT stock_levels_pkey PRIMARY KEY (variant_id, location_id);

ALTER TABLE ONLY public.stock_movements
    ADD CONSTRAINT stock_movements_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.store_credit_entries
    ADD CONSTRAINT store_credit_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.store_credits
    ADD CONSTRAINT store_credits_pkey PRIMARY KEY (user_id, currency);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.tax_answers
    ADD CONSTRAINT tax_answers_pkey PRIMARY KEY (cart_id, question);

ALTER TABLE ONLY public.tax_engines
    ADD CONSTRAINT tax_engines_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.tax_exemptions
    ADD CONSTRAINT tax_exemptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tax_rates
    ADD CONSTRAINT tax_rates_class_key UNIQUE (zone_id, tax_class, name);

ALTER TABLE ONLY public.tax_rates
    ADD CONSTRAINT tax_rates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tax_zones
    ADD CONSTRAINT tax_zones_name_key UNIQUE (name);

ALTER TABLE ONLY public.tax_zones
    ADD CONSTRAINT tax_zones_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.test_payment_entries
    ADD CONSTRAINT test_payment_entries_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.test_payment_entries
    ADD CONSTRAINT test_payment_entries_ref_key UNIQUE (payment_id, kind, ref);

ALTER TABLE ONLY public.test_payments
    ADD CONSTRAINT test_payments_pkey PRIMARY KEY (payment_id);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.tracking_events
    ADD CONSTRAINT tracking_events_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.translated_pages
    ADD CONSTRAINT translated_pages_pkey PRIMARY KEY (product_id, currency, locale);

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.variant_components
    ADD CONSTRAINT variant_components_pkey PRIMARY KEY (bundle_id, component_id);

ALTER TABLE ONLY public.variant_media
    ADD CONSTRAINT variant_media_pkey PRIMARY KEY (variant_id, media_id);

ALTER TABLE ONLY public.variants
    ADD CONSTRAINT variants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.vendor_invitations
    ADD CONSTRAINT vendor_invitations_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.vendor_invitations
    ADD CONSTRAINT vendor_invitations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.vendor_members
    ADD CONSTRAINT vendor_members_pkey PRIMARY KEY (vendor_id, user_id);

ALTER TABLE ONLY public.vendor_members
    ADD CONSTRAINT vendor_members_user_key UNIQUE (user_id);

ALTER TABLE ONLY public.vendor_orders
    ADD CONSTRAINT vendor_orders_id_order_id_vendor_id_key UNIQUE (id, order_id, vendor_id);

ALTER TABLE ONLY public.vendor_orders
    ADD CONSTRAINT vendor_orders_number_key UNIQUE (number);

ALTER TABLE ONLY public.vendor_orders
    ADD CONSTRAINT vendor_orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.vendor_orders
    ADD CONSTRAINT vendor_orders_vendor_key UNIQUE (order_id, vendor_id);

ALTER TABLE ONLY public.vendors
    ADD CONSTRAINT vendors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.vendors
    ADD CONSTRAINT vendors_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.webauthn_answers
    ADD CONSTRAINT webauthn_answers_pkey PRIMARY KEY (challenge);

ALTER TABLE ONLY public.webhook_inbox
    ADD CONSTRAINT webhook_inbox_event_key UNIQUE (provider, event_id);

ALTER TABLE ONLY public.webhook_inbox
    ADD CONSTRAINT webhook_inbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wishlist_due
    ADD CONSTRAINT wishlist_due_pkey PRIMARY KEY (variant_id);

ALTER TABLE ONLY public.wishlist_items
    ADD CONSTRAINT wishlist_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wishlist_items
    ADD CONSTRAINT wishlist_items_variant_key UNIQUE (wishlist_id, variant_id);

ALTER TABLE ONLY public.wishlists
    ADD CONSTRAINT wishlists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wishlists
    ADD CONSTRAINT wishlists_share_key UNIQUE (share_id);

CREATE UNIQUE INDEX addresses_one_default ON public.addresses USING btree (user_id) WHERE is_default;

CREATE INDEX addresses_user ON public.addresses USING btree (user_id);

CREATE INDEX adjustments_order ON public.adjustments USING btree (order_id);

CREATE INDEX api_keys_vendor ON public.api_keys USING btree (vendor_id, id);

CREATE INDEX audit_log_at ON public.audit_log USING btree (at DESC, id DESC);

CREATE INDEX audit_log_subject ON public.audit_log USING btree (subject, at DESC) WHERE (subject <> ''::text);

CREATE INDEX audit_log_user ON public.audit_log USING btree (user_id, at DESC) WHERE (user_id IS NOT NULL);

CREATE INDEX avatars_created ON public.avatars USING btree (created_at);

CREATE INDEX cart_coupons_coupon ON public.cart_coupons USING btree (coupon_id);

CREATE INDEX carts_created ON public.carts USING btree (created_at);

CREATE INDEX carts_user ON public.carts USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX categories_parent ON public.categories USING btree (parent_id);

CREATE INDEX coupons_promotion ON public.coupons USING btree (promotion_id, id);

CREATE INDEX customer_group_members_group ON public.customer_group_members USING btree (group_id, user_id);

CREATE INDEX data_exports_expiry ON public.data_exports USING btree (expires_at);

CREATE INDEX digital_files_stray ON public.digital_files USING btree (changed_at) WHERE (state <> 'ready'::text);

CREATE INDEX digital_files_variant ON public.digital_files USING btree (variant_id, id);

CREATE INDEX digital_grants_file ON public.digital_grants USING btree (file_id) WHERE (file_id IS NOT NULL);

CREATE UNIQUE INDEX digital_grants_key_key ON public.digital_grants USING btree (key_id) WHERE (revoked_at IS NULL);

CREATE UNIQUE INDEX digital_grants_line_key ON public.digital_grants USING btree (order_line_id, file_id) WHERE (file_id IS NOT NULL);

CREATE INDEX digital_grants_order ON public.digital_grants USING btree (order_id);

CREATE UNIQUE INDEX events_timeline_key ON public.events USING btree (subject, version) WHERE (version IS NOT NULL);

CREATE INDEX gift_card_entries_card ON public.gift_card_entries USING btree (gift_card_id, id);

CREATE INDEX gift_card_entries_payment ON public.gift_card_entries USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX gift_cards_due ON public.gift_cards USING btree (send_at) WHERE (sent_at IS NULL);

CREATE INDEX gift_cards_named ON public.gift_cards USING btree (sent_at) WHERE (email <> ''::text);

CREATE INDEX gift_cards_order ON public.gift_cards USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (created_at);

CREATE UNIQUE INDEX import_mappings_key ON public.import_mappings USING btree (COALESCE(vendor_id, '00000000-0000-0000-0000-000000000000'::uuid), md5(columns));

CREATE INDEX imports_created ON public.imports USING btree (created_at);

CREATE INDEX imports_vendor ON public.imports USING btree (vendor_id, id DESC);

CREATE INDEX invoices_corrections ON public.invoices USING btree (corrects) WHERE (corrects IS NOT NULL);

CREATE INDEX invoices_of_day ON public.invoices USING btree (issued_on, id);

CREATE INDEX invoices_of_order ON public.invoices USING btree (order_id);

CREATE INDEX invoices_of_somebody ON public.invoices USING btree (order_id) WHERE (buyer <> '{}'::jsonb);

CREATE INDEX invoices_of_vendor ON public.invoices USING btree (vendor_id, id);

CREATE UNIQUE INDEX invoices_one_of_part ON public.invoices USING btree (vendor_order_id) WHERE (kind = 'invoice'::text);

CREATE INDEX ledger_entries_account ON public.ledger_entries USING btree (account_id, seq);

CREATE INDEX ledger_entries_txn ON public.ledger_entries USING btree (txn_id);

CREATE INDEX ledger_period_changes_month ON public.ledger_period_changes USING btree (month, seq);

CREATE INDEX ledger_txns_at ON public.ledger_txns USING btree (at);

CREATE INDEX licence_keys_free ON public.licence_keys USING btree (variant_id, id) WHERE (state = 'free'::text);

CREATE INDEX licence_keys_variant ON public.licence_keys USING btree (variant_id, id);

CREATE INDEX login_providers_order ON public.login_providers USING btree ("position", id);

CREATE INDEX mail_requests_age ON public.mail_requests USING btree (created_at);

CREATE INDEX mail_tokens_expiry ON public.mail_tokens USING btree (expires_at);

CREATE INDEX mail_tokens_user ON public.mail_tokens USING btree (user_id, purpose, created_at DESC);

CREATE INDEX media_blob ON public.media USING btree (blob_key) WHERE (blob_key <> ''::text);

CREATE INDEX media_change ON public.media USING btree (change_id) WHERE (change_id IS NOT NULL);

CREATE INDEX media_due ON public.media USING btree (state, due_at) WHERE (state = ANY (ARRAY['pending'::text, 'proposed'::text, 'removed'::text]));

CREATE INDEX media_product ON public.media USING btree (product_id, "position");

CREATE INDEX membership_events_membership ON public.membership_events USING btree (membership_id, seq);

CREATE INDEX membership_upgrades_membership ON public.membership_upgrades USING btree (membership_id);

CREATE INDEX memberships_customer ON public.memberships USING btree (customer);

CREATE INDEX memberships_due ON public.memberships USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE UNIQUE INDEX memberships_live ON public.memberships USING btree (user_id) WHERE (status <> ALL (ARRAY['cancelled'::text, 'lapsed'::text]));

CREATE UNIQUE INDEX memberships_one_trial ON public.memberships USING btree (customer) WHERE trialed;

CREATE INDEX memberships_user ON public.memberships USING btree (user_id, id);

CREATE INDEX messages_created ON public.messages USING btree (created_at);

CREATE INDEX messages_failed ON public.messages USING btree (created_at) WHERE (status = 'failed'::text);

CREATE INDEX messages_recipient ON public.messages USING btree (lower(recipient), id DESC);

CREATE INDEX messages_user ON public.messages USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX oidc_identities_user ON public.oidc_identities USING btree (user_id);

CREATE INDEX order_lines_order ON public.order_lines USING btree (order_id, "position");

CREATE INDEX order_lines_product ON public.order_lines USING btree (product_id);

CREATE INDEX order_lines_vendor_order ON public.order_lines USING btree (vendor_order_id);

CREATE INDEX order_notes_order ON public.order_notes USING btree (order_id);

CREATE INDEX orders_due ON public.orders USING btree (expires_at) WHERE (status = 'pending'::text);

CREATE INDEX orders_email ON public.orders USING btree (lower(email) text_pattern_ops);

CREATE INDEX orders_forget_asked ON public.orders USING btree (forget_asked_at) WHERE ((forget_asked_at IS NOT NULL) AND (personal = 'all'::text));

CREATE INDEX orders_forgotten ON public.orders USING btree (id) WHERE (personal = 'none'::text);

CREATE INDEX orders_mailbox ON public.orders USING btree (public.souk_mailbox(email)) WHERE (email <> ''::text);

CREATE INDEX orders_placed ON public.orders USING btree (placed_at);

CREATE INDEX orders_user ON public.orders USING btree (user_id, id DESC) WHERE (user_id IS NOT NULL);

CREATE INDEX passkeys_user ON public.passkeys USING btree (user_id, id);

CREATE INDEX past_queries_weight ON public.past_queries USING btree (weight DESC) WHERE (text <> ''::text);

CREATE INDEX payment_disputes_open ON public.payment_disputes USING btree (due_by) WHERE (status = ANY (ARRAY['needs_response'::text, 'under_review'::text]));

CREATE INDEX payment_events_at ON public.payment_events USING brin (at);

CREATE INDEX payment_exceptions_created ON public.payment_exceptions USING btree (created_at);

CREATE UNIQUE INDEX payment_exceptions_open ON public.payment_exceptions USING btree (provider, kind, subject) WHERE (state = 'open'::text);

CREATE INDEX payment_exceptions_order ON public.payment_exceptions USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX payment_exceptions_payment ON public.payment_exceptions USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX payment_instructions_answers ON public.payment_instructions USING btree (dispute_id) WHERE (dispute_id IS NOT NULL);

CREATE INDEX payment_instructions_due ON public.payment_instructions USING btree (due_at) WHERE (state = 'due'::text);

CREATE UNIQUE INDEX payment_instructions_one ON public.payment_instructions USING btree (payment_id, kind) WHERE ((state = 'due'::text) AND (kind <> 'refund'::text));

CREATE INDEX payment_instructions_payment ON public.payment_instructions USING btree (payment_id, id);

CREATE INDEX payment_instructions_refund ON public.payment_instructions USING btree (refund_id) WHERE (refund_id IS NOT NULL);

CREATE INDEX payment_refs_payment ON public.payment_refs USING btree (payment_id, seq);

CREATE INDEX payments_created ON public.payments USING btree (created_at);

CREATE INDEX payments_look ON public.payments USING btree (look_at) WHERE (look_at IS NOT NULL);

CREATE INDEX payments_order ON public.payments USING btree (order_id);

CREATE UNIQUE INDEX payments_provider_ref_key ON public.payments USING btree (provider, provider_ref) WHERE (provider_ref IS NOT NULL);

CREATE UNIQUE INDEX plans_name_key ON public.plans USING btree (lower(name)) WHERE (archived_at IS NULL);

CREATE INDEX price_history_variant ON public.price_history USING btree (variant_id, currency, at);

CREATE INDEX price_list_prices_variant ON public.price_list_prices USING btree (variant_id, currency, list_id);

CREATE INDEX price_lists_active ON public.price_lists USING btree (starts_at) WHERE (status = 'active'::text);

CREATE INDEX price_lists_vendor ON public.price_lists USING btree (vendor_id, id);

CREATE INDEX prices_derived ON public.prices USING btree (currency, variant_id) WHERE derived;

CREATE INDEX product_alerts_expires ON public.product_alerts USING btree (expires_at);

CREATE UNIQUE INDEX product_alerts_once ON public.product_alerts USING btree (lower(email), variant_id, kind);

CREATE INDEX product_alerts_user ON public.product_alerts USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX product_alerts_variant ON public.product_alerts USING btree (variant_id) WHERE (confirmed_at IS NOT NULL);

CREATE INDEX product_categories_category ON public.product_categories USING btree (category_id);

CREATE UNIQUE INDEX product_changes_pending_key ON public.product_changes USING btree (product_id) WHERE (state = 'pending'::text);

CREATE INDEX product_changes_queue_idx ON public.product_changes USING btree (id) WHERE (state = 'pending'::text);

CREATE INDEX product_changes_vendor_idx ON public.product_changes USING btree (vendor_id, id);

CREATE INDEX product_exports_expiry ON public.product_exports USING btree (expires_at);

CREATE INDEX product_exports_vendor ON public.product_exports USING btree (vendor_id, id DESC);

CREATE INDEX product_gate_plans_plan_id ON public.product_gate_plans USING btree (plan_id);

CREATE INDEX product_pages_slug ON public.product_pages USING btree (slug);

CREATE INDEX product_relations_related ON public.product_relations USING btree (related_id);

CREATE INDEX product_slugs_product_idx ON public.product_slugs USING btree (product_id);

CREATE INDEX product_tags_tag ON public.product_tags USING btree (tag_id);

CREATE INDEX products_created ON public.products USING btree (created_at DESC, id DESC);

CREATE INDEX products_publish_idx ON public.products USING btree (publish_at) WHERE (status = 'scheduled'::text);

CREATE INDEX products_review ON public.products USING btree (updated_at) WHERE (status = 'pending_review'::text);

CREATE INDEX products_title ON public.products USING gin (title public.gin_trgm_ops);

CREATE INDEX products_unpublish_idx ON public.products USING btree (unpublish_at) WHERE ((status = 'active'::text) AND (unpublish_at IS NOT NULL));

CREATE INDEX products_vendor ON public.products USING btree (vendor_id, created_at DESC, id DESC);

CREATE INDEX promotion_redemptions_coupon ON public.promotion_redemptions USING btree (coupon_id) WHERE (coupon_id IS NOT NULL);

CREATE UNIQUE INDEX promotion_redemptions_customer ON public.promotion_redemptions USING btree (promotion_id, customer, slot) WHERE (released_at IS NULL);

CREATE INDEX promotions_automatic ON public.promotions USING btree (starts_at) WHERE ((status = 'active'::text) AND (NOT needs_code));

CREATE INDEX promotions_plan ON public.promotions USING btree (plan_id) WHERE (plan_id IS NOT NULL);

CREATE INDEX promotions_vendor ON public.promotions USING btree (vendor_id, id);

CREATE INDEX provider_movements_booked ON public.provider_movements USING btree (provider, booked_at);

CREATE INDEX reconciliations_ran ON public.reconciliations USING btree (ran_at);

CREATE UNIQUE INDEX refresh_tokens_one_live ON public.refresh_tokens USING btree (session_id) WHERE ((used_at IS NULL) AND (revoked_at IS NULL));

CREATE INDEX refresh_tokens_session ON public.refresh_tokens USING btree (session_id);

CREATE INDEX refund_lines_part ON public.refund_lines USING btree (vendor_order_id);

CREATE INDEX refund_lines_refund ON public.refund_lines USING btree (refund_id);

CREATE UNIQUE INDEX refund_requests_dispute ON public.refund_requests USING btree (dispute_id) WHERE (state = 'waiting'::text);

CREATE INDEX refund_requests_order ON public.refund_requests USING btree (order_id);

CREATE INDEX refund_requests_waiting ON public.refund_requests USING btree (id) WHERE (state = 'waiting'::text);

CREATE INDEX refunds_order ON public.refunds USING btree (order_id);

CREATE INDEX reservations_due ON public.reservations USING btree (expires_at) WHERE (state = 'held'::text);

CREATE UNIQUE INDEX reservations_line_key ON public.reservations USING btree (order_line_id, variant_id, location_id);

CREATE INDEX reservations_order ON public.reservations USING btree (order_id);

CREATE INDEX reservations_variant ON public.reservations USING btree (variant_id, location_id) WHERE (state = ANY (ARRAY['held'::text, 'allocated'::text]));

CREATE INDEX review_photos_review ON public.review_photos USING btree (review_id, id);

CREATE INDEX review_photos_stray ON public.review_photos USING btree (created_at) WHERE (review_id IS NULL);

CREATE INDEX review_reports_user ON public.review_reports USING btree (user_id);

CREATE INDEX review_votes_user ON public.review_votes USING btree (user_id);

CREATE INDEX reviews_helpful ON public.reviews USING btree (product_id, helpful_count, id) WHERE (status = 'published'::text);

CREATE INDEX reviews_newest ON public.reviews USING btree (product_id, id) WHERE (status = 'published'::text);

CREATE INDEX reviews_rated ON public.reviews USING btree (product_id, rating, id) WHERE (status = 'published'::text);

CREATE INDEX reviews_status ON public.reviews USING btree (status, id);

CREATE INDEX reviews_user ON public.reviews USING btree (user_id, id);

CREATE INDEX reviews_vendor ON public.reviews USING btree (vendor_id, id) WHERE (status = 'published'::text);

CREATE INDEX sessions_impersonator ON public.sessions USING btree (impersonator_id) WHERE (impersonator_id IS NOT NULL);

CREATE INDEX sessions_user ON public.sessions USING btree (user_id, created_at DESC);

CREATE INDEX shipments_order ON public.shipments USING btree (order_id);

CREATE INDEX shipments_vendor_order ON public.shipments USING btree (vendor_order_id);

CREATE INDEX shipping_options_zone ON public.shipping_options USING btree (zone_id, currency) WHERE active;

CREATE UNIQUE INDEX signing_keys_current ON public.signing_keys USING btree (((retired_at IS NULL))) WHERE (retired_at IS NULL);

CREATE INDEX stock_levels_vendor ON public.stock_levels USING btree (vendor_id, variant_id);

CREATE INDEX stock_movements_ref ON public.stock_movements USING btree (ref) WHERE (ref IS NOT NULL);

CREATE INDEX stock_movements_variant ON public.stock_movements USING btree (variant_id, location_id, seq);

CREATE INDEX store_credit_entries_payment ON public.store_credit_entries USING btree (payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX store_credit_entries_user ON public.store_credit_entries USING btree (user_id, id);

CREATE INDEX tax_exemptions_user ON public.tax_exemptions USING btree (user_id) WHERE (revoked_at IS NULL);

CREATE UNIQUE INDEX tax_zones_preset_key ON public.tax_zones USING btree (preset) WHERE (preset <> ''::text);

CREATE INDEX test_payment_entries_at ON public.test_payment_entries USING btree (at);

CREATE UNIQUE INDEX test_payment_entries_key ON public.test_payment_entries USING btree (payment_id, kind, key) WHERE (key <> ''::text);

CREATE INDEX tracking_events_shipment ON public.tracking_events USING btree (shipment_id, seq);

CREATE INDEX user_roles_role ON public.user_roles USING btree (role);

CREATE INDEX users_avatar ON public.users USING btree (avatar) WHERE (avatar <> ''::text);

CREATE INDEX users_created ON public.users USING btree (created_at DESC, id DESC);

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email));

CREATE INDEX users_erased ON public.users USING btree (erased_at) WHERE (erased_at IS NOT NULL);

CREATE INDEX users_search ON public.users USING gin (lower(((((username || ' '::text) || COALESCE(email, ''::text)) || ' '::text) || name)) public.gin_trgm_ops);

CREATE UNIQUE INDEX users_username_key ON public.users USING btree (lower(username));

CREATE INDEX variant_components_component ON public.variant_components USING btree (component_id);

CREATE INDEX variant_media_media ON public.variant_media USING btree (media_id);

CREATE INDEX variants_media ON public.variants USING btree (media_id) WHERE (media_id IS NOT NULL);

CREATE UNIQUE INDEX variants_options_key ON public.variants USING btree (product_id, options) WHERE (archived_at IS NULL);

CREATE INDEX variants_product ON public.variants USING btree (product_id, "position");

CREATE UNIQUE INDEX variants_sku_key ON public.variants USING btree (sku, vendor_id) WHERE (archived_at IS NULL);

CREATE UNIQUE INDEX vendor_invitations_open ON public.vendor_invitations USING btree (vendor_id, lower(email)) WHERE (accepted_at IS NULL);

CREATE INDEX vendor_orders_vendor ON public.vendor_orders USING btree (vendor_id, id DESC);

CREATE UNIQUE INDEX vendors_house_key ON public.vendors USING btree (house) WHERE house;

CREATE INDEX vendors_name ON public.vendors USING btree (name, id);

CREATE INDEX webauthn_answers_expiry ON public.webauthn_answers USING btree (expires_at);

CREATE INDEX webhook_inbox_due ON public.webhook_inbox USING btree (due_at) WHERE (state = 'due'::text);

CREATE INDEX webhook_inbox_received ON public.webhook_inbox USING btree (received_at);

CREATE INDEX webhook_inbox_waiting ON public.webhook_inbox USING btree (provider, ref) WHERE (state = 'due'::text);

CREATE INDEX wishlist_items_variant ON public.wishlist_items USING btree (variant_id);

CREATE UNIQUE INDEX wishlists_default_key ON public.wishlists USING btree (user_id) WHERE is_default;

CREATE INDEX wishlists_idle ON public.wishlists USING btree (updated_at) WHERE (user_id IS NULL);

CREATE INDEX wishlists_user ON public.wishlists USING btree (user_id, id) WHERE (user_id IS NOT NULL);

CREATE TRIGGER adjustments_append_only BEFORE DELETE OR UPDATE ON public.adjustments FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_seals_append_only BEFORE DELETE OR UPDATE ON public.audit_seals FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER digital_is_no_bundle BEFORE INSERT ON public.digital_files FOR EACH ROW EXECUTE FUNCTION public.digital_is_no_bundle();

CREATE TRIGGER digital_is_no_bundle BEFORE INSERT ON public.licence_keys FOR EACH ROW EXECUTE FUNCTION public.digital_is_no_bundle();

CREATE TRIGGER digital_is_no_bundle BEFORE INSERT OR UPDATE ON public.variant_components FOR EACH ROW EXECUTE FUNCTION public.digital_is_no_bundle();

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER gift_card_entries_append_only BEFORE DELETE OR UPDATE ON public.gift_card_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER invoices_stay BEFORE DELETE OR UPDATE ON public.invoice_lines FOR EACH ROW EXECUTE FUNCTION public.invoices_stay();

CREATE TRIGGER invoices_stay BEFORE DELETE OR UPDATE ON public.invoices FOR EACH ROW EXECUTE FUNCTION public.invoices_stay();

CREATE TRIGGER ledger_accepts AFTER INSERT ON public.ledger_entries REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_accepts();

CREATE TRIGGER ledger_entries_append_only BEFORE DELETE OR UPDATE ON public.ledger_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER ledger_period_changes_append_only BEFORE DELETE OR UPDATE ON public.ledger_period_changes FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER ledger_txns_append_only BEFORE DELETE OR UPDATE ON public.ledger_txns FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER membership_events_append_only BEFORE DELETE OR UPDATE ON public.membership_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER memberships_moves BEFORE UPDATE OF status ON public.memberships FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION public.memberships_may_move();

CREATE TRIGGER order_line_components_append_only BEFORE DELETE OR UPDATE ON public.order_line_components FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER orders_moves BEFORE UPDATE OF status ON public.orders FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION public.orders_may_move();

CREATE TRIGGER payment_events_append_only BEFORE DELETE OR UPDATE ON public.payment_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER price_history_append_only BEFORE DELETE OR UPDATE ON public.price_history FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER quote_epoch AFTER DELETE OR UPDATE OF priority OR TRUNCATE ON public.locations FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.price_lists FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OF vendor_id, name, needs_code, status, priority, exclusive, stacking_group, platform_ppm, conditions, reward, starts_at, ends_at, usage_limit, customer_limit, budget_minor, budget_currency, version, plan_id OR TRUNCATE ON public.promotions FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.quote_features FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.settings FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.shipping_options FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.shipping_zones FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.tax_engines FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.tax_rates FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.tax_zones FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_epoch AFTER DELETE OR UPDATE OF name, slug, status, house, commission_bps, tax_country, tax_region, tax_postal_code, tax_id OR TRUNCATE ON public.vendors FOR EACH STATEMENT EXECUTE FUNCTION public.quote_epoch_ends();

CREATE TRIGGER quote_feature AFTER INSERT ON public.coupons FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER quote_feature AFTER INSERT ON public.digital_files FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER quote_feature AFTER INSERT ON public.gift_cards FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER quote_feature AFTER INSERT ON public.licence_keys FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER quote_feature AFTER INSERT ON public.plans FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER quote_feature AFTER INSERT ON public.store_credits FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER quote_feature AFTER INSERT ON public.tax_exemptions FOR EACH STATEMENT EXECUTE FUNCTION public.quote_feature_used();

CREATE TRIGGER refund_lines_append_only BEFORE DELETE OR UPDATE ON public.refund_lines FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refunds_append_only BEFORE DELETE OR UPDATE ON public.refunds FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER stock_movements_append_only BEFORE DELETE OR UPDATE ON public.stock_movements FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER store_credit_entries_append_only BEFORE DELETE OR UPDATE ON public.store_credit_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER tracking_events_append_only BEFORE DELETE ON public.tracking_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER tracking_events_may_forget BEFORE UPDATE ON public.tracking_events FOR EACH ROW WHEN (((new.detail <> ''::text) OR ((to_jsonb(new.*) - 'detail'::text) <> (to_jsonb(old.*) - 'detail'::text)))) EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER variant_components_may_be BEFORE INSERT OR UPDATE ON public.variant_components FOR EACH ROW EXECUTE FUNCTION public.variant_components_may_be();

CREATE TRIGGER variants_stay_digital BEFORE UPDATE OF requires_shipping, tracked ON public.variants FOR EACH ROW WHEN (((old.requires_shipping IS DISTINCT FROM new.requires_shipping) OR (old.tracked IS DISTINCT FROM new.tracked))) EXECUTE FUNCTION public.variants_stay_digital();

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES public.promotions(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_xid_seq_fkey FOREIGN KEY (xid, seq) REFERENCES public.audit_log(xid, seq);

ALTER TABLE ONLY public.cart_coupons
    ADD CONSTRAINT cart_coupons_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES public.carts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.cart_coupons
    ADD CONSTRAINT cart_coupons_coupon_id_fkey FOREIGN KEY (coupon_id) REFERENCES public.coupons(id);

ALTER TABLE ONLY public.cart_gift_cards
    ADD CONSTRAINT cart_gift_cards_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES public.carts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.cart_gift_cards
    ADD CONSTRAINT cart_gift_cards_gift_card_id_fkey FOREIGN KEY (gift_card_id) REFERENCES public.gift_cards(id);

ALTER TABLE ONLY public.cart_items
    ADD CONSTRAINT cart_items_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES public.carts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.categories(id);

ALTER TABLE ONLY public.coupons
    ADD CONSTRAINT coupons_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES public.promotions(id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.customer_group_members
    ADD CONSTRAINT customer_group_members_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.customer_groups(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.customer_group_members
    ADD CONSTRAINT customer_group_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.data_exports
    ADD CONSTRAINT data_exports_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.digital_files
    ADD CONSTRAINT digital_files_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES public.variants(id);

ALTER TABLE ONLY public.digital_files
    ADD CONSTRAINT digital_files_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.digital_grants
    ADD CONSTRAINT digital_grants_file_id_fkey FOREIGN KEY (file_id) REFERENCES public.digital_files(id);

ALTER TABLE ONLY public.digital_grants
    ADD CONSTRAINT digital_grants_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.licence_keys(id);

ALTER TABLE ONLY public.digital_grants
    ADD CONSTRAINT digital_grants_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.digital_grants
    ADD CONSTRAINT digital_grants_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES public.order_lines(id);

ALTER TABLE ONLY public.digital_grants
    ADD CONSTRAINT digital_grants_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.gift_card_entries
    ADD CONSTRAINT gift_card_entries_gift_card_id_fkey FOREIGN KEY (gift_card_id) REFERENCES public.gift_cards(id);

ALTER TABLE ONLY public.gift_card_entries
    ADD CONSTRAINT gift_card_entries_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);

ALTER TABLE ONLY public.gift_cards
    ADD CONSTRAINT gift_cards_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.gift_cards
    ADD CONSTRAINT gift_cards_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES public.order_lines(id);

ALTER TABLE ONLY public.import_changes
    ADD CONSTRAINT import_changes_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_findings
    ADD CONSTRAINT import_findings_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_mappings
    ADD CONSTRAINT import_mappings_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.import_rows
    ADD CONSTRAINT import_rows_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.invoice_counters
    ADD CONSTRAINT invoice_counters_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES public.invoices(id);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES public.order_lines(id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_corrects_vendor_order_id_fkey FOREIGN KEY (corrects, vendor_order_id) REFERENCES public.invoices(id, vendor_order_id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_order_id_currency_fkey FOREIGN KEY (order_id, currency) REFERENCES public.orders(id, currency);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_vendor_id_kind_year_fkey FOREIGN KEY (vendor_id, kind, year) REFERENCES public.invoice_counters(vendor_id, kind, year);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_vendor_order_id_order_id_vendor_id_fkey FOREIGN KEY (vendor_order_id, order_id, vendor_id) REFERENCES public.vendor_orders(id, order_id, vendor_id);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_account_id_currency_fkey FOREIGN KEY (account_id, currency) REFERENCES public.ledger_accounts(id, currency);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_txn_id_fkey FOREIGN KEY (txn_id) REFERENCES public.ledger_txns(id);

ALTER TABLE ONLY public.ledger_period_balances
    ADD CONSTRAINT ledger_period_balances_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.ledger_accounts(id);

ALTER TABLE ONLY public.ledger_period_balances
    ADD CONSTRAINT ledger_period_balances_month_fkey FOREIGN KEY (month) REFERENCES public.ledger_periods(month) ON DELETE CASCADE;

ALTER TABLE ONLY public.letterheads
    ADD CONSTRAINT letterheads_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.licence_keys
    ADD CONSTRAINT licence_keys_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES public.variants(id);

ALTER TABLE ONLY public.licence_keys
    ADD CONSTRAINT licence_keys_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.listed_products(product_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.listings_refused
    ADD CONSTRAINT listings_refused_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.locations
    ADD CONSTRAINT locations_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.product_changes(id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.membership_events
    ADD CONSTRAINT membership_events_membership_id_fkey FOREIGN KEY (membership_id) REFERENCES public.memberships(id);

ALTER TABLE ONLY public.membership_events
    ADD CONSTRAINT membership_events_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.membership_events
    ADD CONSTRAINT membership_events_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.membership_periods
    ADD CONSTRAINT membership_periods_membership_id_fkey FOREIGN KEY (membership_id) REFERENCES public.memberships(id);

ALTER TABLE ONLY public.membership_periods
    ADD CONSTRAINT membership_periods_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.membership_periods
    ADD CONSTRAINT membership_periods_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.membership_renewals
    ADD CONSTRAINT membership_renewals_membership_id_fkey FOREIGN KEY (membership_id) REFERENCES public.memberships(id);

ALTER TABLE ONLY public.membership_renewals
    ADD CONSTRAINT membership_renewals_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.membership_upgrades
    ADD CONSTRAINT membership_upgrades_membership_id_fkey FOREIGN KEY (membership_id) REFERENCES public.memberships(id);

ALTER TABLE ONLY public.membership_upgrades
    ADD CONSTRAINT membership_upgrades_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_next_plan_id_fkey FOREIGN KEY (next_plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_withheld_by_fkey FOREIGN KEY (withheld_by) REFERENCES public.orders(id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES public.invoices(id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.mfa_attempts
    ADD CONSTRAINT mfa_attempts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.notification_preferences
    ADD CONSTRAINT notification_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.oidc_identities
    ADD CONSTRAINT oidc_identities_provider_id_fkey FOREIGN KEY (provider_id) REFERENCES public.login_providers(id);

ALTER TABLE ONLY public.oidc_identities
    ADD CONSTRAINT oidc_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.order_line_components
    ADD CONSTRAINT order_line_components_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES public.order_lines(id);

ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_vendor_order_id_order_id_vendor_id_fkey FOREIGN KEY (vendor_order_id, order_id, vendor_id) REFERENCES public.vendor_orders(id, order_id, vendor_id);

ALTER TABLE ONLY public.order_notes
    ADD CONSTRAINT order_notes_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.payment_disputes
    ADD CONSTRAINT payment_disputes_payment_id_currency_fkey FOREIGN KEY (payment_id, currency) REFERENCES public.payments(id, currency);

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_payment_id_currency_fkey FOREIGN KEY (payment_id, currency) REFERENCES public.payments(id, currency);

ALTER TABLE ONLY public.payment_exceptions
    ADD CONSTRAINT payment_exceptions_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.payment_exceptions
    ADD CONSTRAINT payment_exceptions_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);

ALTER TABLE ONLY public.payment_instructions
    ADD CONSTRAINT payment_instructions_dispute_id_fkey FOREIGN KEY (dispute_id) REFERENCES public.payment_disputes(id);

ALTER TABLE ONLY public.payment_instructions
    ADD CONSTRAINT payment_instructions_payment_id_currency_fkey FOREIGN KEY (payment_id, currency) REFERENCES public.payments(id, currency);

ALTER TABLE ONLY public.payment_instructions
    ADD CONSTRAINT payment_instructions_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.refunds(id);

ALTER TABLE ONLY public.payment_refs
    ADD CONSTRAINT payment_refs_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_order_id_currency_fkey FOREIGN KEY (order_id, currency) REFERENCES public.orders(id, currency);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES public.variants(id);

ALTER TABLE ONLY public.price_list_prices
    ADD CONSTRAINT price_list_prices_list_id_fkey FOREIGN KEY (list_id) REFERENCES public.price_lists(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.price_lists
    ADD CONSTRAINT price_lists_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.product_alerts
    ADD CONSTRAINT product_alerts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.product_categories
    ADD CONSTRAINT product_categories_category_id_fkey FOREIGN KEY (category_id) REFERENCES public.categories(id);

ALTER TABLE ONLY public.product_categories
    ADD CONSTRAINT product_categories_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.product_changes
    ADD CONSTRAINT product_changes_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_changes
    ADD CONSTRAINT product_changes_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.product_exports
    ADD CONSTRAINT product_exports_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.product_gate_plans
    ADD CONSTRAINT product_gate_plans_plan FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.product_gate_plans
    ADD CONSTRAINT product_gate_plans_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.product_gates(product_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_gates
    ADD CONSTRAINT product_gates_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_options
    ADD CONSTRAINT product_options_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.product_pages
    ADD CONSTRAINT product_pages_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.listed_products(product_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_ratings
    ADD CONSTRAINT product_ratings_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.product_relations
    ADD CONSTRAINT product_relations_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_relations
    ADD CONSTRAINT product_relations_related_id_fkey FOREIGN KEY (related_id) REFERENCES public.products(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_slugs
    ADD CONSTRAINT product_slugs_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_tags
    ADD CONSTRAINT product_tags_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.product_tags
    ADD CONSTRAINT product_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES public.brands(id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.promotion_redemptions
    ADD CONSTRAINT promotion_redemptions_coupon_id_fkey FOREIGN KEY (coupon_id) REFERENCES public.coupons(id);

ALTER TABLE ONLY public.promotion_redemptions
    ADD CONSTRAINT promotion_redemptions_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.promotion_redemptions
    ADD CONSTRAINT promotion_redemptions_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES public.promotions(id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refund_lines
    ADD CONSTRAINT refund_lines_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES public.order_lines(id);

ALTER TABLE ONLY public.refund_lines
    ADD CONSTRAINT refund_lines_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.refunds(id);

ALTER TABLE ONLY public.refund_lines
    ADD CONSTRAINT refund_lines_vendor_order_id_fkey FOREIGN KEY (vendor_order_id) REFERENCES public.vendor_orders(id);

ALTER TABLE ONLY public.refund_requests
    ADD CONSTRAINT refund_requests_dispute_id_fkey FOREIGN KEY (dispute_id) REFERENCES public.payment_disputes(id);

ALTER TABLE ONLY public.refund_requests
    ADD CONSTRAINT refund_requests_order_id_currency_fkey FOREIGN KEY (order_id, currency) REFERENCES public.orders(id, currency);

ALTER TABLE ONLY public.refund_requests
    ADD CONSTRAINT refund_requests_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.refunds(id);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_order_id_currency_fkey FOREIGN KEY (order_id, currency) REFERENCES public.orders(id, currency);

ALTER TABLE ONLY public.review_photos
    ADD CONSTRAINT review_photos_review_id_fkey FOREIGN KEY (review_id) REFERENCES public.reviews(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.review_reports
    ADD CONSTRAINT review_reports_review_id_fkey FOREIGN KEY (review_id) REFERENCES public.reviews(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.review_reports
    ADD CONSTRAINT review_reports_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.review_votes
    ADD CONSTRAINT review_votes_review_id_fkey FOREIGN KEY (review_id) REFERENCES public.reviews(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.review_votes
    ADD CONSTRAINT review_votes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_product_id_vendor_id_fkey FOREIGN KEY (product_id, vendor_id) REFERENCES public.products(id, vendor_id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.saved_methods
    ADD CONSTRAINT saved_methods_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_impersonator_id_fkey FOREIGN KEY (impersonator_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.shipment_lines
    ADD CONSTRAINT shipment_lines_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES public.order_lines(id);

ALTER TABLE ONLY public.shipment_lines
    ADD CONSTRAINT shipment_lines_shipment_id_fkey FOREIGN KEY (shipment_id) REFERENCES public.shipments(id);

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_vendor_order_id_order_id_vendor_id_fkey FOREIGN KEY (vendor_order_id, order_id, vendor_id) REFERENCES public.vendor_orders(id, order_id, vendor_id);

ALTER TABLE ONLY public.shipping_options
    ADD CONSTRAINT shipping_options_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.shipping_options
    ADD CONSTRAINT shipping_options_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES public.shipping_zones(id);

ALTER TABLE ONLY public.stock_levels
    ADD CONSTRAINT stock_levels_location_id_fkey FOREIGN KEY (location_id) REFERENCES public.locations(id);

ALTER TABLE ONLY public.store_credit_entries
    ADD CONSTRAINT store_credit_entries_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.store_credit_entries
    ADD CONSTRAINT store_credit_entries_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);

ALTER TABLE ONLY public.store_credit_entries
    ADD CONSTRAINT store_credit_entries_user_id_currency_fkey FOREIGN KEY (user_id, currency) REFERENCES public.store_credits(user_id, currency);

ALTER TABLE ONLY public.store_credits
    ADD CONSTRAINT store_credits_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.tax_answers
    ADD CONSTRAINT tax_answers_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES public.carts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.tax_exemptions
    ADD CONSTRAINT tax_exemptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.tax_rates
    ADD CONSTRAINT tax_rates_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES public.tax_zones(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.test_payment_entries
    ADD CONSTRAINT test_payment_entries_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.test_payments(payment_id);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.tracking_events
    ADD CONSTRAINT tracking_events_shipment_id_fkey FOREIGN KEY (shipment_id) REFERENCES public.shipments(id);

ALTER TABLE ONLY public.translated_pages
    ADD CONSTRAINT translated_pages_product_id_currency_fkey FOREIGN KEY (product_id, currency) REFERENCES public.product_pages(product_id, currency) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_role_fkey FOREIGN KEY (role) REFERENCES public.roles(name);

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.variant_components
    ADD CONSTRAINT variant_components_bundle_id_fkey FOREIGN KEY (bundle_id) REFERENCES public.variants(id);

ALTER TABLE ONLY public.variant_components
    ADD CONSTRAINT variant_components_component_fkey FOREIGN KEY (component_id) REFERENCES public.variants(id);

ALTER TABLE ONLY public.variant_media
    ADD CONSTRAINT variant_media_media_id_fkey FOREIGN KEY (media_id) REFERENCES public.media(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.variant_media
    ADD CONSTRAINT variant_media_variant_id_fkey FOREIGN KEY (variant_id) REFERENCES public.variants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.variants
    ADD CONSTRAINT variants_media_id_fkey FOREIGN KEY (media_id) REFERENCES public.media(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.variants
    ADD CONSTRAINT variants_product_id_vendor_id_fkey FOREIGN KEY (product_id, vendor_id) REFERENCES public.products(id, vendor_id);

ALTER TABLE ONLY public.vendor_invitations
    ADD CONSTRAINT vendor_invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.vendor_invitations
    ADD CONSTRAINT vendor_invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.vendor_invitations
    ADD CONSTRAINT vendor_invitations_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.vendor_members
    ADD CONSTRAINT vendor_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.vendor_members
    ADD CONSTRAINT vendor_members_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.vendor_orders
    ADD CONSTRAINT vendor_orders_order_id_currency_fkey FOREIGN KEY (order_id, currency) REFERENCES public.orders(id, currency);

ALTER TABLE ONLY public.wishlist_items
    ADD CONSTRAINT wishlist_items_wishlist_fkey FOREIGN KEY (wishlist_id) REFERENCES public.wishlists(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.wishlists
    ADD CONSTRAINT wishlists_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE public.adjustments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.coupons ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.digital_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.digital_grants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_findings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.imports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invoice_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.letterheads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.licence_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.locations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.media ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.order_line_components ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.order_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON public.adjustments USING ((EXISTS ( SELECT
   FROM public.vendor_orders o
  WHERE (o.id = adjustments.vendor_order_id))));

CREATE POLICY own ON public.api_keys USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.coupons USING ((EXISTS ( SELECT
   FROM public.promotions p
  WHERE (p.id = coupons.promotion_id))));

CREATE POLICY own ON public.digital_files USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.digital_grants USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.import_changes USING ((EXISTS ( SELECT
   FROM public.imports i
  WHERE (i.id = import_changes.import_id))));

CREATE POLICY own ON public.import_findings USING ((EXISTS ( SELECT
   FROM public.imports i
  WHERE (i.id = import_findings.import_id))));

CREATE POLICY own ON public.imports USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.invoice_lines USING ((EXISTS ( SELECT
   FROM public.invoices i
  WHERE (i.id = invoice_lines.invoice_id))));

CREATE POLICY own ON public.invoices USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.letterheads USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.licence_keys USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.locations USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.media USING (((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = media.product_id))) OR (EXISTS ( SELECT
   FROM public.product_changes c
  WHERE (c.id = media.change_id)))));

CREATE POLICY own ON public.order_line_components USING ((EXISTS ( SELECT
   FROM public.order_lines l
  WHERE (l.id = order_line_components.order_line_id))));

CREATE POLICY own ON public.order_lines USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.orders USING ((EXISTS ( SELECT
   FROM public.vendor_orders o
  WHERE (o.order_id = orders.id))));

CREATE POLICY own ON public.price_history USING ((EXISTS ( SELECT
   FROM public.variants v
  WHERE (v.id = price_history.variant_id))));

CREATE POLICY own ON public.price_list_prices USING ((EXISTS ( SELECT
   FROM public.price_lists l
  WHERE (l.id = price_list_prices.list_id))));

CREATE POLICY own ON public.price_lists USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.prices USING ((EXISTS ( SELECT
   FROM public.variants v
  WHERE (v.id = prices.variant_id))));

CREATE POLICY own ON public.product_categories USING ((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = product_categories.product_id))));

CREATE POLICY own ON public.product_changes USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.product_exports USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.product_gate_plans USING ((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = product_gate_plans.product_id))));

CREATE POLICY own ON public.product_gates USING ((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = product_gates.product_id))));

CREATE POLICY own ON public.product_options USING ((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = product_options.product_id))));

CREATE POLICY own ON public.product_relations USING ((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = product_relations.product_id))));

CREATE POLICY own ON public.product_tags USING ((EXISTS ( SELECT
   FROM public.products p
  WHERE (p.id = product_tags.product_id))));

CREATE POLICY own ON public.products USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.promotion_redemptions USING ((EXISTS ( SELECT
   FROM public.promotions p
  WHERE (p.id = promotion_redemptions.promotion_id))));

CREATE POLICY own ON public.promotions USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.refund_lines USING ((EXISTS ( SELECT
   FROM public.vendor_orders o
  WHERE (o.id = refund_lines.vendor_order_id))));

CREATE POLICY own ON public.reservations USING ((EXISTS ( SELECT
   FROM public.locations l
  WHERE (l.id = reservations.location_id))));

CREATE POLICY own ON public.review_photos USING ((EXISTS ( SELECT
   FROM public.reviews r
  WHERE (r.id = review_photos.review_id))));

CREATE POLICY own ON public.reviews USING (((vendor_id = public.souk_vendor_id()) AND (status = 'published'::text)));

CREATE POLICY own ON public.shipment_lines USING ((EXISTS ( SELECT
   FROM public.shipments s
  WHERE (s.id = shipment_lines.shipment_id))));

CREATE POLICY own ON public.shipments USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.shipping_options USING (((vendor_id IS NULL) OR (vendor_id = public.souk_vendor_id())));

CREATE POLICY own ON public.stock_levels USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.stock_movements USING ((EXISTS ( SELECT
   FROM public.locations l
  WHERE (l.id = stock_movements.location_id))));

CREATE POLICY own ON public.tracking_events USING ((EXISTS ( SELECT
   FROM public.shipments s
  WHERE (s.id = tracking_events.shipment_id))));

CREATE POLICY own ON public.variant_components USING ((EXISTS ( SELECT
   FROM public.variants v
  WHERE (v.id = variant_components.bundle_id))));

CREATE POLICY own ON public.variant_media USING ((EXISTS ( SELECT
   FROM public.variants v
  WHERE (v.id = variant_media.variant_id))));

CREATE POLICY own ON public.variants USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.vendor_invitations USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.vendor_members USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.vendor_orders USING ((vendor_id = public.souk_vendor_id()));

CREATE POLICY own ON public.vendors USING ((id = public.souk_vendor_id()));

ALTER TABLE public.price_history ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.price_list_prices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.price_lists ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.prices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_categories ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_gate_plans ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_gates ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_options ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_relations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.product_tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.products ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.promotion_redemptions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.promotions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.refund_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reservations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.review_photos ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reviews ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.shipment_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.shipments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.shipping_options ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stock_levels ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stock_movements ENABLE ROW LEVEL SECURITY;

CREATE POLICY team ON public.users USING ((EXISTS ( SELECT
   FROM public.vendor_members m
  WHERE (m.user_id = users.id))));

ALTER TABLE public.tracking_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.variant_components ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.variant_media ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.variants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.vendor_invitations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.vendor_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.vendor_orders ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.vendors ENABLE ROW LEVEL SECURITY;
