-- The plate diary of one pole: every passage whose plate was read, for 30 days, then deleted for
-- good (secure_delete overwrites, the journal is cut). It never leaves the pole as a whole: a
-- search with a case and a legal basis takes out what it asks for.
-- SQLite in WAL mode with synchronous=NORMAL: a power cut may cost the last reads, not the diary.

-- One row is one passage of one vehicle before one camera.
CREATE TABLE passage (
    id INTEGER PRIMARY KEY,
    -- Wall clock of the best look, microseconds since 1970 UTC.
    at_us INTEGER NOT NULL,
    -- While nothing keeps the wall clock: the monotonic clock's microseconds, and the run of the
    -- agent whose they are. Both are NULL when at_us is right, or was set right since.
    mono_us INTEGER,
    run TEXT,
    -- The camera's name on this box.
    camera TEXT NOT NULL,
    -- The read in normal form (no spaces or hyphens); '?' stands for a character not readable.
    text TEXT NOT NULL,
    -- One of PLATE_TYPES and PLATE_COLOURS (edge_agent/plates/types.py).
    type TEXT NOT NULL,
    colour TEXT NOT NULL,
    -- The chance that the whole text is right, 0..1.
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    -- Pictures that the read rests on.
    looks INTEGER NOT NULL CHECK (looks >= 1),
    -- towards, away, left, right, standing; and standing, slow, normal, fast, unknown.
    direction TEXT NOT NULL,
    speed TEXT NOT NULL,
    -- Every place's candidates as JSON: [[place, [[text, probability], …]], …]; blank places are
    -- left out. A search weighs look-alikes by them.
    candidates TEXT NOT NULL,
    -- The likeliest characters that it does not say but names: a search looks through them first.
    others TEXT NOT NULL DEFAULT '',
    -- The plate's picture, JPEG, and its hash, by which an answer names it.
    crop BLOB NOT NULL,
    crop_sha256 TEXT NOT NULL CHECK (length(crop_sha256) = 64),
    -- 1 when it met a list and an event told so, else 0: nothing of it has left the pole.
    listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
    -- What carried the plate, and its own colour (wire/plates.py); unknown where the box or the
    -- light did not tell.
    vehicle TEXT NOT NULL DEFAULT 'unknown',
    paint TEXT NOT NULL DEFAULT 'unknown'
) STRICT;

-- A search names a span of time; ageing goes by it too.
CREATE INDEX passage_by_time ON passage (at_us, camera);

-- Passages whose time is to be set right.
CREATE INDEX passage_doubted ON passage (run) WHERE run IS NOT NULL;

-- What a search holds in memory is read by it alone: the rows are large with their pictures.
CREATE INDEX passage_by_text ON passage (text, at_us, others);
