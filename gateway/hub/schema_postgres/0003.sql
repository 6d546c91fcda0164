-- The register: as schema/0003.sql, which says what each column is.
CREATE TABLE clerk (
    journal     BIGINT PRIMARY KEY,
    seq         BIGINT NOT NULL,
    visited_ns  BIGINT NOT NULL,
    senseless   BIGINT NOT NULL,
    stubs       BIGINT NOT NULL,
    products    BIGINT NOT NULL
);

CREATE TABLE product_events (
    name        TEXT NOT NULL,
    at_ns       BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    PRIMARY KEY (name, at_ns, journal, seq)
);

CREATE TABLE products (
    name        TEXT PRIMARY KEY,
    newest      BIGINT NOT NULL
);

CREATE TABLE stubs (
    sha256      BYTEA PRIMARY KEY,
    name        TEXT NOT NULL,
    product     TEXT NOT NULL,
    uid         BYTEA NOT NULL,
    seq         BIGINT NOT NULL,
    prev        BYTEA NOT NULL,
    link        BYTEA NOT NULL,
    kid         BYTEA NOT NULL,
    issued_at   BIGINT NOT NULL,
    stub        BYTEA NOT NULL,
    written     BIGINT NOT NULL,
    at_ns       BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    row_seq     BIGINT NOT NULL
);
CREATE INDEX stubs_by_name ON stubs (name, seq);

CREATE TABLE tags (
    uid         BYTEA PRIMARY KEY,
    name        TEXT NOT NULL,
    named_ns    BIGINT NOT NULL,
    place       TEXT NOT NULL,
    at_ns       BIGINT NOT NULL,
    places      BIGINT NOT NULL,
    names       BIGINT NOT NULL
);

CREATE TABLE tag_history (
    uid         BYTEA NOT NULL,
    at_ns       BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    name        TEXT NOT NULL,
    place       TEXT NOT NULL,
    act         TEXT NOT NULL,
    timed       BIGINT NOT NULL,
    PRIMARY KEY (uid, at_ns, journal, seq)
);

CREATE TABLE alarms (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ns       BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    cause       TEXT NOT NULL,
    subject     TEXT NOT NULL,
    text        TEXT NOT NULL,
    journal     BIGINT,
    seq         BIGINT,
    closed_ns   BIGINT,
    acknowledged_ns BIGINT,
    acknowledged_by TEXT,
    UNIQUE (kind, cause)
);
CREATE INDEX open_alarms ON alarms (kind, subject) WHERE closed_ns IS NULL;
