-- What the city owns on its poles. How boxes are enrolled, and where cameras stand and look, is told
-- by register and configuration: an asset names device and camera and repeats nothing of them.
CREATE TABLE asset (
    asset_id    TEXT PRIMARY KEY,     -- 12 random letters and digits; what its label's code names
    tag         TEXT NOT NULL UNIQUE, -- the city's own number (관리번호)
    kind        TEXT NOT NULL
                CHECK (kind IN ('pole', 'camera', 'box', 'disk', 'light', 'board', 'sign')),
    parent      TEXT,                 -- tag of what it hangs on or lies in
    device      TEXT,                 -- of a box, and of what is behind it
    camera      TEXT,                 -- its name on that device
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
CREATE INDEX asset_device ON asset (device, camera);
CREATE INDEX asset_parent ON asset (parent) WHERE parent IS NOT NULL;

-- Pictures of assets and of work on them; written anew by us, so they hold nothing but the picture.
CREATE TABLE asset_photo (
    sha256      TEXT PRIMARY KEY,
    at          TEXT NOT NULL,
    jpeg        BLOB NOT NULL
) STRICT;

-- Each field that ever changed.
CREATE TABLE asset_change (
    number      INTEGER PRIMARY KEY,
    asset_id    TEXT NOT NULL,
    at          TEXT NOT NULL,
    person      TEXT NOT NULL,
    field       TEXT NOT NULL,
    before      TEXT,
    after       TEXT
) STRICT;
CREATE INDEX asset_change_asset ON asset_change (asset_id, number);
CREATE INDEX asset_change_at ON asset_change (at);

-- Whether the centre gets a camera's picture, from `at` on until the next row of that camera.
CREATE TABLE camera_seen (
    device      TEXT NOT NULL,
    camera      TEXT NOT NULL,
    at          TEXT NOT NULL,        -- by the centre
    sees        INTEGER NOT NULL CHECK (sees IN (0, 1)),
    why         TEXT,                 -- fault code of wire.codes, when it does not
    PRIMARY KEY (device, camera, at)
) STRICT, WITHOUT ROWID;

-- When the centre heard the poles: outside of it nothing is known of any camera.
CREATE TABLE centre_watched (
    began_at    TEXT PRIMARY KEY,
    until       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Faults of assets that last, or have just gone.
CREATE TABLE asset_fault (
    asset_id    TEXT NOT NULL,
    fault       TEXT NOT NULL,        -- of collector.services.estate.condition
    since       TEXT NOT NULL,
    gone_at     TEXT,                 -- NULL while it lasts
    PRIMARY KEY (asset_id, fault)
) STRICT, WITHOUT ROWID;

CREATE TABLE work_order (
    number      INTEGER PRIMARY KEY,  -- as people call it
    asset_id    TEXT NOT NULL,
    fault       TEXT,                 -- what opened it; NULL: a person did
    title       TEXT,                 -- in a person's words
    state       TEXT NOT NULL CHECK (state IN ('open', 'done', 'closed')),
    planned_from TEXT,                -- planned maintenance: availability leaves it out
    planned_to  TEXT,
    broken_at   TEXT NOT NULL,        -- since when; time to repair counts from here
    opened_at   TEXT NOT NULL,
    opened_by   TEXT,                 -- NULL: the centre itself
    assigned_to TEXT,
    done_at     TEXT,                 -- when somebody said so
    done_by     TEXT,
    mended_at   TEXT,                 -- when it was well again
    closed_at   TEXT,
    reopened    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX work_order_once ON work_order (asset_id, fault)
    WHERE fault IS NOT NULL AND state <> 'closed';
CREATE INDEX work_order_asset ON work_order (asset_id, number);
CREATE INDEX work_order_open ON work_order (state) WHERE state <> 'closed';
CREATE INDEX work_order_closed ON work_order (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE work_step (
    number      INTEGER NOT NULL REFERENCES work_order ON DELETE CASCADE,
    at          TEXT NOT NULL,
    person      TEXT,                 -- NULL: the centre itself
    what        TEXT NOT NULL
                CHECK (what IN ('opened', 'assigned', 'noted', 'photo', 'done', 'reopened', 'closed')),
    note        TEXT,
    photo       TEXT                  -- SHA-256
) STRICT;
CREATE INDEX work_step_order ON work_step (number, at);
