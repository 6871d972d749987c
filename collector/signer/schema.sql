-- The signer's database, version 1. Times are UTC text as in collector/store/schema.sql.

CREATE TABLE version (
    number      INTEGER PRIMARY KEY,
    applied_at  TEXT NOT NULL
) STRICT;

CREATE TABLE account (
    name        TEXT PRIMARY KEY COLLATE NOCASE,
    agency      TEXT NOT NULL,
    roles       TEXT NOT NULL,        -- JSON array
    password    TEXT NOT NULL,        -- argon2id with its parameters and salt
    made_at     TEXT NOT NULL,
    disabled    INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,  -- wrong passwords since the last right one
    locked_until TEXT                 -- no attempt is looked at before
) STRICT;

CREATE TABLE person_token (
    token_id    TEXT PRIMARY KEY,
    person      TEXT NOT NULL,
    issued_at   TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    revoked     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE used_grant (
    grant_id    TEXT PRIMARY KEY,     -- every id that was ever signed
    token_id    TEXT NOT NULL,        -- for whom
    fingerprint TEXT NOT NULL,        -- of the viewer
    expires_at  TEXT NOT NULL
) STRICT;
CREATE INDEX used_grant_token ON used_grant (token_id, expires_at);

CREATE TABLE log (
    number      INTEGER PRIMARY KEY,  -- 1, 2, 3 … without a gap
    at          TEXT NOT NULL,
    what        TEXT NOT NULL,        -- account.added, sign-in, sign-in.refused, grant.issued, …
    person      TEXT,
    fields      TEXT NOT NULL,        -- JSON
    previous    TEXT NOT NULL,        -- hash of the entry before; 64 zeros for the first
    hash        TEXT NOT NULL         -- SHA-256 over all of the above
) STRICT;
CREATE TRIGGER log_stays BEFORE DELETE ON log
BEGIN SELECT raise(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_is_final BEFORE UPDATE ON log
BEGIN SELECT raise(ABORT, 'the log is append-only'); END;
