-- EPCIS: the events that follow from rows, and those that others captured.
CREATE TABLE epcis_events (
    key          BLOB NOT NULL,         -- first 16 bytes of the SHA-256 of the eventID
    declared     TEXT NOT NULL,         -- time of its error declaration; empty: it has none
    said         BLOB NOT NULL,         -- SHA-256 of what it says besides that, 16 bytes
    type         TEXT NOT NULL,
    action       TEXT NOT NULL,         -- empty: it has none
    biz_step     TEXT NOT NULL,         -- of the CBV as its bare word
    disposition  TEXT NOT NULL,
    read_point   TEXT NOT NULL,         -- canonical, as all URIs of GS1 here
    biz_location TEXT NOT NULL,
    event_us     INTEGER NOT NULL,      -- microseconds since 1970
    record_us    INTEGER NOT NULL,
    journal      INTEGER,               -- the row of the ledger that it is; NULL: it was captured
    row_seq      INTEGER,
    event        TEXT NOT NULL,         -- JSON, with eventID, and an @context of its own where it needs one
    PRIMARY KEY (key, declared)
) WITHOUT ROWID;
CREATE INDEX epcis_events_by_time ON epcis_events (event_us, key, declared);
CREATE INDEX epcis_events_by_record ON epcis_events (record_us, key, declared);
CREATE INDEX epcis_events_by_row ON epcis_events (journal, row_seq) WHERE journal IS NOT NULL;

CREATE TABLE epcis_things (             -- what an event is about
    uri          TEXT NOT NULL,         -- canonical
    role         TEXT NOT NULL,         -- "epc", "parent", "input", "output", "class", "input_class", or "output_class"
    key          BLOB NOT NULL,
    PRIMARY KEY (uri, role, key)
) WITHOUT ROWID;

CREATE TABLE epcis_open (               -- tags of pallets whose own row has not come yet
    journal      INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    at_ns        INTEGER NOT NULL,
    station      TEXT NOT NULL,
    pallet       BLOB NOT NULL,
    epc          TEXT NOT NULL,
    disposition  TEXT NOT NULL,
    PRIMARY KEY (journal, seq)
) WITHOUT ROWID;

CREATE TABLE epcis_captures (
    id           TEXT PRIMARY KEY,
    created_us   INTEGER NOT NULL,
    behaviour    TEXT NOT NULL,         -- "rollback" or "proceed"
    success      INTEGER NOT NULL,
    errors       TEXT NOT NULL          -- JSON list of problems (RFC 9457)
) WITHOUT ROWID;
CREATE INDEX epcis_captures_by_time ON epcis_captures (created_us, id);

CREATE TABLE epcis_queries (
    name         TEXT PRIMARY KEY,
    query        TEXT NOT NULL          -- JSON: its parameters
) WITHOUT ROWID;
