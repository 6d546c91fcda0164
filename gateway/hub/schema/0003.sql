-- The register: what follows from the ledger's rows. All of it but the alarms is made anew from them.

CREATE TABLE clerk (
    journal     INTEGER PRIMARY KEY,    -- of journals
    seq         INTEGER NOT NULL,       -- every row up to this one is registered
    visited_ns  INTEGER NOT NULL,       -- when a clerk was last there
    senseless   INTEGER NOT NULL,       -- rows that could not be entered
    stubs       INTEGER NOT NULL,       -- first told of by this journal
    products    INTEGER NOT NULL        -- whose first stub it told of
);

CREATE TABLE product_events (
    name        TEXT NOT NULL,          -- "GTIN14/SERIAL"
    at_ns       INTEGER NOT NULL,
    journal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (name, at_ns, journal, seq)
) WITHOUT ROWID;

CREATE TABLE products (                 -- those with a stub
    name        TEXT PRIMARY KEY,
    newest      INTEGER NOT NULL        -- the highest seq of its stubs
) WITHOUT ROWID;

CREATE TABLE stubs (
    sha256      BLOB PRIMARY KEY,
    name        TEXT NOT NULL,
    product     TEXT NOT NULL,
    uid         BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    prev        BLOB NOT NULL,          -- link16 of the stub before; empty: it follows none
    link        BLOB NOT NULL,          -- its own link16, what the next one states as prev; empty: a mini record
    kid         BLOB NOT NULL,          -- of its key; empty: a mini record
    issued_at   INTEGER NOT NULL,       -- seconds since 1970; 0: a mini record
    stub        BLOB NOT NULL,
    written     INTEGER NOT NULL,       -- 1: a gateway wrote it; 0: one saw it, under a trusted key
    at_ns       INTEGER NOT NULL,       -- of the row that tells of it, the first one of those that wrote it
    journal     INTEGER NOT NULL,
    row_seq     INTEGER NOT NULL
);
CREATE INDEX stubs_by_name ON stubs (name, seq);

CREATE TABLE tags (
    uid         BLOB PRIMARY KEY,
    name        TEXT NOT NULL,          -- the product that it bore when that was last told; empty: never
    named_ns    INTEGER NOT NULL,       -- when that was; 0: never
    place       TEXT NOT NULL,          -- where it was last seen
    at_ns       INTEGER NOT NULL,
    places      INTEGER NOT NULL,       -- 1, or 2 where it was seen at more than one place
    names       INTEGER NOT NULL        -- 1, or 2 where it was seen with more than one name
) WITHOUT ROWID;

CREATE TABLE tag_history (
    uid         BLOB NOT NULL,
    at_ns       INTEGER NOT NULL,
    journal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    name        TEXT NOT NULL,
    place       TEXT NOT NULL,
    act         TEXT NOT NULL,          -- "seen", "written", or "freed": what it bore was given up
    timed       INTEGER NOT NULL,       -- 1: the gateway's clock was synchronised
    PRIMARY KEY (uid, at_ns, journal, seq)
) WITHOUT ROWID;

CREATE TABLE alarms (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ns       INTEGER NOT NULL,       -- of what gave the alarm
    kind        TEXT NOT NULL,
    cause       TEXT NOT NULL,          -- SHA-256 of what makes it the same alarm as another of its kind
    subject     TEXT NOT NULL,          -- product, tag or gateway
    text        TEXT NOT NULL,
    journal     INTEGER,
    seq         INTEGER,
    closed_ns   INTEGER,                -- of what explains it; NULL: it is open
    acknowledged_ns INTEGER,
    acknowledged_by TEXT,
    UNIQUE (kind, cause)
);
CREATE INDEX open_alarms ON alarms (kind, subject) WHERE closed_ns IS NULL;
