-- Index of one camera's ring. Everything in `segment` can be read back from the files' names and
-- contents, so a lost or damaged index costs nothing but the time to make it again (and the counts of
-- what was deleted). Holds cannot: they stand in holds.jsonl.

CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL           -- of this file; a newer one is refused, an older one migrated
);

CREATE TABLE IF NOT EXISTS segment (
    name        TEXT PRIMARY KEY,      -- path below the camera's folder, e.g. 20261123/….ts
    run         TEXT NOT NULL,         -- one start of the agent: media times compare only within it
    codec       TEXT NOT NULL CHECK (codec IN ('h264', 'hevc')),
    start_us    INTEGER NOT NULL,      -- wall time of the first picture, microseconds since 1970 UTC
    end_us      INTEGER NOT NULL CHECK (end_us >= start_us),    -- wall time where the last one ends
    start_90k   INTEGER NOT NULL,      -- media time of the first picture, 90 kHz ticks of this run
    bytes       INTEGER NOT NULL CHECK (bytes >= 0)             -- size on disk
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS segment_by_time ON segment (start_us);

CREATE TABLE IF NOT EXISTS tally (
    what        TEXT PRIMARY KEY,      -- segments_deleted, bytes_deleted: since the index was made;
                                       -- untold_segments, untold_bytes: of these not yet reported,
                                       -- untold_from_us, untold_to_us: which time they held
    count       INTEGER NOT NULL
) WITHOUT ROWID;
