CREATE TABLE journals (
    number      INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    gateway     TEXT NOT NULL,          -- the name that it gave last
    watermark   INTEGER NOT NULL,       -- every row from 1 to this one is held
    received_ns INTEGER NOT NULL        -- of the last batch
);

CREATE TABLE events (
    number      INTEGER PRIMARY KEY,    -- order of arrival
    journal     INTEGER NOT NULL REFERENCES journals,
    seq         INTEGER NOT NULL,
    hash        BLOB NOT NULL,          -- of the row, and with it of all rows before
    received_ns INTEGER NOT NULL,
    at_ns       INTEGER,                -- NULL from here on: the gateway withholds the row
    kind        TEXT,
    station     TEXT,
    uid         BLOB,
    product     TEXT,
    body        BLOB,
    name        TEXT NOT NULL,          -- "GTIN14/SERIAL" where the row is about such a product
    UNIQUE (journal, seq)
);
CREATE INDEX events_by_name ON events (name) WHERE name <> '';

CREATE TABLE stubs (
    sha256      BLOB PRIMARY KEY,
    name        TEXT NOT NULL,
    product     TEXT NOT NULL,
    uid         BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    stub        BLOB NOT NULL
);
CREATE INDEX stubs_by_name ON stubs (name, seq);

CREATE TABLE conflicts (
    journal     INTEGER NOT NULL REFERENCES journals,
    seq         INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    received_ns INTEGER NOT NULL,
    row         BLOB NOT NULL,          -- CBOR of the row as it was sent; empty: only its hash was named
    PRIMARY KEY (journal, seq, hash)
);
