-- Access: who may send, what was done, and what was used up.

CREATE TABLE gateways (
    name        TEXT PRIMARY KEY,
    since_ns    BIGINT NOT NULL,        -- of the first enrolment
    revoked_ns  BIGINT                  -- NULL: it may send
);

CREATE TABLE certificates (
    sha256      BYTEA PRIMARY KEY,      -- of the DER
    gateway     TEXT NOT NULL,
    public      BYTEA NOT NULL,         -- 32 bytes Ed25519, 64 bytes P-256
    issued_ns   BIGINT NOT NULL,
    not_after   BIGINT NOT NULL,        -- seconds since 1970
    retired_ns  BIGINT,                 -- NULL: it counts
    successor   BYTEA,                  -- sha256 of the one that renewed it
    der         BYTEA NOT NULL
);
CREATE INDEX certificates_by_gateway ON certificates (gateway);

CREATE TABLE enrolment_tokens (
    sha256      BYTEA PRIMARY KEY,      -- of the token's secret
    gateway     TEXT NOT NULL,          -- the one name that it is for
    until       BIGINT NOT NULL,        -- seconds since 1970
    used_by     BYTEA                   -- sha256 of the certificate that it gave; NULL: it is unused
);

CREATE TABLE journal_owners (
    journal     BYTEA PRIMARY KEY,
    gateway     TEXT NOT NULL           -- the first that sent it
);

CREATE TABLE proofs (
    holder      BYTEA NOT NULL,         -- the public key
    nonce       BYTEA NOT NULL,
    until       BIGINT NOT NULL,        -- seconds since 1970; later, its time alone refuses it
    PRIMARY KEY (holder, nonce)
);
CREATE INDEX proofs_by_until ON proofs (until);

CREATE TABLE audit (
    node        TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    at_ns       BIGINT NOT NULL,
    role        TEXT NOT NULL,
    caller      TEXT NOT NULL,
    act         TEXT NOT NULL,
    subject     TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    evidence    BYTEA NOT NULL,
    hash        BYTEA NOT NULL,         -- over the row and the hash before it
    kid         BYTEA NOT NULL,
    signature   BYTEA NOT NULL,         -- of the hash, by the hub's key
    PRIMARY KEY (node, seq)
);

CREATE TABLE audit_heads (
    node        TEXT PRIMARY KEY,
    seq         BIGINT NOT NULL,
    hash        BYTEA NOT NULL
);
