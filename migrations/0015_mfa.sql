-- +goose Up
-- Second factors and passkeys.

CREATE TABLE totp_factors (
    user_id      uuid        PRIMARY KEY REFERENCES users,
    secret       bytea       NOT NULL,               -- sealed by the vault
    last_step    bigint      NOT NULL DEFAULT 0,     -- of the last code that was good: a code works once
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz                         -- NULL until the user has shown that their app makes codes
);

CREATE TABLE recovery_codes (
    user_id    uuid        NOT NULL REFERENCES users,
    hash       bytea       NOT NULL,                 -- SHA-256 of 80 random bits
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- Guesses at codes. A row is open when open_at has passed.
CREATE TABLE mfa_attempts (
    user_id  uuid        PRIMARY KEY REFERENCES users,
    failures int         NOT NULL CHECK (failures >= 0),
    open_at  timestamptz NOT NULL
);

CREATE TABLE passkeys (
    id            uuid        PRIMARY KEY,
    user_id       uuid        NOT NULL REFERENCES users,
    credential_id bytea       NOT NULL CONSTRAINT passkeys_credential_key UNIQUE,
    record        jsonb       NOT NULL,              -- the credential record of WebAuthn: public key, flags, counter, transports
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz
);
CREATE INDEX passkeys_user ON passkeys (user_id, id);

-- Challenges that were answered: an answer counts once.
CREATE TABLE webauthn_answers (
    challenge  bytea       PRIMARY KEY,              -- SHA-256
    expires_at timestamptz NOT NULL
);
CREATE INDEX webauthn_answers_expiry ON webauthn_answers (expires_at);
