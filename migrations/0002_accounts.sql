-- +goose Up
CREATE TABLE users (
    id                uuid        PRIMARY KEY,
    username          text        NOT NULL CHECK (length(username) BETWEEN 3 AND 40),
    email             text        CHECK (length(email) <= 254),   -- NULL once erased
    email_verified_at timestamptz,
    name              text        NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    phone             text        NOT NULL DEFAULT '' CHECK (length(phone) <= 20),   -- E.164
    disabled_at       timestamptz,
    erased_at         timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           bigint      NOT NULL DEFAULT 1,
    CHECK (erased_at IS NULL OR email IS NULL)
);
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE INDEX users_created ON users (created_at DESC, id DESC);
CREATE INDEX users_search ON users USING gin (lower(username || ' ' || coalesce(email, '') || ' ' || name) gin_trgm_ops);

CREATE TABLE credentials (
    user_id       uuid        PRIMARY KEY REFERENCES users,
    password_hash text        NOT NULL,           -- argon2id, PHC string
    changed_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE user_roles (
    user_id    uuid        NOT NULL REFERENCES users,
    role       text        NOT NULL CHECK (role IN ('admin', 'vendor', 'customer')),
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, role)
);

-- A session is a refresh-token family; ending it ends every token of it.
CREATE TABLE sessions (
    id            uuid        PRIMARY KEY,
    user_id       uuid        NOT NULL REFERENCES users,
    user_agent    text        NOT NULL DEFAULT '',
    address       text        NOT NULL DEFAULT '',
    successor_key bytea       NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),   -- 244 random bits; each next refresh token is the HMAC of the one before
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),   -- when it was last refreshed
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_why   text
);
CREATE INDEX sessions_user ON sessions (user_id, created_at DESC);

CREATE TABLE refresh_tokens (
    hash       bytea       PRIMARY KEY,           -- SHA-256 of the token
    session_id uuid        NOT NULL REFERENCES sessions,
    user_id    uuid        NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE UNIQUE INDEX refresh_tokens_one_live ON refresh_tokens (session_id) WHERE used_at IS NULL AND revoked_at IS NULL;

CREATE TABLE signing_keys (
    kid         text        PRIMARY KEY,
    private_key bytea       NOT NULL,             -- Ed25519 seed
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys ((retired_at IS NULL)) WHERE retired_at IS NULL;

-- The one-time link with which the first administrator is made.
CREATE TABLE setup_tokens (
    hash       bytea       PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE TABLE addresses (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users,
    label       text        NOT NULL DEFAULT '',
    name        text        NOT NULL,
    line1       text        NOT NULL,
    line2       text        NOT NULL DEFAULT '',
    city        text        NOT NULL,
    region      text        NOT NULL DEFAULT '',
    postal_code text        NOT NULL DEFAULT '',
    country     char(2)     NOT NULL,
    phone       text        NOT NULL DEFAULT '',
    is_default  boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX addresses_user ON addresses (user_id);
CREATE UNIQUE INDEX addresses_one_default ON addresses (user_id) WHERE is_default;
