CREATE TABLE branches (
    number  INTEGER PRIMARY KEY,
    id      BLOB NOT NULL,          -- 16 random bytes: the rows behind `after` are sent under this id
    after   INTEGER NOT NULL
);

CREATE TABLE gaps (
    first   INTEGER PRIMARY KEY,
    last    INTEGER NOT NULL,
    reason  TEXT NOT NULL,          -- trimmed: confirmed, given back; dropped: never confirmed, over its quota
    hash    BLOB NOT NULL           -- of the row `last`: the chain goes on from here
);

CREATE TABLE cuts (                 -- the boundaries of batches that may be under way
    first   INTEGER PRIMARY KEY,
    last    INTEGER NOT NULL
);
INSERT INTO cuts (first, last)
    SELECT ifnull((SELECT seq FROM cursors WHERE name = 'acknowledged'), 0) + 1, seq FROM cursors
    WHERE name = 'batched' AND seq > ifnull((SELECT seq FROM cursors WHERE name = 'acknowledged'), 0);
DELETE FROM cursors WHERE name = 'batched';

ALTER TABLE cursors ADD COLUMN holds INTEGER NOT NULL DEFAULT 0;    -- 1: nothing behind it is trimmed
INSERT INTO cursors (name, seq, holds) VALUES ('acknowledged', 0, 1)
    ON CONFLICT (name) DO UPDATE SET holds = 1;

ALTER TABLE quarantine RENAME TO quarantine_before;
CREATE TABLE quarantine (
    sink    TEXT NOT NULL,          -- the cursor of who refused the row
    seq     INTEGER NOT NULL,
    at_ns   INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    replay  INTEGER NOT NULL DEFAULT 0,     -- 1: to be offered once more
    PRIMARY KEY (sink, seq)
) WITHOUT ROWID;
CREATE INDEX quarantine_by_seq ON quarantine (seq);
INSERT INTO quarantine (sink, seq, at_ns, reason)
    SELECT 'acknowledged', seq, at_ns, reason FROM quarantine_before;
DROP TABLE quarantine_before;

CREATE TABLE remembered (           -- tags whose stub stands in the journal only
    uid     BLOB PRIMARY KEY,
    seq     INTEGER NOT NULL        -- the newest result
) WITHOUT ROWID;
CREATE INDEX remembered_by_seq ON remembered (seq);
INSERT INTO remembered (uid, seq)
    SELECT e.uid, e.seq FROM events e
    JOIN (SELECT max(seq) AS seq FROM events WHERE kind = 'result' AND uid <> x'' GROUP BY uid) newest
        ON newest.seq = e.seq
    WHERE instr(e.body, x'6770726f66696c6563657063')    -- CBOR of "profile": "epc"
        OR instr(e.body, x'6b66726f6d5f6d656d6f7279');  -- CBOR of the key "from_memory"

CREATE TABLE written (              -- products whose newest result was given back: what stations still ask of it
    product TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL,       -- of the result
    at_ns   INTEGER NOT NULL,
    uid     BLOB NOT NULL,
    body    BLOB NOT NULL           -- CBOR: what is left of its body, records.remnant()
) WITHOUT ROWID;

CREATE TABLE room (
    class   TEXT PRIMARY KEY,
    bytes   INTEGER NOT NULL,       -- of the rows up to journal.counted
    quota   INTEGER NOT NULL,
    dropped INTEGER NOT NULL        -- rows, since the file was made
) WITHOUT ROWID;
ALTER TABLE journal ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
