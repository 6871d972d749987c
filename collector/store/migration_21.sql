-- What a box says of its networks, what a board or light is called where it is told of, and how
-- each asset was: changes, no samples.
ALTER TABLE device ADD COLUMN models TEXT;  -- JSON of the newest presence: names, hashes' beginnings

CREATE TABLE asset_of_more_kinds (
    asset_id    TEXT PRIMARY KEY,     -- 12 random letters and digits; what its label's code names
    tag         TEXT NOT NULL UNIQUE, -- the city's own number (관리번호)
    kind        TEXT NOT NULL
                CHECK (kind IN ('pole', 'camera', 'box', 'disk', 'light', 'board', 'sign', 'siren',
                                'speaker', 'bell')),
    parent      TEXT,                 -- tag of what it hangs on or lies in
    device      TEXT,                 -- of a box, and of what is behind it
    camera      TEXT,                 -- its name on that device
    unit        TEXT,                 -- its name as a facility of that device, or in boards.yaml
    title       TEXT,
    maker       TEXT,
    model       TEXT,
    serial      TEXT,                 -- once for each maker, retired ones apart
    firmware    TEXT,
    installed   TEXT,                 -- day
    warranty    TEXT,                 -- its last day
    retired     TEXT,                 -- day from which it is gone
    purpose     TEXT,
    view        TEXT,                 -- what it looks at
    department  TEXT,                 -- who answers for it
    network     TEXT,
    address     TEXT,                 -- of what is no configured camera
    lat         REAL,
    lon         REAL,
    note        TEXT,
    photo       TEXT                  -- SHA-256
) STRICT;
INSERT INTO asset_of_more_kinds
    SELECT asset_id, tag, kind, parent, device, camera, NULL, title, maker, model, serial, firmware,
        installed, warranty, retired, purpose, view, department, network, address, lat, lon, note,
        photo
    FROM asset;
DROP TABLE asset;
ALTER TABLE asset_of_more_kinds RENAME TO asset;
CREATE INDEX asset_device ON asset (device, camera);
CREATE INDEX asset_parent ON asset (parent) WHERE parent IS NOT NULL;

CREATE TABLE asset_state (
    asset_id    TEXT NOT NULL,
    at          TEXT NOT NULL,        -- by the centre: when it saw the change
    state       TEXT NOT NULL,        -- of collector.services.estate.faults
    faults      TEXT NOT NULL,        -- JSON array, the worst first
    PRIMARY KEY (asset_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_state_at ON asset_state (at);
