-- Plain SQL that both SQLite and PostgreSQL read: text, and integers of 64 bits.

CREATE TABLE users (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL,
    -- NULL once the user is deleted, so that the address is free again.
    email      TEXT   UNIQUE,
    age        BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    -- A JSON object of strings.
    labels     TEXT   NOT NULL,
    -- Microseconds since 1970, UTC.
    created_at BIGINT NOT NULL,
    -- The last change to this row; what a watch goes by.
    revision   BIGINT NOT NULL UNIQUE,
    -- 1 once the user is deleted: the row stays, with nothing but its id, to be told of by a watch.
    deleted    BIGINT NOT NULL DEFAULT 0
);

-- The one row holds the newest revision. Every change takes the next one in its own transaction and
-- so waits for the change before it: revisions become visible in their order, and a watch that has
-- seen one has seen all before it.
CREATE TABLE user_revision (value BIGINT NOT NULL);

INSERT INTO user_revision (value) VALUES (0);
