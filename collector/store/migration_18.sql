-- What each camera is watched for, as people changed it here. Revision 0 is what the box's own file
-- said when somebody changed it first.
CREATE TABLE camera_rules (
    device          TEXT NOT NULL,
    camera          TEXT NOT NULL,
    revision        INTEGER NOT NULL CHECK (revision >= 0),
    sha256          TEXT NOT NULL,    -- of wire.rules.rules_sha256
    replaces_sha256 TEXT,             -- what whoever made it had before him; NULL for the box's own
    configuration   TEXT NOT NULL,    -- JSON: zones, lines, rules
    made_at         TEXT NOT NULL,    -- by the centre
    made_by         TEXT,             -- NULL: the box's own
    reason          TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'applied', 'refused', 'passed-over')),
    state_at        TEXT NOT NULL,    -- by the centre
    code            TEXT,             -- why the box refused
    detail          TEXT,
    PRIMARY KEY (device, camera, revision)
) STRICT, WITHOUT ROWID;
