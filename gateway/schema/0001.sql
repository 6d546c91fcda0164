CREATE TABLE journal (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    id      BLOB NOT NULL           -- 16 random bytes: a cloned or rebuilt disk never reuses a key
);

CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,    -- from 1, without gaps
    at_ns   INTEGER NOT NULL,       -- wall clock, nanoseconds since 1970
    kind    TEXT NOT NULL,
    station TEXT NOT NULL,
    uid     BLOB NOT NULL,
    product TEXT NOT NULL,
    body    BLOB NOT NULL,          -- CBOR
    hash    BLOB NOT NULL           -- SHA-256(hash before || CBOR of all the other columns)
);
CREATE INDEX events_by_product ON events (product) WHERE product <> '';
CREATE INDEX events_by_uid ON events (uid) WHERE uid <> x'';

CREATE TABLE open_intents (
    seq     INTEGER PRIMARY KEY,
    uid     BLOB NOT NULL
);
CREATE INDEX open_intents_by_uid ON open_intents (uid);

CREATE TABLE known_stubs (
    product TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL        -- highest stub seq that was written, or seen under a trusted key
) WITHOUT ROWID;

CREATE TABLE cursors (
    name    TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE quarantine (
    seq     INTEGER PRIMARY KEY,
    at_ns   INTEGER NOT NULL,
    reason  TEXT NOT NULL
);
