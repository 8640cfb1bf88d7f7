-- +goose Up
-- How a session was begun and when its person last proved who they are; the links that are mailed.

ALTER TABLE sessions
    ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),   -- when its person last proved who they are
    ADD COLUMN method           text        NOT NULL DEFAULT 'password'
        CHECK (method IN ('password', 'passkey', 'external', 'link', 'setup', 'impersonation')),
    ADD COLUMN impersonator_id  uuid        REFERENCES users,         -- the member of staff who looks as user_id
    ADD COLUMN read_only        boolean     NOT NULL DEFAULT false,
    ADD CHECK ((method = 'impersonation') = (impersonator_id IS NOT NULL));

-- A secret that was mailed: only its hash is kept. The newest one of a user and purpose is the one that counts.
CREATE TABLE mail_tokens (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users,
    purpose        text        NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'change_email', 'sign_in')),
    email          text        NOT NULL CHECK (length(email) <= 254),   -- where it was sent; of change_email, the new address
    previous_email text        NOT NULL DEFAULT '',                     -- of change_email
    hash           bytea       NOT NULL CONSTRAINT mail_tokens_hash_key UNIQUE,   -- SHA-256 of the token
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, purpose, created_at DESC);
CREATE INDEX mail_tokens_expiry ON mail_tokens (expires_at);
