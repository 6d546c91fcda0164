-- EPCIS: as schema/0004.sql, which says what each column is.
CREATE TABLE epcis_events (
    key          BYTEA NOT NULL,
    declared     TEXT NOT NULL,
    said         BYTEA NOT NULL,
    type         TEXT NOT NULL,
    action       TEXT NOT NULL,
    biz_step     TEXT NOT NULL,
    disposition  TEXT NOT NULL,
    read_point   TEXT NOT NULL,
    biz_location TEXT NOT NULL,
    event_us     BIGINT NOT NULL,
    record_us    BIGINT NOT NULL,
    journal      BIGINT,
    row_seq      BIGINT,
    event        TEXT NOT NULL,
    PRIMARY KEY (key, declared)
);
CREATE INDEX epcis_events_by_time ON epcis_events (event_us, key, declared);
CREATE INDEX epcis_events_by_record ON epcis_events (record_us, key, declared);
CREATE INDEX epcis_events_by_row ON epcis_events (journal, row_seq) WHERE journal IS NOT NULL;

CREATE TABLE epcis_things (
    uri          TEXT COLLATE "C" NOT NULL,
    role         TEXT NOT NULL,
    key          BYTEA NOT NULL,
    PRIMARY KEY (uri, role, key)
);

CREATE TABLE epcis_open (
    journal      BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    at_ns        BIGINT NOT NULL,
    station      TEXT NOT NULL,
    pallet       BYTEA NOT NULL,
    epc          TEXT NOT NULL,
    disposition  TEXT NOT NULL,
    PRIMARY KEY (journal, seq)
);

CREATE TABLE epcis_captures (
    id           TEXT PRIMARY KEY,
    created_us   BIGINT NOT NULL,
    behaviour    TEXT NOT NULL,
    success      BIGINT NOT NULL,
    errors       TEXT NOT NULL
);
CREATE INDEX epcis_captures_by_time ON epcis_captures (created_us, id);

CREATE TABLE epcis_queries (
    name         TEXT PRIMARY KEY,
    query        TEXT NOT NULL
);
