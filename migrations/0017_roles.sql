-- +goose Up
-- Custom roles of staff, teams of vendors, API keys.

-- What a built-in role may do is said in code (auth.Grants); its row is there to be referred to.
CREATE TABLE roles (
    name        text        PRIMARY KEY CHECK (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(name) <= 40),
    label       text        NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    description text        NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    permissions text[]      NOT NULL DEFAULT '{}',
    built_in    boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint      NOT NULL DEFAULT 1
);
INSERT INTO roles (name, label, description, built_in) VALUES
    ('admin', 'Administrator', 'May do everything that staff can be permitted to do.', true),
    ('vendor', 'Vendor', 'Works for a vendor, which says what for.', true),
    ('customer', 'Customer', 'Has an account. Everybody does who signed up.', true);

ALTER TABLE user_roles
    DROP CONSTRAINT user_roles_role_check,
    ADD CONSTRAINT user_roles_role_fkey FOREIGN KEY (role) REFERENCES roles;
CREATE INDEX user_roles_role ON user_roles (role);

CREATE INDEX sessions_impersonator ON sessions (impersonator_id) WHERE impersonator_id IS NOT NULL;

ALTER TABLE vendor_members
    DROP CONSTRAINT vendor_members_role_check,
    ADD CONSTRAINT vendor_members_role_check CHECK (role IN ('owner', 'manager', 'catalog', 'orders', 'finance', 'viewer'));

-- An invitation to work for a vendor. Its token is mailed and made again from the id; only its hash is kept.
CREATE TABLE vendor_invitations (
    id          uuid        PRIMARY KEY,
    vendor_id   uuid        NOT NULL REFERENCES vendors,
    email       text        NOT NULL CHECK (length(email) <= 254),
    role        text        NOT NULL CHECK (role IN ('owner', 'manager', 'catalog', 'orders', 'finance', 'viewer')),
    hash        bytea       NOT NULL CONSTRAINT vendor_invitations_hash_key UNIQUE,   -- SHA-256 of the token
    invited_by  uuid        NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid        REFERENCES users
);
CREATE UNIQUE INDEX vendor_invitations_open ON vendor_invitations (vendor_id, lower(email)) WHERE accepted_at IS NULL;

CREATE TABLE api_keys (
    id           uuid        PRIMARY KEY,
    hash         bytea       NOT NULL CONSTRAINT api_keys_hash_key UNIQUE,   -- SHA-256 of the key
    hint         text        NOT NULL,            -- its prefix and last letters, to tell it from others
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    vendor_id    uuid        REFERENCES vendors,  -- NULL is the shop's
    scopes       text[]      NOT NULL CHECK (cardinality(scopes) > 0),
    created_by   uuid        REFERENCES users,    -- who lends it their rights; NULL for the command line, which has all
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_vendor ON api_keys (vendor_id, id);
