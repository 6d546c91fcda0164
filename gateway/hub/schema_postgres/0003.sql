-- The register: what follows from the ledger's rows. All of it but the alarms is made anew from them.

DROP TABLE IF EXISTS stubs;

CREATE TABLE clerk (
    journal     BIGINT PRIMARY KEY,    -- of journals
    seq         BIGINT NOT NULL        -- every row up to this one is registered
);

CREATE TABLE product_events (
    name        TEXT NOT NULL,          -- "GTIN14/SERIAL"
    at_ns       BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    PRIMARY KEY (name, at_ns, journal, seq)
);

CREATE TABLE products (
    name        TEXT PRIMARY KEY,       -- of each product with a stub
    newest      BIGINT NOT NULL        -- the highest seq of its stubs
);

CREATE TABLE stubs (
    sha256      BYTEA PRIMARY KEY,
    name        TEXT NOT NULL,
    product     TEXT NOT NULL,
    uid         BYTEA NOT NULL,
    seq         BIGINT NOT NULL,
    prev        BYTEA NOT NULL,          -- link16 of the stub before; empty: it follows none
    link        BYTEA NOT NULL,          -- its own link16: what the next one states as prev; empty for a mini record
    kid         BYTEA NOT NULL,          -- of its key; empty for a mini record
    issued_at   BIGINT NOT NULL,       -- seconds since 1970; 0 for a mini record
    written     BIGINT NOT NULL,       -- 1: a gateway wrote it; 0: one has seen it, under a trusted key
    stub        BYTEA NOT NULL,
    journal     BIGINT NOT NULL,       -- the row that first told of it
    row_seq     BIGINT NOT NULL
);
CREATE INDEX stubs_by_name ON stubs (name, seq);

CREATE TABLE tags (
    uid         BYTEA PRIMARY KEY,
    name        TEXT NOT NULL,          -- the product that it bore when it was last seen; empty: not told
    place       TEXT NOT NULL,          -- where that was
    at_ns       BIGINT NOT NULL,
    roamed      BIGINT NOT NULL        -- 1: it was seen at more than one place, or with more than one product
);

CREATE TABLE tag_history (
    uid         BYTEA NOT NULL,
    at_ns       BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    name        TEXT NOT NULL,
    place       TEXT NOT NULL,
    act         TEXT NOT NULL,          -- "seen", "written", or "freed": what it bore before was given up
    timed       BIGINT NOT NULL,       -- 1: the gateway's clock was right then
    PRIMARY KEY (uid, at_ns, journal, seq)
);

CREATE TABLE alarms (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ns       BIGINT NOT NULL,       -- of what gave the alarm
    kind        TEXT NOT NULL,
    cause       TEXT NOT NULL,          -- a cause is told once
    subject     TEXT NOT NULL,          -- product, tag or gateway
    text        TEXT NOT NULL,
    journal     BIGINT,
    seq         BIGINT,
    closed_ns   BIGINT,                -- what closed it; NULL: it is open
    acknowledged_ns BIGINT,
    acknowledged_by TEXT,
    UNIQUE (kind, cause)
);
