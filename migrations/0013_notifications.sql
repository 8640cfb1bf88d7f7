-- +goose Up
-- What the shop tells people, and what of it they want to hear.

-- One row for each event, kind and recipient, so that however often a job runs, nobody is told twice on purpose.
-- A body that carries a secret link is kept only where nothing leaves the machine (status kept): whoever read it in a
-- backup could use the link. Sending needs no copy: the link is made again from its token's id at each attempt.
CREATE TABLE messages (
    id         uuid        PRIMARY KEY,
    event_id   uuid        NOT NULL,                      -- of events, which tells what it is about
    kind       text        NOT NULL CHECK (length(kind) BETWEEN 1 AND 60),
    recipient  text        NOT NULL CHECK (length(recipient) BETWEEN 3 AND 254),
    user_id    uuid        REFERENCES users,              -- NULL for guests
    locale     text        NOT NULL,
    subject    text        NOT NULL,
    html       text        NOT NULL DEFAULT '',
    text       text        NOT NULL DEFAULT '',
    status     text        NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed', 'kept')),
    attempts   integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error      text        NOT NULL DEFAULT '',           -- of the last attempt, when it failed
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz,                               -- or kept
    CHECK ((status IN ('sent', 'kept')) = (sent_at IS NOT NULL)),
    CONSTRAINT messages_once UNIQUE (event_id, kind, recipient)
);
CREATE INDEX messages_created ON messages (created_at);
CREATE INDEX messages_recipient ON messages (lower(recipient), id DESC);
CREATE INDEX messages_user ON messages (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX messages_failed ON messages (created_at) WHERE status = 'failed';

-- What differs from the default of a topic.
CREATE TABLE notification_preferences (
    user_id    uuid        NOT NULL REFERENCES users,
    topic      text        NOT NULL CHECK (length(topic) BETWEEN 1 AND 60),
    channel    text        NOT NULL CHECK (channel IN ('email')),
    enabled    boolean     NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, topic, channel)
);
