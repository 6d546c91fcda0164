-- The ledger. What follows from its rows (stubs among them) is the register's, and made again from them.
ALTER TABLE journals RENAME TO old_journals;
ALTER TABLE events RENAME TO old_events;
ALTER TABLE conflicts RENAME TO old_conflicts;
DROP TABLE stubs;

CREATE TABLE journals (
    number         INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE,
    gateway        TEXT NOT NULL,           -- the name that it gave last
    origin_id      BLOB,                    -- the journal that this one continues,
    origin_seq     INTEGER NOT NULL DEFAULT 0,  -- behind that seq
    watermark      INTEGER NOT NULL,        -- every row up to this one is held, or stands in a gap
    watermark_hash BLOB NOT NULL,           -- of that row
    highest        INTEGER NOT NULL,        -- seq that is held
    ahead          TEXT NOT NULL DEFAULT '[]',  -- JSON: the spans held beyond the watermark
    rows           INTEGER NOT NULL DEFAULT 0,  -- that are held,
    withheld       INTEGER NOT NULL DEFAULT 0,  -- and of these, without their content
    received_ns    INTEGER NOT NULL         -- of the last batch
);

CREATE TABLE events (
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
    PRIMARY KEY (journal, seq)
);

CREATE TABLE odd_rows (                 -- rows that the columns above hold only nearly: the exact ones
    journal     INTEGER NOT NULL REFERENCES journals,
    seq         INTEGER NOT NULL,
    row         BLOB NOT NULL,          -- CBOR, as it was sent
    PRIMARY KEY (journal, seq)
);

CREATE TABLE late_rows (                -- whose content came after the watermark had passed: for the register
    journal     INTEGER NOT NULL REFERENCES journals,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (journal, seq)
);

CREATE TABLE gaps (                     -- rows that the gateway no longer has
    journal     INTEGER NOT NULL REFERENCES journals,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    hash        BLOB NOT NULL,          -- of row `last`
    received_ns INTEGER NOT NULL,
    PRIMARY KEY (journal, last)
);

CREATE TABLE conflicts (
    journal     INTEGER NOT NULL REFERENCES journals,
    seq         INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    received_ns INTEGER NOT NULL,
    row         BLOB NOT NULL,          -- CBOR of the row as it was sent; empty: only its hash was named
    alarmed     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (journal, seq, hash)
);
CREATE INDEX conflicts_to_alarm ON conflicts (journal, seq) WHERE alarmed = 0;

INSERT INTO journals
    (number, id, gateway, watermark, watermark_hash, highest, ahead, rows, withheld, received_ns)
SELECT j.number, j.id, j.gateway, j.watermark,
    coalesce((SELECT hash FROM old_events e WHERE e.journal = j.number AND e.seq = j.watermark), j.id),
    coalesce((SELECT max(seq) FROM old_events e WHERE e.journal = j.number), 0),
    (
        SELECT json_group_array(json_array(first, last, '',
            (SELECT lower(hex(hash)) FROM old_events e WHERE e.journal = j.number AND e.seq = last)))
        FROM (
            SELECT min(seq) AS first, max(seq) AS last
            FROM (
                SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island
                FROM old_events e WHERE e.journal = j.number AND e.seq > j.watermark
            )
            GROUP BY island
        )
    ),
    (SELECT count(*) FROM old_events e WHERE e.journal = j.number),
    (SELECT count(*) FROM old_events e WHERE e.journal = j.number AND e.at_ns IS NULL),
    j.received_ns
FROM old_journals j;

INSERT INTO events
SELECT journal, seq, hash, received_ns, at_ns, kind, station, uid, product, body
FROM old_events ORDER BY journal, seq;

INSERT INTO conflicts (journal, seq, hash, received_ns, row)
SELECT journal, seq, hash, received_ns, row FROM old_conflicts;

DROP TABLE old_conflicts;
DROP TABLE old_events;
DROP TABLE old_journals;
