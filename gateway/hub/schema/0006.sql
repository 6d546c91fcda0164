-- Access: who may send, what was done, and what was used up.

CREATE TABLE gateways (
    name        TEXT PRIMARY KEY,
    since_ns    INTEGER NOT NULL,       -- of the first enrolment
    revoked_ns  INTEGER                 -- NULL: it may send
) WITHOUT ROWID;

CREATE TABLE certificates (
    sha256      BLOB PRIMARY KEY,       -- of the DER
    gateway     TEXT NOT NULL,
    public      BLOB NOT NULL,          -- 32 bytes Ed25519, 64 bytes P-256
    issued_ns   INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,       -- seconds since 1970
    retired_ns  INTEGER,                -- NULL: it counts
    successor   BLOB,                   -- sha256 of the one that renewed it
    der         BLOB NOT NULL
);
CREATE INDEX certificates_by_gateway ON certificates (gateway);

CREATE TABLE enrolment_tokens (
    sha256      BLOB PRIMARY KEY,       -- of the token's secret
    gateway     TEXT NOT NULL,          -- the one name that it is for
    until       INTEGER NOT NULL,       -- seconds since 1970
    used_by     BLOB                    -- sha256 of the certificate that it gave; NULL: it is unused
);

CREATE TABLE journal_owners (
    journal     BLOB PRIMARY KEY,
    gateway     TEXT NOT NULL           -- the first that sent it
);

CREATE TABLE proofs (
    holder      BLOB NOT NULL,          -- the public key
    nonce       BLOB NOT NULL,
    until       INTEGER NOT NULL,       -- seconds since 1970; later, its time alone refuses it
    PRIMARY KEY (holder, nonce)
);
CREATE INDEX proofs_by_until ON proofs (until);

CREATE TABLE audit (
    node        TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    at_ns       INTEGER NOT NULL,
    role        TEXT NOT NULL,
    caller      TEXT NOT NULL,
    act         TEXT NOT NULL,
    subject     TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    evidence    BLOB NOT NULL,
    hash        BLOB NOT NULL,          -- over the row and the hash before it
    kid         BLOB NOT NULL,
    signature   BLOB NOT NULL,          -- of the hash, by the hub's key
    PRIMARY KEY (node, seq)
);

CREATE TABLE audit_heads (
    node        TEXT PRIMARY KEY,
    seq         INTEGER NOT NULL,
    hash        BLOB NOT NULL
);
