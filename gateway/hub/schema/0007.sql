-- Reports: what people without an account say was done to a product. Nothing tells who they are.

CREATE TABLE reports (
    number      INTEGER PRIMARY KEY,
    subject     TEXT NOT NULL,          -- "01/GTIN14/21/SERIAL", as passports.subject
    kind        TEXT NOT NULL,          -- "repair" or "handover"
    day         TEXT NOT NULL,          -- "2026-11-20": when it was done, as they say
    text        TEXT NOT NULL,          -- "" too once it was refused or removed
    at_ns       INTEGER NOT NULL,       -- when it came
    nonce       BLOB NOT NULL UNIQUE,   -- of its form's token, which is good once
    state       TEXT NOT NULL,          -- "pending", "accepted", "refused" or "removed"
    decided_ns  INTEGER,
    decided_by  TEXT
);
CREATE INDEX reports_shown ON reports (subject, number) WHERE state IN ('pending', 'accepted');

CREATE TABLE report_days (
    subject     TEXT NOT NULL,
    day         TEXT NOT NULL,          -- UTC
    count       INTEGER NOT NULL,       -- reports that came on it
    PRIMARY KEY (subject, day)
) WITHOUT ROWID;

CREATE TABLE report_secret (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    secret      BLOB NOT NULL           -- what the forms' tokens are signed with
);
