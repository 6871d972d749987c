-- Lists of wanted and overdue vehicles. What is ended is deleted at once; the row stays until no
-- pole holds the list.
CREATE TABLE vehicle_list (
    list_id     TEXT PRIMARY KEY,
    owner       TEXT NOT NULL,        -- agency
    purpose     TEXT NOT NULL,
    basis       TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    revision    INTEGER NOT NULL,     -- grows with each change of entries or terms
    terms_at    INTEGER NOT NULL,     -- revision at which owner, purpose, basis or end changed last
    changed_at  TEXT NOT NULL,        -- by the centre
    changed_by  TEXT NOT NULL,
    ended_at    TEXT                  -- NULL while it counts
) STRICT;

-- A plate of a list from revision `added` on, before `removed`. Rows that no pole needs any more
-- are deleted.
CREATE TABLE vehicle_entry (
    list_id     TEXT NOT NULL REFERENCES vehicle_list ON DELETE CASCADE,
    plate       TEXT NOT NULL,        -- normal form of wire.plate_text
    note        TEXT,                 -- the owner's own reference
    added       INTEGER NOT NULL,
    removed     INTEGER,
    PRIMARY KEY (list_id, plate, added)
) STRICT, WITHOUT ROWID;
CREATE INDEX vehicle_entry_removed ON vehicle_entry (list_id, removed) WHERE removed IS NOT NULL;

-- What each pole was led to, as it confirmed.
CREATE TABLE device_list (
    device      TEXT NOT NULL,
    list_id     TEXT NOT NULL,
    version     INTEGER NOT NULL,     -- of the list on the pole
    revision    INTEGER NOT NULL,     -- of ours that it stands for
    at          TEXT NOT NULL,        -- by the centre
    PRIMARY KEY (device, list_id)
) STRICT, WITHOUT ROWID;
