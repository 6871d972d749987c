-- Version 3: what officers may see. Files of version 2 may have these tables already: they were once
-- made beside the versions, where they were missing.

CREATE TABLE IF NOT EXISTS permit (
    permit_id   TEXT PRIMARY KEY,     -- UUIDv7
    service     TEXT NOT NULL,        -- which safety service asked
    agency      TEXT NOT NULL,        -- whose officers may use it
    case_number TEXT NOT NULL,
    basis       TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    start_at    TEXT NOT NULL,        -- earliest recorded picture
    given_at    TEXT NOT NULL,
    given_by    TEXT NOT NULL,        -- the operator, or the officer whom a rule permits
    rule        TEXT,                 -- of the standing rule; NULL when a person decided
    expires_at  TEXT NOT NULL,        -- no grant under it after that
    withdrawn_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS permit_agency ON permit (agency, expires_at);

CREATE TABLE IF NOT EXISTS permit_camera (
    permit_id   TEXT NOT NULL REFERENCES permit,
    device      TEXT NOT NULL,
    camera      TEXT NOT NULL,
    PRIMARY KEY (permit_id, device, camera)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS standing_rule (
    rule        TEXT PRIMARY KEY,     -- its name
    document    TEXT NOT NULL,        -- the signed rule, a JWS: believed only while its signature holds
    added_at    TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;
