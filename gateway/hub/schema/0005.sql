-- Passports, each version of each kept as the bytes that were published; and the links of the resolver.

CREATE TABLE passports (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,   -- digitalProductPassportId
    subject     TEXT NOT NULL,          -- "01/GTIN14[/10/LOT|/21/SERIAL]" of a Digital Link; "=" and the identifier of another scheme
    changed_ns  INTEGER NOT NULL,       -- at_ns of its newest version
    deleted_ns  INTEGER                 -- NULL: it is in force
);
CREATE UNIQUE INDEX passports_in_force ON passports (subject) WHERE deleted_ns IS NULL;
CREATE INDEX passports_withdrawn ON passports (subject) WHERE deleted_ns IS NOT NULL;

CREATE TABLE passport_versions (
    passport    INTEGER NOT NULL REFERENCES passports,
    at_ns       INTEGER NOT NULL,       -- from when on it is in force, by the hub's clock
    sha256      BLOB NOT NULL,          -- of the document: what a stub's claim 3 names
    document    BLOB NOT NULL,
    PRIMARY KEY (passport, at_ns)
);

CREATE TABLE links (
    anchor      TEXT PRIMARY KEY,       -- as passports.subject
    body        TEXT NOT NULL,          -- JSON of links.Links
    changed_ns  INTEGER NOT NULL
);

CREATE TABLE registrations (
    id          TEXT PRIMARY KEY,
    passport    INTEGER NOT NULL REFERENCES passports,
    at_ns       INTEGER NOT NULL,
    sha256      BLOB NOT NULL,          -- of the version that was in force then
    pointer     TEXT NOT NULL           -- JSON, as it was sent
);
CREATE INDEX registrations_by_passport ON registrations (passport);
