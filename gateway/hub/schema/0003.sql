-- The register: what follows from the ledger's rows. All of it but the alarms is made anew from them.

DROP TABLE IF EXISTS stubs;

CREATE TABLE clerk (
    journal     INTEGER PRIMARY KEY,    -- of journals
    seq         INTEGER NOT NULL        -- every row up to this one is registered
);

CREATE TABLE product_events (
    name        TEXT NOT NULL,          -- "GTIN14/SERIAL"
    at_ns       INTEGER NOT NULL,
    journal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (name, at_ns, journal, seq)
) WITHOUT ROWID;

CREATE TABLE products (
    name        TEXT PRIMARY KEY,       -- of each product with a stub
    newest      INTEGER NOT NULL        -- the highest seq of its stubs
) WITHOUT ROWID;

CREATE TABLE stubs (
    sha256      BLOB PRIMARY KEY,
    name        TEXT NOT NULL,
    product     TEXT NOT NULL,
    uid         BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    prev        BLOB NOT NULL,          -- link16 of the stub before; empty: it follows none
    link        BLOB NOT NULL,          -- its own link16: what the next one states as prev; empty for a mini record
    kid         BLOB NOT NULL,          -- of its key; empty for a mini record
    issued_at   INTEGER NOT NULL,       -- seconds since 1970; 0 for a mini record
    written     INTEGER NOT NULL,       -- 1: a gateway wrote it; 0: one has seen it, under a trusted key
    stub        BLOB NOT NULL,
    journal     INTEGER NOT NULL,       -- the row that first told of it
    row_seq     INTEGER NOT NULL
);
CREATE INDEX stubs_by_name ON stubs (name, seq);

CREATE TABLE tags (
    uid         BLOB PRIMARY KEY,
    name        TEXT NOT NULL,          -- the product that it bore when it was last seen; empty: not told
    place       TEXT NOT NULL,          -- where that was
    at_ns       INTEGER NOT NULL,
    roamed      INTEGER NOT NULL        -- 1: it was seen at more than one place, or with more than one product
) WITHOUT ROWID;

CREATE TABLE tag_history (
    uid         BLOB NOT NULL,
    at_ns       INTEGER NOT NULL,
    journal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    name        TEXT NOT NULL,
    place       TEXT NOT NULL,
    act         TEXT NOT NULL,          -- "seen", "written", or "freed": what it bore before was given up
    timed       INTEGER NOT NULL,       -- 1: the gateway's clock was right then
    PRIMARY KEY (uid, at_ns, journal, seq)
) WITHOUT ROWID;

CREATE TABLE alarms (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ns       INTEGER NOT NULL,       -- of what gave the alarm
    kind        TEXT NOT NULL,
    cause       TEXT NOT NULL,          -- a cause is told once
    subject     TEXT NOT NULL,          -- product, tag or gateway
    text        TEXT NOT NULL,
    journal     INTEGER,
    seq         INTEGER,
    closed_ns   INTEGER,                -- what closed it; NULL: it is open
    acknowledged_ns INTEGER,
    acknowledged_by TEXT,
    UNIQUE (kind, cause)
);
