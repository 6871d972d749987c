-- Grants that were used on this pole, kept until they expire and then for the audit's sake a while.

CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL           -- of this file
);

CREATE TABLE IF NOT EXISTS used_grant (
    grant_id    TEXT PRIMARY KEY,      -- UUIDv7 of the signer
    sha256      TEXT NOT NULL,         -- of the signed token: one id never stands for two grants
    sessions    INTEGER NOT NULL CHECK (sessions > 0),   -- opened under it, the first included
    first_us    INTEGER NOT NULL,      -- wall time of the first use, microseconds since 1970 UTC
    expires_us  INTEGER NOT NULL       -- the grant's own end; the row may go a day later
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS withdrawn (
    agency      TEXT NOT NULL,         -- whose case was closed, or lost its permit
    case_number TEXT NOT NULL,
    camera      TEXT NOT NULL,
    until_us    INTEGER NOT NULL,      -- grants issued up to then permit nothing; the row may go a day later
    PRIMARY KEY (agency, case_number, camera)
) WITHOUT ROWID;
