-- +goose Up
-- Sign-in with somebody else's identity provider.

CREATE TABLE login_providers (
    id            uuid        PRIMARY KEY,
    slug          text        NOT NULL CONSTRAINT login_providers_slug_key UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    preset        text        NOT NULL CHECK (preset IN ('oidc', 'google', 'microsoft', 'apple', 'github')),
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 60),          -- on the button
    issuer        text        NOT NULL CHECK (length(issuer) <= 300),
    client_id     text        NOT NULL CHECK (length(client_id) BETWEEN 1 AND 300),
    secret_sealed bytea,                                                               -- by the vault
    extra_sealed  bytea       CHECK (preset = 'apple' OR extra_sealed IS NULL),        -- Apple's team, key id and private key
    scopes        text[]      NOT NULL,
    enabled       boolean     NOT NULL DEFAULT false,
    position      int         NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       bigint      NOT NULL DEFAULT 1
);
CREATE INDEX login_providers_order ON login_providers (position, id);

-- Who a user is at a provider. The subject never changes there; the e-mail does, and lets nobody in.
CREATE TABLE oidc_identities (
    id           uuid        PRIMARY KEY,
    provider_id  uuid        NOT NULL REFERENCES login_providers,
    subject      text        NOT NULL CHECK (length(subject) BETWEEN 1 AND 300),
    user_id      uuid        NOT NULL REFERENCES users,
    email        text        NOT NULL CHECK (length(email) <= 254),                    -- at the time of linking, to be told apart by
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT oidc_identities_subject_key UNIQUE (provider_id, subject)
);
CREATE INDEX oidc_identities_user ON oidc_identities (user_id);
