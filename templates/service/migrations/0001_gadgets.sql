-- @if postgres
-- Plain SQL that both SQLite and PostgreSQL read: text, and integers of 64 bits.

-- @end
CREATE TABLE gadgets (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE,
    -- Microseconds since 1970, UTC.
    created_at BIGINT NOT NULL
);
