-- +goose Up
-- Counted attempts that survive a restart; what a session list shows of a device.

-- One row for each account and address, each address and each account, by the hash of its name: no table says who is
-- being guessed at. A row is open when open_at has passed.
CREATE TABLE login_failures (
    key      bytea       PRIMARY KEY,               -- SHA-256 of the kind of attempt and of whom it counts
    per_hour int         NOT NULL CHECK (per_hour >= 0),   -- how many are let through; 0 lets five and then makes one wait
    failures int         NOT NULL CHECK (failures >= 0),
    since    timestamptz NOT NULL,                  -- the first of this hour
    last_at  timestamptz NOT NULL,
    open_at  timestamptz NOT NULL                   -- when the next attempt is let through
) WITH (fillfactor = 70);

ALTER TABLE sessions
    ADD COLUMN device     text    NOT NULL DEFAULT '',    -- "Firefox on Windows"
    ADD COLUMN remembered boolean NOT NULL DEFAULT true;  -- beyond the end of the browser

-- Somebody asked for a mail at an address that may be nobody's. The asking does the same for all; a job finds out.
CREATE TABLE mail_requests (
    id         uuid        PRIMARY KEY,
    purpose    text        NOT NULL CHECK (purpose IN ('reset_password', 'sign_in')),
    name       text        NOT NULL CHECK (length(name) <= 254),   -- an e-mail or a user name, as it was typed
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mail_requests_age ON mail_requests (created_at);
