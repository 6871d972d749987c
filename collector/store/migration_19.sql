-- What people and incidents have electronic boards say.
CREATE TABLE board_message (
    message_id  TEXT PRIMARY KEY,
    boards      TEXT NOT NULL,        -- JSON array of board ids
    multi       TEXT NOT NULL,        -- MULTI of NTCIP 1203, letters as they are
    priority    INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 255),
    from_at     TEXT NOT NULL,
    until_at    TEXT NOT NULL,        -- it never stands longer
    hours       TEXT NOT NULL,        -- JSON: times of day, of routing; empty: always
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'ended', 'unfit')),
    made_by     TEXT,                 -- NULL: a template
    made_at     TEXT NOT NULL,
    decided_by  TEXT,
    decided_at  TEXT,
    ended_by    TEXT,
    ended_at    TEXT,
    incident_id TEXT,
    template    TEXT,
    why         TEXT,
    UNIQUE (incident_id, template, boards)
) STRICT;

CREATE INDEX board_message_until ON board_message (state, until_at);

-- What changed of late is looked for again and again.
CREATE INDEX incident_updated ON incident (updated_at);

-- What was told to each board, and what it showed last.
CREATE TABLE board_state (
    board_id      TEXT PRIMARY KEY,
    status        TEXT NOT NULL,
    told          TEXT,               -- id of the message
    told_multi    TEXT NOT NULL,
    confirmed     INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    before_multi  TEXT,               -- what stood before anything of ours; NULL: not known
    before_source TEXT,               -- where the board has it, as its driver says
    before_until  TEXT,               -- when it would have ended by itself
    shown         TEXT,
    shown_at      TEXT,
    since         TEXT,               -- of the status
    why           TEXT,
    misfit        TEXT                -- how it differs from boards.yaml
) STRICT;

-- What was told, what was read back, and what went wrong.
CREATE TABLE board_log (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    board_id   TEXT NOT NULL,
    at         TEXT NOT NULL,
    what       TEXT NOT NULL,
    message_id TEXT,
    shown      TEXT,
    detail     TEXT
) STRICT;

CREATE INDEX board_log_board ON board_log (board_id, number);

-- Links by which screens open their board's page: the secret itself is nowhere.
CREATE TABLE board_screen (
    board_id TEXT PRIMARY KEY,
    sha256   TEXT NOT NULL,           -- of the whole token, hex: it is 32 random bytes
    made_at  TEXT NOT NULL,
    made_by  TEXT NOT NULL
) STRICT;
