-- Plain SQL that both SQLite and PostgreSQL read: text, and integers of 64 bits.

CREATE TABLE orders (
    id         TEXT   PRIMARY KEY,
    user_id    TEXT   NOT NULL,
    -- As it was when the order was taken.
    user_name  TEXT   NOT NULL,
    -- In cents.
    total      BIGINT NOT NULL,
    -- Microseconds since 1970, UTC.
    created_at BIGINT NOT NULL
);

CREATE INDEX orders_of_user ON orders (user_id, id);

CREATE TABLE order_items (
    order_id   TEXT   NOT NULL REFERENCES orders (id),
    -- Its place in the order, from 0.
    place      BIGINT NOT NULL,
    sku        TEXT   NOT NULL,
    quantity   BIGINT NOT NULL,
    -- In cents.
    unit_price BIGINT NOT NULL,
    PRIMARY KEY (order_id, place)
);
